//! The ways of a source into the container.

use super::*;
use crate::cli::{build_phase, contains, ends_with, same};
use crate::harness::{Emulator, Runtime, normalise};

/// Deletes, renames and rewrites what the source holds, among it a folder that only the lower layer has.
const HAVOC: &[&str] = &[
    "ls -a",
    "rm gone.txt\nrm -r gone",
    "perl -e 'rename(\"folder\", \"renamed\") or die $!'",
    "echo more >> kept.txt; chmod 600 kept.txt; touch renamed/deep/file; mkdir new; ln -s x new/link",
    "cat kept.txt renamed/deep/file; find . | sort",
];

fn havoc() -> Source {
    let source = Source::commands(HAVOC);
    let at = |path: &str| source.path().join(path);
    fs::create_dir_all(at("folder/deep")).unwrap();
    fs::create_dir_all(at("gone/below")).unwrap();
    for file in [
        "gone.txt",
        "kept.txt",
        "folder/deep/file",
        "gone/below/file",
    ] {
        fs::write(at(file), format!("{file}\n")).unwrap();
    }
    std::os::unix::fs::symlink("kept.txt", at("link")).unwrap();
    sh("chmod", &["751", text(&at("folder"))]);
    sh("chmod", &["4755", text(&at("folder/deep/file"))]);
    sh(
        "touch",
        &["-d", "2001-02-03 04:05:06.789", text(&at("kept.txt"))],
    );
    if rustix::process::geteuid().is_root() {
        sh("chown", &["-R", "1000:1000", text(source.path())]);
    }
    source
}

#[test]
fn every_rung_shows_the_same_and_keeps_the_source() {
    if !engine("source modes") {
        return;
    }
    let mut logs = Vec::new();
    for mode in ["overlay", "copy", "mount"] {
        let source = havoc();
        let before = Tree::of(source.path());
        let output = source.run(Runtime::Docker, &["--source-mode", mode]);
        ends_with(0, &output);
        assert_eq!(before == Tree::of(source.path()), mode != "mount", "{mode}");
        assert_eq!(
            source.path().join("renamed/deep/file").exists(),
            mode == "mount"
        );
        let notes = events(&source, "note");
        assert!(
            notes
                .iter()
                .any(|note| note.starts_with(&format!("source: {mode}"))),
            "{notes:?}"
        );
        assert_eq!(left(&source), Vec::<String>::new());
        logs.push(
            normalise(&output.stdout)
                .replace("./.buildspec\n", "")
                .replace(".buildspec\n", ""),
        );
    }
    same("copy", &logs[0], &logs[1]);
    same("mount", &logs[0], &logs[2]);
}

#[test]
fn odd_paths() {
    if !engine("odd paths") {
        return;
    }
    let folder = Source::empty();
    let source = folder.path().join("a b'c\"d,e:f\\g é$(h)");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("buildspec.yml"), crate::cli::buildspec(&["ls"])).unwrap();
    let output = Emulator::run(&source, Runtime::Docker).finish();
    ends_with(0, &output);
    contains(&build_phase(&output), "\nbuildspec.yml\n");
    let events = fs::read_to_string(source.join(".buildspec/latest/events.jsonl")).unwrap();
    contains(&events, "source: overlay (nothing copied");
}

#[test]
fn git_works_in_a_source_of_another_user() {
    if !engine("git") || !root("git in another user's source") || !image_has("git") {
        return;
    }
    let commands = [
        "git status --short; git log --format=%s; echo x > y; git add y; git -c user.name=a -c user.email=b commit -qm z",
    ];
    let source = Source::commands(&commands);
    git(source.path(), &["init", "-q"]);
    git(source.path(), &["add", "-A"]);
    git(source.path(), &["commit", "-qm", "first"]);
    sh("chown", &["-R", "1000:1000", text(source.path())]);
    let before = Tree::of(source.path());
    for mode in ["overlay", "copy"] {
        let output = source.run(Runtime::Docker, &["--source-mode", mode]);
        ends_with(0, &output);
        contains(&build_phase(&output), "\nfirst\n");
    }
    assert!(before == Tree::of(source.path()), "the repository changed");
}

#[test]
fn a_worktree_brings_its_repository() {
    if !engine("worktree") || !image_has("git") {
        return;
    }
    let folder = Source::empty();
    let repository = folder.path().join("repository");
    fs::create_dir(&repository).unwrap();
    fs::write(
        repository.join("buildspec.yml"),
        crate::cli::buildspec(&[
            "git log --format=%s",
            "git checkout -q -b new && git branch",
        ]),
    )
    .unwrap();
    git(&repository, &["init", "-q"]);
    git(&repository, &["add", "-A"]);
    git(&repository, &["commit", "-qm", "first"]);
    let worktree = folder.path().join("worktree");
    git(&repository, &["worktree", "add", "-q", text(&worktree)]);
    if rustix::process::geteuid().is_root() {
        sh("chown", &["-R", "1000:1000", text(folder.path())]);
    }
    let before = Tree::of(&repository);
    for mode in ["overlay", "copy"] {
        let mut emulator = Emulator::run(&worktree, Runtime::Docker);
        emulator.command.args(["--source-mode", mode]);
        let output = emulator.finish();
        ends_with(0, &output);
        contains(&build_phase(&output), "\nfirst\n");
    }
    assert!(before == Tree::of(&repository), "the repository changed");
}

#[test]
fn a_submodule_is_warned_of() {
    if !engine("submodule") {
        return;
    }
    let source = Source::commands(&["true"]);
    fs::write(source.path().join(".git"), "gitdir: ../.git/modules/x\n").unwrap();
    ends_with(0, &source.run(Runtime::Docker, &[]));
    contains(&events(&source, "warning").join("\n"), "../.git/modules/x");
}

#[test]
fn output_below_the_source_is_hidden() {
    if !engine("hidden output") {
        return;
    }
    let text = crate::cli::buildspec(&["find . | sort"]) + "artifacts:\n  files: ['**/*']\n";
    for mode in ["overlay", "copy", "mount"] {
        let source = Source::with(&text);
        let place = source.path().join("out/x y");
        for _ in 0..2 {
            let arguments = ["--source-mode", mode, "--output", self::text(&place)];
            let output = source.run(Runtime::Docker, &arguments);
            ends_with(0, &output);
            assert!(!build_phase(&output).contains("build.json"), "{mode}");
        }
        let artifacts = place.join("latest/artifacts");
        assert!(artifacts.join("buildspec.yml").exists());
        assert!(!artifacts.join("out/x y/latest").exists(), "{mode}");
        assert!(!artifacts.join("out/x y/builds").exists(), "{mode}");
    }
    // Kept for the next build with such a path; there will be none.
    sh(
        "docker",
        &[
            "volume",
            "rm",
            "-f",
            "buildspec-mask_2ebuildspec-out_2fx_20y",
        ],
    );
}

#[test]
fn the_own_folder_is_hidden_wherever_builds_are_kept() {
    let text = crate::cli::buildspec(&[
        "cat .buildspec/secrets.yml || true",
        "cat \"$CODEBUILD_SRC_DIR_other/.buildspec/secrets.yml\" || true",
        "ls \"$CODEBUILD_SRC_DIR_other\"",
    ]) + "artifacts:\n  files: ['**/*']\n";
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = "kept-from-builds";
    for (runtime, mode) in [
        (Runtime::Host, "auto"),
        (Runtime::Docker, "overlay"),
        (Runtime::Docker, "copy"),
        (Runtime::Docker, "mount"),
    ] {
        if runtime == Runtime::Docker && !engine("the own folder") {
            continue;
        }
        let source = Source::with(&text);
        let other = tempfile::tempdir().unwrap();
        for folder in [source.path(), other.path()] {
            fs::create_dir(folder.join(".buildspec")).unwrap();
            fs::write(folder.join(".buildspec/secrets.yml"), secret).unwrap();
        }
        fs::write(other.path().join("seen"), "").unwrap();
        let second = format!("other={}", self::text(other.path()));
        let mut emulator = Emulator::run(source.path(), runtime);
        emulator.command.args(["--source-mode", mode]);
        emulator.command.args(["-o", self::text(elsewhere.path())]);
        emulator.command.args(["-s", &second]);
        let output = emulator.finish();
        ends_with(0, &output);
        let log = build_phase(&output);
        assert!(!log.contains(secret), "{runtime:?} {mode}: {log}");
        contains(&log, "\nseen\n");
        let artifacts = elsewhere.path().join("latest/artifacts");
        assert!(artifacts.join("buildspec.yml").exists());
        assert!(
            !artifacts.join(".buildspec/secrets.yml").exists(),
            "{runtime:?} {mode}"
        );
        assert!(source.path().join(".buildspec/secrets.yml").exists());
    }
}

#[test]
fn a_source_can_not_keep_builds_at_its_top() {
    let source = Source::commands(&["true"]);
    let output = source.run(Runtime::Host, &["-o", text(source.path())]);
    ends_with(2, &output);
    contains(&output.complaint(), "a source itself");
}

#[test]
fn own_artifacts_are_no_edits() {
    if !engine("artifacts below the source") {
        return;
    }
    let source = Source::with(
        &(crate::cli::buildspec(&["echo x > made"]) + "artifacts:\n  files: [made]\n"),
    );
    fs::create_dir(source.path().join("deep")).unwrap();
    let place = source.path().join("deep/out");
    let output = source.run(Runtime::Docker, &["-a", text(&place)]);
    ends_with(0, &output);
    assert!(place.join("made").exists());
    let said = output.complaint();
    assert!(!said.contains("edited"), "{said}");
}

#[test]
fn a_git_that_does_not_come_along_is_warned_of() {
    if !engine("a folder of a repository") {
        return;
    }
    let source = own_repository();
    let part = source.path().join("part");
    fs::create_dir(&part).unwrap();
    fs::copy(
        source.path().join("buildspec.yml"),
        part.join("buildspec.yml"),
    )
    .unwrap();
    let output = Emulator::run(&part, Runtime::Docker).finish();
    contains(
        &output.complaint(),
        &format!("a folder of the repository {}", source.path().display()),
    );
    let place = tempfile::tempdir().unwrap();
    let clone = place.path().join("clone");
    let from = text(source.path());
    git(
        place.path(),
        &["-c", "safe.directory=*", "clone", "-q", "-s", from, "clone"],
    );
    let output = Emulator::run(&clone, Runtime::Docker).finish();
    contains(
        &output.complaint(),
        &format!("borrows objects from {from}/.git/objects"),
    );
}

#[test]
fn what_means_nothing_on_the_host_is_said() {
    let source = Source::commands(&["true"]);
    let output = source.run(Runtime::Host, &[]);
    ends_with(0, &output);
    assert_eq!(output.complaint(), "");
    let arguments = "--docker-socket --privileged --network none --volume /a:/b --platform linux/arm64 --add-host a:1.2.3.4 \
                     --pull never --source-mode copy";
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let output = source.run(Runtime::Host, &arguments);
    ends_with(0, &output);
    contains(
        &output.complaint(),
        "warning: without a container these mean nothing: --source-mode, --pull, --privileged, --network, --platform, \
         --add-host, --volume, --docker-socket\n",
    );
}

#[test]
fn a_file_that_can_not_be_read_is_named() {
    if rustix::process::geteuid().is_root() {
        say_loudly("NOT TESTED: an unreadable file: root can read all");
        return;
    }
    let source = Source::commands(&["true"]);
    fs::create_dir(source.path().join("a")).unwrap();
    fs::write(source.path().join("a/locked"), "").unwrap();
    sh("chmod", &["0", text(&source.path().join("a/locked"))]);
    let output = source.run(Runtime::Host, &[]);
    ends_with(4, &output);
    contains(&output.complaint(), "a/locked");
    if engine("an unreadable file") {
        let output = source.run(Runtime::Docker, &["--source-mode", "copy"]);
        ends_with(4, &output);
        contains(&output.complaint(), "a/locked");
    }
}

#[test]
fn submounts_are_warned_of_or_copied() {
    if !engine("submounts") || !root("submounts") {
        return;
    }
    let source = Source::commands(&["ls mounted"]);
    let mounted = Tmpfs::at(&source.path().join("mounted"), "64k");
    fs::write(mounted.0.join("inside"), "").unwrap();
    let output = source.run(Runtime::Docker, &[]);
    ends_with(0, &output);
    assert!(!build_phase(&output).contains("inside"));
    contains(&events(&source, "warning").join("\n"), text(&mounted.0));
    let output = source.run(Runtime::Docker, &["--source-mode", "copy"]);
    ends_with(0, &output);
    contains(&build_phase(&output), "\ninside\n");
    assert_eq!(events(&source, "warning"), Vec::<String>::new());
}

#[test]
fn an_engine_that_sees_other_files_is_found_out() {
    if !engine("foreign engine") || !root("foreign engine") {
        return;
    }
    let ours = Source::commands(&["ls"]);
    fs::write(ours.path().join("ours"), "").unwrap();
    let theirs = Source::commands(&["echo never"]);
    let kept = Source::empty();
    for elsewhere in [false, true] {
        let mut emulator = Emulator::run(theirs.path(), Runtime::Docker);
        if elsewhere {
            emulator.command.arg("--output").arg(kept.path());
        }
        // Only in a mount namespace of its own does the program see `ours` under the other's name.
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c"]);
        command.arg(format!(
            "mount --bind '{}' '{}' && exec \"$@\"",
            text(ours.path()),
            text(theirs.path())
        ));
        command.arg("sh").arg(emulator.command.get_program());
        command.args(emulator.command.get_args());
        command.env_clear();
        for (name, value) in emulator.command.get_envs() {
            command.env(name, value.unwrap());
        }
        let output = command.stdin(Stdio::null()).output().unwrap();
        let log = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{log}{output:?}");
        contains(&log, "\nbuildspec.yml\nours\n");
        let folder = if elsewhere {
            kept.path().to_owned()
        } else {
            ours.path().join(".buildspec")
        };
        let events = fs::read_to_string(folder.join("latest/events.jsonl")).unwrap();
        contains(&events, "does not work here: the engine ");
        contains(&events, "\"source: copy\"");
    }
}

/// A repository with a tracked, a changed, and an untracked file.
fn repository() -> Source {
    let source = Source::commands(&["ls; cat file; git status --short; git log --format=%s"]);
    fs::write(source.path().join("file"), "committed\n").unwrap();
    git(source.path(), &["init", "-q"]);
    git(source.path(), &["add", "-A"]);
    git(source.path(), &["commit", "-qm", "first"]);
    fs::write(source.path().join("file"), "changed\n").unwrap();
    fs::write(source.path().join("untracked"), "").unwrap();
    if rustix::process::geteuid().is_root() {
        sh("chown", &["-R", "1000:1000", text(source.path())]);
    }
    source
}

/// The same, in the hands of who runs the tests: Git's server clones no other.
fn own_repository() -> Source {
    let source = repository();
    if rustix::process::geteuid().is_root() {
        sh("chown", &["-R", "0:0", text(source.path())]);
    }
    source
}

#[test]
fn only_what_git_tracks() {
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !(engine("--tracked") && image_has("git")) {
            continue;
        }
        let source = repository();
        let before = Tree::of(source.path());
        let output = source.run(runtime, &["--tracked"]);
        ends_with(0, &output);
        let log = build_phase(&output);
        contains(&log, "\nbuildspec.yml\nfile\nchanged\n M file\nfirst\n");
        let output = source.run(runtime, &["--at", "HEAD"]);
        ends_with(0, &output);
        contains(
            &build_phase(&output),
            "\nbuildspec.yml\nfile\ncommitted\nfirst\n",
        );
        assert_eq!(source.record()["sourceVersion"], "HEAD");
        assert!(!source.kept().join("checkout").exists());
        assert!(before == Tree::of(source.path()), "the repository changed");
    }
}

#[test]
fn tracked_files_of_a_submodule_come_along() {
    let inner = own_repository();
    let source = Source::commands(&["ls part; cat part/file; git status --short"]);
    git(source.path(), &["init", "-q"]);
    let from = text(inner.path());
    let allowed = ["-c", "safe.directory=*", "-c", "protocol.file.allow=always"];
    let add = ["submodule", "--quiet", "add", from, "part"];
    git(source.path(), &[&allowed[..], &add].concat());
    git(source.path(), &["add", "-A"]);
    git(source.path(), &["commit", "-qm", "first"]);
    fs::write(source.path().join("part/untracked"), "").unwrap();
    let output = source.run(Runtime::Host, &["--tracked"]);
    ends_with(0, &output);
    contains(&build_phase(&output), "\nbuildspec.yml\nfile\ncommitted\n");
    assert!(!build_phase(&output).contains("untracked"));
}

#[test]
fn a_revision_that_is_none() {
    let source = repository();
    let output = source.run(Runtime::Host, &["--at", "nonsense"]);
    ends_with(2, &output);
    contains(&output.complaint(), "nonsense");
    let output = Source::commands(&["true"]).run(Runtime::Host, &["--tracked"]);
    ends_with(2, &output);
    contains(&output.complaint(), "Git work tree");
}

#[test]
fn secondary_sources() {
    let commands = [
        "cat $CODEBUILD_SRC_DIR_two/file; echo x > $CODEBUILD_SRC_DIR_two/new; cat $CODEBUILD_SRC_DIR_b/file",
    ];
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !engine("secondary sources") {
            continue;
        }
        let (source, two, b) = (
            Source::commands(&commands),
            Source::empty(),
            Source::empty(),
        );
        fs::write(two.path().join("file"), "second\n").unwrap();
        fs::write(b.path().join("file"), "third\n").unwrap();
        for mode in ["overlay", "copy"] {
            let flags = [
                format!("two={}", text(two.path())),
                format!("b={}", text(b.path())),
            ];
            let arguments = ["-s", &flags[0], "-s", &flags[1], "--source-mode", mode];
            let output = source.run(runtime, &arguments);
            ends_with(0, &output);
            contains(&build_phase(&output), "\nsecond\nthird\n");
            let log = normalise(&output.stdout);
            contains(&log, "CODEBUILD_SRC_DIR_two=/codebuild/output/src<N>/src\n");
            assert!(!two.path().join("new").exists());
            assert_eq!(fs::read_dir(two.path()).unwrap().count(), 1);
        }
        if runtime == Runtime::Docker {
            assert_eq!(left(&source), Vec::<String>::new());
        }
    }
    let source = Source::commands(&["true"]);
    for bad in ["two", "t-o=.", "two=/nonexistent"] {
        ends_with(2, &source.run(Runtime::Host, &["-s", bad]));
    }
}

#[test]
fn an_edit_during_the_build_is_said() {
    if !engine("edits during the build") {
        return;
    }
    let source = Source::commands(&["echo begun; sleep 1"]);
    fs::write(source.path().join("quiet.txt"), "").unwrap();
    let build = Emulator::run(source.path(), Runtime::Docker).start();
    crate::cli::wait_for(&build, "\nbegun\n");
    fs::write(source.path().join("edited.txt"), "new").unwrap();
    let output = build.finish();
    ends_with(0, &output);
    let said = output.complaint();
    contains(&said, "the source was edited while the build ran");
    contains(&said, "edited.txt");
    assert!(!said.contains("quiet.txt"), "{said}");

    let output = source.run(Runtime::Docker, &[]);
    ends_with(0, &output);
    assert!(
        !output.complaint().contains("edited"),
        "{}",
        output.complaint()
    );
}

#[test]
fn a_file_that_goes_from_the_top_is_said() {
    if !engine("a deletion during the build") {
        return;
    }
    let source = Source::commands(&["echo begun; sleep 1"]);
    fs::write(source.path().join("gone.txt"), "").unwrap();
    let build = Emulator::run(source.path(), Runtime::Docker).start();
    crate::cli::wait_for(&build, "\nbegun\n");
    fs::remove_file(source.path().join("gone.txt")).unwrap();
    let output = build.finish();
    ends_with(0, &output);
    let said = output.complaint();
    contains(&said, "the source was edited while the build ran");
    contains(&said, "gone.txt");
}

/// What each kind of file system shows must be the same, and stay as it is.
fn seen_unchanged(source: &Source, expected_rung: &str) {
    fs::write(source.path().join("other.txt"), "other\n").unwrap();
    fs::create_dir(source.path().join("folder")).unwrap();
    let before = Tree::of(source.path());
    let output = source.run(Runtime::Docker, &[]);
    ends_with(0, &output);
    contains(&String::from_utf8_lossy(&output.stdout), "\nother\n0 1\n");
    contains(&events(source, "note").concat(), expected_rung);
    assert!(before == Tree::of(source.path()), "the source changed");
    assert_eq!(left(source), [""; 0]);
}

const LOOKS: &str =
    "cat other.txt; mv folder renamed; rm other.txt; echo x > new; echo $? $(ls | grep -c renamed)";

#[test]
fn a_source_on_a_tmpfs() {
    if !engine("a source on a tmpfs") || !root("a source on a tmpfs") {
        return;
    }
    let source = Source::empty();
    let _disk = Tmpfs::at(source.path(), "8m");
    let text = format!("version: 0.2\nphases: {{build: {{commands: [\"{LOOKS}\"]}}}}\n");
    fs::write(source.path().join("buildspec.yml"), text).unwrap();
    seen_unchanged(&source, "source: overlay (nothing copied");
}

#[test]
fn a_source_on_an_overlay() {
    if !engine("a source on an overlay") || !root("a source on an overlay") {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    // An upper layer can't lie on an overlay, as the folder of a machine that is a container itself may.
    let disk = Tmpfs::at(&place.path().join("disk"), "16m");
    let [lower, upper, work] = ["lower", "upper", "work"].map(|name| disk.0.join(name));
    for folder in [&lower, &upper, &work] {
        fs::create_dir(folder).unwrap();
    }
    let text = format!("version: 0.2\nphases: {{build: {{commands: [\"{LOOKS}\"]}}}}\n");
    fs::write(lower.join("buildspec.yml"), text).unwrap();
    let source = Source::empty();
    let options = format!(
        "lowerdir={},upperdir={},workdir={}",
        lower.display(),
        upper.display(),
        work.display()
    );
    let mounted = Command::new("mount")
        .args(["-t", "overlay", "-o", &options, "none"])
        .arg(source.path())
        .output()
        .unwrap();
    if !mounted.status.success() {
        crate::harness::say_loudly("NOT TESTED: a source on an overlay: no overlay can be mounted");
        return;
    }
    let _mount = Unmount(source.path().to_owned());
    seen_unchanged(&source, "source: ");
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_shallow_clone_knows_its_commit() {
    let origin = Source::commands(&["true"]);
    git(origin.path(), &["init", "-q"]);
    git(origin.path(), &["commit", "--allow-empty", "-qm", "first"]);
    git(origin.path(), &["commit", "--allow-empty", "-qm", "second"]);
    let clone = Source::empty();
    let url = format!("file://{}", text(origin.path()));
    git(clone.path(), &["clone", "-q", "--depth", "1", &url, "."]);
    let shown = "version: 0.2\nphases: {build: {commands: ['echo \"is $CODEBUILD_RESOLVED_SOURCE_VERSION\"; git rev-parse HEAD; git rev-list --count HEAD; git status --porcelain | wc -l']}}\n";
    fs::write(clone.path().join("buildspec.yml"), shown).unwrap();
    git(clone.path(), &["add", "."]);
    git(clone.path(), &["commit", "-qm", "third"]);
    let head = sh("git", &["-C", text(clone.path()), "rev-parse", "HEAD"]);
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !engine("shallow clones") {
            continue;
        }
        for arguments in [&[][..], &["--tracked"], &["--at", "HEAD"]] {
            let output = clone.run(runtime, arguments);
            ends_with(0, &output);
            let log = String::from_utf8_lossy(&output.stdout).into_owned();
            contains(&log, &format!("\nis {head}"));
            if arguments.is_empty() {
                contains(&log, &format!("\nis {head}{head}2\n0\n"));
            }
        }
    }
}

#[test]
fn pointers_of_git_lfs_are_warned_of() {
    let source = Source::commands(&["true"]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n";
    fs::write(source.path().join("model.bin"), pointer).unwrap();
    fs::write(
        source.path().join(".gitattributes"),
        "*.bin filter=lfs -text\n",
    )
    .unwrap();
    for runtime in [Runtime::Host, Runtime::Docker] {
        if runtime == Runtime::Docker && !engine("Git LFS") {
            continue;
        }
        let output = source.run(runtime, &[]);
        ends_with(0, &output);
        contains(
            &output.complaint(),
            "pointers of Git LFS, not the files that they stand for: model.bin",
        );
    }
}

#[test]
fn a_copy_leaves_out_what_is_excluded_and_warns_when_large() {
    if !engine("excludes") {
        return;
    }
    let source = Source::commands(&["find . -type f | sort; stat -c %s big || true"]);
    for file in ["node_modules/a/b.js", "keep/x.log", "keep/y", "other/z"] {
        let path = source.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    fs::write(
        source.path().join(".buildspecignore"),
        "node_modules\n**/*.log\n",
    )
    .unwrap();
    let big = fs::File::create(source.path().join("big")).unwrap();
    big.set_len(120_000_000).unwrap();
    let output = source.run(
        Runtime::Docker,
        &["--source-mode", "copy", "--exclude", "other", "--verbose"],
    );
    ends_with(0, &output);
    let log = String::from_utf8_lossy(&output.stdout);
    contains(
        &log,
        "\n./.buildspecignore\n./big\n./buildspec.yml\n./keep/y\n120000000\n",
    );
    contains(&output.complaint(), "all 120 MB of it (big 120 MB");
}
