//! The rules whose checks are part of the reader: what they are for.

use super::{Group, Rule};
use crate::diagnostic::Severity;

const fn error(
    id: &'static str,
    summary: &'static str,
    why: &'static str,
    before: &'static str,
    after: &'static str,
) -> Rule {
    Rule {
        id,
        severity: Severity::Error,
        group: Group::Error,
        summary,
        why,
        before,
        after,
        check: None,
    }
}

const fn warning(
    id: &'static str,
    summary: &'static str,
    why: &'static str,
    before: &'static str,
    after: &'static str,
) -> Rule {
    Rule {
        severity: Severity::Warning,
        group: Group::Warning,
        ..error(id, summary, why, before, after)
    }
}

pub(super) const YAML_SYNTAX: Rule = error(
    "yaml-syntax",
    "text that is not YAML",
    "CodeBuild reads YAML before it looks at anything else. Its sentence has the line counted from 0, and often names a place behind the \
     mistake; this tool points to the mistake itself.",
    "artifacts:\n  files:\n    - **/*",
    "artifacts:\n  files:\n    - '**/*'",
);

pub(super) const YAML_ALIAS: Rule = error(
    "yaml-alias",
    "an alias that can't be resolved",
    "An alias such as `*name` stands for the value that `&name` marks. One that contains itself, or that makes the file grow without \
     measure, is refused.",
    "env:\n  variables: &all\n    A: *all",
    "env:\n  variables:\n    A: one",
);

pub(super) const YAML_MERGE: Rule = error(
    "yaml-merge",
    "a merge key whose value is not a mapping",
    "`<<` takes over the keys of another mapping, so its value must be an alias of one, or a list of such.",
    "env:\n  variables:\n    <<: common",
    "env:\n  variables:\n    COMMON: yes",
);

pub(super) const YAML_DOCUMENTS: Rule = warning(
    "yaml-documents",
    "a second document in the file",
    "`---` starts a new document. CodeBuild reads the first one only.",
    "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n---\nartifacts:\n  files:\n    - app",
    "version: 0.2\nphases:\n  build:\n    commands:\n      - make\nartifacts:\n  files:\n    - app",
);

pub(super) const YAML_TAG: Rule = warning(
    "yaml-tag",
    "a tag that is not part of the value",
    "YAML takes a word that begins with `!` for a tag, and drops it: `! grep x` becomes `grep x`. Quotes keep it.",
    "phases:\n  build:\n    commands:\n      - ! grep -r TODO src",
    "phases:\n  build:\n    commands:\n      - '! grep -r TODO src'",
);

pub(super) const YAML_UNPLACEABLE: Rule = error(
    "yaml-unplaceable",
    "YAML that this tool can't place",
    "CodeBuild would read this, but the parser that tells this tool where things stand does not. It happens with rare forms only. Write \
     the part in a plainer way.",
    "phases:\n  build:\n    commands: [-]",
    "phases:\n  build:\n    commands:\n      - '-'",
);

pub(super) const NO_BUILDSPEC: Rule = error(
    "no-buildspec",
    "a file that is no buildspec",
    "The file is empty, or has neither `version` nor `phases`. Often it is the wrong file: a CloudFormation template, or a file that was not \
     filled in.",
    "# version: 0.2",
    "version: 0.2\nphases:\n  build:\n    commands:\n      - make",
);

pub(super) const VERSION: Rule = error(
    "version",
    "no version, or one that does not exist",
    "`version` is that of the buildspec's grammar, not of your project: 0.2, or the old 0.1.",
    "version: 1.0\nphases:\n  build:\n    commands:\n      - make",
    "version: 0.2\nphases:\n  build:\n    commands:\n      - make",
);

pub(super) const PHASES: Rule = error(
    "phases",
    "no phases",
    "A build needs `phases` with at least one phase below it. When `phases` is there but empty, the phases mostly stand in the first column \
     instead of below it.",
    "version: 0.2\nphases:\nbuild:\n  commands:\n    - make",
    "version: 0.2\nphases:\n  build:\n    commands:\n      - make",
);

pub(super) const PHASE_NAME: Rule = error(
    "phase-name",
    "a phase that does not exist",
    "There are `install`, `pre_build`, `build` and `post_build`, and no others. A section such as `artifacts` that is indented below \
     `phases` counts as one of them too.",
    "phases:\n  build:\n    commands:\n      - make\n  deploy:\n    commands:\n      - make deploy",
    "phases:\n  build:\n    commands:\n      - make\n      - make deploy",
);

pub(super) const COMMAND: Rule = error(
    "command",
    "a command that is no text",
    "A colon followed by a blank makes a key and a value of an unquoted command; `[` and `{` at its start make a list or a mapping. Quotes \
     around the whole command, or a block, keep it a text.",
    "phases:\n  build:\n    commands:\n      - echo \"state: ready\"",
    "phases:\n  build:\n    commands:\n      - 'echo \"state: ready\"'",
);

pub(super) const WRONG_KIND: Rule = error(
    "wrong-kind",
    "a list, a text or keys in a place that takes another of them",
    "Each key of the buildspec takes one kind of value. `- ` begins an item of a list: in front of keys it makes a list of mappings.",
    "env:\n  variables:\n    - STAGE: test",
    "env:\n  variables:\n    STAGE: test",
);

pub(super) const WRONG_VALUE: Rule = error(
    "wrong-value",
    "a value that is not among the allowed ones",
    "`on-failure`, `env.shell`, `file-format` and `cache.action` take certain words only.",
    "phases:\n  build:\n    on-failure: IGNORE\n    commands:\n      - make",
    "phases:\n  build:\n    on-failure: CONTINUE\n    commands:\n      - make",
);

pub(super) const BATCH: Rule = error(
    "batch",
    "a batch that can't be planned",
    "A batch has one kind, each task an identifier of its own, and `depend-on` names other tasks without going round in circles. A plain \
     build ignores the section.",
    "batch:\n  build-graph:\n    - identifier: test\n      depend-on:\n        - build",
    "batch:\n  build-graph:\n    - identifier: build\n    - identifier: test\n      depend-on:\n        - build",
);

pub(super) const UNKNOWN_KEY: Rule = warning(
    "unknown-key",
    "a key that is not known in its place",
    "CodeBuild ignores it with all that stands below it, and says so only in its log: `Found possible syntax errors in buildspec`.",
    "artifact:\n  files:\n    - app.zip",
    "artifacts:\n  files:\n    - app.zip",
);

pub(super) const DUPLICATE_KEY: Rule = warning(
    "duplicate-key",
    "a key that stands twice in the same place",
    "Only the last one counts; all that stands below the first is lost without a word.",
    "phases:\n  build:\n    commands:\n      - make\n    commands:\n      - make test",
    "phases:\n  build:\n    commands:\n      - make\n      - make test",
);

pub(super) const INDENTATION: Rule = warning(
    "indentation",
    "keys that stand beside their section instead of below it",
    "A key belongs to a section only if it is indented below it. In the first column it is a section of its own, which CodeBuild does not \
     know.",
    "artifacts:\nfiles:\n  - app.zip",
    "artifacts:\n  files:\n    - app.zip",
);

pub(super) const BOOLEAN: Rule = warning(
    "boolean",
    "a switch that is neither yes nor no",
    "`yes`, `no`, `true`, `false`, `on` and `off` are known. Anything else is taken as no.",
    "artifacts:\n  files:\n    - app.zip\n  discard-paths: maybe",
    "artifacts:\n  files:\n    - app.zip\n  discard-paths: yes",
);

pub(super) const EMPTY_ITEM: Rule = warning(
    "empty-item",
    "an empty item in a list of paths or names",
    "A `-` without anything behind it is an item without a value.",
    "artifacts:\n  files:\n    - app.zip\n    -",
    "artifacts:\n  files:\n    - app.zip",
);

pub(super) const SHELL: Rule = warning(
    "shell",
    "a shell that is spelt in a way that is not documented",
    "The documentation has `bash` and `/bin/sh` for Linux, `powershell.exe` and `cmd.exe` for Windows.",
    "env:\n  shell: /bin/bash",
    "env:\n  shell: bash",
);

pub(super) const RUNTIME_VERSIONS: Rule = warning(
    "runtime-versions",
    "`runtime-versions` without a runtime",
    "The section needs at least one runtime with its version. Without the section, the image's own versions are taken.",
    "phases:\n  install:\n    runtime-versions:",
    "phases:\n  install:\n    runtime-versions:\n      nodejs: 22",
);

pub(super) const STEPS: Rule = warning(
    "steps",
    "GitHub Actions, which a local build leaves out",
    "CodeBuild can run GitHub Actions as steps of a phase. This tool can't: a local build goes on without them.",
    "phases:\n  build:\n    steps:\n      - uses: actions/setup-node@v4",
    "phases:\n  build:\n    commands:\n      - make",
);

pub(super) const CACHE_FALLBACK_KEYS: Rule = warning(
    "cache-fallback-keys",
    "fallback keys without a key, or more than five",
    "`fallback-keys` are tried when the cache has no entry for `key`. Without `key` they are ignored; more than five are not allowed.",
    "cache:\n  fallback-keys:\n    - npm-\n  paths:\n    - node_modules/**/*",
    "cache:\n  key: npm-$(codebuild-hash-files package-lock.json)\n  fallback-keys:\n    - npm-\n  paths:\n    - node_modules/**/*",
);
