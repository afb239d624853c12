//! The build's variables: merged, their references followed, what came of those hidden from everybody but the build.

use jiff::Timestamp;

use crate::buildspec::model::{Buildspec, Env, Proxy};
use crate::engine::event::Event;
use crate::engine::phase::Context;
use crate::env::mask::{self, Rewriter};
use crate::env::reference::{self, Answers, Needs, Told, Wanted};
use crate::env::secrets::{self, Given};
use crate::env::{Level, Value, Variables, git};
use crate::error::Error;
use crate::hidden;
use crate::options::RuntimeKind;
use crate::run::{Build, Halt};
use crate::stages::trust;

/// How the variables begin that send the SDKs elsewhere.
const ENDPOINT: &str = "AWS_ENDPOINT_URL";

impl Build<'_> {
    pub(super) async fn variables(&mut self, buildspec: &Buildspec) -> Result<Variables, Halt> {
        let mut variables = Variables::default();
        self.identity.set(&mut variables, &self.layout);
        let options = self.options;
        if options.root_certificates.is_some() {
            trust::set(&mut variables, &self.layout);
        }
        variables.set_given(&buildspec.env, &options.project.project, &options.overrides);
        let needs = Needs::of(&variables);
        if !needs.is_empty() || self.options.aws_credentials {
            self.follow(&needs, &mut variables).await?;
        }
        if variables.secrets().next().is_some() || !variables.proxy_passwords().is_empty() {
            self.hide(&variables);
        }
        if let Some(warning) = self.unreachable_address(&variables) {
            self.journal.emit(&Event::Warning(warning));
        }
        for name in variables.unspeakable() {
            self.journal.emit(&Event::Warning(format!(
                "no shell can hold a variable named {name:?}; commands will not see it"
            )));
        }
        let unbearable: Vec<_> = variables
            .unbearable()
            .map(|(name, problem)| format!("the value of {name} {problem}"))
            .collect();
        if !unbearable.is_empty() {
            return Err(Halt::Failed(Context::new(
                "CLIENT_ERROR",
                unbearable.join("; "),
            )));
        }
        for note in notes(&buildspec.env, buildspec.proxy.as_ref()) {
            self.journal.emit(&Event::Note(note.to_owned()));
        }
        Ok(variables)
    }

    /// Asks the secrets file, then AWS for what the file lacks.
    async fn follow(&mut self, needs: &Needs, variables: &mut Variables) -> Result<(), Halt> {
        if needs.any_parameter() {
            self.journal
                .say("Decrypting parameter store environment variables");
        }
        let given = self.given(needs).await?;
        let lacking = needs.lacking(&given);
        let wanted = lacking.wanted();
        let asked = self.ask(&wanted).await;
        let told = asked.map_err(|error| self.without_aws(&wanted, error))?;
        match needs.values(&given, &told.answers) {
            Ok(values) => variables.resolve(values),
            Err(refusals) => {
                // The build ends here; what was told is as secret all the same.
                let told = given.values().chain(told.answers.values()).flatten();
                self.masks = Rewriter::hiding(told);
                let (code, message) = reference::in_one(&refusals).unwrap_or_default();
                return Err(Halt::Failed(Context::new(code, message)));
            }
        }
        if self.options.aws_credentials {
            self.hand_over(told, variables);
        }
        Ok(())
    }

    /// The caller's credentials lie where those of `CodeBuild`'s service role would be found last: below all others.
    fn hand_over(&mut self, told: Told, variables: &mut Variables) {
        let own: Vec<_> = told.credentials.iter().map(|(name, _)| *name).collect();
        if let Some(name) = own.iter().find(|name| variables.get(name).is_some()) {
            self.journal.emit(&Event::Warning(format!(
                "--aws-credentials: the build has a variable {name} of its own, and keeps it"
            )));
            return;
        }
        for (name, value) in told.credentials {
            variables.set(Level::BuiltIn, name, Value::Secret(value));
        }
        let until = told.expires.and_then(|at| Timestamp::try_from(at).ok());
        let until = until.map_or_else(String::new, |at| {
            format!(", valid until {}", at.strftime("%H:%M:%S UTC"))
        });
        let access = &self.options.access;
        let whose = match (&access.role, &access.shown_profile) {
            (Some(role), _) => format!("those of {role}"),
            (None, Some(profile)) => format!("those of profile {profile}"),
            (None, None) => "the host's".to_owned(),
        };
        self.journal.emit(&Event::Note(format!(
            "the build's AWS credentials are {whose}{until}"
        )));
    }

    /// A container's loopback is its own.
    fn unreachable_address(&self, variables: &Variables) -> Option<String> {
        let options = self.options;
        if options.runtime == RuntimeKind::Host || options.network.as_deref() == Some("host") {
            return None;
        }
        let endpoints = variables.iter().filter_map(|(name, _, value)| match value {
            Value::Plain(url) if name.starts_with(ENDPOINT) => Some((name, url.as_str())),
            _ => None,
        });
        let (name, _) = endpoints.chain(variables.proxies()).find(|(_, url)| {
            let rest = url.split_once("://").map_or(*url, |(_, rest)| rest);
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            ["127.", "localhost", "[::1]"]
                .iter()
                .any(|loopback| host.starts_with(loopback))
        })?;
        Some(format!(
            "{name} points to this machine's loopback, which the container can't reach: run with --network host, or let the server listen where containers find it"
        ))
    }

    async fn given(&mut self, needs: &Needs) -> Result<Answers, Halt> {
        let file = &self.options.secrets.path;
        let Some(given) = Given::read(file)? else {
            return Ok(Answers::new());
        };
        let shown = file.display();
        let mut warnings = Vec::new();
        if secrets::is_open_to_others(file) {
            warnings.push(format!(
                "others can read {shown}, which holds secrets: chmod 600 it"
            ));
        }
        if git::tracks(file).await {
            warnings.push(format!(
                "Git tracks {shown}, which holds secrets: git rm --cached it, and consider them known"
            ));
        }
        let (source, output) = (&self.options.source, &self.options.output);
        let hidden = hidden::paths(source, output);
        if file.starts_with(source) && !hidden.iter().any(|path| file.starts_with(path)) {
            warnings.push(format!(
                "{shown} is part of the source: every command of the build can read it"
            ));
        }
        for warning in warnings {
            self.journal.emit(&Event::Warning(warning));
        }
        Ok(given.answers(&needs.wanted()))
    }

    async fn ask(&self, wanted: &[&Wanted]) -> Result<Told, Error> {
        if wanted.is_empty() && !self.options.aws_credentials {
            return Ok(Told::default());
        }
        if self.options.offline {
            return Err(self.not_given(wanted, "--offline forbids to ask AWS"));
        }
        #[cfg(feature = "aws")]
        {
            // As CodeBuild names the sessions of a project's role.
            let session = format!("AWSCodeBuild-{}", self.identity.uuid);
            // Boxed: what the SDK keeps while it waits is large, and most builds never ask.
            Box::pin(crate::env::aws::ask(wanted, &self.options.access, &session)).await
        }
        #[cfg(not(feature = "aws"))]
        std::future::ready(Err(
            self.not_given(wanted, "this binary was built without AWS")
        ))
        .await
    }

    /// Names what a file would have to hold, where AWS could not be asked.
    fn without_aws(&self, wanted: &[&Wanted], error: Error) -> Error {
        if wanted.is_empty() || self.options.offline || cfg!(not(feature = "aws")) {
            return error;
        }
        error
            .hint(format!(
                "or give what was to be asked for with --secrets FILE: {}",
                names(wanted)
            ))
            .hint(format!(
                "{} writes that file, to be filled in; no AWS is needed then",
                self.template_command()
            ))
    }

    /// As the user would type it.
    fn template_command(&self) -> &'static str {
        if self.options.replay.is_some() {
            "`buildspec reproduce BUILD --write-secrets-template`"
        } else {
            "`buildspec run --write-secrets-template`"
        }
    }

    fn not_given(&self, wanted: &[&Wanted], why: &str) -> Error {
        Error::environment(format!(
            "{why}, and these have no value in {}: {}",
            self.options.secrets.path.display(),
            names(wanted)
        ))
        .hint(format!(
            "{} writes the file with every reference, to be filled in",
            self.template_command()
        ))
    }

    /// From here on nobody but the build sees these values.
    fn hide(&mut self, variables: &Variables) {
        let short: Vec<_> = variables
            .secrets()
            .filter(|(_, secret)| (1..mask::SHORTEST).contains(&secret.reveal().len()))
            .map(|(name, _)| name)
            .chain(variables.short_proxy_passwords())
            .map(str::to_owned)
            .collect();
        let passwords = variables.proxy_passwords();
        let secrets = variables.secrets().map(|(_, secret)| secret);
        let masks: Vec<_> = mask::pairs(secrets.chain(&passwords)).collect();
        self.masks = Rewriter::new(masks.clone());
        self.journal
            .rewrite_by(Rewriter::new(masks.into_iter().chain(self.place_in_log())));
        self.record.change(|build| build.rewrite_by(&self.masks));
        if !short.is_empty() {
            self.journal.emit(&Event::Warning(format!(
                "values of less than {} bytes are not masked: {}",
                mask::SHORTEST,
                short.join(", ")
            )));
        }
    }

    /// The log of a build on the host reads as one from a container.
    pub(super) fn place_in_log(&self) -> Option<(String, String)> {
        const IN_A_CONTAINER: &str = "/codebuild";
        let root = self.layout.root();
        (root != IN_A_CONTAINER).then(|| (root.to_owned(), IN_A_CONTAINER.to_owned()))
    }
}

fn names(wanted: &[&Wanted]) -> String {
    let mut names: Vec<_> = wanted.iter().map(|wanted| wanted.name()).collect();
    names.dedup();
    names.join(", ")
}

/// What a buildspec asks for that a local build has no use for.
fn notes(env: &Env, proxy: Option<&Proxy>) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if env
        .git_credential_helper
        .as_ref()
        .is_some_and(|yes| yes.value)
    {
        notes.push(
            "git-credential-helper: the project's credentials are not here; Git in the build has those that the image or a command gives it",
        );
    }
    let asks =
        |wish: &Option<crate::source::Spanned<bool>>| wish.as_ref().is_some_and(|yes| yes.value);
    if proxy.is_some_and(|proxy| asks(&proxy.logs) || asks(&proxy.upload_artifacts)) {
        notes.push("proxy: logs and artifacts stay on this machine, so no proxy is used for them");
    }
    notes
}
