//! What comes from a chat network: what people did there, and how far its adapter has read.

use crate::chat::{Author, ChatEvent, Cursor, Destination, Gap, Network, Place, RoomKind, Verdict};
use crate::handle::{BridgeError, BridgeHandle, Request};
use crate::person::{People, Role};

impl BridgeHandle {
    /// Takes over what people did in a chat, and the adapter's cursor with it, in one commit. One verdict for each event.
    ///
    /// # Errors
    ///
    /// Nothing was stored; the cursor stays where it was, and the adapter hands the same events over again.
    pub async fn submit(
        &self,
        network: &Network,
        events: Vec<ChatEvent>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Verdict>, BridgeError> {
        self.submit_with_gaps(network, events, Vec::new(), cursor)
            .await
    }

    /// [`submit`](Self::submit), where the cursor goes past something that the network does not give: whoever may have
    /// written it is told, once, as that is one commit with the cursor.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn submit_with_gaps(
        &self,
        network: &Network,
        events: Vec<ChatEvent>,
        gaps: Vec<Gap>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Verdict>, BridgeError> {
        let network = network.clone();
        self.ask(|reply| Request::Submit {
            network,
            events,
            gaps,
            cursor,
            reply,
        })
        .await
    }

    /// The cursor committed last under this key. `None` before the first.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn cursor(
        &self,
        network: &Network,
        key: &str,
    ) -> Result<Option<String>, BridgeError> {
        let (network, key) = (network.clone(), key.to_owned());
        self.ask(|reply| Request::Cursor {
            network,
            key,
            reply,
        })
        .await
    }

    /// Makes somebody known in a chat network, with this role, who proved that whoever is at the machine wants it. What
    /// they are called here from now on.
    ///
    /// # Errors
    ///
    /// Nothing was stored.
    pub async fn pair(
        &self,
        network: &Network,
        author: Author,
        role: Role,
    ) -> Result<String, BridgeError> {
        let network = network.clone();
        self.ask(|reply| Request::Pair {
            network,
            author,
            role,
            reply,
        })
        .await
    }

    /// Those who were let in from a chat or paired, but not those of the configuration.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn members(&self) -> Result<People, BridgeError> {
        self.ask(|reply| Request::Members { reply }).await
    }

    /// What the bridge uses a place for. `None` for one that it never posted to.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub async fn room_kind(
        &self,
        network: &Network,
        place: &Place,
    ) -> Result<Option<RoomKind>, BridgeError> {
        let (network, place) = (network.clone(), place.clone());
        self.ask(|reply| Request::RoomKind {
            network,
            place,
            reply,
        })
        .await
    }

    /// Takes up a place that the adapter knows to have been made for this destination, though
    /// [`room_kind`](Self::room_kind) knows nothing of it: the wish for a room may be granted twice where the program ends
    /// in the middle. What is written there goes to the contact from then on. A place that is known stays what it is.
    ///
    /// # Errors
    ///
    /// Nothing was stored.
    pub async fn adopt_room(
        &self,
        network: &Network,
        place: &Place,
        destination: &Destination,
    ) -> Result<(), BridgeError> {
        let (network, place) = (network.clone(), place.clone());
        let destination = destination.clone();
        self.ask(|reply| Request::AdoptRoom {
            network,
            place,
            destination,
            reply,
        })
        .await
    }
}
