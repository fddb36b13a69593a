use super::*;

const NOW: Timestamp = Timestamp(1_000_000);
const THEN: Timestamp = Timestamp(5_000);

fn doubt() -> Doubt {
    Doubt {
        cause: "no answer".to_owned(),
        at: THEN,
    }
}

fn slot() -> StorageSlot {
    StorageSlot {
        memory: "SM".to_owned(),
        index: 4,
    }
}

fn held(reason: HoldReason, doubt: Option<Doubt>) -> PartState {
    PartState::Held { reason, doubt }
}

fn states() -> Vec<PartState> {
    vec![
        PartState::Queued {
            attempt: 1,
            due: THEN,
            doubt: None,
        },
        PartState::Queued {
            attempt: 0,
            due: THEN,
            doubt: Some(doubt()),
        },
        held(HoldReason::LineDown, None),
        held(HoldReason::LineDown, Some(doubt())),
        held(HoldReason::EarlierPart, None),
        held(HoldReason::Stale, None),
        held(HoldReason::Stale, Some(doubt())),
        held(HoldReason::Unconfirmed, None),
        PartState::Transmitting {
            attempt: 2,
            at: THEN,
            doubt: None,
            slot: None,
        },
        PartState::Transmitting {
            attempt: 1,
            at: THEN,
            doubt: Some(doubt()),
            slot: None,
        },
        PartState::Staging {
            attempt: 1,
            at: THEN,
            doubt: None,
        },
        PartState::Staging {
            attempt: 0,
            at: THEN,
            doubt: Some(doubt()),
        },
        PartState::Staged {
            attempt: 1,
            due: THEN,
            slot: slot(),
            doubt: None,
        },
        PartState::Staged {
            attempt: 0,
            due: THEN,
            slot: slot(),
            doubt: Some(doubt()),
        },
        PartState::Transmitting {
            attempt: 2,
            at: THEN,
            doubt: None,
            slot: Some(slot()),
        },
        PartState::Sent {
            reference: Some(7),
            at: THEN,
        },
        PartState::Delivered,
        PartState::Failed {
            cause: "refused".to_owned(),
            may_try_again: TryAgain::Pointless,
        },
        PartState::Unknown(doubt()),
        PartState::Cancelled,
        PartState::Expired,
    ]
}

fn events() -> Vec<PartEvent> {
    let cause = || "c".to_owned();
    vec![
        PartEvent::Claimed,
        PartEvent::ClaimedToStage,
        PartEvent::Stored { slot: slot() },
        PartEvent::NotStored,
        PartEvent::SlotUnfit,
        PartEvent::FoundSent,
        PartEvent::Held(HoldReason::LineDown),
        PartEvent::Held(HoldReason::Stale),
        PartEvent::Accepted { reference: Some(9) },
        PartEvent::Postponed {
            wait: Duration::from_secs(5),
        },
        PartEvent::Refused {
            cause: cause(),
            may_try_again: TryAgain::Sensible,
        },
        PartEvent::Doubted { cause: cause() },
        PartEvent::Restarted,
        PartEvent::AcceptedLate { reference: None },
        PartEvent::RefusedLate { cause: cause() },
        PartEvent::Reported(Report::Delivered),
        PartEvent::Reported(Report::Failed { cause: cause() }),
        PartEvent::Cancelled,
        PartEvent::Expired,
        PartEvent::AskedAgain,
    ]
}

/// The table at the head of this module, whole: every pair that changes a state.
#[test]
fn transition_table() {
    let mut table = String::new();
    for state in states() {
        for event in events() {
            let (after, effect) = state.clone().apply(event.clone(), NOW);
            if after != state {
                table += &format!("{state:?} + {event:?} = {after:?}");
                table += &effect
                    .map(|effect| format!(" ! {effect:?}"))
                    .unwrap_or_default();
                table.push('\n');
            } else {
                assert_eq!(effect, None, "{state:?} + {event:?}");
            }
        }
    }
    expect_test::expect_file!["../../tests/snapshots/part_transitions.txt"].assert_eq(&table);
}

#[test]
fn nothing_but_a_person_sends_a_doubtful_part_again() {
    for event in events() {
        let unknown = PartState::Unknown(doubt());
        let (after, _) = unknown.apply(event.clone(), NOW);
        assert_eq!(after.is_due(), event == PartEvent::AskedAgain, "{event:?}");
    }
}

/// What waited for too long leaves only after a person said so.
#[test]
fn nothing_but_a_person_sends_a_stale_or_expired_part() {
    for state in states() {
        if !state.is_stale() && state != PartState::Expired {
            continue;
        }
        for event in events() {
            let (after, _) = state.clone().apply(event.clone(), NOW);
            let goes_out = after.is_due() || after.is_in_hand();
            assert_eq!(goes_out, event == PartEvent::AskedAgain, "{event:?}");
        }
    }
}

/// What is written into the modem's memory has not left: a stop then takes nothing into doubt. Once it is handed over for
/// transmission it may have, whatever else is known.
#[test]
fn a_stop_leaves_a_doubt_only_where_something_may_have_left() {
    for state in states() {
        let (after, _) = state.clone().apply(PartEvent::Restarted, NOW);
        let may_have_left = matches!(
            state,
            PartState::Transmitting { .. } | PartState::Unknown(_)
        );
        assert_eq!(
            matches!(after, PartState::Unknown(_)),
            may_have_left,
            "{state:?}"
        );
        assert!(!matches!(after, PartState::Staging { .. }), "{state:?}");
    }
}

/// Finding a slot sent resolves a doubt, and is the start of no transmission in any state.
#[test]
fn a_slot_that_was_sent_only_ever_ends_a_doubt() {
    for state in states() {
        let (after, effect) = state.clone().apply(PartEvent::FoundSent, NOW);
        assert_eq!(effect, None, "{state:?}");
        let doubtful = state.awaits_report().is_some() && !matches!(state, PartState::Sent { .. });
        let expected = match doubtful {
            true => PartState::Sent {
                reference: None,
                at: THEN,
            },
            false => state.clone(),
        };
        assert_eq!(after, expected, "{state:?}");
    }
}

#[test]
fn the_state_of_a_message() {
    let sent = || PartState::Sent {
        reference: None,
        at: THEN,
    };
    let unknown = || PartState::Unknown(doubt());
    let queued = || PartState::Queued {
        attempt: 0,
        due: THEN,
        doubt: None,
    };
    let failed = || PartState::Failed {
        cause: String::new(),
        may_try_again: TryAgain::Pointless,
    };
    let cases = [
        (vec![queued(), queued()], MessageState::Queued),
        (vec![sent(), queued()], MessageState::Queued),
        (vec![sent(), sent()], MessageState::Sent),
        (vec![PartState::Delivered, sent()], MessageState::Sent),
        (
            vec![PartState::Delivered, PartState::Delivered],
            MessageState::Delivered,
        ),
        (vec![unknown(), queued()], MessageState::Unknown),
        (vec![unknown(), failed()], MessageState::Failed),
        (
            vec![sent(), held(HoldReason::EarlierPart, None)],
            MessageState::Failed,
        ),
        (
            vec![PartState::Cancelled, PartState::Cancelled],
            MessageState::Cancelled,
        ),
        (
            vec![sent(), held(HoldReason::Stale, None)],
            MessageState::Queued,
        ),
        (
            vec![held(HoldReason::Unconfirmed, None)],
            MessageState::Queued,
        ),
        (
            vec![PartState::Expired, PartState::Expired],
            MessageState::Failed,
        ),
    ];
    for (parts, state) in cases {
        assert_eq!(message_state(&parts), state, "{parts:?}");
    }
}

#[test]
fn back_off_grows_and_stays_bounded() {
    let mut random = fastrand::Rng::with_seed(1);
    for attempt in 0..100 {
        let wait = back_off(attempt, &mut random);
        assert!(
            wait >= Duration::from_millis(3_750) && wait <= LONGEST_BACK_OFF,
            "{attempt}: {wait:?}"
        );
    }
    assert!(back_off(9, &mut random) >= Duration::from_secs(225));
}
