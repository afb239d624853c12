//! Fetching an image that the engine lacks.

use bollard::auth::DockerCredentials;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt as _;

use super::{Engine, Plan, reason};
use crate::error::{Error, Result};

/// Hears of what is on its way.
pub trait Progress: Send {
    /// A layer has `current` of `total` bytes; both 0 when the engine does not say.
    fn layer(&mut self, id: &str, status: &str, current: u64, total: u64);
    /// So many bytes of the source are on their way into the container.
    fn source(&mut self, bytes: u64);
}

impl Engine {
    /// Pulls an image by its reference; a reference without tag or digest means `latest`.
    pub(super) async fn pull(&self, plan: &Plan, progress: &mut dyn Progress) -> Result<()> {
        let image = plan.image.as_str();
        let last = image.rsplit('/').next().unwrap_or(image);
        let image = if last.contains([':', '@']) {
            image.to_owned()
        } else {
            format!("{image}:latest")
        };
        let options = CreateImageOptionsBuilder::default()
            .from_image(&image)
            .platform(plan.platform.as_deref().unwrap_or_default())
            .build();
        let credentials = plan
            .credentials
            .of_image(&image)
            .await?
            .map(|login| DockerCredentials {
                username: login.user,
                password: login.password,
                identitytoken: login.token,
                serveraddress: Some(login.server),
                ..DockerCredentials::default()
            });
        let mut answers =
            std::pin::pin!(self.docker.create_image(Some(options), None, credentials));
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(|error| missing(&image, &reason(&error)))?;
            let detail = answer.progress_detail.unwrap_or_default();
            let bytes = |count: Option<i64>| {
                count
                    .and_then(|count| u64::try_from(count).ok())
                    .unwrap_or(0)
            };
            progress.layer(
                answer.id.as_deref().unwrap_or_default(),
                answer.status.as_deref().unwrap_or_default(),
                bytes(detail.current),
                bytes(detail.total),
            );
        }
        Ok(())
    }
}

/// The image can't be had.
pub(super) fn missing(image: &str, reason: &str) -> Error {
    let error = Error::environment(format!("image {image} can't be had: {reason}"));
    let error = match way_to_registry(reason) {
        Some(remedy) => error.hint(remedy),
        None => error,
    };
    error
        .hint(format!("see whether `docker pull {image}` works"))
        .hint("name another image with --image, or run without a container: --runtime host")
}

/// An engine fetches images by itself: nobody can hand it a proxy or a certificate with the request.
fn way_to_registry(reason: &str) -> Option<&'static str> {
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["x509: ", "tls: "]) {
        Some(
            "the engine trusts its own roots, and those in /etc/docker/certs.d/REGISTRY/ca.crt on its machine: \
             --root-certificate is for the build alone",
        )
    } else if says(&[
        "proxyconnect",
        "dial tcp",
        "no such host",
        "Client.Timeout",
        "i/o timeout",
    ]) {
        Some(
            "the engine goes through its own proxy (`docker info` shows it), set in its daemon.json or its service's \
             environment: --proxy is for the build alone",
        )
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_an_engine_from_a_registry_is_told() {
        let first = |reason| missing("x", reason).hints.remove(0);
        assert!(
            first("Get \"https://r/v2/\": x509: certificate signed by unknown authority")
                .contains("certs.d")
        );
        assert!(
            first("Get \"https://r/v2/\": dial tcp: lookup r: no such host")
                .contains("docker info")
        );
        assert!(first("manifest unknown").contains("docker pull x"));
    }
}
