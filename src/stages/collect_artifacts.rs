//! The artifacts part of `UPLOAD_ARTIFACTS`: chosen files become a folder or a ZIP, where the project says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::upload_artifacts::{Collected, file_name};
use crate::artifacts::{self, Failure, Packed, Storage, Unpacked, assumed};
use crate::buildspec::model::{Artifacts, Buildspec};
use crate::engine::event::Event;
use crate::error::{Error, Result};
use crate::project::model::{Artifacts as Defined, ArtifactsType, Project};
use crate::publish::publish;
use crate::record::build::BuildArtifacts;
use crate::run::{Build, Halt};
use crate::runtime::session::Session;

/// The folder of secondary artifacts, in the build's folder and in the user's.
const SECONDARY: &str = "secondary-artifacts";

/// What is known of all artifacts so far.
#[derive(Default)]
struct Ledger {
    /// The artifact that has this key in this bucket.
    keys: BTreeMap<(String, PathBuf), String>,
    /// The first that is whole and could not be moved to the user's folder: no reason not to collect the others.
    unpublished: Option<Error>,
}

/// One artifact to be made.
struct Item<'a> {
    /// `None` for the primary one.
    identifier: Option<&'a str>,
    /// A secondary one's, as the name of a folder.
    folder: String,
    definition: &'a Artifacts,
    storage: Storage<'a>,
}

/// An artifact that is there.
struct Stored {
    place: PathBuf,
    packed: Option<Packed>,
    unpacked: Unpacked,
    /// Something is missing.
    problem: Option<Error>,
}

impl Build<'_> {
    /// Collects the primary artifact, then the secondary ones in the buildspec's order, up to the first that fails.
    pub(super) async fn collect_artifacts(
        &mut self,
        buildspec: &Buildspec,
        session: &mut Session,
    ) -> Result<Collected, Halt> {
        let options = self.options;
        let defined = &options.project.project.artifacts;
        let kind = defined.kind.as_ref().map(|kind| kind.value);
        let Some(section) = &buildspec.artifacts else {
            let required = assumed::SECTION_REQUIRED_FOR_S3 && kind == Some(ArtifactsType::S3);
            return Ok(if required {
                Err(Failure::client(assumed::NO_PRIMARY.to_owned()))
            } else {
                Ok(())
            });
        };
        if kind == Some(ArtifactsType::NoArtifacts) {
            let text =
                "artifacts: the project says NO_ARTIFACTS, so the section counts for nothing";
            self.journal.emit(&Event::Note(text.to_owned()));
            return Ok(Ok(()));
        }
        // A name of our own, for one that borrows the build could not be used while the build works.
        let project = self.identity.project.clone();
        let unnamed = if kind.is_some() {
            &project
        } else {
            "artifacts"
        };
        let packaging = options.packaging;
        let primary = Item {
            identifier: None,
            folder: String::new(),
            definition: section,
            storage: Storage::new(defined, packaging, unnamed),
        };
        let nothing = Defined::default();
        let mut ledger = Ledger::default();
        let mut collected = self.collect(&primary, &mut ledger, session).await?;
        let mut missing = Vec::new();
        let mut taken = BTreeSet::new();
        for (identifier, definition) in &section.secondary {
            let identifier = identifier.value.as_str();
            if collected.is_err() {
                missing.push(identifier);
                continue;
            }
            let known = secondary(&options.project.project, identifier);
            let Some(defined) = known.or(kind.is_none().then_some(&nothing)) else {
                let message = format!("{} {identifier}", assumed::UNKNOWN_SECONDARY);
                collected = Err(Failure::client(message));
                continue;
            };
            // Not every machine tells `a` from `A`, and not every letter can be in a name.
            let mut folder = file_name(identifier);
            while !taken.insert(folder.to_ascii_lowercase()) {
                folder.push('_');
            }
            let item = Item {
                identifier: Some(identifier),
                folder,
                definition,
                storage: Storage::new(defined, packaging, identifier),
            };
            collected = self.collect(&item, &mut ledger, session).await?;
        }
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let text = format!("not collected after that failure: secondary artifacts {missing}");
            self.journal.emit(&Event::Warning(text));
        }
        match ledger.unpublished {
            Some(error) => Err(Halt::Error(error)),
            None => Ok(collected),
        }
    }

    async fn collect(
        &mut self,
        item: &Item<'_>,
        ledger: &mut Ledger,
        session: &mut Session,
    ) -> Result<Collected, Halt> {
        let keep_links = item.storage.knows_links();
        let chosen = self.choose(item.definition, item.identifier, keep_links, session);
        let (selection, links) = chosen.await?;
        for line in selection.log {
            self.journal.say(line);
        }
        if let Some(failure) = selection.failure {
            return Ok(Err(failure));
        }
        let key = self.key(item, session).await?;
        let is_first = self.is_new(item, &key, &mut ledger.keys);
        let own = match item.identifier {
            None => self.folder.file("artifacts"),
            Some(_) => self.folder.file(SECONDARY).join(&item.folder),
        };
        let place = join(&own, &key);
        let is_zip = item.storage.is_zip();
        let files = if is_zip {
            self.folder.file(".unpacked")
        } else {
            place.clone()
        };
        let fetched = self
            .fetch(selection.files, files.clone(), links, session)
            .await?;
        let (unpacked, problem) = fetched.parts();
        let mut stored = if !is_zip {
            Stored {
                place,
                packed: None,
                unpacked,
                problem,
            }
        } else if problem.is_none() && unpacked.missing.is_empty() {
            zip(files, unpacked, place, &own).await?
        } else {
            // Half a ZIP is of no use, the files themselves may be.
            keep(&files, unpacked, problem, &own)
        };
        if let Err(error) = self.publish_artifact(item, is_first, &own, &mut stored) {
            ledger.unpublished.get_or_insert(error);
        }
        self.note(item, &stored);
        match stored.problem {
            Some(error) => Err(Halt::Error(error)),
            None => Ok(match stored.unpacked.missing.first() {
                None => Ok(()),
                Some(first) => {
                    let first = artifacts::shown(first);
                    Err(Failure::client(format!("{} {first}", assumed::GONE)))
                }
            }),
        }
    }

    /// Moves an artifact to where the user wants it. What can't be moved stays, whole.
    fn publish_artifact(
        &mut self,
        item: &Item<'_>,
        is_first: bool,
        own: &Path,
        stored: &mut Stored,
    ) -> Result<()> {
        let Some(wanted) = self.options.artifacts.as_ref().filter(|_| own.exists()) else {
            return Ok(());
        };
        let to = match (item.identifier, &stored.packed) {
            (None, _) => wanted.clone(),
            (Some(_), Some(_)) if is_first => wanted.clone(),
            (Some(_), Some(_)) => return Ok(()),
            // Folders of several artifacts would become one.
            (Some(_), None) => wanted.join(SECONDARY).join(&item.folder),
        };
        let links = publish(own, &to)?;
        self.tell_of_links(&links);
        if let Ok(inside) = stored.place.strip_prefix(own) {
            stored.place = join(&to, inside);
        }
        Ok(())
    }

    pub(super) fn tell_of_links(&mut self, links: &[PathBuf]) {
        for link in links {
            let text = format!("{} was a link; a folder takes its place", link.display());
            self.journal.emit(&Event::Warning(text));
        }
    }

    /// The artifact's path below its folder.
    async fn key(&mut self, item: &Item<'_>, session: &mut Session) -> Result<PathBuf, Halt> {
        let mut name = None;
        if let Some(written) = &item.definition.name {
            if item.storage.takes_name() {
                name = session.evaluate(&written.value).await?;
                if name.as_deref().is_none_or(str::is_empty) {
                    self.journal.emit(&Event::Warning(format!(
                        "artifacts: the shell makes nothing of the name `{}`; the project's own is taken",
                        written.value
                    )));
                }
            } else {
                let text =
                    "artifacts: `name` counts only where the project says overrideArtifactName";
                self.journal.emit(&Event::Note(text.to_owned()));
            }
        }
        let name = name.map(|name| self.masks.rewrite(&name));
        let prefix = item.definition.s3_prefix.as_ref();
        let prefix = prefix.map(|prefix| prefix.value.as_str());
        let key = item
            .storage
            .key(&self.identity.uuid, name.as_deref(), prefix);
        if key.changed {
            self.journal.emit(&Event::Warning(format!(
                "artifacts: the name has parts that no file of this machine can have; it becomes `{}`",
                key.parts.join("/")
            )));
        }
        Ok(key.parts.iter().collect())
    }

    /// Whether no artifact before has this key in this bucket.
    fn is_new(
        &mut self,
        item: &Item<'_>,
        key: &Path,
        keys: &mut BTreeMap<(String, PathBuf), String>,
    ) -> bool {
        let name = item.identifier.unwrap_or("the primary one").to_owned();
        // The user's folder is one, whatever the buckets.
        let bucket = match self.options.artifacts {
            Some(_) => "",
            None => item.storage.bucket(),
        };
        let place = (bucket.to_owned(), key.to_owned());
        let Some(earlier) = keys.insert(place, name.clone()) else {
            return true;
        };
        if !key.as_os_str().is_empty() {
            self.journal.emit(&Event::Warning(format!(
                "artifacts: {earlier} and {name} are both stored as `{}`, where one takes the other's place; \
                 both are kept in the build's folder",
                key.display()
            )));
        }
        false
    }

    fn note(&mut self, item: &Item<'_>, stored: &Stored) {
        if stored.unpacked.written.is_empty() {
            return;
        }
        let place = BuildArtifacts {
            location: stored.place.display().to_string(),
            sha256sum: stored.packed.as_ref().map(|packed| packed.sha256.clone()),
            md5sum: stored.packed.as_ref().map(|packed| packed.md5.clone()),
            artifact_identifier: item.identifier.map(str::to_owned),
            ..BuildArtifacts::default()
        };
        self.journal.emit(&Event::ArtifactsCollected {
            identifier: place.artifact_identifier.clone(),
            location: place.location.clone(),
            files: stored.unpacked.written.len() as u64,
            bytes: stored.unpacked.bytes,
        });
        self.record.change(|build| build.note_artifacts(place));
    }
}

fn secondary<'a>(project: &'a Project, identifier: &str) -> Option<&'a Defined> {
    project.secondary_artifacts.iter().find(|defined| {
        let known = defined.identifier.as_ref();
        known.is_some_and(|known| known.value == identifier)
    })
}

/// Joining nothing would add a slash, with which no file can be opened.
fn join(folder: &Path, inside: &Path) -> PathBuf {
    if inside.as_os_str().is_empty() {
        folder.to_owned()
    } else {
        folder.join(inside)
    }
}

/// Makes a ZIP of the files; where that fails, they are kept as they are.
async fn zip(files: PathBuf, unpacked: Unpacked, place: PathBuf, own: &Path) -> Result<Stored> {
    let (from, to, written) = (files.clone(), place.clone(), unpacked.written.clone());
    let packing = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
        artifacts::pack(&from, &written, &to)
    });
    let packed = packing.await;
    match packed.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        Ok(packed) => {
            std::fs::remove_dir_all(&files).ok();
            Ok(Stored {
                place,
                packed: Some(packed),
                unpacked,
                problem: None,
            })
        }
        Err(error) => {
            let text = format!("{} can't be written: {error}", place.display());
            let error = Error::environment(text)
                .hint("the files themselves are kept beside it, in unpacked/");
            Ok(keep(&files, unpacked, Some(error), own))
        }
    }
}

/// Puts files in the place of the ZIP that could not be made of them.
fn keep(files: &Path, unpacked: Unpacked, problem: Option<Error>, own: &Path) -> Stored {
    let there = own.join("unpacked");
    std::fs::create_dir_all(own).ok();
    let moved = std::fs::rename(files, &there);
    Stored {
        place: moved.map_or(files.to_owned(), |()| there),
        packed: None,
        unpacked,
        problem,
    }
}
