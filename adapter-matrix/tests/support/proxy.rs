//! A wire between the adapter and its homeserver that can be cut at a chosen moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What goes wrong next.
#[derive(Default)]
pub(crate) struct Faults {
    /// The next post takes effect; its answer is lost.
    pub(crate) lose_next_answer: AtomicBool,
    /// How many posts are refused with 429.
    pub(crate) refuse_posts: AtomicU32,
    /// How many log-ins went through.
    pub(crate) logins: AtomicU32,
    /// The next room is made; the answer is lost.
    pub(crate) lose_next_room: AtomicBool,
    /// Nothing older of a room is given.
    pub(crate) refuse_pages: AtomicBool,
}

/// Listens on loopback, passes on to `server`, and returns its own address.
pub(crate) async fn start(server: String, faults: Arc<Faults>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its number");
    let client = reqwest::Client::new();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (server, faults, client) = (server.clone(), Arc::clone(&faults), client.clone());
            tokio::spawn(async move {
                // A side that goes away ends its own connection only.
                let _served = serve(stream, &server, &faults, &client).await;
            });
        }
    });
    format!("http://{address}")
}

/// One request; then the connection ends.
async fn serve(
    mut stream: TcpStream,
    server: &str,
    faults: &Faults,
    client: &reqwest::Client,
) -> Option<()> {
    let (head, body) = read_request(&mut stream).await?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?, first.next()?);
    let is_post = method == "PUT" && path.contains("/send/m.room.message/");
    let refused = is_post
        && faults
            .refuse_posts
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
    if refused {
        let body =
            r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":200}"#;
        return answer(&mut stream, "429 Too Many Requests", body.as_bytes()).await;
    }
    if path.ends_with("/login") && method == "POST" {
        faults.logins.fetch_add(1, Ordering::SeqCst);
    }
    if path.contains("/messages?") && faults.refuse_pages.load(Ordering::SeqCst) {
        // Synapse's own words for a fault of its own.
        let body = r#"{"errcode":"M_UNKNOWN","error":"Internal server error"}"#;
        return answer(&mut stream, "500 Internal Server Error", body.as_bytes()).await;
    }
    let method = reqwest::Method::from_bytes(method.as_bytes()).ok()?;
    let mut request = client.request(method.clone(), format!("{server}{path}"));
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        if ["authorization", "content-type"].contains(&name.to_ascii_lowercase().as_str()) {
            request = request.header(name, value);
        }
    }
    let response = request.body(body).send().await.ok()?;
    let status = response.status();
    let content = response.bytes().await.ok()?;
    let lost = (is_post && faults.lose_next_answer.swap(false, Ordering::SeqCst))
        || (path.ends_with("/createRoom") && faults.lose_next_room.swap(false, Ordering::SeqCst));
    if lost {
        return None;
    }
    answer(&mut stream, &status.to_string(), &content).await
}

async fn answer(stream: &mut TcpStream, status: &str, body: &[u8]) -> Option<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    stream.shutdown().await.ok()
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).ok()?.trim_end().to_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some((head, body))
}
