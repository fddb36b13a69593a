//! How things stand, for those who ask.

use serde::Serialize;
use serde_json::{Value, json};

use crate::card::{Memory, Slot};
use crate::simulator::{Port, Simulator};
use crate::tpdu::{Deliver, Report, Submit, split_service_centre, to_hex};

#[derive(Serialize)]
pub(super) struct Stored {
    memory: Memory,
    index: usize,
    status: crate::card::Status,
    kind: &'static str,
    party: String,
    text: String,
    pdu: String,
}

impl Simulator {
    pub(super) fn status(&self) -> Value {
        json!({
            "port": match self.port() {
                Port::Open => "open",
                Port::Closed if self.is_cd_rom() => "cd_rom",
                Port::Closed => "closed",
            },
            "port_number": self.port_number(),
            "registration": self.registration(),
            "waiting": self.network.waiting.len(),
            "submitted": self.network.submitted(0).count(),
            "stored": { "SM": self.card.used(Memory::Sim), "ME": self.card.used(Memory::Modem), "SR": self.card.used(Memory::Reports) },
            "capacity": { "SM": self.card.capacity(Memory::Sim), "ME": self.card.capacity(Memory::Modem), "SR": self.card.capacity(Memory::Reports) },
            "faults": self.faults.waiting(),
            "held": self.held_answer.is_some(),
            "pin_tries_left": self.pin_tries_left,
            "cnmi": self.modem.cnmi,
            "csms": self.modem.service,
            "now_ms": u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX),
        })
    }

    pub(super) fn stored(&self) -> Vec<Stored> {
        let memories = [Memory::Sim, Memory::Modem, Memory::Reports];
        memories
            .into_iter()
            .flat_map(|memory| {
                self.card
                    .slots(memory)
                    .map(move |(index, slot)| stored(memory, index, slot))
            })
            .collect()
    }
}

fn stored(memory: Memory, index: usize, slot: &Slot) -> Stored {
    let tpdu = split_service_centre(&slot.pdu).map_or(&[][..], |(_, tpdu)| tpdu);
    let (kind, party, text) = if let Ok(deliver) = Deliver::read(tpdu) {
        ("deliver", deliver.from.to_string(), deliver.user_data.text)
    } else if let Ok(submit) = Submit::read(tpdu) {
        ("submit", submit.to.to_string(), submit.user_data.text)
    } else if let Ok(report) = Report::read(tpdu) {
        (
            "report",
            report.recipient.to_string(),
            format!("{} {:#04x}", report.reference, report.status),
        )
    } else {
        ("unreadable", String::new(), String::new())
    };
    Stored {
        memory,
        index,
        status: slot.status,
        kind,
        party,
        text,
        pdu: to_hex(&slot.pdu),
    }
}
