//! What modems of other projects' captures said, read from the team's vectors where they are present.

use serde_json::Value;

use super::{Bench, seconds, settings};
use crate::engine::Request;
use crate::status::{Phase, Registration};

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../shared/vectors/at-transcripts.json"
);

fn transcripts() -> Vec<Value> {
    match std::fs::read_to_string(FOLDER) {
        Ok(text) => serde_json::from_str(&text).expect("a list of transcripts"),
        Err(error) => {
            let insisted =
                std::env::var_os("SMS_BRIDGE_REQUIRE_VECTORS").is_some_and(|value| value == "1");
            assert!(
                !insisted,
                "the vectors are insisted on and not there: {error}"
            );
            println!("skipped: no vectors beside the checkout");
            Vec::new()
        }
    }
}

/// What the modem said, in pieces.
fn pieces(transcript: &Value) -> Vec<String> {
    match (
        transcript["bytes_latin1"].as_str(),
        transcript["rx_sequence"].as_array(),
    ) {
        (Some(bytes), _) => vec![bytes.to_owned()],
        (None, Some(sequence)) => sequence
            .iter()
            .filter_map(Value::as_str)
            .map(|piece| piece.replace("{ref}", "77"))
            .collect(),
        (None, None) => panic!("a transcript without bytes: {transcript}"),
    }
}

/// Bring-up where the commands that begin so are answered with the transcript.
fn brought_up(begins: &str, said: &str) -> Bench {
    let mut bench = Bench::new(settings());
    bench.rule(begins, 1, said);
    bench.bring_up();
    assert_eq!(*bench.phase(), Phase::Ready, "{said}");
    bench
}

/// A send whose prompt and result come in these pieces.
fn sent(prompt: &str, result: &str) -> String {
    let mut bench = Bench::ready();
    bench.rule("AT+CMGS", 1, prompt).rule("^Z", 1, result);
    bench.send(1);
    bench.run(seconds(160));
    bench.told.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn every_transcript_ends_as_wished() {
    let transcripts = transcripts();
    for transcript in &transcripts {
        let source = transcript["source"].as_str().unwrap_or_default();
        let kind = transcript["kind"].as_str().unwrap_or_default();
        let pieces = pieces(transcript);
        let all = pieces.concat();
        match (source, kind) {
            (_, "at-cnmi") => drop(brought_up("AT+CNMI=?", &all)),
            (_, "at-cpms" | "at-cpms-sm") => drop(brought_up("AT+CPMS=?", &all)),
            (_, "at-creg" | "at-creg-corner") => {
                let bench = brought_up("AT+CREG?", &all);
                // One of them is not registered at first, and woken.
                let expected = if all.contains(",5,") {
                    Registration::Roaming
                } else {
                    Registration::Home
                };
                assert_eq!(bench.engine.status().registration, expected, "{all}");
            }
            (_, "at-smsc") => {
                let bench = brought_up("AT+CSCA?", &all);
                let centre = bench
                    .engine
                    .status()
                    .service_centre
                    .clone()
                    .expect("a number");
                assert!(centre.reveal().starts_with("+972"), "{centre}");
            }
            (_, "at-model") => {
                let bench = brought_up("AT+CGMM", &all);
                assert!(bench.engine.status().identity.model.is_some(), "{all}");
            }
            (_, "at-ussd") => {
                let mut bench = Bench::ready();
                bench.ask(Request::Ussd {
                    code: "*100#".to_owned(),
                });
                bench.say(&all);
                let hexadecimal = all.split('"').nth(1).expect("a quoted text");
                assert!(
                    bench.told.starts_with("1: Ended") && !bench.told.contains(hexadecimal),
                    "{}",
                    bench.told
                );
            }
            ("babca/python-gsmmodem", kind) if kind.starts_with("sendSms") => {
                let split = pieces
                    .iter()
                    .position(|piece| piece.starts_with("> "))
                    .expect("a prompt")
                    + 1;
                let result: String = pieces[split..]
                    .iter()
                    .filter(|piece| !piece.contains("<pdu"))
                    .cloned()
                    .collect();
                let expected = if all.contains("+CMGS") {
                    "1: accepted, reference 77"
                } else {
                    "1: it cannot be told"
                };
                let told = sent(&pieces[..split].concat(), &result);
                assert!(told.starts_with(expected), "{told}");
            }
            ("warthog618/modem", _) if all.contains("pad") || all.contains("+CMS ERROR") => {
                let expected = match (all.contains("+CMGS"), all.contains("204")) {
                    (true, _) => "1: accepted, reference 43",
                    (false, true) => "1: not sent: the network refused",
                    (false, false) => "1: it cannot be told",
                };
                let told = sent("\r\n> ", &all);
                assert!(told.starts_with(expected), "{told}");
            }
            ("warthog618/modem", _) if all.contains("+CMT") => {
                let mut bench = Bench::ready();
                bench.say(&all);
                // Whether it decodes is for others to find out: nothing is lost here.
                let pdu = all.lines().nth(1).expect("a PDU");
                assert_eq!(bench.told, format!("received direct Message {pdu}\n"));
            }
            (_, "ZTE status report with empty +CMGR status") => {
                let mut bench = Bench::ready();
                bench.rule("AT+CMGR=1", 1, &pieces[1..].concat());
                bench.say(&pieces[0]);
                assert!(bench.told.starts_with("received SM 1 "), "{}", bench.told);
            }
            (_, "Qualcomm M6280 SIM busy on CSCA") => {
                let bench = brought_up("AT+CSCA?", &all);
                assert!(
                    bench.engine.status().service_centre.is_some(),
                    "asked again"
                );
            }
            ("gammu/gammu#93", _) => {
                let bench = brought_up("AT+CPMS=\"", &all);
                let chosen = bench
                    .written
                    .iter()
                    .filter(|written| written.starts_with("AT+CPMS=\""));
                assert_eq!(chosen.count(), 2, "the same command again");
                assert!(!bench.engine.status().storage.is_empty());
            }
            ("gammu/gammu#438", _) => {
                let told = sent(&all, "\r\n+CMGS: 77\r\n\r\nOK\r\n");
                assert_eq!(told, "1: accepted, reference 77");
            }
            ("zabsalahid/serialport-gsm#60", _) => {
                let mut bench = Bench::ready();
                bench.say(&all);
                assert_eq!(bench.written, ["AT+CMGR=1"], "{all}");
            }
            (_, "dispatch") if all.contains("+CUSD") => {
                let mut bench = Bench::ready();
                bench.rule("AT+CUSD", 1, &all.replace("132", "132\r\n"));
                bench.ask(Request::Ussd {
                    code: "*99#".to_owned(),
                });
                bench.run(seconds(1));
                assert_eq!(
                    bench.told,
                    "1: error: the network does not support this service (+CME ERROR: 132)\n"
                );
            }
            _ => {
                // As the answer to the command that is echoed or fits, and out of the blue.
                let known = [
                    "AT+CPIN?", "AT+CSQ", "AT+CPMS=", "AT+CSCA?", "AT+CMGR", "AT+CMGL", "AT+CMGS",
                ];
                let begins = known.iter().find(|command| {
                    all.contains(
                        command
                            .trim_start_matches("AT")
                            .trim_end_matches(['?', '=']),
                    )
                });
                if let Some(begins) = begins {
                    drop(brought_up(begins, &all));
                }
                let mut bench = Bench::ready();
                bench.say(&all);
                bench.run(seconds(5));
                bench.send(1);
                bench.run(seconds(20));
                assert_eq!(*bench.phase(), Phase::Ready, "{all}");
                assert!(
                    bench.told.ends_with("1: accepted, reference 42\n"),
                    "{all}: {}",
                    bench.told
                );
            }
        }
    }
}
