//! The program itself: its port, its control socket, its end.

mod support;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use modem_sim::control::Request;
use modem_sim::serve::{Place, RequestError, Server};
use modem_sim::{Event, Friend, Settings, Simulator};
use serde_json::json;
use support::{Bench, command, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_dropped_port_comes_back_under_its_link() -> Result<()> {
    let mut bench = Bench::start(&[]).await?;
    let modem = bench.modem();
    assert!(
        bench.ready.starts_with("ready pty=/dev/pts/"),
        "{}",
        bench.ready
    );
    assert!(
        bench.ready.ends_with(&format!("link={}", modem.display())),
        "{}",
        bench.ready
    );
    assert_eq!(command(&modem, "AT\r").await?, "AT\r\r\nOK\r\n");

    bench
        .ask(json!({ "do": "drop_port", "seconds": 0.5 }))
        .await?;
    until("the link to go", PATIENCE, async || {
        Ok((!modem.exists()).then_some(()))
    })
    .await?;
    bench.deliver("+12025550101", "while away", &[]).await?;
    until("the link to come back", PATIENCE, async || {
        Ok(modem.exists().then_some(()))
    })
    .await?;
    let listed = command(&modem, "AT+CMGL=4\r").await?;
    assert!(listed.contains("+CMGL: 1,0,,"), "{listed}");

    let ended = bench.process.stop(PATIENCE).await?;
    assert!(ended.success(), "{ended}");
    assert_eq!(
        std::fs::read_dir(bench.folder())?.count(),
        0,
        "link and socket are gone"
    );
    Ok(())
}

#[tokio::test]
async fn the_control_socket_answers_line_by_line() -> Result<()> {
    let mut bench = Bench::start(&["--friends", "--report-delay", "0"]).await?;
    for (line, answer) in [
        (
            r#"{"do":"deliver","id":7,"from":"+12025550101","text":"hi","scts":"2026-01-31T12:00:00Z"}"#,
            r#"{"id":7,"ok":true,"tpdus":["040B912120550501F1000062101321000000 02E834"]}"#,
        ),
        (
            r#"{"do":"deliver_pdu","tpdu":"0G"}"#,
            r#"{"error":"not hexadecimal octets","ok":false}"#,
        ),
        (
            r#"{"do":"drop_port","seconds":-1}"#,
            r#"{"error":"-1 is no number of seconds from 0 to 31536000","ok":false}"#,
        ),
        (r#"{"do":"release"}"#, r#"{"ok":true,"released":false}"#),
        (
            r#"{"do":"fail_next_send","code":38,"when":"before_prompt","times":2}"#,
            r#"{"ok":true}"#,
        ),
        (
            r#"{"do":"set","send_latency_ms":0,"reports":"off"}"#,
            r#"{"ok":true}"#,
        ),
        (
            r#"{"do":"submitted","since":3}"#,
            r#"{"messages":[],"ok":true,"submitted":[]}"#,
        ),
    ] {
        let expected: serde_json::Value =
            serde_json::from_str(&answer.replace("000000 02", "00000002"))?;
        assert_eq!(bench.ask_raw(line).await?, expected, "{line}");
    }
    for line in [
        "nonsense",
        "[]",
        r#"{"do":"nothing"}"#,
        r#"{"do":"set","nothing":1}"#,
    ] {
        let answer = bench.ask_raw(line).await?;
        assert_eq!(answer.get("ok"), Some(&json!(false)), "{line}: {answer}");
    }
    let status = bench.ask(json!({ "do": "status" })).await?;
    assert_eq!(status.get("faults"), Some(&json!(2)));
    assert_eq!(status.pointer("/stored/SM"), Some(&json!(1)));
    Ok(())
}

#[tokio::test]
async fn over_tcp_one_client_follows_another() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let mut bench = Bench::start_in(folder, &["--tcp", "127.0.0.1:0"]).await?;
    let address = bench
        .ready
        .strip_prefix("ready tcp=")
        .context("no address")?
        .to_owned();
    for _ in 0..2 {
        let mut client = TcpStream::connect(&address).await?;
        client.write_all(b"ATE1\r").await?;
        let mut answer = [0; 11];
        tokio::time::timeout(PATIENCE, client.read_exact(&mut answer)).await??;
        assert_eq!(answer.escape_ascii().to_string(), r"ATE1\r\r\nOK\r\n");
    }
    assert!(bench.process.stop(PATIENCE).await?.success());
    Ok(())
}

#[tokio::test]
async fn another_program_can_hold_it_and_watch_the_network() -> Result<()> {
    let settings = Settings {
        send_latency: Duration::ZERO,
        friends: Friend::pair(),
        ..Settings::default()
    };
    let (server, handle) =
        Server::open(Simulator::new(settings), Place::Pty { link: None }).await?;
    let modem = PathBuf::from(server.address());
    let mut events = handle.subscribe();
    let running = tokio::spawn(server.run());

    let prompted = "AT+CMGS=22\r0001000B912120550501F000000AE8329BFD4697D9EC37\u{1a}";
    assert!(command(&modem, prompted).await?.contains("+CMGS: "));
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await??;
        seen.push(match event {
            Event::Submitted(part) => format!("part to {}", part.to),
            Event::Message(message) => format!("message {}", message.text),
            Event::Delivered { .. } => "answer".to_owned(),
            Event::Reported { .. } | Event::Fault(_) | Event::PortClosed | Event::PortOpened => {
                "something else".to_owned()
            }
        });
    }
    assert_eq!(
        seen,
        ["part to +12025550100", "message hellohello", "answer"]
    );
    let refused = handle
        .request(Request::DeliverPdu {
            tpdu: "0".to_owned(),
        })
        .await;
    assert_eq!(
        refused,
        Err(RequestError::Refused("not hexadecimal octets".to_owned()))
    );
    handle.stop().await;
    tokio::time::timeout(PATIENCE, running).await???;
    assert_eq!(
        handle.request(Request::Status).await,
        Err(RequestError::Stopped)
    );
    Ok(())
}

#[tokio::test]
async fn a_reboot_renumbers_the_port() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let at = |number: u32| folder.path().join(format!("ttyUSB{number}"));
    let links = [0, 1, 2].map(at);
    let numbered = folder.path().join("ttyUSB{n}").display().to_string();
    let mut bench = Bench::start_in(folder, &["--pty", &numbered]).await?;
    let [first, second, third] = &links;
    assert_eq!(command(first, "AT\r").await?, "AT\r\r\nOK\r\n");

    let flags =
        rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
    let held = rustix::fs::open(first, flags, rustix::fs::Mode::empty())?;
    bench
        .ask(json!({ "do": "reboot", "seconds": 0.2, "new_port": true }))
        .await?;
    until("the second port", PATIENCE, async || {
        Ok((second.exists() && !first.exists()).then_some(()))
    })
    .await?;
    // Whoever held the old port hears that it is gone (EIO, or an end of file).
    let read = rustix::io::read(&held, &mut [0; 16]);
    assert!(
        matches!(read, Ok(0) | Err(rustix::io::Errno::IO)),
        "{read:?}"
    );
    assert_eq!(command(second, "AT\r").await?, "AT\r\r\nOK\r\n");

    // A plain drop keeps the number; a stick in CD-ROM mode has no port until it is switched.
    bench
        .ask(json!({ "do": "drop_port", "seconds": 0.2 }))
        .await?;
    until("the port to go", PATIENCE, async || {
        Ok((!second.exists()).then_some(()))
    })
    .await?;
    until("the port to come back", PATIENCE, async || {
        Ok(second.exists().then_some(()))
    })
    .await?;
    bench.ask(json!({ "do": "cd_rom" })).await?;
    let status = bench.ask(json!({ "do": "status" })).await?;
    assert_eq!(status.get("port"), Some(&json!("cd_rom")));
    let switched = bench.ask(json!({ "do": "switch_mode" })).await?;
    assert_eq!(switched.get("switched"), Some(&json!(true)));
    until("the third port", PATIENCE, async || {
        Ok((third.exists() && !second.exists()).then_some(()))
    })
    .await?;
    Ok(())
}
