//! Root certificates of the user's, for the programs of a build that read such a file.

use crate::engine::event::Event;
use crate::env::{Level, Value, Variables};
use crate::run::{Build, Halt};
use crate::runtime::session::Supervisor;
use crate::script::Layout;

/// Variables of programs that want a file with all roots. Go, Rust and OpenSSL read the first.
const ALL_ROOTS: [&str; 6] = [
    "SSL_CERT_FILE",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "REQUESTS_CA_BUNDLE",
];

/// Node.js adds these to its own.
const MORE_ROOTS: &str = "NODE_EXTRA_CA_CERTS";

/// Where images have theirs, and so do hosts.
const USUAL: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/cert.pem",
];

fn extra(layout: &Layout) -> String {
    format!("{}/extra-roots.pem", layout.readonly())
}

fn bundle(layout: &Layout) -> String {
    format!("{}/roots.pem", layout.readonly())
}

/// The user's own `-e` come later, and win.
pub(crate) fn set(variables: &mut Variables, layout: &Layout) {
    let all = ALL_ROOTS.map(|name| (name, bundle(layout)));
    for (name, file) in all.into_iter().chain([(MORE_ROOTS, extra(layout))]) {
        variables.set(Level::Override, name, Value::Plain(file));
    }
}

impl Build<'_> {
    /// Puts the user's certificates beside the image's.
    pub(super) async fn trust(&mut self, supervisor: &mut Supervisor) -> Result<(), Halt> {
        let Some(certificates) = &self.options.root_certificates else {
            return Ok(());
        };
        let layout = &self.layout;
        supervisor.put(&extra(layout), certificates).await?;
        let path = format!("{}/roots.sh", layout.tmp());
        let mut printed = Vec::new();
        let text = script(layout);
        supervisor
            .run("/bin/sh", &path, &text, &mut printed)
            .await?;
        let printed = String::from_utf8_lossy(&printed);
        let event = match printed.trim() {
            "" => Event::Warning(
                "the image has no file with root certificates: the build trusts only those of --root-certificate"
                    .to_owned(),
            ),
            file => Event::Note(format!(
                "root certificates: those of {file} and --root-certificate"
            )),
        };
        self.journal.emit(&event);
        Ok(())
    }
}

/// An image need have no `cat`. What is printed is the file that was found.
fn script(layout: &Layout) -> String {
    let quoted = |path: &str| crate::script::quote(path);
    let usual = USUAL.map(quoted).join(" ");
    let (extra, bundle) = (quoted(&extra(layout)), quoted(&bundle(layout)));
    let tidy = quoted(&format!("{}/roots.sh", layout.tmp()));
    format!(
        "if command -v cat >/dev/null; then copy() {{ cat; echo; }}; else\n\
         copy() {{ while IFS= read -r line || [ -n \"$line\" ]; do printf '%s\\n' \"$line\"; done; }}; fi\n\
         found=\n\
         for file in \"${{SSL_CERT_FILE-}}\" {usual}; do\n\
         \x20 if [ -s \"$file\" ] && [ -r \"$file\" ]; then found=$file; break; fi\n\
         done\n\
         {{ [ -z \"$found\" ] || copy <\"$found\"; copy <{extra}; }} >{bundle}\n\
         printf '%s\\n' \"$found\"\n\
         rm -f {tidy} 2>/dev/null\n"
    )
}
