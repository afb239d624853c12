//! Flags of `run` about what stands between a build and the network: proxies, and roots of trust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::options::Override;
use crate::project::file::Remark;

#[derive(Debug, clap::Args)]
pub(super) struct NetworkArguments {
    /// Give the build this machine's proxies: those that Docker's config.json has for containers, else `HTTP_PROXY` and
    /// its like.
    #[arg(long, env = "BUILDSPEC_PROXY", help_heading = "Image and source")]
    proxy: bool,

    /// Root certificates (PEM) that the build trusts besides its image's own.
    #[arg(
        long,
        value_name = "FILE",
        env = "BUILDSPEC_ROOT_CERTIFICATE",
        help_heading = "Image and source"
    )]
    root_certificate: Option<PathBuf>,
}

impl NetworkArguments {
    /// What `--proxy` hands on, below what is given with `-e`; and whatever is to be said of it.
    pub(super) fn proxies(&self, engine: &str) -> Result<(Vec<Override>, Option<Remark>)> {
        if !self.proxy {
            return Ok((Vec::new(), None));
        }
        let remark = |warning, text: String| Some(Remark { warning, text });
        let file = super::container::docker_folder().map(|folder| folder.join("config.json"));
        let configured = match &file {
            Some(file) => configured(file, engine)?,
            None => BTreeMap::new(),
        };
        let (proxies, from) = match file {
            Some(file) if !configured.is_empty() => (configured, file.display().to_string()),
            _ => (ambient(), "the environment".to_owned()),
        };
        if proxies.is_empty() {
            let text = "--proxy: neither Docker's config.json nor the environment names a proxy";
            return Ok((Vec::new(), remark(true, text.to_owned())));
        }
        let names: Vec<&str> = proxies.keys().copied().collect();
        let said = remark(false, format!("proxies from {from}: {}", names.join(", ")));
        // Some programs know the one spelling, some the other.
        let overrides = proxies.iter().flat_map(|(name, value)| {
            [(*name).to_owned(), name.to_ascii_lowercase()].map(|name| Override {
                name,
                value: value.clone(),
                passed_through: true,
            })
        });
        Ok((overrides.collect(), said))
    }

    /// The certificates of the file, and nothing else that may be in it.
    pub(super) fn root_certificates(&self) -> Result<Option<String>> {
        let Some(file) = &self.root_certificate else {
            return Ok(None);
        };
        let bad = |why: &str| Error::usage(format!("--root-certificate {}: {why}", file.display()));
        let bytes = std::fs::read(file).map_err(|error| bad(&error.to_string()))?;
        let text = certificates(&String::from_utf8_lossy(&bytes));
        if text.is_empty() {
            return Err(bad("holds no certificate in PEM").hint(
                "openssl x509 -inform der -in FILE -out FILE.pem makes PEM of the other form",
            ));
        }
        Ok(Some(text))
    }
}

const NAMES: [&str; 5] = [
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
];

/// The same in Docker's `config.json`.
const KEYS: [&str; 5] = ["allProxy", "ftpProxy", "httpsProxy", "httpProxy", "noProxy"];

/// In either spelling; the usual one wins.
fn ambient() -> BTreeMap<&'static str, String> {
    let value =
        |name: &str| super::variable(name).or_else(|| super::variable(&name.to_ascii_lowercase()));
    NAMES
        .into_iter()
        .filter_map(|name| Some((name, value(name)?)))
        .collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    /// By engine, then by the names of `KEYS`.
    proxies: BTreeMap<String, BTreeMap<String, String>>,
}

/// What `docker run` would set: the section of this engine, else `default`.
fn configured(file: &Path, engine: &str) -> Result<BTreeMap<&'static str, String>> {
    let Ok(text) = std::fs::read(file) else {
        return Ok(BTreeMap::new());
    };
    let mut config: Config = serde_json::from_slice(&text).map_err(|error| {
        Error::environment(format!("{} can't be read: {error}", file.display()))
    })?;
    let of_engine = config.proxies.remove(engine);
    let proxies = of_engine.or_else(|| config.proxies.remove("default"));
    let mut proxies = proxies.unwrap_or_default();
    let values = KEYS.iter().zip(NAMES).filter_map(|(key, name)| {
        let value = proxies.remove(*key).filter(|value| !value.is_empty())?;
        Some((name, value))
    });
    Ok(values.collect())
}

/// The blocks of a text that are certificates.
fn certificates(text: &str) -> String {
    let mut kept = String::new();
    let mut inside = false;
    for line in text.lines().map(str::trim_end) {
        inside |= line == "-----BEGIN CERTIFICATE-----";
        if inside {
            kept.push_str(line);
            kept.push('\n');
        }
        inside &= line != "-----END CERTIFICATE-----";
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_has_proxies_for_each_engine_and_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        assert!(configured(&file, "unix:///x").unwrap().is_empty());
        let text = r#"{"proxies":{"default":{"httpProxy":"http://a","noProxy":"x"},"tcp://far":{"httpsProxy":"http://b"}}}"#;
        std::fs::write(&file, text).unwrap();
        let of = |engine| configured(&file, engine).unwrap();
        let pairs = |engine| of(engine).into_iter().collect::<Vec<_>>();
        let expected = [
            ("HTTP_PROXY", "http://a".to_owned()),
            ("NO_PROXY", "x".to_owned()),
        ];
        assert_eq!(pairs("unix:///x"), expected);
        assert_eq!(pairs("tcp://far"), [("HTTPS_PROXY", "http://b".to_owned())]);
    }

    #[test]
    fn a_key_beside_a_certificate_goes_nowhere() {
        let certificate = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n";
        let text = format!("subject\n{certificate}{key}{certificate}").replace('\n', "\r\n");
        assert_eq!(certificates(&text), certificate.repeat(2));
        assert_eq!(certificates(key), "");
    }
}
