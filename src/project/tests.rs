use super::file::{self, Named, Reading};
use super::model::{
    CacheMode, EnvironmentType, NamespaceType, Packaging, SourceType, VariableType,
};
use crate::source::Source;

fn read(text: &str) -> Reading {
    file::read(&Source::new("project.json", text), None).unwrap()
}

fn refused(text: &str, name: Option<&str>) -> String {
    let error = file::read(&Source::new("p", text), name).unwrap_err();
    format!("{} | {}", error.message, error.hints.join(" | "))
}

fn remarks(reading: &Reading) -> Vec<&str> {
    let remarks = reading.remarks.iter();
    remarks.map(|remark| remark.text.as_str()).collect()
}

const WHOLE: &str = r#"{"projects": [{
  "name": "shop", "arn": "arn:aws:codebuild:eu-west-1:123456789012:project/shop", "description": "d",
  "source": {"type": "GITHUB", "location": "https://github.com/o/shop.git", "gitCloneDepth": 1,
    "gitSubmodulesConfig": {"fetchSubmodules": true}, "buildspec": "version: 0.2\nphases: {}\n",
    "auth": {"type": "OAUTH"}, "reportBuildStatus": false, "insecureSsl": false},
  "secondarySources": [{"type": "S3", "location": "b/k.zip", "sourceIdentifier": "tools"}],
  "sourceVersion": "main",
  "secondarySourceVersions": [{"sourceIdentifier": "tools", "sourceVersion": "v7"}],
  "artifacts": {"type": "S3", "location": "bucket", "path": "out", "namespaceType": "BUILD_ID", "name": "app.zip",
    "packaging": "ZIP", "overrideArtifactName": true, "encryptionDisabled": false},
  "secondaryArtifacts": [{"type": "S3", "location": "other", "artifactIdentifier": "docs", "packaging": "NONE"}],
  "cache": {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE", "LOCAL_SOURCE_CACHE"]},
  "environment": {"type": "ARM_CONTAINER", "image": "aws/codebuild/amazonlinux-aarch64-standard:3.0",
    "computeType": "BUILD_GENERAL1_LARGE", "privilegedMode": true, "imagePullCredentialsType": "CODEBUILD",
    "computeConfiguration": {"vCpu": 4, "memory": 8},
    "environmentVariables": [
      {"name": "STAGE", "value": "prod"}, {"name": "EMPTY", "value": "", "type": "PLAINTEXT"},
      {"name": "P", "value": "/p", "type": "PARAMETER_STORE"}, {"name": "S", "value": "db:user", "type": "SECRETS_MANAGER"}],
    "registryCredential": {"credential": "hub", "credentialProvider": "SECRETS_MANAGER"}},
  "serviceRole": "arn:aws:iam::123456789012:role/r", "timeoutInMinutes": 30, "queuedTimeoutInMinutes": 60,
  "encryptionKey": "alias/mine", "tags": [{"key": "k", "value": "v"}],
  "vpcConfig": {"vpcId": "vpc-1", "subnets": ["a", "b"], "securityGroupIds": ["sg"]}, "badge": {"badgeEnabled": false},
  "logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "/g", "streamName": "s"},
    "s3Logs": {"status": "DISABLED", "location": "l"}},
  "fileSystemLocations": [{"type": "EFS", "location": "fs:/", "mountPoint": "/mnt", "identifier": "efs"}],
  "buildBatchConfig": {"serviceRole": "r", "combineArtifacts": true,
    "restrictions": {"maximumBuildsAllowed": 9, "computeTypesAllowed": ["BUILD_GENERAL1_SMALL"]}, "timeoutInMins": 99},
  "created": 1.5, "lastModified": 2.5, "projectVisibility": "PRIVATE", "autoRetryLimit": 2
}], "projectsNotFound": []}"#;

#[test]
fn every_member_is_read() {
    let reading = read(WHOLE);
    assert_eq!(remarks(&reading), [""; 0]);
    let project = reading.project;
    let text = |text: &Option<super::model::Text>| text.as_ref().unwrap().value.clone();
    assert_eq!(text(&project.name), "shop");
    assert_eq!(
        project.source.kind.as_ref().unwrap().value,
        SourceType::GitHub
    );
    assert_eq!(project.source.git_clone_depth.as_ref().unwrap().value, 1);
    assert!(project.source.fetch_submodules);
    assert_eq!(
        project.source.inline_buildspec(),
        Some("version: 0.2\nphases: {}\n")
    );
    assert_eq!(text(&project.secondary_sources[0].identifier), "tools");
    assert_eq!(project.secondary_version("tools").unwrap().value, "v7");
    let artifacts = &project.artifacts;
    assert_eq!(artifacts.packaging.as_ref().unwrap().value, Packaging::Zip);
    assert_eq!(
        artifacts.namespace_type.as_ref().unwrap().value,
        NamespaceType::BuildId
    );
    assert!(artifacts.override_artifact_name && !artifacts.encryption_disabled);
    assert_eq!(text(&project.secondary_artifacts[0].identifier), "docs");
    let modes: Vec<_> = project.cache.modes.iter().map(|mode| mode.value).collect();
    assert_eq!(modes, [CacheMode::Custom, CacheMode::Source]);
    let environment = &project.environment;
    assert_eq!(
        environment.kind.as_ref().unwrap().value,
        EnvironmentType::ArmContainer
    );
    assert!(environment.privileged.as_ref().unwrap().value);
    assert_eq!(
        environment
            .compute
            .as_ref()
            .unwrap()
            .vcpus
            .as_ref()
            .unwrap()
            .value,
        4
    );
    let variables: Vec<_> = environment
        .variables
        .iter()
        .map(|one| (one.name.value.as_str(), one.value.value.as_str(), one.kind))
        .collect();
    assert_eq!(
        variables,
        [
            ("STAGE", "prod", VariableType::Plaintext),
            ("EMPTY", "", VariableType::Plaintext),
            ("P", "/p", VariableType::ParameterStore),
            ("S", "db:user", VariableType::SecretsManager),
        ]
    );
    assert_eq!(text(&environment.registry_credential), "hub");
    assert_eq!(project.timeout_in_minutes.as_ref().unwrap().value, 30);
    assert_eq!(project.vpc.unwrap().subnets.len(), 2);
    assert_eq!(text(&project.logs.group_name), "/g");
    assert_eq!(project.logs.s3_location, None, "they are disabled");
    assert_eq!(text(&project.file_systems[0].mount_point), "/mnt");
    let batch = project.batch.unwrap();
    assert_eq!(batch.maximum_builds_allowed.unwrap().value, 9);
    let image = environment.image.as_ref().unwrap();
    assert_eq!(
        &WHOLE[image.span.range()],
        "\"aws/codebuild/amazonlinux-aarch64-standard:3.0\""
    );
}

#[test]
fn yaml_is_as_good() {
    let reading = read(
        "name: a\nsource: {type: NO_SOURCE, buildspec: ci.yml}\nenvironment:\n  privilegedMode: true\n  image: i\n",
    );
    assert_eq!(reading.project.source.buildspec_path(), Some("ci.yml"));
    assert!(reading.project.environment.privileged.unwrap().value);
    assert_eq!(reading.remarks, []);
}

#[test]
fn what_is_not_understood_has_a_place() {
    let reading = read(
        r#"{
  "source": {"type": "SVN", "gitCloneDepth": "all", "buildspec": ""},
  "environment": {"privilegedMode": "maybe", "image": ["x"], "environmentVariables": [{"name": "", "value": ""}]},
  "timeoutInMinutes": 3,
  "imagge": 1,
  "secondarySources": null
}"#,
    );
    assert_eq!(
        remarks(&reading),
        [
            "project.json:2:22: CodeBuild knows no SVN here; one of CODECOMMIT, CODEPIPELINE, GITHUB, GITLAB, \
             GITLAB_SELF_MANAGED, S3, BITBUCKET, GITHUB_ENTERPRISE, NO_SOURCE",
            "project.json:2:46: `gitCloneDepth` has to be a number; this is passed over",
            "project.json:3:37: `privilegedMode` has to be true or false; this is passed over",
            "project.json:3:55: `image` has to be a text; this is passed over",
            "project.json:4:23: `timeoutInMinutes` has to be 5 to 2160; this is passed over",
            "project.json:5:3: `imagge` of the project is not understood here",
        ]
    );
    assert_eq!(reading.project.source.buildspec, None);
    assert!(reading.project.environment.variables.is_empty());
}

#[test]
fn one_of_several_is_chosen() {
    let two = r#"{"projects": [{"name": "a", "source": {}}, {"name": "b", "source": {"buildspec": "b.yml"}}]}"#;
    assert_eq!(
        refused(two, None),
        "p defines several projects: a, b | choose one: p#NAME"
    );
    assert_eq!(
        refused(two, Some("c")),
        "p defines no project c | it defines a, b"
    );
    let chosen = file::read(&Source::new("p", two), Some("b")).unwrap();
    assert_eq!(chosen.project.source.buildspec_path(), Some("b.yml"));
    assert_eq!(file::names(&Source::new("p", two)), ["a", "b"]);
}

#[test]
fn other_files_are_refused() {
    assert!(
        refused("version: 0.2\nphases: {}\n", None).starts_with("p defines no CodeBuild project")
    );
    assert!(refused("[1, 2]", None).starts_with("p defines no CodeBuild project"));
    assert!(refused("", None).starts_with("p defines no CodeBuild project"));
    assert!(refused("{\"a\": [", None).starts_with("p:1:"));
}

#[test]
fn a_name_comes_after_the_last_hash() {
    let named = |file: &str, name: Option<&str>| Named {
        file: file.into(),
        name: name.map(str::to_owned),
    };
    assert_eq!(Named::parse("a.yml"), named("a.yml", None));
    assert_eq!(Named::parse("a#b.yml#c"), named("a#b.yml", Some("c")));
    assert_eq!(Named::parse("a.yml#"), named("a.yml", None));
    assert_eq!(Named::parse("#x"), named("#x", None));
}
