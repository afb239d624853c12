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
    /// Runs in dash, bash and busybox. All names begin with a dot, so that none can be taken for one of the words in
    /// between. No `-L`: a directory that is linked many times (pnpm's `node_modules`) would come out many times.
    ///
    /// GNU's `find` says in one pass what everything is. Any other needs three, and a process for each link. An image
    /// without `find` is walked by the shell alone.
    pub const SCRIPT: &'static str = r#"how=shell
if command -v find >/dev/null; then how=find; fi
if find / -maxdepth 0 -printf '' >/dev/null 2>&1; then how=gnu; fi
walk() {
  for entry in "$1"/* "$1"/.*; do
    case $entry in */.|*/..) continue ;; esac
    if [ -d "$entry" ] && [ ! -h "$entry" ]; then
      printf 'd%s\0' "$entry"
      case $2 in -) walk "$entry" - ;; 1) ;; *) walk "$entry" $(($2 - 1)) ;; esac
    elif [ -f "$entry" ]; then
      printf 'f%s\0' "$entry"
    elif [ -h "$entry" ]; then
      printf 'l%s\0' "$entry"
    fi
  done
}
list() {
  case $how in
  gnu)
    find . $depth \( -type d -printf 'd%p\0' \) -o \( -type f -printf 'f%p\0' \) \
      -o \( -type l -xtype f -printf 'f%p\0' \) -o \( -type l -printf 'l%p\0' \) ;;
  find)
    printf 'directories\0'
    find . $depth -type d -print0
    printf 'files\0'
    find . $depth \( -type f -o -type l -exec test -f {} \; \) -print0
    printf 'links\0'
    find . $depth -type l ! -exec test -f {} \; -print0 ;;
  shell)
    set +f
    walk . "$1" ;;
  esac
}
set -f
while [ $# -ge 2 ]; do
  case $1 in -) depth= ;; *) depth="-maxdepth $1" ;; esac
  printf 'root\0'
  if [ -d "$2" ]; then
    printf 'directory\0'
    case $1 in 0) ;; *) ( CDPATH= cd -- "$2" 2>/dev/null && list "$1" ) ;; esac
  elif [ -f "$2" ]; then
    printf 'file\0'
  else
    printf 'absent\0'
  fi
  shift 2
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
                b"absent" => {}
                b"directory" => {
                    tree.insert(root.ok_or_else(unexpected)?.path.clone(), Kind::Directory);
                }
                b"file" => tree.insert(root.ok_or_else(unexpected)?.path.clone(), Kind::File),
                b"directories" => kind = Some(Kind::Directory),
                b"files" => kind = Some(Kind::File),
                b"links" => kind = Some(Kind::Link),
                _ => {
                    let (stated, name) = match record {
                        [b'd', rest @ ..] => (Some(Kind::Directory), rest),
                        [b'f', rest @ ..] => (Some(Kind::File), rest),
                        [b'l', rest @ ..] => (Some(Kind::Link), rest),
                        rest => (kind, rest),
                    };
                    if name == b"." {
                        continue;
                    }
                    let name = name.strip_prefix(b"./").ok_or_else(unexpected)?;
                    let (root, kind) = root.zip(stated).ok_or_else(unexpected)?;
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

    /// Every shell with every way to list that this machine has; `None` has no `find`.
    fn ways(bin: &std::path::Path) -> Vec<(&'static [&'static str], Option<&std::path::Path>)> {
        let usual = std::path::Path::new("/usr/bin");
        let has = |shell: &str| Command::new(shell).arg("--help").output().is_ok();
        let shells: [&[&str]; 3] = [&["/bin/sh"], &["/bin/bash"], &["/bin/busybox", "sh"]];
        let find = bin.join("find");
        // As a `find` that is not GNU's.
        std::fs::write(
            &find,
            "#!/bin/sh\ncase \" $* \" in *' -printf '*) exit 1;; esac\nexec /usr/bin/find \"$@\"\n",
        )
        .unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&find, mode).unwrap();
        for tool in ["test", "sh"] {
            std::os::unix::fs::symlink(usual.join(tool), bin.join(tool)).unwrap();
        }
        let with = |shell| [(shell, Some(usual)), (shell, Some(bin)), (shell, None)];
        let there = shells.into_iter().filter(|shell| has(shell[0]));
        there.flat_map(with).collect()
    }

    fn list(shell: &[&str], path: Option<&std::path::Path>, roots: &[Root]) -> Vec<u8> {
        let output = Command::new(shell[0])
            .env("PATH", path.unwrap_or(std::path::Path::new("/nowhere")))
            .args(&shell[1..])
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
        for file in ["a\nb", ".hidden", "d/*", "d/.e", "d/e e/-x", "end"] {
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
        let expected = [
            ("", Kind::Directory),
            (".hidden", Kind::File),
            ("a\\nb", Kind::File),
            ("d", Kind::Directory),
            ("dangling", Kind::Link),
            ("end", Kind::File),
            ("to-directory", Kind::Directory),
            ("to-directory/*", Kind::File),
            ("to-directory/.e", Kind::File),
            ("to-directory/e e", Kind::Directory),
            ("to-directory/e e/-x", Kind::File),
            ("to-file", Kind::File),
        ]
        .map(|(path, kind)| (path.to_owned(), kind));
        let bin = tempfile::tempdir().unwrap();
        for (shell, path) in ways(bin.path()) {
            let listing = list(shell, path, &roots);
            let tree = Tree::parse(&roots, &listing).unwrap();
            let found: Vec<_> = tree.entries.into_iter().collect();
            let found: Vec<_> = found
                .into_iter()
                .map(|(path, kind)| (shown_below(&top, &path), kind))
                .collect();
            assert_eq!(found, expected, "{shell:?} {path:?}");
            for end in 0..listing.len() {
                assert!(Tree::parse(&roots, &listing[..end]).is_err(), "{end}");
            }
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
