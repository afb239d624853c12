//! Flags of `run` about AWS, and about what stands in for it.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::options::{Access, Override, SecretsFile};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "AWS")]
#[expect(clippy::struct_excessive_bools, reason = "flags are bools")]
pub(super) struct AwsArguments {
    /// Values for parameter-store and secrets-manager references [default: secrets.yml in the output directory]
    #[arg(long, value_name = "FILE", env = "BUILDSPEC_SECRETS")]
    secrets: Option<PathBuf>,

    /// Never call AWS: every reference has to be in the secrets file.
    #[arg(
        long,
        env = "BUILDSPEC_OFFLINE",
        conflicts_with_all = ["aws_credentials", "assume_role"]
    )]
    pub(super) offline: bool,

    /// Write a secrets file with every reference of the buildspec, to be filled in, and run nothing.
    #[arg(long)]
    pub(super) write_secrets_template: bool,

    /// The AWS profile with which references are fetched.
    #[arg(long, value_name = "NAME", env = "BUILDSPEC_PROFILE")]
    profile: Option<String>,

    /// The AWS region of the build, and of what it refers to.
    #[arg(long, value_name = "REGION", env = "BUILDSPEC_REGION")]
    pub(super) region: Option<String>,

    /// Give the build the AWS credentials that this machine's AWS tools would use.
    #[arg(long, env = "BUILDSPEC_AWS_CREDENTIALS")]
    pub(super) aws_credentials: bool,

    /// Be this role at AWS, as CodeBuild is the project's service role: for references and for --aws-credentials.
    #[arg(long, value_name = "ARN", env = "BUILDSPEC_ASSUME_ROLE", value_parser = role)]
    assume_role: Option<String>,

    /// Give the build this machine's AWS_ENDPOINT_URL, and the same for each service.
    #[arg(long, env = "BUILDSPEC_AWS_ENDPOINTS")]
    aws_endpoints: bool,
}

impl AwsArguments {
    pub(super) fn access(&self) -> Access {
        Access {
            profile: self.profile.clone(),
            region: self.region.clone(),
            role: self.assume_role.clone(),
            shown_profile: self
                .profile
                .clone()
                .or_else(|| super::variable("AWS_PROFILE")),
        }
    }

    /// What `--aws-endpoints` hands on; below what is given with `-e`.
    pub(super) fn endpoints(&self) -> Vec<Override> {
        if !self.aws_endpoints {
            return Vec::new();
        }
        super::variables_beginning("AWS_ENDPOINT_URL")
            .into_iter()
            .map(|(name, value)| Override {
                name,
                value,
                passed_through: true,
            })
            .collect()
    }

    pub(super) fn secrets(&self, output: &Path) -> Result<SecretsFile> {
        let named = self.secrets.as_deref();
        if let Some(file) = named.filter(|file| !self.write_secrets_template && !file.exists()) {
            return Err(Error::usage(format!(
                "--secrets {}: there is no such file",
                file.display()
            ))
            .hint("--write-secrets-template writes it, to be filled in"));
        }
        Ok(SecretsFile {
            path: match named {
                Some(file) => super::run::absolute(file)?,
                None => output.join("secrets.yml"),
            },
            named: named.is_some(),
        })
    }
}

fn role(text: &str) -> Result<String, String> {
    let parts: Vec<_> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam", _, _, name] if name.starts_with("role/") => Ok(text.to_owned()),
        _ => Err("not a role's ARN, such as arn:aws:iam::123456789012:role/NAME".to_owned()),
    }
}
