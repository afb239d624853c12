//! Findings about a buildspec inside another file, at their places in that file.

use crate::diagnostic::{Finding, Label};
use crate::places::Inline;
use crate::source::Span;

/// The finding with places in the outer file; `None` when it depends on what is not known.
pub(super) fn outer(finding: &Finding, inline: &Inline) -> Option<Finding> {
    let text = &inline.text;
    if text.is_unknown(finding.primary.span) {
        return None;
    }
    let label = |label: &Label| Label {
        span: text.outer(label.span),
        message: label.message.clone(),
    };
    Some(Finding {
        primary: label(&finding.primary),
        related: finding.related.iter().map(label).collect(),
        edits: edits(finding, inline).unwrap_or_default(),
        ..finding.clone()
    })
}

/// All of the edits, or none.
fn edits(finding: &Finding, inline: &Inline) -> Option<Vec<(Span, String)>> {
    let writable = |(span, new): &(Span, String)| {
        let plain = !new.contains(['\n', '$', '%']);
        (inline.block && plain && inline.text.is_copy(*span))
            .then(|| (inline.text.outer(*span), new.clone()))
    };
    finding.edits.iter().map(writable).collect()
}
