//! The way to a line for everyone else: each call is one question to the driver's task and one answer from it.

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::cause::Cause;
use crate::engine::{Answer, Request};
use crate::error::{CommandError, SendError};
use crate::event::{Accepted, UssdAnswer};
use crate::pdu::RawPdu;
use crate::status::Status;
use crate::storage::{Deleted, SlotContent, StorageSlot};

/// A question on its way to the driver.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) request: Request,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// One line. Clones are the same line; the driver stops when the last of them is dropped.
#[derive(Debug, Clone)]
pub struct Handle {
    pub(super) sends: mpsc::Sender<Ask>,
    pub(super) commands: mpsc::Sender<Ask>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) stop: CancellationToken,
}

impl Handle {
    /// What the line is doing, always the newest.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Sends one finished TPDU (`+CMGS`), after those that were given before it. `tag` comes back with a late outcome.
    ///
    /// # Errors
    ///
    /// What the caller can do stands in the variant. A line that is not ready answers [`SendError::Retry`] at once.
    ///
    /// # Cancel safety
    ///
    /// A dropped future takes its message back if its turn had not come. If it had, the message goes its way, and in
    /// both cases [`crate::Event::LateOutcome`] tells the end of it under the same `tag`.
    pub async fn send(&self, tag: u64, tpdu: &[u8]) -> Result<Accepted, SendError> {
        self.leave(Request::Send {
            tag,
            tpdu: tpdu.to_vec(),
        })
        .await
    }

    /// Sends the message in a slot (`+CMSS`), which [`Handle::stage`] put there.
    ///
    /// # Errors
    ///
    /// As for [`Handle::send`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Handle::send`].
    pub async fn transmit(&self, tag: u64, slot: &StorageSlot) -> Result<Accepted, SendError> {
        self.leave(Request::Transmit {
            tag,
            slot: slot.clone(),
        })
        .await
    }

    /// Writes one finished TPDU into the modem's memory without sending it (`+CMGW`).
    ///
    /// # Errors
    ///
    /// If the modem did not say where it put it; it may be in a slot all the same.
    ///
    /// # Cancel safety
    ///
    /// A dropped future may leave a message in a slot that nobody was told of.
    pub async fn stage(&self, tpdu: &[u8]) -> Result<StorageSlot, CommandError> {
        let answer = self
            .command(Request::Stage {
                tpdu: tpdu.to_vec(),
            })
            .await?;
        let Answer::Staged(result) = answer else {
            return Err(CommandError::Unreadable { command: "+CMGW" });
        };
        result
    }

    /// Reads a slot (`+CMGR`). The modem marks an unread message as read.
    ///
    /// # Errors
    ///
    /// If the modem did not answer or refused. An empty slot is no error.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn inspect(&self, slot: &StorageSlot) -> Result<SlotContent, CommandError> {
        let answer = self
            .command(Request::Inspect { slot: slot.clone() })
            .await?;
        let Answer::Inspected(result) = answer else {
            return Err(CommandError::Unreadable { command: "+CMGR" });
        };
        result
    }

    /// Lists the messages that [`Handle::stage`], or another program, wrote into the modem's memory and that are still
    /// there, sent or not (`+CMGL`, slot by slot where it does not answer). At most 300.
    ///
    /// After [`CommandError::NoAnswer`] or [`CommandError::PortLost`] of a [`Handle::stage`] the slot that may have been
    /// filled is found here, by comparing.
    ///
    /// # Errors
    ///
    /// If the modem did not answer or refused.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn staged(&self) -> Result<Vec<(StorageSlot, SlotContent)>, CommandError> {
        let answer = self.command(Request::Staged).await?;
        let Answer::Listed(result) = answer else {
            return Err(CommandError::Unreadable { command: "+CMGL" });
        };
        result
    }

    /// Frees a slot (`+CMGD`) if it still holds `expected`. Wherever that is in doubt the slot is read first.
    ///
    /// # Errors
    ///
    /// If it could not be done or is not known to have been done. Asking again is safe.
    ///
    /// # Cancel safety
    ///
    /// A dropped future does not call the wish back; asking again is safe.
    pub async fn delete(
        &self,
        slot: &StorageSlot,
        expected: &RawPdu,
    ) -> Result<Deleted, CommandError> {
        let answer = self
            .command(Request::Delete {
                slot: slot.clone(),
                expected: expected.clone(),
            })
            .await?;
        let Answer::Deleted(result) = answer else {
            return Err(CommandError::Unreadable { command: "+CMGD" });
        };
        result
    }

    /// Asks the network something by USSD (`+CUSD`), such as the balance.
    ///
    /// # Errors
    ///
    /// If the modem or the network refused, or nothing came within 60 s.
    ///
    /// # Cancel safety
    ///
    /// A dropped future does not end the dialogue in the network.
    pub async fn ussd(&self, code: &str) -> Result<UssdAnswer, CommandError> {
        let code = code.to_owned();
        self.ask_by_ussd(Request::Ussd { code }).await
    }

    /// Replies to the network's question in a USSD dialogue.
    ///
    /// # Errors
    ///
    /// As [`ussd`](Self::ussd), and if the network waits for no reply any more: nothing was said to it then.
    ///
    /// # Cancel safety
    ///
    /// A dropped future does not end the dialogue in the network.
    pub async fn ussd_reply(&self, text: &str) -> Result<UssdAnswer, CommandError> {
        let text = text.to_owned();
        self.ask_by_ussd(Request::UssdReply { text }).await
    }

    async fn ask_by_ussd(&self, request: Request) -> Result<UssdAnswer, CommandError> {
        let answer = self.command(request).await?;
        let Answer::Ussd(result) = answer else {
            return Err(CommandError::Unreadable { command: "+CUSD" });
        };
        result
    }

    /// Ends the USSD dialogue (`AT+CUSD=2`), so that the network waits for no reply any more. A [`Handle::ussd`] that
    /// still waits for its answer gets an error. That there was no dialogue is no error.
    ///
    /// # Errors
    ///
    /// If the modem did not answer, or refused although the network waits for a reply.
    ///
    /// # Cancel safety
    ///
    /// A dropped future does not call the wish back; asking again is safe.
    pub async fn end_ussd(&self) -> Result<(), CommandError> {
        let answer = self.command(Request::UssdEnd).await?;
        let Answer::UssdEnded(result) = answer else {
            return Err(CommandError::Unreadable { command: "+CUSD" });
        };
        result
    }

    /// Stops the driver and waits until it has let go of the port: at once, or within 3 s if a message is on its way.
    /// What waits is answered `Retry`, what is on its way for longer `Unknown`.
    ///
    /// # Cancel safety
    ///
    /// The driver stops all the same.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.sends.closed().await;
    }

    async fn leave(&self, request: Request) -> Result<Accepted, SendError> {
        let (reply, answer) = oneshot::channel();
        if self.sends.send(Ask { request, reply }).await.is_err() {
            return Err(SendError::Retry {
                cause: Cause::Stopped,
            });
        }
        match answer.await {
            Ok(Answer::Sent(result)) => result,
            // The driver answers everything that it took; without an answer nobody can tell.
            Ok(
                Answer::Staged(_)
                | Answer::Inspected(_)
                | Answer::Listed(_)
                | Answer::Deleted(_)
                | Answer::Ussd(_)
                | Answer::UssdEnded(_),
            )
            | Err(_) => Err(SendError::Unknown {
                cause: Cause::Stopped,
            }),
        }
    }

    async fn command(&self, request: Request) -> Result<Answer, CommandError> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Ask { request, reply }).await.is_err() {
            return Err(CommandError::Stopped);
        }
        answer.await.map_err(|_closed| CommandError::Stopped)
    }
}
