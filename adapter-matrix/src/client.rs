//! The connection to the homeserver: opened, logged in once, kept for ever.
//!
//! The ports find the client in a [`Line`] while [`keep`] holds it up; before and in between they are told in words why
//! there is none.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bridge_core::{BridgeHandle, ChatError};
use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::ruma::UserId;
use matrix_sdk::{Client, SessionMeta, SessionTokens, SqliteStoreConfig};
use secrecy::ExposeSecret as _;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::Matrix;
use crate::backoff::Backoff;
use crate::error::{Failure, PERSON_WAIT, chain, revoked};
use crate::incoming::{Ended, Sync};
use crate::missed::Troubles;
use crate::rooms;
use crate::session::{Folder, Session};

/// How long a request may take; a poll for news gets its own time on top.
const REQUEST: Duration = Duration::from_secs(30);

/// How often at least an invitation or an admin room that failed is tried again.
const TIDY_AT_LEAST: Duration = Duration::from_secs(3600);

/// What the ports have to do with the homeserver now.
#[derive(Clone)]
pub(crate) enum Line {
    /// The first attempt is under way.
    Starting,
    /// Not connected, and why.
    Down(String),
    /// Logged in.
    Up(Arc<Connection>),
}

/// A client with a session.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// When our device was made, in milliseconds since 1970.
    pub(crate) device_since: i64,
}

/// Connects, listens, and starts again after any failure, until `stop`.
pub(crate) async fn keep(matrix: &Matrix, bridge: &BridgeHandle, stop: &CancellationToken) {
    matrix.line.send_replace(Line::Starting);
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        let failure = match connect(matrix, stop).await {
            Ok(connection) => match listen(matrix, bridge, stop, &connection, &mut backoff).await {
                Ended::Stopped => break,
                Ended::Failed(failure) => failure,
            },
            Err(Ended::Stopped) => break,
            Err(Ended::Failed(failure)) => failure,
        };
        let wait = report(&matrix.line, &failure, &mut backoff);
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    matrix
        .line
        .send_replace(Line::Down("the program is stopping".to_owned()));
}

/// Says what happened, and how long to wait for the next try.
fn report(line: &watch::Sender<Line>, failure: &Failure, backoff: &mut Backoff) -> Duration {
    let (words, wait) = if failure.is_revoked() {
        (revoked(&failure.to_string()), PERSON_WAIT)
    } else {
        (failure.to_string(), backoff.next_wait(failure.after()))
    };
    warn!(adapter = "matrix", error = %words, retry_in = ?wait, "not connected");
    line.send_replace(Line::Down(words));
    wait
}

/// A client with its session, restored or logged in for the first time.
async fn connect(matrix: &Matrix, stop: &CancellationToken) -> Result<Connection, Ended> {
    let folder = &matrix.folder;
    let local = |error: crate::session::FolderError| Failure::Local(error.to_string());
    let homeserver = &matrix.settings.homeserver;
    let mut session = match folder.session(homeserver, &matrix.user).map_err(local)? {
        Some(session) => session,
        None => folder
            .plan(homeserver, &matrix.user, now())
            .map_err(local)?,
    };
    // Not to be dropped half-way: the SDK opens its databases on other threads.
    let client = build(homeserver, folder, &session).await?;
    match session.access_token.clone() {
        Some(access_token) => {
            let restored = MatrixSession {
                meta: SessionMeta {
                    user_id: session.user_id.clone(),
                    device_id: session.device_id.clone(),
                },
                tokens: SessionTokens {
                    access_token,
                    refresh_token: None,
                },
            };
            client
                .restore_session(restored)
                .await
                .map_err(Failure::from)?;
            info!(adapter = "matrix", "session restored");
        }
        None => {
            let token = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Ended::Stopped),
                token = log_in(matrix, &client, &session) => token?,
            };
            session.access_token = Some(token);
            folder.keep(&session).map_err(local)?;
            info!(adapter = "matrix", "logged in");
        }
    }
    Ok(Connection {
        client,
        device_since: session.created_at,
    })
}

async fn build(homeserver: &str, folder: &Folder, session: &Session) -> Result<Client, Failure> {
    let local = |error: crate::session::FolderError| Failure::Local(error.to_string());
    let key = folder.store_key().map_err(local)?;
    let store = SqliteStoreConfig::with_low_memory_config(folder.store(session).map_err(local)?)
        .key(Some(&key));
    // One try for each request: what to do after a failure is decided in the core, or in the loop above.
    let requests = RequestConfig::new().disable_retry().timeout(REQUEST);
    let build = Client::builder()
        .homeserver_url(homeserver)
        .request_config(requests)
        .sqlite_store_with_config_and_cache_path(store, None::<std::path::PathBuf>)
        .build();
    Box::pin(build).await.map_err(|error| {
        Failure::Local(format!(
            "failed to open the Matrix store: {}",
            chain(&error)
        ))
    })
}

/// Logs the planned device in, and returns its access token.
async fn log_in(matrix: &Matrix, client: &Client, session: &Session) -> Result<String, Failure> {
    let Some(password) = &matrix.settings.password else {
        return Err(Failure::Login(format!(
            "no Matrix session is stored for {} and no password is configured; set password_file in [matrix] and start \
             sms-bridge again",
            matrix.user
        )));
    };
    let auth = client.matrix_auth();
    let login = auth
        .login_username(matrix.user.as_str(), password.expose_secret())
        .device_id(session.device_id.as_str())
        .initial_device_display_name("sms-bridge");
    match Box::pin(login.send()).await.map_err(Failure::from) {
        Ok(response) => Ok(response.access_token),
        // Asking again soon gains nothing, and homeservers lock accounts that are tried too often.
        Err(failure) if failure.is_final() => Err(Failure::Login(format!(
            "{failure}; {} cannot be logged in to: correct homeserver, user and password_file in [matrix] and start \
             sms-bridge again",
            matrix.user
        ))),
        Err(failure) => Err(failure),
    }
}

/// Hands over what people write, and keeps the bot's rooms in order beside it, until something ends it.
async fn listen(
    matrix: &Matrix,
    bridge: &BridgeHandle,
    stop: &CancellationToken,
    connection: &Connection,
    backoff: &mut Backoff,
) -> Ended {
    let news = Notify::new();
    let on_rooms = || {
        matrix.line.send_replace(Line::Up(Arc::new(Connection {
            client: connection.client.clone(),
            device_since: connection.device_since,
        })));
        news.notify_one();
    };
    let sync = Sync {
        client: &connection.client,
        bridge,
        stop,
        network: &matrix.description.network,
        on_rooms: &on_rooms,
        troubles: Troubles::default(),
    };
    tokio::select! {
        biased;
        ended = turns(&sync, stop, backoff) => ended,
        never = Box::pin(tidy_rooms(matrix, &connection.client, &news)) => match never {},
    }
}

/// One turn after the other. Failures that may pass are waited out here, on one client.
async fn turns(sync: &Sync<'_>, stop: &CancellationToken, backoff: &mut Backoff) -> Ended {
    let mut position: Option<String> = None;
    loop {
        let turn = match position.take() {
            Some(at) => Box::pin(sync.turn(at)).await,
            None => {
                let at = Box::pin(sync.catch_up()).await;
                if at.is_ok() {
                    info!(adapter = "matrix", "listening");
                }
                at
            }
        };
        let failure = match turn {
            Ok(next) => {
                backoff.reset();
                position = Some(next);
                continue;
            }
            Err(Ended::Stopped) => return Ended::Stopped,
            Err(Ended::Failed(failure)) => failure,
        };
        if failure.is_revoked() {
            return Ended::Failed(failure);
        }
        let wait = backoff.next_wait(failure.after());
        warn!(adapter = "matrix", error = %failure, retry_in = ?wait, "connection lost");
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ended::Stopped,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Accepts invitations and sees to the admin room, each until it worked; beside the turns, so that neither a slow
/// homeserver of somebody else's nor a limit holds back what people write.
async fn tidy_rooms(matrix: &Matrix, client: &Client, news: &Notify) -> Infallible {
    let mut refused = HashSet::new();
    let mut wants_admin_room = true;
    let mut wait: Option<Duration> = None;
    news.notified().await;
    loop {
        let mut asked = None;
        let is_known = |user: &UserId| matrix.is_known(user.as_str());
        let accepted = rooms::accept_invitations(client, is_known, &mut refused).await;
        if let Err(failure) = &accepted {
            asked = failure.after();
        }
        if wants_admin_room {
            match matrix.admin_room(client).await {
                Ok(()) => wants_admin_room = false,
                Err(error) => {
                    warn!(adapter = "matrix", %error, "no admin room yet");
                    if let ChatError::Retry { after, .. } = error {
                        asked = asked.max(after);
                    }
                }
            }
        }
        wait = (wants_admin_room || accepted.is_err()).then(|| {
            let longer = wait.map_or(REQUEST, |last| last.saturating_mul(2).min(TIDY_AT_LEAST));
            longer.max(asked.unwrap_or_default())
        });
        let due = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = news.notified() => {
                refused.clear();
                wait = None;
            }
            () = due => {}
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
