//! Buildspecs inside other files: what is found, and where.

use super::*;

fn gathered(name: &str, text: &str) -> (Source, Gathered) {
    let source = Source::new(name, text);
    let Contents::Around(gathered) = look(&source) else {
        panic!("{name} is taken for a buildspec")
    };
    (source, gathered)
}

/// The texts, and what the word `make` stands on in the file.
fn found(name: &str, text: &str) -> Vec<(String, String)> {
    let (source, gathered) = gathered(name, text);
    assert_eq!(
        gathered
            .findings
            .iter()
            .filter(|finding| finding.severity > Severity::Note)
            .count(),
        0,
        "{:?}",
        gathered.findings
    );
    gathered
        .inlines
        .iter()
        .map(|inline| {
            let text = inline.text.text().to_owned();
            let at = text.find("make").unwrap();
            let outer = inline.text.outer(Span::new(at, at + 4));
            (text, source.text()[outer.range()].to_owned())
        })
        .collect()
}

#[test]
fn cloudformation_yaml() {
    let text = "\
Resources:
  A:
    Type: AWS::CodeBuild::Project
    Properties:
      Source:
        BuildSpec: |
          version: 0.2
          phases: {build: {commands: [make]}}
  B:
    Type: AWS::CodeBuild::Project
    Properties:
      Source:
        BuildSpec: !Sub
          - |
            version: 0.2
            # ${AWS::Region} ${!Kept} ${Value} ${A:-b}
            phases: {build: {commands: [make]}}
          - Value: !Ref Other
  C:
    Type: AWS::CodeBuild::Project
    Properties:
      Source:
        BuildSpec: buildspec.yml
  D:
    Type: AWS::CodeBuild::Project
    Properties:
      Source:
        BuildSpec: !If [X, !Ref 'AWS::NoValue', \"version: 0.2\\nphases: {build: {commands: make}}\\n\"]
  E:
    Type: AWS::CodeBuild::Project
    Properties:
      Source:
        BuildSpec: !ImportValue x
";
    let found = found("t.yml", text);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|(_, word)| word == "make"), "{found:?}");
    assert!(
        found[1]
            .0
            .contains("# ${AWS::Region} ${Kept} ${Other} ${A:-b}\n"),
        "{}",
        found[1].0
    );
    let (_, gathered) = gathered("t.yml", text);
    assert_eq!((gathered.projects, gathered.paths.len()), (5, 1));
    assert_eq!(gathered.findings.len(), 2, "{:?}", gathered.findings);
}

#[test]
fn cloudformation_json_with_join() {
    let text = r#"{"Resources": {"A": {"Type": "AWS::CodeBuild::Project", "Properties": {"Source": {
  "BuildSpec": {"Fn::Join": ["", ["{\n  \"version\": \"0.2\",\n  \"phases\": {\"build\": {\"commands\": [\"make ", {"Ref": "X"}, "\"]}}\n}"]]}
}}}}}"#;
    let found = found("cdk.template.json", text);
    assert_eq!(
        found,
        [(
            "{\n  \"version\": \"0.2\",\n  \"phases\": {\"build\": {\"commands\": [\"make ${X}\"]}}\n}".to_owned(),
            "make".to_owned()
        )]
    );
}

#[test]
fn api_json() {
    let text = r#"{"projects": [{"name": "x", "source": {"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases:\n  build:\n    commands: make\n"}}, {"source": {"type": "S3", "buildspec": "ci/b.yml"}}]}"#;
    assert_eq!(found("projects.json", text)[0].1, "make");
    let (_, gathered) = gathered("projects.json", text);
    assert_eq!((gathered.projects, gathered.paths.len()), (2, 1));
}

#[test]
fn terraform() {
    let text = r#"
locals {
  spec = "version: 0.2\nphases: {build: {commands: make}}\n"
}
resource "aws_codebuild_project" "a" {
  source {
    buildspec = <<-EOT
      version: 0.2
      phases:
        build:
          commands:
            - make ${var.target} $${KEPT} ${join(",", [
              "}"])}
    EOT
  }
  secondary_sources {
    buildspec = local.spec
  }
}
resource "aws_codebuild_project" "b" {
  source {
    buildspec = jsonencode({
      version = 0.2
      phases  = { build = { commands = ["echo \"a: b\"", "make"] } }
    })
  }
}
resource "aws_codebuild_project" "c" {
  source {
    buildspec = yamlencode({
      version = 0.2
      phases  = { build = { commands = ["make", var.x] } }
    })
  }
}
resource "aws_codebuild_project" "d" {
  source {
    buildspec = var.x ? file("ci/b.yml") : templatefile("b.tpl", {})
  }
}
"#;
    let found = found("main.tf", text);
    assert!(found.iter().all(|(_, word)| word == "make"), "{found:?}");
    let texts: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "version: 0.2\nphases:\n  build:\n    commands:\n      - make ${var.target} ${KEPT} ${...}\n",
            "version: 0.2\nphases: {build: {commands: make}}\n",
            r#"{"phases":{"build":{"commands":["echo \"a: b\"","make"]}},"version":0.2}"#,
            "\"phases\":\n  \"build\":\n    \"commands\":\n    - \"make\"\n    - \"${...}\"\n\"version\": 0.2\n",
        ]
    );
    let (_, gathered) = gathered("main.tf", text);
    assert_eq!(gathered.paths, ["ci/b.yml"]);
}

#[test]
fn what_is_no_container() {
    for text in [
        "version: 0.2\nphases:\n  build:\n    commands:\n      - grep -r AWS::CodeBuild::Project Resources\n",
        "",
        "source: [",
    ] {
        assert!(matches!(
            look(&Source::new("x.yml", text)),
            Contents::Buildspec
        ));
    }
}

#[test]
fn a_broken_template_is_said() {
    for (name, text) in [
        (
            "t.yml",
            "Resources:\n  A:\n    Type: AWS::CodeBuild::Project\n   B: [\n",
        ),
        (
            "main.tf",
            "resource \"aws_codebuild_project\" {\n  x = \n}\n",
        ),
    ] {
        let (_, gathered) = gathered(name, text);
        assert_eq!(gathered.findings[0].rule, "container-syntax", "{name}");
    }
}
