//! `JACOCOXML`: `report/(group/)package/sourcefile`. Only a source file's own lines and counters are read; those of
//! classes and methods repeat them.

use super::coverage::{Coverage, FileCounts, FileId, Part};
use super::fault::Fault;
use super::xml::{Attributes, Node, Xml};

/// Names of the root.
pub(super) const ROOTS: &[&str] = &["report"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, coverage: &mut Coverage) -> Result<(), Fault> {
    let mut package = String::new();
    let mut file: Option<FileId> = None;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => {
                let attributes = element.attributes();
                match (element.name(), file) {
                    ("package", _) => package = attributes.text("name")?.into_owned(),
                    ("sourcefile", _) => {
                        let name = attributes.text("name")?;
                        let joined = if package.is_empty() {
                            name.into_owned()
                        } else {
                            format!("{package}/{name}")
                        };
                        file = Some(coverage.open(&joined));
                    }
                    ("line", Some(file)) => line(attributes, coverage.file(file))?,
                    ("counter", Some(file)) => counter(attributes, coverage.file(file))?,
                    _ => {}
                }
            }
            Node::End(closing) if closing.name() == "sourcefile" => file = None,
            Node::End(_) | Node::Text(_) | Node::Other => {}
        }
    }
    Ok(())
}

/// A line is covered when any of its instructions is; that is what the LINE counter counts.
fn line(attributes: Attributes<'_>, file: &mut FileCounts) -> Result<(), Fault> {
    let Ok(number) = attributes.text("nr")?.parse() else {
        return Ok(());
    };
    file.line(number, attributes.number("ci")? > 0);
    file.branches_of(number, part(attributes, "cb", "mb")?);
    Ok(())
}

fn counter(attributes: Attributes<'_>, file: &mut FileCounts) -> Result<(), Fault> {
    let part = part(attributes, "covered", "missed")?;
    match &*attributes.text("type")? {
        "LINE" => file.total_lines(part),
        "BRANCH" => file.total_branches(part),
        _ => {}
    }
    Ok(())
}

fn part(attributes: Attributes<'_>, covered: &str, missed: &str) -> Result<Part, Fault> {
    let covered = attributes.number(covered)?;
    Ok(Part {
        covered,
        total: covered.saturating_add(attributes.number(missed)?),
    })
}
