//! Where messages are stored and how they are announced: chosen among what `+CPMS=?` and `+CNMI=?` offer.

use super::super::{Engine, text};
use super::table::Verdict;
use crate::config::{DeliveryReports, Listening};
use crate::status::Incoming;
use crate::storage::Memory;

impl Engine {
    /// `+CPMS=?`: three groups, one group, names without parentheses, or nothing at all.
    pub(super) fn note_memories(&mut self, lines: &[String]) -> Verdict {
        let groups = lines
            .first()
            .map(|line| text::arguments(line))
            .unwrap_or_default();
        let read = |index: usize| -> Vec<Memory> {
            groups.get(index).map_or_else(Vec::new, |group| {
                text::names(group)
                    .into_iter()
                    .filter_map(Memory::parse)
                    .collect()
            })
        };
        let readable = read(0);
        let preferred = |offered: &[Memory]| -> Option<Memory> {
            let wanted =
                self.settings
                    .storage
                    .iter()
                    .chain(&[Memory::Sim, Memory::Modem, Memory::Both]);
            wanted
                .into_iter()
                .find(|memory| offered.contains(memory))
                .or_else(|| offered.first())
                .cloned()
        };
        let writable = read(1);
        let writing = preferred(&writable).or_else(|| preferred(&readable));
        let receiving = preferred(&read(2)).or_else(|| preferred(&readable));
        self.memories.arguments = if readable.is_empty() {
            0
        } else {
            groups.len().clamp(1, 3)
        };
        self.memories.writable = if writable.is_empty() {
            readable.clone()
        } else {
            writable
        };
        self.memories.readable = readable;
        self.memories.writing = writing;
        self.memories.receiving = receiving;
        Verdict::Next
    }

    /// As many arguments as `+CPMS=?` has groups, then fewer: some modems take three only, some one only.
    pub(super) fn memory_commands(&self) -> Vec<String> {
        let receiving = self.memories.receiving.clone().unwrap_or(Memory::Sim);
        let memory =
            if self.memories.readable.contains(&receiving) || self.memories.readable.is_empty() {
                receiving.clone()
            } else {
                self.memories
                    .readable
                    .first()
                    .cloned()
                    .unwrap_or(Memory::Sim)
            };
        let writing = self
            .memories
            .writing
            .clone()
            .unwrap_or_else(|| receiving.clone());
        let names: Vec<String> = [memory, writing, receiving]
            .iter()
            .map(|memory| format!("\"{memory}\""))
            .collect();
        let most = self.memories.arguments.max(1);
        let counts = [most, 3, 1]
            .into_iter()
            .enumerate()
            .filter(|&(at, count)| at == 0 || count != most);
        counts
            .map(|(_, count)| format!("AT+CPMS={}", names.get(..count).unwrap_or(&names).join(",")))
            .collect()
    }

    pub(super) fn note_memory_chosen(&mut self, lines: &[String]) -> Verdict {
        let Some(bring_up) = &self.bring_up else {
            return Verdict::Next;
        };
        let taken = self
            .memory_commands()
            .into_iter()
            .nth(bring_up.command)
            .unwrap_or_default();
        let names: Vec<Memory> = text::names(taken.trim_start_matches("AT+CPMS="))
            .into_iter()
            .filter_map(Memory::parse)
            .collect();
        self.memories.arguments = names.len();
        self.memories.reading = names.first().cloned();
        self.memories.receiving = names.last().cloned();
        if let Some(memory) = names.into_iter().next() {
            self.note_storage(&memory, lines);
        }
        Verdict::Next
    }

    pub(super) fn note_routing_offer(&mut self, lines: &[String]) -> Verdict {
        if let (Some(bring_up), Some(line)) = (&mut self.bring_up, lines.first()) {
            bring_up.routing = text::arguments(line);
        }
        Verdict::Next
    }

    /// `mode,mt,bm,ds,bfr`: the best that `+CNMI=?` offers first, then what more modems take. None where polling is wanted.
    pub(super) fn routing_commands(&self) -> Vec<String> {
        match self.settings.listening {
            Listening::Announcements => self.routings(1),
            Listening::Polling => Vec::new(),
        }
    }

    /// The same without announcements, where polling is wanted. Status reports come as ever: where they are not stored
    /// they would be lost.
    pub(super) fn quiet_commands(&self) -> Vec<String> {
        match self.settings.listening {
            Listening::Announcements => Vec::new(),
            Listening::Polling => self.routings(0),
        }
    }

    fn routings(&self, announcing: u8) -> Vec<String> {
        let offer = self
            .bring_up
            .as_ref()
            .map(|bring_up| bring_up.routing.as_slice())
            .unwrap_or_default();
        let first = |place: usize, wanted: &[u8]| -> u8 {
            let offered = |number: &&u8| {
                offer
                    .get(place)
                    .is_none_or(|range| text::offers(range, **number))
            };
            wanted.iter().find(offered).copied().unwrap_or(0)
        };
        let stored = self.memories.readable.contains(&Memory::StatusReports);
        let reports: &[u8] = match self.settings.delivery_reports {
            DeliveryReports::Wanted if stored => &[2, 1, 0],
            DeliveryReports::Wanted => &[1, 0],
            DeliveryReports::Unwanted => &[0],
        };
        let mode = first(0, &[2, 1, 3, 0]);
        let reported = first(3, reports);
        let buffered = first(4, &[0, 1]);
        let mut routings = vec![format!("{mode},{announcing},0,{reported},{buffered}")];
        for (first, rest) in [
            ("2", ",0,1,0"),
            ("1", ",0,1,0"),
            ("2", ",0,0,0"),
            ("1", ",0,0,0"),
            ("2", ""),
            ("1", ""),
        ] {
            let fallback = format!("{first},{announcing}{rest}");
            let unwanted = rest == ",0,1,0" && reports == [0];
            if !unwanted && !routings.contains(&fallback) {
                routings.push(fallback);
            }
        }
        routings
            .into_iter()
            .map(|routing| format!("AT+CNMI={routing}"))
            .collect()
    }

    pub(super) fn note_routing_chosen(&mut self) {
        let Some(bring_up) = &self.bring_up else {
            return;
        };
        let announces = bring_up
            .routing
            .get(1)
            .is_none_or(|range| text::offers(range, 1));
        let taken = self.routing_commands().into_iter().nth(bring_up.command);
        self.upkeep.routing = taken
            .as_deref()
            .and_then(|taken| taken.strip_prefix("AT+CNMI="))
            .map(str::to_owned);
        self.status.incoming = if announces {
            Incoming::Announced
        } else {
            Incoming::Polled
        };
    }

    pub(super) fn note_quiet(&mut self) {
        self.upkeep.routing = None;
        self.status.incoming = Incoming::Polled;
    }

    /// The configuration's own, in its order.
    pub(super) fn init_commands(&self) -> Vec<String> {
        let commands = self.settings.init.iter();
        commands
            .map(|command| command.as_str().to_owned())
            .collect()
    }
}
