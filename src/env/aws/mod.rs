//! AWS, as the user's own tools see it: as whom, and where.
//!
//! What AWS refuses is an answer: `CodeBuild` would have failed. Only what could not be asked is an error.

mod ask;
pub(crate) mod call;
mod explain;
mod https;

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::config::{Credentials, ProvideCredentials as _, SharedCredentialsProvider};

use super::reference::{Told, Wanted};
use super::secret::Secret;
use crate::error::Result;
use crate::options::Access;

/// The whole must not take longer, whatever the network does.
const LIMIT: Duration = Duration::from_mins(1);

/// Asks for all of these. `session` names a role's session, where one has to be assumed.
///
/// # Errors
/// When AWS could not be asked.
pub async fn ask(wanted: &[&Wanted], access: &Access, session: &str) -> Result<Told> {
    let asking = async {
        let (config, credentials) = caller(access, session, !wanted.is_empty()).await?;
        let answers = ask::fetch(wanted, &config, access).await?;
        Ok(Told {
            answers,
            expires: credentials.expiry(),
            credentials: named(&credentials),
        })
    };
    tokio::time::timeout(LIMIT, asking)
        .await
        .unwrap_or_else(|_| Err(explain::unreachable("no answer within 60 s", access)))
}

/// The region of a profile, or of the environment.
pub async fn region(access: &Access) -> Option<String> {
    // Not the default chain, which would ask the metadata service of the machine.
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &access.profile {
        profile = profile.profile_name(name);
    }
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build())
        .region()
        .await?;
    Some(region.to_string())
}

/// Settings that hold credentials, loaded once, so that what is wrong with them is not taken for an unreachable endpoint.
pub(crate) async fn caller(
    access: &Access,
    session: &str,
    needs_region: bool,
) -> Result<(SdkConfig, Credentials)> {
    let config = load(access).await;
    if config.region().is_none() && (needs_region || access.role.is_some()) {
        return Err(explain::no_region());
    }
    let Some(provider) = config.credentials_provider() else {
        return Err(explain::no_credentials(None, access));
    };
    let mut credentials = provider
        .provide_credentials()
        .await
        .map_err(|error| explain::no_credentials(Some(&error), access))?;
    if let Some(role) = &access.role {
        let provider = AssumeRoleProvider::builder(role)
            .session_name(session)
            .configure(&config)
            .build_from_provider(credentials)
            .await;
        credentials = provider
            .provide_credentials()
            .await
            .map_err(|error| explain::no_role(&error, role, access))?;
    }
    let fixed = SharedCredentialsProvider::new(credentials.clone());
    let config = config.into_builder().credentials_provider(fixed).build();
    Ok((config, credentials))
}

async fn load(access: &Access) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(15))
        .operation_timeout(Duration::from_secs(45))
        .build();
    let client = https::client();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(client.clone())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts);
    if let Some(region) = &access.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &access.profile {
        // As with the `aws` command, a profile that is named goes before keys in the environment.
        let named = aws_config::profile::ProfileFileCredentialsProvider::builder()
            .configure(&ProviderConfig::without_region().with_http_client(client))
            .profile_name(profile)
            .build();
        loader = loader.profile_name(profile).credentials_provider(named);
    }
    loader.load().await
}

fn named(credentials: &Credentials) -> Vec<(&'static str, Secret)> {
    let mut named = vec![
        (ACCESS_KEY, Secret::new(credentials.access_key_id())),
        (SECRET_KEY, Secret::new(credentials.secret_access_key())),
    ];
    if let Some(token) = credentials.session_token() {
        named.push((SESSION_TOKEN, Secret::new(token)));
    }
    named
}

const ACCESS_KEY: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
