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
    Error::environment(format!("image {image} can't be had: {reason}"))
        .hint(format!("see whether `docker pull {image}` works"))
        .hint("name another image with --image, or run without a container: --runtime host")
}
