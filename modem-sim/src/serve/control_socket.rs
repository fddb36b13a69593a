//! The control socket: JSON lines on a Unix socket, one answer line for each request line.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::Handle;
use crate::control::Request;

const CLIENTS: usize = 32;
const LINE_LIMIT: u64 = 1024 * 1024;

/// A bound control socket; its file goes when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Binds the socket. One that is left over from a process that is gone is replaced.
    ///
    /// # Errors
    ///
    /// When something else stands there, another process listens, or the folder cannot be written.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let named = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!("failed to listen on {}: {error}", path.display()),
            )
        };
        let stale = path
            .symlink_metadata()
            .is_ok_and(|found| found.file_type().is_socket())
            && std::os::unix::net::UnixStream::connect(path).is_err();
        if stale {
            std::fs::remove_file(path).map_err(named)?;
        }
        Ok(Self {
            listener: UnixListener::bind(path).map_err(named)?,
            path: path.to_owned(),
        })
    }

    /// Serves clients until it is dropped.
    ///
    /// # Errors
    ///
    /// When no more clients can be accepted.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it accepts nobody any more; those it has are served to their end.
    pub async fn serve(self, handle: Handle) -> io::Result<()> {
        let places = Arc::new(Semaphore::new(CLIENTS));
        loop {
            let (stream, _) = self.listener.accept().await?;
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                continue;
            };
            let handle = handle.clone();
            tokio::spawn(async move {
                drop(converse(stream, handle).await); // a client that leaves in the middle
                drop(place);
            });
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path)); // nothing more can be done about a file that stays
    }
}

async fn converse(stream: UnixStream, handle: Handle) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        if (&mut read)
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut line)
            .await?
            == 0
        {
            return Ok(());
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut answer = answer(&line, &handle).await.to_string();
        answer.push('\n');
        write.write_all(answer.as_bytes()).await?;
    }
}

/// The answer to one line: `{"ok":true,…}` or `{"ok":false,"error":"…"}`, with the request's `id`.
async fn answer(line: &[u8], handle: &Handle) -> Value {
    let mut id = None;
    let result = match serde_json::from_slice::<Value>(line) {
        Err(error) => Err(format!("not JSON: {error}")),
        Ok(mut asked) => {
            id = asked.as_object_mut().and_then(|asked| asked.remove("id"));
            match serde_json::from_value::<Request>(asked) {
                Err(error) => Err(error.to_string()),
                Ok(request) => handle
                    .request(request)
                    .await
                    .map_err(|error| error.to_string()),
            }
        }
    };
    let mut answer = match result {
        Ok(fields) => {
            let mut fields = if fields.is_object() {
                fields
            } else {
                json!({ "answer": fields })
            };
            if let Some(fields) = fields.as_object_mut() {
                fields.insert("ok".to_owned(), Value::Bool(true));
            }
            fields
        }
        Err(error) => json!({ "ok": false, "error": error }),
    };
    if let (Some(id), Some(answer)) = (id, answer.as_object_mut()) {
        answer.insert("id".to_owned(), id);
    }
    answer
}
