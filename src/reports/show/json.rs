//! The documents as they are kept, in one list.

use crate::reports::model::ReportDocument;

/// A JSON array.
pub(super) fn json(documents: &[ReportDocument]) -> String {
    // These types have no map with odd keys and no float but finite ones: nothing can be refused.
    serde_json::to_string_pretty(documents).unwrap_or_default() + "\n"
}
