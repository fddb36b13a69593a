//! Messages and status reports reaching the modem, and where `+CNMI` sends them (3GPP TS 27.005 §3.4.1).
//!
//! | | class 0 | no class, class 1 | class 2 | class 3 |
//! |---|---|---|---|---|
//! | `<mt>` 0 | stored | stored | stored | stored |
//! | `<mt>` 1 | `+CMT` | stored, `+CMTI` | stored, `+CMTI` | stored, `+CMTI` |
//! | `<mt>` 2 | `+CMT` | `+CMT` | stored, `+CMTI` | `+CMT` |
//! | `<mt>` 3 | `+CMT` | stored, `+CMTI` | stored, `+CMTI` | `+CMT` |
//!
//! Reports: `<ds>` 0 drops them, 1 prints `+CDS`, 2 stores them in `SR` and prints `+CDSI`.
//!
//! Class 0 is shown at once and never stored by itself (3GPP TS 23.038 §4), hence `+CMT` with `<mt>` 1 too.

use std::time::Duration;

use serde::Deserialize;

use crate::at::state::{Registration, Unacknowledged};
use crate::card::{Memory, Slot, Status};
use crate::network::Event;
use crate::quirks::{CellForm, SlotServiceCentre};
use crate::simulator::{Due, Port, Simulator, UrcKind};
use crate::tpdu::{
    Address, Alphabet, Deliver, Report, Timestamp, TpduError, UserData, deliver::message_class,
    join_service_centre, to_hex,
};

/// How long a client has to acknowledge under `+CSMS=1` before the modem gives up on direct routing.
const ACKNOWLEDGEMENT: Duration = Duration::from_secs(15);

/// A message for the SIM, as a person or a test writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incoming {
    /// The sender: a number, a short code or a name.
    pub from: String,
    /// The text; with the alphabet `octets`, hexadecimal digits.
    pub text: String,
    /// In which order the parts arrive, from 1; parts may be missing or come twice. Empty: in their own order.
    #[serde(default)]
    pub order: Vec<u8>,
    /// The service centre's time (RFC 3339); `None` for the time of arrival.
    #[serde(default)]
    pub scts: Option<String>,
    /// `None` for the smallest that can write the text.
    #[serde(default)]
    pub alphabet: Option<Alphabet>,
    /// Message class 0 to 3; `None` for a message without one.
    #[serde(default)]
    pub class: Option<u8>,
    /// The reference that joins the parts; `None` for the network's next.
    #[serde(default)]
    pub reference: Option<u8>,
}

impl Incoming {
    /// A text in the smallest alphabet, now.
    pub fn new(from: &str, text: &str) -> Self {
        Self {
            from: from.to_owned(),
            text: text.to_owned(),
            order: Vec::new(),
            scts: None,
            alphabet: None,
            class: None,
            reference: None,
        }
    }
}

impl Simulator {
    /// Someone writes to the SIM. Returns the TPDUs in their order of arrival.
    ///
    /// # Errors
    ///
    /// [`TpduError`] when the sender, the text, the time, the class or the order does not hold.
    pub fn deliver(
        &mut self,
        now: Duration,
        incoming: &Incoming,
    ) -> Result<Vec<Vec<u8>>, TpduError> {
        self.handle_timeout(now);
        let tpdus = self.tpdus_of(incoming)?;
        for tpdu in tpdus.clone() {
            self.schedule(now, Due::Tpdu(tpdu));
        }
        self.handle_timeout(now);
        Ok(tpdus)
    }

    /// A raw TPDU for the SIM, well formed or not; a status report goes the way of reports.
    pub fn deliver_tpdu(&mut self, now: Duration, tpdu: Vec<u8>) {
        self.handle_timeout(now);
        self.schedule(now, Due::Tpdu(tpdu));
        self.handle_timeout(now);
    }

    pub(crate) fn service_centre_time(&self) -> Timestamp {
        let seconds = i64::try_from(self.now.as_secs()).unwrap_or(0);
        Timestamp::from_unix(
            self.settings.start_unix.saturating_add(seconds),
            self.settings.quarter_hours,
        )
    }

    pub(crate) fn tpdus_of(&mut self, incoming: &Incoming) -> Result<Vec<Vec<u8>>, TpduError> {
        let alphabet = incoming
            .alphabet
            .unwrap_or_else(|| Alphabet::for_text(&incoming.text));
        let service_centre_time = match &incoming.scts {
            Some(written) => Timestamp::parse(written)?,
            None => self.service_centre_time(),
        };
        let class = match incoming.class {
            Some(class @ 0..=3) => 0x10 | class,
            Some(_) => return Err(TpduError::Invalid("the class (0 to 3)")),
            None => 0,
        };
        let reference = incoming.reference.unwrap_or(self.next_concatenation);
        let parts = UserData::split(alphabet, &incoming.text, reference)?;
        if parts.len() > 1 && incoming.reference.is_none() {
            self.next_concatenation = self.next_concatenation.wrapping_add(1);
        }
        let tpdus = parts
            .into_iter()
            .map(|user_data| {
                let from = Address::new(&incoming.from);
                let data_coding = alphabet.coding() | class;
                Deliver {
                    from,
                    protocol: 0,
                    data_coding,
                    service_centre_time,
                    user_data,
                }
                .write()
            })
            .collect::<Result<Vec<_>, _>>()?;
        if incoming.order.is_empty() {
            return Ok(tpdus);
        }
        let at = |number: &u8| {
            usize::from(*number)
                .checked_sub(1)
                .and_then(|place| tpdus.get(place))
                .cloned()
        };
        incoming
            .order
            .iter()
            .map(at)
            .collect::<Option<Vec<_>>>()
            .ok_or(TpduError::Invalid("the order of the parts"))
    }

    /// What the network offers, as far as the radio and the SIM use it.
    pub(crate) fn registration(&self) -> Registration {
        let usable = self.modem.radio_on && !self.modem.detached && self.sim_is_ready();
        if usable {
            self.coverage
        } else {
            Registration::None
        }
    }

    pub(crate) fn sim_is_ready(&self) -> bool {
        let locked = self.settings.pin.is_some() && !self.modem.unlocked;
        !locked && self.now >= self.modem.powered_at + self.settings.sim_busy_for
    }

    pub(crate) fn change_coverage(&mut self, coverage: Registration) {
        let before = self.registration();
        self.coverage = coverage;
        self.registration_may_have_changed(before);
    }

    /// Says so where `+CREG` and its like asked for it, and fetches what waits.
    pub(crate) fn registration_may_have_changed(&mut self, before: Registration) {
        let after = self.registration();
        if before != after {
            for (name, lines) in ["+CREG", "+CGREG", "+CEREG"]
                .into_iter()
                .zip(self.modem.registration_lines)
            {
                let line = match lines {
                    0 => continue,
                    2 if after.is_registered() => {
                        format!("{name}: {}{}", after.number(), self.cell())
                    }
                    _ => format!("{name}: {}", after.number()),
                };
                self.urc(UrcKind::Other, line);
            }
        }
        self.deliver_waiting();
    }

    /// Hands over what waits at the message centre, as far as the modem can take it now.
    pub(crate) fn deliver_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.network.waiting);
        let mut left = std::collections::VecDeque::new();
        let mut full = false;
        while let Some(tpdu) = waiting.pop_front() {
            // Thousands may wait, and each is looked at whenever there is room for one.
            if !self.can_take() || full && self.is_plainly_to_store(&tpdu) {
                left.push_back(tpdu);
            } else if self.take(&tpdu) == Taken::NotYet {
                full |= self.is_plainly_to_store(&tpdu);
                left.push_back(tpdu);
            }
        }
        self.network.waiting = left;
    }

    /// Whether a message goes into a memory, seen from its first octets. `false`: only [`take`](Self::take) knows.
    fn is_plainly_to_store(&self, tpdu: &[u8]) -> bool {
        let [_, mt, ..] = self.modem.cnmi;
        let is_message = tpdu.first().is_some_and(|first| first & 3 != 2);
        let coding = Deliver::data_coding_of(tpdu);
        is_message && mt != 2 && coding.is_some_and(|coding| message_class(coding).is_none())
    }

    fn can_take(&self) -> bool {
        self.port() == Port::Open
            && self.registration().is_registered()
            && self.modem.unacknowledged.is_none()
    }

    fn take(&mut self, tpdu: &[u8]) -> Taken {
        if tpdu.first().is_some_and(|first| first & 3 == 2) {
            return self.take_report(tpdu);
        }
        let class = Deliver::read(tpdu)
            .ok()
            .and_then(|deliver| message_class(deliver.data_coding));
        let [_, mt, ..] = self.modem.cnmi;
        let direct = match (mt, class) {
            (0, _) | (2, Some(2)) => false,
            (2, _) | (_, Some(0)) | (3, Some(3)) => true,
            _ => false,
        };
        if direct {
            let lines = self.direct_lines("+CMT", tpdu);
            self.urc(UrcKind::Message, lines);
            self.expect_acknowledgement(tpdu);
        } else {
            let [_, _, memory] = self.modem.memories;
            let Ok(index) = self.store_received(memory, tpdu) else {
                self.memory_is_full();
                return Taken::NotYet;
            };
            if mt != 0 {
                self.announce(memory, index);
            }
        }
        self.event(Event::Delivered { tpdu: to_hex(tpdu) });
        Taken::Done
    }

    fn take_report(&mut self, tpdu: &[u8]) -> Taken {
        let [_, _, _, ds, _] = self.modem.cnmi;
        match ds {
            1 => {
                let lines = self.direct_lines("+CDS", tpdu);
                self.urc(UrcKind::Message, lines);
                self.expect_acknowledgement(tpdu);
            }
            2 => {
                let Ok(index) = self.store_received(Memory::Reports, tpdu) else {
                    return Taken::NotYet;
                };
                self.urc(UrcKind::Message, format!("+CDSI: \"SR\",{index}"));
            }
            _ => {}
        }
        if let Ok(report) = Report::read(tpdu) {
            self.event(Event::Reported {
                reference: report.reference,
                status: report.status,
            });
        }
        Taken::Done
    }

    fn store_received(&mut self, memory: Memory, tpdu: &[u8]) -> Result<usize, Slot> {
        let pdu = self.with_service_centre(tpdu);
        self.card.store(
            memory,
            Slot {
                status: Status::ReceivedUnread,
                pdu,
            },
        )
    }

    /// Says that something found a memory full, where the modem does, once for each time that it fills.
    pub(crate) fn memory_is_full(&mut self) {
        if let Some(line) = self.settings.quirks.full_line.clone()
            && !std::mem::replace(&mut self.full_was_said, true)
        {
            self.urc(UrcKind::Other, line);
        }
    }

    /// `<lac>`, `<ci>` and `<AcT>` behind a `<stat>` (3GPP TS 27.007 §7.2).
    pub(crate) fn cell(&self) -> String {
        match (
            self.settings.quirks.cell_form,
            self.settings.access_technology,
        ) {
            (CellForm::Unquoted, _) => ",A1,B2C3".to_owned(),
            (CellForm::Quoted, Some(technology)) => {
                format!(",\"00A1\",\"0000B2C3\",{technology}")
            }
            (CellForm::Quoted, None) => ",\"00A1\",\"0000B2C3\"".to_owned(),
        }
    }

    fn with_service_centre(&self, tpdu: &[u8]) -> Vec<u8> {
        let quirks = &self.settings.quirks;
        let report = tpdu.first().is_some_and(|first| first & 3 == 2);
        let service_centre = match (quirks.slot_service_centre, &quirks.report_service_centre) {
            (SlotServiceCentre::Empty, _) => None,
            (SlotServiceCentre::Written, Some(other)) if report => Some(other),
            (SlotServiceCentre::Written, _) => Some(&self.settings.service_centre),
        };
        let address = service_centre.map(|number| Address::new(number));
        join_service_centre(address.as_ref(), tpdu)
    }

    fn direct_lines(&self, name: &str, tpdu: &[u8]) -> String {
        let pdu = self.with_service_centre(tpdu);
        if self.modem.text_mode {
            return self.direct_text_lines(name, tpdu);
        }
        let comma = if name == "+CMT" { "," } else { "" }; // +CMT has room for a name from the phone book
        format!("{name}: {comma}{}\r\n{}", tpdu.len(), to_hex(&pdu))
    }

    fn expect_acknowledgement(&mut self, tpdu: &[u8]) {
        if self.modem.service == 0 {
            return; // phase 2: the modem acknowledges by itself (3GPP TS 27.005 §3.2.1)
        }
        self.modem.arrivals += 1;
        let arrival = self.modem.arrivals;
        self.modem.unacknowledged = Some(Unacknowledged {
            arrival,
            tpdu: tpdu.to_vec(),
        });
        self.schedule(
            self.now + ACKNOWLEDGEMENT,
            Due::AcknowledgementMissing(arrival),
        );
    }

    /// No `+CNMA` in time: direct routing is switched off and the network tries again (3GPP TS 27.005 §3.4.4).
    pub(crate) fn acknowledgement_missing(&mut self, arrival: u64) {
        if let Some(missing) = self
            .modem
            .unacknowledged
            .take_if(|missing| missing.arrival == arrival)
        {
            let [mode, _, bm, _, bfr] = self.modem.cnmi;
            self.modem.cnmi = [mode, 0, bm, 0, bfr];
            self.network.queue(missing.tpdu);
            self.deliver_waiting();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Done,
    NotYet,
}
