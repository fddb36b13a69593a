//! Where messages go: `+CSMS`, `+CPMS`, `+CNMI`, `+CNMA` (3GPP TS 27.005 §3.2.1, §3.2.2, §3.4.1, §3.4.4).

use super::general::at_most;
use super::{
    Answered, CMS_NO_ACKNOWLEDGEMENT_EXPECTED, CMS_OPERATION_NOT_SUPPORTED, Failure, done, line,
    parse::{Arguments, Form},
};
use crate::card::Memory;
use crate::simulator::Simulator;

impl Simulator {
    pub(super) fn csms(&mut self, form: &Form) -> Answered {
        match form {
            Form::Test => line("+CSMS: (0,1)"),
            Form::Query => line(format!("+CSMS: {},1,1,1", self.modem.service)),
            Form::Set(values) => {
                self.modem.service = values
                    .number(0)?
                    .filter(|service| *service <= 1)
                    .ok_or(CMS_OPERATION_NOT_SUPPORTED)?;
                line("+CSMS: 1,1,1")
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    pub(super) fn cpms(&mut self, form: &Form) -> Answered {
        self.sim_for_messages()?;
        match form {
            Form::Test => match &self.settings.quirks.cpms_list {
                Some(list) => line(format!("+CPMS: {list}")),
                None => self.cpms_line([0, 1, 2].map(|place| {
                    let names: Vec<String> = self
                        .storages(place)
                        .map(|memory| format!("\"{}\"", memory.name()))
                        .collect();
                    format!("({})", names.join(","))
                })),
            },
            Form::Query => self.cpms_line(self.modem.memories.map(|memory| {
                format!(
                    "\"{}\",{},{}",
                    memory.name(),
                    self.card.used(memory),
                    self.card.capacity(memory)
                )
            })),
            Form::Set(values) => self.choose_memories(values),
            Form::Execute => Err(Failure::Plain),
        }
    }

    /// The memories that `+CPMS` offers at that place.
    fn storages(&self, place: usize) -> impl Iterator<Item = Memory> {
        let offered = self.settings.storages.get(place).into_iter().flatten();
        offered
            .copied()
            .filter(|memory| self.card.capacity(*memory) > 0)
    }

    fn choose_memories(&mut self, values: &Arguments) -> Answered {
        let places = self.settings.quirks.cpms_memories;
        if values.len() > places {
            return Err(CMS_OPERATION_NOT_SUPPORTED);
        }
        let mut chosen = self.modem.memories;
        for (place, memory) in chosen.iter_mut().enumerate() {
            let Some(name) = values.text(place) else {
                continue;
            };
            let name = name.to_ascii_uppercase();
            let named = self.storages(place).find(|offered| offered.name() == name);
            *memory = named.ok_or(CMS_OPERATION_NOT_SUPPORTED)?;
        }
        self.modem.memories = chosen;
        let each = chosen
            .map(|memory| format!("{},{}", self.card.used(memory), self.card.capacity(memory)));
        self.deliver_waiting();
        self.cpms_line(each)
    }

    /// A memory list as `+CPMS` shows it, as long as the modem has it.
    fn cpms_line(&self, each: [String; 3]) -> Answered {
        let shown: Vec<String> = each
            .into_iter()
            .take(self.settings.quirks.cpms_memories)
            .collect();
        line(format!("+CPMS: {}", shown.join(",")))
    }

    pub(super) fn cnmi(&mut self, form: &Form) -> Answered {
        let mut offered = self.settings.cnmi.clone();
        if let [_, _, _, reports, _] = &mut offered
            && self.card.capacity(Memory::Reports) == 0
            && offers(reports, 2)
        {
            "(0-1)".clone_into(reports);
        }
        match form {
            Form::Test => line(format!("+CNMI: {}", offered.join(","))),
            Form::Query => line(format!(
                "+CNMI: {}",
                self.modem.cnmi.map(|value| value.to_string()).join(",")
            )),
            Form::Set(values) => {
                let mut chosen = self.modem.cnmi;
                for (place, (value, list)) in chosen.iter_mut().zip(&offered).enumerate() {
                    if let Some(wanted) = values.number(place)? {
                        *value = wanted;
                        if !offers(list, wanted) {
                            return Err(CMS_OPERATION_NOT_SUPPORTED);
                        }
                    }
                }
                self.modem.cnmi = chosen;
                if let [1 | 2, _, _, _, 1] = chosen {
                    self.forget_message_lines();
                }
                self.deliver_waiting();
                done()
            }
            Form::Execute => Err(Failure::Plain),
        }
    }

    pub(super) fn cnma(&mut self, form: &Form) -> Answered {
        let positive = match form {
            Form::Test => return line("+CNMA: (0-2)"),
            Form::Execute => true,
            Form::Set(values) => at_most(values, 0, 2)? != 2,
            Form::Query => return Err(Failure::Plain),
        };
        let Some(arrived) = self.modem.unacknowledged.take() else {
            return Err(CMS_NO_ACKNOWLEDGEMENT_EXPECTED);
        };
        if !positive {
            self.network.queue(arrived.tpdu); // a negative acknowledgement: the network tries again
        }
        self.deliver_waiting();
        done()
    }
}

/// Whether a list of `+CNMI=?`, such as `(0-2)` or `(0,2)`, has the value.
fn offers(list: &str, value: u16) -> bool {
    let number = |text: &str| text.trim().parse::<u16>().ok();
    list.trim_matches(['(', ')'])
        .split(',')
        .any(|part| match part.split_once('-') {
            Some((from, to)) => number(from)
                .zip(number(to))
                .is_some_and(|(from, to)| (from..=to).contains(&value)),
            None => number(part) == Some(value),
        })
}
