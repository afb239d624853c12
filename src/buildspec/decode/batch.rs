//! Section `batch`: a plain build ignores it, so what is wrong here stops a batch build only.

use std::collections::{HashMap, HashSet};

use super::Decoder;
use super::value::Path;
use crate::buildspec::model::{Batch, BatchEnv, BatchKind, BatchMatrix, BatchTask, Text};
use crate::buildspec::{assumed, keys};
use crate::diagnostic::Finding;
use crate::source::{Span, Spanned};
use crate::yaml::{Entry, Kind, Node};

/// How words that are newer than this tool begin or end.
const ENVIRONMENT_FAMILIES: &[&str] = &["_CONTAINER", "_EC2", "MAC_"];
const COMPUTE_FAMILIES: &[&str] = &["BUILD_GENERAL", "BUILD_LAMBDA_"];
/// Among so many tasks a misspelt one is looked for, and so often; a batch has no more.
const MOST_GUESSES: usize = 100;
/// Of a longer circle only the beginning is named.
const MOST_IN_CIRCLE: usize = 8;
/// That of the identifiers of sources and artifacts.
const LONGEST_IDENTIFIER: usize = 127;

impl Decoder<'_> {
    pub(super) fn batch(&mut self, node: &Node) -> Option<Batch> {
        let mut batch = Batch::default();
        let mut kinds: Vec<(&Node, BatchKind)> = Vec::new();
        for entry in self.entries(node, "batch") {
            let node = &entry.value;
            let kind = match entry.key.text().unwrap_or_default() {
                "fast-fail" => {
                    batch.fast_fail = self.flag(node, "batch.fast-fail");
                    continue;
                }
                "build-graph" => BatchKind::Graph(self.tasks(node, "batch.build-graph")),
                "build-list" => BatchKind::List(self.tasks(node, "batch.build-list")),
                "build-matrix" => BatchKind::Matrix(self.matrix(node)),
                "build-fanout" => match self.fanout(entry) {
                    Some(kind) => kind,
                    None => continue,
                },
                _ => {
                    self.unknown_key(None, "section `batch`", entry, keys::BATCH);
                    continue;
                }
            };
            kinds.push((&entry.key, kind));
        }
        if let [(first, _), (second, _), ..] = kinds.as_slice() {
            let problem = "more than one kind of batch";
            self.batch_error(problem, "a batch is of one kind only".to_owned(), second.span, |finding| {
                finding
                    .related(first.span, "the first kind")
                    .help("keep one of `build-graph`, `build-list`, `build-matrix` and `build-fanout`")
            });
        }
        match kinds.first() {
            Some((_, BatchKind::Graph(tasks))) => self.graph(tasks),
            Some((_, BatchKind::List(tasks))) => self.identifiers(tasks),
            _ => {}
        }
        batch.kind = kinds.into_iter().next().map(|(_, kind)| kind);
        node.entries().map(|_| batch)
    }

    fn tasks(&mut self, node: &Node, path: &str) -> Vec<BatchTask> {
        match &node.kind {
            Kind::Sequence(nodes) => nodes
                .iter()
                .enumerate()
                .map(|(index, node)| self.task(node, format_args!("{path}[{index}]"), path))
                .collect(),
            Kind::Null => Vec::new(),
            _ => {
                self.wrong_kind(
                    node,
                    path,
                    "a list of tasks",
                    &["begin each task with `- identifier: ...`"],
                );
                Vec::new()
            }
        }
    }

    fn task(&mut self, node: &Node, path: impl Path, section: &str) -> BatchTask {
        let mut task = BatchTask::default();
        for entry in self.entries(node, path) {
            let node = &entry.value;
            let key = entry.key.text().unwrap_or_default();
            let path = format_args!("{path}.{key}");
            match key {
                "identifier" => task.identifier = self.text(node, path).unwrap_or_default(),
                "buildspec" => task.buildspec = self.text(node, path),
                "debug-session" => task.debug_session = self.flag(node, path),
                "depend-on" if section == "batch.build-graph" => {
                    task.depend_on = self.texts(node, path);
                }
                "depend-on" => self.report(
                    Finding::warning("unknown-key", "`depend-on` has no effect in `build-list`", entry.key.span)
                        .help("write `build-graph` instead of `build-list` for tasks that wait for each other"),
                ),
                "ignore-failure" => task.ignore_failure = self.flag(node, path),
                "env" => task.env = self.batch_env(node, path),
                _ => self.unknown_key(None, "a task of the batch", entry, keys::BATCH_TASK),
            }
        }
        if task.identifier.value.is_empty() && !node.is_null() && node.entries().is_some() {
            let span = Span::new(node.span.start, first_line(self, node));
            self.batch_error(
                "missing identifier",
                "the task has no `identifier`".to_owned(),
                span,
                |finding| finding.help("add `identifier:` with a name that is unique in this file"),
            );
        }
        task
    }

    fn batch_env(&mut self, node: &Node, path: impl Path) -> BatchEnv {
        let mut env = BatchEnv::default();
        for entry in self.entries(node, path) {
            let node = &entry.value;
            let key = entry.key.text().unwrap_or_default();
            let path = format_args!("{path}.{key}");
            match key {
                "compute-type" => env.compute_type = self.text(node, path),
                "fleet" => env.fleet = self.text(node, path),
                "image" => env.image = self.text(node, path),
                "privileged-mode" => env.privileged_mode = self.boolean(node, path),
                "type" => env.kind = self.text(node, path),
                "variables" => env.variables = self.variables(node, path),
                _ => self.unknown_key(None, "`env` of a task", entry, keys::BATCH_ENV),
            }
        }
        if let Some(kind) = &env.kind {
            self.batch_word(
                kind,
                "env.type",
                keys::ENVIRONMENT_TYPES,
                ENVIRONMENT_FAMILIES,
            );
        }
        if let Some(kind) = &env.compute_type {
            self.batch_word(
                kind,
                "env.compute-type",
                keys::COMPUTE_TYPES,
                COMPUTE_FAMILIES,
            );
        }
        if let (Some(_), Some(fleet)) = (&env.compute_type, &env.fleet) {
            self.report(
                Finding::warning(
                    "batch",
                    "a task has either a `compute-type` or a `fleet`",
                    fleet.span,
                )
                .help("remove one of them"),
            );
        }
        env
    }

    /// A word of the API. One of a known family may be newer than this tool.
    fn batch_word(&mut self, word: &Text, key: &str, known: &[&str], families: &[&str]) {
        let value = word.value.as_str();
        if known.contains(&value) || value.contains('$') {
            return;
        }
        let message = format!("`{key}` of a task does not take `{value}`");
        let guess = keys::did_you_mean(value, known);
        let in_family = families
            .iter()
            .any(|family| value.starts_with(family) || value.ends_with(family));
        let help = match guess {
            Some(guess) => format!("did you mean `{guess}`?"),
            None => format!("known: {}", super::list(known)),
        };
        if in_family {
            let message = format!("`{value}` is not known to this tool");
            self.report(Finding::warning("batch", message, word.span).help(help));
            return;
        }
        self.batch_error(&format!("{key} {value}"), message, word.span, |finding| {
            finding.help(help)
        });
    }

    fn matrix(&mut self, node: &Node) -> BatchMatrix {
        let mut matrix = BatchMatrix::default();
        for entry in self.entries(node, "batch.build-matrix") {
            match entry.key.text().unwrap_or_default() {
                "static" => self.matrix_static(&entry.value, &mut matrix),
                "dynamic" => self.matrix_dynamic(&entry.value, &mut matrix),
                _ => self.unknown_key(None, "`build-matrix`", entry, keys::MATRIX),
            }
        }
        matrix
    }

    fn matrix_static(&mut self, node: &Node, matrix: &mut BatchMatrix) {
        let path = "batch.build-matrix.static";
        for entry in self.entries(node, path) {
            match entry.key.text().unwrap_or_default() {
                "ignore-failure" => matrix.ignore_failure = self.flag(&entry.value, path),
                "env" => {
                    for entry in entry.value.entries().unwrap_or_default() {
                        let known = |key| keys::MATRIX_STATIC_ENV.contains(&key);
                        if !entry.key.text().is_some_and(known) {
                            let place = "`static.env` of `build-matrix`";
                            self.unknown_key(None, place, entry, keys::MATRIX_STATIC_ENV);
                        }
                    }
                    let before = self.findings.len();
                    matrix.static_env = self.batch_env(&entry.value, format_args!("{path}.env"));
                    let mut at = 0;
                    self.findings.retain(|finding| {
                        at += 1;
                        at <= before || finding.rule != "unknown-key"
                    });
                }
                _ => self.unknown_key(
                    None,
                    "`static` of `build-matrix`",
                    entry,
                    keys::MATRIX_STATIC,
                ),
            }
        }
    }

    fn matrix_dynamic(&mut self, node: &Node, matrix: &mut BatchMatrix) {
        let path = "batch.build-matrix.dynamic";
        for entry in self.entries(node, path) {
            match entry.key.text().unwrap_or_default() {
                "buildspec" => {
                    matrix.buildspecs = self.texts(&entry.value, format_args!("{path}.buildspec"));
                }
                "env" => self.matrix_dynamic_env(&entry.value, format_args!("{path}.env"), matrix),
                _ => self.unknown_key(
                    None,
                    "`dynamic` of `build-matrix`",
                    entry,
                    keys::MATRIX_DYNAMIC,
                ),
            }
        }
    }

    fn matrix_dynamic_env(&mut self, node: &Node, path: impl Path, matrix: &mut BatchMatrix) {
        for entry in self.entries(node, path) {
            let node = &entry.value;
            let key = entry.key.text().unwrap_or_default();
            let path = format_args!("{path}.{key}");
            match key {
                "compute-type" => {
                    matrix.compute_types = self.texts(node, path);
                    for kind in &matrix.compute_types {
                        self.batch_word(
                            kind,
                            "env.compute-type",
                            keys::COMPUTE_TYPES,
                            COMPUTE_FAMILIES,
                        );
                    }
                }
                "image" => matrix.images = self.texts(node, path),
                "variables" => {
                    for entry in self.entries(node, path) {
                        if let Some(name) = self.name(entry, path) {
                            let path = format_args!("{path}.{}", name.value);
                            let values = self.texts(&entry.value, path);
                            matrix.variables.push((name, values));
                        }
                    }
                }
                _ => {
                    let place = "`dynamic.env` of `build-matrix`";
                    self.unknown_key(None, place, entry, keys::MATRIX_DYNAMIC_ENV);
                }
            }
        }
    }

    fn fanout(&mut self, entry: &Entry) -> Option<BatchKind> {
        let path = "batch.build-fanout";
        let mut parallelism = None;
        let mut ignore_failure = false;
        for entry in self.entries(&entry.value, path) {
            let node = &entry.value;
            match entry.key.text().unwrap_or_default() {
                "parallelism" => parallelism = self.text(node, "batch.build-fanout.parallelism"),
                "ignore-failure" => {
                    ignore_failure = self.flag(node, "batch.build-fanout.ignore-failure");
                }
                _ => self.unknown_key(None, "`build-fanout`", entry, keys::FANOUT),
            }
        }
        let span = parallelism
            .as_ref()
            .map_or(entry.key.span, |text| text.span);
        let number = parallelism
            .and_then(|text| text.value.parse().ok())
            .filter(|number| *number > 0);
        if number.is_none() {
            let message = "`build-fanout` needs a `parallelism` above 0".to_owned();
            self.batch_error("parallelism", message, span, |finding| {
                finding.help("write the number of builds, for example `parallelism: 4`")
            });
        }
        number.map(|number| BatchKind::Fanout {
            parallelism: Spanned::new(number, span),
            ignore_failure,
        })
    }

    /// Every identifier once.
    fn identifiers(&mut self, tasks: &[BatchTask]) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for Text { value, span } in tasks.iter().map(|task| &task.identifier) {
            if value.is_empty() {
                continue;
            }
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !value.bytes().all(plain) || value.len() > LONGEST_IDENTIFIER {
                self.report(
                    Finding::warning(
                        "batch",
                        format!("`{value}` is not a usual identifier"),
                        *span,
                    )
                    .label("letters, digits and `_`, fewer than 128 of them")
                    .help("write it with `_` in the place of other signs, in `depend-on` too"),
                );
            }
            if let Some(first) = seen.get(value.as_str()).copied() {
                let message = format!("two tasks are called `{value}`");
                self.batch_error(
                    &format!("duplicate identifier {value}"),
                    message,
                    *span,
                    |finding| {
                        finding
                            .related(first, "the first one")
                            .help("give every task an identifier of its own")
                    },
                );
            } else {
                seen.insert(value, *span);
            }
        }
    }

    /// Dependencies exist and lead to an end.
    fn graph(&mut self, tasks: &[BatchTask]) {
        self.identifiers(tasks);
        let names: Vec<&str> = tasks
            .iter()
            .map(|task| task.identifier.value.as_str())
            .collect();
        let known: HashSet<&str> = names.iter().copied().collect();
        let mut guesses = 0;
        for dependency in tasks.iter().flat_map(|task| &task.depend_on) {
            if !known.contains(dependency.value.as_str()) {
                guesses += 1;
                let message = format!("no task is called `{}`", dependency.value);
                let problem = format!("unknown identifier {}", dependency.value);
                let near = names.get(..MOST_GUESSES).unwrap_or(&names);
                let near = if guesses > MOST_GUESSES { &[] } else { near };
                let guess = keys::did_you_mean(&dependency.value, near);
                let renamed = guess.filter(|guess| guess.replace('-', "_") == dependency.value);
                self.batch_error(&problem, message, dependency.span, |finding| match guess {
                    Some(guess) if renamed.is_some() => finding.help(format!(
                        "the task is called `{guess}`: call it `{}` there",
                        dependency.value
                    )),
                    Some(guess) => finding.help(format!("did you mean `{guess}`?")),
                    None => finding.help("name the `identifier` of another task of this graph"),
                });
            }
        }
        if let Some(circle) = circle(tasks) {
            let mut names: Vec<String> = circle
                .iter()
                .chain(circle.first())
                .take(MOST_IN_CIRCLE)
                .map(|task| format!("`{}`", task.identifier.value))
                .collect();
            if circle.len() >= MOST_IN_CIRCLE {
                names.push("...".to_owned());
            }
            let message = format!(
                "tasks wait for each other in a circle: {}",
                names.join(" waits for ")
            );
            let span = circle
                .first()
                .map_or(Span::default(), |task| task.identifier.span);
            let help = match circle.as_slice() {
                [_] => "remove its own name from its `depend-on`",
                _ => "remove one of these from the other's `depend-on`",
            };
            self.batch_error("circular dependency", message, span, |finding| {
                finding.help(help)
            });
        }
    }

    fn batch_error(
        &mut self,
        problem: &str,
        message: String,
        span: Span,
        with: impl FnOnce(Finding) -> Finding,
    ) {
        let finding = Finding::error("batch", assumed::batch(problem), message, span);
        self.report(with(finding.assumed()));
    }
}

/// The end of a node's first line.
fn first_line(decoder: &Decoder<'_>, node: &Node) -> usize {
    let text = decoder
        .source
        .text()
        .get(node.span.range())
        .unwrap_or_default();
    node.span.start + text.lines().next().unwrap_or_default().len()
}

/// Tasks that wait for each other, each for the next, if there are any.
///
/// Follows each task to what it waits for; one that is met again on its own way closes a circle.
fn circle(tasks: &[BatchTask]) -> Option<Vec<&BatchTask>> {
    let numbers = tasks
        .iter()
        .map(|task| task.identifier.value.as_str())
        .zip(0..);
    let numbers: HashMap<&str, usize> = numbers.collect();
    let mut is_done = vec![false; tasks.len()];
    let mut is_on_way = vec![false; tasks.len()];
    for start in 0..tasks.len() {
        // Tasks on the way, each with how many of its dependencies have been looked at.
        let mut way = vec![(start, 0)];
        is_on_way[start] = true;
        while let Some((task, looked)) = way.last_mut() {
            let task = *task;
            let Some(name) = tasks[task].depend_on.get(*looked) else {
                is_done[task] = true;
                is_on_way[task] = false;
                way.pop();
                continue;
            };
            *looked += 1;
            let Some(next) = numbers.get(name.value.as_str()).copied() else {
                continue;
            };
            if is_on_way[next] {
                let circle = way.iter().map(|(task, _)| *task);
                let circle = circle.skip_while(|task| *task != next);
                return Some(circle.map(|task| &tasks[task]).collect());
            }
            if !is_done[next] {
                is_on_way[next] = true;
                way.push((next, 0));
            }
        }
    }
    None
}
