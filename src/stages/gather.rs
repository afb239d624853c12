//! Which files a definition means: listed at the build's side, chosen at ours.

use std::sync::Arc;

use tokio::sync::Notify;

use super::fetch::Links;
use crate::artifacts::{self, Request, Root, Selection, Tree};
use crate::buildspec::model::Artifacts;
use crate::engine::event::Event;
use crate::error::Error;
use crate::run::{Build, Halt};
use crate::runtime::Sink;
use crate::runtime::session::Session;
use crate::script;

impl Build<'_> {
    /// Decides which files a definition means, in the build's final state. `keep_links` says whether links can be kept
    /// as such; what comes of them stands beside the selection.
    pub(super) async fn choose(
        &mut self,
        definition: &Artifacts,
        identifier: Option<&str>,
        keep_links: bool,
        session: &mut Session,
    ) -> Result<(Selection, Links), Halt> {
        let values = session.variables(&Request::variables(definition)).await?;
        let lookup = |name: &str| {
            let found = values.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        };
        let request = Request::new(definition, identifier, keep_links, lookup);
        let source = session.layout().source().into_bytes();
        let roots = request.roots(&source);
        let tree = list(&roots, session).await?;
        let mut selection = artifacts::select(&request, &source, &tree);
        let links = if request.keeps_links() {
            Links::Keep(std::mem::take(&mut selection.loose))
        } else {
            Links::Follow
        };
        for warning in selection.warnings.lines() {
            self.journal.emit(&Event::Warning(warning));
        }
        Ok((selection, links))
    }
}

/// As many bytes of names as a list may have: some millions of files. A build can replace `find` by what never ends.
const LONGEST_LIST: usize = 256 << 20;

async fn list(roots: &[Root], session: &mut Session) -> Result<Tree, Halt> {
    let arguments: Vec<String> = Root::arguments(roots)
        .iter()
        .map(|argument| script::quote(&String::from_utf8_lossy(argument)))
        .collect();
    let text = format!(
        "exec 2>/dev/null\nset -- {}\n{}",
        arguments.join(" "),
        Root::SCRIPT
    );
    let mut listing = Listing::default();
    let too_long = Arc::clone(&listing.too_long);
    tokio::select! {
        told = session.tell("/bin/sh", &text, &mut listing) => told?,
        () = too_long.notified() => {
            let text = "the build's files can't be listed: their names are more than 256 MiB";
            return Err(Error::environment(text).into());
        }
    };
    Ok(Tree::parse(roots, &listing.bytes).map_err(|error| {
        Error::environment(format!("the build's files can't be listed: {error}"))
    })?)
}

#[derive(Default)]
struct Listing {
    bytes: Vec<u8>,
    too_long: Arc<Notify>,
}

impl Sink for Listing {
    fn write(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > LONGEST_LIST {
            self.too_long.notify_one();
        } else {
            self.bytes.extend_from_slice(bytes);
        }
    }
}
