//! What a build's artifacts were to be: `BuildArtifacts` has a location where a project has type, path and name.

use super::model::{Artifacts, ArtifactsType, NamespaceType, Packaging, Project, SourceType, Text};
use super::value::Value;
use crate::source::{Span, Spanned};

/// Fills in what the record's artifacts say by their location. `uuid` is the build's.
pub(super) fn settle(project: &mut Project, record: &Value, uuid: &str) {
    let source = project.source.kind.as_ref().map(|kind| kind.value);
    let from_pipeline = source == Some(SourceType::CodePipeline);
    if let Some(value) = record.get("artifacts") {
        one(&mut project.artifacts, value, uuid, from_pipeline);
    }
    let secondary = record
        .get("secondaryArtifacts")
        .map(Value::items)
        .unwrap_or_default();
    for defined in &mut project.secondary_artifacts {
        let identifier = defined.identifier.as_ref().map(|text| text.value.as_str());
        let is_it = |value: &&Value| {
            let own = value.get("artifactIdentifier").and_then(Value::known);
            own == identifier
        };
        if let Some(value) = secondary.iter().find(is_it) {
            one(defined, value, uuid, from_pipeline);
        }
    }
}

fn one(artifacts: &mut Artifacts, value: &Value, uuid: &str, from_pipeline: bool) {
    if artifacts.kind.is_some() {
        return;
    }
    let has = |key| value.get(key).and_then(Value::known).is_some();
    let location = artifacts.location.take();
    let Some(location) = location else {
        artifacts.kind = spanned(ArtifactsType::NoArtifacts);
        return;
    };
    let is_packed = ["sha256sum", "md5sum"].into_iter().any(|key| {
        let sum = value.get(key).and_then(Value::known);
        sum.is_some_and(|sum| !sum.is_empty())
    });
    let key = key_in_s3(&location.value);
    if from_pipeline {
        artifacts.kind = spanned(ArtifactsType::CodePipeline);
        return;
    }
    if is_packed || key.is_some_and(is_zip) {
        artifacts.packaging = spanned(Packaging::Zip);
    }
    match key {
        Some(key) => {
            artifacts.kind = spanned(ArtifactsType::S3);
            in_bucket(artifacts, key, uuid, location.span);
        }
        // A build of this tool: its place on this machine says no more.
        None if has("overrideArtifactName") || has("encryptionDisabled") => {
            artifacts.kind = spanned(ArtifactsType::S3);
        }
        None => {}
    }
}

fn is_zip(key: &str) -> bool {
    key.to_ascii_lowercase().ends_with(".zip")
}

/// `bucket/key` of an ARN.
fn key_in_s3(location: &str) -> Option<&str> {
    let rest = location.strip_prefix("arn:")?;
    rest.split_once(":s3:::").map(|(_, key)| key)
}

/// `bucket/path/uuid/name`, of which bucket and name are certain.
fn in_bucket(artifacts: &mut Artifacts, location: &str, uuid: &str, span: Span) {
    let text = |parts: &[&str]| {
        let text = parts.join("/");
        (!text.is_empty()).then(|| Text::new(text, span))
    };
    let parts: Vec<&str> = location
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let Some((bucket, key)) = parts.split_first() else {
        return;
    };
    artifacts.location = text(&[bucket]);
    let by_build = key.iter().position(|part| *part == uuid);
    let (path, name) = match by_build {
        Some(at) => {
            artifacts.namespace_type = spanned(NamespaceType::BuildId);
            (&key[..at], &key[at + 1..])
        }
        None => key.split_at(key.len().saturating_sub(1)),
    };
    artifacts.path = text(path);
    artifacts.name = text(name).or_else(|| text(&["/"]));
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every member of a project may be missing"
)]
fn spanned<T>(value: T) -> Option<Spanned<T>> {
    Some(Spanned::new(value, Span::default()))
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use crate::artifacts::Storage;
    use crate::source::Source;

    /// What the project of a build with these artifacts is taken to say, and the key that comes of it.
    fn told(artifacts: &str, source: &str) -> String {
        let text = format!(
            r#"{{"id": "shop:uu-id", "buildStatus": "FAILED", "source": {{"type": "{source}"}}{artifacts}}}"#
        );
        let recorded = build::read(&Source::new("b.json", text), None).unwrap();
        assert_eq!(recorded.remarks, []);
        let artifacts = &recorded.project.artifacts;
        let kind = artifacts
            .kind
            .as_ref()
            .map_or("-", |kind| kind.value.name());
        let storage = Storage::new(artifacts, None, "shop");
        let key = storage.key("again", None, None).parts.join("/");
        format!("{kind} {}:{key}", storage.bucket())
    }

    #[test]
    fn a_location_tells_type_packaging_path_and_name() {
        for (artifacts, source, expected) in [
            ("", "S3", "- :"),
            (r#", "artifacts": {"location": ""}"#, "S3", "NO_ARTIFACTS :"),
            (
                r#", "artifacts": {"location": "arn:aws:s3:::b/app"}"#,
                "S3",
                "S3 b:app",
            ),
            (
                r#", "artifacts": {"location": "arn:aws-cn:s3:::b/p/q/app.zip", "overrideArtifactName": false}"#,
                "GITHUB",
                "S3 b:p/q/app.zip",
            ),
            (
                r#", "artifacts": {"location": "arn:aws:s3:::b/p/uu-id/x/app", "sha256sum": "ab", "md5sum": "cd"}"#,
                "S3",
                "S3 b:p/again/x/app.zip",
            ),
            (
                r#", "artifacts": {"location": "arn:aws:s3:::b/uu-id", "sha256sum": ""}"#,
                "S3",
                "S3 b:again",
            ),
            (
                r#", "artifacts": {"location": "arn:aws:s3:::b"}"#,
                "S3",
                "S3 b:",
            ),
            (
                r#", "artifacts": {"location": "arn:aws:s3:::codepipeline-x/shop/Built/1a2"}"#,
                "CODEPIPELINE",
                "CODEPIPELINE :",
            ),
            (
                r#", "artifacts": {"location": "/home/me/out"}"#,
                "S3",
                "- :",
            ),
            (
                r#", "artifacts": {"location": "/home/me/out/x.zip", "sha256sum": "ab", "encryptionDisabled": false}"#,
                "S3",
                "S3 :shop.zip",
            ),
            (
                r#", "artifacts": {"type": "S3", "location": "b", "name": "n"}"#,
                "S3",
                "S3 b:n",
            ),
        ] {
            assert_eq!(told(artifacts, source), expected, "{artifacts}");
        }
    }
}
