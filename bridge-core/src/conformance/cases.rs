//! The cases. Each uses a number of its own, and ends with what a person sees.

use std::pin::Pin;

use crate::chat::MessageState;
use crate::conformance::Who;
use crate::conformance::stage::{Outcome, Stage};
use crate::link::{LinkPhase, SendError, TryAgain};

/// One case.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) play:
        for<'s, 'a> fn(&'s mut Stage<'a>) -> Pin<Box<dyn Future<Output = Outcome> + 's>>,
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// Every case, in the order in which they are played.
        pub(super) const ALL: &[Case] =
            &[$(Case { name: stringify!($name), play: |stage| Box::pin($name(stage)) }),*];
    };
}

cases![
    an_sms_is_shown_and_its_answer_goes_out,
    markup_in_an_sms_is_text,
    further_sms_of_a_contact_come_to_the_same_place,
    a_long_sms_is_whole,
    a_missing_part_is_marked_and_a_late_one_fills_the_gap,
    a_repeated_sms_is_shown_once,
    a_command_sends_and_shows_its_state,
    commands_are_answered,
    what_cannot_be_sent_is_answered,
    a_picture_is_answered,
    a_sender_with_a_name_cannot_be_answered,
    a_refusal_is_told_with_its_cause,
    a_doubt_is_shown_and_only_a_person_sends_again,
    a_stranger_sends_nothing,
    a_refused_post_arrives_later,
    a_lost_answer_loses_nothing,
    a_queued_message_survives_a_restart,
    a_reply_finds_its_contact_after_a_restart,
];

async fn an_sms_is_shown_and_its_answer_goes_out(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let post = stage.shown(&number, "Are you there?").await?;
    stage.answer(&post, "Yes, I am").await;
    stage.sent(&number, &["Yes, I am"]).await?;
    stage.state_of("Yes, I am", MessageState::Sent).await?;
    stage.delivered(&number).await?;
    stage.state_of("Yes, I am", MessageState::Delivered).await
}

async fn markup_in_an_sms_is_text(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let text =
        "<b>bold</b> &amp; *stars* _lines_ [link](http://example.org) `code` <https://example.org>";
    stage.shown(&number, text).await.map(|_| ())?;
    // A right-to-left override would let a sender turn what follows around.
    let pdus = stage.line.incoming(&number, "evil \u{202e}txet");
    stage.arrives(&pdus).await?;
    let post = stage.post_with("txet").await?;
    if post.text.contains('\u{202e}') {
        return Err(format!("the override is in {:?}", post.text));
    }
    // Everybody would be rung.
    let pdus = stage.line.incoming(&number, "come here @room");
    stage.arrives(&pdus).await?;
    let post = stage.post_with("come here").await?;
    if post.text.contains("@room") {
        Err(format!("the room is mentioned in {:?}", post.text))
    } else {
        Ok(())
    }
}

async fn further_sms_of_a_contact_come_to_the_same_place(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let first = stage.shown(&number, "first of three").await?;
    let second = stage.shown(&number, "second of three").await?;
    let third = stage.shown(&number, "third of three").await?;
    if first.place == second.place && second.place == third.place {
        return Ok(());
    }
    Err(format!(
        "{:?}, {:?}, {:?}",
        first.place, second.place, third.place
    ))
}

async fn a_long_sms_is_whole(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let text = "Ünïcode 😀 and words, ".repeat(20).trim_end().to_owned();
    let mut pdus = stage.line.incoming(&number, &text);
    pdus.reverse();
    stage.arrives(&pdus).await?;
    stage.post_with(&text).await.map(|_| ())
}

async fn a_missing_part_is_marked_and_a_late_one_fills_the_gap(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let text = format!("{}{}", "begin ".repeat(25), "end-of-gap-case");
    let pdus = stage.line.incoming(&number, &text);
    let [first, second] = pdus.as_slice() else {
        return Err(format!("{} parts", pdus.len()));
    };
    stage.arrives(std::slice::from_ref(second)).await?;
    stage.post_with("part 1 of 2 has not come").await?;
    stage.arrives(std::slice::from_ref(first)).await?;
    stage.post_with(&text).await?;
    let posts = stage.posts_with("end-of-gap-case").await;
    if posts.len() == 1 {
        Ok(())
    } else {
        Err(format!("{} posts instead of one", posts.len()))
    }
}

async fn a_repeated_sms_is_shown_once(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let pdus = stage.line.incoming(&number, "said once");
    stage.arrives(&pdus).await?;
    stage.post_with("said once").await?;
    stage.arrives(&pdus).await?;
    stage.post_with("received 2 times").await?;
    let posts = stage.posts_with("said once").await;
    if posts.len() == 1 {
        Ok(())
    } else {
        Err(format!("{posts:?}"))
    }
}

async fn a_command_sends_and_shows_its_state(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    stage.command(&format!("!send {number} by command")).await;
    stage.sent(&number, &["by command"]).await?;
    stage.state_of("by command", MessageState::Sent).await?;
    stage.delivered(&number).await?;
    stage.state_of("by command", MessageState::Delivered).await
}

async fn commands_are_answered(stage: &mut Stage<'_>) -> Outcome {
    stage.command("!help").await;
    stage.post_with("send NUMBER|NAME TEXT").await?;
    stage.command("!status").await;
    stage.post_with("SIM home: ready").await?;
    stage.command("!nonsense").await;
    stage.post_with("There is no command").await.map(|_| ())
}

async fn what_cannot_be_sent_is_answered(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    stage.command("!send bananas hello").await;
    stage.post_with("\"bananas\" is no phone number").await?;
    stage.command(&format!("!send @nowhere {number} x")).await;
    stage.post_with("there is no SIM @nowhere").await?;
    stage.command("!send +12 3 hello").await;
    stage.post_with("the number or name and the text").await?;
    // What is missing is asked for.
    stage.command(&format!("!send {number}")).await;
    stage.post_with("What is the message to").await?;
    stage.command("!cancel").await;
    stage.post_with("It is not sent").await?;
    stage.nothing_sent(&number).await
}

async fn a_picture_is_answered(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let post = stage.shown(&number, "send me a picture").await?;
    stage.counterpart.answer_with_picture(&post).await;
    stage.post_with("cannot go out as an SMS").await?;
    stage.nothing_sent(&number).await
}

async fn a_sender_with_a_name_cannot_be_answered(stage: &mut Stage<'_>) -> Outcome {
    // Such senders share a room, in which it takes a reply to say whom one means; one of its own is given on demand.
    stage.shown("MyBank", "from a name").await.map(|_| ())?;
    stage.command("!room MyBank").await;
    stage.post_with("opens a room or topic of its own").await?;
    let post = stage.shown("MyBank", "from where it is alone").await?;
    stage.answer(&post, "no way back").await;
    stage.post_with("MyBank is a name and not a number").await?;
    stage.nothing_sent("MyBank").await
}

async fn a_refusal_is_told_with_its_cause(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let post = stage.shown(&number, "refuse me").await?;
    let cause = "the network does not know this number".to_owned();
    stage.line.next_outcome(Err(SendError::Reject {
        cause,
        may_try_again: TryAgain::Sensible,
    }));
    stage.answer(&post, "to be refused").await;
    stage
        .state_of("to be refused", MessageState::Failed)
        .await?;
    let told = stage
        .post_with("the network does not know this number")
        .await?;
    stage.nothing_sent(&number).await?;
    stage.counterpart.choose(&told, "Send again").await;
    stage.sent(&number, &["to be refused"]).await?;
    stage.state_of("to be refused", MessageState::Sent).await
}

async fn a_doubt_is_shown_and_only_a_person_sends_again(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let post = stage.shown(&number, "doubt me").await?;
    let cause = "the modem did not answer the conformance case".to_owned();
    stage.line.next_outcome(Err(SendError::Unknown { cause }));
    stage.answer(&post, "maybe gone").await;
    stage.state_of("maybe gone", MessageState::Unknown).await?;
    let told = stage
        .post_with("did not answer the conformance case")
        .await?;
    stage.stop().await;
    stage.start().await;
    stage.sent(&number, &["maybe gone"]).await?;
    stage.counterpart.choose(&told, "Send again").await;
    stage.sent(&number, &["maybe gone", "maybe gone"]).await?;
    stage.state_of("maybe gone", MessageState::Sent).await
}

async fn a_stranger_sends_nothing(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let post = stage.shown(&number, "for no stranger").await?;
    stage
        .counterpart
        .answer(Who::Stranger, &post, "from a stranger")
        .await;
    stage
        .counterpart
        .command(Who::Stranger, &format!("!send {number} from a stranger"))
        .await;
    stage.nothing_sent(&number).await
}

async fn a_refused_post_arrives_later(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    // The first brings the room about, so that the refusal meets a post.
    stage.shown(&number, "before the refusal").await?;
    stage.counterpart.refuse_posts(1).await;
    stage.shown(&number, "after the refusal").await?;
    let posts = stage.posts_with("after the refusal").await;
    if posts.len() == 1 {
        Ok(())
    } else {
        Err(format!("{posts:?}"))
    }
}

async fn a_lost_answer_loses_nothing(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    stage.shown(&number, "before the lost answer").await?;
    stage.counterpart.lose_next_answer().await;
    let first = stage.shown(&number, "in doubt in the chat").await?;
    // What follows shows that the bridge is over it.
    let pdus = stage.line.incoming(&number, "after the lost answer");
    stage.arrives(&pdus).await?;
    stage.post_with("after the lost answer").await?;
    let posts = stage.posts_with("in doubt in the chat").await;
    let marked = posts
        .iter()
        .filter(|seen| seen.text.contains("possible repeat"))
        .count();
    let fine = match stage.counterpart.shows_repeats() {
        true => posts.len() == 2 && marked == 1 || posts.len() == 1,
        false => posts.len() == 1 && marked == 0,
    };
    if !fine {
        return Err(format!("{posts:?}"));
    }
    stage.answer(&first, "to the doubtful").await;
    // Where the receipt was lost, a network may leave no way to know the contact; then the bridge says so.
    stage
        .sent_or_told(&number, "to the doubtful", "I don't know which contact")
        .await
}

async fn a_queued_message_survives_a_restart(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let post = stage.shown(&number, "before the restart").await?;
    stage.line.set_phase(LinkPhase::Down);
    stage.answer(&post, "while the line was down").await;
    stage
        .state_of("while the line was down", MessageState::Queued)
        .await?;
    stage
        .post_with("the modem is unplugged: plug it in")
        .await?;
    stage.stop().await;
    stage.start().await;
    stage.line.set_phase(LinkPhase::Ready);
    stage.sent(&number, &["while the line was down"]).await?;
    stage
        .state_of("while the line was down", MessageState::Sent)
        .await
}

async fn a_reply_finds_its_contact_after_a_restart(stage: &mut Stage<'_>) -> Outcome {
    let number = stage.number();
    let post = stage.shown(&number, "answer me after the restart").await?;
    stage.stop().await;
    stage.start().await;
    stage.answer(&post, "late but here").await;
    stage.sent(&number, &["late but here"]).await
}
