//! The variables that `CodeBuild` sets (spec 19), with values that are true here.

use super::event::Webhook;
use super::git::Facts;
use super::{Level, Value, Variables};
use crate::script::Layout;

/// Who and what a build is.
#[derive(Clone, Debug)]
pub struct Identity {
    pub project: String,
    pub region: String,
    /// Twelve digits.
    pub account: String,
    pub uuid: String,
    /// Counted up per output directory, from 1.
    pub number: u64,
    /// The image as the user named it.
    pub image: String,
    /// Who started it, unless a webhook did.
    pub user: String,
    /// A key's ARN or `alias/<name>`; without one it is that of S3.
    pub encryption_key: Option<String>,
    /// Milliseconds since the epoch.
    pub started: i64,
    /// Empty until Git has answered.
    pub sources: Sources,
}

/// What is known of the sources.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub git: Facts,
    /// What started the build, where it is to look as if a webhook did.
    pub webhook: Option<Webhook>,
    /// Each secondary source, by its identifier.
    pub secondary: Vec<(String, Facts)>,
}

/// Variables that each build has another value of, beside the places of secondary sources.
pub const PER_BUILD: [&str; 7] = [
    "CODEBUILD_BUILD_ARN",
    "CODEBUILD_BUILD_ID",
    "CODEBUILD_BUILD_URL",
    "CODEBUILD_GOPATH",
    "CODEBUILD_LOG_PATH",
    "CODEBUILD_SRC_DIR",
    "CODEBUILD_START_TIME",
];

impl Identity {
    /// `<project>:<uuid>`.
    pub fn id(&self) -> String {
        format!("{}:{}", self.project, self.uuid)
    }

    /// The build's ARN.
    pub fn arn(&self) -> String {
        format!(
            "arn:aws:codebuild:{}:{}:build/{}",
            self.region,
            self.account,
            self.id()
        )
    }

    fn project_arn(&self) -> String {
        format!(
            "arn:aws:codebuild:{}:{}:project/{}",
            self.region, self.account, self.project
        )
    }

    /// The key that artifacts are encrypted with in the cloud.
    pub fn encryption_key(&self) -> String {
        self.encryption_key
            .clone()
            .unwrap_or_else(|| format!("arn:aws:kms:{}:{}:alias/aws/s3", self.region, self.account))
    }

    /// Sets every variable at the lowest level.
    ///
    /// Left out are those that only AWS can serve (`CODEBUILD_AGENT_ENDPOINT`, `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`
    /// and their like): a wrong value would send a tool looking for them.
    pub fn set(&self, variables: &mut Variables, layout: &Layout) {
        let region = &self.region;
        let url = format!(
            "https://{region}.console.aws.amazon.com/codebuild/home?region={region}#/builds/{}/view/new",
            self.id()
        );
        let values = [
            ("AWS_DEFAULT_REGION", region.clone()),
            ("AWS_REGION", region.clone()),
            ("CODEBUILD_BUILD_ARN", self.arn()),
            ("CODEBUILD_BUILD_ID", self.id()),
            ("CODEBUILD_BUILD_IMAGE", self.image.clone()),
            ("CODEBUILD_BUILD_NUMBER", self.number.to_string()),
            ("CODEBUILD_BUILD_SUCCEEDING", "1".to_owned()),
            ("CODEBUILD_BUILD_URL", url),
            ("CODEBUILD_CI", "true".to_owned()),
            ("CODEBUILD_CONTAINER_NAME", "default".to_owned()),
            ("CODEBUILD_EXECUTION_ROLE_BUILD", String::new()),
            ("CODEBUILD_GOPATH", layout.gopath()),
            ("CODEBUILD_INITIATOR", self.initiator().to_owned()),
            ("CODEBUILD_KMS_KEY_ID", self.encryption_key()),
            ("CODEBUILD_LAST_EXIT", "0".to_owned()),
            ("CODEBUILD_LOG_PATH", self.uuid.clone()),
            ("CODEBUILD_PROJECT_ARN", self.project_arn()),
            (
                "CODEBUILD_RESOLVED_SOURCE_VERSION",
                self.sources.git.commit.clone(),
            ),
            ("CODEBUILD_SOURCE_REPO_URL", self.sources.git.url.clone()),
            ("CODEBUILD_SOURCE_VERSION", self.source_version().to_owned()),
            ("CODEBUILD_SRC_DIR", layout.source()),
            ("CODEBUILD_START_TIME", self.started.to_string()),
            ("HOME", "/root".to_owned()),
        ];
        for (id, folder) in layout.secondary() {
            let name = format!("CODEBUILD_SRC_DIR_{id}");
            variables.set(Level::BuiltIn, name, Value::Plain(folder));
        }
        for (id, facts) in &self.sources.secondary {
            let told = [("VERSION", facts.version()), ("REPO_URL", &facts.url)];
            for (what, value) in told.into_iter().filter(|(_, value)| !value.is_empty()) {
                let name = format!("CODEBUILD_SOURCE_{what}_{id}");
                variables.set(Level::BuiltIn, name, Value::Plain(value.to_owned()));
            }
        }
        for (name, value) in values {
            // A source without Git has no resolved version, as a source from S3 has none.
            if !value.is_empty() || !name.contains("SOURCE") {
                variables.set(Level::BuiltIn, name, Value::Plain(value));
            }
        }
        for (name, value) in self
            .sources
            .webhook
            .iter()
            .flat_map(|webhook| &webhook.variables)
        {
            variables.set(Level::BuiltIn, *name, Value::Plain(value.clone()));
        }
    }

    /// The webhook's, else the branch, or the commit where none is checked out.
    pub fn source_version(&self) -> &str {
        match &self.sources.webhook {
            Some(webhook) => &webhook.source_version,
            None => self.sources.git.version(),
        }
    }

    /// `CODEBUILD_INITIATOR`.
    pub fn initiator(&self) -> &str {
        match &self.sources.webhook {
            Some(webhook) => &webhook.initiator,
            None => &self.user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_each_build_has_anew_are_listed() {
        let of_build = |uuid: &str, number: u32, started| {
            let identity = Identity {
                project: "shop".to_owned(),
                region: "eu-west-1".to_owned(),
                account: "000000000000".to_owned(),
                uuid: uuid.to_owned(),
                number: 1,
                image: "image".to_owned(),
                encryption_key: None,
                user: "me".to_owned(),
                started,
                sources: Sources::default(),
            };
            let mut variables = Variables::default();
            identity.set(&mut variables, &Layout::new("/codebuild", number));
            variables
        };
        let (one, other) = (of_build("a", 1, 1), of_build("b", 2, 2));
        let changed: Vec<_> = one
            .iter()
            .filter(|(name, _, value)| other.get(name) != Some(value))
            .map(|(name, ..)| name)
            .collect();
        assert_eq!(changed, PER_BUILD);
    }
}
