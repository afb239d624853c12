//! `DOWNLOAD_SOURCE`: the buildspec's verdict, the variables, the lines that go with them (fidelity 1.3).

use std::fmt::Write as _;

use super::Script;
use crate::buildspec::model::{Buildspec, Cache, Phase, Shell};
use crate::buildspec::{Reading, assumed};
use crate::diagnostic::Finding;
use crate::engine::event::{Event, Place};
use crate::engine::phase::{Context, PhaseType, Status};
use crate::engine::{assumptions, count_lines};
use crate::env::Variables;
use crate::error::Error;
use crate::places::files;
use crate::project::model::SourceType;
use crate::run::{Build, Halt};
use crate::runtime::session::{Session, Supervisor};

/// The status code of everything that is wrong with a buildspec.
pub(super) const YAML_FILE_ERROR: &str = "YAML_FILE_ERROR";

impl Build<'_> {
    /// Says what `CodeBuild` says up to the first phase, and readies the session. The phase is left when it succeeded.
    pub(crate) async fn download_source(
        &mut self,
        script: &Script,
        supervisor: Option<Supervisor>,
    ) -> Result<Session, Halt> {
        let source = self.layout.source();
        self.journal.enter(PhaseType::DownloadSource);
        self.learn_sources().await;
        for line in [
            "Running on CodeBuild On-demand",
            "Waiting for agent ping",
            "Waiting for DOWNLOAD_SOURCE",
            "Phase is DOWNLOAD_SOURCE",
        ] {
            self.journal.say(line);
        }
        self.journal.say(format!("CODEBUILD_SRC_DIR={source}"));
        for (id, folder) in self.layout.secondary() {
            self.journal.say(format!("CODEBUILD_SRC_DIR_{id}={folder}"));
        }
        if let Some(location) = &script.location {
            self.journal.say(format!("YAML location is {location}"));
        }
        self.say_what_is_found(script).await;
        if let Some(sentence) = &script.refused {
            if let Some(finding) = script.reading.verdict() {
                self.journal.emit(&Event::Refused {
                    place: Place::of(&script.source, finding.primary.span),
                    message: finding.message.clone(),
                    help: finding.help.clone(),
                });
            }
            if script.location.is_none() {
                self.journal.emit(&Event::Hint {
                    rule: "no-buildspec",
                    text: files::instead(&self.options.source, script.source.name()),
                });
            }
            return Err(Halt::Invalid(Context::new(YAML_FILE_ERROR, sentence)));
        }
        let buildspec = &script.reading.buildspec;
        self.say_what_is_odd(script);
        self.refuse_shells_of_windows(script)?;
        let source_type = self.options.project.project.source.kind.as_ref();
        if let Some(line) = timeout_line(source_type.map(|kind| kind.value)) {
            self.journal.say(line);
        }
        self.journal.say("Processing environment variables");
        let variables = self.variables(buildspec).await?;
        let helper = buildspec.env.git_credential_helper.as_ref();
        if helper.is_some_and(|wanted| wanted.value) {
            self.journal.say("Git credential helper enabled");
        }
        let supervisor =
            supervisor.ok_or_else(|| Error::environment("no runtime was provisioned"))?;
        let mut session = self.begin_session(script, supervisor, &variables).await?;
        self.select_runtimes(buildspec, &mut session).await?;
        self.journal.say(format!("Moving to directory {source}"));
        for line in cache_lines(buildspec.cache.as_ref()) {
            self.journal.say(line);
        }
        self.journal.say("Registering with agent");
        for line in count_lines(&buildspec.phases) {
            self.journal.say(line);
        }
        self.say_what_is_left_out(buildspec);
        self.journal.leave(Status::Succeeded, Context::default());
        Ok(session)
    }

    /// A build on Linux has no `PowerShell`; what `CodeBuild` says of it is taken to be what it says of any other word.
    fn refuse_shells_of_windows(&mut self, script: &Script) -> Result<(), Halt> {
        let Some(shell) = &script.reading.buildspec.env.shell else {
            return Ok(());
        };
        let name = match shell.value {
            Shell::PowerShell => "powershell.exe",
            Shell::Cmd => "cmd.exe",
            Shell::Sh | Shell::Bash => return Ok(()),
        };
        self.journal.emit(&Event::Refused {
            place: Place::of(&script.source, shell.span),
            message: format!("{name} is a shell of Windows, and this build runs on Linux"),
            help: vec!["write `shell: bash`, or leave it out for /bin/sh".to_owned()],
        });
        let sentence = assumed::wrong_value("env.shell", name);
        Err(Halt::Invalid(Context::new(YAML_FILE_ERROR, sentence)))
    }

    /// A part that is not there ends the build before anything is made for it.
    pub(crate) fn check_part(&self, script: &Script) -> Result<(), Error> {
        let missing = self.options.part.missing(&script.reading.buildspec.phases);
        missing.map_or(Ok(()), |missing| Err(Error::usage(missing)))
    }

    /// The log of half a build must not pass for that of a whole one.
    fn say_what_is_left_out(&mut self, buildspec: &Buildspec) {
        if let Some(text) = self.options.part.left_out(&buildspec.phases) {
            let text = format!("left out by --phase or --from: {text}");
            self.journal.say(format!("buildspec: {text}"));
            self.journal.emit(&Event::Warning(text));
        }
    }

    /// What `validate` finds, but for what `CodeBuild` refuses the buildspec for: that is said with its sentence.
    async fn say_what_is_found(&mut self, script: &Script) {
        let Some(findings) = self.findings.take() else {
            return;
        };
        let verdict = script.reading.verdict();
        let is_verdict = |finding: &Finding| {
            verdict.is_some_and(|verdict| {
                (verdict.rule, verdict.primary.span) == (finding.rule, finding.primary.span)
            })
        };
        // It may have panicked; then there is nothing to say.
        let findings = findings.await.unwrap_or_default();
        for finding in findings.into_iter().filter(|found| !is_verdict(found)) {
            let place = Place {
                excerpt: String::new(),
                ..Place::of(&script.source, finding.primary.span)
            };
            self.journal.emit(&Event::Finding {
                rule: finding.rule,
                severity: finding.severity,
                place,
                message: finding.message,
                help: finding.help,
            });
        }
    }

    fn say_what_is_odd(&mut self, script: &Script) {
        let buildspec = &script.reading.buildspec;
        for source in &self.options.project.project.secondary_sources {
            if let Some(id) = &source.identifier
                && !self
                    .options
                    .secondary
                    .iter()
                    .any(|(given, _)| *given == id.value)
            {
                self.journal.emit(&Event::Warning(format!(
                    "the project's secondary source {id} is not here: -s {id}=DIR says where it is",
                    id = id.value
                )));
            }
        }
        if let Some(certificate) = &self.options.project.project.environment.certificate
            && self.options.root_certificates.is_none()
        {
            self.journal.emit(&Event::Warning(format!(
                "the project's certificate {} is not fetched: --root-certificate FILE hands one on",
                certificate.value
            )));
        }
        for remark in &self.options.project.remarks {
            let text = remark.text.clone();
            self.journal.emit(&if remark.warning {
                Event::Warning(text)
            } else {
                Event::Note(text)
            });
        }
        for name in phases_without_commands(buildspec) {
            self.journal
                .say(format!("No commands found for phase name: {name}"));
        }
        if let Some(block) = unknown_keys(&script.reading) {
            self.journal.say(block);
        }
        if let Some(shell) = &buildspec.env.shell
            && shell.value == Shell::Bash
        {
            self.journal
                .say("Selecting shell bash as specified in buildspec.");
        }
    }

    async fn begin_session(
        &mut self,
        script: &Script,
        mut supervisor: Supervisor,
        variables: &Variables,
    ) -> Result<Session, Halt> {
        let buildspec = &script.reading.buildspec;
        if script.inline
            && let Some(location) = &script.location
        {
            supervisor.put(location, script.source.text()).await?;
        }
        self.trust(&mut supervisor).await?;
        let env = variables.env_file(&self.layout.gopath(), &self.layout.bin());
        let shell = buildspec
            .env
            .shell
            .as_ref()
            .map(|shell| shell.value)
            .unwrap_or_default();
        self.shell = shell;
        Ok(Session::begin(
            supervisor,
            self.layout.clone(),
            buildspec.version,
            shell,
            &env,
        )
        .await?)
    }
}

/// What the agent says about its patience, by the kind of source; a source that no project names is like one from S3.
fn timeout_line(kind: Option<SourceType>) -> Option<String> {
    use SourceType as Kind;
    let higher = |what| {
        Some(format!(
            "Setting HTTP client timeout to higher timeout for {what}"
        ))
    };
    match kind {
        None | Some(Kind::S3 | Kind::CodePipeline) => higher("S3 source"),
        Some(Kind::GitHub | Kind::GitHubEnterprise) => {
            higher("Github and GitHub Enterprise sources")
        }
        Some(Kind::NoSource) => None,
        Some(other) => Some(format!(
            "Not setting HTTP client timeout for source type {}",
            other.name().to_ascii_lowercase()
        )),
    }
}

/// Nothing is kept in a cache here: it is as if it were empty each time.
fn cache_lines(cache: Option<&Cache>) -> Vec<String> {
    let paths = cache.map_or(&[][..], |cache| &cache.paths);
    if paths.is_empty() {
        return vec![
            "Cache is not defined in the buildspec".to_owned(),
            "Skip cache due to: no paths specified to be cached".to_owned(),
        ];
    }
    let mut lines: Vec<_> = paths
        .iter()
        .map(|path| format!("Expanded cache path {}", path.value))
        .collect();
    if paths.iter().any(|path| path.value.is_empty()) {
        lines.push("Not a valid directory cache path: ".to_owned());
    }
    lines
}

fn phases_without_commands(buildspec: &Buildspec) -> impl Iterator<Item = &'static str> {
    let phases = &buildspec.phases;
    let all: [(&str, Option<&Phase>); 4] = [
        ("install", phases.install.as_ref()),
        ("pre_build", phases.pre_build.as_ref()),
        ("build", phases.build.as_ref()),
        ("post_build", phases.post_build.as_ref()),
    ];
    let empty = |phase: &Phase| {
        phase.commands.is_empty()
            && (!assumptions::COUNT_INCLUDES_FINALLY || phase.finally.is_empty())
    };
    all.into_iter()
        .filter(move |(_, phase)| phase.is_some_and(empty))
        .map(|(name, _)| name)
        .collect::<Vec<_>>()
        .into_iter()
}

/// `CodeBuild`'s block about keys that it does not know (fidelity 4.3).
fn unknown_keys(reading: &Reading) -> Option<String> {
    if reading.unknown_keys.is_empty() {
        return None;
    }
    let mut block = "Found possible syntax errors in buildspec: ".to_owned();
    for (section, keys) in &reading.unknown_keys {
        write!(
            block,
            "\nIn the section {section}\n    The following keys cannot be identified:"
        )
        .unwrap_or_default();
        for key in keys {
            write!(block, "\n        {key}").unwrap_or_default();
        }
    }
    Some(block)
}
