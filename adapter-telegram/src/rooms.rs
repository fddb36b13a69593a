//! Destinations as chats and topics.
//!
//! A topic cannot be found again by name: a repeated intent may leave a second one, and that is all it leaves.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use bridge_core::ChatError;
use bridge_core::chat::{Content, Destination, OutgoingPost, Place, Room, RoomIntent, RoomKind};
use serde_json::Value;
use teloxide::payloads::{CreateForumTopic, EditForumTopic, EditForumTopicSetters, GetChat};
use teloxide::types::ChatId;
use tracing::warn;

use crate::Topics;
use crate::client::{ROOM_PATIENCE, Telegram, call, thread};
use crate::error::{self, Effect};
use crate::limits::Purpose;

/// How long it is believed what a chat is; a group may be made a forum at any time.
const BELIEVED: Duration = Duration::from_secs(300);
/// "Topic name, 1-128 characters".
const TOPIC_NAME: usize = 128;
/// Chats remembered.
const CHATS: usize = 1_000;

impl Telegram {
    pub(crate) async fn room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        match &intent.destination {
            Destination::Conversation { inbox, .. } | Destination::Notices { inbox, .. } => {
                let chat = self.chat(&inbox.0)?;
                if self.has_topics(chat).await? {
                    self.topic(chat, intent).await
                } else {
                    Ok(shared(chat))
                }
            }
            Destination::Admin { inbox } => Ok(shared(self.chat(&inbox.0)?)),
            Destination::Place(place) => Ok(Room {
                place: place.clone(),
                kind: RoomKind::Shared,
            }),
        }
    }

    /// In a topic the contact is named by the topic alone. In a chat that is no forum any more Telegram would show the
    /// post among all others, and nobody would know whose it is.
    pub(crate) async fn expect_topic(
        &self,
        post: &OutgoingPost,
        chat: i64,
    ) -> Result<(), ChatError> {
        if in_topic(post) && !self.is_forum(chat).await? {
            return Err(ChatError::RoomGone {
                cause: "the chat has no topics any more".to_owned(),
            });
        }
        Ok(())
    }

    async fn has_topics(&self, chat: i64) -> Result<bool, ChatError> {
        match self.settings.topics {
            Topics::Off => Ok(false),
            Topics::On => Ok(chat < 0),
            Topics::Auto => self.is_forum(chat).await,
        }
    }

    async fn is_forum(&self, chat: i64) -> Result<bool, ChatError> {
        // Only supergroups are forums, and their ids begin with -100.
        if chat > -1_000_000_000_000 {
            return Ok(false);
        }
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

    /// It does not look like what it was thought to be: it is asked again.
    pub(crate) fn forget(&self, chat: i64) {
        let mut forums = self.forums.lock().unwrap_or_else(PoisonError::into_inner);
        forums.remove(&chat);
    }

    fn believe(&self, chat: i64, forum: bool) {
        let mut forums = self.forums.lock().unwrap_or_else(PoisonError::into_inner);
        if forums.len() >= CHATS {
            forums.clear();
        }
        forums.insert(chat, (Instant::now(), forum));
    }

    async fn topic(&self, chat: i64, intent: &RoomIntent) -> Result<Room, ChatError> {
        let name = topic_name(&intent.title);
        self.turn(chat, Purpose::Message, ROOM_PATIENCE).await?;
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
                Ok(shared(chat))
            }
            Err(error) => Err(self.refused(&error, Effect::Once, chat)),
        }
    }

    /// Gives a contact's topic another name (`editForumTopic`).
    pub(crate) async fn rename_topic(&self, room: &Room, title: &str) -> Result<(), ChatError> {
        let chat = self.chat_of_messages(&room.place.chat)?;
        let Some(thread) = thread(&room.place)? else {
            return Ok(());
        };
        let edit = EditForumTopic::new(ChatId(chat), thread).name(topic_name(title));
        self.turn(chat, Purpose::Message, ROOM_PATIENCE).await?;
        match call(&self.bot, edit).await {
            Ok(_done) => Ok(()),
            Err(error) if error::is_not_modified(&error) => Ok(()),
            Err(error) => Err(self.refused(&error, Effect::Set, chat)),
        }
    }
}

/// What a topic of this title is called.
fn topic_name(title: &str) -> String {
    let name: String = title.trim().chars().take(TOPIC_NAME).collect();
    match name.is_empty() {
        true => "?".to_owned(),
        false => name,
    }
}

/// Whether the post leaves it to its topic to say whose it is.
pub(crate) fn in_topic(post: &OutgoingPost) -> bool {
    let has_head = match post.content {
        Content::Sms { .. } | Content::Mirror { .. } => true,
        Content::Notice { .. } | Content::Digest { .. } | Content::File { .. } => false,
    };
    has_head && post.room.kind == RoomKind::Dedicated && post.room.place.thread.is_some()
}

/// The chat itself, under the id that it has now: by that the core knows what was written there.
fn shared(chat: i64) -> Room {
    Room {
        place: Place {
            chat: chat.to_string(),
            thread: None,
        },
        kind: RoomKind::Shared,
    }
}
