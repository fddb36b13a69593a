//! What `strace -f -y` wrote down of the database file and of the marks, in order.

use std::collections::BTreeMap;

/// One thing that a thread did.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A line for the reader of the trace begins to be written.
    Mark(String),
    /// A write to the database file has ended.
    Written { data: String, octets: u64 },
    /// A sync of the database file begins.
    SyncBegins,
    /// It has ended, and was successful.
    Synced,
}

/// Without the data, which fill pages.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mark(mark) => write!(f, "mark {mark}"),
            Self::Written { octets, .. } => write!(f, "{octets} octets written"),
            Self::SyncBegins => f.write_str("sync begins"),
            Self::Synced => f.write_str("synced"),
        }
    }
}

pub(crate) struct Trace {
    pub(crate) events: Vec<Event>,
}

impl Trace {
    /// Each line is `PID CALL(FD<PATH>, …) = RESULT`, or its two halves: `PID CALL(… <unfinished ...>` and
    /// `PID <... CALL resumed>…) = RESULT`.
    pub(crate) fn read(text: &str) -> Self {
        let mut events = Vec::new();
        let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
        for line in text.lines() {
            let Some((pid, line)) = line.split_once(' ') else {
                continue;
            };
            let line = line.trim_start();
            if let Some(end) = line.strip_prefix("<... ") {
                if let Some(beginning) = begun.remove(pid) {
                    events.extend(ended(beginning, end));
                }
                continue;
            }
            events.extend(beginning(line));
            if line.ends_with("<unfinished ...>") {
                begun.insert(pid, line);
            } else {
                events.extend(ended(line, line));
            }
        }
        Self { events }
    }
}

fn is_of_the_database(call: &str) -> bool {
    call.split_once('>')
        .is_some_and(|(path, _)| path.ends_with("/store/db"))
}

fn beginning(line: &str) -> Option<Event> {
    if let Some(call) = line.strip_prefix("write(") {
        let (path, rest) = call.split_once('>')?;
        let mark = rest.strip_prefix(", \"")?.split_once("\\n\"")?.0;
        return path
            .ends_with("/marks")
            .then(|| Event::Mark(mark.to_owned()));
    }
    let is_sync = line.starts_with("fdatasync(");
    (is_sync && is_of_the_database(line)).then_some(Event::SyncBegins)
}

/// `beginning` says what it was, and the last of `end` what came of it.
fn ended(beginning: &str, end: &str) -> Option<Event> {
    let result: u64 = end.rsplit_once("= ")?.1.trim().parse().ok()?;
    if !is_of_the_database(beginning) {
        return None;
    }
    if beginning.starts_with("pwrite64(") {
        return Some(Event::Written {
            data: beginning.replace("\\\"", "\""),
            octets: result,
        });
    }
    let is_sync = beginning.starts_with("fdatasync(");
    (is_sync && result == 0).then_some(Event::Synced)
}

#[test]
fn halves_of_a_call_are_put_together() {
    let trace = Trace::read(
        "1 write(5</t/marks>, \"begins\\n\", 7) = 7\n\
         1  pwrite64(9</t/store/db>, \"{\\\"text\\\"\", 9, 0 <unfinished ...>\n\
         2 fdatasync(8</t/other>) = 0\n\
         1 <... pwrite64 resumed>) = 9\n\
         1 fdatasync(9</t/store/db> <unfinished ...>\n\
         1 <... fdatasync resumed>) = 0\n\
         1 fdatasync(9</t/store/db>) = -1 EIO (Input/output error)\n",
    );
    let written = Event::Written {
        data: "pwrite64(9</t/store/db>, \"{\"text\"\", 9, 0 <unfinished ...>".to_owned(),
        octets: 9,
    };
    let begins = Event::SyncBegins;
    let wanted = [
        Event::Mark("begins".to_owned()),
        written,
        begins.clone(),
        Event::Synced,
        begins,
    ];
    assert!(trace.events == wanted, "{:#?}", trace.events);
}
