//! A build that wants Docker, in a container that has none.

use super::{Failed, Rule, line_with};

pub(super) const RULE: Rule = Rule {
    name: "docker-daemon",
    check,
};

fn check(failed: &Failed<'_>) -> Option<String> {
    line_with(failed.output, "Cannot connect to the Docker daemon")
        .or_else(|| line_with(failed.output, "failed to connect to the docker API"))?;
    Some(if failed.in_container() {
        "Docker inside a build needs --privileged and an image that starts a daemon; \
         in the cloud, the project's privileged mode"
            .to_owned()
    } else {
        "the build uses this host's Docker: start it, or name its socket in DOCKER_HOST with -e"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::rules;

    #[test]
    fn knows_the_clients_sentence() {
        let output = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. \
                      Is the docker daemon running?\n";
        assert_eq!(rules("docker build .", 1, output), ["docker-daemon"]);
    }
}
