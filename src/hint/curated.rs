//! What `CodeBuild`'s own images have, as far as it is certain.
//!
//! From the Dockerfile of `aws/codebuild/standard:7.0` in `aws/aws-codebuild-docker-images` (2023 to 2025); the Amazon
//! Linux images install the same tools. Programs of which nobody can be sure are in neither list.

const THERE: [&str; 51] = [
    "ant",
    "aws",
    "bzip2",
    "composer",
    "curl",
    "docker",
    "docker-compose",
    "dotnet",
    "ecs-cli",
    "eksctl",
    "expect",
    "file",
    "g++",
    "gcc",
    "gem",
    "git",
    "go",
    "gradle",
    "gzip",
    "java",
    "javac",
    "jq",
    "kubectl",
    "make",
    "mvn",
    "node",
    "npm",
    "npx",
    "openssl",
    "patch",
    "perl",
    "php",
    "pip",
    "pip3",
    "pipenv",
    "pwsh",
    "python",
    "python3",
    "rsync",
    "ruby",
    "sam",
    "sbt",
    "ssh",
    "tar",
    "unzip",
    "virtualenv",
    "wget",
    "xsltproc",
    "xz",
    "yarn",
    "zip",
];

const NOT_THERE: [&str; 22] = [
    "bun",
    "cargo",
    "cdk",
    "cosign",
    "deno",
    "gh",
    "hadolint",
    "helm",
    "packer",
    "pnpm",
    "poetry",
    "rustc",
    "serverless",
    "shellcheck",
    "sls",
    "snyk",
    "terraform",
    "terragrunt",
    "tofu",
    "trivy",
    "tsc",
    "uv",
];

/// Whether `CodeBuild`'s own images have a program; `None` where that is not known.
pub(super) fn has(program: &str) -> Option<bool> {
    if THERE.contains(&program) {
        Some(true)
    } else if NOT_THERE.contains(&program) {
        Some(false)
    } else {
        None
    }
}
