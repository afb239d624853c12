//! The rung that copies nothing: the source as the lower layer of an overlay volume.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, HostConfig, Mount, MountType, Volume, VolumeCreateRequest,
};
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use futures_util::future::join_all;

use super::leftovers::{Leftover, remove};
use super::{Engine, LABEL_BUILD, Plan, Tree, labels, refused};
use crate::error::{Error, Result};

/// What the sources of one build are kept in.
///
/// Each source has a volume without a name, which the engine makes with the container and removes with it. An overlay's
/// needs two more, that the build writes to.
#[derive(Debug, Default)]
pub(super) struct Volumes {
    /// Options of the volumes without a name, one for each of the plan's trees.
    pub(super) trees: Vec<HashMap<String, String>>,
    scratch: Vec<Scratch>,
}

/// A volume that the build writes to.
#[derive(Debug)]
struct Scratch {
    name: String,
    /// Where the engine has to keep it, for the overlay that was told so.
    mountpoint: String,
}

impl Volumes {
    /// An empty volume for each source.
    pub(super) fn plain(plan: &Plan) -> Self {
        Self {
            trees: vec![HashMap::new(); plan.trees.len()],
            scratch: Vec::new(),
        }
    }
}

fn name(plan: &Plan, tree: &Tree, part: &str) -> String {
    let between = if tree.name.is_empty() { "" } else { "-" };
    format!("buildspec-{}-{}{between}{part}", plan.build, tree.name)
}

impl Engine {
    async fn volume(&self, name: &str, build: &str) -> Result<Volume> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels(build)),
            ..VolumeCreateRequest::default()
        };
        self.docker
            .create_volume(request)
            .await
            .map_err(refused("the engine can't make a volume"))
    }

    /// An overlay of each source; `redirect` lets folders of the source be renamed. Nothing of it is made yet.
    ///
    /// An overlay is told where the volumes it writes to will be, so that they can be made beside the container and not
    /// before it; [`Engine::make_scratch`] sees that they are there.
    pub(super) async fn overlay_volumes(&self, plan: &Plan, redirect: bool) -> Result<Volumes> {
        let mut volumes = Volumes::default();
        match self.settle(plan, redirect, &mut volumes).await {
            Ok(()) => Ok(volumes),
            Err(error) => {
                self.remove_scratch(&volumes).await;
                Err(error)
            }
        }
    }

    async fn settle(&self, plan: &Plan, redirect: bool, volumes: &mut Volumes) -> Result<()> {
        let mut known = None;
        for tree in &plan.trees {
            let mask = self.mask(plan, tree).await?;
            let folder = match folder_of_volumes(&mask).or(known.take()) {
                Some(folder) => folder,
                None => self.first_scratch(plan, tree).await?,
            };
            let scratch = ["upper", "work"].map(|part| {
                let name = name(plan, tree, part);
                let mountpoint = format!("{folder}/{name}/_data");
                Scratch { name, mountpoint }
            });
            let options = overlay_options(tree, &mask, &scratch, redirect);
            volumes.scratch.extend(scratch);
            volumes.trees.push(options?);
            known = Some(folder);
        }
        Ok(())
    }

    /// Makes the first volume early, to see where the engine keeps them.
    async fn first_scratch(&self, plan: &Plan, tree: &Tree) -> Result<String> {
        let volume = self.volume(&name(plan, tree, "upper"), &plan.build).await?;
        folder_of_volumes(&volume).ok_or_else(|| elsewhere(&volume.mountpoint))
    }

    /// Makes what the overlays write to.
    pub(super) async fn make_scratch(&self, volumes: &Volumes, build: &str) -> Result<()> {
        let made = volumes.scratch.iter().map(async |scratch| {
            let volume = self.volume(&scratch.name, build).await?;
            if volume.mountpoint == scratch.mountpoint {
                Ok(())
            } else {
                Err(elsewhere(&volume.mountpoint))
            }
        });
        join_all(made).await.into_iter().collect()
    }

    /// Removes what the overlays wrote to; failures leave it to the next sweep.
    pub(super) async fn remove_scratch(&self, volumes: &Volumes) {
        let removed = volumes
            .scratch
            .iter()
            .map(async |scratch| remove(self, &Leftover::Volume(scratch.name.clone())).await);
        join_all(removed).await;
    }

    /// A volume that holds a whiteout (a character device 0/0) for each path that is hidden from the build; shared by
    /// all builds of one engine.
    async fn mask(&self, plan: &Plan, tree: &Tree) -> Result<Volume> {
        let name = mask_name(&tree.hidden(plan));
        if let Ok(volume) = self.docker.inspect_volume(&name).await {
            return Ok(volume);
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
        self.fill_mask(plan, tree).await?;
        Ok(volume)
    }

    /// Puts the whiteouts into the mask's volume, through a container that never starts.
    pub(super) async fn fill_mask(&self, plan: &Plan, tree: &Tree) -> Result<()> {
        let hidden = tree.hidden(plan);
        let failed = refused("the engine can't hide the output directory from the build");
        let mount = Mount {
            target: Some("/mask".to_owned()),
            source: Some(mask_name(&hidden)),
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
        let archive = whiteouts(&hidden)
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

/// Where the engine keeps a volume's folder, and so all others of its driver.
fn folder_of_volumes(volume: &Volume) -> Option<String> {
    let folder = volume.mountpoint.strip_suffix("/_data")?;
    Some(
        folder
            .strip_suffix(&format!("/{}", volume.name))?
            .to_owned(),
    )
}

fn elsewhere(mountpoint: &str) -> Error {
    Error::environment(format!(
        "the engine keeps its volumes in an unknown way: {mountpoint}"
    ))
}

fn overlay_options(
    tree: &Tree,
    mask: &Volume,
    [upper, work]: &[Scratch; 2],
    redirect: bool,
) -> Result<HashMap<String, String>> {
    let from = escape(tree.from.to_str().ok_or_else(not_utf8)?);
    let mut options = format!(
        "lowerdir={}:{from},upperdir={},workdir={}",
        escape(&mask.mountpoint),
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
    Ok(HashMap::from(
        options.map(|(key, value)| (key.to_owned(), value.to_owned())),
    ))
}

/// One name per set of hidden paths, in letters that a volume's name may have.
fn mask_name(hidden: &[PathBuf]) -> String {
    let mut name = "buildspec-mask".to_owned();
    for (at, path) in hidden.iter().enumerate() {
        if at > 0 {
            name.push('-');
        }
        for byte in path.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' => name.push(char::from(*byte)),
                _ => write!(name, "_{byte:02x}").unwrap_or_default(),
            }
        }
    }
    name
}

fn whiteouts(hidden: &[PathBuf]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for path in hidden {
        whiteout(&mut archive, path)?;
    }
    archive.into_inner()
}

fn whiteout(archive: &mut tar::Builder<Vec<u8>>, hidden: &Path) -> std::io::Result<()> {
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
    archive.append_data(&mut header, hidden, std::io::empty())
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
        let name = |paths: &[&str]| {
            let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
            mask_name(&paths)
        };
        assert_eq!(name(&[".buildspec"]), "buildspec-mask_2ebuildspec");
        assert_ne!(name(&["a/b"]), name(&["a_b"]));
        assert_ne!(name(&["a", "b"]), name(&["a-b"]));
    }
}
