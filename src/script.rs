//! Shell texts: the script around a command, the files that carry state, and the supervisor that runs them all.

use crate::buildspec::model::Version;

/// Where the build's files are: `/codebuild` in a container, the session's own folder on the host.
#[derive(Clone, Debug)]
pub struct Layout {
    root: String,
    source_number: u32,
    /// Below `src`, where a source's kind has a folder of its own there: `/github.com/<owner>/<name>`.
    below: String,
    /// Identifiers of secondary sources.
    secondary: Vec<String>,
}

impl Layout {
    /// `root` is absolute; `source_number` makes the digits of `CODEBUILD_SRC_DIR`.
    pub fn new(root: impl Into<String>, source_number: u32) -> Self {
        Self {
            root: root.into(),
            source_number,
            below: String::new(),
            secondary: Vec::new(),
        }
    }

    /// With the primary source in a folder below `src`; empty, or beginning with a slash.
    #[must_use]
    pub fn with_folder(self, below: impl Into<String>) -> Self {
        Self {
            below: below.into(),
            ..self
        }
    }

    /// With secondary sources of these identifiers.
    #[must_use]
    pub fn with_secondary(self, secondary: impl IntoIterator<Item = String>) -> Self {
        Self {
            secondary: secondary.into_iter().collect(),
            ..self
        }
    }

    /// The same below another root.
    #[must_use]
    pub fn at(&self, root: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            ..self.clone()
        }
    }

    /// `CODEBUILD_SRC_DIR_<id>` of each secondary source, in their order.
    pub fn secondary(&self) -> impl Iterator<Item = (&str, String)> {
        let numbers = (1..).map(|above| (self.source_number + above) % 1_000_000_000);
        self.secondary.iter().zip(numbers).map(|(id, number)| {
            (
                id.as_str(),
                format!("{}/output/src{number:09}/src", self.root),
            )
        })
    }

    /// `/codebuild`, or what stands for it.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The digits of `CODEBUILD_SRC_DIR`.
    pub fn source_number(&self) -> u32 {
        self.source_number
    }

    /// `CODEBUILD_GOPATH`: the folder that holds `src`.
    pub fn gopath(&self) -> String {
        format!("{}/output/src{:09}", self.root, self.source_number)
    }

    /// `CODEBUILD_SRC_DIR`.
    pub fn source(&self) -> String {
        format!("{}/src{}", self.gopath(), self.below)
    }

    /// Holds the script and the state between commands.
    pub fn tmp(&self) -> String {
        format!("{}/output/tmp", self.root)
    }

    /// The agent's own directory, where an inline buildspec lies.
    pub fn readonly(&self) -> String {
        format!("{}/readonly", self.root)
    }

    /// On `PATH`, behind the image's own.
    pub fn bin(&self) -> String {
        format!("{}/user/bin", self.root)
    }

    /// The command that is being run.
    pub fn script(&self) -> String {
        format!("{}/script.sh", self.tmp())
    }

    /// The variables' state.
    pub fn env(&self) -> String {
        format!("{}/env.sh", self.tmp())
    }

    /// The directory's state.
    pub fn dir(&self) -> String {
        format!("{}/dir.txt", self.tmp())
    }
}

/// A text as one word of the shell.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The script of one command; the command's text starts on line 4, as in every error message of a real build.
///
/// Version 0.2 keeps directory and variables in files (spec 9, after AWS's `CodeCatalyst` runner); 0.1 starts afresh.
pub fn command(version: Version, layout: &Layout, text: &str) -> String {
    let (env, dir) = (quote(&layout.env()), quote(&layout.dir()));
    match version {
        Version::V0_2 => format!(
            "{}\nset -a\n. {env}\n{text}\nCODEBUILD_LAST_EXIT=$?\nexport -p > {env}\npwd > {dir}\nexit $CODEBUILD_LAST_EXIT\n",
            go_back(layout)
        ),
        Version::V0_1 => format!("cd {}\nset -a\n. {env}\n{text}\n", quote(&layout.source())),
    }
}

/// Goes to the directory that the last command left, in one line and by built-ins alone: a `$(cat)` would cost each
/// command two more processes.
fn go_back(layout: &Layout) -> String {
    let dir = quote(&layout.dir());
    format!("IFS= read -r _bs_d <{dir}; cd \"$_bs_d\"; unset _bs_d")
}

/// Sets variables for every command that follows.
pub fn set_variables<'a>(
    layout: &Layout,
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let lines: String = variables
        .into_iter()
        .map(|(name, value)| {
            format!(
                "printf '%s\\n' {} >> {}\n",
                quote(&export(name, value)),
                quote(&layout.env())
            )
        })
        .collect();
    lines
}

/// Takes a variable from every command that follows.
pub fn unset_variable(layout: &Layout, name: &str) -> String {
    format!("printf 'unset %s\\n' {name} >> {}\n", quote(&layout.env()))
}

/// Prints `x` and a variable's value after the last command; nothing where it is not set.
pub fn print_variable(layout: &Layout, name: &str) -> String {
    format!(
        "exec 2>/dev/null\n. {}\nif [ \"${{{name}+set}}\" ]; then printf 'x%s' \"${name}\"; fi\n",
        quote(&layout.env())
    )
}

/// One line (or more, if the value has several) of `env.sh`.
pub fn export(name: &str, value: &str) -> String {
    format!("export {name}={}", quote(value))
}

/// Prints the values of variables after the last command, each ended by a NUL; unset ones are empty.
///
/// Only names that a shell can hold may be asked for.
pub fn print_variables<'a>(layout: &Layout, names: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = in_state(layout);
    for name in names {
        text.push_str(&format!("printf '%s\\0' \"${{{name}-}}\"\n"));
    }
    text
}

/// Prints a text after the last command, evaluated as between double quotes.
pub fn print_text(layout: &Layout, text: &str) -> String {
    format!("{}printf '%s\\n' \"{text}\"\n", in_state(layout))
}

/// Makes the state after the last command the script's own.
fn in_state(layout: &Layout) -> String {
    format!(
        "exec 2>/dev/null\n{}\n. {}\n",
        go_back(layout),
        quote(&layout.env())
    )
}

/// Lets another user share a build's state; fails when the container knows nobody of that name.
///
/// Built-ins alone look for the name, as an image need not have `getent`.
pub fn admit(layout: &Layout, user: &str) -> String {
    let (tmp, env, dir, command) = (
        quote(&layout.tmp()),
        quote(&layout.env()),
        quote(&layout.dir()),
        quote(&layout.script()),
    );
    format!(
        "wanted={}\nfound=\nwhile IFS=: read -r name _; do if [ \"$name\" = \"$wanted\" ]; then found=1; fi; done </etc/passwd\n\
         [ \"$found\" ] || exit 1\n\
         : >>{command}\nchmod 0777 {tmp}\nchmod 0666 {env} {dir} {command}\nchmod a+rx {}\nexit 0\n",
        quote(user),
        quote(&layout.source()),
    )
}

/// Whether a shell can hold a variable of this name.
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Runs every command of a build, told over its standard input; prints a marker after each.
///
/// It is told to `put` a file, to `run` one, to say whether it `has` one, which takes no process, and to `end`, which is
/// sooner done than to notice that its input ends.
///
/// The variables have odd names because an image's ENV may hold any other, exported. `true >` tries a file without
/// ending the shell, as a failing redirection of a special built-in would. Lines are read by built-ins alone, byte by
/// byte, so that nothing beyond a request is ever consumed.
///
/// Bash in POSIX mode, as `/bin/sh` of Amazon Linux is, does not say that a child was killed, and so leaves that mode.
///
/// A build may have removed the directory that the supervisor is in, of which each new shell would complain.
///
/// Nothing is sent while a command runs, so that a reader beside it sees only one thing: the end of the input, which is
/// the end of our process. It then kills all there is (in a container, whose PID 1 no signal reaches), or the
/// supervisor's process group (on the host).
pub const SUPERVISOR: &str = r#"unset _bs_n _bs_v _bs_s _bs_p _bs_l _bs_w
if [ "$BASH_VERSION" ] && (set +o posix) 2>/dev/null; then set +o posix; fi
exec 3<&0
IFS= read -r _bs_n || exit 0
while IFS= read -r _bs_v; do
case $_bs_v in
end) break ;;
has)
IFS= read -r _bs_p
[ -e "$_bs_p" ]
_bs_s=$? ;;
put)
IFS= read -r _bs_p
if true 2>/dev/null >"$_bs_p"; then
while IFS= read -r _bs_l && [ "$_bs_l" != "$_bs_n" ]; do printf '%s\n' "$_bs_l"; done >"$_bs_p"
else
while IFS= read -r _bs_l && [ "$_bs_l" != "$_bs_n" ]; do :; done
fi
continue ;;
run)
IFS= read -r _bs_s
IFS= read -r _bs_p
{ IFS= read -r _bs_l || if [ $$ = 1 ]; then kill -9 -1; else kill -9 0; fi; } <&3 >/dev/null 2>&1 3<&- &
_bs_w=$!
( [ . -ef "$PWD" ] || cd /
exec "$_bs_s" "$_bs_p" ) </dev/null 2>&1 3<&-
_bs_s=$?
kill -9 "$_bs_w" 2>/dev/null
wait "$_bs_w" 2>/dev/null ;;
esac
printf '\036%s %s\n' "$_bs_n" "$_bs_s"
printf '\036%s\n' "$_bs_n" >&2
done
"#;

/// What a reader waits for in vain: a terminal whose other end nobody has opened.
pub const ENDLESS: &str = "/dev/ptmx";

/// Follows the supervisor where its container is kept. No program of the image is needed, and no time is taken.
pub const HOLD: &str = "IFS= read -r _bs_l </dev/ptmx 2>/dev/null || exec sleep 2147483647\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_starts_on_line_four() {
        let layout = Layout::new("/codebuild", 12);
        for version in [Version::V0_1, Version::V0_2] {
            let script = command(version, &layout, "echo here\necho there");
            assert_eq!(script.lines().nth(3), Some("echo here"));
        }
        assert_eq!(layout.source(), "/codebuild/output/src000000012/src");
    }

    #[test]
    fn quotes_make_one_word() {
        assert_eq!(quote("a'b $c"), r"'a'\''b $c'");
        assert_eq!(export("A", "x\ny"), "export A='x\ny'");
    }

    #[test]
    fn names_are_those_of_the_shell() {
        assert!(is_name("_A1"));
        for bad in ["", "1A", "a.b", "a b", "$(x)"] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
