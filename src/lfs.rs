//! Files that Git LFS has not fetched: a few lines stand for each.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// How each pointer begins; the form's own name never changed.
const HEAD: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// No pointer is longer.
const LONGEST: u64 = 1024;

/// More names help nobody.
const MOST: usize = 5;

/// It is only for a warning.
const PATIENCE: Duration = Duration::from_millis(500);

/// The first pointers below a folder that says at its top that it uses Git LFS.
pub fn pointers(source: &Path) -> Vec<String> {
    let says_so = [".gitattributes", ".git/info/attributes"]
        .iter()
        .filter_map(|file| fs::read_to_string(source.join(file)).ok())
        .any(|text| text.contains("filter=lfs"));
    if !says_so {
        return Vec::new();
    }
    let began = Instant::now();
    let mut found: Vec<String> = walkdir::WalkDir::new(source)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !matches!(entry.file_name().to_str(), Some(".git" | ".buildspec")))
        .take_while(|_| began.elapsed() < PATIENCE)
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file() && is_pointer(entry))
        .take(MOST + 1)
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(source).ok()?;
            Some(path.display().to_string())
        })
        .collect();
    if found.len() > MOST {
        found.truncate(MOST);
        found.push("...".to_owned());
    }
    found
}

fn is_pointer(entry: &walkdir::DirEntry) -> bool {
    let is_short = entry.metadata().is_ok_and(|about| about.len() < LONGEST);
    let mut head = [0; HEAD.len()];
    is_short
        && fs::File::open(entry.path())
            .and_then(|mut file| file.read_exact(&mut head))
            .is_ok()
        && head == HEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pointers_are_found_and_only_where_git_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &[u8]| fs::write(folder.path().join(name), text).unwrap();
        let pointer = [HEAD, b"oid sha256:0\nsize 7\n"].concat();
        for name in 0..7 {
            write(&format!("{name}.bin"), &pointer);
        }
        write("0.txt", b"version https://git-lfs");
        write("1.bin", &[HEAD, &[b'x'; 2000]].concat());
        assert_eq!(pointers(folder.path()), [""; 0]);
        write(
            ".gitattributes",
            b"*.bin filter=lfs diff=lfs merge=lfs -text\n",
        );
        let expected = ["0.bin", "2.bin", "3.bin", "4.bin", "5.bin", "..."];
        assert_eq!(pointers(folder.path()), expected);
    }
}
