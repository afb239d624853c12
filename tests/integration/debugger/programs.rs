//! What runs in the debugger's shells: every byte, every size, whole screens, other users.

use std::process::Command;

use super::*;
use crate::harness::say_loudly;

#[track_caller]
fn bytes_get_through(terminal: &mut Terminal) {
    // What bollard takes for the head of a frame, UTF-8, and a lot at once.
    terminal.line("printf '<\\001x\\002\\000y>'; printf '\\001a'; sleep 0.2; printf '\\002b\\303'; sleep 0.2; printf '\\251|'; echo end");
    terminal.expect("end");
    eventually("all bytes", || {
        let bytes = terminal.bytes();
        memchr::memmem::find(&bytes, b"<\x01x\x02\0y>\x01a\x02b\xc3\xa9|").is_some()
    });
}

#[test]
fn every_byte_and_every_size_gets_through() {
    both("bytes of a terminal", |runtime| {
        let source = Source::commands(COMMANDS);
        let mut terminal = stopped(&source, runtime);
        terminal.line("shell");
        terminal.expect("BUILD:2 src ");
        bytes_get_through(&mut terminal);
        terminal.line("seq 20000 | tail -n 3 | tr '\\n' ' '; seq 30000 | cksum");
        terminal.expect("19998 19999 20000 ");
        terminal.line("stty size");
        terminal.expect("24 80");
        terminal.resize(31, 117);
        terminal.line("sleep 0.5; stty size");
        terminal.expect("31 117");
        // Ctrl-C is the inner program's, and so is a key that the engine could keep for itself.
        terminal.line("sleep 1000");
        thread::sleep(Duration::from_millis(500));
        terminal.send(b"\x03");
        terminal.line("echo st''ill here");
        terminal.expect("still here");
        terminal.line("stty raw -echo; head -c 3 | od -An -tx1; stty sane");
        thread::sleep(Duration::from_secs(1));
        terminal.send(b"\x10\x11\x03");
        terminal.expect(" 10 11 03");
        terminal.expect("BUILD:2 src ");
        terminal.line("caf''\u{e9}");
        terminal.expect("caf\u{e9}");
        terminal.line("exit");
        terminal.expect("(debug) BUILD:2> ");
        terminal.line("continue");
        assert_eq!(terminal.ends(), Some(0));
    });
}

#[test]
fn programs_that_fill_the_screen() {
    let here = Command::new("busybox").arg("vi").arg("--help").output();
    let check = |runtime| {
        let source = Source::commands(COMMANDS);
        let mut terminal = stopped(&source, runtime);
        terminal.line("shell");
        terminal.expect("BUILD:2 src ");
        terminal.line("busybox vi note");
        terminal.expect("- note ");
        terminal.send("ihello caf\u{e9}".as_bytes());
        terminal.expect("caf\u{e9}");
        // What is drawn after a change of size fits into it.
        terminal.resize(10, 40);
        thread::sleep(Duration::from_millis(500));
        terminal.send(b"\x1b\x0c");
        terminal.expect("note [Modified]");
        terminal.line(":wq");
        terminal.expect("BUILD:2 src ");
        terminal.line("stty size; cat note; seq 500 | busybox less");
        terminal.expect("10 40");
        terminal.expect("hello caf\u{e9}");
        terminal.expect("9");
        assert!(!terminal.screen().contains("\n20\r"), "more than ten lines");
        terminal.send(b"G");
        terminal.expect("500");
        terminal.send(b"q");
        terminal.expect("BUILD:2 src ");
        terminal.line("busybox top");
        terminal.expect("Load average");
        terminal.send(b"q");
        terminal.expect("BUILD:2 src ");
        terminal.line("exit");
        terminal.expect("(debug) BUILD:2> ");
        terminal.line("continue");
        assert_eq!(terminal.ends(), Some(0));
        assert!(terminal.is_sane());
    };
    if here.is_ok() {
        check(Runtime::Host);
    } else {
        say_loudly("no busybox here: full-screen programs are tested in a container only");
    }
    if engine("full-screen programs") {
        check(Runtime::Docker);
    }
}

#[test]
fn a_shell_is_its_commands_users() {
    if !engine("shell of another user") {
        return;
    }
    let text = "version: 0.2\nrun-as: daemon\nphases:\n  build:\n    run-as: nobody\n    commands:\n      - NAME=value; cd /tmp\n      - echo \"$NAME $MORE of $(id -un)\"\n  post_build:\n    commands:\n      - id -un\n";
    let source = Source::with(text);
    let mut terminal = stopped(&source, Runtime::Docker);
    terminal.line("where");
    terminal.expect("buildspec.yml:8:9, as nobody");
    terminal.expect("(debug) BUILD:2> ");
    terminal.line("shell carry");
    terminal.expect("BUILD:2 tmp ");
    terminal.line("echo \"$(id -un) $NAME\"; MORE=more");
    terminal.expect("nobody value");
    terminal.line("exit");
    terminal.expect("(debug) BUILD:2> ");
    terminal.line("next");
    terminal.expect("value more of nobody");
    terminal.expect("(debug) POST_BUILD:1> ");
    terminal.line("shell");
    terminal.expect("POST_BUILD:1 tmp ");
    terminal.line("id -un");
    terminal.expect("daemon");
    terminal.line("codebuild-resume");
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());

    let mut terminal = Terminal::of("shell", source.path(), Runtime::Docker, &[], &[]);
    terminal.expect("shell src ");
    terminal.line("id -un");
    terminal.expect("daemon");
    terminal.line("exit");
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
}

#[test]
fn a_terminal_through_ssh() {
    if !engine("a terminal through ssh") {
        return;
    }
    // Stands for the way to another machine.
    let home = tempfile::tempdir().unwrap();
    let ssh = home.path().join("ssh");
    let script = "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\nshift 2\nexec env -u DOCKER_HOST \"$@\"\n";
    fs::write(&ssh, script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&ssh, executable).unwrap();
    let path = crate::harness::ambient("PATH").unwrap_or_default();
    a_terminal_by([
        ("DOCKER_HOST", "ssh://far".to_owned()),
        ("PATH", format!("{}:{path}", home.path().display())),
    ]);
}

#[test]
fn a_terminal_through_tls() {
    if !engine("a terminal through TLS") {
        return;
    }
    let server = crate::engine::tls::Server::start();
    let folder = server.friend();
    a_terminal_by([
        ("DOCKER_HOST", server.host.clone()),
        ("DOCKER_TLS_VERIFY", "1".to_owned()),
        ("DOCKER_CERT_PATH", folder.path().display().to_string()),
    ]);
}

fn a_terminal_by<const COUNT: usize>(variables: [(&str, String); COUNT]) {
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let source = Source::commands(COMMANDS);
    let arguments = ["--break", "BUILD:2"];
    let mut terminal = Terminal::of(
        "run",
        source.path(),
        Runtime::Docker,
        &arguments,
        &variables,
    );
    terminal.expect("(debug) BUILD:2> ");
    terminal.line("shell");
    terminal.expect("BUILD:2 src ");
    bytes_get_through(&mut terminal);
    terminal.resize(31, 117);
    terminal.line("sleep 0.5; stty size");
    terminal.expect("31 117");
    terminal.line("sleep 1000");
    thread::sleep(Duration::from_millis(500));
    terminal.send(b"\x03");
    terminal.line("echo st''ill here; exit");
    terminal.expect("still here");
    terminal.expect("(debug) BUILD:2> ");
    terminal.line("continue");
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
    assert!(terminal.is_sane());
    assert_eq!(leftovers(&id(&source)), Vec::<String>::new());
}
