//! Destinations as chats and topics.
//!
//! A topic cannot be found again by name: a repeated intent may leave a second one, and that is all it leaves.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use bridge_core::ChatError;
use bridge_core::chat::{Destination, InboxId, Place, Room, RoomIntent, RoomKind};
use serde_json::Value;
use teloxide::payloads::{CreateForumTopic, GetChat};
use teloxide::types::ChatId;
use tracing::warn;

use crate::Topics;
use crate::client::{Telegram, call};
use crate::error::{self, Effect};

/// How long it is believed what a chat is; a group may be made a forum at any time.
const BELIEVED: Duration = Duration::from_secs(300);
/// "Topic name, 1-128 characters".
const TOPIC_NAME: usize = 128;
/// Chats remembered.
const CHATS: usize = 1_000;

impl Telegram {
    pub(crate) async fn room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        match &intent.destination {
            Destination::Conversation { inbox, .. } => {
                let chat = self.chat(&inbox.0)?;
                if self.has_topics(chat).await? {
                    self.topic(chat, intent).await
                } else {
                    Ok(shared(inbox))
                }
            }
            Destination::Admin { inbox } => Ok(shared(inbox)),
            Destination::Place(place) => Ok(Room {
                place: place.clone(),
                kind: RoomKind::Shared,
            }),
        }
    }

    async fn has_topics(&self, chat: i64) -> Result<bool, ChatError> {
        match self.settings.topics {
            Topics::Off => Ok(false),
            Topics::On => Ok(chat < 0),
            // Only supergroups are forums, and their ids begin with -100.
            Topics::Auto if chat > -1_000_000_000_000 => Ok(false),
            Topics::Auto => {
                let known = {
                    let forums = self.forums.lock().unwrap_or_else(PoisonError::into_inner);
                    forums.get(&chat).copied()
                };
                if let Some((at, forum)) = known
                    && at.elapsed() < BELIEVED
                {
                    return Ok(forum);
                }
                let full = call(&self.bot, GetChat::new(ChatId(chat))).await;
                let full = full.map_err(|error| self.refused(&error, Effect::Look, chat))?;
                let forum = full.get("is_forum").and_then(Value::as_bool) == Some(true);
                self.believe(chat, forum);
                Ok(forum)
            }
        }
    }

    fn believe(&self, chat: i64, forum: bool) {
        let mut forums = self.forums.lock().unwrap_or_else(PoisonError::into_inner);
        if forums.len() >= CHATS {
            forums.clear();
        }
        forums.insert(chat, (Instant::now(), forum));
    }

    async fn topic(&self, chat: i64, intent: &RoomIntent) -> Result<Room, ChatError> {
        let name: String = intent.title.trim().chars().take(TOPIC_NAME).collect();
        let name = if name.is_empty() {
            "?".to_owned()
        } else {
            name
        };
        self.turn(chat).await?;
        match call(&self.bot, CreateForumTopic::new(ChatId(chat), name)).await {
            Ok(topic) => {
                let thread = topic.get("message_thread_id").and_then(Value::as_i64);
                let thread = thread.ok_or_else(|| ChatError::Unknown {
                    cause: "Telegram's answer names no topic".to_owned(),
                })?;
                Ok(Room {
                    place: Place {
                        chat: chat.to_string(),
                        thread: Some(thread.to_string()),
                    },
                    kind: RoomKind::Dedicated,
                })
            }
            Err(error)
                if self.settings.topics == Topics::Auto && error::is_without_topics(&error) =>
            {
                warn!(
                    adapter = "telegram",
                    "the bot may not create topics, so contacts share the chat; make it an administrator who may manage \
                     topics"
                );
                Ok(shared(&InboxId(chat.to_string())))
            }
            Err(error) => Err(self.refused(&error, Effect::Once, chat)),
        }
    }
}

fn shared(inbox: &InboxId) -> Room {
    Room {
        place: Place {
            chat: inbox.0.clone(),
            thread: None,
        },
        kind: RoomKind::Shared,
    }
}
