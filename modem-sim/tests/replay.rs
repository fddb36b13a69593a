//! A transcript that answers, in virtual time and behind a pseudo-terminal.

mod support;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use modem_sim::{Replay, Transcript};
use serde_json::json;
use support::{Bench, Process, until};
use tokio::process::Command;

const SAMPLE: &str = include_str!("transcripts/huawei-cmgl-silent.txt");

/// What was printed until that much later, each piece with its time in milliseconds.
fn read(replay: &mut Replay, now: &mut Duration, milliseconds: u64) -> Vec<(u128, String)> {
    let end = *now + Duration::from_millis(milliseconds);
    let mut read = Vec::new();
    loop {
        if let Some(output) = replay.poll_output() {
            let text = String::from_utf8_lossy(&output).into_owned();
            read.push((now.as_millis(), text));
        }
        let Some(due) = replay.poll_timeout().filter(|due| *due <= end) else {
            break;
        };
        *now = due;
        replay.handle_timeout(due);
    }
    *now = end;
    read
}

#[test]
fn a_transcript_answers_leniently_and_in_its_times() {
    let mut replay = Replay::new(&Transcript::parse(SAMPLE).unwrap());
    let mut now = Duration::ZERO;
    let first = read(&mut replay, &mut now, 1_000);
    assert_eq!(
        first,
        [
            (120, "\r\n^SIMST:1\r\n".to_owned()),
            (640, "\r\n^SRVST:2\r\n".to_owned())
        ]
    );
    // What is written, and what is printed within half a minute, with its delay.
    let pdu = "\r\n+CMGR: 0,,20\r\n";
    let rest = "07912120550591F9040B912120550501F10000621010000000000178\r\n\r\nOK\r\n";
    for (written, printed) in [
        ("AT+CPIN?\r", &[(14, "\r\n+CPIN: READY\r\n\r\nOK\r\n")][..]),
        ("at+cmgl=4\r", &[(9_960, "\r\n^BOOT:91409020,0,0,0,6\r\n")]), // and no answer
        ("ATE0\r", &[(5, "ATE0\r\r\nOK\r\n")]),                        // from the start again
        ("\u{1b}\rAT+CMGR=0\r", &[(40, pdu), (44, rest)]),
        ("AT+CMGR=1\r", &[(30, "\r\nOK\r\n")]),
        ("AT+CMGR=7\r", &[(40, pdu), (44, rest)]), // the next with the same head
        ("AT+CUSD=1,\"*100#\"\r", &[(0, "\r\nERROR\r\n")]),
        ("AT+CMGS=9\r", &[(60, "\r\n> ")]),
        ("0011\r00\u{1a}", &[(3_270, "\r\n+CMGS: 43\r\n\r\nOK\r\n")]),
        ("AT+CMGS=9\r", &[(60, "\r\n> ")]),
        ("0011\u{1b}", &[(0, "\r\nOK\r\n")]),
        ("AT\r", &[(4, "AT\r\r\nOK\r\n")]),
    ] {
        let start = now.as_millis();
        replay.handle_input(now, written.as_bytes());
        let came: Vec<(u128, String)> = read(&mut replay, &mut now, 30_000)
            .into_iter()
            .map(|(at, text)| (at - start, text))
            .collect();
        let expected: Vec<(u128, String)> = printed
            .iter()
            .map(|(at, text)| (*at, (*text).to_owned()))
            .collect();
        assert_eq!(came, expected, "{written:?}");
    }
}

/// A PDU that was written in pieces is one; the echo between the pieces is nobody's answer.
#[test]
fn pieces_are_joined() {
    let text = "# sms-bridge modem transcript 1\n\
                0.000 > AT+CM\n0.001 < AT+CM\n0.002 > GS=2\\r\n0.003 < GS=2\\r\\r\\n> \n\
                0.010 > 00\n0.011 < 00\n0.020 > 11\\x1a\n0.021 < 11\\r\\n\n1.020 < \\r\\n+CMGS: 1\\r\\n\\r\\nOK\\r\\n\n";
    let mut replay = Replay::new(&Transcript::parse(text).unwrap());
    let mut now = Duration::ZERO;
    replay.handle_input(now, b"AT+CMGS=2\r");
    assert_eq!(
        read(&mut replay, &mut now, 500),
        [(1, "GS=2\r\r\n> ".to_owned())]
    );
    replay.handle_input(now, b"0011\x1a");
    assert_eq!(
        read(&mut replay, &mut now, 2_000),
        [
            (501, "11\r\n".to_owned()),
            (1_500, "\r\n+CMGS: 1\r\n\r\nOK\r\n".to_owned())
        ]
    );
}

#[tokio::test]
async fn the_program_replays_a_file() -> Result<()> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/huawei-cmgl-silent.txt");
    let mut bench = Bench::start(&["--replay", &file.display().to_string()]).await?;
    let modem = bench.modem();
    let answer = support::command(&modem, "AT+CPIN?\r").await?;
    assert!(
        answer.ends_with("\r\n+CPIN: READY\r\n\r\nOK\r\n"),
        "{answer}"
    );
    let refused = bench
        .ask_raw(&json!({ "do": "status" }).to_string())
        .await?;
    assert_eq!(
        refused,
        json!({ "ok": false, "error": "a replayed transcript takes no requests" })
    );

    let wrong = bench.folder().join("wrong.txt");
    std::fs::write(&wrong, "# sms-bridge modem transcript 1\n0.000 ? AT\\r\n")?;
    let output = bench.folder().join("output");
    let mut failing = Process::start(
        Command::new(env!("CARGO_BIN_EXE_modem-sim"))
            .args(["--tcp", "127.0.0.1:0", "--replay"])
            .arg(&wrong)
            .stderr(std::fs::File::create(&output)?),
    )?;
    until(
        "the program to refuse the file",
        Duration::from_secs(20),
        async || Ok(failing.has_ended()?.then_some(())),
    )
    .await?;
    let said = std::fs::read_to_string(&output)?;
    assert!(
        said.contains("wrong.txt") && said.contains("line 2"),
        "{said}"
    );
    Ok(())
}
