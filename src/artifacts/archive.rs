//! A tar stream's members, one after the other, in bounded memory.
//!
//! The `tar` crate reads headers; the walk from one to the next is here, for that crate keeps a long name of any
//! length in memory, splits PAX values at newlines, and follows what the archive says it should write.

use std::io::{self, Read};

use tar::Header;

const BLOCK: usize = 512;
/// Longer than any path; a hostile archive may claim gigabytes.
const LONGEST_EXTENSION: u64 = 256 * 1024;

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    File,
    Directory,
    /// Another name for a member before it.
    HardLink,
    Symlink,
    /// With holes, in one of the formats that `tar -S` writes; plain `tar -c` writes none.
    Sparse,
    Other,
}

/// A member's header; its data is read from the [`Archive`].
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) kind: MemberKind,
    pub(super) link: Vec<u8>,
    pub(super) mode: u32,
    /// Seconds since 1970.
    pub(super) modified: Option<u64>,
}

/// A tar stream.
#[derive(Debug)]
pub(super) struct Archive<R> {
    stream: R,
    /// Data of the current member that is not read yet.
    left: u64,
    /// Zeros that follow it.
    padding: u64,
}

/// What the members before a member say about it.
#[derive(Debug, Default)]
struct Extension {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<u64>,
    sparse: bool,
}

impl<R: Read> Archive<R> {
    pub(super) fn new(stream: R) -> Self {
        Self {
            stream,
            left: 0,
            padding: 0,
        }
    }

    /// The next member, or `None` at the archive's end mark.
    ///
    /// # Errors
    ///
    /// The stream fails, ends without its end mark, or is no tar archive; nothing after that can be trusted.
    pub(super) fn next(&mut self) -> io::Result<Option<Member>> {
        let mut extension = Extension::default();
        loop {
            self.skip()?;
            let block = self.block()?;
            if block.iter().all(|&byte| byte == 0) {
                return Ok(None);
            }
            let header = Header::from_byte_slice(&block);
            verify(header)?;
            let flag = header.entry_type().as_byte();
            let size = header.entry_size()?;
            match flag {
                b'L' => extension.name = Some(self.extension(size)?),
                b'K' => extension.link = Some(self.extension(size)?),
                b'x' => pax(&self.extension(size)?, &mut extension)?,
                b'g' => drop(self.extension(size)?),
                _ => {
                    let size = extension.size.unwrap_or(size);
                    if flag == b'S' && header.as_gnu().is_some_and(tar::GnuHeader::is_extended) {
                        while self.block()?[504] != 0 {}
                    }
                    // Old archives repeat the file's size here, but its data stands at its first name only.
                    self.expect(if flag == b'1' { 0 } else { size });
                    return Ok(Some(member(header, flag, extension)));
                }
            }
        }
    }

    /// Reads the zeros after the end mark, so that `tar` does not fail on a closed pipe.
    pub(super) fn drain(&mut self) {
        const MOST: u64 = 1 << 20;
        let rest = io::copy(&mut self.stream.by_ref().take(MOST), &mut io::sink());
        // Every file is there already; what fails now has no meaning.
        drop(rest);
    }

    /// Reads past what is left of the current member.
    fn skip(&mut self) -> io::Result<()> {
        let rest = self.left.saturating_add(self.padding);
        let skipped = io::copy(&mut self.stream.by_ref().take(rest), &mut io::sink())?;
        (self.left, self.padding) = (0, 0);
        if skipped < rest {
            Err(broken_off())
        } else {
            Ok(())
        }
    }

    fn expect(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    fn block(&mut self) -> io::Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        match self.stream.read_exact(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(broken_off()),
            other => other.map(|()| block),
        }
    }

    /// The data of a member that only describes the next one.
    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > LONGEST_EXTENSION {
            return Err(invalid("a name in it is too long"));
        }
        self.expect(size);
        let mut data = Vec::new();
        self.read_to_end(&mut data)?;
        let text = data
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |last| last + 1);
        data.truncate(text);
        Ok(data)
    }
}

/// The current member's data; its early end is an error.
impl<R: Read> Read for Archive<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || buffer.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.stream.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(broken_off());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

fn member(header: &Header, flag: u8, extension: Extension) -> Member {
    let name = extension
        .name
        .unwrap_or_else(|| header.path_bytes().into_owned());
    let kind = match flag {
        _ if extension.sparse => MemberKind::Sparse,
        // Archives older than the flag for directories have a slash instead.
        b'0' | b'\0' | b'7' if name.ends_with(b"/") => MemberKind::Directory,
        b'0' | b'\0' | b'7' => MemberKind::File,
        b'1' => MemberKind::HardLink,
        b'2' => MemberKind::Symlink,
        b'5' | b'D' => MemberKind::Directory,
        b'S' => MemberKind::Sparse,
        _ => MemberKind::Other,
    };
    let link = extension
        .link
        .or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
    Member {
        name,
        kind,
        link: link.unwrap_or_default(),
        mode: header.mode().unwrap_or(0),
        modified: extension.modified.or_else(|| header.mtime().ok()),
    }
}

fn verify(header: &Header) -> io::Result<()> {
    let mut computed = header.clone();
    computed.set_cksum();
    if header.cksum().ok() == computed.cksum().ok() {
        Ok(())
    } else {
        Err(invalid("it is damaged, or no tar archive"))
    }
}

/// Records such as `20 path=some/where\n`, the number being the record's own length.
fn pax(mut data: &[u8], extension: &mut Extension) -> io::Result<()> {
    let malformed = || invalid("a PAX record in it is malformed");
    while !data.is_empty() {
        let digits = memchr::memchr(b' ', data).ok_or_else(malformed)?;
        let length: usize = number(&data[..digits]).ok_or_else(malformed)?;
        let record = data.get(digits + 1..length).ok_or_else(malformed)?;
        let record = record.strip_suffix(b"\n").ok_or_else(malformed)?;
        let equals = memchr::memchr(b'=', record).ok_or_else(malformed)?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            b"path" => extension.name = Some(value.to_vec()),
            b"linkpath" => extension.link = Some(value.to_vec()),
            b"size" => extension.size = Some(number(value).ok_or_else(malformed)?),
            b"mtime" => {
                extension.modified = value.split(|&byte| byte == b'.').next().and_then(number);
            }
            _ if key.starts_with(b"GNU.sparse.") => extension.sparse = true,
            _ => {}
        }
        data = &data[length..];
    }
    Ok(())
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn broken_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends too early")
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
