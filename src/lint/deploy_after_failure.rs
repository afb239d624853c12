//! `post_build` runs after a failed `build`: what it publishes may be broken.

use super::context::{Context, short};
use super::shell::Simple;
use super::{Group, Rule};
use crate::buildspec::model::OnFailure;
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "deploy-after-failure",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "`post_build` publishes without asking whether `build` succeeded",
    why: "When `build` fails, `post_build` runs all the same, and pushes or deploys what is there: an old image, half of a website. \
          `CODEBUILD_BUILD_SUCCEEDING` is `0` then. Ask for it first, or write `on-failure: ABORT` in `build`, which also leaves out \
          artifacts and reports.",
    before: "phases:\n  build:\n    commands:\n      - make\n  post_build:\n    commands:\n      - docker push \"$IMAGE\"",
    after: "phases:\n  build:\n    commands:\n      - make\n  post_build:\n    commands:\n      - test \"$CODEBUILD_BUILD_SUCCEEDING\" = 1\n      - docker push \"$IMAGE\"",
    check: Some(check),
};

const ANSWER: &str = "CODEBUILD_BUILD_SUCCEEDING";

fn check(context: &Context<'_>) -> Vec<Finding> {
    let phases = &context.buildspec.phases;
    let Some(build) = &phases.build else {
        return Vec::new();
    };
    let aborts = build
        .on_failure
        .as_ref()
        .is_some_and(|value| value.value == OnFailure::Abort);
    if aborts || build.commands.is_empty() {
        return Vec::new();
    }
    for item in context
        .items
        .iter()
        .filter(|item| item.phase == "post_build")
    {
        let mut found = None;
        item.each_simple(|step| {
            let function = step.inside.function || step.inside.condition;
            if found.is_none() && !function && publishes(step.simple) {
                found = Some(step.simple);
            }
        });
        let asked = item.text.find(ANSWER);
        if asked.is_some_and(|asked| found.is_none_or(|simple| asked < simple.range.start)) {
            return Vec::new();
        }
        if let Some(simple) = found {
            let words = simple
                .words
                .last()
                .map_or(simple.range.end, |word| word.range.end);
            let start = simple
                .words
                .first()
                .map_or(simple.range.start, |word| word.range.start);
            return vec![
                Finding::warning(
                    RULE.id,
                    format!("`{}` also runs when `build` has failed", short(simple)),
                    context.place(item, start..words),
                )
                .label("`post_build` runs after a failed `build`")
                .help("make this the first command of `post_build`: `test \"$CODEBUILD_BUILD_SUCCEEDING\" = 1`")
                .help("or write `on-failure: ABORT` in `build`, which also leaves out artifacts and reports"),
            ];
        }
    }
    Vec::new()
}

/// A program, and the arguments that make it publish something. An argument that ends with `*` is the start of one.
const PUBLISHING: &[&[&str]] = &[
    &["docker", "push"],
    &["docker", "image", "push"],
    &["docker", "compose", "push"],
    &["docker-compose", "push"],
    &["podman", "push"],
    &["npm", "publish"],
    &["pnpm", "publish"],
    &["yarn", "publish"],
    &["yarn", "npm", "publish"],
    &["npm", "run", "deploy*"],
    &["npm", "run", "publish*"],
    &["npm", "run", "release*"],
    &["yarn", "deploy*"],
    &["yarn", "run", "deploy*"],
    &["cargo", "publish"],
    &["gem", "push"],
    &["twine", "upload"],
    &["python", "twine", "upload"],
    &["python3", "twine", "upload"],
    &["poetry", "publish"],
    &["uv", "publish"],
    &["make", "deploy*"],
    &["make", "publish*"],
    &["make", "release*"],
    &["terraform", "apply"],
    &["tofu", "apply"],
    &["terragrunt", "apply"],
    &["pulumi", "up"],
    &["kubectl", "apply"],
    &["kubectl", "set"],
    &["kubectl", "rollout", "restart"],
    &["helm", "upgrade"],
    &["helm", "install"],
    &["helm", "push"],
    &["sam", "deploy"],
    &["cdk", "deploy"],
    &["serverless", "deploy"],
    &["sls", "deploy"],
    &["eb", "deploy"],
    &["copilot", "deploy"],
    &["copilot", "svc", "deploy"],
    &["copilot", "env", "deploy"],
    &["amplify", "publish"],
    &["amplify", "push"],
    &["git", "push"],
    &["gradle", "publish*"],
    &["gradlew", "publish*"],
    &["mvn", "deploy"],
    &["mvnw", "deploy"],
    &["aws", "ecs", "update-service"],
    &["aws", "ecs", "deploy"],
    &["aws", "cloudformation", "deploy"],
    &["aws", "cloudformation", "create-stack"],
    &["aws", "cloudformation", "update-stack"],
    &["aws", "cloudformation", "execute-change-set"],
    &["aws", "lambda", "update-function-code"],
    &["aws", "lambda", "publish-version"],
    &["aws", "lambda", "publish-layer-version"],
    &["aws", "deploy", "create-deployment"],
    &["aws", "ecr", "put-image"],
    &["aws", "elasticbeanstalk", "update-environment"],
    &["aws", "apprunner", "start-deployment"],
    &["aws", "amplify", "start-deployment"],
];

/// Options of the programs above whose value is the next word.
const WITH_VALUE: &[&str] = &[
    "--region",
    "--profile",
    "--output",
    "--query",
    "--endpoint-url",
    "-f",
    "-C",
    "-n",
    "--namespace",
    "--context",
    "--cwd",
    "--prefix",
    "-m",
    "--stage",
    "-s",
];

fn publishes(simple: &Simple) -> bool {
    let mut words: Vec<&str> = Vec::new();
    let mut skip = false;
    for word in &simple.words {
        let text = word.text.as_str();
        if std::mem::take(&mut skip) {
            // `python -m twine upload`
            if words != ["python"] && words != ["python3"] {
                continue;
            }
        } else if text.starts_with('-') {
            skip = WITH_VALUE.contains(&text);
            continue;
        }
        words.push(text);
    }
    while let Some("sudo" | "npx" | "exec" | "time" | "command") = words.first().copied() {
        words.remove(0);
    }
    let Some(first) = words.first_mut() else {
        return false;
    };
    *first = first.rsplit('/').next().unwrap_or(first);
    let fits = |pattern: &[&str]| {
        // Programs such as make and Maven take any number of goals.
        let goals = matches!(pattern[0], "make" | "mvn" | "mvnw" | "gradle" | "gradlew");
        let fits = |(word, wanted): (&&str, &&str)| match wanted.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => word == wanted,
        };
        words[0] == pattern[0]
            && if goals {
                words[1..].iter().any(|word| fits((word, &pattern[1])))
            } else {
                words.len() >= pattern.len() && words.iter().zip(pattern).all(fits)
            }
    };
    PUBLISHING.iter().any(|pattern| fits(pattern)) || uploads(&words) || pushes(simple)
}

/// `docker build --push`, `docker buildx bake --push`
fn pushes(simple: &Simple) -> bool {
    simple.name() == Some("docker") && simple.words.iter().any(|word| word.text == "--push")
}

/// Parts of the names of what is wanted after a failure too.
const WANTED: &[&str] = &[
    "log",
    "report",
    "result",
    "coverage",
    "test",
    "screenshot",
    "cache",
    "output.txt",
    "status",
];

/// `aws s3 cp X s3://...`; logs and reports are wanted after a failure too.
fn uploads(words: &[&str]) -> bool {
    let ["aws", "s3", "cp" | "sync" | "mv", from, to, ..] = words else {
        return false;
    };
    let wanted = |text: &str| {
        let text = text.to_lowercase();
        WANTED.iter().any(|word| text.contains(word))
    };
    to.starts_with("s3://") && !from.starts_with("s3://") && !wanted(from) && !wanted(to)
}
