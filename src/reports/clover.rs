//! `CLOVERXML`: `coverage/project/(package/)file/line`, the branches in the file's own `metrics`.

use super::coverage::{Coverage, FileCounts, FileId, Part};
use super::fault::Fault;
use super::xml::{Attributes, Node, Xml};

/// Names of the root.
pub(super) const ROOTS: &[&str] = &["coverage"];

/// Reads one document.
pub(super) fn read(xml: &mut Xml<'_>, coverage: &mut Coverage) -> Result<(), Fault> {
    let mut file: Option<FileId> = None;
    // Classes have metrics of their own inside the file's element.
    let mut in_class = false;
    while let Some(node) = xml.next()? {
        match node {
            Node::Start(element) => {
                let attributes = element.attributes();
                match (element.name(), file) {
                    ("file", _) => {
                        let name = match attributes.get("path")? {
                            Some(path) => path,
                            None => attributes.text("name")?,
                        };
                        file = Some(coverage.open(&name));
                    }
                    ("class", Some(_)) => in_class = true,
                    ("line", Some(file)) => line(attributes, coverage.file(file))?,
                    ("metrics", Some(file)) if !in_class => {
                        metrics(attributes, coverage.file(file))?;
                    }
                    _ => {}
                }
            }
            Node::End(closing) => match closing.name() {
                "file" => file = None,
                "class" => in_class = false,
                _ => {}
            },
            Node::Text(_) | Node::Other => {}
        }
    }
    Ok(())
}

/// Statements and conditions are lines of code; a method's line counts its calls.
fn line(attributes: Attributes<'_>, file: &mut FileCounts) -> Result<(), Fault> {
    let hit = match &*attributes.text("type")? {
        "stmt" => attributes.number("count")? > 0,
        "cond" => {
            let taken = attributes.number("truecount")? + attributes.number("falsecount")?;
            attributes.number("count")?.max(taken) > 0
        }
        _ => return Ok(()),
    };
    if let Ok(number) = attributes.text("num")?.parse() {
        file.line(number, hit);
    }
    Ok(())
}

fn metrics(attributes: Attributes<'_>, file: &mut FileCounts) -> Result<(), Fault> {
    file.total_lines(Part {
        covered: attributes.number("coveredstatements")?,
        total: attributes.number("statements")?,
    });
    file.total_branches(Part {
        covered: attributes.number("coveredconditionals")?,
        total: attributes.number("conditionals")?,
    });
    Ok(())
}
