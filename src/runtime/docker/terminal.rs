//! A program on a terminal in the container.
//!
//! The engine's answer is taken over by a connection of our own: bollard reads a terminal's output as if it were framed
//! and swallows what looks like a frame's head (a chunk that begins with a byte from 0 to 2). Only an address that
//! neither of us knows is left to it.

use std::io;
use std::pin::Pin;

use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::ResizeExecOptionsBuilder;
use futures_util::TryStreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::io::StreamReader;

use super::{Door, reason, refused};
use crate::engine::assumptions;
use crate::error::{Error, Result};
use crate::runtime::terminal::{Program, Size, Terminal};

/// The engine keeps back keys with which one could detach; nobody types these, and the first alone is only kept back
/// until the next key.
const DETACH_KEYS: &str = "ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@";

/// The head of an answer is never longer.
const LONGEST_HEAD: usize = 16 * 1024;

type Input = Pin<Box<dyn AsyncWrite + Send>>;
type Output = Pin<Box<dyn AsyncRead + Send>>;

impl Door {
    /// Starts a program on a terminal.
    pub async fn terminal(&self, program: &Program) -> Result<Terminal> {
        let mut env = vec![format!("TERM={}", program.term)];
        if assumptions::RUN_AS_KEEPS_HOME {
            env.push("HOME=/root".to_owned());
        }
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(true),
            detach_keys: Some(DETACH_KEYS.to_owned()),
            env: Some(env),
            cmd: Some(program.arguments.clone()),
            user: Some(program.user.clone().unwrap_or_else(|| "0".to_owned())),
            ..CreateExecOptions::default()
        };
        let docker = &self.engine.docker;
        let failed = refused("the engine can't open a terminal");
        let exec = docker
            .create_exec(&self.container, options)
            .await
            .map_err(&failed)?
            .id;
        let (input, output) = self.start(&exec).await?;
        resize(self.clone(), exec.clone(), program.size).await;
        let door = self.clone();
        Ok(Terminal {
            input,
            output,
            resize: Box::new(move |size| {
                tokio::spawn(resize(door.clone(), exec.clone(), size));
            }),
            // The engine ends the stream when the program has ended.
            ended: Box::pin(std::future::pending()),
        })
    }

    async fn start(&self, exec: &str) -> Result<(Input, Output)> {
        let host = self.engine.host();
        let taken = if let Some(tls) = &self.engine.tls {
            self.take_over(Box::pin(super::tls::stream(host, tls)).await, exec)
                .await
        } else if let Some(socket) = host.strip_prefix("unix://") {
            self.take_over(UnixStream::connect(socket).await, exec)
                .await
        } else if let Some(address) = host.strip_prefix("tcp://") {
            self.take_over(TcpStream::connect(address).await, exec)
                .await
        } else if host.starts_with("ssh://") {
            self.take_over(super::ssh::stream(host), exec).await
        } else {
            return self.start_by_bollard(exec).await;
        };
        taken.map_err(|error| {
            Error::environment(format!("the engine can't open a terminal: {error}"))
        })
    }

    async fn take_over<S>(&self, stream: io::Result<S>, exec: &str) -> io::Result<(Input, Output)>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut stream = stream?;
        let version = self.engine.docker.client_version();
        let body = r#"{"Detach":false,"Tty":true}"#;
        let request = format!(
            "POST /v{}.{}/exec/{exec}/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n\
             Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {}\r\n\r\n{body}",
            version.major_version,
            version.minor_version,
            body.len(),
        );
        stream.write_all(request.as_bytes()).await?;
        let rest = after_head(&mut stream).await?;
        let (output, input) = tokio::io::split(stream);
        let output = io::Cursor::new(rest).chain(output);
        Ok((Box::pin(input), Box::pin(output)))
    }

    async fn start_by_bollard(&self, exec: &str) -> Result<(Input, Output)> {
        let options = StartExecOptions {
            tty: true,
            ..StartExecOptions::default()
        };
        let started = self.engine.docker.start_exec(exec, Some(options)).await;
        match started.map_err(refused("the engine can't open a terminal"))? {
            StartExecResults::Attached { output, input } => {
                let bytes = output
                    .map_ok(bollard::container::LogOutput::into_bytes)
                    .map_err(|error| io::Error::other(reason(&error)));
                Ok((input, Box::pin(StreamReader::new(Box::pin(bytes)))))
            }
            StartExecResults::Detached => Err(Error::environment(
                "the engine did not attach to the terminal",
            )),
        }
    }
}

async fn resize(door: Door, exec: String, (rows, columns): Size) {
    let options = ResizeExecOptionsBuilder::default()
        .h(i32::from(rows))
        .w(i32::from(columns))
        .build();
    // A program that has ended meanwhile needs no size.
    door.engine.docker.resize_exec(&exec, options).await.ok();
}

/// Reads the head of the engine's answer, and returns what has come after it already.
async fn after_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = memchr::memmem::find(&read, b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            let head = String::from_utf8_lossy(&read).into_owned();
            return match head.split(' ').nth(1) {
                Some("101" | "200") => Ok(rest),
                _ => Err(io::Error::other(complaint(&head, rest, stream).await)),
            };
        }
        if read.len() > LONGEST_HEAD || stream.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// What the engine says instead: JSON with a message, or the head's first line.
async fn complaint(head: &str, mut body: Vec<u8>, stream: &mut (impl AsyncRead + Unpin)) -> String {
    while !body.ends_with(b"}\n") && body.len() < LONGEST_HEAD {
        if !matches!(stream.read_buf(&mut body).await, Ok(1..)) {
            break;
        }
    }
    serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|answer| Some(answer["message"].as_str()?.to_owned()))
        .unwrap_or_else(|| head.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_follows_the_head_is_not_lost() {
        for (answer, rest) in [
            (
                &b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n\x01x"[..],
                &b"\x01x"[..],
            ),
            (b"HTTP/1.1 200 OK\r\n\r\n", b""),
        ] {
            let read = after_head(&mut io::Cursor::new(answer)).await.unwrap();
            assert_eq!(read, rest);
        }
    }

    #[tokio::test]
    async fn refusals_are_told() {
        for (answer, told) in [
            (
                &b"HTTP/1.1 409 Conflict\r\n\r\n{\"message\":\"it is paused\"}\n"[..],
                "it is paused",
            ),
            (b"HTTP/1.1 500 No\r\n\r\n", "HTTP/1.1 500 No"),
            (b"HTTP/1.1 200", "unexpected end of file"),
        ] {
            let error = after_head(&mut io::Cursor::new(answer)).await.unwrap_err();
            assert_eq!(error.to_string(), told);
        }
    }
}
