use super::*;
use crate::link::{UssdAnswer, UssdInput};
use crate::store::record::{Ussd, UssdState};

fn state_of(writer: &mut Writer, id: u64) -> UssdState {
    let mut group = Group::default();
    let loaded = writer.work(&mut group, |work| {
        work.transaction.load::<Ussd>(&keys::ussd(id))
    });
    loaded.unwrap().unwrap().state
}

fn claim_ussd(writer: &mut Writer, group: &mut Group) -> Answered<Claim<UssdJob>> {
    let line = home();
    ask(writer, group, |reply| Request::ClaimUssd { line, reply })
}

/// The database is opened anew now and then, while the line's worker is in the middle of a dialogue.
#[tokio::test]
async fn dialogues_survive_a_database_that_is_opened_anew_but_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = opened(folder.path());
    let code = || UssdInput::Code("*100#".to_owned());
    let states = [
        (1, UssdState::UnderWay),
        (2, UssdState::Open),
        (3, UssdState::Waiting(code())),
    ];
    let mut group = Group::default();
    for (id, state) in states.clone() {
        let ussd = Ussd {
            line: home(),
            network: Network(NETWORK.to_owned()),
            origin: Receipt {
                place: Place {
                    chat: "1".to_owned(),
                    thread: None,
                },
                message: id.to_string(),
            },
            state,
        };
        let saved = writer.work(&mut group, |work| work.save_ussd(id, &ussd));
        saved.unwrap();
    }
    writer.commit(group).await;
    writer.renew().await;
    for (id, state) in states {
        assert_eq!(state_of(&mut writer, id), state);
    }
    // What is under way is the worker's, and what waits is behind it.
    let mut group = Group::default();
    let claimed = claim_ussd(&mut writer, &mut group);
    writer.commit(group).await;
    let claimed = claimed.await.unwrap().unwrap();
    assert!(matches!(claimed, Claim::Wait(None)), "{claimed:?}");
    let mut group = Group::default();
    let settled = ask(&mut writer, &mut group, |reply| Request::SettleUssd {
        id: 1,
        outcome: Ok(UssdAnswer {
            text: "You have 3.20".to_owned(),
            expects_reply: false,
        }),
        reply,
    });
    let claimed = claim_ussd(&mut writer, &mut group);
    writer.commit(group).await;
    assert!(settled.await.unwrap().is_ok());
    assert!(matches!(
        claimed.await.unwrap().unwrap(),
        Claim::Job(UssdJob {
            id: 3,
            input: Some(_)
        })
    ));
    assert_eq!(state_of(&mut writer, 1), UssdState::Over);

    drop(writer);
    let mut writer = opened(folder.path());
    for id in 1..=3 {
        assert_eq!(state_of(&mut writer, id), UssdState::Over, "{id}");
    }
}
