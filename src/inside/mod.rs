//! The commands that a build finds on its `PATH`, in `/codebuild/user/bin`: POSIX sh, as an image need have nothing else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Each command's name and its text.
pub const COMMANDS: [(&str, &str); 5] = [
    (
        "codebuild-breakpoint",
        include_str!("codebuild-breakpoint.sh"),
    ),
    (
        "codebuild-glob-search",
        include_str!("codebuild-glob-search.sh"),
    ),
    (
        "codebuild-hash-files",
        include_str!("codebuild-hash-files.sh"),
    ),
    ("codebuild-resume", include_str!("codebuild-resume.sh")),
    (
        "codebuild-tests-run",
        include_str!("codebuild-tests-run.sh"),
    ),
];

/// Writes the commands into a folder that is there.
///
/// # Errors
///
/// When a file can't be written.
pub fn write(folder: &Path) -> std::io::Result<()> {
    for (name, text) in COMMANDS {
        let file = folder.join(name);
        std::fs::write(&file, text)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
