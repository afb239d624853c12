//! What the API's `Build` repeats of its project (spec 22.2, 22.4), so that a record alone tells how it was built.
//!
//! `BuildArtifacts` has neither type nor packaging nor name: those are in the location, as in the cloud.

use serde::Serialize;

use super::build::{BuildArtifacts, Source};
use crate::artifacts::Storage;
use crate::env::git::without_password;
use crate::options::Options;
use crate::project::model::{self, ArtifactsType, Text};

/// Members that only a project can give; absent ones are left out.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfProject {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secondary_sources: Vec<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secondary_source_versions: Vec<SourceVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<Vpc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub file_system_locations: Vec<FileSystem>,
}

/// `ProjectSourceVersion` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceVersion {
    pub source_identifier: String,
    pub source_version: String,
}

/// `VpcConfig` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Vpc {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    pub subnets: Vec<String>,
    pub security_group_ids: Vec<String>,
}

/// `ProjectFileSystemLocation` of the API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSystem {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mount_point: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
}

/// `GitSubmodulesConfig` of the API.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Submodules {
    pub fetch_submodules: bool,
}

impl OfProject {
    pub fn of(options: &Options) -> Self {
        let project = &options.project.project;
        let mut secondary_sources: Vec<Source> =
            project.secondary_sources.iter().map(source).collect();
        for (identifier, folder) in &options.secondary {
            let is_known = |source: &Source| source.source_identifier.as_ref() == Some(identifier);
            if !secondary_sources.iter().any(is_known) {
                secondary_sources.push(Source {
                    location: folder.display().to_string(),
                    source_identifier: Some(identifier.clone()),
                    ..Source::default()
                });
            }
        }
        let versions = project.secondary_source_versions.iter();
        let systems = project.file_systems.iter();
        Self {
            secondary_sources,
            secondary_source_versions: versions
                .map(|version| SourceVersion {
                    source_identifier: version.identifier.value.clone(),
                    source_version: version.version.value.clone(),
                })
                .collect(),
            vpc_config: project.vpc.as_ref().map(|vpc| Vpc {
                vpc_id: owned(vpc.id.as_ref()),
                subnets: all(&vpc.subnets),
                security_group_ids: all(&vpc.security_groups),
            }),
            file_system_locations: systems
                .map(|system| FileSystem {
                    kind: "EFS",
                    location: owned(system.location.as_ref()),
                    mount_point: owned(system.mount_point.as_ref()),
                    identifier: owned(system.identifier.as_ref()),
                })
                .collect(),
        }
    }
}

/// A source as the project defines it, without a password that its location may hold.
pub fn source(defined: &model::Source) -> Source {
    let location = defined.location.as_ref();
    Source {
        kind: defined.kind.as_ref().map(|kind| kind.value.name()),
        location: location.map_or_else(String::new, |location| without_password(&location.value)),
        git_clone_depth: defined.git_clone_depth.as_ref().map(|depth| depth.value),
        git_submodules_config: defined.fetch_submodules.then_some(Submodules {
            fetch_submodules: true,
        }),
        buildspec: owned(defined.buildspec.as_ref()),
        source_identifier: owned(defined.identifier.as_ref()),
    }
}

/// Artifacts as a build has them before any is collected: where they would be in the cloud. Absent without a project.
pub fn artifacts(defined: &model::Artifacts, uuid: &str, unnamed: &str) -> Option<BuildArtifacts> {
    let is_s3 = match defined.kind.as_ref()?.value {
        // Its place is known to the pipeline only.
        ArtifactsType::CodePipeline => return None,
        ArtifactsType::NoArtifacts => false,
        ArtifactsType::S3 => true,
    };
    let storage = Storage::new(defined, None, unnamed);
    let place = || {
        let key = storage.key(uuid, None, None).parts.join("/");
        format!("arn:aws:s3:::{}/{key}", storage.bucket())
    };
    Some(BuildArtifacts {
        location: if is_s3 { place() } else { String::new() },
        override_artifact_name: is_s3.then_some(defined.override_artifact_name),
        encryption_disabled: is_s3.then_some(defined.encryption_disabled),
        artifact_identifier: owned(defined.identifier.as_ref()),
        ..BuildArtifacts::default()
    })
}

fn owned(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.value.clone())
}

fn all(texts: &[Text]) -> Vec<String> {
    texts.iter().map(|text| text.value.clone()).collect()
}
