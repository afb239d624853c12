//! A call to AWS without credentials.

use super::{Failed, Rule, line_with};

pub(super) const RULE: Rule = Rule {
    name: "credentials",
    check,
};

const SENTENCES: [&str; 5] = [
    "Unable to locate credentials",
    "NoCredentialsError",
    "NoCredentialProviders",
    "no EC2 IMDS role found",
    "Could not load credentials from any providers",
];

fn check(failed: &Failed<'_>) -> Option<String> {
    SENTENCES
        .iter()
        .find_map(|sentence| line_with(failed.output, sentence))?;
    Some(
        "a local build has no service role: --aws-credentials hands it yours, \
         or -e passes single variables through"
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::rules;

    #[test]
    fn knows_the_sentences_of_several_clients() {
        for output in [
            "\nUnable to locate credentials. You can configure credentials by running \"aws configure\".\n",
            "botocore.exceptions.NoCredentialsError: Unable to locate credentials\n",
            "Error: No valid credential sources found: no EC2 IMDS role found\n",
        ] {
            assert_eq!(rules("aws s3 ls", 255, output), ["credentials"]);
        }
    }
}
