//! Variables that name a proxy.

use super::mask::SHORTEST;
use super::secret::Secret;
use super::{Value, Variables};

impl Variables {
    /// Names and addresses of proxies that are written down.
    pub fn proxies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter_map(|(name, _, value)| match value {
            Value::Plain(address) if is_proxy(name) => Some((name, address.as_str())),
            _ => None,
        })
    }

    /// Passwords in the addresses of proxies, as they are written there and as they are meant.
    pub fn proxy_passwords(&self) -> Vec<Secret> {
        let passwords = self.proxies().filter_map(|(_, address)| password(address));
        passwords
            .flat_map(|password| [password.to_owned(), decoded(password)])
            .map(Secret::new)
            .collect()
    }
}

impl Variables {
    /// Names of those whose password is too short to be masked.
    pub fn short_proxy_passwords(&self) -> impl Iterator<Item = &str> {
        let is_short =
            |password: &str| (1..SHORTEST).contains(&password.len().min(decoded(password).len()));
        self.proxies()
            .filter(move |(_, address)| password(address).is_some_and(is_short))
            .map(|(name, _)| name)
    }
}

fn is_proxy(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with("_PROXY") && name != "NO_PROXY"
}

/// Of `[SCHEME://]USER:PASSWORD@HOST`.
fn password(address: &str) -> Option<&str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password)
}

/// With `%41` and the like replaced by what they stand for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Level;

    #[test]
    fn short_passwords_are_named() {
        let mut variables = Variables::default();
        for (name, password) in [
            ("A_PROXY", "abc"),
            ("B_PROXY", "abcd"),
            ("C_PROXY", "%41bc"),
        ] {
            let address = format!("http://me:{password}@proxy");
            variables.set(Level::Override, name, Value::Plain(address));
        }
        let short: Vec<_> = variables.short_proxy_passwords().collect();
        assert_eq!(short, ["A_PROXY", "C_PROXY"]);
    }

    #[test]
    fn passwords_are_found_in_both_forms() {
        let passwords = |name: &str, address: &str| -> Vec<String> {
            let mut variables = Variables::default();
            variables.set(Level::Override, name, Value::Plain(address.to_owned()));
            let found = variables.proxy_passwords();
            found
                .iter()
                .map(|found| found.reveal().to_owned())
                .collect()
        };
        let found = passwords("https_proxy", "http://me:a%40b%zz@proxy:3128/");
        assert_eq!(found, ["a%40b%zz", "a@b%zz"]);
        assert_eq!(passwords("MY_PROXY", "me:open@proxy"), ["open", "open"]);
        for (name, address) in [
            ("HTTP_PROXY", "http://proxy:3128"),
            ("HTTP_PROXY", "http://me@proxy:3128"),
            ("HTTP_PROXY", "http://proxy/a:b@c"),
            ("NO_PROXY", "a:b@c"),
            ("OTHER", "http://me:open@proxy"),
        ] {
            assert_eq!(passwords(name, address), [""; 0], "{address}");
        }
    }
}
