//! The build's variables: merged, their references followed, what came of those hidden from everybody but the build.

use crate::buildspec::model::{Buildspec, Env, Proxy};
use crate::engine::event::Event;
use crate::engine::phase::Context;
use crate::env::mask::{self, MASK, Rewriter};
use crate::env::reference::{self, Answers, Needs, Wanted};
use crate::env::secrets::{self, Given};
use crate::env::{Level, Value, Variables, git};
use crate::error::Error;
use crate::run::{Build, Halt};

impl Build<'_> {
    pub(super) async fn variables(&mut self, buildspec: &Buildspec) -> Result<Variables, Halt> {
        let mut variables = Variables::default();
        self.identity.set(&mut variables, &self.layout);
        variables.set_buildspec(&buildspec.env);
        variables.set_project(&self.options.project.project);
        for given in &self.options.overrides {
            variables.set(
                Level::Override,
                &given.name,
                Value::Plain(given.value.clone()),
            );
        }
        let needs = Needs::of(&variables);
        if !needs.is_empty() {
            self.follow(&needs, &mut variables).await?;
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
        let fetched = self.fetch_values(&lacking.wanted()).await?;
        match needs.values(&given, &fetched) {
            Ok(values) => variables.resolve(values),
            Err(refusals) => {
                let (code, message) = reference::in_one(&refusals).unwrap_or_default();
                return Err(Halt::Failed(Context::new(code, message)));
            }
        }
        self.hide(variables);
        Ok(())
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
        if file.starts_with(&self.options.source) && !file.starts_with(&self.options.output) {
            warnings.push(format!(
                "{shown} is part of the source: every command of the build can read it"
            ));
        }
        for warning in warnings {
            self.journal.emit(&Event::Warning(warning));
        }
        Ok(given.answers(&needs.wanted()))
    }

    async fn fetch_values(&self, wanted: &[&Wanted]) -> Result<Answers, Error> {
        if wanted.is_empty() {
            return Ok(Answers::new());
        }
        if self.options.offline {
            return Err(self.not_given(wanted, "--offline forbids to ask AWS"));
        }
        #[cfg(feature = "aws")]
        // Boxed: what the SDK keeps while it waits is large, and most builds never ask.
        return Box::pin(crate::env::aws::fetch(wanted, &self.options.access)).await;
        #[cfg(not(feature = "aws"))]
        std::future::ready(Err(
            self.not_given(wanted, "this binary was built without AWS")
        ))
        .await
    }

    fn not_given(&self, wanted: &[&Wanted], why: &str) -> Error {
        let mut names: Vec<_> = wanted.iter().map(|wanted| wanted.name()).collect();
        names.dedup();
        Error::environment(format!(
            "{why}, and these have no value in {}: {}",
            self.options.secrets.path.display(),
            names.join(", ")
        ))
        .hint("`buildspec run --write-secrets-template` writes the file with every reference, to be filled in")
    }

    /// From here on nobody but the build sees these values.
    fn hide(&mut self, variables: &Variables) {
        let short: Vec<_> = variables
            .secrets()
            .filter(|(_, secret)| (1..mask::SHORTEST).contains(&secret.reveal().len()))
            .map(|(name, _)| name.to_owned())
            .collect();
        let masks: Vec<_> = mask::masks(variables.secrets().map(|(_, secret)| secret))
            .into_iter()
            .map(|text| (text, MASK.to_owned()))
            .collect();
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
