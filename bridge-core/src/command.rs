//! The grammar of commands, the same in every chat, and the help made from its table.
//!
//! Pure. A command begins with `/` or `!` and a letter; a doubled mark (`//`, `!!`) is text that begins with one.

/// One row of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The word behind the mark.
    pub name: &'static str,
    /// What follows it.
    pub arguments: &'static str,
    /// What it does, in a few words.
    pub meaning: &'static str,
}

/// Every command, in the order of the help.
pub const TABLE: &[Row] = &[
    Row {
        name: "send",
        arguments: "NUMBER|NAME TEXT",
        meaning: "text somebody; @line before that picks the SIM",
    },
    Row {
        name: "status",
        arguments: "",
        meaning: "SIMs, signal, what is waiting",
    },
    Row {
        name: "retry",
        arguments: "",
        meaning: "in reply to a failed message: send it again",
    },
    Row {
        name: "cancel",
        arguments: "",
        meaning: "in reply to your message: call it off while it waits",
    },
    Row {
        name: "name",
        arguments: "[NUMBER] NAME",
        meaning: "call a number so; without a number in reply to a message, or in the contact's room",
    },
    Row {
        name: "contacts",
        arguments: "[PART]",
        meaning: "who has a name here",
    },
    Row {
        name: "mute",
        arguments: "[NUMBER|NAME]",
        meaning: "no sound for what they write; alone in reply to a message or in their room; unmute ends it",
    },
    Row {
        name: "unmute",
        arguments: "[NUMBER|NAME]",
        meaning: "with a sound again",
    },
    Row {
        name: "block",
        arguments: "[NUMBER|NAME]",
        meaning: "store what they write, but do not show it; unblock ends it",
    },
    Row {
        name: "unblock",
        arguments: "[NUMBER|NAME]",
        meaning: "show what they write again",
    },
    Row {
        name: "room",
        arguments: "[NUMBER|NAME]",
        meaning: "give a sender of notices a room of their own; alone in reply to a message of theirs",
    },
    Row {
        name: "history",
        arguments: "[NUMBER|NAME] [COUNT]",
        meaning: "owners, in private: the newest messages with a contact",
    },
    Row {
        name: "search",
        arguments: "WORDS",
        meaning: "owners, in private: the newest messages with these words",
    },
    Row {
        name: "export",
        arguments: "[NUMBER|NAME]",
        meaning: "owners, in private: the newest messages as a file",
    },
    Row {
        name: "forget",
        arguments: "NUMBER|NAME",
        meaning: "owners, in private: erase all that is stored of a contact",
    },
    Row {
        name: "ussd",
        arguments: "CODE",
        meaning: "owners: ask the network, with a code such as *100#; a reply to its answer goes on",
    },
    Row {
        name: "people",
        arguments: "",
        meaning: "owners: who may read and send; people remove NAME takes it back",
    },
    Row {
        name: "allow",
        arguments: "read|write",
        meaning: "owners, in reply to a notice of someone unknown: let them in",
    },
    Row {
        name: "ignore",
        arguments: "",
        meaning: "owners, in reply to the same: never tell me of them again",
    },
    Row {
        name: "help",
        arguments: "",
        meaning: "this list",
    },
];

/// What a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parsed<'a> {
    /// To be sent as it is.
    Text(&'a str),
    /// Something to do.
    Command(Command<'a>),
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Help,
    Status,
    Retry,
    Cancel,
    Send {
        line: Option<&'a str>,
        number: &'a str,
        text: &'a str,
    },
    /// What somebody is called; `number` is `None` where the message says whose name it is.
    Name {
        number: Option<&'a str>,
        name: &'a str,
    },
    /// Contacts with this in name or number.
    Contacts(&'a str),
    /// That a sender has a room of their own; empty where the message says who.
    Room(&'a str),
    /// How a contact's messages are to be shown. `who` is empty where the message says whose.
    Treat {
        how: Treat,
        who: &'a str,
    },
    /// What was written with a contact; `count` is `None` where nobody says how much of it.
    History {
        who: &'a str,
        count: Option<usize>,
    },
    Search(&'a str),
    /// Messages as a file. Empty: everybody's.
    Export(&'a str),
    Forget {
        who: &'a str,
        sure: Sure,
    },
    /// `/send` with something left out: the text, or whom it is for.
    SendIncomplete {
        line: Option<&'a str>,
        number: &'a str,
        text: &'a str,
    },
    /// Something said to the network.
    Ussd {
        line: Option<&'a str>,
        code: &'a str,
    },
    /// To let a stranger in: `None` where it does not say how far.
    Allow(Option<Access>),
    /// Not to be told of a stranger again.
    Ignore,
    People,
    RemovePerson(&'a str),
    /// Not in the table.
    NotKnown(&'a str),
}

/// How far somebody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// How what a contact writes is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treat {
    Mute,
    Unmute,
    Block,
    Unblock,
}

/// Whether somebody said that they mean it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sure {
    Yes,
    No,
}

/// Reads what somebody wrote.
pub(crate) fn parse(written: &str) -> Parsed<'_> {
    let trimmed = written.trim();
    let mut chars = trimmed.chars();
    let Some(mark @ ('/' | '!')) = chars.next() else {
        return Parsed::Text(trimmed);
    };
    let rest = chars.as_str();
    if rest.starts_with(mark) {
        return Parsed::Text(rest);
    }
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Parsed::Text(trimmed);
    }
    let (word, arguments) = split(rest);
    // Telegram adds the bot's name in groups: /help@my_bot.
    let word = word.split('@').next().unwrap_or(word);
    Parsed::Command(match word.to_ascii_lowercase().as_str() {
        "help" | "start" => Command::Help,
        "status" => Command::Status,
        "retry" | "yes" => Command::Retry,
        "cancel" | "no" => Command::Cancel,
        "send" => send(arguments),
        "ussd" => ussd(arguments),
        "allow" => Command::Allow(access(arguments)),
        "ignore" => Command::Ignore,
        "people" => people(arguments),
        "name" => name(arguments),
        "mute" => treat(Treat::Mute, arguments),
        "room" => Command::Room(arguments.trim_end()),
        "unmute" => treat(Treat::Unmute, arguments),
        "block" => treat(Treat::Block, arguments),
        "unblock" => treat(Treat::Unblock, arguments),
        "history" => history(arguments.trim_end()),
        "search" => Command::Search(arguments.trim_end()),
        "export" => Command::Export(arguments.trim_end()),
        "forget" => forget(arguments.trim_end()),
        "contacts" => Command::Contacts(arguments.trim_end()),
        _ => Command::NotKnown(word),
    })
}

fn send(arguments: &str) -> Command<'_> {
    let (line, rest) = named_line(arguments);
    let (number, text) = number(rest);
    if number.is_empty() || text.is_empty() || line == Some("") {
        return Command::SendIncomplete { line, number, text };
    }
    Command::Send { line, number, text }
}

fn ussd(arguments: &str) -> Command<'_> {
    let (line, code) = named_line(arguments);
    let code = code.trim_end();
    Command::Ussd { line, code }
}

/// `@line` at the head, and what follows.
fn named_line(arguments: &str) -> (Option<&str>, &str) {
    match arguments.strip_prefix('@') {
        Some(named) => {
            let (line, rest) = split(named);
            (Some(line), rest)
        }
        None => (None, arguments),
    }
}

fn access(arguments: &str) -> Option<Access> {
    match arguments.trim().to_ascii_lowercase().as_str() {
        "read" | "reader" => Some(Access::Read),
        "write" | "writer" | "send" => Some(Access::Write),
        _ => None,
    }
}

fn people(arguments: &str) -> Command<'_> {
    let (verb, name) = split(arguments);
    match verb.to_ascii_lowercase().as_str() {
        "remove" if !name.is_empty() => Command::RemovePerson(name),
        _ => Command::People,
    }
}

fn treat(how: Treat, arguments: &str) -> Command<'_> {
    let who = arguments.trim_end();
    Command::Treat { how, who }
}

/// A last word of up to three digits says how many; what is longer may be a short code.
fn history(arguments: &str) -> Command<'_> {
    let (who, last) = match arguments.rsplit_once(char::is_whitespace) {
        Some((who, last)) => (who.trim_end(), last),
        None => ("", arguments),
    };
    let is_count = last.len() <= 3 && last.bytes().all(|c| c.is_ascii_digit());
    // `+1 202 555 010` is a number.
    let is_in_a_number = who.starts_with(|c: char| c.is_ascii_digit() || c == '+')
        && who.contains(char::is_whitespace);
    match last.parse() {
        Ok(count) if is_count && !is_in_a_number => {
            let count = Some(count);
            Command::History { who, count }
        }
        Ok(_) | Err(_) => {
            let (who, count) = (arguments, None);
            Command::History { who, count }
        }
    }
}

fn forget(arguments: &str) -> Command<'_> {
    let (who, sure) = match arguments.rsplit_once(char::is_whitespace) {
        Some((who, last)) if last.eq_ignore_ascii_case("yes") => (who.trim_end(), Sure::Yes),
        Some(_) | None => (arguments, Sure::No),
    };
    Command::Forget { who, sure }
}

/// A name cannot begin with a digit or `+`: what does is a number.
fn name(arguments: &str) -> Command<'_> {
    if !arguments.starts_with(|c: char| c.is_numeric() || matches!(c, '+' | '*' | '#')) {
        let name = arguments.trim_end();
        return Command::Name { number: None, name };
    }
    let (number, name) = number(arguments);
    let number = Some(number);
    Command::Name { number, name }
}

/// The number at the head, and what follows. A name of several words stands in quotes. `+1 (202) 555-0100 hi` has spaces in the number, and `+47 412 34 567 5 eggs`
/// digits behind it: the number is what makes a valid one of the leading groups of digits. Where that is not one thing
/// only, the number is empty, and has to be written without spaces.
fn number(text: &str) -> (&str, &str) {
    let quoted = text.strip_prefix(['"', '“', '„']);
    if let Some((name, rest)) = quoted.and_then(|text| text.split_once(['"', '”', '“'])) {
        return (name.trim(), rest.trim_start());
    }
    let (first, rest) = split(text);
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    let is_group = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '(' | ')' | '-' | '.' | '/'))
    };
    if !first.starts_with('+') || digits(first) >= 7 {
        return (first, rest);
    }
    let (mut rest, mut valid) = (rest, Vec::new());
    for _ in 0..8 {
        let (group, after) = split(rest);
        if !is_group(group) {
            break;
        }
        rest = after;
        let head = text
            .get(..text.len().saturating_sub(rest.len()))
            .unwrap_or(text)
            .trim_end();
        if phonenumber::parse(None, head).is_ok_and(|number| phonenumber::is_valid(&number)) {
            valid.push((head, rest));
        }
    }
    match valid.as_slice() {
        [only] => *only,
        _ => ("", text),
    }
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

/// The help, with the mark that suits the chat.
pub(crate) fn help(prefix: char) -> String {
    let mut text =
        "To answer someone, reply to their message, or write in their room or topic.\n".to_owned();
    for row in TABLE {
        let Row {
            name,
            arguments,
            meaning,
        } = row;
        let space = if arguments.is_empty() { "" } else { " " };
        text += &format!("\n{prefix}{name}{space}{arguments} – {meaning}");
    }
    text += &format!("\n\nExample: {prefix}send +12025550100 Hello!");
    text
}

#[cfg(test)]
mod tests;
