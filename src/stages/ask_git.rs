//! What Git and the project know of the sources; asked while the engine works.

use std::path::PathBuf;

use crate::checkout::Which;
use crate::env::builtin::Sources;
use crate::env::{event, git};
use crate::options::Options;
use crate::project::model::{self as project, Text};

/// Looks at all sources; `source` stands for the primary one.
pub(crate) async fn sources(options: Options, source: PathBuf) -> Sources {
    let project = &options.project.project;
    let mut secondary = Vec::new();
    for (id, folder) in &options.secondary {
        let mut facts = git::facts(folder).await;
        let defined = project.secondary_sources.iter().find(|source| {
            source
                .identifier
                .as_ref()
                .is_some_and(|name| name.value == *id)
        });
        told_by(defined, project.secondary_version(id), &mut facts);
        secondary.push((id.clone(), facts));
    }
    let mut git = git::facts(&source).await;
    told_by(
        Some(&project.source),
        project.source_version.as_ref(),
        &mut git,
    );
    if let Which::Revision(revision) = &options.which {
        git.branch.clone_from(revision);
    }
    if let Some(replay) = &options.replay {
        for (told, known) in [
            (&replay.source_version, &mut git.branch),
            (&replay.resolved_source_version, &mut git.commit),
        ] {
            if !told.is_empty() {
                known.clone_from(told);
            }
        }
    }
    let webhook = match &options.event {
        Some(trigger) => Some(event::webhook(trigger, &source, &git).await),
        None => None,
    };
    Sources {
        git,
        webhook,
        secondary,
    }
}

/// A project says where its source comes from; the version is its own only where Git knows none.
fn told_by(source: Option<&project::Source>, version: Option<&Text>, facts: &mut git::Facts) {
    if let Some(location) = source.and_then(project::Source::url) {
        facts.url = git::without_password(&location);
    }
    if let Some(version) = version.filter(|_| facts.commit.is_empty()) {
        facts.branch.clone_from(&version.value);
    }
}
