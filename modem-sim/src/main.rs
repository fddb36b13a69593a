//! `modem-sim`: a simulated modem and network behind a pseudo-terminal, a TCP port or a USB device.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::Parser;
use modem_sim::serve::{ControlSocket, Handle, Modem, Place, Server};
use modem_sim::usbip::{Description, Disc, Layout, SwitchCommand, UsbId};
use modem_sim::{
    Chatter, EmptySlot, FaultRates, Friend, Profile, Prompt, RadioAtStart, Replay, Settings,
    Simulator, Transcript,
};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};

const AFTER: &str = r#"Prints "ready pty=/dev/pts/N link=LINK" (or "ready tcp=ADDRESS", "ready usbip=ADDRESS") when a client may come; stops on SIGTERM or Ctrl-C.

A kernel imports the USB device:  modprobe vhci-hcd; usbip --tcp-port PORT attach -r HOST -b 1-1

Control socket: one JSON object a line, one answer line each: {"ok":true,...} or {"ok":false,"error":"..."}, "id" echoed.
  {"do":"deliver","from":"+12025550100","text":"hello"}      also "order":[3,1,2] "scts":"2026-01-31T12:00:00Z"
                                                             "alphabet":"gsm7|ucs2|octets" "class":0 "reference":7
  {"do":"deliver_pdu","tpdu":"040B91..."}                    any TPDU, a status report too
  {"do":"submitted","since":0}                               parts taken by the network, and whole messages
  {"do":"stored"}  {"do":"status"}
  {"do":"fail_next_send","code":38,"when":"before_prompt"}   or "after_submit" (default), "accepted":true, "times":3
  {"do":"lose_next_answer"}                                  of a send; with "command":"+CMGD" of that command
  {"do":"late_next_answer","seconds":5}
  {"do":"hold_next_send"}  {"do":"release"}                  the network has it, the result waits
  {"do":"spoil_next_send","how":"no_prompt"}                 ok_without_reference, bare_error, doubled_result,
                                                             line_before_prompt, line_before_result ("line"),
                                                             drop_port ("seconds")
                                                             power_lost ("seconds"), arrival_before_result
  {"do":"spoil_next_command","how":"fail","command":"+CSQ",  double_echo, doubled_result, line_in_answer, lose_answer,
   "line":"+CME ERROR: 515"}                                 late_answer ("seconds"), arrival_in_answer, glued_before_echo
  {"do":"spoil_next_arrival","line":"+CMTI: ,-1"}            without "line": nothing is said of it
  {"do":"drop_port","seconds":2}  {"do":"hang","seconds":5}
  {"do":"reboot","seconds":2,"new_port":true}                {n} in --pty LINK counts up with each new port
  {"do":"cd_rom"}  {"do":"switch_mode"}                      a stick in CD-ROM mode, and out of it
  {"do":"forget_routing"}                                    +CNMI as at power-up
  {"do":"swap_sim","iccid":"...","imsi":"..."}               also "own_number", "pin"
  {"do":"fault_rates","seed":1,"times":1}  {"do":"ledger"}   faults by chance, and which fired
  {"do":"say","line":"^RSSI:3"}  {"do":"print","text":"\r\nRDY\r\n"}  {"do":"network_time"}
  {"do":"ring","from":"+12025550100","seconds":20}           without "from": withheld; "ends":"answered_elsewhere"
  {"do":"ussd","text":"Your plan ends soon","more":false}    by the network itself
  {"do":"coverage","state":"searching","seconds":5}          none, home, searching, denied, roaming
  {"do":"set","report_delay_ms":0,"send_latency_ms":0,"command_latency_ms":0,"baud":115200,"reports":"on|off|failed",
   "signal":20,"friends":[{"number":"+12025550100","replies":["Hi {text}"],"delay_ms":500}],
   "refused":{"+12025550142":38},"ussd":[{"request":"*100#","reply":"12.50","more":false}],
   "iccid":"...","imsi":"...","own_number":"...",
   "quirks":{"empty_slot":"bare_ok","prompt":"with_line_end","ussd_text":"packed_hex|ucs2_hex",
             "pdu_form":"lower|trailing_quote|padded","cpms_memories":1,"chatter":{"line":"^RSSI:3","every_ms":9000},
             "greeting":"RDY","refused_commands":["+CMMS"],"without_final":["+CPIN?"],"silent_commands":["+CMGL=4"]}}"#;

#[derive(Debug, Parser)]
#[command(version, about = "A simulated GSM modem and network for tests and demonstrations", after_help = AFTER)]
#[command(group = clap::ArgGroup::new("place").required(true))]
struct Arguments {
    /// Open a pseudo-terminal and link it here
    #[arg(long, value_name = "LINK", group = "place")]
    pty: Option<PathBuf>,
    /// Listen on this TCP address, such as 127.0.0.1:7000
    #[arg(long, value_name = "ADDRESS", group = "place")]
    tcp: Option<SocketAddr>,
    /// Export a USB device on this TCP address, such as 127.0.0.1:3240, by USB/IP
    #[arg(long, value_name = "ADDRESS", group = "place")]
    usbip: Option<SocketAddr>,
    /// Vendor and product of the USB device
    #[arg(long, value_name = "ID", default_value = "1e0e:9000")]
    usb: UsbId,
    /// Serial ports of the USB device
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    usb_ports: u8,
    /// The one of them that talks AT, counted from 0
    #[arg(long, value_name = "PORT", default_value_t = 2)]
    usb_at_port: u8,
    /// Ports of the class CDC ACM (ttyACM) in place of vendor-specific ones (ttyUSB)
    #[arg(long)]
    usb_acm: bool,
    /// Manufacturer in the USB device's descriptors
    #[arg(long, value_name = "NAME", default_value = "Simulated")]
    usb_manufacturer: String,
    /// Product in the USB device's descriptors
    #[arg(long, value_name = "NAME", default_value = "Modem")]
    usb_product: String,
    /// Serial number in the USB device's descriptors; many sticks have none
    #[arg(long, value_name = "TEXT", default_value = "")]
    usb_serial: String,
    /// Be a disc with this vendor and product until the switch message comes, such as 1e0e:f000
    #[arg(long, value_name = "ID", requires = "usbip")]
    usb_disc: Option<UsbId>,
    /// The message that switches the disc, as 62 hexadecimal digits; the tag may differ
    #[arg(long, value_name = "HEX", value_parser = switch_command, default_value = SWITCH, requires = "usb_disc")]
    usb_switch: SwitchCommand,
    /// Be no modem: hand standard input to the control socket of another, and print its answers
    #[arg(long, value_name = "PATH", group = "place")]
    ask: Option<PathBuf>,
    /// Take requests as JSON lines on this Unix socket
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    /// Be like this modem
    #[arg(long, value_name = "NAME", value_parser = profile)]
    profile: Option<Profile>,
    /// Answer as in this transcript of sms-bridge modem record, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["profile", "fault_rates", "friends"])]
    replay: Option<PathBuf>,
    /// Two numbers, +12025550100 and +12025550101, answer by themselves
    #[arg(long)]
    friends: bool,
    /// The same seed chooses the same references and replies
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The SIM wants this PIN
    #[arg(long)]
    pin: Option<String>,
    /// The radio stays off until AT+CFUN=1 or AT+COPS=0
    #[arg(long)]
    radio_off: bool,
    /// How long the SIM is busy after power-up, in milliseconds; without a profile 0
    #[arg(long, value_name = "MS")]
    sim_busy: Option<u64>,
    /// From a command to its answer, in milliseconds; without a profile 0
    #[arg(long, value_name = "MS")]
    command_latency: Option<u64>,
    /// From Ctrl-Z to the result of a send, in milliseconds; without a profile 100
    #[arg(long, value_name = "MS")]
    send_latency: Option<u64>,
    /// From a message to its status report, in milliseconds; without a profile 500
    #[arg(long, value_name = "MS")]
    report_delay: Option<u64>,
    /// Bits a second of the serial line, such as 115200; absent: it takes no time
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(50..=4_000_000))]
    baud: Option<u32>,
    /// Message slots of the SIM; without a profile 50
    #[arg(long, value_name = "SLOTS")]
    capacity: Option<usize>,
    /// Slots for status reports, 0 for a modem without SR; without a profile 10
    #[arg(long, value_name = "SLOTS")]
    report_capacity: Option<usize>,
    /// Index of the first slot; without a profile 1
    #[arg(long, value_name = "INDEX")]
    first_index: Option<usize>,
    /// Faults strike by chance, that many times as often as usual (see FaultRates in the documentation)
    #[arg(long, value_name = "TIMES")]
    fault_rates: Option<f64>,
    /// Serial number of the modem
    #[arg(long, value_name = "DIGITS")]
    imei: Option<String>,
    /// Number of the card
    #[arg(long, value_name = "DIGITS")]
    iccid: Option<String>,
    /// An empty slot reads as a bare OK
    #[arg(long)]
    empty_slot_ok: bool,
    /// The prompt ends with a line end
    #[arg(long)]
    prompt_line_end: bool,
    /// Print this line every 30 seconds, such as ^BOOT:91409020,0,0,0,6
    #[arg(long, value_name = "LINE")]
    chatter: Option<String>,
    /// A command that fails with +CMS ERROR: 500, such as +CMMS
    #[arg(long, value_name = "COMMAND")]
    refuse: Vec<String>,
    /// A command that is never answered, such as +CMGL=4
    #[arg(long, value_name = "COMMAND")]
    silent: Vec<String>,
}

impl Arguments {
    fn settings(&self) -> Settings {
        let mut settings = self
            .profile
            .map_or_else(Settings::default, Profile::settings);
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        settings.seed = self.seed;
        settings.start_unix = i64::try_from(unix).unwrap_or(settings.start_unix);
        settings.pin.clone_from(&self.pin);
        settings.baud = self.baud;
        if self.radio_off {
            settings.radio = RadioAtStart::Off;
        }
        if self.friends {
            settings.friends = Friend::pair();
        }
        for (setting, asked) in [
            (&mut settings.sim_busy_for, self.sim_busy),
            (&mut settings.command_latency, self.command_latency),
            (&mut settings.send_latency, self.send_latency),
            (&mut settings.report_delay, self.report_delay),
        ] {
            *setting = asked.map_or(*setting, Duration::from_millis);
        }
        // A latency that was asked for is the whole of it.
        if self.command_latency.is_some() {
            settings.latencies.clear();
            settings.command_jitter = Duration::ZERO;
        }
        if self.send_latency.is_some() {
            settings.send_jitter = Duration::ZERO;
        }
        for (setting, asked) in [
            (&mut settings.sim_capacity, self.capacity),
            (&mut settings.report_capacity, self.report_capacity),
            (&mut settings.first_index, self.first_index),
        ] {
            *setting = asked.unwrap_or(*setting).min(1_000);
        }
        for (setting, asked) in [
            (&mut settings.imei, &self.imei),
            (&mut settings.iccid, &self.iccid),
        ] {
            if let Some(asked) = asked {
                setting.clone_from(asked);
            }
        }
        if self.empty_slot_ok {
            settings.quirks.empty_slot = EmptySlot::BareOk;
        }
        if self.prompt_line_end {
            settings.quirks.prompt = Prompt::WithLineEnd;
        }
        if let Some(line) = self.chatter.clone() {
            settings.quirks.chatter = Some(Chatter {
                line,
                every_ms: 30_000,
            });
        }
        let quirks = &mut settings.quirks;
        quirks.refused_commands.extend(self.refuse.iter().cloned());
        quirks.silent_commands.extend(self.silent.iter().cloned());
        settings
    }

    fn modem(&self) -> anyhow::Result<Modem> {
        if let Some(file) = &self.replay {
            return Ok(replay(file)?.into());
        }
        let simulator = Simulator::new(self.settings());
        let Some(times) = self.fault_rates else {
            return Ok(simulator.into());
        };
        anyhow::ensure!(
            (0.0..=1_000.0).contains(&times),
            "--fault-rates {times} is no number from 0 to 1000"
        );
        let rates = FaultRates::usual(self.seed).times(times);
        Ok(simulator.with_rates(rates).into())
    }

    fn place(&self) -> anyhow::Result<Place> {
        match (&self.pty, self.tcp, self.usbip) {
            (Some(link), _, _) => Ok(Place::Pty {
                link: Some(link.clone()),
            }),
            (None, Some(address), _) => Ok(Place::Tcp(address)),
            (None, None, Some(address)) => Ok(Place::Usbip {
                address,
                stick: self.stick()?,
            }),
            (None, None, None) => anyhow::bail!("one of --pty, --tcp and --usbip is needed"),
        }
    }

    fn stick(&self) -> anyhow::Result<Description> {
        let layout = if self.usb_acm {
            Layout::Acm
        } else {
            Layout::Vendor
        };
        let stick = Description::new(self.usb, layout, self.usb_ports, self.usb_at_port)?;
        let (manufacturer, product) = (&self.usb_manufacturer, &self.usb_product);
        let stick = stick.with_strings(manufacturer, product, &self.usb_serial);
        let switch = self.usb_switch;
        Ok(match self.usb_disc {
            Some(id) => stick.with_disc(Disc { id, switch }),
            None => stick,
        })
    }
}

/// Transcripts are some kilobytes; a file beyond this is none.
const TRANSCRIPT_LIMIT: u64 = 64 * 1024 * 1024;

fn replay(path: &Path) -> anyhow::Result<Replay> {
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(TRANSCRIPT_LIMIT).read_to_string(&mut text))
        .with_context(|| format!("failed to read {}", path.display()))?;
    let transcript = Transcript::parse(&text)
        .with_context(|| format!("failed to read the transcript {}", path.display()))?;
    Ok(Replay::new(&transcript))
}

/// What the ProLink PHS-100 and other SIMCom sticks take.
const SWITCH: &str = "555342431234567800000000000006bd000000020000000000000000000000";

fn switch_command(text: &str) -> Result<SwitchCommand, String> {
    SwitchCommand::parse(text).ok_or_else(|| {
        "a switch message is 62 hexadecimal digits that begin with 55534243".to_owned()
    })
}

fn profile(name: &str) -> Result<Profile, String> {
    Profile::named(name).ok_or_else(|| {
        let names = Profile::ALL.map(Profile::name).join(", ");
        format!("there is no profile of that name; there are {names}")
    })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(path) = &arguments.ask {
        return ask(path).await;
    }
    let modem = arguments.modem()?;
    // Before "ready", so that a stop right after it finds the handlers.
    let mut terminate = signal(SignalKind::terminate()).context("failed to watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to watch for SIGINT")?;
    let (server, handle) = Server::open(modem, arguments.place()?)
        .await
        .context("failed to open the modem's port")?;
    let control = arguments
        .control
        .as_deref()
        .map(ControlSocket::bind)
        .transpose()?;
    writeln!(std::io::stdout(), "ready {}", server.describe())
        .context("failed to write to standard output")?;
    tokio::select! {
        ended = server.run() => ended.context("the modem's port failed"),
        ended = serve_control(control, handle) => ended.context("the control socket failed"),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// One answer for each line that is not empty, in their order.
async fn ask(path: &Path) -> anyhow::Result<()> {
    let socket = UnixStream::connect(path)
        .await
        .with_context(|| format!("no modem-sim listens on {}", path.display()))?;
    let (mut answers, mut requests) = socket.into_split();
    let (mut input, mut output) = (tokio::io::stdin(), tokio::io::stdout());
    let asked = async {
        tokio::io::copy(&mut input, &mut requests).await?;
        // Its end lets the other side end the conversation after the last answer.
        requests.shutdown().await
    };
    tokio::try_join!(asked, tokio::io::copy(&mut answers, &mut output))
        .context("the conversation with modem-sim broke off")?;
    output
        .flush()
        .await
        .context("failed to write to standard output")
}

/// Keeps the handle also where there is no control socket, since the server stops with its last one.
async fn serve_control(control: Option<ControlSocket>, handle: Handle) -> std::io::Result<()> {
    match control {
        Some(control) => control.serve(handle).await,
        None => {
            let _kept = handle;
            std::future::pending().await
        }
    }
}
