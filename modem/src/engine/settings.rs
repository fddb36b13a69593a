//! What the engine has to know of the configuration: nothing of ports, pauses of the driver, or files.

use std::time::Duration;

use super::Unfinished;
use crate::config::{
    Calls, Config, DeliveryReports, Imei, InitCommand, Listening, Pin, ServiceCentre,
};
use crate::storage::Memory;

/// What the engine has to know of the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Stands before each TPDU; `None`: the SIM's own.
    pub service_centre: Option<ServiceCentre>,
    /// Entered at most once in a bring-up, after the asker's leave, and not again once it failed.
    pub pin: Option<Pin>,
    /// Whether status reports are routed to us.
    pub delivery_reports: DeliveryReports,
    /// How often the line is looked at.
    pub poll_interval: Duration,
    /// The memory for new messages; `None`: the SIM where it is offered.
    pub storage: Option<Memory>,
    /// A send of an earlier life of the program whose result may still come; `None`: there is none.
    pub unfinished: Option<Unfinished>,
    /// A modem that calls itself otherwise is not used; `None`: any will do.
    pub imei: Option<Imei>,
    /// Written at the end of bring-up.
    pub init: Vec<InitCommand>,
    /// Whether messages are to be announced.
    pub listening: Listening,
    /// What is done with incoming calls.
    pub calls: Calls,
    /// How long the SIM may be without a network before the radio is switched off and on. Zero: for ever.
    pub network_timeout: Duration,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Self {
            service_centre: config.service_centre.clone(),
            pin: config.pin.as_ref().map(|entry| entry.pin.clone()),
            delivery_reports: config.delivery_reports,
            poll_interval: config.poll_interval,
            storage: config.storage.clone(),
            unfinished: config.unfinished,
            imei: config.imei.clone(),
            init: config.init.clone(),
            listening: config.listening,
            calls: config.calls,
            network_timeout: config.network_timeout,
        }
    }
}
