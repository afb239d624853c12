//! The rung that copies nothing: the source as the lower layer of an overlay volume.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use bollard::models::{
    ContainerCreateBody, HostConfig, Mount, MountType, Volume, VolumeCreateRequest,
};
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use futures_util::future::join_all;

use super::leftovers::{Leftover, remove};
use super::{Engine, LABEL_BUILD, Plan, Tree, labels, refused};
use crate::error::{Error, Result};

/// The volumes of one build's sources.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    /// To be mounted, one for each of the plan's trees.
    pub(super) trees: Vec<String>,
    /// What those are made of; to be removed after them.
    pub(super) scratch: Vec<String>,
}

fn name(plan: &Plan, tree: &Tree, part: &str) -> String {
    let between = if tree.name.is_empty() { "" } else { "-" };
    format!("buildspec-{}-{}{between}{part}", plan.build, tree.name)
}

impl Engine {
    async fn volume(
        &self,
        name: String,
        options: HashMap<String, String>,
        build: &str,
    ) -> Result<Volume> {
        let request = VolumeCreateRequest {
            name: Some(name),
            driver: Some("local".to_owned()),
            driver_opts: Some(options),
            labels: Some(labels(build)),
            ..VolumeCreateRequest::default()
        };
        self.docker
            .create_volume(request)
            .await
            .map_err(refused("the engine can't make a volume"))
    }

    /// An empty volume for each source.
    pub(super) async fn plain_volumes(&self, plan: &Plan) -> Result<Volumes> {
        let mut volumes = Volumes::default();
        for tree in &plan.trees {
            volumes.trees.push(name(plan, tree, "source"));
            let made = self
                .volume(name(plan, tree, "source"), HashMap::new(), &plan.build)
                .await;
            if let Err(error) = made {
                self.remove_volumes(&volumes).await;
                return Err(error);
            }
        }
        Ok(volumes)
    }

    /// An overlay of each source below two scratch volumes. `redirect` lets folders of the source be renamed.
    pub(super) async fn overlay_volumes(&self, plan: &Plan, redirect: bool) -> Result<Volumes> {
        let mut volumes = Volumes::default();
        for tree in &plan.trees {
            volumes.trees.push(name(plan, tree, "source"));
            for part in ["upper", "work"] {
                volumes.scratch.push(name(plan, tree, part));
            }
            if let Err(error) = self.overlay(plan, tree, redirect).await {
                self.remove_volumes(&volumes).await;
                return Err(error);
            }
        }
        Ok(volumes)
    }

    async fn overlay(&self, plan: &Plan, tree: &Tree, redirect: bool) -> Result<()> {
        let (upper, work, mask) = tokio::join!(
            self.volume(name(plan, tree, "upper"), HashMap::new(), &plan.build),
            self.volume(name(plan, tree, "work"), HashMap::new(), &plan.build),
            self.mask(plan, tree),
        );
        let (upper, work, mask) = (upper?, work?, mask?);
        let from = escape(tree.from.to_str().ok_or_else(not_utf8)?);
        let lower = match mask {
            Some(mask) => format!("{}:{from}", escape(&mask.mountpoint)),
            None => from,
        };
        let mut options = format!(
            "lowerdir={lower},upperdir={},workdir={}",
            escape(&upper.mountpoint),
            escape(&work.mountpoint)
        );
        if redirect {
            options.push_str(",redirect_dir=on");
        }
        let options = [
            ("type", "overlay"),
            ("device", "overlay"),
            ("o", options.as_str()),
        ];
        let options = options.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let volume = self.volume(
            name(plan, tree, "source"),
            HashMap::from(options),
            &plan.build,
        );
        volume.await.map(|_| ())
    }

    /// Removes the sources, then what they are made of; failures leave them to the next sweep.
    pub(super) async fn remove_volumes(&self, volumes: &Volumes) {
        for group in [&volumes.trees, &volumes.scratch] {
            join_all(
                group
                    .iter()
                    .map(async |name| remove(self, &Leftover::Volume(name.clone())).await),
            )
            .await;
        }
    }

    /// A volume that holds a whiteout (a character device 0/0) where the output directory lies below the source;
    /// shared by all builds of one engine.
    async fn mask(&self, plan: &Plan, tree: &Tree) -> Result<Option<Volume>> {
        let Some(hidden) = tree.hidden(plan) else {
            return Ok(None);
        };
        let name = mask_name(hidden);
        if let Ok(volume) = self.docker.inspect_volume(&name).await {
            return Ok(Some(volume));
        }
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            labels: Some(HashMap::from([(
                LABEL_BUILD.to_owned(),
                "shared".to_owned(),
            )])),
            ..VolumeCreateRequest::default()
        };
        let failed = refused("the engine can't make the volume that hides the output directory");
        let volume = self.docker.create_volume(request).await.map_err(&failed)?;
        self.fill_mask(plan, &name, hidden).await?;
        Ok(Some(volume))
    }

    /// Puts the whiteout into the mask's volume, through a container that never starts.
    pub(super) async fn fill_mask(&self, plan: &Plan, name: &str, hidden: &Path) -> Result<()> {
        let failed = refused("the engine can't hide the output directory from the build");
        let mount = Mount {
            target: Some("/mask".to_owned()),
            source: Some(name.to_owned()),
            typ: Some(MountType::VOLUME),
            ..Mount::default()
        };
        let body = ContainerCreateBody {
            image: Some(plan.image.clone()),
            entrypoint: Some(vec!["/bin/sh".to_owned()]),
            labels: Some(labels(&plan.build)),
            host_config: Some(HostConfig {
                mounts: Some(vec![mount]),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let container = self
            .docker
            .create_container(None, body)
            .await
            .map_err(&failed)?
            .id;
        let options = UploadToContainerOptionsBuilder::default()
            .path("/mask")
            .build();
        let archive = whiteout(hidden)
            .map_err(|error| Error::environment("a whiteout can't be packed").because(error))?;
        let result = self
            .docker
            .upload_to_container(
                &container,
                Some(options),
                bollard::body_full(archive.into()),
            )
            .await;
        remove(self, &Leftover::Container(container)).await?;
        result.map_err(failed)
    }
}

/// One name per hidden path, in letters that a volume's name may have.
pub(super) fn mask_name(hidden: &Path) -> String {
    let mut name = "buildspec-mask".to_owned();
    for byte in hidden.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => name.push(char::from(*byte)),
            _ => write!(name, "_{byte:02x}").unwrap_or_default(),
        }
    }
    name
}

fn whiteout(hidden: &Path) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in hidden
        .ancestors()
        .skip(1)
        .filter(|path| !path.as_os_str().is_empty())
        .collect::<Vec<_>>()
        .iter()
        .rev()
    {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o755);
        header.set_size(0);
        archive.append_data(&mut header, folder, std::io::empty())?;
    }
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Char);
    header.set_device_major(0)?;
    header.set_device_minor(0)?;
    header.set_mode(0o600);
    header.set_size(0);
    archive.append_data(&mut header, hidden, std::io::empty())?;
    archive.into_inner()
}

/// Overlay's options are separated by commas, its layers by colons.
fn escape(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    for letter in path.chars() {
        if matches!(letter, '\\' | ':' | ',') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

fn not_utf8() -> Error {
    Error::environment("the source's path is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_overlay_separates_by() {
        assert_eq!(escape(r"/a,b:c\d e"), r"/a\,b\:c\\d e");
    }

    #[test]
    fn a_mask_is_named_after_what_it_hides() {
        assert_eq!(
            mask_name(Path::new(".buildspec")),
            "buildspec-mask_2ebuildspec"
        );
        assert_ne!(mask_name(Path::new("a/b")), mask_name(Path::new("a_b")));
    }
}
