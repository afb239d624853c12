//! This program once more, in a process beside us that outlives us.

use std::process::Command;

/// Nothing that is typed or that ends us ends it, and it may set a terminal that others have in front.
const DEAF: &str = r#"trap '' HUP INT QUIT TERM TSTP TTIN TTOU; exec "$0" "$1""#;

/// With its only argument. Needs `/proc` and a shell on this host.
pub fn us(argument: &str) -> Command {
    use std::os::unix::process::CommandExt as _;
    // This very program, even where its file was replaced meanwhile.
    let own = format!("/proc/{}/exe", std::process::id());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", DEAF, &own, argument]).process_group(0);
    command
}
