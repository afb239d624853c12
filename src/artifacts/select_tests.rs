use proptest::prelude::*;

use super::*;
use crate::buildspec::model::{Artifacts, Text};
use crate::source::{Span, Spanned};

fn texts(values: &[impl AsRef<str>]) -> Vec<Text> {
    let text = |value: &str| Spanned::new(value.to_owned(), Span::default());
    values.iter().map(|value| text(value.as_ref())).collect()
}

fn definition(base: Option<&str>, files: &[&str], excludes: &[&str]) -> Artifacts {
    Artifacts {
        base_directory: base.and_then(|base| texts(&[base]).pop()),
        files: texts(files),
        exclude_paths: texts(excludes),
        ..Artifacts::default()
    }
}

/// A tree of files below `/src`, with the directories above them; absolute paths stand as they are.
fn tree(files: &[&str]) -> Tree {
    let mut tree: Tree = [("/src", Kind::Directory)].into_iter().collect();
    for file in files {
        let (name, kind) = match file.strip_suffix('/') {
            Some(directory) => (directory, Kind::Directory),
            None => match file.strip_suffix('@') {
                Some(link) => (link, Kind::Link(Leads::Directory)),
                None => match file.strip_suffix('|') {
                    Some(pipe) => (pipe, Kind::Special),
                    None => (*file, Kind::File),
                },
            },
        };
        let whole = if name.starts_with('/') {
            name.as_bytes().to_vec()
        } else {
            path::join(b"/src", name.as_bytes())
        };
        let mut directory = path::parent(&whole).to_vec();
        tree.insert(whole, kind);
        while directory != b"/" {
            tree.insert(directory.clone(), Kind::Directory);
            directory = path::parent(&directory).to_vec();
        }
    }
    tree
}

fn run(definition: &Artifacts, files: &[&str]) -> Selection {
    let request = Request::new(definition, None, true, |name| {
        (name == "OTHER").then(|| "/other".to_owned())
    });
    select(&request, b"/src", &tree(files))
}

fn paths(selection: &Selection) -> Vec<String> {
    selection
        .files
        .iter()
        .map(|file| shown(&file.artifact))
        .collect()
}

fn failure(selection: &Selection) -> &str {
    &selection.failure.as_ref().unwrap().message
}

#[test]
fn writes_codebuilds_lines() {
    let selection = run(&definition(None, &["**/*"], &[]), &["a", "b/.c"]);
    assert_eq!(
        selection.log,
        [
            "Expanding base directory path: .",
            "Assembling file list",
            "Expanding .",
            "Expanding file paths for base directory .",
            "Assembling file list",
            "Expanding **/*",
            "Found 2 file(s)",
        ]
    );
    assert_eq!(paths(&selection), ["a", "b/.c"]);
    assert_eq!(selection.files[1].source, b"/src/b/.c");
    assert!(selection.warnings.is_empty());
}

#[test]
fn skips_missing_files_but_not_patterns_without_a_match() {
    let selection = run(
        &definition(None, &["missing.txt", "*.none", "a"], &[]),
        &["a"],
    );
    assert_eq!(
        selection.log[5..],
        [
            "Expanding missing.txt",
            "Skipping invalid file path missing.txt",
            "Expanding *.none",
            "Expanding a",
            "Found 1 file(s)",
        ]
    );
    assert_eq!(selection.failure, None);
}

#[test]
fn names_the_patterns_that_match_nothing() {
    let warnings = |files: &[&str]| -> Vec<String> {
        let definition = definition(Some("b*"), files, &["**/e"]);
        let selection = run(&definition, &["b1/a", "b1/e", "b2/c"]);
        selection.warnings.lines().collect()
    };
    assert_eq!(
        warnings(&["a", "no", "x/*", "c"]),
        ["`no` matches no file", "`x/*` matches no file"]
    );
    assert!(warnings(&["**/*", "e"]).is_empty());
}

#[test]
fn fails_in_codebuilds_words() {
    let nothing = run(&definition(None, &["missing.txt"], &[]), &["a"]);
    assert_eq!(nothing.failure.as_ref().unwrap().code, "CLIENT_ERROR");
    assert_eq!(failure(&nothing), "no matching artifact paths found");
    assert_eq!(
        nothing.log.last().unwrap(),
        "Skipping invalid file path missing.txt"
    );

    let no_base = run(&definition(Some("nodir"), &["**/*"], &[]), &["a"]);
    assert_eq!(
        failure(&no_base),
        "no matching base directory path found for nodir"
    );

    let file = run(&definition(Some("a"), &["**/*"], &[]), &["a"]);
    assert_eq!(
        failure(&file),
        "no matching base directory path found for a"
    );
    assert_eq!(
        file.warnings.lines().next().unwrap(),
        "`base-directory`: `/src/a` is a file"
    );

    let all_excluded = run(&definition(None, &["a"], &["**/*"]), &["a"]);
    assert_eq!(failure(&all_excluded), "no matching artifact paths found");

    let none = run(&definition(None, &[], &[]), &["a"]);
    assert_eq!(
        failure(&none),
        "no definition for primary artifacts in buildspec"
    );
    assert_eq!(none.log, <[&str; 0]>::default());
    assert_eq!(
        failure(&run(&definition(None, &["a/"], &[]), &["a"])),
        "no matching artifact paths found"
    );
}

#[test]
fn an_invalid_pattern_spoils_no_other() {
    let selection = run(&definition(None, &["a[b", "a"], &["[z-a]"]), &["a"]);
    assert_eq!(paths(&selection), ["a"]);
    assert_eq!(selection.failure, None);
    assert_eq!(
        selection.log[5..],
        [
            "Expanding a[b",
            "Skipping invalid file path a[b",
            "Expanding a",
            "Found 1 file(s)"
        ]
    );
    let warnings: Vec<_> = selection.warnings.lines().collect();
    assert_eq!(
        warnings,
        [
            "invalid path pattern `a[b`: unclosed character class; missing ']'; passed over",
            "invalid path pattern `[z-a]`: invalid range; 'z' > 'a'; it excludes nothing",
        ]
    );

    let base = run(&definition(Some("x["), &["**/*"], &[]), &["a"]);
    assert_eq!(
        failure(&base),
        "no matching base directory path found for x["
    );
    assert_eq!(base.log[3], "Skipping invalid file path x[");
    let only = run(&definition(None, &["x["], &[]), &["a"]);
    assert_eq!(failure(&only), "no matching artifact paths found");
}

#[test]
fn follows_the_guides_examples() {
    let files = [
        "my-build-1/my-file-1.txt",
        "my-build-2/my-file-2.txt",
        "my-build-2/my-subdirectory/my-file-3.txt",
    ];
    let one = run(
        &definition(Some("my-build-2"), &["*/my-file-3.txt"], &[]),
        &files,
    );
    assert_eq!(paths(&one), ["my-subdirectory/my-file-3.txt"]);

    let mut several = definition(Some("my-build*"), &["**/*"], &[]);
    several.discard_paths = true;
    let several = run(&several, &files);
    assert_eq!(
        paths(&several),
        ["my-file-1.txt", "my-file-2.txt", "my-file-3.txt"]
    );
    assert_eq!(
        several.log[2..],
        [
            "Expanding my-build*",
            "Expanding file paths for base directory my-build-1",
            "Assembling file list",
            "Expanding **/*",
            "Expanding file paths for base directory my-build-2",
            "Assembling file list",
            "Expanding **/*",
            "Found 3 file(s)",
        ]
    );
}

#[test]
fn keeps_the_last_of_two_with_one_name() {
    let mut flat = definition(None, &["**/*"], &[]);
    flat.discard_paths = true;
    let selection = run(&flat, &["a/x", "b/x"]);
    assert_eq!(
        selection.files,
        [Chosen {
            source: b"/src/b/x".into(),
            artifact: b"x".into()
        }]
    );
    assert_eq!(
        selection.warnings.lines().collect::<Vec<_>>(),
        ["`/src/a/x` and `/src/b/x` both become `x`; the last one is kept"]
    );
}

#[test]
fn takes_a_directory_for_its_content() {
    for text in ["build", "build/", "./build"] {
        let selection = run(
            &definition(None, &[text], &[]),
            &["build/a", "build/b/c", "build-2", "x"],
        );
        assert_eq!(paths(&selection), ["build/a", "build/b/c"], "{text}");
        assert!(!selection.warnings.is_empty());
    }
    let empty = run(&definition(None, &["build", "x"], &[]), &["build/", "x"]);
    assert!(
        empty
            .log
            .contains(&"Skipping invalid file path build".to_owned())
    );
}

#[test]
fn excludes_always_win() {
    let files = ["a", ".env", "x/.git/config", "x/y/name/z", "keep/name"];
    let excludes = ["**/.*", "**/.*/**/*", "**/name/**/*", "$UNSET"];
    let selection = run(&definition(None, &["**/*", ".env"], &excludes), &files);
    assert_eq!(paths(&selection), ["a", "keep/name"]);
    let in_base = run(&definition(Some("x"), &["**/*"], &["y"]), &files);
    assert_eq!(paths(&in_base), [".git/config"]);
}

#[test]
fn reaches_outside_the_source() {
    let base = run(
        &definition(Some("$OTHER/x"), &["**/*"], &[]),
        &["/other/x/a", "a"],
    );
    assert_eq!(base.log[0], "Expanding base directory path: /other/x");
    assert_eq!(paths(&base), ["a"]);
    assert!(base.warnings.is_empty());

    let files = run(
        &definition(None, &["/tmp/*.log", "../w/b"], &[]),
        &["/tmp/a.log", "/w/b"],
    );
    assert_eq!(paths(&files), ["tmp/a.log", "w/b"]);
    assert_eq!(files.warnings.lines().count(), 2);
}

#[test]
fn says_which_links_it_left_out() {
    let selection = run(&definition(None, &["**/*"], &[]), &["a", "link@"]);
    assert_eq!(
        selection.warnings.lines().collect::<Vec<_>>(),
        ["`/src/link` is a symbolic link to a directory; left out"]
    );
}

/// What is said of files of these kinds, besides a plain `a`.
fn said_of(files: &[&str], excludes: &[&str], odd: &[(&str, Kind)]) -> Vec<String> {
    let mut tree = tree(&["a", "d/"]);
    for (name, kind) in odd {
        tree.insert(path::join(b"/src", name.as_bytes()), *kind);
    }
    let request = Request::new(&definition(None, files, excludes), None, true, |_| None);
    let selection = select(&request, b"/src", &tree);
    assert_eq!(paths(&selection), ["a"]);
    selection.warnings.lines().collect()
}

#[test]
fn names_devices_pipes_and_sockets() {
    let odd = [
        ("pipe", Kind::Special),
        ("d/socket", Kind::Special),
        ("zero", Kind::Link(Leads::Special)),
        ("dangling", Kind::Link(Leads::Nowhere)),
    ];
    let pipe = "`/src/pipe` is a device, a pipe or a socket; left out";
    assert_eq!(said_of(&["a", "pipe", "pi*"], &[], &odd), [pipe]);
    assert_eq!(
        said_of(&["a", "d"], &[], &odd),
        [pipe.replace("pipe`", "d/socket`")]
    );
    assert_eq!(
        said_of(&["**/*", "*"], &[], &odd),
        [
            "`/src/d/socket`, `/src/pipe` are devices, pipes or sockets; left out",
            "`/src/zero` is a symbolic link to a device, a pipe or a socket; left out",
            "`/src/dangling` is a symbolic link to nothing that the build can reach; left out",
        ]
    );
    assert_eq!(
        said_of(&["**/*"], &["**/socket", "z*", "dang*"], &odd),
        [pipe]
    );
    assert_eq!(said_of(&["a", "$UNSET"], &[], &odd).len(), 1);

    let only = run(&definition(None, &["pipe"], &[]), &["pipe|"]);
    assert_eq!(failure(&only), "no matching artifact paths found");
    assert_eq!(only.log[6], "Skipping invalid file path pipe");
    assert_eq!(only.warnings.lines().collect::<Vec<_>>(), [pipe]);
}

#[test]
fn names_files_that_the_kernel_makes_up() {
    let definition = definition(None, &["**/*", "/proc/v*", "/proc-2/x"], &[]);
    let request = Request::new(&definition, None, true, |_| None);
    let mut tree = tree(&["a", "/proc/version", "/proc-2/x"]);
    tree.insert(b"/src/link".to_vec(), Kind::Virtual);
    let selection = select(&request, b"/src", &tree);
    assert_eq!(paths(&selection), ["a", "link", "proc-2/x", "proc/version"]);
    let said: Vec<_> = selection.warnings.lines().collect();
    let expected = "`/proc/version`, `/src/link` are made up by the kernel as they are read; \
                    their copies may be empty, or end in zeros";
    assert!(said.contains(&expected.to_owned()), "{said:?}");
}

#[test]
fn names_directories_that_cannot_be_read() {
    let odd = [("d/closed", Kind::Unreadable), ("other/x", Kind::Hidden)];
    let closed = "`/src/d/closed` is a directory that can't be read; what is in it is left out";
    for files in ["**/*.js", "d", "d/*/*", "d/c*/x"] {
        assert_eq!(said_of(&["a", files], &[], &odd)[0], closed, "{files}");
    }
    for files in ["*", "d/*", "d/x*/*"] {
        let said = said_of(&["a", files], &[], &odd);
        assert!(!said.contains(&closed.to_owned()), "{files} {said:?}");
    }
    for exclude in ["d", "d/closed", "d/closed/**/*", "d/**/*"] {
        let said = said_of(&["a", "d/**/*"], &[exclude], &odd);
        assert!(!said.contains(&closed.to_owned()), "{exclude} {said:?}");
    }
    assert_eq!(
        said_of(&["a", "other/x"], &[], &odd),
        ["`/src/other/x` can't be looked for: a directory above can't be entered"]
    );
}

#[test]
fn a_base_directory_that_cannot_be_listed_may_still_be_entered() {
    let mut tree = tree(&["b/a"]);
    let select = |tree: &Tree, files: &[&str]| {
        let request = Request::new(&definition(Some("b"), files, &[]), None, true, |_| None);
        select(&request, b"/src", tree)
    };
    assert!(select(&tree, &["a"]).warnings.is_empty());
    tree = [("/src/b", Kind::Unreadable), ("/src/b/a", Kind::File)]
        .into_iter()
        .collect();
    assert!(select(&tree, &["a"]).warnings.is_empty());
    assert_eq!(paths(&select(&tree, &["a"])), ["a"]);
    assert_eq!(select(&tree, &["*"]).warnings.lines().count(), 1);

    let hidden = [("/src/b", Kind::Hidden)].into_iter().collect();
    let selection = select(&hidden, &["a"]);
    assert_eq!(
        failure(&selection),
        "no matching base directory path found for b"
    );
    assert_eq!(
        selection.warnings.lines().collect::<Vec<_>>(),
        ["`base-directory`: `/src/b` can't be looked for: a directory above can't be entered"]
    );
}

#[test]
fn takes_links_that_are_to_be_kept() {
    let mut kept = definition(None, &["**/*"], &["**/b@"]);
    kept.enable_symlinks = true;
    let selection = run(&kept, &["a", "d/link@"]);
    assert_eq!(paths(&selection), ["a", "d/link"]);
    assert_eq!(
        selection.loose,
        [(b"/src/d/link".to_vec(), Leads::Directory)].into()
    );
    assert!(selection.warnings.is_empty());
}

#[test]
fn a_million_files() {
    let mut listing = b"root\0directory\0".to_vec();
    for number in 0..1_000_000 {
        listing.extend(format!("f./d{}/{number}\0", number / 1000).bytes());
    }
    listing.extend(b"end\0");
    let request = Request::new(
        &definition(None, &["**/*7"], &["d9*/*"]),
        None,
        false,
        |_| None,
    );
    let tree = Tree::parse(&request.roots(b"/src"), &listing).unwrap();
    assert_eq!(select(&request, b"/src", &tree).files.len(), 88_900);
}

#[test]
fn names_the_secondary_artifact_first() {
    let request = Request::new(&definition(None, &["a"], &[]), Some("id1"), false, |_| None);
    let selection = select(&request, b"/src", &tree(&["a"]));
    assert_eq!(
        selection.log[..2],
        [
            "Preparing to copy secondary artifacts id1",
            "Expanding base directory path: ."
        ]
    );
}

#[test]
fn survives_a_forged_list() {
    let tree: Tree = [
        ("/", Kind::File),
        ("/src", Kind::Directory),
        ("/src/a", Kind::File),
        ("/src/a/b", Kind::Directory),
    ]
    .into_iter()
    .collect();
    let request = Request::new(&definition(Some("**"), &["/"], &[]), None, false, |_| None);
    assert_eq!(paths(&select(&request, b"/src", &tree)), ["a"]);
}

#[test]
fn keeps_control_characters_out_of_the_log() {
    let selection = run(&definition(Some("d*"), &["*"], &[]), &["d\x1b[2J\n/a"]);
    assert_eq!(
        selection.log[3],
        "Expanding file paths for base directory d\\u{1b}[2J\\n"
    );
}

fn name() -> impl Strategy<Value = String> {
    "[ab.]{1,3}".prop_filter("not a name", |name| name != "." && name != "..")
}

fn pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            name(),
            Just("**".into()),
            Just("*".into()),
            Just("..".into()),
            "[ab*?.]{1,3}",
            Just(String::new())
        ],
        1..5,
    )
    .prop_map(|parts| parts.join("/"))
}

/// What a listing of these roots would show of a tree.
fn listed(tree: &Tree, roots: &[crate::artifacts::Root]) -> Tree {
    tree.below(b"/")
        .filter(|(path, _)| {
            roots.iter().any(|root| {
                let depth =
                    path::below(&root.path, path).map(|rest| path::components(rest).count());
                depth.is_some_and(|depth| root.depth.is_none_or(|most| depth <= most))
            })
        })
        .collect()
}

proptest! {
    #[test]
    fn any_selection_stays_inside_and_respects_excludes(
        files in prop::collection::vec(prop::collection::vec(name(), 1..4), 0..12),
        patterns in prop::collection::vec(pattern(), 1..4),
        excludes in prop::collection::vec(pattern(), 0..3),
        base in prop::option::of(pattern()),
        discard_paths: bool,
    ) {
        let tree: Tree = std::iter::once((b"/src".to_vec(), Kind::Directory)).chain(files.iter().flat_map(|parts| {
            (1..=parts.len()).map(|end| {
                let whole = format!("/src/{}", parts[..end].join("/")).into_bytes();
                (whole, if end == parts.len() { Kind::File } else { Kind::Directory })
            })
        })).collect();
        let mut definition = definition(base.as_deref(), &[], &[]);
        definition.files = texts(&patterns);
        definition.exclude_paths = texts(&excludes);
        definition.discard_paths = discard_paths;
        let request = Request::new(&definition, None, false, |_| None);
        let selection = select(&request, b"/src", &tree);
        let listed = listed(&tree, &request.roots(b"/src"));
        prop_assert_eq!(&select(&request, b"/src", &listed), &selection, "listing less must not change anything");
        prop_assert_eq!(selection.files.is_empty(), selection.failure.is_some());
        for file in &selection.files {
            prop_assert!(path::check(&file.artifact).is_ok(), "{:?}", file);
            prop_assert_eq!(tree.kind(&file.source), Some(Kind::File));
        }
        if base.is_none() {
            for exclude in &request.excludes {
                prop_assert!(!selection.files.iter().any(|file| exclude.matches(b"/src", &file.source)));
            }
        }
    }
}
