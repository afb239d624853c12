//! A folder of artifacts as one ZIP, as a project with packaging `ZIP` has it.
//!
//! The same files give the same bytes, whenever and wherever: entries are sorted, all have ZIP's first date
//! (1980-01-01), modes and symbolic links are kept. Entries have no leading `./`, though some of `CodeBuild`'s were seen with one.

use std::fs::{File, Permissions};
use std::io::{self, BufReader, BufWriter, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use md5::Md5;
use sha2::digest::Output;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::folder::Folder;
use super::shown;

/// Beyond this, ZIP needs the longer form of its sizes; one megabyte of room for what does not compress.
const LARGE: u64 = u32::MAX as u64 - (1 << 20);

/// A ZIP that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its size.
    pub bytes: u64,
    /// In lower-case hexadecimal, as `sha256sum` in a build's description.
    pub sha256: String,
    /// In lower-case hexadecimal, as `md5sum` in a build's description.
    pub md5: String,
}

/// Packs files of a directory, given as paths relative to it ([`Unpacked::written`](super::Unpacked::written)).
///
/// The ZIP appears under its name only when it is complete, and replaces one that is there.
///
/// # Errors
///
/// A file can't be read, or the ZIP can't be written.
pub fn pack(directory: &Path, files: &[Vec<u8>], archive: &Path) -> io::Result<Packed> {
    let beside = match archive.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let unfinished = NamedTempFile::new_in(beside)?;
    write(&mut Folder::open(directory)?, files, unfinished.as_file())?;
    unfinished
        .as_file()
        .set_permissions(Permissions::from_mode(0o644))?;
    let packed = digests(File::open(unfinished.path())?)?;
    unfinished.persist(archive)?;
    Ok(packed)
}

fn write(folder: &mut Folder, files: &[Vec<u8>], to: &File) -> io::Result<()> {
    let mut sorted: Vec<&[u8]> = files.iter().map(|file| &file[..]).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut zip = ZipWriter::new(BufWriter::new(to));
    for name in sorted {
        if let Some(target) = folder.target(name)? {
            let (name, target) = (as_text(name)?, as_text(&target)?);
            let options = SimpleFileOptions::default()
                .system(System::Unix)
                .last_modified_time(DateTime::DEFAULT);
            zip.add_symlink(name, target, options)?;
            continue;
        }
        let mut file = folder.read(name)?;
        let metadata = file.metadata()?;
        let options = SimpleFileOptions::default()
            .name(name)
            .system(System::Unix)
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(metadata.mode() & 0o777)
            .large_file(metadata.len() > LARGE);
        zip.start_file_with_options(options)?;
        io::copy(&mut file, &mut zip)?;
    }
    zip.finish()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    Ok(())
}

/// The packer takes links as texts only.
fn as_text(path: &[u8]) -> io::Result<&str> {
    std::str::from_utf8(path).map_err(|_| {
        let text = format!("the symbolic link `{}` is not UTF-8", shown(path));
        io::Error::new(io::ErrorKind::InvalidData, text)
    })
}

fn digests(file: File) -> io::Result<Packed> {
    let (mut sha256, mut md5, mut bytes) = (Sha256::new(), Md5::new(), 0);
    let mut file = BufReader::new(file);
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        sha256.update(&buffer[..read]);
        md5.update(&buffer[..read]);
    }
    Ok(Packed {
        bytes,
        sha256: hexadecimal::<Sha256>(&sha256.finalize()),
        md5: hexadecimal::<Md5>(&md5.finalize()),
    })
}

fn hexadecimal<D: Digest>(digest: &Output<D>) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let digits = |&byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    digest.iter().flat_map(digits).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name.repeat(1000)).unwrap();
            fs::set_permissions(
                &path,
                Permissions::from_mode(if *name == "d/run" { 0o755 } else { 0o644 }),
            )
            .unwrap();
        }
        folder
    }

    fn names(names: &[&str]) -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    #[test]
    fn packs_the_same_bytes_each_time() {
        let to = tempfile::tempdir().unwrap();
        let one = folder(&["a", "d/run", "\u{e9}"]);
        let packed = pack(
            one.path(),
            &names(&["d/run", "\u{e9}", "a"]),
            &to.path().join("1.zip"),
        )
        .unwrap();
        let other = folder(&["\u{e9}", "a", "d/run"]);
        fs::File::open(other.path().join("a"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        let again = pack(
            other.path(),
            &names(&["a", "d/run", "\u{e9}"]),
            &to.path().join("2.zip"),
        )
        .unwrap();
        assert_eq!(packed, again);
        let bytes = fs::read(to.path().join("1.zip")).unwrap();
        assert_eq!(bytes, fs::read(to.path().join("2.zip")).unwrap());
        assert_eq!(packed.bytes, bytes.len() as u64);

        let mut zip = zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
        let entries: Vec<_> = (0..zip.len())
            .map(|index| {
                let entry = zip.by_index(index).unwrap();
                (
                    entry.name().unwrap().into_owned(),
                    entry.unix_mode().unwrap() & 0o777,
                    entry.size(),
                )
            })
            .collect();
        assert_eq!(
            entries,
            [
                ("a".to_owned(), 0o644, 1000),
                ("d/run".to_owned(), 0o755, 5000),
                ("\u{e9}".to_owned(), 0o644, 2000)
            ]
        );
    }

    #[test]
    fn agrees_with_the_usual_tools() {
        let to = tempfile::tempdir().unwrap();
        let zip = to.path().join("a.zip");
        let packed = pack(folder(&["a"]).path(), &names(&["a"]), &zip).unwrap();
        for (tool, sum) in [("sha256sum", &packed.sha256), ("md5sum", &packed.md5)] {
            let output = Command::new(tool).arg(&zip).output().unwrap();
            assert!(
                String::from_utf8(output.stdout)
                    .unwrap()
                    .starts_with(sum.as_str())
            );
        }
    }

    #[test]
    fn keeps_symbolic_links() {
        let to = tempfile::tempdir().unwrap();
        let from = folder(&["d/a"]);
        std::os::unix::fs::symlink("d/a", from.path().join("link")).unwrap();
        let archive = to.path().join("a.zip");
        pack(from.path(), &names(&["d/a", "link"]), &archive).unwrap();
        let mut zip = zip::ZipArchive::new(fs::File::open(archive).unwrap()).unwrap();
        let mut link = zip.by_name("link").unwrap();
        assert!(link.is_symlink());
        let mut target = String::new();
        link.read_to_string(&mut target).unwrap();
        assert_eq!(target, "d/a");
    }

    #[test]
    fn leaves_no_half_finished_zip() {
        let to = tempfile::tempdir().unwrap();
        let from = folder(&["a"]);
        for bad in ["missing", "../a"] {
            assert!(pack(from.path(), &names(&["a", bad]), &to.path().join("a.zip")).is_err());
        }
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
    }
}
