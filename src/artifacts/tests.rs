//! The whole way, with the real `sh`, `find` and `tar` in place of a container.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use super::*;
use crate::buildspec::model::Artifacts;
use crate::source::{Span, Spanned};

/// What a session would do inside the container.
fn collect(
    shell: &str,
    definition: &Artifacts,
    source: &Path,
    output: &Path,
) -> (Selection, Unpacked) {
    let source = source.as_os_str().as_bytes();
    let request = Request::new(definition, None, false, |_| None);
    let roots = request.roots(source);
    let listing = Command::new(shell)
        .args(["-c", Root::SCRIPT, "sh"])
        .args(Root::arguments(&roots).into_iter().map(OsString::from_vec))
        .output()
        .unwrap();
    let tree = Tree::parse(&roots, &listing.stdout).unwrap();
    let selection = select(&request, source, &tree);

    let mut tar = Command::new("tar")
        .args(["-c", "-h", "-P", "-f", "-", "--null", "-T", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut names = tar.stdin.take().unwrap();
    for path in selection.sources() {
        names.write_all(&[path, b"\0"].concat()).unwrap();
    }
    drop(names);
    let unpacked = unpack(
        tar.stdout.take().unwrap(),
        &selection.files,
        output,
        &Rules::default(),
    );
    assert!(tar.wait().unwrap().success());
    (selection, unpacked)
}

#[test]
fn collects_a_real_directory() {
    for shell in ["sh", "bash", "dash"] {
        if Command::new(shell).args(["-c", "true"]).status().is_err() {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let (source, output) = (place.path().join("src"), place.path().join("out"));
        let dist = source.join("dist");
        fs::create_dir_all(dist.join(".hidden/deep")).unwrap();
        for name in ["-rf", "*", "a b", "new\nline", ".hidden/deep/x", "skip.map"] {
            fs::write(dist.join(name), name).unwrap();
        }
        fs::write(dist.join(OsStr::from_bytes(b"\xff\xfe")), "bytes").unwrap();
        fs::hard_link(dist.join("a b"), dist.join("z hard")).unwrap();
        symlink("a b", dist.join("b link")).unwrap();
        symlink(".hidden", dist.join("to-directory")).unwrap();
        symlink("..", dist.join("loop")).unwrap();

        let text = |value: &str| Spanned::new(value.to_owned(), Span::default());
        let definition = Artifacts {
            base_directory: Some(text("dist")),
            files: vec![text("**/*")],
            exclude_paths: vec![text("**/*.map")],
            ..Artifacts::default()
        };
        let (selection, unpacked) = collect(shell, &definition, &source, &output);
        assert_eq!(selection.log.last().unwrap(), "Found 8 file(s)", "{shell}");
        assert_eq!(selection.warnings.lines().count(), 1);
        assert_eq!((&unpacked.failure, &unpacked.missing), (&None, &Vec::new()));
        assert!(unpacked.warnings.is_empty(), "{:?}", unpacked.warnings);
        assert_eq!(unpacked.written.len(), 8);
        for name in ["a b", "b link", "z hard"] {
            assert_eq!(fs::read(output.join(name)).unwrap(), b"a b");
        }
        pack(
            &output,
            &unpacked.written,
            &place.path().join("artifacts.zip"),
        )
        .unwrap();
    }
}
