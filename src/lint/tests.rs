//! Every rule is in the registry, explained, and shown by a pair of fixtures.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::buildspec::{read, read_bytes};

/// Needs a program that may not be there: the integration tests show it.
const SHELLCHECK: &str = "shellcheck";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/buildspecs/err")
}

fn found(text: &str, options: &Options) -> Vec<Finding> {
    let source = Source::new("buildspec.yml", text);
    all(&source, &read(&source), options)
}

fn rules(text: &str) -> Vec<&'static str> {
    let findings = found(text, &Options::default());
    findings.iter().map(|finding| finding.rule).collect()
}

/// A piece of a buildspec becomes a whole one.
fn whole(piece: &str) -> String {
    let has = |key: &str| piece.contains(key);
    let version = if has("version:") {
        ""
    } else {
        "version: 0.2\n"
    };
    let phases = if has("phases:") {
        ""
    } else {
        "\nphases:\n  build:\n    commands:\n      - make\n"
    };
    format!("{version}{piece}\n{phases}")
}

#[test]
fn explanations_show_the_rule_and_its_mending() {
    let ends = |text: &str| text.ends_with(['.', '?', ')']) && text.len() > 40;
    let mut ids = HashSet::new();
    for rule in RULES {
        assert!(ids.insert(rule.id), "{} stands twice", rule.id);
        assert!(ends(rule.why), "{}: {}", rule.id, rule.why);
        assert!(
            !rule.summary.is_empty() && !rule.summary.ends_with('.'),
            "{}",
            rule.id
        );
        if rule.id == SHELLCHECK {
            continue;
        }
        let before = if rule.id == "no-buildspec" {
            rule.before.to_owned()
        } else {
            whole(rule.before)
        };
        assert!(
            rules(&before).contains(&rule.id),
            "{}: {:?} in\n{before}",
            rule.id,
            rules(&before)
        );
        let after = whole(rule.after);
        assert_eq!(rules(&after), [""; 0], "{}:\n{after}", rule.id);
    }
    assert_eq!(rule("bash-syntax").unwrap().id, "bash-syntax");
    assert!(rule("nothing").is_none());
}

#[test]
fn every_rule_has_its_fixtures() {
    let mut shown = HashSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "out") {
            let text = fs::read_to_string(&path).unwrap();
            let ids = text
                .lines()
                .filter_map(|line| Some(line.split_once('[')?.1.split_once("]: ")?.0.to_owned()));
            shown.extend(ids);
        }
    }
    for rule in RULES.iter().filter(|rule| rule.id != SHELLCHECK) {
        assert!(shown.contains(rule.id), "no fixture shows `{}`", rule.id);
        if rule.check.is_some() {
            let file = folder().join(format!("{}.yml", rule.id.replace('-', "_")));
            let (source, reading) = read_bytes(
                "x",
                &fs::read(&file).unwrap_or_else(|_| panic!("{} is missing", file.display())),
            );
            let findings = check(&source, &reading, &Options::default());
            assert!(
                findings.iter().any(|finding| finding.rule == rule.id),
                "{}",
                file.display()
            );
        }
    }
    for id in shown {
        assert!(rule(&id).is_some(), "`{id}` is not in the registry");
    }
}

#[test]
fn every_rule_has_its_file() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint");
    for rule in RULES.iter().filter(|rule| rule.check.is_some()) {
        let file = here.join(format!("{}.rs", rule.id.replace('-', "_")));
        assert!(file.exists(), "{}", file.display());
    }
}

#[test]
fn an_image_settles_what_is_open() {
    let with = |image: &str, text: &str| {
        let options = Options {
            image: Some(image.to_owned()),
        };
        let findings = found(text, &options);
        findings
            .into_iter()
            .map(|finding| (finding.rule, finding.codebuild.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let bash = "version: 0.2\nphases:\n  build:\n    commands:\n      - source x\n";
    assert_eq!(
        with("aws/codebuild/amazonlinux2-x86_64-standard:5.0", bash),
        []
    );
    assert_eq!(with("aws/codebuild/standard:7.0", bash).len(), 1);
    let docker = "version: 0.2\nphases:\n  install:\n    runtime-versions:\n      docker: 18\n";
    assert_eq!(
        with("aws/codebuild/standard:7.0", docker)[0].1,
        "Unknown runtime named 'docker'. This build image has the following runtimes: dotnet, golang, java, nodejs, php, python, ruby"
    );
    let node = "version: 0.2\nphases:\n  install:\n    runtime-versions:\n      nodejs: 18\n";
    assert_eq!(
        with("aws/codebuild/standard:4.0", node)[0].1,
        "Unknown runtime version named '18' of nodejs. This build image has the following versions: 10, 12"
    );
    assert_eq!(with("aws/codebuild/standard:7.0", node), []);
    assert_eq!(with("aws/codebuild/standard:8.0", node).len(), 1);
    assert_eq!(with("node:22", node).len(), 1);
}

#[test]
fn findings_point_into_blocks() {
    let text = "version: 0.2\nphases:\n  build:\n    commands:\n      - |\n        cd x\n\n          if [[ -f y ]]; then z; fi\n";
    let findings = found(text, &Options::default());
    let finding = findings
        .iter()
        .find(|finding| finding.rule == "bash-syntax")
        .unwrap();
    assert_eq!(&text[finding.primary.span.range()], "[[");
}

#[test]
fn aliases_are_reported_once() {
    let text = "version: 0.2\nphases:\n  pre_build:\n    commands: &c\n      - docker login -p x\n  build:\n    commands: *c\n";
    assert_eq!(rules(text), ["docker-password"]);
}

/// Behind more commands than anybody writes nothing is known, and nothing is claimed.
#[test]
fn commands_without_end_are_not_all_read() {
    let text = format!(
        "version: 0.2\nenv: {{exported-variables: [A]}}\nphases:\n  build:\n    commands:\n{}      - A=1\n      - set -e\n      - b\n",
        "      - b\n".repeat(20_000)
    );
    let source = Source::new("x", text);
    let reading = read(&source);
    assert_eq!(all(&source, &reading, &Options::default()), []);
}
