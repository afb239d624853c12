//! Links that a source or a build puts where the tool is going to write.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::listed;
use crate::cli::{Source, buildspec, contains, ends_with, engine};
use crate::harness::Runtime;

const ARTIFACTS: &str = "artifacts:\n  base-directory: dist\n  files: ['**/*']\n";

/// A folder of the user's own, with a file that must stay as it is.
struct Victim(tempfile::TempDir);

impl Victim {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("keys"), "mine").unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(listed(self.0.path()), ["keys"]);
        let keys = fs::read_to_string(self.0.path().join("keys"));
        assert_eq!(keys.unwrap(), "mine");
    }
}

#[test]
fn a_link_of_the_source_below_the_users_folder_leads_nowhere() {
    let victim = Victim::new();
    let commands = ["mkdir -p dist/esc; echo theirs > dist/esc/keys"];
    let source = Source::with(buildspec(&commands) + ARTIFACTS);
    let out = source.path().join("out");
    fs::create_dir(&out).unwrap();
    symlink(victim.path(), out.join("esc")).unwrap();
    let output = source.run(Runtime::Host, &["-a", out.to_str().unwrap()]);
    ends_with(0, &output);
    contains(
        &output.complaint(),
        "esc was a link; a folder takes its place",
    );
    victim.is_untouched();
    assert_eq!(listed(&out), ["esc/keys"]);
}

#[test]
fn a_build_on_the_source_itself_leads_nowhere() {
    if !engine("links made by a build") {
        return;
    }
    let victim = Victim::new();
    let leads = format!("ln -s {} ", victim.path().display());
    let xml = "<testsuite><testcase name=\"a\"/></testsuite>";
    for (links, code) in [
        (format!("{leads} out/esc"), 0),
        (format!("{leads} reports/b-g"), 0),
        (format!("rmdir out; {leads} out"), 4),
        (format!("rmdir reports; {leads} reports"), 4),
    ] {
        let make = format!(
            "mkdir -p dist/esc out reports; echo theirs > dist/esc/keys; echo '{xml}' > r.xml; {links}"
        );
        let sections = format!("reports:\n  g:\n    files: r.xml\n{ARTIFACTS}");
        let source = Source::with(buildspec(&[&make]) + &sections);
        let [out, reports] = ["out", "reports"].map(|name| source.path().join(name));
        fs::create_dir(&out).unwrap();
        fs::create_dir(&reports).unwrap();
        let flags = ["--source-mode", "mount", "-a", "out", "-r", "reports"];
        let mut emulator = crate::harness::Emulator::run(source.path(), Runtime::Docker);
        emulator.command.args(flags).current_dir(source.path());
        let output = emulator.finish();
        ends_with(code, &output);
        victim.is_untouched();
        if code == 4 {
            contains(&output.complaint(), " can't be written: Not a directory");
        }
    }
}

#[test]
fn a_source_decides_no_place_for_builds() {
    let victim = Victim::new();
    let source = Source::commands(&["true"]);
    symlink(victim.path(), source.path().join(".buildspec")).unwrap();
    let output = source.run(Runtime::Host, &[]);
    ends_with(2, &output);
    contains(&output.complaint(), ".buildspec is a link");
    victim.is_untouched();

    let source = Source::commands(&["true"]);
    let own = source.path().join(".buildspec");
    fs::create_dir(&own).unwrap();
    symlink(victim.path(), own.join("builds")).unwrap();
    symlink(victim.path().join("new"), own.join(".gitignore")).unwrap();
    let output = source.run(Runtime::Host, &[]);
    ends_with(4, &output);
    contains(&output.complaint(), "`builds` in it is a link");
    victim.is_untouched();
}

#[test]
fn a_users_folder_that_can_not_be_written_spoils_no_other_artifact() {
    let commands = ["mkdir dist; echo a > dist/a; echo b > b"];
    let secondary = "  secondary-artifacts:\n    s:\n      files: b\n";
    let source = Source::with(buildspec(&commands) + ARTIFACTS + secondary);
    let file = source.path().join("file");
    fs::write(&file, "").unwrap();
    let output = source.run(Runtime::Host, &["-a", file.to_str().unwrap()]);
    ends_with(4, &output);
    contains(
        &output.complaint(),
        "file can't be written: Not a directory",
    );
    assert_eq!(listed(&source.kept().join("artifacts")), ["a"]);
    assert_eq!(listed(&source.kept().join("secondary-artifacts")), ["s/b"]);
}
