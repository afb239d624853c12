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
    /// A file of `/proc` or `/sys`, or a symbolic link straight to one: its size is not known before it is read.
    Virtual,
    /// A directory that the build's user may not list or enter.
    Unreadable,
    /// Nobody can say: a directory above may not be entered.
    Hidden,
    /// A device, a pipe or a socket.
    Special,
    /// A symbolic link to anything but a regular file; links to directories are not descended into.
    Link(Leads),
}

/// What a symbolic link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// A directory.
    Directory,
    /// A device, a pipe or a socket.
    Special,
    /// Nothing that is there, or that may be looked at; itself.
    Nowhere,
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
    /// GNU's `find` says in one pass what everything is. Any other leaves to a shell all but plain files. An image
    /// without `find` is walked by the shell alone.
    pub const SCRIPT: &'static str = r#"how=shell
if command -v find >/dev/null; then how=find; fi
if find / -maxdepth 0 -xtype d -readable -executable -printf '' >/dev/null 2>&1; then how=gnu; fi
say='say() {
  if [ -h "$1" ]; then
    if [ -f "$1" ]; then
      case $(readlink "$1") in /proc/*|/sys/*) kind=v ;; *) kind=f ;; esac
    elif [ -d "$1" ]; then kind=D
    elif [ -e "$1" ]; then kind=S
    else kind=l
    fi
  elif [ -d "$1" ]; then
    if [ -r "$1" ] && [ -x "$1" ]; then kind=d; else kind=u; fi
  elif [ -f "$1" ]; then kind=f
  elif [ -e "$1" ]; then kind=s
  else return 0
  fi
  printf "$kind%s\0" "$1"
}'
eval "$say"
walk() {
  for entry in "$1"/* "$1"/.*; do
    case $entry in */.|*/..) continue ;; esac
    say "$entry"
    if [ -d "$entry" ] && [ ! -h "$entry" ]; then
      case $2 in -) walk "$entry" - ;; 1) ;; *) walk "$entry" $(($2 - 1)) ;; esac
    fi
  done
}
list() {
  case $how in
  gnu)
    find . $depth \( -type d -readable -executable -printf 'd%p\0' \) -o \( -type d -printf 'u%p\0' \) \
      -o \( -type f -printf 'f%p\0' \) \
      -o \( -type l -xtype f \( -lname '/proc/*' -o -lname '/sys/*' \) -printf 'v%p\0' \) \
      -o \( -type l -xtype f -printf 'f%p\0' \) \
      -o \( -type l -xtype d -printf 'D%p\0' \) \
      -o \( -type l \( -xtype b -o -xtype c -o -xtype p -o -xtype s \) -printf 'S%p\0' \) \
      -o \( -type l -printf 'l%p\0' \) \
      -o \( \( -type b -o -type c -o -type p -o -type s \) -printf 's%p\0' \) ;;
  find)
    printf 'files\0'
    find . $depth -type f -print0
    find . $depth ! -type f -exec sh -c "$say"'
      for entry; do say "$entry"; done' sh {} + ;;
  shell)
    set +f
    walk . "$1" ;;
  esac
}
hidden() {
  above=$1
  while [ ! -d "$above" ]; do
    above=${above%/*}
    [ -n "$above" ] || return 1
  done
  [ ! -x "$above" ]
}
set -f
while [ $# -ge 2 ]; do
  case $1 in -) depth= ;; *) depth="-maxdepth $1" ;; esac
  printf 'root\0'
  if [ -d "$2" ]; then
    if [ -r "$2" ] && [ -x "$2" ]; then printf 'directory\0'; else printf 'unreadable\0'; fi
    case $1 in 0) ;; *) ( CDPATH= cd -- "$2" && list "$1" ) 2>/dev/null ;; esac
  elif [ -f "$2" ]; then
    printf 'file\0'
  elif [ -e "$2" ]; then
    printf 'special\0'
  elif [ -h "$2" ]; then
    printf 'link\0'
  elif hidden "$2"; then
    printf 'hidden\0'
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
                b"directory" | b"unreadable" | b"file" | b"special" | b"link" | b"hidden" => {
                    let kind = match record {
                        b"directory" => Kind::Directory,
                        b"unreadable" => Kind::Unreadable,
                        b"file" => Kind::File,
                        b"special" => Kind::Special,
                        b"link" => Kind::Link(Leads::Nowhere),
                        _ => Kind::Hidden,
                    };
                    tree.insert(root.ok_or_else(unexpected)?.path.clone(), kind);
                }
                b"files" => kind = Some(Kind::File),
                _ => {
                    let (stated, name) = match record {
                        [letter, rest @ ..] if *letter != b'.' => {
                            (Some(stated(*letter).ok_or_else(unexpected)?), rest)
                        }
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
        if path == b"/" && !matches!(kind, Kind::Directory | Kind::Unreadable) {
            self.refused += 1;
            return;
        }
        let is_virtual = path.starts_with(b"/proc/") || path.starts_with(b"/sys/");
        let kind = match kind {
            Kind::File if is_virtual => Kind::Virtual,
            other => other,
        };
        let known = self.entries.entry(path).or_insert(kind);
        if matches!(known, Kind::Link(_)) {
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

fn stated(letter: u8) -> Option<Kind> {
    Some(match letter {
        b'd' => Kind::Directory,
        b'u' => Kind::Unreadable,
        b'f' => Kind::File,
        b'v' => Kind::Virtual,
        b's' => Kind::Special,
        b'D' => Kind::Link(Leads::Directory),
        b'S' => Kind::Link(Leads::Special),
        b'l' => Kind::Link(Leads::Nowhere),
        _ => return None,
    })
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
        for tool in ["test", "sh", "readlink"] {
            std::os::unix::fs::symlink(usual.join(tool), bin.join(tool)).unwrap();
        }
        let with = |shell| [(shell, Some(usual)), (shell, Some(bin)), (shell, None)];
        let there = shells.into_iter().filter(|shell| has(shell[0]));
        there.flat_map(with).collect()
    }

    fn script(shell: &[&str], path: Option<&std::path::Path>, roots: &[Root]) -> Command {
        let mut command = Command::new(shell[0]);
        command
            .env("PATH", path.unwrap_or(std::path::Path::new("/nowhere")))
            .args(&shell[1..])
            .args(["-c", Root::SCRIPT, "sh"])
            .args(Root::arguments(roots).into_iter().map(OsString::from_vec));
        command
    }

    fn list(shell: &[&str], path: Option<&std::path::Path>, roots: &[Root]) -> Vec<u8> {
        let output = script(shell, path, roots).output().unwrap();
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
        std::os::unix::fs::symlink("loop", at("loop")).unwrap();
        std::os::unix::fs::symlink("/proc/version", at("virtual")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        let made = Command::new("mkfifo")
            .args([at("pipe"), at("d/pipe")])
            .status();
        assert!(made.unwrap().success());
        let root = |name: &str, depth| Root {
            path: path::join(&top, name.as_bytes()),
            depth,
        };

        let roots = [
            root("", Some(1)),
            root("to-directory", None),
            root("end", None),
            root("pipe", None),
            root("dangling", None),
            root("no/no", None),
        ];
        let expected = [
            ("", Kind::Directory),
            (".hidden", Kind::File),
            ("a\\nb", Kind::File),
            ("d", Kind::Directory),
            ("dangling", Kind::Link(Leads::Nowhere)),
            ("end", Kind::File),
            ("loop", Kind::Link(Leads::Nowhere)),
            ("pipe", Kind::Special),
            ("socket", Kind::Special),
            ("to-directory", Kind::Directory),
            ("to-directory/*", Kind::File),
            ("to-directory/.e", Kind::File),
            ("to-directory/e e", Kind::Directory),
            ("to-directory/e e/-x", Kind::File),
            ("to-directory/pipe", Kind::Special),
            ("to-file", Kind::File),
            ("virtual", Kind::Virtual),
            ("zero", Kind::Link(Leads::Special)),
        ]
        .map(|(path, kind)| (path.to_owned(), kind));
        let bin = tempfile::tempdir().unwrap();
        for (shell, path) in ways(bin.path()) {
            let listing = list(shell, path, &roots);
            let tree = Tree::parse(&roots, &listing).unwrap();
            let found: Vec<_> = tree.entries.into_iter().collect();
            // Without `readlink` nobody knows.
            let known = |kind| match kind {
                Kind::Virtual if path.is_none() => Kind::File,
                kind => kind,
            };
            let found: Vec<_> = found
                .into_iter()
                .map(|(path, kind)| (shown_below(&top, &path), kind))
                .collect();
            let expected = expected.clone().map(|(path, kind)| (path, known(kind)));
            assert_eq!(found, expected, "{shell:?} {path:?}");
            for end in 0..listing.len() {
                assert!(Tree::parse(&roots, &listing[..end]).is_err(), "{end}");
            }
        }
        drop(socket);
    }

    #[test]
    fn lists_directories_that_cannot_be_read() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().as_os_str().as_bytes().to_vec();
        let at = |name: &str| place.path().join(name);
        let mode = |name: &str, mode| {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
            std::fs::set_permissions(at(name), mode).unwrap();
        };
        std::fs::create_dir_all(at("closed/in")).unwrap();
        std::fs::create_dir_all(at("d/blind")).unwrap();
        std::fs::write(at("d/blind/f"), "").unwrap();
        mode("", 0o755);
        mode("closed", 0);
        mode("d/blind", 0o311);
        let root = |name: &str| Root {
            path: path::join(&top, name.as_bytes()),
            depth: None,
        };
        let roots = ["", "closed", "closed/in/x", "d/blind/f", "d/blind/no"].map(root);
        let expected = [
            ("", Kind::Directory),
            ("closed", Kind::Unreadable),
            ("closed/in/x", Kind::Hidden),
            ("d", Kind::Directory),
            ("d/blind", Kind::Unreadable),
            ("d/blind/f", Kind::File),
        ]
        .map(|(path, kind)| (path.to_owned(), kind));
        let bin = tempfile::tempdir().unwrap();
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(bin.path(), readable).unwrap();
        for (shell, path) in ways(bin.path()) {
            let mut command = script(shell, path, &roots);
            if rustix::process::geteuid().is_root() {
                // Root may read everything.
                std::os::unix::process::CommandExt::uid(&mut command, 54_321);
            }
            let listing = command.output().unwrap().stdout;
            let tree = Tree::parse(&roots, &listing).unwrap();
            let found: Vec<_> = tree
                .entries
                .into_iter()
                .map(|(path, kind)| (shown_below(&top, &path), kind))
                .collect();
            assert_eq!(found, expected, "{shell:?} {path:?}");
        }
        mode("closed", 0o755);
        mode("d/blind", 0o755);
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
