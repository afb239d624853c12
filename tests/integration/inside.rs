//! The commands in `/codebuild/user/bin`, under each shell that an image may have as `/bin/sh`.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::harness;

/// A folder of commands that run under one shell, with that shell as `sh`, and a source.
struct Place {
    shell: &'static str,
    root: TempDir,
}

impl Place {
    fn path(&self) -> String {
        let bin = self.root.path().join("bin");
        let tools = self.root.path().join("tools");
        // Busybox has its own find, sed, awk: no other may be found.
        let others = if self.shell == "busybox" {
            ""
        } else {
            ":/usr/bin:/bin"
        };
        format!("{}:{}{others}", tools.display(), bin.display())
    }

    fn source(&self) -> PathBuf {
        self.root.path().join("source")
    }

    fn run(&self, text: &str, shard: Option<&str>) -> Output {
        let mut command = Command::new(self.root.path().join("tools/sh"));
        command
            .args(["-c", text])
            .current_dir(self.source())
            .env_clear()
            .env("PATH", self.path())
            .env("CODEBUILD_SRC_DIR", self.source());
        if let Some(shard) = shard {
            command.env("BUILDSPEC_SHARD", shard);
        }
        command.output().unwrap()
    }

    fn says(&self, text: &str) -> String {
        let output = self.run(text, None);
        String::from_utf8(output.stdout).unwrap()
    }

    fn files(&self, names: &[&str]) {
        for name in names {
            let file = self.source().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, name).unwrap();
        }
    }
}

/// The shells that are here.
fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for (shell, program) in [
        ("dash", "/bin/dash"),
        ("bash", "/bin/bash"),
        ("busybox", "/bin/busybox"),
    ] {
        if !Path::new(program).exists() {
            harness::say_loudly(&format!("NOT TESTED: {program} is missing"));
            continue;
        }
        let root = tempfile::tempdir().unwrap();
        for folder in ["bin", "tools", "source"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        if shell == "busybox" {
            let installed = Command::new(program)
                .args(["--install", "-s"])
                .arg(root.path().join("tools"))
                .status();
            assert!(installed.unwrap().success());
        } else {
            symlink(program, root.path().join("tools/sh")).unwrap();
        }
        buildspec::inside::write(&root.path().join("bin")).unwrap();
        // The first line would start the machine's own shell.
        let sh = root.path().join("tools/sh");
        for (name, text) in buildspec::inside::COMMANDS {
            let text = text.replacen("#!/bin/sh", &format!("#!{}", sh.display()), 1);
            std::fs::write(root.path().join("bin").join(name), text).unwrap();
        }
        places.push(Place { shell, root });
    }
    places
}

#[test]
fn glob_search_finds_files() {
    for place in places() {
        place.files(&[
            "top.js",
            "a/one.js",
            "a/b/two.js",
            "a/b/two.txt",
            ".hidden/three.js",
            "a/with space.js",
            "a/x+y(1).js",
            "caf\u{e9}/four.js",
        ]);
        for (patterns, expected) in [
            ("'*.js'", "top.js"),
            (
                "'**/*.js'",
                ".hidden/three.js a/b/two.js a/one.js a/with space.js a/x+y(1).js caf\u{e9}/four.js top.js",
            ),
            ("'a/*.js'", "a/one.js a/with space.js a/x+y(1).js"),
            ("'a/**/two.*'", "a/b/two.js a/b/two.txt"),
            (
                "'a/**'",
                "a/b/two.js a/b/two.txt a/one.js a/with space.js a/x+y(1).js",
            ),
            ("./top.js 'a/b/*.txt'", "a/b/two.txt top.js"),
            ("'a/x+y(1).js'", "a/x+y(1).js"),
            ("'a/???.js' '[t]op.js'", "a/one.js top.js"),
            ("'a/[!o]*.js'", "a/with space.js a/x+y(1).js"),
            ("'a/{b/two,one}.js'", "a/b/two.js a/one.js"),
            ("'top,js' 'a.one.js'", ""),
            ("'*.js' top.js", "top.js"),
        ] {
            let said = place.says(&format!("codebuild-glob-search {patterns}"));
            let said: Vec<_> = said.lines().collect();
            assert_eq!(said.join(" "), expected, "{}: {patterns}", place.shell);
        }
        let inside = place.says("cd a && codebuild-glob-search '*.js' ../top.js");
        assert_eq!(inside, "../top.js\none.js\nwith space.js\nx+y(1).js\n");
        let none = place.run("codebuild-glob-search nothing", None);
        assert!(none.status.success() && none.stdout.is_empty());
        assert!(String::from_utf8_lossy(&none.stderr).contains("no file matches nothing"));
    }
}

#[test]
fn hash_files_knows_names_and_contents() {
    let mut hashes = BTreeSet::new();
    for place in places() {
        place.files(&["package-lock.json", "a/package-lock.json", "other"]);
        let hash = |patterns: &str| place.says(&format!("cd a; codebuild-hash-files {patterns}"));
        let one = hash("package-lock.json");
        assert_eq!(one.trim().len(), 64, "{}: {one:?}", place.shell);
        assert!(one.trim().bytes().all(|byte| byte.is_ascii_hexdigit()));
        let both = hash("'**/package-lock.json'");
        assert_ne!(one, both);
        assert_eq!(both, hash("a/package-lock.json package-lock.json"));
        assert_eq!(hash("nothing"), "");
        place.files(&["a/c/package-lock.json"]);
        assert_ne!(both, hash("'**/package-lock.json'"));
        std::fs::write(place.source().join("package-lock.json"), "changed").unwrap();
        assert_ne!(one, hash("package-lock.json"));
        hashes.insert(one);
    }
    assert_eq!(hashes.len(), 1, "the shell makes no difference");
}

/// Which shard runs which file.
fn shards(place: &Place, count: usize, strategy: &str) -> BTreeMap<String, usize> {
    let mut shards = BTreeMap::new();
    for number in 1..=count {
        let text = format!(
            "codebuild-tests-run --files-search \"codebuild-glob-search 'tests/**/*.py'\" \
             --test-command 'printf \"%s\\n\"' {strategy}"
        );
        let output = place.run(&text, Some(&format!("{number}/{count}")));
        assert!(output.status.success(), "{output:?}");
        for file in String::from_utf8(output.stdout).unwrap().lines() {
            let before = shards.insert(file.to_owned(), number);
            assert_eq!(before, None, "{file} runs twice");
        }
    }
    shards
}

fn sizes(shards: &BTreeMap<String, usize>, count: usize) -> Vec<usize> {
    let size = |number| shards.values().filter(|shard| **shard == number).count();
    (1..=count).map(size).collect()
}

#[test]
fn tests_are_spread_evenly_in_their_order() {
    for place in places() {
        let names: Vec<String> = (0..23).map(|n| format!("tests/test_{n:02}.py")).collect();
        place.files(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for (count, expected) in [
            (1, vec![23]),
            (5, vec![5, 5, 5, 4, 4]),
            (23, vec![1; 23]),
            (25, [vec![1; 23], vec![0; 2]].concat()),
        ] {
            let shards = shards(&place, count, "");
            assert_eq!(sizes(&shards, count), expected, "{}", place.shell);
            let order: Vec<_> = shards.values().collect();
            assert!(order.is_sorted(), "neighbours stay together: {order:?}");
        }
    }
}

#[test]
fn stability_moves_few_tests() {
    let mut all = BTreeSet::new();
    for place in places() {
        let names: Vec<String> = (0..200).map(|n| format!("tests/test_{n}.py")).collect();
        place.files(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let strategy = "--sharding-strategy=stability";
        let before = shards(&place, 4, strategy);
        assert_eq!(before.len(), 200);
        assert!(
            sizes(&before, 4)
                .iter()
                .all(|size| (20..=90).contains(size)),
            "{:?}",
            sizes(&before, 4)
        );
        // A new test moves no other; one shard more takes some and moves none between the others.
        place.files(&["tests/new/test_new.py"]);
        let with_one = shards(&place, 4, strategy);
        assert!(before.iter().all(|(file, shard)| with_one[file] == *shard));
        let wider = shards(&place, 5, strategy);
        assert!(
            before
                .iter()
                .all(|(file, shard)| [*shard, 5].contains(&wider[file]))
        );
        assert!(sizes(&wider, 5)[4] > 10);
        all.insert(before);
    }
    assert_eq!(all.len(), 1, "the shell makes no difference");
}

#[test]
fn tests_run_hands_over_files_and_status() {
    for place in places() {
        place.files(&["t/a.py", "t/b.py"]);
        let run = |tests: &str| {
            place.run(
                &format!(
                    "codebuild-tests-run --test-command '{tests}' --files-search \"codebuild-glob-search 't/*.py'\""
                ),
                None,
            )
        };
        let said = |tests: &str| String::from_utf8(run(tests).stdout).unwrap();
        assert_eq!(said("echo run"), "run t/a.py t/b.py\n");
        // A command that names the variable takes the files from there.
        assert_eq!(
            said("echo \"[$CODEBUILD_CURRENT_SHARD_FILES]\""),
            "[t/a.py\nt/b.py]\n"
        );
        assert_eq!(run("exit 3; :").status.code(), Some(3));
        for (arguments, complaint) in [
            ("--files-search ls", "--test-command is missing"),
            ("--test-command ls", "--files-search is missing"),
            ("--test-command", "needs a value"),
            (
                "--test-command ls --files-search ls --sharding-strategy best",
                "best",
            ),
            ("--quickly yes", "no option --quickly"),
        ] {
            let output = place.run(&format!("codebuild-tests-run {arguments}"), None);
            assert_eq!(output.status.code(), Some(2), "{arguments}");
            assert!(String::from_utf8_lossy(&output.stderr).contains(complaint));
        }
        let none = "codebuild-tests-run --test-command 'echo never' --files-search true";
        let output = place.run(none, None);
        assert!(output.status.success() && output.stdout.is_empty());
        let failing = "codebuild-tests-run --test-command 'echo never' --files-search 'exit 4'";
        assert_eq!(place.run(failing, None).status.code(), Some(4));
    }
}

#[test]
fn a_breakpoint_does_nothing_outside_the_debugger() {
    for place in places() {
        let output = place.run("codebuild-breakpoint", None);
        assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
        let resume = place.run("codebuild-resume", None);
        assert_eq!(resume.status.code(), Some(1));
    }
}
