//! Buildspecs in the JSON of `aws codebuild`: projects, builds, and what `--cli-input-json` takes.

use granit_parser::ScalarStyle;

use super::Gathered;
use super::scalar;
use super::tree::{Kind, Node};
use crate::source::Source;

/// Lists of projects or builds.
const LISTS: [&str; 3] = ["projects", "builds", "buildBatches"];
/// One of them.
const SINGLE: [&str; 3] = ["project", "build", "buildBatch"];

/// Whether a document has the shape of the API.
pub(super) fn is_api(root: &Node) -> bool {
    let listed = LISTS.iter().any(|key| {
        root.get(key)
            .is_some_and(|list| list.items().iter().any(|item| is_project(item)))
    });
    let single = SINGLE
        .iter()
        .any(|key| root.get(key).is_some_and(|node| is_project(node)));
    listed || single || is_project(root)
}

/// A project's or build's source is a mapping with a `type`; a buildspec has neither.
fn is_project(node: &Node) -> bool {
    let source = node.get("source");
    source.is_some_and(|source| source.get("type").is_some() || source.get("buildspec").is_some())
        || node.get("buildspecOverride").is_some()
}

/// Gathers the buildspecs of all projects and builds.
pub(super) fn gather(source: &Source, root: &Node, gathered: &mut Gathered) {
    let listed = LISTS.iter().filter_map(|key| root.get(key));
    let single = SINGLE.iter().filter_map(|key| root.get(key));
    let nodes = listed
        .flat_map(|list| list.items())
        .chain(single)
        .map(AsRef::as_ref)
        .chain([root]);
    for node in nodes.filter(|node| is_project(node)) {
        gathered.projects += 1;
        let inner = node
            .get("source")
            .and_then(|source| source.get("buildspec"));
        let outer = node.get("buildspecOverride");
        for value in [inner, outer].into_iter().flatten() {
            if let Kind::Scalar { text, style } = &value.kind {
                let mapped = scalar::mapped(source, text, *style, value.span);
                gathered.text(mapped, value.span, *style == ScalarStyle::Literal);
            }
        }
    }
}
