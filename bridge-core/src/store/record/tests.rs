use super::*;
use crate::chat::{InboxId, Place, RoomKind};
use crate::limits::{Spent, Wish};
use crate::link::TryAgain;
use crate::part::{Doubt, HoldReason};
use crate::person::Role;
use crate::slots::Marks;
use crate::store::{decode, encode};

/// Old stores hold exactly these octets (behind the version octet): a changed line needs a migration.
#[test]
fn stored_forms() {
    let conversation = Conversation {
        line: "home".parse().unwrap(),
        address: Address::Number("+12025550100".to_owned()),
    };
    let (conversation_line, conversation_address) =
        (conversation.line.clone(), conversation.address.clone());
    let questioned = conversation.clone();
    let place = Place {
        chat: "-100".to_owned(),
        thread: Some("7".to_owned()),
    };
    let receipt = Receipt {
        place: place.clone(),
        message: "42".to_owned(),
    };
    let network = Network("telegram".to_owned());
    let now = Timestamp(1_700_000_000_000);
    let mut forms = String::new();
    let mut add = |name: &str, value: Vec<u8>| {
        let (version, json) = value.split_first().unwrap();
        forms += &format!(
            "{name} {version} {}\n",
            String::from_utf8(json.to_vec()).unwrap()
        );
    };
    let mut message = Message {
        conversation: conversation.clone(),
        text: "hi".to_owned(),
        at: now,
        way: Way::In {
            sent_at: None,
            notes: vec!["n".to_owned()],
            count: 1,
            pdus: vec!["00".to_owned()],
        },
    };
    add("message-in", encode(&message).unwrap());
    message.way = Way::Out {
        author: "me".to_owned(),
        network: network.clone(),
        origin: receipt.clone(),
        parts: 1,
        again: 0,
        asked_at: None,
    };
    add("message-out", encode(&message).unwrap());
    let doubt = || Doubt {
        cause: "c".to_owned(),
        at: now,
    };
    let states = [
        PartState::Queued {
            attempt: 1,
            due: now,
            doubt: None,
        },
        PartState::Held {
            reason: HoldReason::LineDown,
            doubt: Some(doubt()),
        },
        PartState::Held {
            reason: HoldReason::EarlierPart,
            doubt: None,
        },
        PartState::Transmitting {
            attempt: 1,
            at: now,
            doubt: None,
            slot: None,
        },
        PartState::Sent {
            reference: Some(3),
            at: now,
        },
        PartState::Delivered,
        PartState::Failed {
            cause: "c".to_owned(),
            may_try_again: TryAgain::Sensible,
        },
        PartState::Unknown(doubt()),
        PartState::Cancelled,
        PartState::Held {
            reason: HoldReason::Unconfirmed,
            doubt: None,
        },
        PartState::Held {
            reason: HoldReason::Stale,
            doubt: None,
        },
        PartState::Expired,
    ];
    let slot = || StorageSlot {
        memory: "SM".to_owned(),
        index: 3,
    };
    let staged = [
        PartState::Staging {
            attempt: 1,
            at: now,
            doubt: None,
        },
        PartState::Staged {
            attempt: 1,
            due: now,
            slot: slot(),
            doubt: Some(doubt()),
        },
        PartState::Transmitting {
            attempt: 2,
            at: now,
            doubt: None,
            slot: Some(slot()),
        },
    ];
    for state in states.into_iter().chain(staged) {
        let part = Part {
            conversation: conversation.clone(),
            tpdu: "01".to_owned(),
            report: ReportWish::Asked,
            state,
        };
        let stored = encode(&part).unwrap();
        assert_eq!(decode::<Part>(&[], &stored).unwrap(), part);
        add("part", stored);
    }
    let report = UnmatchedReport {
        reference: 7,
        recipient: conversation.address.clone(),
        submitted_at: Some(now),
        failure: None,
        arrived_at: now,
    };
    add("unmatched", encode(&report).unwrap());
    for tried in [
        Tried::Not,
        Tried::Accepted,
        Tried::Refused,
        Tried::Doubted,
        Tried::Over,
    ] {
        let note = StagedNote {
            part: PartId::new(MessageId(1), 2),
            slot: (tried != Tried::Not).then(slot),
            tried,
            modem: (tried == Tried::Doubted).then(|| "Acme M1 1.0".to_owned()),
        };
        add("staged", encode(&note).unwrap());
    }
    add(
        "sends",
        encode(&Sends {
            reference: Some(7),
            since: 1,
            doubtful: Some(PartId(9)),
        })
        .unwrap(),
    );
    for marks in [Marks::Telling, Marks::Silent] {
        add("slot-marks", encode(&marks).unwrap());
    }
    add(
        "told-notice",
        encode(&ToldNotice {
            at: now,
            count: 2,
            posts: vec![PostId(5)],
        })
        .unwrap(),
    );
    add(
        "notice-hour",
        encode(&NoticeHour {
            since: now,
            told: 3,
        })
        .unwrap(),
    );
    add(
        "taken",
        encode(&Taken {
            at: now,
            slot: Some(slot()),
            message: None,
            dated: Dated::Yes,
        })
        .unwrap(),
    );
    for state in [
        FirstLookState::Looking,
        FirstLookState::Saved {
            text: "t".to_owned(),
            posts: vec![PostId(5)],
        },
        FirstLookState::Over,
    ] {
        let note = FirstLookNote {
            at: now,
            file: "sim-home.jsonl".to_owned(),
            state,
        };
        add("first-look", encode(&note).unwrap());
    }
    let set = FragmentSet {
        conversation: conversation.clone(),
        total: 3,
        parts: vec![(2, "00".to_owned())],
        last_at: now,
        sent_at: None,
        shown: Some(MessageId(1)),
    };
    add("fragments", encode(&set).unwrap());
    let destinations = [
        Destination::Conversation {
            inbox: InboxId("-100".to_owned()),
            conversation: conversation.clone(),
        },
        Destination::Admin {
            inbox: InboxId("1".to_owned()),
        },
        Destination::Place(place.clone()),
    ];
    let contents = [
        Content::Sms {
            from: "f".to_owned(),
            line: None,
            text: "t".to_owned(),
            sent_at: None,
            sound: crate::chat::Sound::Usual,
            code: None,
            notes: Vec::new(),
        },
        Content::Mirror {
            to: "t".to_owned(),
            author: "a".to_owned(),
            via: "Matrix".to_owned(),
            text: "t".to_owned(),
        },
        Content::Notice {
            text: "t".to_owned(),
        },
    ];
    let states = [
        PostState::new(now),
        PostState::Posting {
            tries: 1,
            attempt: Attempt::Repeat,
        },
        PostState::Posted {
            receipt: receipt.clone(),
        },
    ];
    for ((destination, content), state) in destinations.into_iter().zip(contents).zip(states) {
        let post = Post {
            network: network.clone(),
            destination,
            content,
            reply_to: Some("1".to_owned()),
            choices: vec![Choice {
                token: "t".to_owned(),
                label: "l".to_owned(),
                command: None,
            }],
            message: Some(MessageId(1)),
            conversation: Some(conversation.clone()),
            mirrors: None,
            made_at: now,
            state,
            revision: 1,
            shown_revision: 0,
        };
        add("post", encode(&post).unwrap());
    }
    for state in [
        PostState::Doubtful {
            cause: "c".to_owned(),
        },
        PostState::Dead {
            cause: "c".to_owned(),
        },
        PostState::Dropped,
    ] {
        add("post-state", encode(&state).unwrap());
    }
    let origin = receipt.clone();
    let mark = Mark {
        network: network.clone(),
        receipt,
        message: MessageId(1),
        shown: Some(MessageState::Sent),
        tries: 0,
        due: now,
    };
    add("mark", encode(&mark).unwrap());
    add(
        "room-use",
        encode(&RoomUse::Conversation(conversation.clone())).unwrap(),
    );
    add("room-use", encode(&RoomUse::Shared).unwrap());
    add("room-use", encode(&RoomUse::Notices).unwrap());
    let notices = Destination::Notices {
        inbox: InboxId("-100".to_owned()),
        line: conversation.line.clone(),
    };
    add("destination", encode(&notices).unwrap());
    let offset: crate::quiet::UtcOffset = "-03:30".parse().unwrap();
    add("offset", encode(&offset).unwrap());
    let code = Content::Sms {
        from: "f".to_owned(),
        line: None,
        text: "t".to_owned(),
        sent_at: None,
        notes: Vec::new(),
        sound: crate::chat::Sound::Silent,
        code: Some("482913".to_owned()),
    };
    add("content", encode(&code).unwrap());
    add(
        "expiring",
        encode(&Expiring {
            key: "00".to_owned(),
        })
        .unwrap(),
    );
    add(
        "tally",
        encode(&Tally {
            commits: 7,
            records: BTreeMap::from([("message".to_owned(), 2), ("post".to_owned(), 3)]),
        })
        .unwrap(),
    );
    for from in [
        RestoredFrom::Itself,
        RestoredFrom::Export(now),
        RestoredFrom::Nothing,
    ] {
        let restored = Restored {
            at: now,
            from,
            aside: Some("store.damaged-20261201T000408Z".to_owned()),
            is_settled: false,
            told: vec![network.clone()],
        };
        add("restored", encode(&restored).unwrap());
    }
    add(
        "quarantine",
        encode(&Quarantined {
            value: "017B".to_owned(),
            cause: "c".to_owned(),
        })
        .unwrap(),
    );
    let mut note = ReceiptNote {
        conversation: Some(conversation.clone()),
        message: None,
        outage: None,
        question: None,
        stranger: None,
        ussd: None,
        sim: None,
    };
    add("receipt", encode(&note).unwrap());
    (note.outage, note.question, note.stranger) = (Some(9), Some(10), Some(11));
    (note.ussd, note.sim) = (Some(12), Some(13));
    add("receipt", encode(&note).unwrap());
    let outage = Outage {
        network,
        inbox: InboxId("-100".to_owned()),
        since: now,
        cause: "c".to_owned(),
        refused: 2,
        doubtful: 1,
        listed: "t".to_owned(),
        unlisted: 1,
        conversation: Some(conversation),
        notices: vec![PostId(5)],
        is_over: false,
    };
    add("outage", encode(&outage).unwrap());
    let confirmed = Confirmed {
        by: "me".to_owned(),
        at: now,
    };
    add("confirmed", encode(&confirmed).unwrap());
    let mut spent = Spent::default();
    add("spent", encode(&spent).unwrap());
    spent.accept(
        Wish {
            messages: 1,
            parts: 3,
        },
        now,
    );
    spent.ask(now);
    spent.country = "PK".parse().ok();
    add("spent", encode(&spent).unwrap());
    for state in [
        QuestionState::Open,
        QuestionState::Answered,
        QuestionState::Sent,
        QuestionState::Dropped,
    ] {
        let mut question = Question {
            text: "t".to_owned(),
            line: None,
            to: None,
            origin: origin.clone(),
            state,
        };
        add("question", encode(&question).unwrap());
        question.line = Some(conversation_line.clone());
        question.to = Some(questioned.clone());
        add("question", encode(&question).unwrap());
    }
    let said = [
        UssdState::Waiting(UssdInput::Code("*100#".to_owned())),
        UssdState::Waiting(UssdInput::Reply("1".to_owned())),
        UssdState::UnderWay,
        UssdState::Open,
        UssdState::Ending,
        UssdState::Over,
    ];
    for state in said {
        let ussd = Ussd {
            line: conversation_line.clone(),
            network: Network("telegram".to_owned()),
            origin: origin.clone(),
            state,
        };
        add("ussd", encode(&ussd).unwrap());
    }
    let accepted = Sim {
        iccid: Some("8949".to_owned()),
        imsi: None,
    };
    let other = OtherSim {
        sim: Sim {
            iccid: None,
            imsi: Some("26207".to_owned()),
        },
        question: 14,
        notices: vec![PostId(15)],
    };
    for other in [None, Some(other)] {
        let accepted = accepted.clone();
        add("sim", encode(&SimNote { accepted, other }).unwrap());
    }
    for role in [Some(Role::Writer), None] {
        let member = Member {
            name: "Ann".to_owned(),
            role,
            by: "me".to_owned(),
            at: now,
        };
        add("member", encode(&member).unwrap());
    }
    let stranger = Stranger {
        network: Network("telegram".to_owned()),
        id: "5".to_owned(),
        name: "Ann".to_owned(),
        place: place.clone(),
        notices: vec![PostId(12)],
    };
    add("stranger", encode(&stranger).unwrap());
    for treatment in [
        crate::writer::treatment::Treatment::Muted,
        crate::writer::treatment::Treatment::Blocked,
    ] {
        add("treated", encode(&treatment).unwrap());
    }
    let renaming = Renaming {
        network: Network("telegram".to_owned()),
        room: Room {
            place: place.clone(),
            kind: RoomKind::Dedicated,
        },
        address: conversation_address.clone(),
        tries: 1,
        due: now,
    };
    add("renaming", encode(&renaming).unwrap());
    let contact = crate::contact::Contact {
        name: "Ali".to_owned(),
        numbers: vec![conversation_address, Address::Local("8558".to_owned())],
    };
    add("contact", encode(&contact).unwrap());
    let room = Room {
        place,
        kind: RoomKind::Dedicated,
    };
    for state in [RoomState::Wanted(Attempt::First), RoomState::Made(room)] {
        add(
            "room",
            encode(&RoomNote {
                intent: PostId(5),
                state,
            })
            .unwrap(),
        );
    }
    expect_test::expect_file!["../../../tests/snapshots/records.txt"].assert_eq(&forms);
}
