//! What a step of GitHub Actions can say to its page.

use std::path::Path;

use super::message::harmless;
use crate::engine::event::Place;

/// Lines up to [`END_GROUP`] are folded under this title.
pub(super) fn group(title: &str) -> String {
    format!("::group::{}\n", data(title))
}

pub(super) const END_GROUP: &str = "::endgroup::\n";

/// An annotation; GitHub makes a file's absolute path relative to the repository.
pub(super) fn error(source: &Path, place: Option<&Place>, title: &str, message: &str) -> String {
    let mut properties = format!("title={}", property(title));
    if let Some(place) = place.filter(|place| !place.file.starts_with('<')) {
        let file = source.join(&place.file).display().to_string();
        properties = format!(
            "file={},line={},col={},{properties}",
            property(&file),
            place.line,
            place.column
        );
    }
    format!("::error {properties}::{}\n", data(message))
}

/// Lines of ours with a mark before what would else be a command: in front of our own commands there are no blanks.
pub(super) fn quoted(text: &[u8], mark: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let text = line.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let bare = text.trim_start();
        let (blanks, rest) = line.split_at(text.len() - bare.len());
        out.extend_from_slice(blanks);
        if !blanks.is_empty() && (bare.starts_with("::") || bare.starts_with("##[")) {
            out.extend_from_slice(mark.as_bytes());
        }
        out.extend_from_slice(rest);
    }
    out
}

fn data(text: &str) -> String {
    harmless(text).replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_an_annotation() {
        let place = Place {
            file: "a,b.yml".to_owned(),
            line: 3,
            column: 9,
            excerpt: String::new(),
        };
        assert_eq!(
            error(
                Path::new("/w"),
                Some(&place),
                "100%: bad",
                "one\ntwo\r::stop"
            ),
            "::error file=/w/a%2Cb.yml,line=3,col=9,title=100%25%3A bad::one%0Atwo\\r::stop\n"
        );
        assert_eq!(
            quoted(
                b"::group::X\n  $ a\n  \t::set-env name=X::y\n ##[error]z\n  a::b\n",
                "| "
            ),
            b"::group::X\n  $ a\n  \t| ::set-env name=X::y\n | ##[error]z\n  a::b\n"
        );
        assert_eq!(group("BUILD\n::x"), "::group::BUILD%0A::x\n");
    }
}
