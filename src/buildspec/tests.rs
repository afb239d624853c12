//! The reader as a whole: fixtures, the model of a full file, and properties of any text.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::model::*;
use super::{Reading, read, read_bytes};
use crate::diagnostic::{Severity, human};
use crate::lint;
use crate::source::{Source, Span};
use crate::yaml::{Kind, Node, judge, map};

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/buildspecs")
        .join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

fn load(path: &Path) -> (Source, Reading) {
    let name = path.file_name().unwrap().to_string_lossy();
    read_bytes(&name, &fs::read(path).unwrap())
}

fn of(text: &str) -> Reading {
    read(&Source::new("buildspec.yml", text))
}

fn sentence(text: &str) -> Option<String> {
    of(text).verdict()?.codebuild.clone()
}

fn values(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(|text| text.value.as_str()).collect()
}

fn pairs(variables: &[Variable]) -> Vec<(&str, &str)> {
    variables
        .iter()
        .map(|variable| (variable.name.value.as_str(), variable.value.value.as_str()))
        .collect()
}

/// `UPDATE=1 cargo test` writes the expected files anew.
#[test]
fn broken_buildspecs_are_explained() {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for path in fixtures("err") {
        let (source, reading) = load(&path);
        let findings = lint::all(&source, &reading, &lint::Options::default());
        assert!(!findings.is_empty(), "{}", path.display());
        let shown = human::render(&source, &findings, false, 120);
        let expected = path.with_extension("out");
        if update {
            fs::write(&expected, shown).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != shown {
            wrong.push(format!("{}:\n{shown}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "run with UPDATE=1 if this is right:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn good_buildspecs_have_no_findings() {
    for path in fixtures("ok") {
        let (source, reading) = load(&path);
        let findings = lint::all(&source, &reading, &lint::Options::default());
        let shown = human::render(&source, &findings, false, 120);
        assert_eq!(shown, "", "{}", path.display());
        assert_eq!(reading.unknown_keys, []);
    }
}

#[test]
fn the_model_has_everything() {
    let (_, reading) = load(
        &fixtures("ok")
            .into_iter()
            .find(|path| path.ends_with("everything.yml"))
            .unwrap(),
    );
    let Buildspec {
        version,
        run_as,
        env,
        proxy,
        batch,
        phases,
        reports,
        artifacts,
        cache,
    } = reading.buildspec;
    assert_eq!(version, Version::V0_2);
    assert_eq!(run_as.unwrap().value, "root");
    assert_eq!(env.shell.unwrap().value, Shell::Bash);
    assert_eq!(
        pairs(&env.variables),
        [
            ("STAGE", "test"),
            ("PYTHON", "3.10"),
            ("DEBUG", "yes"),
            ("EMPTY", "")
        ]
    );
    assert_eq!(pairs(&env.parameter_store), [("LOGIN", "/codebuild/login")]);
    assert_eq!(env.secrets_manager.len(), 3);
    assert_eq!(values(&env.exported_variables), ["STAGE"]);
    assert!(env.git_credential_helper.unwrap().value);
    assert!(!proxy.unwrap().logs.unwrap().value);

    let install = phases.install.unwrap();
    assert_eq!(install.on_failure.unwrap().value, OnFailure::Abort);
    assert_eq!(
        pairs(&install.runtime_versions),
        [("python", "3.10"), ("java", "corretto21")]
    );
    assert_eq!(values(&install.finally), ["echo installed"]);
    assert_eq!(values(&phases.pre_build.unwrap().commands), ["3.10"]);
    let build = phases.build.unwrap();
    assert_eq!(
        build.on_failure.unwrap().value,
        OnFailure::Retry {
            count: 2,
            regex: ".*timed out.*".to_owned()
        }
    );
    assert_eq!(
        values(&build.commands),
        [
            "echo \"a:b\"",
            "1",
            "yes",
            "echo several\necho lines\n",
            "folded text"
        ]
    );
    assert_eq!(values(&phases.post_build.unwrap().commands), ["echo one"]);

    assert_eq!(reports.len(), 2);
    assert_eq!(reports[0].file_format.value, ReportFormat::JunitXml);
    assert_eq!(values(&reports[1].files), ["coverage.xml"]);
    assert_eq!(reports[1].file_format.value, ReportFormat::CoberturaXml);

    let artifacts = artifacts.unwrap();
    assert!(artifacts.discard_paths && artifacts.enable_symlinks);
    assert_eq!(values(&artifacts.exclude_paths), ["**/.git/**/*"]);
    assert_eq!(artifacts.secondary[0].0.value, "docs");
    assert_eq!(values(&artifacts.secondary[0].1.files), ["docs/**/*"]);

    let cache = cache.unwrap();
    assert_eq!(cache.action.unwrap().value, CacheAction::Restore);
    assert_eq!(values(&cache.fallback_keys), ["m2-"]);

    let Some(BatchKind::Graph(tasks)) = batch.unwrap().kind else {
        panic!()
    };
    assert_eq!(values(&tasks[1].depend_on), ["linux"]);
    assert!(tasks[1].ignore_failure && tasks[1].debug_session);
    assert!(tasks[0].env.privileged_mode.as_ref().unwrap().value);
}

#[test]
fn codebuilds_own_sentences() {
    for (text, expected) in [
        ("", "wrong number of container tags, expected 1"),
        ("# x\n", "wrong number of container tags, expected 1"),
        ("just text", "wrong number of container tags, expected 1"),
        (
            "version: 1.0\nphases: {build: {commands: [x]}}",
            "invalid buildspec `version` specified: 1.0, see documentation",
        ),
        (
            "version: 0.2\nphases:\n  artifacts:\n    files: x\n",
            "Invalid buildspec phase name: artifacts. Expecting: build,install,post_build,pre_build",
        ),
        (
            "version: 0.2\nphases:\n  build:\n    commands:\n      - a\n      - b: c\n",
            "Expected Commands[1] to be of string type: found subkeys instead at line 6, value of the key tag on line 5 might be empty",
        ),
        (
            "version: 0.2\n  phases:\n",
            "mapping values are not allowed in this context at line 1",
        ),
    ] {
        assert_eq!(sentence(text).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(
        sentence("version: \"0.2\"\nphases: {build: {commands: x}}"),
        None
    );
}

#[test]
fn errors_do_not_hide_each_other() {
    let reading = of(
        "version: 3\nphases:\n  build:\n    commands:\n      - a: b\n      - c: d\n  test: {}\ncache: []\n",
    );
    let errors: Vec<_> = reading
        .findings
        .iter()
        .map(|finding| finding.rule)
        .collect();
    assert_eq!(
        errors,
        ["version", "command", "command", "phase-name", "wrong-kind"]
    );
    assert_eq!(reading.verdict().unwrap().rule, "version");
}

#[test]
fn unknown_keys_are_listed_as_codebuild_names_them() {
    let reading = of(
        "version: 0.2\nenv: {a: 1}\nphases:\n  pre_build: {env: 1, x: 2}\nartifacts: {type: zip, files: x}\n",
    );
    let expected = [
        (
            "PRE_BUILD".to_owned(),
            vec!["env".to_owned(), "x".to_owned()],
        ),
        ("env".to_owned(), vec!["a".to_owned()]),
        ("artifacts".to_owned(), vec!["type".to_owned()]),
    ];
    assert_eq!(reading.unknown_keys, expected);
    assert_eq!(reading.verdict(), None);
}

#[test]
fn batch_errors_leave_a_plain_build_alone() {
    let reading = of("version: 0.2\nbatch: {build-list: [{}]}\nphases: {build: {commands: x}}\n");
    assert_eq!(reading.verdict(), None);
    assert_eq!(reading.batch_verdict().unwrap().rule, "batch");
    let reading = of("version: 0.2\nbatch: {build-list: [{identifier: a}]}\n");
    assert_eq!(reading.verdict().unwrap().severity, Severity::Warning);
    assert_eq!(reading.batch_verdict(), None);
}

#[test]
fn large_and_hostile_files_are_bounded() {
    let commands = "      - echo\n".repeat(20_000);
    let large = format!("version: 0.2\nphases:\n  build:\n    commands:\n{commands}");
    assert_eq!(
        of(&large).buildspec.phases.build.unwrap().commands.len(),
        20_000
    );
    let names: Vec<String> = (0..20_000)
        .map(|index| format!("    A{index}: x"))
        .collect();
    let names = names.join("\n");
    assert!(
        of(&format!("version: 0.2\nenv:\n  variables:\n{names}"))
            .verdict()
            .is_some()
    );
    for open in ["[", "{", "{a: ", "- ", "? "] {
        assert!(of(&open.repeat(10_000)).verdict().is_some());
    }
    assert!(
        of("version: 0.2\nphases: {build: {commands: \u{0}}}")
            .verdict()
            .is_some()
    );
}

/// What the judge takes and the map does not: an example of each kind, and the map's complaint.
///
/// [Exotic characters](is_exotic) are one more.
const DIFFERENCES: &[(&str, &str)] = &[
    (">#", "comments must be separated from other tokens"),
    (
        "- '...\na'",
        "invalid indentation in multiline quoted scalar",
    ),
    ("[-]", "plain scalar cannot start with '-'"),
    ("-\n>", "simple key expected ':'"),
    ("!!!", "while parsing a tag"),
    ("!@!", "while scanning a tag"),
    (">\n    \n   #", "wrongly indented line in block scalar"),
];

/// Byte order marks in the middle of a file, which the judge takes for its end, and YAML 1.1's further line breaks.
fn is_exotic(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.contains(['\u{feff}', '\u{85}', '\u{2028}', '\u{2029}'])
}

fn unplaceable(text: &str) -> Option<String> {
    let tree = map::any(text);
    let mut findings = tree.findings.into_iter();
    let found = findings.find(|finding| finding.rule == "yaml-unplaceable")?;
    Some(found.primary.message)
}

fn inside(node: &Node, text: &str) {
    assert!(
        text.get(node.span.range()).is_some(),
        "{:?} in {text:?}",
        node.span
    );
    match &node.kind {
        Kind::Sequence(nodes) => nodes.iter().for_each(|node| inside(node, text)),
        Kind::Mapping(entries) => entries.iter().for_each(|entry| {
            inside(&entry.key, text);
            inside(&entry.value, text);
        }),
        Kind::Null | Kind::Scalar { .. } => {}
    }
}

fn check(text: &str) {
    let source = Source::new("x", text);
    let reading = read(&source);
    let place = |span: Span| assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
    for finding in &reading.findings {
        place(finding.primary.span);
        finding.related.iter().for_each(|label| place(label.span));
    }
    human::render(&source, &reading.findings, false, 100);
    for finding in lint::check(&source, &reading, &lint::Options::default()) {
        place(finding.primary.span);
        finding.related.iter().for_each(|label| place(label.span));
    }
    let tree = map::any(text);
    if let Some(root) = &tree.root {
        inside(root, text);
    }
}

/// Both parsers take the same texts and read the same from them.
fn agree(text: &str) {
    if is_exotic(text) || judge::judge(text.as_bytes()).is_err() {
        return;
    }
    if let Some(complaint) = unplaceable(text) {
        let known = DIFFERENCES
            .iter()
            .any(|(_, known)| complaint.starts_with(known));
        assert!(
            known,
            "the judge takes {text:?}, the map does not: {complaint}"
        );
        return;
    }
    let tree = map::any(text);
    let plain = !text.contains(['&', '!']) && tree.duplicates.is_empty();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let (Some(root), Ok(value), true) = (&tree.root, serde_yaml::from_str(text), plain)
        && root.entries().is_some()
    {
        compare(root, &value, text);
    }
}

/// The map's texts are libyaml's, wherever that has a text at all.
fn compare(node: &Node, value: &serde_yaml::Value, text: &str) {
    use serde_yaml::Value;
    match (&node.kind, value) {
        (Kind::Scalar { text: found, .. }, Value::String(expected)) => {
            assert_eq!(found, expected, "in {text:?}");
        }
        (Kind::Sequence(nodes), Value::Sequence(values)) => {
            assert_eq!(nodes.len(), values.len(), "in {text:?}");
            nodes
                .iter()
                .zip(values)
                .for_each(|(node, value)| compare(node, value, text));
        }
        (Kind::Mapping(entries), Value::Mapping(values)) => {
            for (entry, (key, value)) in entries.iter().zip(values) {
                compare(&entry.key, key, text);
                compare(&entry.value, value, text);
            }
        }
        (Kind::Null, Value::Null)
        | (Kind::Scalar { .. }, Value::Bool(_) | Value::Number(_))
        | (_, Value::Tagged(_)) => {}
        _ => panic!("{node:?} is not {value:?} in {text:?}"),
    }
}

#[test]
fn the_parsers_differ_where_we_know() {
    for (text, complaint) in DIFFERENCES {
        assert_eq!(judge::judge(text.as_bytes()), Ok(()), "{text:?}");
        assert!(
            unplaceable(text).unwrap().starts_with(complaint),
            "{text:?}"
        );
    }
}

/// Pieces of which buildspecs and their mistakes are made.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "version",
        "phases",
        "build",
        "commands",
        "env",
        "variables",
        "artifacts",
        "batch",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "-",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "<<",
        "!",
        "!!str ",
        "|",
        ">",
        "|-\n",
        "#",
        " #",
        "0.2",
        "yes",
        "~",
        "\t",
        "\r\n",
        "\u{feff}",
        "\u{e9}",
        "\u{1f600}",
        "\u{2028}",
        "---\n",
        "...\n",
        "? ",
        "%",
        "@",
        "`",
        "\\",
        "a",
        " ",
        "$(x)",
        "\u{7f}",
        "\u{0}",
        "\u{85}",
    ])
}

/// libyaml could read it; what CodeBuild does, nobody has seen.
#[test]
fn utf_16_is_called_by_its_name() {
    let text = "version: 0.2\nphases: {build: {commands: make \u{e9}}}\n";
    let bytes = |each: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(each).collect()
    };
    for bytes in [bytes(u16::to_le_bytes), bytes(u16::to_be_bytes)] {
        let (source, reading) = read_bytes("x", &bytes);
        let [finding] = reading.findings.as_slice() else {
            panic!("{:?}", reading.findings);
        };
        assert_eq!(source.text(), text);
        assert!(finding.assumed && finding.message.contains("UTF-16"));
        assert!(reading.verdict().is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_pieces_do_no_harm(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        check(&text);
        agree(&text);
    }

    #[test]
    fn any_text_does_no_harm(text in "\\PC{0,60}") {
        check(&text);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let (source, reading) = read_bytes("x", &bytes);
        human::render(&source, &reading.findings, false, 100);
    }
}
