//! Identifiers and instants that the store hands out.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Wall-clock time in milliseconds since 1970-01-01T00:00:00Z. May be wrong after a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `wait` later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// A time as RFC 3339 writes it. `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok()?;
        Some(Self(at.as_millisecond()))
    }

    /// How long from `earlier` to here; zero where the clock went back.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// RFC 3339 in UTC, to the second.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0.div_euclid(1000)) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id! {
    /// One message, in or out. Rises with time: microseconds since 1970, or one more than the last.
    MessageId
}
id! {
    /// One post on its way to one chat; also the Matrix transaction id.
    PostId
}
id! {
    /// One part (one TPDU) of an outgoing message.
    PartId
}

impl PartId {
    /// The part number `index`, from 0, of `message`.
    #[must_use]
    pub fn new(message: MessageId, index: u8) -> Self {
        Self(message.0.wrapping_shl(8) | u64::from(index))
    }

    /// The message that this part belongs to.
    #[must_use]
    pub fn message(self) -> MessageId {
        MessageId(self.0 >> 8)
    }

    /// Its place in the message, from 0.
    #[must_use]
    pub fn index(self) -> u8 {
        let [.., low] = self.0.to_be_bytes();
        low
    }
}
