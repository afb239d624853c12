//! What a build leaves behind: which files, under which names, and how they reach the host.
//!
//! Selection is pure, over a list of paths: [`Request`] is a definition with its variables filled in, its
//! [`roots`](Request::roots) say what has to be listed, [`Tree`] is that list, [`select`] decides. Only
//! [`unpack`] and [`pack`] touch a disk. Everything that comes out of the container (names, archives) is hostile.

mod archive;
pub mod assumed;
mod braces;
mod folder;
mod left_out;
mod listing;
mod notes;
mod pack;
mod path;
mod pattern;
mod request;
mod select;
mod storage;
mod unpack;
mod variables;

pub use left_out::{LeftOut, Reason};
pub use listing::{Kind, Leads, ListingError, Root, Tree};
pub use notes::Notes;
pub use pack::{Packed, pack};
pub use path::shown;
pub use pattern::{Pattern, PatternError};
pub use request::Request;
pub use select::{Chosen, Failure, Selection, select};
pub use storage::{Key, Storage};
pub use unpack::{Rules, Unpacked, unpack};
pub use variables::{expand, variables_in};

#[cfg(test)]
mod tests;
