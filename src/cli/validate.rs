//! `buildspec validate`.

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::PathBuf;

use clap::ValueEnum;

use super::{Color, Exit};
use crate::console::{Verbosity, message};
use crate::diagnostic::Severity;
use crate::error::Result;
use crate::lint;
use crate::shellcheck::Shellcheck;
use crate::validate::selection::{self, Selection};
use crate::validate::{Fix, Format, Options, Status, catalogue, validate};

/// Check buildspecs without running anything.
///
/// Also those inside CloudFormation templates, the JSON of `aws codebuild`, and Terraform files.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  buildspec validate                       the buildspec*.yml below this folder
  buildspec validate ci/*.yml main.tf      several files
  git show HEAD:buildspec.yml | buildspec validate -
  buildspec validate --fix --dry-run       what could be mended, as a diff

Exit status:
  0  nothing at or above --fail-on   3  a finding at or above it
  2  wrong usage                     4  a file can't be read")]
pub(super) struct Arguments {
    /// Files to check; `-` reads standard input, a folder stands for the buildspec*.yml below it [default: .]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// How findings are written.
    #[arg(long, value_enum, default_value_t, env = "BUILDSPEC_FORMAT")]
    format: FormatName,

    /// The least severity with which a finding makes the check fail.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "SEVERITY",
        env = "BUILDSPEC_FAIL_ON"
    )]
    fail_on: FailOn,

    /// Look for these rules only: names, groups, severities.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "RULE",
        env = "BUILDSPEC_SELECT"
    )]
    select: Vec<String>,

    /// Leave these rules out: names, groups, severities.
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "RULE",
        env = "BUILDSPEC_IGNORE"
    )]
    ignore: Vec<String>,

    /// The build's image, whose shell and runtimes are then known.
    #[arg(short, long, value_name = "IMAGE", env = "BUILDSPEC_IMAGE")]
    image: Option<String>,

    /// Let ShellCheck look at the commands: `auto` (where it is on PATH), `never`, or the program to run.
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "auto",
        env = "BUILDSPEC_SHELLCHECK"
    )]
    shellcheck: PathBuf,

    /// Mend what has one safe mending, and leave every other byte as it is.
    #[arg(long)]
    fix: bool,

    /// With --fix: print the changes as a diff instead.
    #[arg(long, requires = "fix")]
    dry_run: bool,

    /// Say what a rule is about, with an example.
    #[arg(long, value_name = "RULE", exclusive = true)]
    explain: Option<String>,

    /// Print all rules.
    #[arg(long, exclusive = true)]
    list_rules: bool,

    /// When to use colours.
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "BUILDSPEC_COLOR",
        value_name = "WHEN"
    )]
    color: Color,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FormatName {
    /// For people
    #[default]
    Human,
    /// One document, see docs/validate.md
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub Actions run
    Github,
    /// A report of failed tests
    Junit,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum FailOn {
    #[default]
    Error,
    Warning,
    Note,
    Never,
}

pub(super) fn execute(arguments: &Arguments) -> Result<Exit> {
    if arguments.list_rules {
        message::answer(&list());
        return Ok(Exit::Success);
    }
    if let Some(name) = &arguments.explain {
        let rules = catalogue::rules();
        let rule = rules.iter().find(|rule| rule.id == name);
        let rule = rule.ok_or_else(|| selection::unknown(name, &rules))?;
        message::answer(&rule.explain());
        return Ok(Exit::Success);
    }
    let options = options(arguments)?;
    let mut answer = BufWriter::with_capacity(1 << 16, message::Answer::default());
    let status = validate(
        &arguments.files,
        &mut std::io::stdin(),
        &options,
        &mut answer,
    );
    answer.flush().ok();
    Ok(match status? {
        Status::Clean => Exit::Success,
        Status::Errors => Exit::Invalid,
    })
}

fn options(arguments: &Arguments) -> Result<Options> {
    let style = super::style(
        arguments.color,
        std::io::stdout().is_terminal(),
        Verbosity::Normal,
    );
    let rules = catalogue::rules();
    Ok(Options {
        format: match arguments.format {
            FormatName::Human => Format::Human,
            FormatName::Json => Format::Json,
            FormatName::Sarif => Format::Sarif,
            FormatName::Github => Format::GitHub,
            FormatName::Junit => Format::JUnit,
        },
        styled: style.color,
        width: style.width,
        fail_on: match arguments.fail_on {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        },
        selection: Selection::new(&arguments.select, &arguments.ignore, rules)?,
        lint: lint::Options {
            image: arguments.image.clone(),
        },
        shellcheck: match arguments.shellcheck.to_str() {
            Some("auto") => Shellcheck::Auto,
            Some("never") => Shellcheck::Never,
            _ => Shellcheck::Program(arguments.shellcheck.clone()),
        },
        fix: match (arguments.fix, arguments.dry_run) {
            (false, _) => Fix::No,
            (true, false) => Fix::Write,
            (true, true) => Fix::Show,
        },
    })
}

/// One line a rule: name, group, severity, what it is.
fn list() -> String {
    let rules = catalogue::rules();
    let longest = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    rules
        .iter()
        .map(|rule| {
            format!(
                "{:longest$}  {:8}  {:7}  {}\n",
                rule.id,
                rule.group,
                rule.severity.name(),
                rule.summary
            )
        })
        .collect()
}
