//! What went wrong between this program and AWS, and what a user can do about it.

use std::error::Error as StdError;
use std::fmt::Write as _;

use aws_sdk_ssm::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};

use crate::error::Error;
use crate::options::Access;

/// Why there is no value.
pub(super) enum Why {
    /// AWS said no, in these words.
    Refused(String),
    /// AWS could not be asked.
    NotAsked(Box<Error>),
}

/// What AWS says of the caller or of itself, and not of what was asked for.
const NOT_ABOUT_IT: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalServerError",
    "InternalServiceError",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "RequestExpired",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SignatureDoesNotMatch",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "UnrecognizedClientException",
];

pub(super) fn why<E, R>(error: &SdkError<E, R>, access: &Access) -> Why
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let (code, message) = (
        error.code().unwrap_or_default().to_owned(),
        error.message().unwrap_or_default().to_owned(),
    );
    if code.is_empty() || !matches!(error, SdkError::ServiceError(_)) {
        return Why::NotAsked(Box::new(unreachable(&chain(error), access)));
    }
    match said_no(&code, &message, access) {
        Some(error) => Why::NotAsked(Box::new(error)),
        None => Why::Refused(format!("{code}: {message}")),
    }
}

/// An error where AWS speaks of the caller or of itself; nothing where it speaks of what was asked for.
pub(super) fn said_no(code: &str, message: &str, access: &Access) -> Option<Error> {
    if !NOT_ABOUT_IT.contains(&code) {
        return None;
    }
    let mut error = Error::environment(format!("AWS did not answer: {code}: {message}"));
    if code.starts_with("Expired") || code == "RequestExpired" {
        error = error.hint(sign_in(access));
    } else if code.contains("Signature") || code.contains("Client") || code.contains("Token") {
        error = error.hint("see which credentials are used: aws sts get-caller-identity");
    }
    Some(error)
}

pub(super) fn unreachable(cause: &str, access: &Access) -> Error {
    let place = match &access.region {
        Some(region) => format!(" in {region}"),
        None => String::new(),
    };
    Error::environment(format!("AWS can't be reached{place}: {cause}"))
        .hint("see whether network, proxy and AWS_ENDPOINT_URL are right")
}

pub(super) fn no_region() -> Error {
    Error::environment("no AWS region is set, and AWS has to be asked")
        .hint("name one: --region REGION, AWS_REGION, or `region` in the profile")
}

pub(super) fn no_credentials(cause: Option<&dyn StdError>, access: &Access) -> Error {
    let cause = cause.map(chain).unwrap_or_default();
    let mut message = "no AWS credentials are to be had".to_owned();
    if let Some(profile) = &access.shown_profile {
        write!(message, " from profile {profile}").unwrap_or_default();
    }
    // How the SDK says that it found none.
    if !cause.is_empty() && cause != "the credential provider was not enabled" {
        write!(message, ": {cause}").unwrap_or_default();
    }
    let error = Error::environment(message);
    if cause.to_ascii_lowercase().contains("sso") {
        error.hint(sign_in(access))
    } else {
        error.hint(
            "name a profile: --profile NAME; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    }
}

/// STS did not let the caller be that role.
pub(super) fn no_role(cause: &(dyn StdError + 'static), role: &str, access: &Access) -> Error {
    // The SDK's own sentences around it say nothing that this one doesn't.
    let mut sentence = String::new();
    let mut next = Some(cause);
    while let Some(error) = next {
        sentence = match error.downcast_ref::<ErrorMetadata>() {
            Some(about) => format!(
                "{}: {}",
                about.code().unwrap_or_default(),
                about.message().unwrap_or_default()
            ),
            None => error.to_string(),
        };
        next = error.source();
    }
    let place = match &access.region {
        Some(region) => format!(" in {region}"),
        None => String::new(),
    };
    Error::environment(format!(
        "the role {role} can't be assumed{place}: {sentence}"
    ))
    .hint("see who asks: aws sts get-caller-identity; the role's trust policy has to name it")
}

fn sign_in(access: &Access) -> String {
    match &access.shown_profile {
        Some(profile) => format!("sign in again: aws sso login --profile {profile}"),
        None => "sign in again: aws sso login".to_owned(),
    }
}

/// An error and its causes, each once.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}
