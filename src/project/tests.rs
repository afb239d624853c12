use super::file::{self, Given, Named, Reading};
use super::model::{
    CacheMode, EnvironmentType, NamespaceType, Packaging, SourceType, VariableType,
};
use crate::source::Source;

fn read(text: &str) -> Reading {
    file::read(&Source::new("project.json", text), None, &Given::default()).unwrap()
}

fn refused(text: &str, name: Option<&str>) -> String {
    let error = file::read(&Source::new("p", text), name, &Given::default()).unwrap_err();
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
        "name: ab\nsource: {type: NO_SOURCE, buildspec: ci.yml}\nenvironment:\n  privilegedMode: true\n  image: i\n",
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
    let chosen = file::read(&Source::new("p", two), Some("b"), &Given::default()).unwrap();
    assert_eq!(chosen.project.source.buildspec_path(), Some("b.yml"));
    assert_eq!(
        file::names(&Source::new("p", two), &Given::default()),
        ["a", "b"]
    );
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

mod templates {
    use super::*;

    fn given(parameters: &[(&str, &str)]) -> Given {
        let parameters = parameters.iter();
        let parameters = parameters.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Given::new(parameters.collect(), "eu-west-1".to_owned())
    }

    fn warnings(reading: &Reading) -> Vec<&str> {
        let remarks = reading.remarks.iter().filter(|remark| remark.warning);
        remarks.map(|remark| remark.text.as_str()).collect()
    }

    #[test]
    fn parameters_that_a_file_does_not_take_are_told() {
        let template = "Parameters:\n  Stage:\n    Type: String\n    AllowedValues: [dev, prod]\n  Idle: {Type: String}\n\
            Resources:\n  P:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Environment: {Image: !Sub 'i:${Stage}-${Bucket}'}\n";
        let fits = [("Stage", "dev"), ("Idle", "x"), ("Bucket", "b")];
        let reading = read("t.yml", template, None, &fits);
        assert_eq!(warnings(&reading), Vec::<&str>::new());
        assert_eq!(image(&reading), Some("i:dev-b"));
        let slips = [("stage", "dev"), ("Stage", "test"), ("Bucket", "b")];
        assert_eq!(
            warnings(&read("t.yml", template, None, &slips)),
            [
                "t.yml:4:20: CloudFormation would refuse Stage=test: it allows dev, prod",
                "--parameter stage: nothing in t.yml has that name; it has Bucket, Idle, Stage",
            ]
        );
        let terraform = "variable \"image\" {}\nresource \"aws_codebuild_project\" \"p\" {\n  environment {\n    image = var.image\n  }\n}\n";
        let reading = read("m.tf", terraform, None, &[("image", "i"), ("imgae", "j")]);
        assert_eq!(image(&reading), Some("i"));
        assert_eq!(
            warnings(&reading),
            ["--parameter imgae: nothing in m.tf has that name; it has image"]
        );
        let json = "{\"name\": \"shop\", \"environment\": {\"image\": \"i\"}}";
        assert_eq!(
            warnings(&read("p.json", json, None, &[("a", "b")])),
            ["--parameter a: nothing in p.json has that name; it leaves nothing open"]
        );
    }

    #[test]
    fn unknown_members_are_notes_in_every_form() {
        let notes = |file: &str, text: &str| -> Vec<String> {
            let reading = read(file, text, None, &[]);
            let notes = reading.remarks.into_iter().filter(|remark| !remark.warning);
            notes.map(|remark| remark.text).collect()
        };
        let json = "{\"source\": {\"type\": \"GITHUB\", \"colour\": 1},\n \"shape\": 1}";
        assert_eq!(
            notes("p.json", json),
            [
                "p.json:1:31: `colour` of a source is not understood here",
                "p.json:2:2: `shape` of the project is not understood here",
            ]
        );
        let template = "Resources:\n  P:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Shape: 1\n      Environment: {Colour: red}\n";
        assert_eq!(
            notes("t.yml", template),
            [
                "t.yml:5:7: `shape` of the project is not understood here",
                "t.yml:6:21: `colour` of the environment is not understood here",
            ]
        );
        let terraform = "resource \"aws_codebuild_project\" \"p\" {\n  shape = 1\n  environment {\n    colour = \"red\"\n  }\n}\n";
        assert_eq!(
            notes("m.tf", terraform),
            [
                "m.tf:2:3: `shape` of the project is not understood here",
                "m.tf:4:5: `colour` of the environment is not understood here",
            ]
        );
    }

    fn read(file: &str, text: &str, name: Option<&str>, parameters: &[(&str, &str)]) -> Reading {
        file::read(&Source::new(file, text), name, &given(parameters)).unwrap()
    }

    fn variables(reading: &Reading) -> Vec<String> {
        let variables = reading.project.environment.variables.iter();
        variables
            .map(|one| format!("{}={}", one.name.value, one.value.value))
            .collect()
    }

    fn image(reading: &Reading) -> Option<&str> {
        let image = reading.project.environment.image.as_ref()?;
        Some(image.value.as_str())
    }

    const STACK: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Stage: {Type: String, Default: dev}
  Token: {Type: "AWS::SSM::Parameter::Value<String>", Default: /the/name}
  Subnets: {Type: CommaDelimitedList, Default: "a, b"}
Mappings:
  Images:
    dev: {name: "alpine:3", big: no}
    prod: {name: "alpine:4", big: yes}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsSmall: !Not [{Condition: IsProd}]
  Both: {"Fn::And": [!Condition IsProd, {"Fn::Or": [!Condition IsProd, !Equals [!Ref Nobody, x]]}]}
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
  Build:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: !Sub "shop-${Stage}"
      ServiceRole: !GetAtt Role.Arn
      Source:
        Type: GITHUB
        Location: !Join ["/", ["https://github.com", "o", "shop.git"]]
        BuildSpec: !Sub |
          version: 0.2
          phases:
            build:
              commands:
                - echo ${Stage} ${!HOME} ${AWS::Region}
      Environment:
        Type: LINUX_CONTAINER
        ComputeType: !If [IsProd, BUILD_GENERAL1_LARGE, BUILD_GENERAL1_SMALL]
        Image: !FindInMap [Images, !Ref Stage, name]
        PrivilegedMode: !If [IsSmall, True, !Ref "AWS::NoValue"]
        EnvironmentVariables:
          - {Name: STAGE, Value: !Ref Stage}
          - {Name: BUCKET, Value: !Ref Bucket}
          - {Name: TOKEN, Value: !Ref Token, Type: PARAMETER_STORE}
          - !If [Both, {Name: BOTH, Value: 1}, !Ref "AWS::NoValue"]
          - {Name: SECOND, Value: !Select [1, !Split [".", "a.b.c"]]}
      VpcConfig: {VpcId: vpc, Subnets: !Ref Subnets}
      Artifacts: {Type: S3, Location: !Ref Bucket, Packaging: ZIP, Name: out}
      LogsConfig: {CloudWatchLogs: {Status: ENABLED, GroupName: !ImportValue shared-logs}}
      Cache: {Type: LOCAL, Modes: [LOCAL_CUSTOM_CACHE]}
      TimeoutInMinutes: 20
      Triggers: {Webhook: true}
"#;

    #[test]
    fn a_stack_is_followed_as_far_as_it_says() {
        let reading = read("stack.yml", STACK, None, &[]);
        let project = &reading.project;
        assert_eq!(project.name.as_ref().unwrap().value, "shop-dev");
        assert_eq!(
            project.source.location.as_ref().unwrap().value,
            "https://github.com/o/shop.git"
        );
        assert!(
            project
                .source
                .inline_buildspec()
                .unwrap()
                .ends_with("- echo dev ${HOME} eu-west-1\n")
        );
        assert_eq!(image(&reading), Some("alpine:3"));
        let compute = project.environment.compute_type.as_ref().unwrap();
        assert_eq!(compute.value, "BUILD_GENERAL1_SMALL");
        assert!(project.environment.privileged.as_ref().unwrap().value);
        assert_eq!(variables(&reading), ["STAGE=dev", "SECOND=b"]);
        assert_eq!(project.vpc.as_ref().unwrap().subnets[1].value, "b");
        assert_eq!(project.timeout_in_minutes.as_ref().unwrap().value, 20);
        assert_eq!(
            remarks(&reading),
            [
                "stack.yml:20:28: `serviceRole` is passed over: Role.Arn is not known here; --parameter \
                 'Role.Arn=VALUE' tells it",
                "stack.yml:37:40: the variable BUCKET is left out: Bucket is not known here; -e BUCKET=VALUE sets it",
                "stack.yml:38:39: the variable TOKEN is left out: Token is not known here; -e TOKEN=VALUE sets it",
                "stack.yml:42:44: `location` is passed over: Bucket is not known here; --parameter 'Bucket=VALUE' \
                 tells it",
                "stack.yml:43:78: `groupName` is passed over: shared-logs is not known here; --parameter \
                 'shared-logs=VALUE' tells it",
            ]
        );
    }

    #[test]
    fn parameters_tell_the_rest() {
        let parameters = [
            ("Stage", "prod"),
            ("Bucket", "mine"),
            ("Token", "/t"),
            ("Role.Arn", "arn"),
            ("shared-logs", "/logs"),
        ];
        let reading = read("stack.yml", STACK, Some("Build"), &parameters);
        assert_eq!(
            variables(&reading),
            [
                "STAGE=prod",
                "BUCKET=mine",
                "TOKEN=/t",
                "BOTH=1",
                "SECOND=b"
            ]
        );
        assert_eq!(image(&reading), Some("alpine:4"));
        assert_eq!(reading.project.environment.privileged, None);
        assert_eq!(remarks(&reading), [""; 0]);
    }

    #[test]
    fn what_the_cdk_writes_is_a_template() {
        let template = r#"{"Resources": {"Build45A36621": {"Type": "AWS::CodeBuild::Project", "Properties": {
            "Artifacts": {"Type": "NO_ARTIFACTS"}, "EncryptionKey": "alias/aws/s3",
            "Environment": {"ComputeType": "BUILD_GENERAL1_SMALL", "Image": {"Fn::Join": ["", [
                {"Ref": "AWS::AccountId"}, ".dkr.ecr.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}, "/x"]]},
              "ImagePullCredentialsType": "SERVICE_ROLE", "PrivilegedMode": false, "Type": "LINUX_CONTAINER"},
            "Source": {"BuildSpec": "{\n  \"version\": \"0.2\",\n  \"phases\": {}\n}", "Type": "NO_SOURCE"}},
            "Metadata": {"aws:cdk:path": "S/Build/Resource"}}},
            "Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>"}}}"#;
        let reading = read("cdk.json", template, None, &[]);
        assert_eq!(image(&reading), None);
        assert_eq!(remarks(&reading).len(), 1);
        assert!(reading.remarks[0].warning, "another image is another build");
        assert!(reading.project.source.inline_buildspec().is_some());
        let reading = read("cdk.json", template, None, &[("AWS::AccountId", "1")]);
        assert_eq!(image(&reading), Some("1.dkr.ecr.eu-west-1.amazonaws.com/x"));
    }

    #[test]
    fn references_that_go_round_in_circles_end() {
        let text = "Resources:\n  A:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Source: {Type: NO_SOURCE}\n      \
            Environment: {Image: !If [X, a, b]}\nConditions:\n  X: !Condition X\nMappings: {}\n";
        let reading = read("x.yml", text, None, &[]);
        assert_eq!(image(&reading), None);
    }

    const RESOURCE: &str = r#"
variable "image" { default = "alpine:3" }
variable "stage" {}
locals {
  name = "shop-${var.stage}"
  vars = { A = "1", B = local.name }
}
resource "aws_codebuild_project" "build" {
  name          = local.name
  service_role  = aws_iam_role.build.arn
  build_timeout = 15
  count         = 1
  artifacts { type = "NO_ARTIFACTS" }
  cache {
    type  = "LOCAL"
    modes = ["LOCAL_SOURCE_CACHE"]
  }
  environment {
    compute_type    = var.stage == "prod" ? "BUILD_GENERAL1_LARGE" : "BUILD_GENERAL1_SMALL"
    image           = var.image
    type            = "LINUX_CONTAINER"
    privileged_mode = true
    environment_variable {
      name  = "STAGE"
      value = upper(var.stage)
    }
    environment_variable {
      name  = "ACCOUNT"
      value = data.aws_caller_identity.me.account_id
    }
    dynamic "environment_variable" {
      for_each = local.vars
      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }
    environment_variable {
      name  = "TOKEN"
      type  = "PARAMETER_STORE"
      value = "/shop/token"
    }
  }
  source {
    type            = "GITHUB"
    location        = "https://github.com/o/shop.git"
    git_clone_depth = 1
    buildspec       = <<-EOF
      version: 0.2
      phases:
        build:
          commands: ["echo ${var.stage} $${HOME}"]
    EOF
  }
  secondary_sources {
    type              = "S3"
    location          = "b/k"
    source_identifier = "tools"
  }
  secondary_source_version {
    source_identifier = "tools"
    source_version    = "v1"
  }
  logs_config {
    cloudwatch_logs { group_name = "/g" }
  }
}
resource "aws_codebuild_project" "other" {
  name = "other"
  source {
    type      = "NO_SOURCE"
    buildspec = yamlencode({ version = 0.2, phases = { build = { commands = ["echo ${var.image}"] } } })
  }
}
"#;

    #[test]
    fn terraform_is_followed_as_far_as_it_says() {
        let reading = read("main.tf", RESOURCE, Some("build"), &[("stage", "prod")]);
        let project = &reading.project;
        assert_eq!(project.name.as_ref().unwrap().value, "shop-prod");
        assert_eq!(project.timeout_in_minutes.as_ref().unwrap().value, 15);
        assert_eq!(image(&reading), Some("alpine:3"));
        let compute = project.environment.compute_type.as_ref().unwrap();
        assert_eq!(compute.value, "BUILD_GENERAL1_LARGE");
        assert_eq!(
            variables(&reading),
            ["STAGE=PROD", "A=1", "B=shop-prod", "TOKEN=/shop/token"]
        );
        let buildspec = project.source.inline_buildspec().unwrap();
        assert!(buildspec.starts_with("version: 0.2\n"), "{buildspec}");
        assert!(buildspec.contains("echo prod ${HOME}"), "{buildspec}");
        assert_eq!(project.secondary_version("tools").unwrap().value, "v1");
        assert_eq!(project.logs.group_name.as_ref().unwrap().value, "/g");
        assert_eq!(
            remarks(&reading),
            [
                "main.tf:10:19: `serviceRole` is passed over: aws_iam_role.build.arn is not known here; --parameter \
                 'aws_iam_role.build.arn=VALUE' tells it",
                "main.tf:29:15: the variable ACCOUNT is left out: data.aws_caller_identity.me.account_id is not \
                 known here; -e ACCOUNT=VALUE sets it",
            ]
        );
        let other = read(
            "main.tf",
            RESOURCE,
            Some("aws_codebuild_project.other"),
            &[],
        );
        assert_eq!(
            other.project.source.inline_buildspec(),
            Some("{\"version\":0.2,\"phases\":{\"build\":{\"commands\":[\"echo alpine:3\"]}}}\n")
        );
    }

    #[test]
    fn terraform_s_other_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "variables.tf",
            "variable \"image\" {\n  default = \"no\"\n}\n",
        );
        write("terraform.tfvars", "image = \"alpine:9\"\n");
        write("broken.tf", "{{{\n");
        write("spec.yml", "version: 0.2\nphases: {}\n");
        let text = "resource \"aws_codebuild_project\" \"a\" {\n  environment {\n    image = var.image\n  }\n  source {\n    \
            buildspec = file(\"${path.module}/spec.yml\")\n  }\n}\n";
        let mut given = given(&[]);
        given.folder = Some(folder.path().to_path_buf());
        let reading = file::read(&Source::new("main.tf", text), None, &given).unwrap();
        assert_eq!(image(&reading), Some("alpine:9"));
        assert_eq!(
            reading.project.source.inline_buildspec(),
            Some("version: 0.2\nphases: {}\n")
        );
    }

    #[test]
    fn a_plan_is_read_with_what_it_does_not_know() {
        let plan = r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": [], "child_modules": [
            {"address": "module.ci", "resources": [{"address": "module.ci.aws_codebuild_project.build[0]",
              "type": "aws_codebuild_project", "name": "build", "values": {"name": "shop", "build_timeout": 15,
              "artifacts": [{"type": "NO_ARTIFACTS"}], "badge_url": null, "tags_all": {}, "vpc_config": [],
              "environment": [{"image": "alpine:3", "environment_variable": [{"name": "A", "value": "1", "type": "PLAINTEXT"},
                {"name": "B"}]}],
              "source": [{"type": "NO_SOURCE", "buildspec": "version: 0.2\n"}]}}]}]}},
          "resource_changes": [{"address": "module.ci.aws_codebuild_project.build[0]", "change": {"after_unknown": {
            "arn": true, "id": true, "service_role": true, "environment": [{"environment_variable": [{}, {"value": true}]}]}}}]}"#;
        let reading = read("plan.json", plan, None, &[]);
        assert_eq!(image(&reading), Some("alpine:3"));
        assert_eq!(variables(&reading), ["A=1"]);
        assert_eq!(remarks(&reading).len(), 2, "{:?}", remarks(&reading));
        let named = ["build", "shop", "module.ci.aws_codebuild_project.build[0]"];
        for name in named {
            read("plan.json", plan, Some(name), &[]);
        }
    }

    #[test]
    fn no_template_that_was_cut_crashes_the_reader() {
        for (file, text) in [("a.yml", STACK), ("a.tf", RESOURCE), ("a.json", WHOLE)] {
            for end in (0..text.len()).step_by(7) {
                let source = Source::new(file, &text[..end]);
                file::read(&source, None, &given(&[])).ok();
                file::names(&source, &given(&[]));
            }
        }
    }
}
