//! What of a source no build sees: where builds are kept, and what belongs to them, secrets too.

use std::path::{Path, PathBuf};

/// Where a source keeps its builds when nobody says so; hidden also where it does not.
pub const FOLDER: &str = ".buildspec";

/// Hidden paths as seen from a source, none of them below another.
pub fn below(source: &Path, output: &Path) -> Vec<PathBuf> {
    let own = PathBuf::from(FOLDER);
    let output = output.strip_prefix(source).ok();
    let output = output.filter(|path| !path.as_os_str().is_empty() && !path.starts_with(&own));
    let output = output.map(Path::to_path_buf);
    std::iter::once(own).chain(output).collect()
}

/// The same as whole paths, for a walk through the source.
pub fn paths(source: &Path, output: &Path) -> Vec<PathBuf> {
    let below = below(source, output);
    below.iter().map(|path| source.join(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_folder_is_hidden_whatever_the_output_is() {
        let hidden = |output: &str| below(Path::new("/s"), Path::new(output));
        for output in ["/s/.buildspec", "/s/.buildspec/x", "/elsewhere", "/s", "/"] {
            assert_eq!(hidden(output), [PathBuf::from(FOLDER)], "{output}");
        }
        assert_eq!(
            hidden("/s/.buildspec-2"),
            [FOLDER, ".buildspec-2"].map(PathBuf::from)
        );
        assert_eq!(
            paths(Path::new("/s"), Path::new("/s/a/b")),
            ["/s/.buildspec", "/s/a/b"].map(PathBuf::from)
        );
    }
}
