//! Telegram behind a proxy: its name is known to the proxy alone.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where it fails"
)]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adapter_telegram::{Settings, Telegram, check};
use bridge_core::chat::{Attempt, ChatAdapter, Content, OutgoingPost, Place, Room, RoomKind};
use bridge_core::{ChatError, PostId};
use secrecy::SecretString;
use support::{OWNER, Sim};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A name that resolves nowhere (RFC 6761 §6.4).
const NAME: &str = "telegram.invalid";

/// A proxy that knows one host, and one person.
struct Proxy {
    address: SocketAddr,
    served: Arc<AtomicUsize>,
}

/// Serves connections for ever.
async fn proxy<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Proxy
where
    F: Future<Output = std::io::Result<bool>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (serving, count) = (serve(stream), Arc::clone(&count));
            tokio::spawn(async move {
                if serving.await.unwrap_or(false) {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    Proxy { address, served }
}

/// SOCKS 5 (RFC 1928) with name and password (RFC 1929).
async fn socks(mut client: TcpStream, server: SocketAddr) -> std::io::Result<bool> {
    let mut head = [0; 2];
    client.read_exact(&mut head).await?;
    assert_eq!(head[0], 5);
    let mut methods = vec![0; usize::from(head[1])];
    client.read_exact(&mut methods).await?;
    if !methods.contains(&2) {
        client.write_all(&[5, 0xFF]).await?;
        return Ok(false);
    }
    client.write_all(&[5, 2]).await?;
    let mut login = Vec::new();
    assert_eq!(client.read_u8().await?, 1);
    for _ in 0..2 {
        let mut word = vec![0; usize::from(client.read_u8().await?)];
        client.read_exact(&mut word).await?;
        login.push(String::from_utf8(word).unwrap());
    }
    if login != ["ann", "p@ss"] {
        client.write_all(&[1, 1]).await?;
        return Ok(false);
    }
    client.write_all(&[1, 0]).await?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    // CONNECT, to a name: it was not resolved here.
    assert_eq!((request[1], request[3]), (1, 3));
    let mut name = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut name).await?;
    assert_eq!(name, NAME.as_bytes());
    client.read_u16().await?;
    let mut upstream = TcpStream::connect(server).await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(true)
}

/// HTTP with the whole address in the request line (RFC 9112 §3.2.2) and basic authentication.
async fn http(mut client: TcpStream, server: SocketAddr) -> std::io::Result<bool> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8(head.clone()).unwrap();
    assert!(
        text.starts_with(&format!("POST http://{NAME}/bot")),
        "{text}"
    );
    // "ann:p@ss".
    if !text
        .to_ascii_lowercase()
        .contains("proxy-authorization: basic yw5uonbac3m=")
    {
        client
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            .await?;
        return Ok(false);
    }
    let mut upstream = TcpStream::connect(server).await?;
    let origin = text.replacen(&format!("http://{NAME}"), "", 1);
    upstream.write_all(origin.as_bytes()).await?;
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(true)
}

fn post(text: &str) -> OutgoingPost {
    OutgoingPost {
        id: PostId(1),
        room: Room {
            place: Place {
                chat: OWNER.to_string(),
                thread: None,
            },
            kind: RoomKind::Shared,
        },
        content: Content::Notice {
            text: text.to_owned(),
        },
        reply_to: None,
        choices: Vec::new(),
        attempt: Attempt::First,
    }
}

fn through(proxy: &str) -> Settings {
    Settings {
        proxy: Some(SecretString::from(proxy)),
        ..support::settings(&format!("http://{NAME}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_calls_go_through_it_and_it_resolves_the_name() {
    let sim = Sim::start().await;
    let server: SocketAddr = sim.server.url().replacen("http://", "", 1).parse().unwrap();
    let socks = proxy(move |client| socks(client, server)).await;
    let http = proxy(move |client| http(client, server)).await;
    for (proxy, scheme) in [(&socks, "socks5"), (&http, "http")] {
        let settings = through(&format!("{scheme}://ann:p%40ss@{}", proxy.address));
        assert_eq!(check(&settings).await, [], "{scheme}");
        let telegram = Telegram::without_limits(settings).unwrap();
        let words = format!("by {scheme}");
        telegram.post(&post(&words)).await.unwrap();
        let shown = sim.messages(OWNER).await;
        assert!(
            shown.iter().any(|message| message["text"] == words),
            "{shown:#?}"
        );
        // The other way to call, past teloxide.
        telegram.probe(&post(&words)).await.unwrap();
        drop(telegram);
    }
    sim.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_refuses_or_is_not_there_is_told_without_its_password() {
    let sim = Sim::start().await;
    let server: SocketAddr = sim.server.url().replacen("http://", "", 1).parse().unwrap();
    let socks = proxy(move |client| socks(client, server)).await;
    let http = proxy(move |client| http(client, server)).await;
    let nobody = "127.0.0.1:1".parse().unwrap();
    for (scheme, address) in [
        ("socks5", socks.address),
        ("http", http.address),
        ("socks5", nobody),
        ("http", nobody),
    ] {
        let settings = through(&format!("{scheme}://ann:WRONG@{address}"));
        let found = check(&settings).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].what_to_do.contains("telegram.proxy"), "{found:?}");
        let telegram = Telegram::without_limits(settings).unwrap();
        let error = telegram.post(&post("x")).await.unwrap_err();
        assert!(!matches!(error, ChatError::Reject { .. }), "{error:?}");
        let all = format!("{error:?} {error} {found:?}");
        assert!(
            !all.contains("WRONG") && !all.contains("TEST-token"),
            "{all}"
        );
    }
    assert_eq!(socks.served.load(Ordering::Relaxed), 0);
    assert_eq!(http.served.load(Ordering::Relaxed), 0);
    sim.server.stop().await;
}
