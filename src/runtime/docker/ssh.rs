//! An engine on another machine: each connection is an `ssh` that runs `docker system dial-stdio` there, as the `docker`
//! command does it. Keys, agents, jump hosts and known hosts are those of `ssh` itself.

use std::io;
use std::process::Stdio;
use std::sync::Arc;

use bollard::errors::Error as Api;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper::{Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, Join};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::TIMEOUT;

/// A client whose every request goes through an `ssh` of its own.
pub(super) fn connect(host: &str) -> Result<Docker, Api> {
    let arguments = Arc::new(
        arguments(host).ok_or_else(|| Api::UnsupportedURISchemeError {
            uri: host.to_owned(),
        })?,
    );
    let transport = move |request: BollardRequest| carry(Arc::clone(&arguments), request);
    Docker::connect_with_custom_transport(
        transport,
        Some("http://engine"),
        TIMEOUT,
        API_DEFAULT_VERSION,
    )
}

/// What `ssh` is called with for `ssh://[USER@]HOST[:PORT]`.
fn arguments(host: &str) -> Option<Vec<String>> {
    let rest = host.strip_prefix("ssh://")?.trim_end_matches('/');
    let (user, machine) = match rest.rsplit_once('@') {
        Some((user, machine)) => (Some(user), machine),
        None => (None, rest),
    };
    let (machine, port) = match machine.rsplit_once(':') {
        Some((machine, port)) if !machine.ends_with(':') && port.parse::<u16>().is_ok() => {
            (machine, Some(port))
        }
        _ => (machine, None),
    };
    if machine.is_empty() {
        return None;
    }
    let mut arguments = vec!["-o", "ConnectTimeout=15", "-T"];
    if let Some(user) = user {
        arguments.extend(["-l", user]);
    }
    if let Some(port) = port {
        arguments.extend(["-p", port]);
    }
    let machine = machine.trim_start_matches('[').trim_end_matches(']');
    // After `--` nothing is an option, whatever the host's name begins with.
    arguments.extend(["--", machine, "docker", "system", "dial-stdio"]);
    Some(arguments.into_iter().map(str::to_owned).collect())
}

/// A connection to the engine with nothing but `ssh` between.
pub(super) fn stream(host: &str) -> io::Result<Join<ChildStdout, ChildStdin>> {
    let arguments = arguments(host).ok_or(io::ErrorKind::InvalidInput)?;
    let mut child = start(&arguments, Stdio::null())?;
    match (child.stdout.take(), child.stdin.take()) {
        (Some(output), Some(input)) => Ok(tokio::io::join(output, input)),
        _ => Err(io::Error::other("ssh has no pipes")),
    }
}

/// Not killed with its handle: it outlives a call where a stream goes on, and ends with its standard input.
fn start(arguments: &[String], complaints: Stdio) -> io::Result<Child> {
    Command::new("ssh")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(complaints)
        .spawn()
        .map_err(|error| io::Error::other(format!("ssh can't be run: {error}")))
}

async fn carry(
    arguments: Arc<Vec<String>>,
    mut request: BollardRequest,
) -> Result<Response<Incoming>, Api> {
    let mut child = start(&arguments, Stdio::piped())?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("ssh has no pipes").into());
    };
    let stream = TokioIo::new(tokio::io::join(output, input));
    // An engine wants the path alone, and a host, whatever its name.
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("docker"));
    let (mut sender, connection) = http1::handshake(stream).await?;
    let mut complaints = child.stderr.take();
    let connection = tokio::spawn(async move {
        connection.with_upgrades().await.ok();
        child
    });
    match sender.send_request(request).await {
        Ok(response) => Ok(response),
        Err(error) => {
            let mut said = String::new();
            if let Ok(Ok(child)) =
                tokio::time::timeout(std::time::Duration::from_secs(1), connection).await
            {
                end(child).await;
            }
            if let Some(complaints) = &mut complaints {
                complaints.read_to_string(&mut said).await.ok();
            }
            match said.trim() {
                "" => Err(error.into()),
                said => Err(io::Error::other(format!("ssh: {said}")).into()),
            }
        }
    }
}

async fn end(mut child: Child) {
    child.kill().await.ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_for_ssh() {
        let of = |host| arguments(host).map(|all| all[3..].join(" "));
        let run = "docker system dial-stdio";
        assert_eq!(of("ssh://far"), Some(format!("-- far {run}")));
        assert_eq!(
            of("ssh://me@far.example:22/"),
            Some(format!("-l me -p 22 -- far.example {run}"))
        );
        assert_eq!(
            of("ssh://[::1]:2222"),
            Some(format!("-p 2222 -- ::1 {run}"))
        );
        assert_eq!(
            of("ssh://-oProxyCommand=x"),
            Some(format!("-- -oProxyCommand=x {run}"))
        );
        assert_eq!(of("ssh://"), None);
        assert_eq!(of("tcp://x"), None);
    }
}
