//! `--event`: what a build that a webhook started would know (spec 19.1), from what Git knows here.
//!
//! Left out is what only the provider could tell: `CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID`, and a pull request's real
//! branches. That a push is built at its commit, not at its branch, is assumed.

use std::path::Path;
use std::str::FromStr;

use super::git::{self, Facts};

/// What happened at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A pull request of this number was updated.
    PullRequest(u64),
    /// This branch was pushed.
    Push(String),
    /// This tag was pushed.
    Tag(String),
}

impl FromStr for Trigger {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("{text:?} is none of pr:NUMBER, push:BRANCH, tag:NAME");
        let (kind, what) = text.split_once(':').ok_or_else(wanted)?;
        match kind {
            _ if what.is_empty() => Err(wanted()),
            "pr" => what.parse().map(Self::PullRequest).map_err(|_| wanted()),
            "push" => Ok(Self::Push(what.to_owned())),
            "tag" => Ok(Self::Tag(what.to_owned())),
            _ => Err(wanted()),
        }
    }
}

/// What the build is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Webhook {
    /// `CODEBUILD_SOURCE_VERSION`; empty where nothing is known.
    pub source_version: String,
    pub initiator: String,
    pub variables: Vec<(&'static str, String)>,
}

/// Asks Git for what the variables need.
pub async fn webhook(trigger: &Trigger, source: &Path, facts: &Facts) -> Webhook {
    let (base, previous) = match trigger {
        Trigger::PullRequest(_) => (git::default_branch(source).await, String::new()),
        Trigger::Push(branch) => (String::new(), git::before_push(source, branch).await),
        Trigger::Tag(_) => (String::new(), String::new()),
    };
    told(trigger, facts, &base, &previous)
}

fn told(trigger: &Trigger, facts: &Facts, base: &str, previous: &str) -> Webhook {
    let reference = |kind: &str, name: &str| match name {
        "" => String::new(),
        name => format!("refs/{kind}/{name}"),
    };
    let (event, head, name) = match trigger {
        Trigger::PullRequest(number) => (
            "PULL_REQUEST_UPDATED",
            reference("heads", &facts.branch),
            format!("pr/{number}"),
        ),
        Trigger::Push(branch) => (
            "PUSH",
            reference("heads", branch),
            format!("branch/{branch}"),
        ),
        Trigger::Tag(tag) => ("PUSH", reference("tags", tag), format!("tag/{tag}")),
    };
    let source_version = match trigger {
        Trigger::PullRequest(_) => name.clone(),
        Trigger::Push(_) | Trigger::Tag(_) => facts.commit.clone(),
    };
    let short = facts.commit.get(..7).unwrap_or("0000000");
    let mut variables = vec![
        ("CODEBUILD_WEBHOOK_BASE_REF", reference("heads", base)),
        ("CODEBUILD_WEBHOOK_EVENT", event.to_owned()),
        ("CODEBUILD_WEBHOOK_HEAD_REF", head),
        ("CODEBUILD_WEBHOOK_PREV_COMMIT", previous.to_owned()),
        ("CODEBUILD_WEBHOOK_TRIGGER", name),
    ];
    variables.retain(|(_, value)| !value.is_empty());
    Webhook {
        source_version,
        initiator: format!("GitHub-Hookshot/{short}"),
        variables,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            commit: "0123456789abcdef".to_owned(),
            branch: "work".to_owned(),
            url: String::new(),
        }
    }

    fn shown(trigger: &str, base: &str, previous: &str) -> String {
        let webhook = told(&trigger.parse().unwrap(), &facts(), base, previous);
        let variables: Vec<_> = webhook
            .variables
            .iter()
            .map(|(name, value)| {
                format!("{}={value}", name.trim_start_matches("CODEBUILD_WEBHOOK_"))
            })
            .collect();
        format!("{} {}", webhook.source_version, variables.join(" "))
    }

    #[test]
    fn a_pull_request() {
        assert_eq!(
            shown("pr:12", "main", ""),
            "pr/12 BASE_REF=refs/heads/main EVENT=PULL_REQUEST_UPDATED HEAD_REF=refs/heads/work TRIGGER=pr/12"
        );
    }

    #[test]
    fn a_push_and_a_tag() {
        assert_eq!(
            shown("push:a/b", "", "fedc"),
            "0123456789abcdef EVENT=PUSH HEAD_REF=refs/heads/a/b PREV_COMMIT=fedc TRIGGER=branch/a/b"
        );
        assert_eq!(
            shown("tag:v1", "", ""),
            "0123456789abcdef EVENT=PUSH HEAD_REF=refs/tags/v1 TRIGGER=tag/v1"
        );
    }

    #[test]
    fn the_rest_is_refused() {
        for text in ["", "pr", "pr:", "pr:x", "push:", "merge:x"] {
            assert!(text.parse::<Trigger>().is_err(), "{text}");
        }
    }
}
