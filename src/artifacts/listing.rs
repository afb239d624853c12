//! Which directories of the container have to be listed, with what, and the list that comes back.

use std::collections::BTreeMap;

use thiserror::Error;

use super::path;

/// A path to list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    /// Absolute, without `.` and `..`.
    pub path: Vec<u8>,
    /// How far down: `Some(0)` asks only what the path is, `None` for everything.
    pub depth: Option<usize>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, or a symbolic link to one.
    File,
    /// A directory.
    Directory,
    /// A symbolic link to a directory, or to nothing; links to directories are not descended into.
    Link,
}

/// A listing that can't be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ListingError {
    /// It broke off.
    #[error("the list of files is incomplete")]
    Incomplete,
    /// The script did not say what this program expects.
    #[error("the list of files can't be read: unexpected `{0}`")]
    Unexpected(String),
}

/// What was found below the roots: absolute path to kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    entries: BTreeMap<Vec<u8>, Kind>,
    refused: usize,
}

impl Root {
    /// Lists its arguments, pairs of depth (`-` for any) and path, to standard output: records that end with NUL.
    ///
    /// Runs in dash, bash and busybox. `find` always starts from `.`, so that each of its records begins with a dot
    /// and none can be taken for one of the words in between. No `-L`: a directory that is linked many times
    /// (pnpm's `node_modules`) would come out many times.
    pub const SCRIPT: &'static str = r#"set -f
while [ $# -ge 2 ]; do
  case $1 in -) depth= ;; *) depth="-maxdepth $1" ;; esac
  path=$2
  shift 2
  printf 'root\0'
  if [ -d "$path" ]; then
    printf 'directory\0'
    case $depth in '-maxdepth 0') continue ;; esac
    ( CDPATH= cd -- "$path" 2>/dev/null || exit 0
      printf 'directories\0'
      find . $depth -type d -print0
      printf 'files\0'
      find . $depth \( -type f -o -type l -exec test -f {} \; \) -print0
      printf 'links\0'
      find . $depth -type l ! -exec test -f {} \; -print0 )
  elif [ -f "$path" ]; then
    printf 'file\0'
  else
    printf 'absent\0'
  fi
done
printf 'end\0'
"#;

    /// The arguments for [`Root::SCRIPT`], after `sh -c SCRIPT sh`.
    pub fn arguments(roots: &[Self]) -> Vec<Vec<u8>> {
        roots
            .iter()
            .flat_map(|root| {
                let depth = root
                    .depth
                    .map_or_else(|| "-".to_owned(), |depth| depth.to_string());
                [depth.into_bytes(), root.path.clone()]
            })
            .collect()
    }
}

impl Tree {
    /// Reads what [`Root::SCRIPT`] wrote for these roots.
    ///
    /// The build may have replaced `find`: paths that are not below their root are left out and counted.
    ///
    /// # Errors
    ///
    /// The listing broke off, or is not one.
    pub fn parse(roots: &[Root], listing: &[u8]) -> Result<Self, ListingError> {
        let mut tree = Self::default();
        let mut roots = roots.iter();
        let mut root: Option<&Root> = None;
        let mut kind = None;
        let mut ended = false;
        for record in listing.split_inclusive(|&byte| byte == 0) {
            let record = record.strip_suffix(b"\0").ok_or(ListingError::Incomplete)?;
            let unexpected =
                || ListingError::Unexpected(path::shown(&record[..record.len().min(80)]));
            match record {
                _ if ended => return Err(unexpected()),
                b"end" => ended = true,
                b"root" => {
                    root = Some(roots.next().ok_or_else(unexpected)?);
                    kind = None;
                }
                b"absent" | b"." => {}
                b"directory" => {
                    tree.insert(root.ok_or_else(unexpected)?.path.clone(), Kind::Directory);
                }
                b"file" => tree.insert(root.ok_or_else(unexpected)?.path.clone(), Kind::File),
                b"directories" => kind = Some(Kind::Directory),
                b"files" => kind = Some(Kind::File),
                b"links" => kind = Some(Kind::Link),
                _ => {
                    let name = record.strip_prefix(b"./").ok_or_else(unexpected)?;
                    let (root, kind) = root.zip(kind).ok_or_else(unexpected)?;
                    if path::check(name).is_ok() {
                        tree.insert(path::join(&root.path, name), kind);
                    } else {
                        tree.refused += 1;
                    }
                }
            }
        }
        if ended && roots.next().is_none() {
            Ok(tree)
        } else {
            Err(ListingError::Incomplete)
        }
    }

    /// Puts an entry in; the path is absolute, without `.` and `..`.
    ///
    /// Where listings overlap, a link that was itself a root is known by what it points to.
    pub fn insert(&mut self, path: Vec<u8>, kind: Kind) {
        if path == b"/" && kind != Kind::Directory {
            self.refused += 1;
            return;
        }
        let known = self.entries.entry(path).or_insert(kind);
        if *known == Kind::Link {
            *known = kind;
        }
    }

    /// How many names were left out, for they can't be the names of files below their root.
    pub fn refused(&self) -> usize {
        self.refused
    }

    pub(super) fn kind(&self, path: &[u8]) -> Option<Kind> {
        self.entries.get(path).copied()
    }

    /// The directory itself and all below it, sorted.
    pub(super) fn below<'a>(
        &'a self,
        directory: &'a [u8],
    ) -> impl Iterator<Item = (&'a [u8], Kind)> {
        // Not all that starts with `a` is below `a`: `a-b` sorts between `a` and `a/b`.
        self.entries
            .range(directory.to_vec()..)
            .take_while(move |(path, _)| path.starts_with(directory))
            .filter(move |(path, _)| path::below(directory, path).is_some())
            .map(|(path, &kind)| (&path[..], kind))
    }
}

impl<P: Into<Vec<u8>>> FromIterator<(P, Kind)> for Tree {
    fn from_iter<I: IntoIterator<Item = (P, Kind)>>(entries: I) -> Self {
        let mut tree = Self::default();
        for (path, kind) in entries {
            tree.insert(path.into(), kind);
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::process::Command;

    use super::*;

    fn list(roots: &[Root]) -> Vec<u8> {
        let output = Command::new("sh")
            .args(["-c", Root::SCRIPT, "sh"])
            .args(Root::arguments(roots).into_iter().map(OsString::from_vec))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        output.stdout
    }

    #[test]
    fn lists_a_real_directory() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().as_os_str().as_bytes().to_vec();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("d/e e")).unwrap();
        for file in ["a\nb", "d/*", "d/e e/-x", "end"] {
            std::fs::write(at(file), "").unwrap();
        }
        std::os::unix::fs::symlink("end", at("to-file")).unwrap();
        std::os::unix::fs::symlink("d", at("to-directory")).unwrap();
        std::os::unix::fs::symlink("nothing", at("dangling")).unwrap();
        let root = |name: &str, depth| Root {
            path: path::join(&top, name.as_bytes()),
            depth,
        };

        let roots = [
            root("", Some(1)),
            root("to-directory", None),
            root("end", None),
            root("no", None),
        ];
        let listing = list(&roots);
        let found: Vec<_> = Tree::parse(&roots, &listing)
            .unwrap()
            .entries
            .into_iter()
            .map(|(path, kind)| (shown_below(&top, &path), kind))
            .collect();
        assert_eq!(
            found,
            [
                ("", Kind::Directory),
                ("a\\nb", Kind::File),
                ("d", Kind::Directory),
                ("dangling", Kind::Link),
                ("end", Kind::File),
                ("to-directory", Kind::Directory),
                ("to-directory/*", Kind::File),
                ("to-directory/e e", Kind::Directory),
                ("to-directory/e e/-x", Kind::File),
                ("to-file", Kind::File),
            ]
            .map(|(path, kind)| (path.to_owned(), kind))
        );
        for end in 0..listing.len() {
            assert!(Tree::parse(&roots, &listing[..end]).is_err(), "{end}");
        }
    }

    fn shown_below(top: &[u8], path: &[u8]) -> String {
        path::shown(path::below(top, path).unwrap())
    }

    #[test]
    fn believes_no_name_that_leaves_its_root() {
        let roots = [Root {
            path: b"/src".to_vec(),
            depth: None,
        }];
        let tree = Tree::parse(
            &roots,
            b"root\0directory\0files\0./../x\0./a//b\0././c\0./ok\0.//etc\0end\0",
        )
        .unwrap();
        assert_eq!(tree.refused(), 4);
        assert_eq!(tree.kind(b"/src/ok"), Some(Kind::File));
        assert_eq!(tree.entries.len(), 2);
        for bad in [
            &b"root\0files\0/etc/passwd\0end\0"[..],
            b"./a\0end\0",
            b"root\0end\0x\0",
            b"root\0root\0end\0",
            b"",
        ] {
            assert!(Tree::parse(&roots, bad).is_err(), "{}", path::shown(bad));
        }
    }

    #[test]
    fn tells_siblings_from_children() {
        let tree: Tree = [
            ("/a", Kind::Directory),
            ("/a-b", Kind::File),
            ("/a/c", Kind::File),
        ]
        .into_iter()
        .collect();
        let below: Vec<_> = tree.below(b"/a").map(|(path, _)| path).collect();
        assert_eq!(below, [&b"/a"[..], b"/a/c"]);
    }
}
