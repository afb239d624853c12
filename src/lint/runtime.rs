//! `runtime-versions` against what AWS's images have.

use super::context::Context;
use super::runtimes::{self, IMAGES, Image};
use super::{Group, Rule};
use crate::buildspec::keys;
use crate::buildspec::model::Variable;
use crate::diagnostic::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    id: "runtime",
    severity: Severity::Warning,
    group: Group::Warning,
    summary: "a runtime or a version that the build's image does not have",
    why: "AWS's images have a fixed list of runtimes, and of the versions that are prepared. A runtime that is not on it ends the build before \
          its first command. Other versions are installed at the start of each build, if they are written in a form that the image \
          takes, such as `3.10.4`. Give `--image` to check against one image; without it, a runtime is reported if no image has it.",
    before: "phases:\n  install:\n    runtime-versions:\n      node: 22",
    after: "phases:\n  install:\n    runtime-versions:\n      nodejs: 22",
    check: Some(check),
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(install) = &context.buildspec.phases.install else {
        return Vec::new();
    };
    let name = context.options.image.as_deref();
    let image = name.and_then(runtimes::find);
    if name.is_some() && image.is_none() {
        return custom(install.runtime_versions.first())
            .into_iter()
            .collect();
    }
    install
        .runtime_versions
        .iter()
        .filter_map(|runtime| match image {
            Some(image) => in_image(image, runtime),
            None => anywhere(runtime),
        })
        .collect()
}

/// An image of one's own: CodeBuild installs nothing there.
fn custom(first: Option<&Variable>) -> Option<Finding> {
    Some(
        Finding::warning(RULE.id, "this image does not support `runtime-versions`", first?.name.span)
            .label("only images of AWS have runtimes to choose from")
            .help("CodeBuild says `Skipping install of runtimes` and goes on: the build gets what the image has"),
    )
}

fn is_open(version: &str) -> bool {
    version.contains('$') || version.is_empty()
}

/// The image is known, and so is CodeBuild's answer.
fn in_image(image: &Image, runtime: &Variable) -> Option<Finding> {
    let name = runtime.name.value.as_str();
    let version = runtime.value.value.as_str();
    let Some(versions) = image.versions(name) else {
        let known: Vec<&str> = image.runtimes.iter().map(|(name, _)| *name).collect();
        let sentence = format!(
            "Unknown runtime named '{name}'. This build image has the following runtimes: {}",
            known.join(", ")
        );
        let message = format!("`{}` has no runtime `{name}`", image.name);
        let finding = Finding::error(RULE.id, sentence, message, runtime.name.span);
        return Some(match guess(name) {
            Some(guess) => finding.help(format!("did you mean `{guess}`?")),
            None => finding.help("remove it, or take an image that has it"),
        });
    };
    if is_open(version) || runtimes::lists(versions, version) {
        return None;
    }
    let known = versions.join(", ");
    if image.installs_others && name != "docker" && runtimes::is_custom(name, version) {
        return Some(
            Finding::new(
                RULE.id,
                Severity::Note,
                format!("`{}` does not have {name} {version} prepared", image.name),
                runtime.value.span,
            )
            .label("installed at the start of each build")
            .help(format!("prepared: {known}")),
        );
    }
    let mut sorted = versions.to_vec();
    sorted.reverse();
    let sentence = format!(
        "Unknown runtime version named '{version}' of {name}. This build image has the following versions: {}",
        sorted.join(", ")
    );
    let message = format!("`{}` has no {name} {version}", image.name);
    Some(
        Finding::error(RULE.id, sentence, message, runtime.value.span)
            .help(format!("choose one of {known}")),
    )
}

/// No image was named: only what no image has.
fn anywhere(runtime: &Variable) -> Option<Finding> {
    let name = runtime.name.value.as_str();
    let version = runtime.value.value.as_str();
    let mut tables = IMAGES
        .iter()
        .filter_map(|image| image.versions(name))
        .peekable();
    if tables.peek().is_none() {
        let finding = Finding::warning(
            RULE.id,
            format!("no image of AWS has a runtime `{name}`"),
            runtime.name.span,
        );
        return Some(match guess(name) {
            Some(guess) => finding.help(format!("did you mean `{guess}`?")),
            None => finding.help(format!("known: {}", keys::RUNTIMES.join(", "))),
        });
    }
    if is_open(version) {
        return None;
    }
    if matches!(name, "docker" | "android") {
        let old = if name == "docker" {
            "the image's own Docker is taken, whatever the version"
        } else {
            "only images that are no longer kept up have it"
        };
        return Some(
            Finding::warning(
                RULE.id,
                format!("choosing a version of `{name}` is out of date"),
                runtime.name.span,
            )
            .label(old)
            .help("remove it: the images of today for x86 refuse the name"),
        );
    }
    let listed = tables.any(|versions| runtimes::lists(versions, version));
    if listed || runtimes::is_custom(name, version) {
        return None;
    }
    let newest = IMAGES
        .first()
        .and_then(|image| image.versions(name))
        .unwrap_or_default();
    Some(
        Finding::warning(
            RULE.id,
            format!("no image of AWS has {name} {version}"),
            runtime.value.span,
        )
        .help(format!("the newest image has {}", newest.join(", "))),
    )
}

/// The runtime that is meant by another name.
fn guess(name: &str) -> Option<&'static str> {
    let known = match name.to_ascii_lowercase().as_str() {
        "node" | "node.js" | "npm" | "nodejs" => "nodejs",
        "go" | "golang" => "golang",
        "jdk" | "corretto" | "openjdk" => "java",
        "python3" | "pip" => "python",
        ".net" | "dotnetcore" | "dotnet-core" => "dotnet",
        other => return keys::did_you_mean(other, keys::RUNTIMES),
    };
    Some(known)
}
