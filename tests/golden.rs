//! Each folder of `fixtures/builds` is built in each runtime its `case` file names, and compared
//! with what `CodeBuild` would say: `docker::g01-two-commands`, `host::g01-two-commands`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Condvar, LazyLock, Mutex};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use regex::Regex;
use serde_json::Value;
use walkdir::WalkDir;

use harness::{Emulator, Output, Runtime, difference, leftovers, normalise};

#[path = "integration/harness.rs"]
mod harness;

/// Builds in containers that may run side by side.
const CONTAINERS: usize = 2;

/// What a fixture's folder holds beside the source.
const RESERVED: [&str; 5] = [
    "beside",
    "case",
    "expected.log",
    "expected-artifacts",
    "expected-secondary",
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/builds");
    let mut folders: Vec<PathBuf> = fs::read_dir(&cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();

    let mut trials = Vec::new();
    let mut loud = BTreeSet::new();
    for folder in folders {
        let case = Case::read(&folder);
        for &runtime in &case.runtimes {
            let missing = case.missing(runtime);
            let name = format!("{}::{}", runtime.name(), case.name);
            let case = case.clone();
            let ignored = missing.is_some();
            loud.extend(missing.map(|why| format!("{} builds: {why}", runtime.name())));
            trials.push(Trial::test(name, move || case.check(runtime)).with_ignored_flag(ignored));
        }
    }
    if !arguments.list {
        for line in loud {
            harness::say_loudly(&format!("NOT TESTED: {line}"));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A fixture and what its `case` file says of it.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    folder: PathBuf,
    /// The build's status as the API names it.
    status: String,
    exit: i32,
    runtimes: Vec<Runtime>,
    /// The shell whose messages the log quotes.
    shell: Option<String>,
    /// Whether each run's log and artifacts differ, by times or checksums: then neither is compared.
    varies: bool,
    /// Further arguments of `run`; `@` is the fixture's folder `beside`, whose files are not part of the source.
    arguments: Vec<String>,
    /// The longest the build may take.
    seconds: Option<u64>,
    /// The name of the source's folder.
    directory: String,
    /// Whether the source is a Git work tree.
    git: bool,
    /// The user that the source belongs to.
    owner: Option<u32>,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let mut case = Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            status: String::new(),
            exit: 0,
            runtimes: Vec::new(),
            shell: None,
            varies: false,
            arguments: Vec::new(),
            seconds: None,
            directory: "source".to_owned(),
            git: false,
            owner: None,
        };
        let text = fs::read_to_string(folder.join("case"))
            .unwrap_or_else(|error| panic!("{}/case: {error}", folder.display()));
        for line in text.lines() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once(": ").unwrap();
            match key {
                "status" => value.clone_into(&mut case.status),
                "exit" => case.exit = value.parse().unwrap(),
                "runtimes" => case.runtimes = value.split(' ').map(runtime).collect(),
                "shell" => case.shell = Some(value.to_owned()),
                "log" => case.varies = value == "varies",
                "arguments" => {
                    let beside = folder.join("beside").to_string_lossy().into_owned();
                    let arguments = value.split(' ').map(|word| word.replace('@', &beside));
                    case.arguments = arguments.collect();
                }
                "seconds" => case.seconds = Some(value.parse().unwrap()),
                "directory" => value.clone_into(&mut case.directory),
                "git" => case.git = value == "yes",
                "owner" => case.owner = Some(value.parse().unwrap()),
                _ => panic!("{}/case: unknown key `{key}`", folder.display()),
            }
        }
        case
    }

    /// What the case needs and this machine lacks.
    fn missing(&self, runtime: Runtime) -> Option<String> {
        if runtime == Runtime::Docker {
            return harness::docker().err();
        }
        let shell = self.shell.as_deref().filter(|&shell| match shell {
            "dash" => !fs::canonicalize("/bin/sh").is_ok_and(|path| path.ends_with("dash")),
            program => !answers(program),
        });
        match shell {
            Some("dash") => Some("`/bin/sh` is not dash".to_owned()),
            Some(shell) => Some(format!("`{shell}` is missing")),
            None => (self.git && !answers("git")).then(|| "`git` is missing".to_owned()),
        }
    }

    fn check(&self, runtime: Runtime) -> Result<(), Failed> {
        let _turn = (runtime == Runtime::Docker).then(Turn::take);
        let place = tempfile::tempdir().unwrap();
        let source = place.path().join(&self.directory);
        self.lay_out(&source);
        let before = Tree::of(&source);

        let mut emulator = Emulator::run(&source, runtime);
        emulator.command.args(&self.arguments);
        if let Some(seconds) = self.seconds {
            emulator.limit = Duration::from_secs(seconds);
        }
        let output = emulator.finish();

        let kept = fs::canonicalize(source.join(".buildspec/latest"))
            .unwrap_or_else(|_| source.join(".buildspec/latest"));
        let mut problems = self.judge_log(&output, &kept);
        problems.extend(self.judge_record(&kept));
        problems.extend(before.changes_to(&Tree::of(&source)));
        problems.extend(self.judge_artifacts(&kept));
        if runtime == Runtime::Docker {
            problems.extend(judge_engine(&kept));
        }
        // One runtime will do: what a record keeps has nothing to do with it.
        if !self.varies && Some(&runtime) == self.runtimes.last() {
            problems.extend(self.judge_reproduction(&source, &kept, runtime));
        }
        if problems.is_empty() {
            return Ok(());
        }
        problems.push(format!("--- stderr\n{}", output.complaint()));
        Err(problems.join("\n").into())
    }

    /// Copies the fixture's source to a place of its own.
    fn lay_out(&self, source: &Path) {
        for entry in walk(&self.folder) {
            let relative = entry.strip_prefix(&self.folder).unwrap();
            if RESERVED.iter().any(|name| relative.starts_with(name)) {
                continue;
            }
            let target = source.join(relative);
            let kind = fs::symlink_metadata(&entry).unwrap();
            if kind.is_dir() {
                fs::create_dir(&target).unwrap();
            } else if kind.is_symlink() {
                symlink(fs::read_link(&entry).unwrap(), &target).unwrap();
            } else {
                fs::copy(&entry, &target).unwrap();
            }
        }
        if self.git {
            for arguments in ["init -q", "add -A", "commit -q -m first"] {
                git(source, arguments);
            }
        }
        if let Some(owner) = self.owner
            && rustix::process::geteuid().is_root()
        {
            for entry in walk(source) {
                lchown(entry, Some(owner), Some(owner)).unwrap();
            }
        }
    }

    fn expected_log(&self) -> String {
        fs::read_to_string(self.folder.join("expected.log")).unwrap()
    }

    fn judge_log(&self, output: &Output, kept: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        let log = normalise(&output.stdout);
        if !self.varies {
            problems.extend(difference("the log", &self.expected_log(), &log));
        }
        if output.code != Some(self.exit) {
            problems.push(format!(
                "exit code: expected {}, got {:?} (after {:?})",
                self.exit, output.code, output.took
            ));
        }
        match fs::read(kept.join("build.log")) {
            Ok(file) => problems.extend(difference("build.log", &log, &normalise(&file))),
            Err(error) => problems.push(format!("build.log: {error}")),
        }
        problems
    }

    /// `build.json` must say what the log says.
    fn judge_record(&self, kept: &Path) -> Vec<String> {
        let record = match record(kept) {
            Ok(record) => record,
            Err(problem) => return vec![problem],
        };
        let mut problems = Vec::new();
        if record["buildStatus"] != self.status.as_str() {
            problems.push(format!(
                "buildStatus: expected {}, got {}",
                self.status, record["buildStatus"]
            ));
        }
        if !self.varies {
            let expected = phases_of_log(&self.expected_log());
            let actual = phases_of_record(&record);
            problems.extend(difference("the phases of build.json", &expected, &actual));
        }
        problems
    }

    /// A build that is reproduced from its own record says the same again.
    fn judge_reproduction(&self, source: &Path, kept: &Path, runtime: Runtime) -> Vec<String> {
        let build = kept.join("build.json");
        let mut emulator = Emulator::reproduce(&build.display().to_string(), source, runtime);
        // A record has no values of references, and nothing of this machine.
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--secrets" | "--volume" => {
                    emulator.command.arg(argument).args(arguments.next());
                }
                "--offline" => {
                    emulator.command.arg("--offline");
                }
                _ => {}
            }
        }
        if let Some(seconds) = self.seconds {
            emulator.limit = Duration::from_secs(seconds);
        }
        let output = emulator.finish();
        let mut problems = Vec::new();
        let log = normalise(&output.stdout);
        problems.extend(difference(
            "the log of the reproduced build",
            &self.expected_log(),
            &log,
        ));
        let file = source.join(".buildspec/latest/comparison.json");
        let comparison = fs::read(&file).unwrap_or_default();
        let comparison: Value = serde_json::from_slice(&comparison).unwrap_or_default();
        if comparison["sameEnd"] != true || comparison["comparison"]["same"] != true {
            problems.push(format!(
                "the comparison finds differences: {}",
                output.complaint()
            ));
        }
        problems
    }

    fn judge_artifacts(&self, kept: &Path) -> Vec<String> {
        let mut problems = Vec::new();
        if self.varies {
            return problems;
        }
        problems.extend(
            Tree::of(&self.folder.join("expected-artifacts"))
                .contents("the artifacts", &Tree::of(&kept.join("artifacts"))),
        );
        problems.extend(Tree::of(&self.folder.join("expected-secondary")).contents(
            "the secondary artifacts",
            &Tree::of(&kept.join("secondary-artifacts")),
        ));
        problems
    }
}

/// Nothing with the build's label may be left on the engine.
fn judge_engine(kept: &Path) -> Vec<String> {
    let Ok(record) = record(kept) else {
        return Vec::new();
    };
    let id = record["id"].as_str().unwrap_or_default();
    match id.split_once(':') {
        Some((_, build)) => leftovers(build)
            .into_iter()
            .map(|object| format!("left on the engine: {object}"))
            .collect(),
        None => vec![format!("id in build.json is not `project:uuid`: {id:?}")],
    }
}

fn record(kept: &Path) -> Result<Value, String> {
    let bytes =
        fs::read(kept.join("build.json")).map_err(|error| format!("build.json: {error}"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("build.json: {error}"))
}

/// One line for each phase that the log completes, with its code and message.
fn phases_of_log(log: &str) -> String {
    static COMPLETE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(concat!(
            r"(?m)^\[Container\] <TS> Phase complete: (\w+) State: (\w+)\n",
            r"\[Container\] <TS> Phase context status code: (.*?) Message: "
        ))
        .unwrap()
    });
    let mut text = String::new();
    for found in COMPLETE.captures_iter(log) {
        let rest = &log[found.get(0).unwrap().end()..];
        let message = rest.split("\n[Container] <TS> ").next().unwrap().trim_end();
        writeln!(text, "{} {} {} {message}", &found[1], &found[2], &found[3]).unwrap();
    }
    text
}

fn phases_of_record(record: &Value) -> String {
    // The phases that come before and after the log.
    const SILENT: [&str; 5] = [
        "SUBMITTED",
        "QUEUED",
        "PROVISIONING",
        "FINALIZING",
        "COMPLETED",
    ];
    let mut text = String::new();
    for phase in record["phases"].as_array().into_iter().flatten() {
        let name = phase["phaseType"].as_str().unwrap_or("?");
        if SILENT.contains(&name) {
            continue;
        }
        let status = phase["phaseStatus"].as_str().unwrap_or("?");
        let context = &phase["contexts"][0];
        let code = context["statusCode"].as_str().unwrap_or_default();
        let message = context["message"].as_str().unwrap_or_default();
        let message = normalise(message.as_bytes());
        writeln!(text, "{name} {status} {code} {}", message.trim_end()).unwrap();
    }
    text
}

/// All that a folder holds, `.buildspec` apart.
#[derive(Debug, PartialEq)]
struct Tree(BTreeMap<PathBuf, Entry>);

#[derive(Debug, PartialEq)]
struct Entry {
    mode: u32,
    owner: u32,
    /// `None` for a folder; a link's target for a link.
    content: Option<Vec<u8>>,
}

impl Tree {
    fn of(root: &Path) -> Self {
        let mut entries = BTreeMap::new();
        if root.exists() {
            for path in walk(root) {
                let relative = path.strip_prefix(root).unwrap().to_owned();
                if relative.starts_with(".buildspec") {
                    continue;
                }
                let meta = fs::symlink_metadata(&path).unwrap();
                let content = if meta.is_dir() {
                    None
                } else if meta.is_symlink() {
                    Some(
                        fs::read_link(&path)
                            .unwrap()
                            .into_os_string()
                            .into_encoded_bytes(),
                    )
                } else {
                    Some(fs::read(&path).unwrap())
                };
                let (mode, owner) = (meta.mode(), meta.uid());
                entries.insert(
                    relative,
                    Entry {
                        mode,
                        owner,
                        content,
                    },
                );
            }
        }
        Self(entries)
    }

    /// What a build did to its source on the host.
    fn changes_to(&self, after: &Self) -> Vec<String> {
        let paths: BTreeSet<&PathBuf> = self.0.keys().chain(after.0.keys()).collect();
        paths
            .into_iter()
            .filter(|path| self.0.get(*path) != after.0.get(*path))
            .map(|path| {
                let (was, is) = (self.0.get(path), after.0.get(path));
                format!("source changed: {}: {was:?} -> {is:?}", path.display())
            })
            .collect()
    }

    /// How another tree's files differ, modes and folders aside.
    fn contents(&self, what: &str, other: &Self) -> Option<String> {
        difference(what, &self.list(), &other.list())
    }

    fn list(&self) -> String {
        let mut text = String::new();
        for (path, entry) in &self.0 {
            if let Some(content) = &entry.content {
                let content = content.escape_ascii();
                writeln!(text, "{}: {content}", path.display()).unwrap();
            }
        }
        text
    }
}

/// A place among the builds in containers.
#[derive(Debug)]
struct Turn;

static TURNS: (Mutex<usize>, Condvar) = (Mutex::new(CONTAINERS), Condvar::new());

impl Turn {
    fn take() -> Self {
        let mut free = TURNS.0.lock().unwrap();
        while *free == 0 {
            free = TURNS.1.wait(free).unwrap();
        }
        *free -= 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TURNS.0.lock().unwrap() += 1;
        TURNS.1.notify_one();
    }
}

fn runtime(name: &str) -> Runtime {
    match name {
        "docker" => Runtime::Docker,
        "host" => Runtime::Host,
        _ => panic!("unknown runtime `{name}`"),
    }
}

/// Parents before their children, links not followed.
fn walk(root: &Path) -> impl Iterator<Item = PathBuf> {
    WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
}

fn answers(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn git(source: &Path, arguments: &str) {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(arguments.split(' '))
        .current_dir(source)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments}: {output:?}");
}
