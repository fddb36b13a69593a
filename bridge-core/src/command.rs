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
        arguments: "NUMBER TEXT",
        meaning: "text a number; @line before the number picks the SIM",
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
    /// `/send` with something left out.
    SendIncomplete,
    /// Not in the table.
    NotKnown(&'a str),
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
        _ => Command::NotKnown(word),
    })
}

fn send(arguments: &str) -> Command<'_> {
    let (line, rest) = match arguments.strip_prefix('@') {
        Some(named) => {
            let (line, rest) = split(named);
            (Some(line), rest)
        }
        None => (None, arguments),
    };
    let (number, text) = number(rest);
    if number.is_empty() || text.is_empty() || line == Some("") {
        return Command::SendIncomplete;
    }
    Command::Send { line, number, text }
}

/// The number at the head, and what follows. `+1 (202) 555-0100 hi` has spaces in the number, and `+47 412 34 567 5 eggs`
/// digits behind it: the number is what makes a valid one of the leading groups of digits. Where that is not one thing
/// only, the number is empty, and has to be written without spaces.
fn number(text: &str) -> (&str, &str) {
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
mod tests {
    use super::*;

    #[test]
    fn grammar() {
        let send = |line, number, text| Parsed::Command(Command::Send { line, number, text });
        let cases = [
            ("hello", Parsed::Text("hello")),
            ("  hello \n", Parsed::Text("hello")),
            ("//path", Parsed::Text("/path")),
            ("!!wow", Parsed::Text("!wow")),
            ("/", Parsed::Text("/")),
            ("!", Parsed::Text("!")),
            ("! hi", Parsed::Text("! hi")),
            ("/1", Parsed::Text("/1")),
            ("", Parsed::Text("")),
            ("/help", Parsed::Command(Command::Help)),
            ("/start", Parsed::Command(Command::Help)),
            ("!HELP", Parsed::Command(Command::Help)),
            ("/help@my_bot", Parsed::Command(Command::Help)),
            ("/status", Parsed::Command(Command::Status)),
            ("!retry", Parsed::Command(Command::Retry)),
            ("/cancel", Parsed::Command(Command::Cancel)),
            ("/yes", Parsed::Command(Command::Retry)),
            ("!no", Parsed::Command(Command::Cancel)),
            (
                "/nonsense x",
                Parsed::Command(Command::NotKnown("nonsense")),
            ),
            ("/send", Parsed::Command(Command::SendIncomplete)),
            (
                "/send +12025550100",
                Parsed::Command(Command::SendIncomplete),
            ),
            (
                "/send @ +12025550100 x",
                Parsed::Command(Command::SendIncomplete),
            ),
            (
                "/send +12025550100 hello there",
                send(None, "+12025550100", "hello there"),
            ),
            (
                "/send@my_bot +12025550100 hello",
                send(None, "+12025550100", "hello"),
            ),
            (
                "/send\n+12025550100\nline 1\nline 2",
                send(None, "+12025550100", "line 1\nline 2"),
            ),
            (
                "/send @work +12025550100 hi",
                send(Some("work"), "+12025550100", "hi"),
            ),
            (
                "/send +1 (202) 555-0100 hi",
                send(None, "+1 (202) 555-0100", "hi"),
            ),
            (
                "/send +1 202 555 0100 5 minutes",
                send(None, "+1 202 555 0100", "5 minutes"),
            ),
            (
                "/send +44 20 7946 0123 2 things",
                send(None, "+44 20 7946 0123", "2 things"),
            ),
            (
                "/send +47 412 34 567 5 minutes",
                send(None, "+47 412 34 567", "5 minutes"),
            ),
            (
                "/send +65 9123 4567 10 people",
                send(None, "+65 9123 4567", "10 people"),
            ),
            (
                "/send +12 3 hello",
                Parsed::Command(Command::SendIncomplete),
            ),
            ("/send 8558 STOP", send(None, "8558", "STOP")),
        ];
        for (written, expected) in cases {
            assert_eq!(parse(written), expected, "{written:?}");
        }
    }

    #[test]
    fn help_names_every_command() {
        let text = help('!');
        for row in TABLE {
            assert!(text.contains(&format!("\n!{}", row.name)), "{}", row.name);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(written in ".{0,80}") {
            let _parsed = parse(&written);
        }
    }
}
