//! Keeps a build away from the credentials of the machine that its engine runs on.
//!
//! On an EC2 or ECS host two link-local addresses tell the machine's own credentials to whoever asks. The container gets
//! these addresses for itself: who asks there is refused at once, and needs no program or privilege for it.

use std::collections::HashMap;
use std::fs;

use bollard::models::{EndpointIpamConfig, EndpointSettings, NetworkingConfig};

/// Instance metadata, and the credentials of ECS tasks.
const ADDRESSES: [&str; 2] = ["169.254.169.254", "169.254.170.2"];

/// Where an engine on this machine finds the name servers that it tells to containers.
const RESOLVERS: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// What to ask for at the engine, on a network that the container has an address of its own in.
///
/// The addresses bring their whole network with them, so a machine whose name server lies in it (as those of some
/// clouds do) goes without: a build has to find its hosts. The same goes for an engine elsewhere, of which nobody
/// knows that.
pub(super) fn around(network: Option<&str>, engine: &str) -> Option<NetworkingConfig> {
    let settings: String = RESOLVERS
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect();
    let is_own = engine.starts_with("unix://") && !names_link_local(&settings);
    is_own.then(|| on(network)).flatten()
}

fn on(network: Option<&str>) -> Option<NetworkingConfig> {
    let network = match network {
        None | Some("default" | "bridge") => "bridge",
        Some("host" | "none") => return None,
        Some(other) if other.starts_with("container:") => return None,
        Some(own) => own,
    };
    let settings = EndpointSettings {
        ipam_config: Some(EndpointIpamConfig {
            link_local_ips: Some(ADDRESSES.map(str::to_owned).to_vec()),
            ..EndpointIpamConfig::default()
        }),
        ..EndpointSettings::default()
    };
    Some(NetworkingConfig {
        endpoints_config: Some(HashMap::from([(network.to_owned(), settings)])),
    })
}

fn names_link_local(resolv_conf: &str) -> bool {
    resolv_conf
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"))
        .any(|server| server.trim().starts_with("169.254."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_networks_with_an_address_of_the_containers_own_are_fenced() {
        let network = |name| {
            let networks = on(name)?.endpoints_config?;
            networks.into_keys().next()
        };
        assert_eq!(network(None).as_deref(), Some("bridge"));
        assert_eq!(network(Some("default")).as_deref(), Some("bridge"));
        assert_eq!(network(Some("mine")).as_deref(), Some("mine"));
        for name in ["host", "none", "container:x"] {
            assert_eq!(network(Some(name)), None, "{name}");
        }
        assert_eq!(around(None, "tcp://elsewhere:2375"), None);
    }

    #[test]
    fn a_name_server_must_stay_in_reach() {
        assert!(names_link_local("search x\nnameserver 169.254.169.253\n"));
        assert!(!names_link_local(
            "# nameserver 169.254.1.1\nnameserver 10.0.0.2\n"
        ));
    }
}
