//! Where an artifact is kept, and as what: a folder or a ZIP, under the name that it would have in its bucket.

use super::path::shown;
use crate::project::model::{Artifacts, ArtifactsType, NamespaceType, Packaging, Text};

/// How one artifact is kept: by a project's definition, or by none.
#[derive(Clone, Debug)]
pub struct Storage<'a> {
    defined: &'a Artifacts,
    packaging: Option<Packaging>,
    unnamed: &'a str,
}

/// A path below the folder for the artifact; empty for the folder itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// Its components; none is empty, `.` or `..`.
    pub parts: Vec<String>,
    /// A component of the name had to be left out.
    pub changed: bool,
}

impl<'a> Storage<'a> {
    /// `packaging` goes above the project's; `unnamed` is the name of a ZIP that nobody named.
    pub fn new(defined: &'a Artifacts, packaging: Option<Packaging>, unnamed: &'a str) -> Self {
        Self {
            defined,
            packaging,
            unnamed,
        }
    }

    /// Whether the artifact is one ZIP.
    pub fn is_zip(&self) -> bool {
        let defined = self
            .in_bucket()
            .and_then(|defined| defined.packaging.as_ref());
        let packaging = self.packaging.or(defined.map(|packaging| packaging.value));
        packaging == Some(Packaging::Zip)
    }

    /// Whether links can be kept as such: a bucket without ZIP knows none. Without a project the folder stands for a ZIP.
    pub fn knows_links(&self) -> bool {
        self.is_zip() || self.kind() != Some(ArtifactsType::S3)
    }

    /// Whether the buildspec's `name` counts.
    pub fn takes_name(&self) -> bool {
        self.in_bucket()
            .is_some_and(|defined| defined.override_artifact_name)
    }

    /// The bucket and the definition's key in it, as far as two artifacts may be kept under the same.
    pub fn bucket(&self) -> &str {
        self.in_bucket()
            .map_or("", |defined| text(defined.location.as_ref()))
    }

    /// `<path>/<build>/<name>`: the object's key in the bucket, or that of the folder of objects.
    ///
    /// `build` is the build's uuid, `name` that of the buildspec. With `BUILD_ID`, the buildspec's `s3-prefix` stands
    /// in the path's place: the guide shows `<s3-prefix>/<build-id>/<name>.zip`.
    pub fn key(&self, build: &str, name: Option<&str>, s3_prefix: Option<&str>) -> Key {
        let mut key = Key::default();
        let mut named = name.filter(|name| self.takes_name() && !name.is_empty());
        if let Some(defined) = self.in_bucket() {
            let by_build = defined
                .namespace_type
                .as_ref()
                .is_some_and(|kind| kind.value == NamespaceType::BuildId);
            let prefix = s3_prefix.filter(|prefix| by_build && !prefix.is_empty());
            key.add(prefix.unwrap_or(text(defined.path.as_ref())));
            if by_build {
                key.add(build);
            }
            named = named.or(defined.name.as_ref().map(|name| name.value.as_str()));
        }
        let before = key.parts.len();
        key.add(named.unwrap_or_default());
        if self.is_zip() {
            if key.parts.len() == before {
                key.add(self.unnamed);
            }
            if let Some(last) = key.parts.last_mut()
                && !last.to_ascii_lowercase().ends_with(".zip")
            {
                last.push_str(".zip");
            }
        }
        key
    }

    fn kind(&self) -> Option<ArtifactsType> {
        self.defined.kind.as_ref().map(|kind| kind.value)
    }

    /// `CodePipeline` decides on everything by itself, whatever the project says.
    fn in_bucket(&self) -> Option<&'a Artifacts> {
        (self.kind() != Some(ArtifactsType::CodePipeline)).then_some(self.defined)
    }
}

impl Key {
    /// A bucket's key may hold anything, a path of this machine may not.
    fn add(&mut self, text: &str) {
        for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
            let part = shown(part.as_bytes());
            if part == ".." || part.len() > 250 {
                self.changed = true;
            } else {
                self.parts.push(part);
            }
        }
    }
}

fn text(text: Option<&Text>) -> &str {
    text.map_or("", |text| text.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Span, Spanned};

    #[expect(
        clippy::unnecessary_wraps,
        reason = "every member of a project may be missing"
    )]
    fn spanned<T>(value: T) -> Option<Spanned<T>> {
        Some(Spanned::new(value, Span::default()))
    }

    fn defined(path: &str, namespace: NamespaceType, name: &str, zip: bool) -> Artifacts {
        Artifacts {
            kind: spanned(ArtifactsType::S3),
            path: spanned(path.to_owned()),
            namespace_type: spanned(namespace),
            name: spanned(name.to_owned()),
            packaging: spanned(if zip { Packaging::Zip } else { Packaging::None }),
            ..Artifacts::default()
        }
    }

    fn key(defined: &Artifacts, name: &str, prefix: Option<&str>) -> String {
        let storage = Storage::new(defined, None, "shop");
        storage.key("uuid", Some(name), prefix).parts.join("/")
    }

    #[test]
    fn follows_the_apis_examples() {
        use NamespaceType::{BuildId, None as Plain};
        for (path, namespace, name, zip, expected) in [
            (
                "MyArtifacts",
                BuildId,
                "MyArtifact.zip",
                true,
                "MyArtifacts/uuid/MyArtifact.zip",
            ),
            ("", Plain, "MyArtifact.zip", true, "MyArtifact.zip"),
            ("MyArtifacts", BuildId, "/", false, "MyArtifacts/uuid"),
            ("/a//b/", Plain, "n", true, "a/b/n.zip"),
            ("", Plain, "/", true, "shop.zip"),
            ("", Plain, "", true, "shop.zip"),
            ("", Plain, "", false, ""),
            ("", Plain, "folder", false, "folder"),
        ] {
            let defined = defined(path, namespace, name, zip);
            assert_eq!(key(&defined, "ignored", None), expected);
        }
    }

    #[test]
    fn takes_the_buildspecs_name_where_the_project_says_so() {
        let mut defined = defined("p", NamespaceType::BuildId, "n", true);
        assert_eq!(
            key(&defined, "builds/7", Some("pre/fix")),
            "pre/fix/uuid/n.zip"
        );
        defined.override_artifact_name = true;
        assert_eq!(key(&defined, "builds/7", None), "p/uuid/builds/7.zip");
        assert_eq!(key(&defined, "", None), "p/uuid/n.zip");
    }

    #[test]
    fn a_name_stays_inside() {
        let mut defined = defined("", NamespaceType::None, "n", false);
        defined.override_artifact_name = true;
        let storage = Storage::new(&defined, None, "");
        for (name, expected) in [
            ("../../etc/passwd", "etc/passwd"),
            ("/abs/./x", "abs/x"),
            ("a\nb\u{1b}[2J", "a\\nb\\u{1b}[2J"),
        ] {
            let key = storage.key("uuid", Some(name), None);
            assert_eq!(key.parts.join("/"), expected);
            assert_eq!(key.changed, name.contains(".."));
        }
    }

    #[test]
    fn codepipeline_ignores_all_of_it() {
        let mut defined = defined("p", NamespaceType::BuildId, "n", true);
        defined.kind = spanned(ArtifactsType::CodePipeline);
        assert_eq!(key(&defined, "x", Some("y")), "");
        let packed = Storage::new(&defined, Some(Packaging::Zip), "artifacts");
        assert_eq!(packed.key("uuid", None, None).parts, ["artifacts.zip"]);
    }
}
