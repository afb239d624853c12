//! The first script in a new container: its folders, the source's owner, and the proof that it is this host's source.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::container::Rung;
use super::{Plan, Tree};
use crate::error::{Error, Result};
use crate::inside;
use crate::script::quote;

/// The file of the proof, beside the commands.
const WORD: &str = ".buildspec-proof";
/// Nobody else here gets through the folder around it to what a build may write into this one, as root.
const INNER: &str = "bin";

/// A word in a file of this build's folder that the container has to show, beside the commands that every build has: the
/// folder that is mounted as the last of a build's `PATH`.
///
/// One mount, as each costs a start 2 % of its time, and copying them more than that. The folder is gone from the host
/// when this is dropped.
#[derive(Debug)]
pub(super) struct Proof {
    word: String,
    outer: tempfile::TempDir,
}

impl Proof {
    pub(super) fn make(plan: &Plan) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::environment(format!(
                "{} can't be written: {error}",
                plan.build_folder.display()
            ))
        };
        let word = uuid::Uuid::new_v4().simple().to_string();
        let outer = tempfile::Builder::new()
            .prefix(".proof-")
            .tempdir_in(&plan.build_folder)
            .map_err(failed)?;
        let folder = outer.path().join(INNER);
        std::fs::create_dir(&folder).map_err(failed)?;
        // An engine with user namespaces has a root that is a stranger.
        std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).map_err(failed)?;
        std::fs::write(folder.join(WORD), format!("{word}\n")).map_err(failed)?;
        inside::write(&folder).map_err(failed)?;
        Ok(Self { word, outer })
    }

    /// The folder that is mounted, on the host.
    pub(super) fn folder(&self) -> PathBuf {
        self.outer.path().join(INNER)
    }
}

/// Its last line is `ready`, or says what is wrong.
pub(super) fn script(plan: &Plan, rung: Rung, proof: Option<&Proof>) -> String {
    let mut text = format!(
        "PATH=$PATH:/usr/bin:/bin\n[ -d {bin} ] || mkdir -p {bin} || exit\n",
        bin = quote(&plan.layout.bin())
    );
    if let Some(proof) = proof {
        text.push_str(&format!(
            "IFS= read -r word < {}\n[ \"$word\" = {} ] || {{ echo foreign; exit; }}\n",
            quote(&format!("{}/{WORD}", plan.layout.bin())),
            proof.word
        ));
        // The proof shows that the engine sees this host's files, but not that a volume shows them: Podman makes an
        // empty one, and says nothing.
        for tree in &plan.trees {
            text.push_str(&names_are_there(plan, tree));
        }
    }
    match rung {
        Rung::Overlay { .. } => {
            for tree in &plan.trees {
                text.push_str(&hidden_is_hidden(plan, tree));
                text.push_str(&give_to_root(tree));
            }
        }
        // The host's files keep their owners: Git has to be told.
        Rung::Mount => text.push_str(
            "if command -v git >/dev/null; then git config --system --add safe.directory '*'; fi\n",
        ),
        Rung::Copy => {}
    }
    text.push_str("echo ready\n");
    text
}

/// Git refuses a tree that belongs to someone else. A few inodes, never the whole tree, and only where it is needed.
fn give_to_root(tree: &Tree) -> String {
    let below = tree.owned.iter().map(|path| format!("{}/{path}", tree.to));
    std::iter::once(tree.to.clone())
        .chain(below)
        .map(|path| quote(&path))
        .map(|path| format!("[ ! -e {path} ] || [ -O {path} ] || chown 0:0 {path} 2>/dev/null\n"))
        .collect()
}

fn hidden_is_hidden(plan: &Plan, tree: &Tree) -> String {
    let hidden = tree.hidden(plan);
    hidden
        .iter()
        .filter_map(|path| path.to_str())
        .map(|path| quote(&format!("{}/{path}", tree.to)))
        .map(|path| format!("[ ! -e {path} ] && [ ! -L {path} ] || {{ echo unmasked; exit; }}\n"))
        .collect()
}

fn names_are_there(plan: &Plan, tree: &Tree) -> String {
    let hidden = crate::hidden::paths(&tree.from, &plan.output);
    let entries = std::fs::read_dir(&tree.from)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !hidden.contains(&entry.path()));
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .take(20)
        .map(|name| quote(&format!("{}/{name}", tree.to)))
        .map(|path| format!("[ -e {path} ] || [ -L {path} ] || {{ echo foreign; exit; }}\n"))
        .collect()
}
