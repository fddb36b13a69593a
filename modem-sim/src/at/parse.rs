//! Command lines cut into commands (ITU-T V.250 §5.2 to §5.4).
//!
//! Lenient as modems are: anything before `AT` is dropped, letters are taken in either case, blanks are ignored outside
//! quotation marks.

/// How an extended command was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// `+NAME`
    Execute,
    /// `+NAME?`
    Query,
    /// `+NAME=?`
    Test,
    /// `+NAME=...`
    Set(Arguments),
}

/// The values of a set command; an absent one is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value at that place without its quotation marks, `None` where absent or empty.
    pub(crate) fn text(&self, place: usize) -> Option<&str> {
        self.0
            .get(place)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value as a number; `Err` for something that is none.
    pub(crate) fn number(&self, place: usize) -> Result<Option<u16>, NotANumber> {
        self.text(place)
            .map(|value| value.parse().map_err(|_not_a_number| NotANumber))
            .transpose()
    }
}

/// A value that should have been a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotANumber;

/// One command of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// A letter (or `&` and a letter, or `S` and a register) with its number.
    Basic { name: String, number: Option<u16> },
    /// A command that begins with `+`, `^`, `$`, `*` or `%`, in capitals.
    Extended { name: String, form: Form },
    /// `D` and all that follows.
    Dial,
}

const PREFIXES: [char; 5] = ['+', '^', '$', '*', '%'];

/// The commands behind `AT`, or `None` for a line without it. What reads as no command ends the list as an unknown one.
pub(crate) fn commands(line: &str) -> Option<Vec<Command>> {
    let at = line
        .as_bytes()
        .windows(2)
        .position(|pair| pair.eq_ignore_ascii_case(b"AT"))?;
    let mut rest = line.get(at + 2..)?.trim();
    let mut commands = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix([';', ' ']) {
            rest = after;
            continue;
        }
        let (command, after) = if rest.starts_with(PREFIXES) {
            extended(rest)
        } else {
            basic(rest)
        };
        commands.push(command);
        rest = after;
    }
    Some(commands)
}

fn basic(rest: &str) -> (Command, &str) {
    let mut characters = rest.char_indices();
    let (_, letter) = characters.next().unwrap_or((0, ' '));
    let mut name = letter.to_ascii_uppercase().to_string();
    if name == "D" {
        return (Command::Dial, "");
    }
    let mut end = letter.len_utf8();
    if (name == "&" || name == "\\")
        && let Some((at, second)) = characters.next()
    {
        name.push(second.to_ascii_uppercase());
        end = at + second.len_utf8();
    }
    let digits = |from: &str| {
        from.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len())
    };
    let (_, mut after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let (number, behind) = after.split_at_checked(digits(after)).unwrap_or(("", after));
    let mut number = number.parse().ok();
    after = behind;
    if name == "S" {
        // S<register>=<value> and S<register>?
        if let Some(value) = after.strip_prefix('=') {
            after = value
                .split_at_checked(digits(value))
                .map_or("", |(_, behind)| behind);
        } else if let Some(behind) = after.strip_prefix('?') {
            after = behind;
            name.push('?');
        }
        number = number.or(Some(0));
    }
    (Command::Basic { name, number }, after)
}

fn extended(rest: &str) -> (Command, &str) {
    let mut quoted = false;
    let end = rest
        .find(|c: char| {
            quoted ^= c == '"';
            c == ';' && !quoted
        })
        .unwrap_or(rest.len());
    let (command, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let name_end = command.find(['=', '?']).unwrap_or(command.len());
    let (name, tail) = command.split_at_checked(name_end).unwrap_or((command, ""));
    let form = match tail.trim() {
        "" => Form::Execute,
        "?" => Form::Query,
        "=?" => Form::Test,
        set => Form::Set(arguments(set.strip_prefix('=').unwrap_or(set))),
    };
    (
        Command::Extended {
            name: name.trim().to_ascii_uppercase(),
            form,
        },
        after,
    )
}

fn arguments(written: &str) -> Arguments {
    let mut values = vec![String::new()];
    let mut quoted = false;
    for character in written.chars() {
        match (character, quoted) {
            ('"', _) => quoted = !quoted,
            (',', false) => values.push(String::new()),
            (' ', false) => {}
            _ => {
                if let Some(value) = values.last_mut() {
                    value.push(character);
                }
            }
        }
    }
    Arguments(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(values: &[&str]) -> Form {
        Form::Set(Arguments(
            values.iter().map(|value| (*value).to_owned()).collect(),
        ))
    }

    #[test]
    fn lines_are_cut_into_commands() {
        let plus = |name: &str, form| Command::Extended {
            name: name.to_owned(),
            form,
        };
        let letter = |name: &str, number| Command::Basic {
            name: name.to_owned(),
            number,
        };
        for (line, commands) in [
            ("AT", Some(vec![])),
            ("\u{1b}at", Some(vec![])),
            ("hello", None),
            (
                "ATE0V1",
                Some(vec![letter("E", Some(0)), letter("V", Some(1))]),
            ),
            ("ATZ", Some(vec![letter("Z", None)])),
            (
                "AT&C1S0=0;+CMEE=1",
                Some(vec![
                    letter("&C", Some(1)),
                    letter("S", Some(0)),
                    plus("+CMEE", set(&["1"])),
                ]),
            ),
            (
                "AT+CPMS=\"SM\",,\"ME\"",
                Some(vec![plus("+CPMS", set(&["SM", "", "ME"]))]),
            ),
            (
                "at+cusd=1,\"*100#;x\",15",
                Some(vec![plus("+CUSD", set(&["1", "*100#;x", "15"]))]),
            ),
            (
                "AT+CSQ;+CREG?;+CNMI=?",
                Some(vec![
                    plus("+CSQ", Form::Execute),
                    plus("+CREG", Form::Query),
                    plus("+CNMI", Form::Test),
                ]),
            ),
            ("AT^ICCID?", Some(vec![plus("^ICCID", Form::Query)])),
            ("ATD+12025550100;", Some(vec![Command::Dial])),
        ] {
            assert_eq!(super::commands(line), commands, "{line}");
        }
    }

    #[test]
    fn arguments_are_read_by_place() {
        let values = arguments("1,\"\",x");
        assert_eq!(
            (values.len(), values.number(0), values.text(1)),
            (3, Ok(Some(1)), None)
        );
        assert_eq!(
            (values.number(2), values.number(7)),
            (Err(NotANumber), Ok(None))
        );
    }
}
