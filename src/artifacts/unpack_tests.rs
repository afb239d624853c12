use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;

use proptest::prelude::*;
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::*;

fn unpack(stream: impl Read, files: &[Chosen], directory: &Path) -> Unpacked {
    super::unpack(stream, files, directory, &Rules::default())
}

fn chosen(pairs: &[(&[u8], &[u8])]) -> Vec<Chosen> {
    let one = |&(source, artifact): &(&[u8], &[u8])| Chosen {
        source: source.into(),
        artifact: artifact.into(),
    };
    pairs.iter().map(one).collect()
}

fn header(name: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o6755);
    header.set_mtime(1_000_000_000);
    header.set_cksum();
    header
}

fn add(archive: &mut Vec<u8>, header: &Header, data: &[u8]) {
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(data);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

fn add_file(archive: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    add(
        archive,
        &header(name, EntryType::Regular, data.len() as u64),
        data,
    );
}

fn end(mut archive: Vec<u8>) -> Vec<u8> {
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// The target directory, one level below a place that must stay as it was.
fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("secret"), "secret").unwrap();
    place
}

fn everything(directory: &Path) -> Vec<String> {
    let mut found: Vec<_> = walkdir::WalkDir::new(directory)
        .into_iter()
        .map(|entry| entry.unwrap())
        .filter(|entry| !entry.file_type().is_dir())
        .map(|entry| {
            shown(
                entry
                    .path()
                    .strip_prefix(directory)
                    .unwrap()
                    .as_os_str()
                    .as_bytes(),
            )
        })
        .collect();
    found.sort();
    found
}

fn warnings(result: &Unpacked) -> Vec<String> {
    result.warnings.lines().collect()
}

#[test]
fn reads_what_gnu_tar_writes() {
    for format in ["gnu", "posix", "ustar", "v7"] {
        let (from, to) = (tempfile::tempdir().unwrap(), place());
        let long = if matches!(format, "gnu" | "posix") {
            "long".repeat(50)
        } else {
            "short".to_owned()
        };
        let names: [&[u8]; 7] = [
            b"a",
            b"A",
            b"new\nline",
            b"not\xfftext",
            b"link",
            b"hard",
            long.as_bytes(),
        ];
        for name in names {
            let path = from.path().join(OsStr::from_bytes(name));
            match name {
                b"link" => symlink("a", &path).unwrap(),
                b"hard" => fs::hard_link(from.path().join("a"), &path).unwrap(),
                _ => fs::write(&path, [name, &vec![7; 700]].concat()).unwrap(),
            }
        }
        fs::set_permissions(from.path().join("A"), fs::Permissions::from_mode(0o4711)).unwrap();
        let root = from.path().as_os_str().as_bytes();
        let files: Vec<Chosen> = names
            .iter()
            .map(|name| Chosen {
                source: [root, b"/", name].concat(),
                artifact: [b"d/e/", *name].concat(),
            })
            .collect();
        let mut tar = Command::new("tar");
        tar.args([
            "-c",
            "-h",
            "-P",
            "-f",
            "-",
            &format!("--format={format}"),
            "--",
        ]);
        let output = tar
            .args(files.iter().map(|file| OsStr::from_bytes(&file.source)))
            .output()
            .unwrap();

        let result = unpack(&output.stdout[..], &files, &to.path().join("out"));
        assert_eq!(
            (&result.failure, &result.missing),
            (&None, &Vec::new()),
            "{format}"
        );
        assert_eq!(warnings(&result), <[&str; 0]>::default());
        for file in &files {
            let written = to
                .path()
                .join("out")
                .join(OsStr::from_bytes(&file.artifact));
            let source = Path::new(OsStr::from_bytes(&file.source));
            assert_eq!(
                fs::read(&written).unwrap(),
                fs::read(source).unwrap(),
                "{format} {written:?}"
            );
            let metadata = fs::symlink_metadata(&written).unwrap();
            assert!(metadata.is_file() && metadata.nlink() == 1);
            assert_eq!(metadata.mtime(), fs::metadata(source).unwrap().mtime());
            let mode = if file.source.ends_with(b"/A") {
                0o755
            } else {
                0o644
            };
            assert_eq!(metadata.mode() & 0o7777, mode);
        }
    }
}

#[test]
fn copies_one_source_to_two_places() {
    let to = place();
    let mut archive = Vec::new();
    add_file(&mut archive, b"./src/a", b"data");
    let files = chosen(&[(b"/src/a", b"x"), (b"/src/a", b"y/z")]);
    let result = unpack(&end(archive)[..], &files, to.path());
    assert_eq!((result.failure, result.bytes), (None, 8));
    assert_eq!(fs::read(to.path().join("y/z")).unwrap(), b"data");
}

#[test]
fn creates_only_what_was_asked_for() {
    let to = place();
    let out = to.path().join("out");
    let mut archive = Vec::new();
    for (name, kind) in [
        (&b"../secret"[..], EntryType::Regular),
        (b"/etc/passwd", EntryType::Regular),
        (b"esc\x1b[2J", EntryType::Regular),
        (b"link", EntryType::Symlink),
        (b"hard", EntryType::Link),
        (b"fifo", EntryType::Fifo),
        (b"disk", EntryType::Block),
        (b"holes", EntryType::GNUSparse),
    ] {
        let mut header = header(name, kind, 0);
        header.set_link_name("/etc/passwd").unwrap();
        header.set_cksum();
        add(&mut archive, &header, b"");
    }
    add_file(&mut archive, b"a", b"first");
    add_file(&mut archive, b"a", b"second");
    let names: [&[u8]; 6] = [b"a", b"link", b"hard", b"fifo", b"disk", b"holes"];
    let files = chosen(&names.map(|name| (name, name)));
    let result = unpack(&end(archive)[..], &files, &out);
    assert_eq!(everything(&out), ["a"]);
    assert_eq!(fs::read(out.join("a")).unwrap(), b"first");
    assert_eq!(
        result.missing,
        [&b"disk"[..], b"fifo", b"hard", b"holes", b"link"]
    );
    assert_eq!(result.links, chosen(&[(b"link", b"link")]));
    assert_eq!(
        warnings(&result),
        [
            "`../secret` was not asked for",
            "`/etc/passwd` was not asked for",
            "`esc\\u{1b}[2J` was not asked for",
            "`hard` is a hard link to a file that is not there",
            "`fifo` is no regular file; not created",
            "`disk` is no regular file; not created",
            "`holes` has holes, in a format that is not read",
            "`a` is in the archive a second time",
        ]
    );
}

#[test]
fn follows_no_link_and_overwrites_nothing_on_the_host() {
    let to = place();
    let out = to.path().join("out");
    fs::create_dir(&out).unwrap();
    symlink("..", out.join("up")).unwrap();
    symlink("../secret", out.join("file")).unwrap();
    fs::write(out.join("there"), "old").unwrap();
    let names: [&[u8]; 6] = [
        b"up/secret",
        b"file",
        b"there",
        b"there/x",
        b"../secret",
        b"ok",
    ];
    let mut archive = Vec::new();
    for name in names {
        add_file(&mut archive, name, b"new");
    }
    let result = unpack(
        &end(archive)[..],
        &chosen(&names.map(|name| (name, name))),
        &out,
    );
    assert_eq!(result.written, [b"ok"]);
    assert_eq!(result.missing.len(), 5);
    assert_eq!(warnings(&result).len(), 5, "{:?}", warnings(&result));
    assert_eq!(fs::read(to.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read(out.join("there")).unwrap(), b"old");
}

fn add_link(archive: &mut Vec<u8>, name: &[u8], target: &[u8]) {
    let mut header = header(name, EntryType::Symlink, 0);
    header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target);
    header.set_cksum();
    add(archive, &header, b"");
}

#[test]
fn keeps_inner_links_and_no_others() {
    let to = place();
    let out = to.path().join("out");
    let mut archive = Vec::new();
    let links: [(&[u8], &[u8]); 11] = [
        (b"to-file", b"d/file"),
        (b"to-directory", b"d"),
        (b"d/e/up", b"../file"),
        (b"to-link", b"to-file"),
        (b"out", b"../secret"),
        (b"absolute", b"/etc/passwd"),
        (b"d/zigzag", b"e/up/../../../secret"),
        (b"dangling", b"nothing"),
        (b"to-dangling", b"dangling"),
        (b"loop", b"loop"),
        // Would lead the file behind it astray, were it there first.
        (b"through", b"/tmp"),
    ];
    for (name, target) in links {
        add_link(&mut archive, name, target);
    }
    add_file(&mut archive, b"through/file", b"x");
    add_file(&mut archive, b"d/file", b"x");
    add_file(&mut archive, b"d/e/file", b"x");
    let mut files = chosen(&links.map(|(name, _)| (name, name)));
    let names: [&[u8]; 3] = [b"d/file", b"d/e/file", b"through/file"];
    files.extend(chosen(&names.map(|name| (name, name))));
    let rules = Rules {
        keep_links: true,
        below: None,
    };
    let result = super::unpack(&end(archive)[..], &files, &out, &rules);
    let refused: Vec<_> = result
        .links
        .iter()
        .map(|file| shown(&file.source))
        .collect();
    let expected = [
        "out",
        "absolute",
        "d/zigzag",
        "dangling",
        "to-dangling",
        "loop",
        "through",
    ];
    assert_eq!(refused, expected);
    assert_eq!(
        everything(&out),
        [
            "d/e/file",
            "d/e/up",
            "d/file",
            "through/file",
            "to-directory",
            "to-file",
            "to-link"
        ]
    );
    assert_eq!(
        fs::read_link(out.join("d/e/up")).unwrap(),
        Path::new("../file")
    );
    let inside = fs::canonicalize(&out).unwrap();
    for name in ["to-file", "to-directory", "d/e/up", "to-link"] {
        assert!(
            fs::canonicalize(out.join(name))
                .unwrap()
                .starts_with(&inside)
        );
    }
}

#[test]
fn finds_the_chosen_in_a_whole_folder() {
    let to = place();
    let mut archive = Vec::new();
    add(&mut archive, &header(b"src/", EntryType::Directory, 0), b"");
    for name in [&b"src/a"[..], b"src/b", b"src/../../secret"] {
        add_file(&mut archive, name, name);
    }
    add_link(&mut archive, b"src/l", b"a");
    let rules = Rules {
        keep_links: false,
        below: Some(b"/codebuild".to_vec()),
    };
    let files = chosen(&[
        (b"/codebuild/src/b", b"b"),
        (b"/codebuild/src/l", b"l"),
        (b"/x", b"x"),
    ]);
    let result = super::unpack(&end(archive)[..], &files, to.path(), &rules);
    assert_eq!(warnings(&result), <[&str; 0]>::default());
    assert_eq!(
        (result.written, result.failure),
        (vec![b"b".to_vec()], None)
    );
    assert_eq!(result.links, files[1..2]);
    assert_eq!(result.missing, [b"l", b"x"]);
}

#[test]
fn two_names_that_differ_in_case_never_become_one() {
    let to = place();
    let mut archive = Vec::new();
    add_file(&mut archive, b"read.me", b"first");
    add_file(&mut archive, b"READ.ME", b"second");
    let files = chosen(&[(b"read.me", b"read.me"), (b"READ.ME", b"READ.ME")]);
    // Where the host takes them for the same, the second one is refused, as any name that is there.
    fs::write(to.path().join("READ.ME"), "of the host").unwrap();
    let result = unpack(&end(archive)[..], &files, to.path());
    assert_eq!(fs::read(to.path().join("read.me")).unwrap(), b"first");
    assert_eq!(fs::read(to.path().join("READ.ME")).unwrap(), b"of the host");
    assert_eq!(result.missing, [b"READ.ME"]);
    assert_eq!(warnings(&result).len(), 1);
}

#[test]
fn keeps_what_it_has_when_the_archive_breaks_off() {
    let mut archive = Vec::new();
    add_file(&mut archive, b"a", &[1; 600]);
    add_file(&mut archive, b"b", &[2; 600]);
    let archive = end(archive);
    let files = chosen(&[(b"/a", b"a"), (b"/b", b"b")]);
    // Every boundary, and what lies on either side of it.
    let blocks = (0..archive.len())
        .step_by(512)
        .chain([512 + 600, 2 * 512 + 1024 + 600]);
    for length in blocks.flat_map(|at| [at.saturating_sub(1), at, at + 1]) {
        let to = place();
        let result = unpack(&archive[..length], &files, &to.path().join("out"));
        let expected =
            usize::from(length >= 512 + 600) + usize::from(length >= 2 * 512 + 1024 + 600);
        assert_eq!(result.written.len(), expected, "{length}");
        assert_eq!(result.missing.len(), 2 - expected);
        assert_eq!(everything(&to.path().join("out")).len(), expected);
        assert_eq!(
            result.failure.is_none(),
            length >= archive.len() - 512,
            "{length}"
        );
    }
}

#[test]
fn refuses_what_is_no_archive_and_names_without_end() {
    let to = place();
    let noise = unpack(&[b'x'; 2000][..], &chosen(&[(b"a", b"a")]), to.path());
    assert_eq!(
        noise.failure.unwrap(),
        "the archive from the container can't be read: it is damaged, or no tar archive"
    );
    for kind in [
        EntryType::GNULongName,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
    ] {
        let header = header(b"x", kind, 1 << 40);
        let endless = header.as_bytes().chain(io::repeat(b'a'));
        let result = unpack(endless, &[], to.path());
        assert!(result.failure.unwrap().contains("too long"));
    }
}

#[test]
fn leaves_odd_times_alone() {
    let to = place();
    let mut archive = Vec::new();
    for (name, time) in [("zero", 0), ("future", 1 << 33), ("past", 1_000_000_000)] {
        let mut header = header(name.as_bytes(), EntryType::Regular, 0);
        header.set_mtime(time);
        header.set_cksum();
        add(&mut archive, &header, b"");
    }
    let names: [&[u8]; 3] = [b"zero", b"future", b"past"];
    unpack(
        &end(archive)[..],
        &chosen(&names.map(|name| (name, name))),
        to.path(),
    );
    let time = |name| fs::metadata(to.path().join(name)).unwrap().mtime();
    assert!(time("zero") > 1_700_000_000 && time("future") < 1 << 33);
    assert_eq!(time("past"), 1_000_000_000);
}

#[test]
fn writes_a_bounded_number_of_warnings() {
    let mut archive = Vec::new();
    (0..1000).for_each(|number| add_file(&mut archive, format!("{number}").as_bytes(), b""));
    let result = unpack(&end(archive)[..], &[], place().path());
    assert_eq!(warnings(&result).len(), 21);
    assert_eq!(warnings(&result)[20], "980 more warnings of this kind");
}

#[test]
#[ignore = "writes 5 GB; run by hand"]
fn streams_a_file_of_5_gigabytes() {
    let size = 5 << 30;
    let to = place();
    let header = header(b"big", EntryType::Regular, size);
    let stream = header
        .as_bytes()
        .chain(io::repeat(1).take(size))
        .chain(io::repeat(0).take(1024));
    let result = unpack(stream, &chosen(&[(b"big", b"big")]), to.path());
    assert_eq!((result.failure, result.bytes), (None, size));
}

fn member() -> impl Strategy<Value = (Vec<u8>, u8, u64, Vec<u8>, Vec<u8>)> {
    let name = prop_oneof![
        "(\\.\\./|/|\\./|[abl]/){0,3}(secret|a|b|l|\\.\\.)".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    let kind = prop_oneof![
        Just(b'0'),
        Just(b'1'),
        Just(b'2'),
        Just(b'5'),
        Just(b'L'),
        Just(b'K'),
        Just(b'x'),
        any::<u8>()
    ];
    let size = prop_oneof![0_u64..40, Just(1 << 50), any::<u64>()];
    (
        name.clone(),
        kind,
        size,
        name,
        prop::collection::vec(any::<u8>(), 0..600),
    )
}

proptest! {
    #[test]
    fn writes_nowhere_else(members in prop::collection::vec(member(), 0..6), finished: bool, keep_links: bool) {
        let to = place();
        let out = to.path().join("out");
        let mut archive = Vec::new();
        for (name, kind, size, link, data) in &members {
            let mut header = header(name, EntryType::new(*kind), *size);
            header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link);
            header.set_cksum();
            add(&mut archive, &header, &data[..data.len().min(usize::try_from(*size).unwrap_or(usize::MAX))]);
        }
        let mut files: Vec<Chosen> = members
            .iter()
            .map(|(name, ..)| Chosen { source: name.clone(), artifact: name.clone() })
            .collect();
        files.extend(chosen(&[(b"l/secret", b"l/secret"), (b"a", b"../secret"), (b"b", b"/tmp/../b")]));
        let rules = Rules { keep_links, below: None };
        let result = super::unpack(&if finished { end(archive) } else { archive }[..], &files, &out, &rules);
        let outside: Vec<_> = everything(to.path()).into_iter().filter(|name| !name.starts_with("out/")).collect();
        prop_assert_eq!(outside, ["secret"]);
        prop_assert_eq!(fs::read(to.path().join("secret")).unwrap(), b"secret");
        for entry in walkdir::WalkDir::new(&out) {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_symlink() {
                let leads_to = fs::canonicalize(entry.path()).unwrap();
                prop_assert!(keep_links && leads_to.starts_with(fs::canonicalize(&out).unwrap()));
            } else {
                prop_assert!(metadata.is_dir() || metadata.is_file() && metadata.mode() & 0o7022 == 0);
            }
        }
        for name in &result.written {
            prop_assert!(super::super::path::check(name).is_ok());
        }
    }
}
