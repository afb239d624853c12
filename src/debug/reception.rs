//! The socket in a build's folder, at which `buildspec attach` knocks. One terminal at a time is let in.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::front::Front;
use super::wire::{self, ToTerminal};

const NAME: &str = "debug.sock";

/// Lets terminals in.
#[derive(Debug)]
pub struct Reception {
    newcomers: mpsc::Receiver<Front>,
    busy: Arc<AtomicBool>,
    task: JoinHandle<()>,
    folder: PathBuf,
}

impl Reception {
    /// Opens in a build's folder. Nobody else than this user, and root, is let in.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let (listener, permissions) = at(folder, |path| {
            let listener = UnixListener::bind(path)?;
            let only_mine = std::fs::set_permissions(path, Permissions::from_mode(0o600));
            Ok((listener, only_mine))
        })?;
        permissions?;
        let (sender, newcomers) = mpsc::channel(1);
        let busy = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(receive(listener, sender, Arc::clone(&busy)));
        Ok(Self {
            newcomers,
            busy,
            task,
            folder: folder.to_owned(),
        })
    }

    /// Whether somebody sits at a terminal: cleared by whoever leaves.
    pub fn busy(&self) -> &Arc<AtomicBool> {
        &self.busy
    }

    /// Who comes next.
    pub(super) async fn next(&mut self) -> Option<Front> {
        self.newcomers.recv().await
    }

    /// Who waits to be let in already.
    pub(super) fn waiting(&mut self) -> Option<Front> {
        self.newcomers.try_recv().ok()
    }
}

impl Drop for Reception {
    fn drop(&mut self) {
        self.task.abort();
        std::fs::remove_file(self.folder.join(NAME)).ok();
    }
}

/// Knocks at a build's folder.
pub fn knock(folder: &Path) -> io::Result<net::UnixStream> {
    at(folder, |path| net::UnixStream::connect(path))
}

/// A socket's path may have 107 bytes, a build's folder more: named by a descriptor, it always fits.
fn at<T>(folder: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = File::open(folder)?;
    let path = format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd());
    work(Path::new(&path))
}

async fn receive(listener: UnixListener, sender: mpsc::Sender<Front>, busy: Arc<AtomicBool>) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            // Out of descriptors, for a moment.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            continue;
        };
        if !is_ours(&stream) {
            continue;
        }
        if busy.swap(true, Ordering::SeqCst) {
            let text = "somebody sits at this build's debugger already".to_owned();
            let refusal = wire::told(&ToTerminal::Refuse(text));
            stream.write_all(&refusal).await.ok();
            continue;
        }
        match Front::meet(stream, Arc::clone(&busy)).await {
            Ok(front) => {
                if sender.send(front).await.is_err() {
                    return;
                }
            }
            Err(_) => busy.store(false, Ordering::SeqCst),
        }
    }
}

fn is_ours(stream: &UnixStream) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| [0, ours].contains(&peer.uid()))
}
