//! Shell texts of the debugger: the shell that it opens, the helper commands, the state it looks at.
//!
//! They lie in the session's `tmp`, which is a tmpfs in a container: what they save holds secrets.

use crate::script::{Layout, quote};

/// The debugger's files beside the session's own.
#[derive(Clone, Debug)]
pub(super) struct Files<'a>(pub(super) &'a Layout);

impl Files<'_> {
    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.0.tmp())
    }

    /// The variables as the phase found them.
    pub(super) fn phase(&self) -> String {
        self.at("phase-env.sh")
    }

    fn rc(&self) -> String {
        self.at("shell.rc")
    }

    /// The shell's process, while there is one.
    fn pid(&self) -> String {
        self.at("shell.pid")
    }

    /// What the shell left: variables, directory.
    fn left(&self) -> [String; 2] {
        [self.at("shell-env.sh"), self.at("shell-dir.txt")]
    }

    /// What `codebuild-resume` asked for.
    fn resume(&self) -> String {
        self.at("resume")
    }

    /// Where `codebuild-breakpoint` says that it waits.
    fn knock(&self) -> String {
        self.at("breakpoint")
    }

    fn waiting(&self, id: &str, what: &str) -> String {
        self.at(&format!("breakpoint-{id}{what}"))
    }
}

/// The state that a shell is opened in, or that is looked at: files with variables and a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) env: String,
    pub(super) dir: String,
}

impl State {
    /// Between two commands.
    pub(super) fn saved(layout: &Layout) -> Self {
        Self {
            env: layout.env(),
            dir: layout.dir(),
        }
    }

    /// Inside a command that waits in `codebuild-breakpoint`.
    pub(super) fn waiting(layout: &Layout, id: &str) -> Self {
        let files = Files(layout);
        Self {
            env: files.waiting(id, "-env.sh"),
            dir: files.waiting(id, "-dir.txt"),
        }
    }

    /// What the last shell left.
    pub(super) fn left(layout: &Layout) -> Self {
        let [env, dir] = Files(layout).left();
        Self { env, dir }
    }
}

/// Prints the variables of a state, as a program started in it has them, each ended by a NUL; the first is the
/// directory. For the build's own shell.
pub(super) fn variables(state: &State) -> String {
    format!(
        "exec 2>/dev/null\nIFS= read -r _bs_d <{}\nprintf '%s\\0' \"$_bs_d\"\nunset _bs_d\nset -a\n. {}\nexec cat /proc/self/environ\n",
        quote(&state.dir),
        quote(&state.env)
    )
}

/// Keeps the variables as the phase finds them.
pub(super) fn remember_phase(layout: &Layout) -> String {
    format!(
        "cat {} >{}\n",
        quote(&layout.env()),
        quote(&Files(layout).phase())
    )
}

/// Readies a shell of the user who runs the command: its start-up file, and files that it may write.
///
/// The saved directory and variables come last, so that they are exactly what the next command sees. Of what only a
/// terminal needs, nothing is left behind in what the shell saves at its end.
pub(super) fn prepare_shell(layout: &Layout, state: &State, name: &str) -> String {
    let files = Files(layout);
    let [env, dir] = files.left();
    let rc = format!(
        r#"unset ENV
_bs_term=$TERM
unset TERM
command -v declare >/dev/null 2>&1 || declare() {{ shift; export "$@"; }}
IFS= read -r _bs_dir <{dir_file}
cd "$_bs_dir" || echo "the directory $_bs_dir is gone"
_bs_save() {{
    set +a
    unset PS1 PS2 LINES COLUMNS HISTFILE HISTSIZE HISTFILESIZE TERM
    [ -z "$_bs_had" ] || TERM=$_bs_had
    unset _bs_term _bs_dir _bs_had
    export -p >{left_env}
    pwd >{left_dir}
}}
trap _bs_save EXIT
trap 'exit 0' HUP
set -a
. {env_file}
set +a
_bs_had=$TERM
TERM=$_bs_term
export TERM
PS1='{name} ${{PWD##*/}} \$ '
PS2='> '
if [ -n "$BASH_VERSION" ]; then unset HISTFILE; else HISTFILE=; fi
set -a
"#,
        dir_file = quote(&state.dir),
        env_file = quote(&state.env),
        left_env = quote(&env),
        left_dir = quote(&dir),
    );
    let mut text = format!("printf %s {} >{}\n", quote(&rc), quote(&files.rc()));
    for file in [files.pid(), env, dir, files.resume()] {
        text.push_str(&format!(": >{0}\nchmod 0666 {0}\n", quote(&file)));
    }
    text
}

/// The arguments of the shell's program: the build's shell where the image has it, else `/bin/sh`.
pub(super) fn shell(layout: &Layout, shell: &str) -> Vec<String> {
    let files = Files(layout);
    let text = format!(
        r#"echo $$ >{pid}
if ! command -v "$1" >/dev/null 2>&1; then
    echo "there is no $1 here: this is /bin/sh"
    set -- /bin/sh "$2"
fi
case $1 in
bash) exec "$1" --rcfile "$2" -i ;;
*) ENV=$2; export ENV; exec "$1" -i ;;
esac
"#,
        pid = quote(&files.pid()),
    );
    let program = ["/bin/sh", "-c", &text, "sh", shell, &files.rc()];
    program.map(str::to_owned).to_vec()
}

/// Prints what `codebuild-resume` asked for in the shell that has ended: nothing, `go` or `carry`.
pub(super) fn asked_to_resume(layout: &Layout) -> String {
    let files = Files(layout);
    format!(
        ": >{}\nif IFS= read -r asked <{}; then printf %s \"$asked\"; fi\n",
        quote(&files.pid()),
        quote(&files.resume())
    )
}

/// Ends a shell that nobody sits at any more.
pub(super) fn end_shell(layout: &Layout) -> String {
    format!(
        "if IFS= read -r pid <{}; then kill -HUP \"$pid\"; fi 2>/dev/null\n",
        quote(&Files(layout).pid())
    )
}

/// Makes the last shell's state the build's.
pub(super) fn carry(layout: &Layout) -> String {
    let left = State::left(layout);
    format!(
        "[ -s {0} ] && cat {0} >{2} && cat {1} >{3}\n",
        quote(&left.env),
        quote(&left.dir),
        quote(&layout.env()),
        quote(&layout.dir())
    )
}

/// Puts `codebuild-breakpoint` and `codebuild-resume` in the place of those that do nothing, and makes ready for the
/// first of them; fails where the image lacks `mkfifo`.
pub(super) fn install(layout: &Layout) -> String {
    let files = Files(layout);
    let breakpoint = format!(
        r#"#!/bin/sh
# Stops the build until the debugger lets it go on.
[ -p {knock} ] || exit 0
IFS= read -r shell <{pid}
process=$PPID
while [ -n "$shell" ]; do
    if [ "$process" = "$shell" ]; then
        echo "codebuild-breakpoint: there is nothing to stop: this is the debugger's own shell" >&2
        exit 0
    fi
    {parent}
    case $parent in '' | 0 | 1) break ;; esac
    process=$parent
done
mkfifo -m 0666 {wait} || exit 0
export -p >{env}
pwd >{dir}
echo "$$" >{knock}
IFS= read -r _ <{wait}
rm -f {wait} {env} {dir}
exit 0
"#,
        pid = quote(&files.pid()),
        parent = PARENT.trim_end(),
        knock = quote(&files.knock()),
        wait = double(&files.waiting("$$", "")),
        env = double(&files.waiting("$$", "-env.sh")),
        dir = double(&files.waiting("$$", "-dir.txt")),
    );
    let resume = format!(
        r#"#!/bin/sh
# Ends the debugger's shell and lets the build go on; --carry takes the shell's changes along.
IFS= read -r shell <{pid} || exit 0
case $1 in
'') echo go >{resume} ;;
--carry) echo carry >{resume} ;;
*)
    echo "usage: codebuild-resume [--carry]" >&2
    exit 2 ;;
esac
process=$PPID
while :; do
    kill -HUP "$process" || exit
    [ "$process" != "$shell" ] || exit 0
    {parent}
    case $parent in '' | 0 | 1) exit 0 ;; esac
    process=$parent
done
"#,
        pid = quote(&files.pid()),
        parent = PARENT.trim_end(),
        resume = quote(&files.resume()),
    );
    let mut text = format!(": >{0}\nchmod 0644 {0}\n", quote(&files.pid()));
    for (name, script) in [
        ("codebuild-breakpoint", breakpoint),
        ("codebuild-resume", resume),
    ] {
        let path = quote(&format!("{}/{name}", layout.bin()));
        text.push_str(&format!(
            "printf %s {} >{path} || exit\nchmod 0755 {path}\n",
            quote(&script)
        ));
    }
    let knock = quote(&files.knock());
    text.push_str(&format!("[ -p {knock} ] || mkfifo -m 0666 {knock}\n"));
    text
}

/// Whose child a process is.
const PARENT: &str = r#"parent=
    while read -r key value; do
        if [ "$key" = PPid: ]; then parent=$value; fi
    done <"/proc/$process/status"
"#;

/// A path with parameters in it, as one word.
fn double(path: &str) -> String {
    format!("\"{path}\"")
}

/// Prints a line for each command that waits in `codebuild-breakpoint`; never ends.
pub(super) fn listen(layout: &Layout) -> String {
    let knock = quote(&Files(layout).knock());
    format!("while :; do IFS= read -r id <{knock} && printf '%s\\n' \"$id\"; done\n")
}

/// Lets a waiting command go on. The pipe is opened for both, so that nothing waits where nobody reads any more.
pub(super) fn release(layout: &Layout, id: &str) -> String {
    let wait = quote(&Files(layout).waiting(id, ""));
    format!("[ -p {wait} ] || exit 0\nexec 3<>{wait}\necho go >&3\n")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Output};

    use super::*;

    fn sh(text: &str) -> Output {
        Command::new("sh").arg("-c").arg(text).output().unwrap()
    }

    fn place() -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().to_str().unwrap(), 1);
        for path in [layout.tmp(), layout.bin(), layout.source()] {
            fs::create_dir_all(path).unwrap();
        }
        fs::write(layout.env(), "export A='x\ny'\nexport B=b\n").unwrap();
        fs::write(layout.dir(), format!("{}\n", layout.source())).unwrap();
        (folder, layout)
    }

    #[test]
    fn variables_come_whole() {
        let (_folder, layout) = place();
        let printed = sh(&variables(&State::saved(&layout))).stdout;
        let printed: Vec<_> = printed.split(|&byte| byte == 0).collect();
        assert_eq!(printed[0], layout.source().as_bytes());
        assert!(printed.contains(&&b"A=x\ny"[..]) && printed.contains(&&b"B=b"[..]));
    }

    #[test]
    fn a_shells_state_is_carried_when_there_is_one() {
        let (_folder, layout) = place();
        assert!(!sh(&carry(&layout)).status.success());
        let name = "it's";
        assert!(
            sh(&prepare_shell(&layout, &State::saved(&layout), "BUILD"))
                .status
                .success()
        );
        let mut shell = shell(&layout, "/bin/sh");
        let program = shell.remove(0);
        let mut command = Command::new(program);
        command
            .args(shell)
            .env("TERM", "odd")
            .stdin(std::process::Stdio::piped());
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        let typed = format!("C=\"{name}\"; unset B; cd /; exit\n");
        std::io::Write::write_all(child.stdin.as_mut().unwrap(), typed.as_bytes()).unwrap();
        child.wait().unwrap();
        assert!(sh(&carry(&layout)).status.success());
        let printed = sh(&variables(&State::saved(&layout))).stdout;
        let printed: Vec<_> = printed
            .split(|&byte| byte == 0)
            .map(String::from_utf8_lossy)
            .collect();
        assert_eq!(printed[0], "/\n".trim());
        assert!(
            printed.contains(&"C=it's".into()) && printed.contains(&"A=x\ny".into()),
            "{printed:?}"
        );
        for absent in ["B=", "TERM=odd", "PS1=", "_bs_"] {
            assert!(
                !printed.iter().any(|line| line.starts_with(absent)),
                "{absent}: {printed:?}"
            );
        }
    }

    #[test]
    fn a_command_waits_until_it_is_let_go() {
        let (_folder, layout) = place();
        assert!(sh(&install(&layout)).status.success());
        let mut listener = Command::new("sh")
            .args(["-c", &listen(&layout)])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let command = format!(
            "cd /; IN=side; export IN; {}/codebuild-breakpoint",
            layout.bin()
        );
        let mut waiting = Command::new("sh").args(["-c", &command]).spawn().unwrap();
        let mut id = String::new();
        let mut lines = std::io::BufReader::new(listener.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut lines, &mut id).unwrap();
        let id = id.trim();
        assert!(waiting.try_wait().unwrap().is_none());
        let printed = sh(&variables(&State::waiting(&layout, id))).stdout;
        let printed = String::from_utf8_lossy(&printed).into_owned();
        assert!(
            printed.starts_with("/\0") && printed.contains("\0IN=side\0"),
            "{printed:?}"
        );
        assert!(sh(&release(&layout, id)).status.success());
        assert!(waiting.wait().unwrap().success());
        listener.kill().unwrap();
        listener.wait().unwrap();
        assert!(
            sh(&release(&layout, id)).status.success(),
            "nobody waits any more"
        );
    }

    #[test]
    fn without_the_debugger_nothing_waits() {
        let (_folder, layout) = place();
        assert!(sh(&install(&layout)).status.success());
        fs::remove_file(Files(&layout).knock()).unwrap();
        for helper in ["codebuild-breakpoint", "codebuild-resume"] {
            let ended = sh(&format!("{}/{helper}", layout.bin()));
            assert_eq!(ended.status.code(), Some(0), "{helper}: {ended:?}");
        }
    }
}
