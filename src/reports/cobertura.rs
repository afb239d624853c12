//! `COBERTURAXML`: `class` elements with a file name; methods repeat their class's lines.

use super::coverage::{Coverage, FileCounts, FileId, Part};
use super::fault::Fault;
use super::xml::{Attributes, Node, Xml};

/// Names of the root.
pub(super) const ROOTS: &[&str] = &["coverage"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, coverage: &mut Coverage) -> Result<(), Fault> {
    let mut file: Option<FileId> = None;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => match (element.name(), file) {
                ("class", _) => {
                    let name = element.attributes().text("filename")?;
                    file = Some(coverage.open(&name));
                }
                ("line", Some(file)) => {
                    line(element.attributes(), coverage.file(file))?;
                }
                _ => {}
            },
            Node::End(closing) if closing.name() == "class" => file = None,
            Node::End(_) | Node::Text(_) | Node::Other => {}
        }
    }
    Ok(())
}

fn line(attributes: Attributes<'_>, file: &mut FileCounts) -> Result<(), Fault> {
    let Ok(number) = attributes.text("number")?.parse() else {
        return Ok(());
    };
    file.line(number, attributes.number("hits")? > 0);
    if attributes.text("branch")?.eq_ignore_ascii_case("true") {
        file.branches_of(number, conditions(&attributes.text("condition-coverage")?));
    }
    Ok(())
}

/// `50% (1/2)`.
fn conditions(text: &str) -> Part {
    let counts = || -> Option<Part> {
        let (_, counts) = text.split_once('(')?;
        let (covered, total) = counts.split_once(')')?.0.split_once('/')?;
        Some(Part {
            covered: covered.trim().parse().ok()?,
            total: total.trim().parse().ok()?,
        })
    };
    counts().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn condition_coverage() {
        let part = |covered, total| Part { covered, total };
        assert_eq!(conditions("50% (1/2)"), part(1, 2));
        assert_eq!(conditions("100%"), part(0, 0));
        assert_eq!(conditions("(x/y)"), part(0, 0));
    }
}
