//! Curated names of images, and what can be pulled in their place (spec 12.3).

/// The image of a build whose user names none: what `CodeBuild`'s console proposes, as far as it is published.
pub const DEFAULT: &str = if cfg!(target_arch = "aarch64") {
    "aws/codebuild/amazonlinux-aarch64-standard:3.0"
} else {
    "aws/codebuild/amazonlinux-x86_64-standard:5.0"
};

/// What the engine is asked for. `aws/codebuild/*` is on no registry under that name; Amazon's own are at ECR Public.
pub fn reference(image: &str) -> String {
    let Some(name) = image.strip_prefix("aws/codebuild/") else {
        return image.to_owned();
    };
    // Renamed in November 2024; the old names still work in the cloud.
    let name = name
        .strip_prefix("amazonlinux2-")
        .map_or_else(|| name.to_owned(), |rest| format!("amazonlinux-{rest}"));
    if name.starts_with("amazonlinux-") {
        format!("public.ecr.aws/codebuild/{name}")
    } else {
        image.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curated_names_become_references() {
        for (image, expected) in [
            (
                "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
                "public.ecr.aws/codebuild/amazonlinux-x86_64-standard:5.0",
            ),
            (
                "aws/codebuild/amazonlinux-aarch64-standard:3.0",
                "public.ecr.aws/codebuild/amazonlinux-aarch64-standard:3.0",
            ),
            ("aws/codebuild/standard:7.0", "aws/codebuild/standard:7.0"),
            ("buildspec/base", "buildspec/base"),
        ] {
            assert_eq!(reference(image), expected);
        }
    }
}
