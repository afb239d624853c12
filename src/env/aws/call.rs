//! One request to a service of AWS that speaks JSON 1.1, signed, and the bytes of its answer.
//!
//! Builds and their logs are asked for this way, by three operations of two services: their SDKs would add minutes to
//! each build of this program, and leave out what they do not know of an answer.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_ssm::config::Credentials;
use aws_sdk_ssm::config::http::HttpRequest;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::service_config::ServiceConfigKey;
use serde_json::Value;

use super::{explain, https};
use crate::error::{Error, Result};
use crate::options::Access;

/// A request takes no longer.
const LIMIT: Duration = Duration::from_secs(30);

/// So often a request is sent that AWS was too busy for, or that got lost.
const TRIES: u32 = 3;

/// A service, as AWS names it in three places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Service {
    /// In its host's name and in signatures: `codebuild`.
    pub(crate) name: &'static str,
    /// In settings: `CodeBuild`, of which `AWS_ENDPOINT_URL_CODEBUILD` comes.
    pub(crate) id: &'static str,
    /// Before an operation's name: `CodeBuild_20161006`.
    pub(crate) target: &'static str,
}

/// What AWS said no to.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// `ResourceNotFoundException` and its like.
    pub(crate) code: String,
    pub(crate) message: String,
}

/// Sends a request, and returns the bytes of the answer, or why AWS refuses.
///
/// # Errors
///
/// AWS could not be asked.
pub(crate) async fn call(
    service: Service,
    operation: &str,
    body: &Value,
    config: &SdkConfig,
    credentials: &Credentials,
    access: &Access,
) -> Result<Result<Vec<u8>, Refused>> {
    let url = endpoint(service, config);
    let target = format!("{}.{operation}", service.target);
    let body = body.to_string();
    let mut tries = 0;
    loop {
        tries += 1;
        let request = signed(service, &url, &target, &body, config, credentials)?;
        let answer = tokio::time::timeout(LIMIT, send(request)).await;
        let last = tries == TRIES;
        match answer {
            Ok(Ok((200, bytes))) => return Ok(Ok(bytes)),
            Ok(Ok((status, bytes))) => {
                let refused = refused(status, &bytes);
                let busy = status >= 500 || refused.code.contains("Throttl");
                if !busy || last {
                    return explain::said_no(&refused.code, &refused.message, access)
                        .map_or(Ok(Err(refused)), Err);
                }
            }
            Ok(Err(cause)) if last => return Err(explain::unreachable(&cause, access)),
            Err(_) if last => return Err(explain::unreachable("no answer within 30 s", access)),
            Ok(Err(_)) | Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(300) * tries).await;
    }
}

/// What the user's settings say, or where AWS has it.
fn endpoint(service: Service, config: &SdkConfig) -> String {
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let own = key
        .ok()
        .and_then(|key| config.service_config()?.load_config(key));
    let own = own.or_else(|| config.endpoint_url().map(str::to_owned));
    own.map_or_else(
        || {
            let region = config.region().map_or("us-east-1", AsRef::as_ref);
            let end = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://{}.{region}.amazonaws.com{end}/", service.name)
        },
        |url| format!("{}/", url.trim_end_matches('/')),
    )
}

fn signed(
    service: Service,
    url: &str,
    target: &str,
    body: &str,
    config: &SdkConfig,
    credentials: &Credentials,
) -> Result<HttpRequest> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        Error::environment(format!("a request to {url} can't be made")).because(error)
    };
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target),
    ];
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(config.region().map_or("us-east-1", AsRef::as_ref))
        .name(service.name)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| failed(error.into()))?
        .into();
    let bytes = SignableBody::Bytes(body.as_bytes());
    let signable = SignableRequest::new("POST", url, headers.into_iter(), bytes)
        .map_err(|error| failed(error.into()))?;
    let (instructions, _) = sign(signable, &parameters)
        .map_err(|error| failed(error.into()))?
        .into_parts();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request
        .set_method("POST")
        .map_err(|error| failed(error.into()))?;
    request.set_uri(url).map_err(|error| failed(error.into()))?;
    for (name, value) in headers.into_iter().chain(instructions.headers()) {
        request
            .headers_mut()
            .insert(name.to_owned(), value.to_owned());
    }
    Ok(request)
}

async fn send(request: HttpRequest) -> Result<(u16, Vec<u8>), String> {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(5))
        .build();
    let sleep = aws_sdk_ssm::config::SharedAsyncSleep::new(Sleep);
    let connector = https::connector(&settings, sleep);
    let response = connector.call(request).await;
    let response = response.map_err(|error| explain::chain(&error))?;
    let status = response.status().as_u16();
    let body = ByteStream::new(response.into_body()).collect().await;
    let body = body.map_err(|error| explain::chain(&error))?;
    Ok((status, body.into_bytes().to_vec()))
}

/// Waits as the rest of the program does.
#[derive(Debug)]
struct Sleep;

impl aws_sdk_ssm::config::AsyncSleep for Sleep {
    fn sleep(&self, duration: Duration) -> aws_sdk_ssm::config::Sleep {
        aws_sdk_ssm::config::Sleep::new(tokio::time::sleep(duration))
    }
}

/// `{"__type": "...#Code", "message": "..."}`.
fn refused(status: u16, body: &[u8]) -> Refused {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |keys: [&str; 2]| {
        let mut found = keys.iter().filter_map(|key| value.get(key)?.as_str());
        found.next().unwrap_or_default().to_owned()
    };
    let code = text(["__type", "code"]);
    let code = code.rsplit('#').next().unwrap_or_default();
    Refused {
        code: if code.is_empty() {
            format!("HTTP {status}")
        } else {
            code.to_owned()
        },
        message: text(["message", "Message"]),
    }
}
