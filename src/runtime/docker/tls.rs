//! An engine behind TLS: `ca.pem`, `cert.pem` and `key.pem` of a folder, as the `docker` command has them.
//!
//! The engine's certificate is always checked, whatever the user or the context says: who can pretend to be the engine
//! gets the source, and every secret of the build.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use bollard::{API_DEFAULT_VERSION, Docker};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::TIMEOUT;
use crate::error::{Error, Result};
use crate::options::Tls;

/// What `ca.pem` is where there is none: the machine's own roots have to do.
const NO_ROOTS: &str = "/dev/null";

/// A client for an address without or with a scheme.
pub(super) fn connect(host: &str, tls: &Tls) -> Result<Docker> {
    let files = Files::of(&tls.folder)?;
    let (scheme, address) = host.split_once("://").unwrap_or(("tcp", host));
    let address = format!("{scheme}://{}", with_port(address));
    Docker::connect_with_ssl(
        &address,
        &files.key,
        &files.certificate,
        &files.roots,
        TIMEOUT,
        API_DEFAULT_VERSION,
    )
    .map_err(|error| unusable(&tls.folder, &super::reason(&error)))
}

/// A connection of our own, trusted and known by the same certificates.
pub(super) async fn stream(host: &str, tls: &Tls) -> io::Result<TlsStream<TcpStream>> {
    let config = config(tls).map_err(io::Error::other)?;
    let address = with_port(host.split_once("://").map_or(host, |(_, address)| address));
    let name = address.rsplit_once(':').map_or(&*address, |(name, _)| name);
    let name = name
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let stream = TcpStream::connect(&address).await?;
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}

/// As bollard makes one: the machine's roots, and those of `ca.pem`.
fn config(tls: &Tls) -> Result<ClientConfig> {
    let files = Files::of(&tls.folder)?;
    let failed = |error: &dyn std::fmt::Display| unusable(&tls.folder, &error.to_string());
    let read = |file: &Path| -> Result<Vec<CertificateDer<'static>>> {
        let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
        read.map_err(|error| failed(&error))
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if files.roots != Path::new(NO_ROOTS) {
        roots.add_parsable_certificates(read(&files.roots)?);
    }
    let config = ClientConfig::builder().with_root_certificates(roots);
    if !files.key.exists() {
        return Ok(config.with_no_client_auth());
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| failed(&error))?;
    config
        .with_client_auth_cert(read(&files.certificate)?, key)
        .map_err(|error| failed(&error))
}

/// The port of engines behind TLS, where none is named.
fn with_port(address: &str) -> String {
    let address = address.trim_end_matches('/');
    let behind = address.rsplit(']').next().unwrap_or(address);
    if behind.contains(':') {
        address.to_owned()
    } else {
        format!("{address}:2376")
    }
}

struct Files {
    roots: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    /// Looks at the files, because the HTTP client goes on without a client certificate that it can't use.
    fn of(folder: &Path) -> Result<Self> {
        let [roots, certificate, key] =
            ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.join(name));
        let has_roots = holds(folder, &roots, "CERTIFICATE-----")?;
        let has_certificate = holds(folder, &certificate, "CERTIFICATE-----")?;
        let has_key = holds(folder, &key, "PRIVATE KEY-----")?;
        if has_certificate != has_key {
            let (there, missing) = if has_key {
                ("key.pem", "cert.pem")
            } else {
                ("cert.pem", "key.pem")
            };
            return Err(unusable(
                folder,
                &format!("there is {there}, but no {missing}"),
            ));
        }
        Ok(Self {
            roots: if has_roots { roots } else { NO_ROOTS.into() },
            certificate,
            key,
        })
    }
}

/// Whether the file is there; one that is there has to hold what it is for.
fn holds(folder: &Path, file: &Path, what: &str) -> Result<bool> {
    let name = file.file_name().unwrap_or_default().display();
    let text = match fs::read(file) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unusable(folder, &format!("{name}: {error}"))),
    };
    let heads = || text.lines().filter(|line| line.starts_with("-----BEGIN "));
    if heads().any(|line| line.contains("ENCRYPTED PRIVATE"))
        || text.contains("Proc-Type: 4,ENCRYPTED")
    {
        return Err(unusable(folder, &format!("{name} wants a pass phrase"))
            .hint("openssl pkey -in key.pem -out key.pem takes it off"));
    }
    if !heads().any(|line| line.contains(what)) {
        return Err(unusable(
            folder,
            &format!(
                "{name} holds no {}",
                what.trim_end_matches('-').to_lowercase()
            ),
        ));
    }
    Ok(true)
}

fn unusable(folder: &Path, why: &str) -> Error {
    Error::environment(format!(
        "the certificates for the Docker engine in {} can't be used: {why}",
        folder.display()
    ))
}

/// What can be done about it, where the failure comes from TLS.
pub(super) fn remedies(error: Error, tls: &Tls, why: &str) -> Error {
    let folder = tls.folder.display();
    if why.contains("peer certificate") {
        let error = error.hint(format!(
            "{folder}/ca.pem has to hold the authority that signed the engine's certificate, which has to be for the \
             name or address in DOCKER_HOST"
        ));
        if tls.unverified {
            error.hint(
                "DOCKER_TLS without DOCKER_TLS_VERIFY, or a context with SkipTLSVerify, asks not to look at the \
                 certificate: this tool always does",
            )
        } else {
            error
        }
    } else if REFUSED.iter().any(|words| why.contains(words)) {
        error.hint(format!(
            "the engine may not accept {folder}/cert.pem: its authority has to have signed it, for clients, and it must \
             not be out of date"
        ))
    } else if why.contains("corrupt message") {
        error.hint("what listens there does not speak TLS: unset DOCKER_TLS_VERIFY and DOCKER_TLS")
    } else {
        error
    }
}

/// What is left of an engine's refusal. In TLS 1.3 it looks at the client's certificate when the client takes the
/// handshake for done, so the alert may come before the request, behind it, or never: who closes first wins.
const REFUSED: &[&str] = &[
    "fatal alert",
    "peer closed connection",
    "connection was not ready",
    "connection closed",
    "Connection reset",
    "Broken pipe",
];

/// Whether an engine that was spoken to in the clear wants TLS, as it says itself.
pub(super) fn is_wanted(why: &str) -> bool {
    why.contains("HTTP request to an HTTPS server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_the_port_of_tls() {
        for (address, expected) in [
            ("far", "far:2376"),
            ("far/", "far:2376"),
            ("far:1", "far:1"),
            ("[::1]", "[::1]:2376"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(with_port(address), expected);
        }
    }

    #[test]
    fn files_have_to_hold_what_they_are_for() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let complaint = || Files::of(folder.path()).err().map(|error| error.message);
        assert_eq!(Files::of(folder.path()).unwrap().roots, Path::new(NO_ROOTS));
        write("ca.pem", "-----BEGIN TRUSTED CERTIFICATE-----\n");
        assert_eq!(complaint(), None);
        write("cert.pem", "-----BEGIN CERTIFICATE-----\n");
        assert!(
            complaint()
                .unwrap()
                .ends_with("there is cert.pem, but no key.pem")
        );
        write("key.pem", "-----BEGIN CERTIFICATE-----\n");
        assert!(
            complaint()
                .unwrap()
                .ends_with("key.pem holds no private key")
        );
        write("key.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
        assert!(
            complaint()
                .unwrap()
                .ends_with("key.pem wants a pass phrase")
        );
        write(
            "key.pem",
            "-----BEGIN EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\n",
        );
        assert_eq!(complaint(), None);
    }
}
