//! What passes from one command to the next, and what odd commands do, under each shell that a build may have: each row
//! of fidelity 2.3 is one test case. The supervisor and the scripts are the real ones, at the end of a pipe.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use buildspec::buildspec::model::Version;
use buildspec::engine::phase::Exit;
use buildspec::runtime::session::Supervisor;
use buildspec::runtime::{Chunk, Wire};
use buildspec::script::{self, Layout};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio_util::io::ReaderStream;

use crate::harness;

/// A shell, by what it is and how it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    Dash,
    Bash,
    /// Bash in the place of `/bin/sh`, as on Amazon Linux.
    BashAsSh,
    Busybox,
}

use Shell::{Bash, BashAsSh, Busybox, Dash};

const SHELLS: [Shell; 4] = [Dash, Bash, BashAsSh, Busybox];

impl Shell {
    fn program(self) -> &'static str {
        match self {
            Dash => "/bin/dash",
            Bash | BashAsSh => "/bin/bash",
            Busybox => "/bin/busybox",
        }
    }

    fn is_bash(self) -> bool {
        matches!(self, Bash | BashAsSh)
    }
}

/// A build's shell with nothing around it.
struct Place {
    program: PathBuf,
    layout: Layout,
    supervisor: Supervisor,
    root: TempDir,
    child: Child,
}

impl Place {
    /// `None` where the machine lacks the shell.
    async fn new(shell: Shell, variables: &[(&str, &str)]) -> Option<Self> {
        if !Path::new(shell.program()).exists() {
            harness::say_loudly(&format!("NOT TESTED: {} is missing", shell.program()));
            return None;
        }
        let root = tempfile::tempdir().unwrap();
        let path = root.path().to_str().unwrap().to_owned();
        let layout = Layout::new(&path, 1);
        for folder in [layout.tmp(), layout.source(), layout.readonly()] {
            std::fs::create_dir_all(folder).unwrap();
        }
        let name = if shell == Bash { "bash" } else { "sh" };
        let program = root.path().join(name);
        symlink(shell.program(), &program).unwrap();
        let mut child = Command::new(&program)
            .args(["-c", script::SUPERVISOR])
            .current_dir(layout.readonly())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &path)
            .env("FROM_IMAGE", "image")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = ReaderStream::new(child.stdout.take().unwrap());
        let complaints = ReaderStream::new(child.stderr.take().unwrap());
        let output = output.map(|bytes| bytes.map(Chunk::Output));
        let complaints = complaints.map(|bytes| bytes.map(Chunk::Supervisor));
        let wire = Wire {
            input: Box::pin(child.stdin.take().unwrap()),
            output: Box::pin(futures_util::stream::select(output, complaints)),
        };
        let mut supervisor = Supervisor::new(wire).await.unwrap();
        let env: String = variables
            .iter()
            .map(|(name, value)| script::export(name, value) + "\n")
            .collect();
        supervisor.put(&layout.env(), env).await.unwrap();
        supervisor
            .put(&layout.dir(), layout.source())
            .await
            .unwrap();
        Some(Self {
            program,
            layout,
            supervisor,
            root,
            child,
        })
    }

    async fn run_as(&mut self, version: Version, command: &str) -> (Exit, String) {
        let text = script::command(version, &self.layout, command);
        let mut printed = Vec::new();
        let program = self.program.to_str().unwrap().to_owned();
        let exit = self
            .supervisor
            .run(&program, &self.layout.script(), &text, &mut printed)
            .await
            .unwrap();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        (exit, printed.replace(self.layout.root(), "/codebuild"))
    }

    async fn run(&mut self, command: &str) -> (Exit, String) {
        self.run_as(Version::V0_2, command).await
    }
}

/// Commands in their order; the last one's exit and output count.
struct Row {
    what: &'static str,
    commands: &'static [&'static str],
    expect: fn(Shell) -> (u8, &'static str),
}

const fn row(
    what: &'static str,
    commands: &'static [&'static str],
    expect: fn(Shell) -> (u8, &'static str),
) -> Row {
    Row {
        what,
        commands,
        expect,
    }
}

const SOURCE: &str = "/codebuild/output/src000000001/src\n";

const ROWS: &[Row] = &[
    row("an exported variable", &["export X=1", "echo $X"], |_| {
        (0, "1\n")
    }),
    row(
        "a plain variable, which is exported",
        &["X=1", "sh -c 'echo $X'"],
        |_| (0, "1\n"),
    ),
    row("the directory", &["mkdir sub && cd sub", "pwd"], |_| {
        (0, "/codebuild/output/src000000001/src/sub\n")
    }),
    row(
        "a variable of CodeBuild's own",
        &[
            "export CODEBUILD_SRC_DIR_helper=/x",
            "echo $CODEBUILD_SRC_DIR_helper",
        ],
        |_| (0, "/x\n"),
    ),
    row("no function", &["f() { echo f; }", "f 2>/dev/null"], |_| {
        (127, "")
    }),
    row("no alias", &["alias g='echo g'", "g 2>/dev/null"], |_| {
        (127, "")
    }),
    row("no set -e", &["set -e", "false; echo on"], |_| (0, "on\n")),
    row("no set -u", &["set -u", "echo [$NONE]"], |_| (0, "[]\n")),
    row("no set -x", &["set -x", "echo plain"], |_| (0, "plain\n")),
    row("no $?", &["(exit 3)", "echo $?"], |_| (0, "0\n")),
    row(
        "CODEBUILD_LAST_EXIT",
        &["(exit 3)", "echo $CODEBUILD_LAST_EXIT"],
        |_| (0, "3\n"),
    ),
    row(
        "that a variable is unset",
        &["X=1", "unset X", "echo ${X-none}"],
        |_| (0, "none\n"),
    ),
    row(
        "not that a variable of the image is unset",
        &["unset FROM_IMAGE", "echo ${FROM_IMAGE-none}"],
        |_| (0, "image\n"),
    ),
    row(
        "a new value for a variable of the image",
        &["FROM_IMAGE=mine", "echo $FROM_IMAGE"],
        |_| (0, "mine\n"),
    ),
    row("no umask", &["umask 0777", "umask | tail -c 3"], |_| {
        (0, "22\n")
    }),
    row("no trap", &["trap 'echo trapped' EXIT", "true"], |_| {
        (0, "")
    }),
    row("no redirection", &["exec >/dev/null", "echo seen"], |_| {
        (0, "seen\n")
    }),
    row(
        "no open file",
        &["exec 7>file", "{ echo x >&7; } 2>/dev/null || echo closed"],
        |shell| {
            match shell {
                // Its script ends at a redirection that fails.
                Dash | Busybox | Bash | BashAsSh => (0, "closed\n"),
            }
        },
    ),
    row(
        "no ulimit",
        &["ulimit -n 17", "[ $(ulimit -n) != 17 ] && echo lifted"],
        |_| (0, "lifted\n"),
    ),
    row(
        "files of HOME",
        &["echo kept >$HOME/file", "cat $HOME/file"],
        |_| (0, "kept\n"),
    ),
    row(
        "a process in the background",
        &[
            "sleep 60 & echo $! >pid",
            "kill -0 $(cat pid) && echo alive; kill $(cat pid)",
        ],
        |_| (0, "alive\n"),
    ),
    row(
        "nothing of a command that exits",
        &["cd /; X=1; exit 0", "pwd; echo [$X]"],
        |_| (0, "/codebuild/output/src000000001/src\n[]\n"),
    ),
    row(
        "nothing of a syntax error",
        &["X=1; if", "echo [$X]"],
        |_| (0, "[]\n"),
    ),
    row(
        "the last of several values",
        &["X=1", "X=2", "echo $X"],
        |_| (0, "2\n"),
    ),
    row("the source directory at first", &["pwd"], |_| (0, SOURCE)),
    row("OLDPWD of the agent", &["echo $OLDPWD"], |_| {
        (0, "/codebuild/readonly\n")
    }),
    row(
        "return ends the script where the shell lets it",
        &["return 3 2>/dev/null"],
        |shell| (if shell.is_bash() { 2 } else { 3 }, ""),
    ),
    row(
        "a block's status is its last line's",
        &["nosuch 2>/dev/null\necho on"],
        |_| (0, "on\n"),
    ),
    row("a pipeline's is its last part's", &["false | true"], |_| {
        (0, "")
    }),
    row(
        "a variable that was exported empty",
        &["export E=", "echo [${E-none}]"],
        |_| (0, "[]\n"),
    ),
    row(
        "a name that is also the supervisor's",
        &["_bs_n=1", "echo $_bs_n"],
        |_| (0, "1\n"),
    ),
];

#[tokio::test]
async fn each_row_of_the_table_holds_in_each_shell() {
    for shell in SHELLS {
        for row in ROWS {
            let Some(mut place) = Place::new(shell, &[]).await else {
                break;
            };
            let mut last = (Exit::Status(0), String::new());
            for command in row.commands {
                last = place.run(command).await;
            }
            let (status, printed) = (row.expect)(shell);
            assert_eq!(
                last,
                (Exit::Status(status), printed.to_owned()),
                "{shell:?}: {}",
                row.what
            );
        }
    }
}

#[tokio::test]
async fn arrays_are_bashs_own_and_are_lost() {
    for shell in [Bash, BashAsSh] {
        let Some(mut place) = Place::new(shell, &[]).await else {
            return;
        };
        place.run("a=(1 2); declare -A m=([k]=v); X=1").await;
        let (_, printed) = place.run("echo \"[${a[1]}] [${m[k]}] [$X]\"").await;
        assert_eq!(printed, "[] [] [1]\n", "{shell:?}");
    }
}

#[tokio::test]
async fn version_0_1_carries_nothing() {
    for shell in SHELLS {
        let Some(mut place) = Place::new(shell, &[("GIVEN", "yes")]).await else {
            continue;
        };
        place.run_as(Version::V0_1, "cd /; X=1; GIVEN=no").await;
        let (_, printed) = place.run_as(Version::V0_1, "pwd; echo [$X] $GIVEN").await;
        assert_eq!(printed, format!("{SOURCE}[] yes\n"), "{shell:?}");
    }
}

/// Values that a naive `export` breaks.
fn awkward() -> Vec<(&'static str, String)> {
    vec![
        ("NEWLINES", "one\ntwo\n\nfour\n".to_owned()),
        (
            "QUOTES",
            r#"it's "so" \ `said` $HOME $(echo no) 'x''"#.to_owned(),
        ),
        ("GREEK", "\u{3b1}\u{3b2}\u{3b3} \u{1f980}".to_owned()),
        ("LONG", "0123456789".repeat(10_000)),
        ("BLANKS", "  a\tb  ".to_owned()),
        ("GLOB", "* ? [a] ~ !".to_owned()),
        ("DASH", "-n -e".to_owned()),
        (
            "LINES_LIKE_EXPORT",
            "x\nexport Y='1'\ndeclare -x Z".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn awkward_values_pass_unchanged_through_many_commands() {
    for shell in SHELLS {
        let values = awkward();
        let given: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, &value[..]))
            .collect();
        let Some(mut place) = Place::new(shell, &given).await else {
            continue;
        };
        for _ in 0..3 {
            place.run("true").await;
        }
        for (name, value) in &values {
            let file = place.root.path().join("value");
            let (exit, _) = place
                .run(&format!("printf %s \"${name}\" >$HOME/value"))
                .await;
            assert!(exit.success(), "{shell:?}: {name}");
            let kept = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
            assert_eq!(kept, *value, "{shell:?}: {name}");
        }
        // And those that a command makes itself.
        place.run("MADE=$(printf 'a\\nb\\047\\042')").await;
        let (_, printed) = place.run("printf '%s|' \"$MADE\"").await;
        assert_eq!(printed, "a\nb'\"|", "{shell:?}");
        assert_eq!(place.run("echo ${Y-none} ${Z-none}").await.1, "none none\n");
    }
}

#[tokio::test]
async fn it_says_what_is_there_between_commands_and_ends_when_told() {
    for shell in SHELLS {
        let Some(mut place) = Place::new(shell, &[]).await else {
            continue;
        };
        let file = place.root.path().join("it's here; *");
        let path = file.to_str().unwrap();
        assert!(!place.supervisor.has(path).await.unwrap(), "{shell:?}");
        std::fs::write(&file, "").unwrap();
        assert!(place.supervisor.has(path).await.unwrap(), "{shell:?}");
        assert_eq!(place.run("exit 3").await.0, Exit::Status(3), "{shell:?}");
        assert!(
            !place.supervisor.has("/no/such").await.unwrap(),
            "{shell:?}"
        );
        assert_eq!(place.run("echo on").await.1, "on\n", "{shell:?}");
        place.supervisor.end().await;
        let ended = place.child.wait().await.unwrap();
        assert!(ended.success(), "{shell:?}: {ended}");
    }
}

#[tokio::test]
async fn odd_commands_do_no_harm() {
    for shell in SHELLS {
        let Some(mut place) = Place::new(shell, &[]).await else {
            continue;
        };
        // It deletes the directory that it is in; the next one can't get there, and says so.
        place.run("mkdir gone && cd gone").await;
        let (exit, _) = place.run("rm -rf ../gone; echo ok").await;
        assert!(exit.success(), "{shell:?}");
        let (_, printed) = place.run("echo still here").await;
        assert!(printed.ends_with("still here\n"), "{shell:?}: {printed}");
        place.run("cd $HOME/output/src000000001/src").await;

        // It closes its own output.
        let (exit, printed) = place.run("exec >&- 2>&-; true").await;
        assert_eq!((exit, &printed[..]), (Exit::Status(0), ""), "{shell:?}");
        assert_eq!(place.run("echo back").await.1, "back\n", "{shell:?}");

        // Its input is empty.
        let (_, printed) = place.run("read line; echo rc=$?; cat").await;
        assert_eq!(printed, "rc=1\n", "{shell:?}");

        // It prints what looks like a marker.
        let (exit, printed) = place
            .run("printf '\\036%s 7\\n' 0123456789abcdef0123456789abcdef; printf '\\036'; exit 4")
            .await;
        assert_eq!(exit, Exit::Status(4), "{shell:?}");
        assert_eq!(
            printed, "\u{1e}0123456789abcdef0123456789abcdef 7\n\u{1e}",
            "{shell:?}"
        );

        // It ends by a signal, or only looks so.
        for (command, exit) in [
            ("kill -9 $$", Exit::Signal(9)),
            ("kill -15 $$", Exit::Signal(15)),
            ("exit 137", Exit::Status(137)),
            ("sh -c 'kill -9 $$'", Exit::Status(137)),
        ] {
            assert_eq!(place.run(command).await.0, exit, "{shell:?}: {command}");
        }
        assert_eq!(Exit::Signal(9).to_string(), "signal: killed");

        // What it leaves behind goes on printing, in its place, and holds up nothing.
        place.run("(sleep 0.2; echo late) &").await;
        let (_, printed) = place.run("sleep 0.6; echo then").await;
        assert_eq!(printed, "late\nthen\n", "{shell:?}");

        // No newline at its end, and much of it.
        assert_eq!(place.run("printf end").await.1, "end", "{shell:?}");
        let (_, printed) = place.run("head -c 3000000 /dev/zero | tr '\\0' x").await;
        assert_eq!(printed.len(), 3_000_000, "{shell:?}");

        // It overwrites its own script, and the state.
        let (exit, _) = place.run("echo 'exit 9' >$HOME/output/tmp/script.sh").await;
        assert!(exit.success() || shell.is_bash(), "{shell:?}: {exit:?}");
        assert_eq!(place.run("echo well").await.1, "well\n", "{shell:?}");
    }
}

/// The parent of a command is the supervisor's child, never the supervisor itself.
#[tokio::test]
async fn a_command_may_kill_its_parent() {
    for shell in SHELLS {
        let Some(mut place) = Place::new(shell, &[]).await else {
            continue;
        };
        let text = "echo before; kill -9 $PPID; echo after";
        let text = script::command(Version::V0_2, &place.layout, text);
        let mut printed = Vec::new();
        let program = place.program.to_str().unwrap().to_owned();
        let script = place.layout.script();
        let ran = place
            .supervisor
            .run(&program, &script, &text, &mut printed)
            .await;
        // On the host the build's shell is lost, and is said to be; in a container PID 1 takes no such signal
        // (`engine::attacks`).
        assert!(ran.is_err() || printed.ends_with(b"after\n"), "{shell:?}");
        assert!(printed.starts_with(b"before\n"), "{shell:?}");
    }
}

#[tokio::test]
async fn errors_name_line_four() {
    for (shell, expected) in [
        (
            Dash,
            "/codebuild/output/tmp/script.sh: 4: nosuch: not found\n",
        ),
        (
            Bash,
            "/codebuild/output/tmp/script.sh: line 4: nosuch: command not found\n",
        ),
        (
            BashAsSh,
            "/codebuild/output/tmp/script.sh: line 4: nosuch: command not found\n",
        ),
        (
            Busybox,
            "/codebuild/output/tmp/script.sh: line 4: nosuch: not found\n",
        ),
    ] {
        let Some(mut place) = Place::new(shell, &[]).await else {
            continue;
        };
        let (exit, printed) = place.run("nosuch").await;
        assert_eq!(
            (exit, &printed[..]),
            (Exit::Status(127), expected),
            "{shell:?}"
        );
        let (_, printed) = place.run("echo a\nnosuch\necho b").await;
        assert!(printed.contains("5: nosuch"), "{shell:?}: {printed}");
    }
}
