//! Matrix as a chat network of sms-bridge: one room for each contact, one for the owners.
//!
//! An ordinary bot account, without help of a homeserver's administrator. [`Matrix`] is both directions: it implements
//! [`ChatAdapter`] for what goes out, and [`Matrix::run`] brings in what people write. It retries no post by itself (the
//! core does), but connects for ever.
//!
//! - `session`: the bot's session on disk, logged in once
//! - `client`: the connection, and what happens when it is lost
//! - `incoming`, `missed`, `event`: from the homeserver to [`BridgeHandle::submit`]
//! - `outgoing`, `reactions`: posts, edits and the reactions that show a state
//! - `rooms`, `marker`: rooms made once and found again
//! - `check`: what `sms-bridge check` says about `[matrix]`
//!
//! The program installs a rustls provider before the first use.

#![recursion_limit = "256"]

mod backoff;
mod check;
mod client;
mod error;
mod event;
mod incoming;
mod marker;
mod missed;
mod outgoing;
mod reactions;
mod rooms;
mod session;

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bridge_core::chat::{
    Description, Destination, InboxId, MessageState, Network, OutgoingPost, Probe, Receipt,
    Repeats, Room, RoomIntent,
};
use bridge_core::{BridgeError, BridgeHandle, ChatAdapter, ChatError, People, Role};
use matrix_sdk::ruma::{OwnedUserId, UserId};
use secrecy::SecretString;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use crate::check::{Finding, Severity, check};
use crate::client::{Connection, Line};
pub use crate::reactions::Reactions;
use crate::session::Folder;

/// The network's short name, in the configuration, keys and logs.
pub const NETWORK: &str = "matrix";

/// What the admin room is called where the core has not named it yet.
const ADMIN_TITLE: &str = "SMS bridge";

/// How long a post waits for the first connection.
const FIRST_CONNECTION: Duration = Duration::from_secs(20);

/// The longest text of one post in UTF-16 code units. An event may have 65,536 octets; an edit holds its text up to four
/// times (plain and as HTML, each twice), at up to three octets a unit.
const TEXT_LIMIT: usize = 4_000;

/// `[matrix]`, and who is known.
#[derive(Clone)]
pub struct Settings {
    /// `https://matrix.example.org`.
    pub homeserver: String,
    /// The bot's own account: `@sms:example.org`.
    pub user: String,
    /// Its password, for the first login. `None` where a session is stored already.
    pub password: Option<SecretString>,
    /// The bridge's data folder; this adapter keeps its files in `matrix` in it.
    pub data_dir: PathBuf,
    /// Everybody who is known: their invitations are accepted.
    pub people: People,
    /// The reactions that show the state of an outgoing message.
    pub reactions: Reactions,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("homeserver", &self.homeserver)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the settings, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not a user id.
    #[error("matrix.user \"{0}\" is no Matrix user id; write it like @sms:example.org")]
    User(String),
    /// Not a web address.
    #[error(
        "matrix.homeserver \"{0}\" is no web address; write it like https://matrix.example.org"
    )]
    Homeserver(String),
}

/// The bot's account on its homeserver.
pub struct Matrix {
    settings: Settings,
    user: OwnedUserId,
    folder: Folder,
    description: Description,
    line: watch::Sender<Line>,
    /// Held while the admin room is looked for and made, so that there is one.
    admin_room: tokio::sync::Mutex<()>,
}

impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matrix")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Matrix {
    /// Reads the settings. Nothing is opened and nobody is asked before [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// See [`SettingsError`].
    pub fn new(mut settings: Settings) -> Result<Self, SettingsError> {
        let user = user(&settings.user)?;
        settings.homeserver = homeserver(&settings.homeserver)?;
        let folder = Folder::new(&settings.data_dir);
        let description = Description {
            network: network(),
            label: "Matrix".to_owned(),
            inboxes: vec![InboxId("rooms".to_owned())],
            admins: vec![InboxId("admin".to_owned())],
            text_limit: TEXT_LIMIT,
            repeats: Repeats::Recognised,
            concurrency: 4,
            command_prefix: '!',
        };
        let (line, _) = watch::channel(Line::Starting);
        Ok(Self {
            settings,
            user,
            folder,
            description,
            line,
            admin_room: tokio::sync::Mutex::new(()),
        })
    }

    /// Logs in, or takes up the stored session, and hands over what people write until `stop`; a homeserver that cannot be
    /// reached is tried again for ever. Returns soon after `stop`.
    ///
    /// # Errors
    ///
    /// The bridge ended before `stop`.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when this future is dropped: what the core has not stored is fetched again at the next start. But
    /// the SDK's store may still be opening on another thread: cancel `stop` and wait instead.
    pub async fn run(
        &self,
        bridge: BridgeHandle,
        stop: CancellationToken,
    ) -> Result<(), BridgeError> {
        // Its type is hidden, so that whoever spawns this need not look into the SDK's futures to know that they are Send.
        let kept: Pin<Box<dyn Future<Output = ()> + Send + '_>> =
            Box::pin(client::keep(self, &bridge, &stop));
        kept.await;
        if stop.is_cancelled() {
            Ok(())
        } else {
            Err(BridgeError::Stopping)
        }
    }

    fn is_known(&self, id: &str) -> bool {
        self.settings
            .people
            .find(&self.description.network, id)
            .is_some()
    }

    /// The admin room is there from the first start, so that the owners have a place for commands.
    async fn admin_room(&self, client: &matrix_sdk::Client) -> Result<(), ChatError> {
        let owners: Vec<String> = self
            .settings
            .people
            .ids(&self.description.network, Role::Owner)
            .map(ToOwned::to_owned)
            .collect();
        if owners.is_empty() {
            return Ok(());
        }
        let _one_at_a_time = self.admin_room.lock().await;
        rooms::ensure_admin(client, ADMIN_TITLE, &owners)
            .await
            .map(|_room| ())
    }

    /// The connection; waits a little while the first attempt at one is under way, so that what is posted right after the
    /// start need not be postponed.
    async fn connection(&self) -> Result<Arc<Connection>, ChatError> {
        let mut line = self.line.subscribe();
        let settled = line.wait_for(|line| !matches!(line, Line::Starting));
        let why = match tokio::time::timeout(FIRST_CONNECTION, settled).await {
            Ok(Ok(line)) => match &*line {
                Line::Up(connection) => return Ok(Arc::clone(connection)),
                Line::Down(why) => why.clone(),
                Line::Starting => "not connected yet".to_owned(),
            },
            Ok(Err(_)) | Err(_) => "not connected yet".to_owned(),
        };
        Err(ChatError::Retry {
            cause: why,
            after: None,
        })
    }
}

#[async_trait]
impl ChatAdapter for Matrix {
    fn describe(&self) -> &Description {
        &self.description
    }

    async fn ensure_room(&self, intent: &RoomIntent) -> Result<Room, ChatError> {
        let connection = self.connection().await?;
        match &intent.destination {
            Destination::Admin { .. } => {
                let _one_at_a_time = self.admin_room.lock().await;
                rooms::ensure_admin(&connection.client, &intent.title, &intent.invite).await
            }
            Destination::Conversation { .. }
            | Destination::Notices { .. }
            | Destination::Place(_) => rooms::ensure(&connection.client, intent).await,
        }
    }

    async fn rename_room(&self, room: &Room, title: &str) -> Result<(), ChatError> {
        let connection = self.connection().await?;
        rooms::rename(&connection.client, room, title).await
    }

    async fn post(&self, post: &OutgoingPost) -> Result<Receipt, ChatError> {
        let connection = self.connection().await?;
        outgoing::post(&connection.client, post, connection.device_since).await
    }

    async fn amend(&self, receipt: &Receipt, post: &OutgoingPost) -> Result<(), ChatError> {
        let connection = self.connection().await?;
        outgoing::amend(&connection.client, receipt, post).await
    }

    async fn show_state(&self, receipt: &Receipt, state: MessageState) -> Result<(), ChatError> {
        let connection = self.connection().await?;
        outgoing::show_state(&connection.client, receipt, state, &self.settings.reactions).await
    }

    async fn probe(&self, post: &OutgoingPost) -> Result<Probe, ChatError> {
        let connection = self.connection().await?;
        outgoing::probe(&connection.client, post).await
    }
}

fn network() -> Network {
    Network(NETWORK.to_owned())
}

fn user(id: &str) -> Result<OwnedUserId, SettingsError> {
    UserId::parse(id).map_err(|_words| SettingsError::User(id.to_owned()))
}

/// The address without a trailing slash, so that the same server is written in one way.
fn homeserver(address: &str) -> Result<String, SettingsError> {
    let address = address.trim_end_matches('/');
    let host = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => {
            Ok(address.to_owned())
        }
        Some(_) | None => Err(SettingsError::Homeserver(address.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(homeserver: &str, user: &str) -> Settings {
        Settings {
            homeserver: homeserver.to_owned(),
            user: user.to_owned(),
            password: None,
            data_dir: PathBuf::from("/nowhere"),
            people: People::default(),
            reactions: Reactions::default(),
        }
    }

    #[test]
    fn settings_are_read_without_a_network() {
        let good = Matrix::new(settings("https://matrix.example.org/", "@sms:example.org"));
        assert_eq!(
            good.unwrap().settings.homeserver,
            "https://matrix.example.org"
        );
        let cases = [
            ("matrix.example.org", "@sms:example.org", "homeserver"),
            ("https://", "@sms:example.org", "homeserver"),
            ("https://matrix.example.org", "sms", "user"),
        ];
        for (homeserver, user, key) in cases {
            let words = Matrix::new(settings(homeserver, user))
                .err()
                .unwrap()
                .to_string();
            assert!(words.contains(&format!("matrix.{key}")), "{words}");
        }
    }
}
