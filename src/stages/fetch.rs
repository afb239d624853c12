//! Bringing chosen files from the build's side to a folder of the host: only those, in one stream.
//!
//! `tar` at the build's side writes the stream. Where an image has none, and for names that `tar` can't be told, the
//! engine makes archives of whole folders, of which the chosen files are kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;

use super::unpacking::Unpacking;
use crate::artifacts::{self, Chosen, Leads, LeftOut, Notes, Reason, Rules, Unpacked};
use crate::engine::event::Event;
use crate::error::Error;
use crate::run::{Build, Halt};
use crate::runtime::session::Session;
use crate::runtime::{Chunk, Lost, Sink as _, Wire};
use crate::script;

/// Above this many bytes, a list of names goes through a pipe of its own: the supervisor reads byte by byte.
const LONG_LIST: usize = 32 * 1024;

/// Up to this many files the engine is asked for each by itself, without a `tar` in the image.
const FEW: usize = 16;

/// What becomes of symbolic links.
#[derive(Clone, Debug)]
pub(super) enum Links {
    /// They become the files that they lead to.
    Follow,
    /// They stay links where they lead to something in the artifact. Those named here lead to no file: they stay
    /// links or are left out.
    Keep(BTreeMap<Vec<u8>, Leads>),
}

/// What came, and what kept the rest from being written.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) unpacked: Unpacked,
    problem: Option<Error>,
}

impl Fetched {
    /// Nothing is half collected in silence.
    pub(super) fn complete(self) -> Result<Unpacked, Halt> {
        match self.problem {
            Some(error) => Err(Halt::Error(error)),
            None => Ok(self.unpacked),
        }
    }

    /// That which came, and what is wrong with it.
    pub(super) fn parts(self) -> (Unpacked, Option<Error>) {
        (self.unpacked, self.problem)
    }
}

impl Build<'_> {
    /// Writes the files below `folder`. Those that came stay there, whatever else goes wrong.
    pub(super) async fn fetch(
        &mut self,
        files: Vec<Chosen>,
        folder: PathBuf,
        links: Links,
        session: &mut Session,
    ) -> Result<Fetched, Halt> {
        let wanted = files
            .iter()
            .map(|file| (file.artifact.clone(), file.source.clone()));
        let wanted: BTreeMap<Vec<u8>, Vec<u8>> = wanted.collect();
        let mut sum = Unpacked::default();
        let (mut plain, mut odd): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|file| !file.source.contains(&b'\n'));
        let (has_tar, _) = session.ask("command -v tar >/dev/null\n").await?;
        if !has_tar.success() {
            odd.append(&mut plain);
        }
        if let Links::Keep(_) = links
            && !plain.is_empty()
        {
            sum.append(self.by_tar(plain, &folder, true, session).await?);
            plain = to_follow(&mut sum, &links);
        }
        if !plain.is_empty() && sum.failure.is_none() {
            sum.append(self.by_tar(plain, &folder, false, session).await?);
        }
        if !odd.is_empty() && sum.failure.is_none() {
            self.by_engine(odd, &folder, &links, &mut sum).await?;
        }
        Ok(self.judge(sum, wanted, &links, &folder))
    }

    async fn by_tar(
        &mut self,
        files: Vec<Chosen>,
        folder: &Path,
        keep_links: bool,
        session: &mut Session,
    ) -> Result<Unpacked, Halt> {
        let names: Vec<u8> = files
            .iter()
            .flat_map(|file| [b".", file.source.as_slice(), b"\n"].concat())
            .collect();
        let rules = Rules {
            keep_links,
            below: None,
        };
        let mut unpacking = Unpacking::start(files, folder.to_owned(), rules, &mut self.journal);
        if names.len() < LONG_LIST {
            let list = format!("{}/files.txt", session.layout().tmp());
            session.put(&list, names).await?;
            let text = archive_script(Some(&list), keep_links);
            session.tell("/bin/sh", &text, &mut unpacking).await?;
        } else if let Some(place) = &self.place {
            let wire = place.pipe(&archive_script(None, keep_links)).await?;
            through(wire, &names, &mut unpacking).await?;
        }
        Ok(unpacking.finish().await?)
    }

    /// Files, then what links among them lead to, in archives that the engine makes.
    async fn by_engine(
        &mut self,
        files: Vec<Chosen>,
        folder: &Path,
        links: &Links,
        sum: &mut Unpacked,
    ) -> Result<(), Halt> {
        let keep_links = matches!(links, Links::Keep(_));
        self.archives(files, folder, keep_links, sum).await?;
        let mut followed = Vec::new();
        for link in to_follow(sum, links) {
            let (Ok(path), Some(place)) = (std::str::from_utf8(&link.source), &self.place) else {
                continue;
            };
            if let Some(target) = place.resolve(path).await {
                followed.push(Chosen {
                    source: target.into_bytes(),
                    artifact: link.artifact,
                });
            }
        }
        if !followed.is_empty() && sum.failure.is_none() {
            self.archives(followed, folder, false, sum).await?;
        }
        Ok(())
    }

    async fn archives(
        &mut self,
        files: Vec<Chosen>,
        folder: &Path,
        keep_links: bool,
        sum: &mut Unpacked,
    ) -> Result<(), Halt> {
        let mut left_over = std::mem::take(&mut sum.links);
        let mut failures = Vec::new();
        for (path, files) in requests(files) {
            let Some(place) = &self.place else { break };
            let mut pieces = place.archive(&path)?;
            let above = path.rfind('/').map_or("", |at| &path[..at]);
            let below = if above.is_empty() { "/" } else { above };
            let rules = Rules {
                keep_links,
                below: Some(below.as_bytes().to_vec()),
            };
            let mut unpacking =
                Unpacking::start(files, folder.to_owned(), rules, &mut self.journal);
            while let Some(piece) = pieces.next().await {
                match piece {
                    Ok(piece) => unpacking.write(&piece),
                    // What did not come is found missing, and said to be.
                    Err(error) => {
                        failures.push(format!("{}: {error}", artifacts::shown(path.as_bytes())));
                        break;
                    }
                }
            }
            sum.append(unpacking.finish().await?);
            // A file that is gone by now is no reason to do without the others.
            if sum
                .failure
                .as_deref()
                .is_some_and(|reason| reason.contains("too early"))
            {
                sum.failure = None;
            }
            left_over.append(&mut sum.links);
        }
        sum.links = left_over;
        for failure in failures {
            self.journal.emit(&Event::Note(failure));
        }
        Ok(())
    }

    /// Says what is odd, and what is missing.
    fn judge(
        &mut self,
        mut sum: Unpacked,
        mut wanted: BTreeMap<Vec<u8>, Vec<u8>>,
        links: &Links,
        folder: &Path,
    ) -> Fetched {
        sum.missing.clear();
        for file in sum.written.iter().chain(&sum.refused) {
            wanted.remove(file);
        }
        let mut left_out = LeftOut::default();
        for (file, source) in wanted {
            match loose(&source, links) {
                None => sum.missing.push(file),
                Some(Leads::Directory) => left_out.add(Reason::LinkOut, &source),
                Some(leads) => left_out.add(leads.into(), &source),
            }
        }
        left_out.lines().for_each(|line| sum.warnings.push(line));
        // Where writing stopped, all that follows is missing.
        let mut gone = Notes::default();
        for file in sum.missing.iter().filter(|_| sum.failure.is_none()) {
            gone.push(format!(
                "`{}` was listed and did not come: it is gone, or can't be read; a job in the background may still be \
                 changing it",
                artifacts::shown(file)
            ));
        }
        for warning in sum.warnings.lines().chain(gone.lines()) {
            self.journal.emit(&Event::Warning(warning));
        }
        let problem = sum.failure.as_ref().map(|failure| {
            let place = folder.display();
            Error::environment(format!("files can't be written to {place}: {failure}"))
                .hint("what came before that is kept there")
        });
        Fetched {
            unpacked: sum,
            problem,
        }
    }
}

/// Links that were not kept and lead to files.
fn to_follow(sum: &mut Unpacked, links: &Links) -> Vec<Chosen> {
    let mut files = std::mem::take(&mut sum.links);
    files.retain(|file| loose(&file.source, links).is_none());
    files
}

/// Where a link leads that can only stay a link.
fn loose(source: &[u8], links: &Links) -> Option<Leads> {
    match links {
        Links::Keep(loose) => loose.get(source).copied(),
        Links::Follow => None,
    }
}

/// Writes files to standard output as one archive: those of a list, or of standard input. Only GNU's and BSD's tar
/// take names with any letter.
fn archive_script(list: Option<&str>, keep_links: bool) -> String {
    let (from, file) = match list {
        Some(list) => (format!("<{}", script::quote(list)), script::quote(list)),
        None => (String::new(), "/dev/stdin".to_owned()),
    };
    let follow = if keep_links { "" } else { "-h" };
    format!(
        "exec 2>/dev/null\ncd / || exit\ncase $(tar --version </dev/null) in\n\
         *GNU*|*bsdtar*) tr '\\n' '\\000' {from} | tar -c {follow} --null --no-recursion -T - -f - ;;\n\
         *) tar -c {follow} -T {file} -f - ;;\nesac\n"
    )
}

/// Names in, archive out, both at once.
async fn through(wire: Wire, names: &[u8], unpacking: &mut Unpacking<'_>) -> Result<(), Lost> {
    let Wire {
        mut input,
        mut output,
    } = wire;
    // Moved, so that the pipe is closed when all is told.
    let told = async move {
        input.write_all(names).await?;
        input.shutdown().await
    };
    let heard = async {
        while let Some(chunk) = output.next().await {
            if let Chunk::Output(bytes) = chunk? {
                unpacking.write(&bytes);
            }
        }
        Ok(())
    };
    let (told, heard) = tokio::join!(told, heard);
    // A `tar` that ended before it had read all names has said why in what did not come.
    told.or_else(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })?;
    heard
}

/// Paths to ask the engine for, and the files that each is for: one by one while they are few, else the folder above
/// them all.
fn requests(files: Vec<Chosen>) -> Vec<(String, Vec<Chosen>)> {
    let (named, mut others): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| std::str::from_utf8(&file.source).is_ok());
    let mut requests = Vec::new();
    if named.len() <= FEW {
        for file in named {
            let path = String::from_utf8_lossy(&file.source).into_owned();
            requests.push((path, vec![file]));
        }
    } else {
        others.extend(named);
    }
    if let Some(first) = others.first() {
        let mut above = parent(&first.source);
        while !others.iter().all(|file| is_below(above, &file.source))
            || std::str::from_utf8(above).is_err()
        {
            above = parent(above);
        }
        let path = String::from_utf8_lossy(above).into_owned();
        let path = if path.is_empty() {
            "/".to_owned()
        } else {
            path
        };
        requests.push((path, others));
    }
    requests
}

fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte == b'/');
    &path[..end.unwrap_or(0)]
}

fn is_below(directory: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Vec<Chosen> {
        let file = |path: &&str| Chosen {
            source: path.as_bytes().to_vec(),
            artifact: path.as_bytes()[1..].to_vec(),
        };
        paths.iter().map(file).collect()
    }

    #[test]
    fn asks_for_few_files_by_name_and_for_many_by_folder() {
        let few = requests(files(&["/a/b", "/c"]));
        let paths: Vec<_> = few.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["/a/b", "/c"]);
        let many: Vec<String> = (0..=FEW).map(|n| format!("/src/x/{n}/f")).collect();
        let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(requests(files(&many))[0].0, "/src/x");
        many.push("/src/xy");
        assert_eq!(requests(files(&many))[0].0, "/src");
        many.push("/etc/y");
        assert_eq!(requests(files(&many))[0].0, "/");
    }
}
