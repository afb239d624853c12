//! `buildspec agent`: the flags of AWS's `codebuild_build.sh`, translated to those of `run`.

use std::ffi::OsString;
use std::path::Path;

use clap::FromArgMatches as _;

use super::{Cli, Exit, Verb};
use crate::console::message;
use crate::error::Result;
use crate::script::quote;

/// Take the flags of AWS's script `codebuild_build.sh`: a drop-in for it.
///
/// As with the script, -h prints a usage and ends with 1; --help prints this.
#[derive(Debug, clap::Args)]
#[command(
    disable_help_flag = true,
    after_help = "\
Artifacts come as artifacts.zip in the -a folder, secondary ones as <id>.zip.
The exit status is that of `buildspec run`: 0 only if the build succeeded.

Examples:
  buildspec agent -i IMAGE -a out -s . -e build.env
  alias codebuild_build.sh='buildspec agent'"
)]
pub(super) struct Arguments {
    /// The build image; required.
    #[arg(short, value_name = "IMAGE")]
    i: Option<String>,
    /// The folder for artifacts.zip; required.
    #[arg(short, value_name = "DIR")]
    a: Option<String>,
    /// The primary source, by default the current folder; each further one is ID:DIR.
    #[arg(short, value_name = "DIR")]
    s: Vec<String>,
    /// The buildspec, relative to the source or to the current folder.
    #[arg(short, value_name = "FILE")]
    b: Option<String>,
    /// Variables, as VAR=VAL lines; quotes are part of the value.
    #[arg(short, value_name = "FILE")]
    e: Option<String>,
    /// The folder for reports.
    #[arg(short, value_name = "DIR")]
    r: Option<String>,
    /// Give the build this machine's AWS credentials and AWS_* variables.
    #[arg(short)]
    c: bool,
    /// With -c: the profile.
    #[arg(short, value_name = "PROFILE")]
    p: Option<String>,
    /// Let the build work on the source itself.
    #[arg(short)]
    m: bool,
    /// Give the container every privilege.
    #[arg(short)]
    d: bool,
    /// Passed over: no agent image is needed.
    #[arg(short, value_name = "IMAGE")]
    l: Option<String>,
    /// Print help.
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

/// How a command line ends before any build.
#[derive(Debug, PartialEq, Eq)]
enum Early {
    Usage,
    Wrong(Vec<String>),
}

/// As the script is called in its messages.
const NAME: &str = "codebuild_build.sh";

const USAGE: &str = "\
usage: codebuild_build.sh [-i image_name] [-a artifact_output_directory] [options]
Required:
  -i IMAGE  the build image
  -a DIR    the folder for artifacts.zip
Options:
  -s DIR    the primary source, by default the current folder; a further -s is <sourceIdentifier>:<sourceLocation>
  -b FILE   the buildspec, by default buildspec.yml of the source
  -e FILE   variables: VAR=VAL lines, # begins a comment, quotes are part of the value
  -r DIR    the folder for reports
  -c        this machine's AWS credentials and AWS_* variables
  -p NAME   with -c: the AWS profile
  -m        work on the source itself, not on a copy
  -d        privileged
  -l IMAGE  passed over
";

/// The arguments behind `agent`, which this verb reads by itself: as bash's `getopts` does, not as clap would.
pub(super) fn own(given: &[OsString]) -> Option<Vec<String>> {
    let (verb, rest) = given.get(1..)?.split_first()?;
    if verb != "agent" || rest.first().is_some_and(|first| first == "--help") {
        return None;
    }
    let text = |text: &OsString| text.to_string_lossy().into_owned();
    Some(rest.iter().map(text).collect())
}

pub(super) fn execute(given: &[String]) -> Result<Exit> {
    match getopts(given).and_then(required) {
        Ok(arguments) => run(&arguments),
        Err(Early::Usage) => {
            message::answer(USAGE);
            Ok(Exit::BuildFailed)
        }
        Err(Early::Wrong(lines)) => {
            message::print(&(lines.join("\n") + "\n"));
            Ok(Exit::BuildFailed)
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    if arguments.l.is_some() {
        message::print("-l is passed over: no agent image is needed\n");
    }
    let aws: Vec<String> = super::variables_beginning("AWS_")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let has_folder =
        super::variable_os("HOME").is_some_and(|home| Path::new(&home).join(".aws").is_dir());
    let command = translate(arguments, &aws, has_folder);
    let shown: Vec<String> = command.iter().map(|word| shown(word)).collect();
    message::print(&format!("Build Command:\n\n{}\n\n", shown.join(" ")));
    // AWS's script knows no variable of ours: what it is given is all that counts.
    let clap = super::command().mut_subcommand("run", |run| {
        run.mut_args(|arg| arg.env(None::<&'static str>))
    });
    let matches = clap.try_get_matches_from(&command);
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed.unwrap_or_else(|error| error.exit()).verb {
        Verb::Run(arguments) => super::run::execute(*arguments),
        other => unreachable!("translated to run, not {other:?}"),
    }
}

/// Reads flags up to the first word that is none, as the script does.
fn getopts(given: &[String]) -> core::result::Result<Arguments, Early> {
    let mut found = Arguments {
        i: None,
        a: None,
        s: Vec::new(),
        b: None,
        e: None,
        r: None,
        c: false,
        p: None,
        m: false,
        d: false,
        l: None,
        help: None,
    };
    // With `getopts`' own line, whose letter is not told to the script.
    let wrong = |what: &str, letter: char| {
        let own = format!("{NAME}: {what} -- {letter}");
        Err(Early::Wrong(vec![own, "Unknown option: -".to_owned()]))
    };
    let mut words = given.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word
            .strip_prefix('-')
            .filter(|rest| !rest.is_empty() && word != "--")
        else {
            break;
        };
        for (at, letter) in letters.char_indices() {
            match letter {
                'c' => found.c = true,
                'm' => found.m = true,
                'd' => found.d = true,
                'h' => return Err(Early::Usage),
                'i' | 'a' | 's' | 'b' | 'e' | 'r' | 'p' | 'l' => {
                    let rest = &letters[at + letter.len_utf8()..];
                    let value = if rest.is_empty() {
                        words.next().cloned()
                    } else {
                        Some(rest.to_owned())
                    };
                    let Some(value) = value else {
                        return wrong("option requires an argument", letter);
                    };
                    match letter {
                        'i' => found.i = Some(value),
                        'a' => found.a = Some(value),
                        's' => found.s.push(value),
                        'b' => found.b = Some(value),
                        'e' => found.e = Some(value),
                        'r' => found.r = Some(value),
                        'p' => found.p = Some(value),
                        _ => found.l = Some(value),
                    }
                    break;
                }
                letter => return wrong("illegal option", letter),
            }
        }
    }
    Ok(found)
}

fn required(found: Arguments) -> core::result::Result<Arguments, Early> {
    let mut lines = Vec::new();
    if found.i.is_none() {
        lines.push("The image name flag (-i) must be included for a build to run".to_owned());
    }
    if found.a.is_none() {
        lines.push("The artifact directory (-a) must be included for a build to run".to_owned());
    }
    if lines.is_empty() {
        Ok(found)
    } else {
        Err(Early::Wrong(lines))
    }
}

/// What `run` is told. `aws` are the names of the host's `AWS_*` variables.
fn translate(found: &Arguments, aws: &[String], has_aws_folder: bool) -> Vec<String> {
    let source = found.s.first().map_or(".", String::as_str);
    let mut command: Vec<String> = [
        "buildspec",
        "run",
        source,
        "--no-project",
        "--packaging",
        "zip",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut add = |flag: &str, value: &str| command.extend([flag.to_owned(), value.to_owned()]);
    add("--image", found.i.as_deref().unwrap_or_default());
    add("--artifacts", found.a.as_deref().unwrap_or_default());
    // As in builds by AWS's agent.
    add("--env", "CODEBUILD_LOCAL_BUILD=true");
    for further in found.s.iter().skip(1) {
        let (id, folder) = further.split_once(':').unwrap_or((further, further));
        add("--secondary-source", &format!("{id}={folder}"));
    }
    if let Some(file) = &found.b {
        add("--buildspec", &buildspec(source, file));
    }
    if let Some(file) = &found.e {
        add("--env-file", file);
    }
    if let Some(folder) = &found.r {
        add("--reports", folder);
    }
    if found.m {
        add("--source-mode", "mount");
    }
    if found.c {
        if let Some(profile) = &found.p {
            add("--profile", profile);
        }
        for name in aws.iter().filter(|name| !is_about_credentials(name)) {
            add("--env", name);
        }
    }
    if found.d {
        command.push("--privileged".to_owned());
    }
    if !found.c {
        command.push("--offline".to_owned());
    } else if has_aws_folder || aws.iter().any(|name| is_about_credentials(name)) {
        command.push("--aws-credentials".to_owned());
    }
    command
}

/// What credentials are made of, and where they are kept on this machine: the build gets the credentials themselves.
fn is_about_credentials(name: &str) -> bool {
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    ]
    .contains(&name)
}

/// The script's older versions meant a path in the source, the newer ones one in the current folder.
fn buildspec(source: &str, file: &str) -> String {
    if Path::new(source).join(file).exists() {
        return file.to_owned();
    }
    std::path::absolute(file).map_or(file.to_owned(), |path| path.display().to_string())
}

fn shown(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:=@,+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        message::harmless(&quote(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> core::result::Result<Arguments, Early> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        getopts(&words).and_then(required)
    }

    fn translated(line: &str) -> String {
        translate(
            &parsed(line).unwrap(),
            &["AWS_PROFILE".to_owned(), "AWS_REGION".to_owned()],
            false,
        )
        .join(" ")
    }

    fn complaint(line: &str) -> String {
        match parsed(line) {
            Err(Early::Wrong(lines)) => lines.join("\n"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn says_what_the_script_says() {
        let image = "The image name flag (-i) must be included for a build to run";
        let artifacts = "The artifact directory (-a) must be included for a build to run";
        for (line, expected) in [
            ("", format!("{image}\n{artifacts}")),
            ("-i x", artifacts.to_owned()),
            ("-a x", image.to_owned()),
            // The script reads no flag behind a word that is none.
            ("-i x word -a y", artifacts.to_owned()),
            ("-i x -- -a y", artifacts.to_owned()),
            (
                "-z",
                format!("{NAME}: illegal option -- z\nUnknown option: -"),
            ),
            (
                "-cz",
                format!("{NAME}: illegal option -- z\nUnknown option: -"),
            ),
            (
                "-a x -i",
                format!("{NAME}: option requires an argument -- i\nUnknown option: -"),
            ),
        ] {
            assert_eq!(complaint(line), expected, "{line}");
        }
        assert_eq!(parsed("-i x -h").unwrap_err(), Early::Usage);
    }

    #[test]
    fn flags_keep_their_meaning() {
        let start = "buildspec run . --no-project --packaging zip --image x --artifacts y --env CODEBUILD_LOCAL_BUILD=true";
        for (line, more) in [
            ("-i x -a y", "--offline"),
            ("-ix -ay -p q", "--offline"),
            ("-i old -a y -i x", "--offline"),
            ("-i x -a y -l z -d", "--privileged --offline"),
            (
                "-i x -a y -md",
                "--source-mode mount --privileged --offline",
            ),
            (
                "-i x -a y -e f.env -r reports",
                "--env-file f.env --reports reports --offline",
            ),
            (
                "-i x -a y -s . -s id:../d:e",
                "--secondary-source id=../d:e --offline",
            ),
            (
                "-i x -a y -c -p q",
                "--profile q --env AWS_REGION --aws-credentials",
            ),
        ] {
            assert_eq!(translated(line), format!("{start} {more}"), "{line}");
        }
    }

    #[test]
    fn finds_the_buildspec_in_source_or_current_folder() {
        let source = tempfile::tempdir().unwrap();
        std::fs::write(source.path().join("b.yml"), "").unwrap();
        let at = source.path().to_str().unwrap();
        assert_eq!(buildspec(at, "b.yml"), "b.yml");
        assert!(buildspec(at, "other.yml").ends_with("/other.yml"));
        assert_eq!(buildspec(at, "/x/b.yml"), "/x/b.yml");
    }

    #[test]
    fn leaves_help_to_clap() {
        let words = |line: &str| -> Vec<OsString> { line.split(' ').map(OsString::from).collect() };
        assert!(own(&words("buildspec agent --help")).is_none());
        assert!(own(&words("buildspec run -i x")).is_none());
        assert_eq!(own(&words("buildspec agent -h")).unwrap(), ["-h"]);
    }
}
