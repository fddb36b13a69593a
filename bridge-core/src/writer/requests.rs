//! Which work each request is.

use crate::handle::{LineWakers, Reply, Request};
use crate::id::PostId;
use crate::store::keys;
use crate::writer::space::Need;
use crate::writer::{Group, QueueName, Writer, claim, first};

impl Writer {
    /// Does what is asked; the answer waits for the commit. What comes back asks for the end.
    pub(super) fn handle(&mut self, request: Request, group: &mut Group) -> Option<Reply<()>> {
        self.need = Need::of(&request);
        match request {
            Request::TakeOver {
                line,
                gone,
                received,
                reply,
            } => {
                self.answer(group, reply, |work| work.take_over(&line, &gone, &received));
            }
            Request::FirstLook { line, reply } => {
                self.answer(group, reply, |work| work.first_look(&line));
            }
            Request::FirstLookSaved { line, saved, reply } => {
                self.answer(group, reply, |work| work.first_look_saved(&line, saved));
            }
            Request::FirstLookShown { line, reply } => {
                self.answer(group, reply, |work| work.first_look_shown(&line));
            }
            Request::LateOutcome {
                part,
                outcome,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.outcome_arrived_late(part, outcome)
                });
            }
            Request::Submit {
                network,
                events,
                gaps,
                cursor,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.tell_gaps(&network, gaps)?;
                    work.submit(&network, events, cursor)
                });
            }
            Request::Cursor {
                network,
                key,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.transaction.load(&keys::cursor(&network, &key))
                });
            }
            Request::AdoptRoom {
                network,
                place,
                destination,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.adopt_room(&network, &place, &destination)
                });
            }
            Request::RoomKind {
                network,
                place,
                reply,
            } => {
                self.answer(group, reply, |work| work.room_kind(&network, &place));
            }
            Request::Pair {
                network,
                author,
                role,
                reply,
            } => {
                self.answer(group, reply, |work| work.pair(&network, &author, role));
            }
            Request::Members { reply } => {
                self.answer(group, reply, |work| work.members());
            }
            Request::Pending { reply } => {
                let count = |chat: bool| {
                    let queues = self
                        .queues
                        .iter()
                        .filter(|(name, _)| matches!(name, QueueName::Chat(_)) == chat);
                    queues.map(|(_, (queue, _))| queue.len()).sum()
                };
                let (parts, posts) = (count(false), count(true));
                self.answer(group, reply, |work| work.pending(parts, posts));
            }
            Request::AttachLine {
                line,
                status,
                reply,
            } => {
                let wakers = LineWakers {
                    parts: self.waker(QueueName::Line(line.clone())),
                    ussd: self.waker(QueueName::Ussd(line.clone())),
                };
                self.answer(group, reply, |work| {
                    work.core.status.insert(line, status);
                    Ok(wakers)
                });
            }
            Request::AttachChat { description, reply } => {
                let waker = self.waker(QueueName::Chat(description.network.clone()));
                self.answer(group, reply, |work| {
                    work.attach_chat(description).map(|()| waker)
                });
            }
            Request::ClaimPart { line, reply } => {
                let claimed = self.claim_part(group, line);
                group.answer(reply, claimed);
            }
            Request::SettleRenaming {
                id,
                title,
                outcome,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.settle_renaming(id, &title, outcome)
                });
            }
            Request::ClaimUssd { line, reply } => {
                let next = self.next(&QueueName::Ussd(line), 1);
                let claimed = self.work(group, |work| claim(next, |id| work.claim_ussd(id)));
                group.answer(reply, claimed.map(first));
            }
            Request::SettleUssd { id, outcome, reply } => {
                self.answer(group, reply, |work| work.settle_ussd(id, outcome));
            }
            Request::HoldLine { line, reply } => {
                self.answer(group, reply, |work| work.hold_line(&line));
            }
            Request::SettlePart {
                id,
                outcome,
                reading,
                then,
                reply,
            } => {
                let next = self.settle_part(group, (id, outcome, reading), then);
                group.answer(reply, next);
            }
            Request::SettleStaging { id, outcome, reply } => {
                self.answer(group, reply, |work| work.settle_staging(id, outcome));
            }
            Request::SettleCheck { id, reading, reply } => {
                self.answer(group, reply, |work| work.settle_check(id, reading));
            }
            Request::SlotWork { line, reply } => {
                self.answer(group, reply, |work| work.slot_work(&line));
            }
            Request::SlotRead {
                line,
                note,
                reading,
                reply,
            } => {
                self.answer(group, reply, |work| work.slot_read(&line, note, reading));
            }
            Request::SlotsCleared { line, notes, reply } => {
                self.answer(group, reply, |work| work.slots_cleared(&line, &notes));
            }
            Request::LineNotice {
                line,
                notice,
                reply,
            } => {
                self.answer(group, reply, |work| work.line_notice(&line, notice));
            }
            Request::ClaimChat {
                network,
                most,
                reply,
            } => {
                let next = self.next(&QueueName::Chat(network), most);
                self.answer(group, reply, |work| {
                    claim(next, |id| work.claim_chat(PostId(id)))
                });
            }
            Request::RoomMade {
                network,
                destination,
                room,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.room_made(&network, &destination, room)
                });
            }
            Request::RoomNotMade {
                network,
                destination,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.room_not_made(&network, &destination)
                });
            }
            Request::SettlePost { id, outcome, reply } => {
                self.answer(group, reply, |work| work.settle_post(id, outcome));
            }
            Request::SettleAmend {
                id,
                revision,
                outcome,
                reply,
            } => {
                self.answer(group, reply, |work| {
                    work.settle_amend(id, revision, outcome)
                });
            }
            Request::SettleMark {
                id,
                shown,
                outcome,
                reply,
            } => {
                self.answer(group, reply, |work| work.settle_mark(id, shown, outcome));
            }
            Request::Unfinished { line, reply } => {
                self.answer(group, reply, |work| work.unfinished(&line));
            }
            Request::Stop { reply } => return Some(reply),
        }
        None
    }
}
