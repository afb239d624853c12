//! References into Secrets Manager: `secret-id[:json-key[:version-stage[:version-id]]]`.

/// A reference taken apart. Empty parts are `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretReference {
    /// A name or an ARN.
    pub id: String,
    /// The key in the secret's JSON; the whole text without it.
    pub json_key: Option<String>,
    /// `AWSCURRENT` when neither stage nor id is given.
    pub version_stage: Option<String>,
    pub version_id: Option<String>,
}

impl SecretReference {
    /// Reads a reference; an ARN is the first seven fields between colons.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence that begins with the reference.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let fields: Vec<&str> = text.split(':').collect();
        let length = if text.starts_with("arn:") { 7 } else { 1 };
        let Some((id, rest)) = fields.split_at_checked(length) else {
            return Err("is an ARN without all of its seven parts");
        };
        let id = id.join(":");
        if id.is_empty() || id.ends_with(':') {
            return Err("names no secret");
        }
        if rest.len() > 3 {
            return Err("has more parts than secret, key, version stage and version id");
        }
        let part = |index: usize| {
            rest.get(index)
                .filter(|part| !part.is_empty())
                .map(|part| (*part).to_owned())
        };
        Ok(Self {
            id,
            json_key: part(0),
            version_stage: part(1),
            version_id: part(2),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, [Option<String>; 3]) {
        let it = SecretReference::parse(text).unwrap();
        (it.id, [it.json_key, it.version_stage, it.version_id])
    }

    #[test]
    fn takes_names_and_arns_apart() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("db"), ("db".into(), [None, None, None]));
        assert_eq!(
            parts("prod/db:user"),
            ("prod/db".into(), [some("user"), None, None])
        );
        assert_eq!(
            parts("db::AWSPREVIOUS"),
            ("db".into(), [None, some("AWSPREVIOUS"), None])
        );
        assert_eq!(
            parts("db:key::1-2"),
            ("db".into(), [some("key"), None, some("1-2")])
        );
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf";
        assert_eq!(parts(arn), (arn.into(), [None, None, None]));
        assert_eq!(
            parts(&format!("{arn}:key:AWSPENDING")),
            (arn.into(), [some("key"), some("AWSPENDING"), None])
        );
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", ":key", "arn:aws:secretsmanager:x", "a:b:c:d:e"] {
            assert!(SecretReference::parse(text).is_err(), "{text}");
        }
    }
}
