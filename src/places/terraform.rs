//! Buildspecs in Terraform: heredocs, strings, and `jsonencode` or `yamlencode` of literals.

mod encode;
pub(crate) mod template;

use std::collections::HashMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall};
use hcl_edit::structure::{Block, Body};

use super::Gathered;
use super::mapped::Mapped;
use crate::diagnostic::{Finding, Severity};
use crate::source::{Source, Span};

const PROJECT: &str = "aws_codebuild_project";
const ATTRIBUTE: &str = "buildspec";

/// `local.x` may stand for `local.y`, but not for ever.
const MOST_LOCALS: usize = 8;

/// How a project's block begins.
const BLOCK: &str = "resource \"aws_codebuild_project\"";

/// Whether a file is Terraform: by its name, or by what only Terraform looks like.
pub(crate) fn is_terraform(name: &str, text: &str) -> bool {
    let named = [".tf", ".tofu", ".hcl"]
        .iter()
        .any(|end| name.ends_with(end));
    named
        || text.contains(BLOCK)
            && text
                .lines()
                .any(|line| line.starts_with(BLOCK) && line.trim_end().ends_with('{'))
}

/// Gathers the buildspecs of all blocks.
pub(super) fn gather(source: &Source, gathered: &mut Gathered) {
    match source.text().parse::<Body>() {
        Ok(body) => {
            let mut file = File {
                source,
                gathered,
                locals: HashMap::new(),
            };
            file.remember(&body);
            file.body(&body, false);
        }
        Err(error) => {
            let place = error.location();
            let line = source.line_start(place.line());
            let at = source
                .text()
                .floor_char_boundary(line + place.column().saturating_sub(1));
            gathered.findings.push(
                Finding::new(
                    "container-syntax",
                    Severity::Error,
                    "this file is not Terraform's language, so its buildspecs can't be found",
                    Span::new(at, at),
                )
                .label(error.message().to_owned()),
            );
        }
    }
}

struct File<'a, 'e> {
    source: &'a Source,
    gathered: &'a mut Gathered,
    locals: HashMap<String, &'e Expression>,
}

impl<'e> File<'_, 'e> {
    fn remember(&mut self, body: &'e Body) {
        for block in body
            .blocks()
            .filter(|block| block.ident.as_str() == "locals")
        {
            for local in block.body.attributes() {
                self.locals
                    .insert(local.key.as_str().to_owned(), &local.value);
            }
        }
    }

    /// `inside` is below a CodeBuild project.
    fn body(&mut self, body: &'e Body, inside: bool) {
        for attribute in body.attributes() {
            if attribute.key.as_str() == ATTRIBUTE {
                self.buildspec(&attribute.value, inside, 0);
            }
        }
        for block in body
            .blocks()
            .filter(|block| block.ident.as_str() != "locals")
        {
            let project = is_project(block);
            self.gathered.projects += usize::from(project);
            self.body(&block.body, inside || project);
        }
    }

    /// Elsewhere than in a project, `buildspec` may mean anything: what can't be evaluated is passed over.
    fn buildspec(&mut self, value: &'e Expression, inside: bool, depth: usize) {
        let place = span(value);
        match value {
            Expression::Parenthesis(inner) => self.buildspec(inner.inner(), inside, depth),
            Expression::Conditional(branches) => {
                self.buildspec(&branches.true_expr, inside, depth);
                self.buildspec(&branches.false_expr, inside, depth);
            }
            Expression::String(_) | Expression::StringTemplate(_) => {
                if let Some(text) = template::mapped(self.source, value) {
                    self.gathered.text(text, place, false);
                }
            }
            Expression::HeredocTemplate(_) => match template::mapped(self.source, value) {
                Some(text) => self.gathered.text(text, place, true),
                None => self.gathered.not_evaluated(
                    first_line(self.source, place),
                    "a buildspec with `%{ ... }` in it",
                ),
            },
            Expression::FuncCall(call) => self.call(call, place, inside),
            Expression::Null(_) => {}
            _ => match self.local(value) {
                Some(local) if depth < MOST_LOCALS => self.buildspec(local, inside, depth + 1),
                _ if inside => self
                    .gathered
                    .not_evaluated(place, "the project's buildspec"),
                _ => {}
            },
        }
    }

    fn call(&mut self, call: &FuncCall, place: Span, inside: bool) {
        let name = call.name.name.as_str();
        let argument = call.args.iter().next();
        match (name, argument) {
            ("jsonencode", Some(argument)) => {
                let mut text = Mapped::default();
                encode::json(self.source, argument, &mut text);
                self.encoded(text);
            }
            ("yamlencode", Some(argument)) => {
                let mut text = Mapped::default();
                encode::yaml(self.source, argument, &mut text);
                self.encoded(text);
            }
            ("file", Some(path)) => {
                if let Some(path) = template::mapped(self.source, path) {
                    self.gathered.paths.push(path.text().to_owned());
                }
            }
            _ if inside => {
                let what = format!("a buildspec that comes from `{name}`");
                self.gathered
                    .not_evaluated(first_line(self.source, place), &what);
            }
            _ => {}
        }
    }

    fn encoded(&mut self, text: Mapped) {
        self.gathered.note_unknown(&text);
        self.gathered
            .inlines
            .push(super::Inline { text, block: false });
    }

    /// The expression that `local.name` stands for, when it is in this file.
    fn local(&self, value: &Expression) -> Option<&'e Expression> {
        let Expression::Traversal(traversal) = value else {
            return None;
        };
        let Expression::Variable(variable) = &traversal.expr else {
            return None;
        };
        let [operator] = traversal.operators.as_slice() else {
            return None;
        };
        let hcl_edit::expr::TraversalOperator::GetAttr(name) = operator.value() else {
            return None;
        };
        (variable.as_str() == "local")
            .then(|| self.locals.get(name.as_str()).copied())
            .flatten()
    }
}

fn is_project(block: &Block) -> bool {
    block.ident.as_str() == "resource"
        && block
            .labels
            .first()
            .is_some_and(|label| label.as_str() == PROJECT)
}

/// The bytes of an expression.
fn span(expression: &Expression) -> Span {
    let range = expression.span().unwrap_or_default();
    Span::new(range.start, range.end)
}

fn first_line(source: &Source, span: Span) -> Span {
    let text = source.text().get(span.range()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    Span::new(span.start, span.start + line.trim_end().len())
}
