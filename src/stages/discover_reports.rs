//! Auto-discovery, at the end of `UPLOAD_ARTIFACTS`: reports that no group lists (spec 16.6).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::time::Instant;

use super::fetch::Links;
use super::upload_reports::{Reported, path_of};
use crate::artifacts::{Chosen, Pattern};
use crate::buildspec::model::ReportFormat;
use crate::engine::event::Event;
use crate::error::Error;
use crate::reports::discover::sniff;
use crate::reports::group::discovered_key;
use crate::run::{Build, Halt};
use crate::runtime::session::Session;
use crate::script;

/// At most so many files are looked at by auto-discovery: what CodeBuild gets through in its five seconds is unknown.
const MOST_DISCOVERED: usize = 500;

impl Build<'_> {
    /// Searches the build's files for reports that no group lists (spec 16.6).
    pub(super) async fn discover_reports(
        &mut self,
        reported: &mut Reported,
        session: &mut Session,
    ) -> Result<(), Halt> {
        let names = [
            "CODEBUILD_CONFIG_AUTO_DISCOVER",
            "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR",
        ]
        .map(str::to_owned);
        let source = session.layout().source();
        let text = script::print_variables(session.layout(), names.iter().map(String::as_str))
            + &candidates_script(&source);
        let started = Instant::now();
        let printed = session.ask_in_state(&text).await?;
        let mut fields = printed.splitn(names.len() + 1, |&byte| byte == 0);
        let mut variable =
            || String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
        let (enabled, pattern) = (variable(), variable());
        if enabled.eq_ignore_ascii_case("false") {
            return Ok(());
        }
        let candidates = fields
            .next()
            .unwrap_or_default()
            .split(|&byte| byte == b'\n');
        let pattern = if pattern.is_empty() {
            "**/*".to_owned()
        } else {
            pattern
        };
        let found = self
            .of_format(candidates, &pattern, reported, session)
            .await?;
        let count: usize = found.values().map(Vec::len).sum();
        for line in [
            "Set report auto-discover timeout to 5 seconds",
            "Expanding base directory path:  .",
            "Assembling file list",
            "Expanding .",
            "Expanding file paths for base directory .",
            "Assembling file list",
        ] {
            self.journal.say(line);
        }
        self.journal.say(format!("Expanding {pattern}"));
        self.journal.say(match count {
            0 => "No matching auto-discover report paths found".to_owned(),
            count => format!("Found {count} file(s)"),
        });
        self.journal.say(format!(
            "Report auto-discover file discovery took {:.6} seconds",
            started.elapsed().as_secs_f64()
        ));
        for (format, files) in found {
            // What nobody listed can't fail the build (unconfirmed): a file may only look like a report.
            if let Some(error) = self
                .report(&discovered_key(format), format, files, reported, session)
                .await?
            {
                self.journal.emit(&Event::Warning(error.to_string()));
            }
        }
        Ok(())
    }

    /// Looks into candidates on this side and sorts those that are reports by their format.
    async fn of_format<'a>(
        &mut self,
        candidates: impl Iterator<Item = &'a [u8]>,
        pattern: &str,
        reported: &Reported,
        session: &mut Session,
    ) -> Result<BTreeMap<ReportFormat, Vec<Chosen>>, Halt> {
        let source = session.layout().source().into_bytes();
        let Ok(pattern) = Pattern::new(pattern) else {
            return Ok(BTreeMap::new());
        };
        let files: Vec<Chosen> = candidates
            .filter_map(|path| path.strip_prefix(b"./"))
            .map(|path| Chosen {
                source: [source.as_slice(), b"/", path].concat(),
                artifact: path.to_vec(),
            })
            .filter(|file| {
                pattern.matches(&source, &file.source) && !reported.files.contains(&file.source)
            })
            .take(MOST_DISCOVERED)
            .collect();
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let folder = tempfile::Builder::new()
            .prefix(".discovered-")
            .tempdir_in(&self.folder.path);
        let folder = folder.map_err(|error| {
            Error::environment("the build's folder can't be written").because(error)
        })?;
        let place = folder.path().join("files");
        let fetched = self.fetch(files.clone(), place, Links::Follow, session);
        fetched.await?.complete()?;
        let mut found: BTreeMap<ReportFormat, Vec<Chosen>> = BTreeMap::new();
        for file in files {
            let opened = File::open(folder.path().join("files").join(path_of(&file.artifact)));
            if let Some(format) = opened
                .ok()
                .and_then(|opened| sniff(&mut BufReader::new(opened)))
            {
                found.entry(format).or_default().push(file);
            }
        }
        Ok(found)
    }
}

/// Prints, each on a line, files whose text could be a report's. Names with line breaks are left out.
///
/// Starting `find` is a good part of a small build, so the shell first looks whether a small folder holds anything to search.
fn candidates_script(source: &str) -> String {
    format!(
        "cd {} || exit 0\n\
         unset GLOBIGNORE _bs_f\n\
         set +f +u\n\
         set -- * .*\n\
         if [ $# -eq 0 ] || [ $# -gt 100 ]; then _bs_f=1; fi\n\
         for _bs_p; do\n\
         if [ \"$_bs_f\" ]; then break; fi\n\
         case $_bs_p in\n\
         .|..) ;;\n\
         *.xml|*.json|*.trx) _bs_f=1 ;;\n\
         *) if [ -d \"$_bs_p\" ]; then _bs_f=1; fi ;;\n\
         esac\n\
         done\n\
         if [ ! \"$_bs_f\" ]; then exit 0; fi\n\
         exec find . -type f \\( -name '*.xml' -o -name '*.json' -o -name '*.trx' \\) -size -65536k ! -name '*\n*' -exec grep -lE \
         '<(testsuites?|assemblies|test-run|test-results|testng-results|TestRun|coverage|report)[ >]|\"(elements|coverage)\"' {{}} +\n",
        script::quote(source)
    )
}
