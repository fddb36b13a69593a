//! Bytes into lines. Carriage returns and line feeds both end a line and empty lines vanish, so `\r\r\n` is nothing
//! special; the prompt is found without a line end.
//!
//! **Invariant:** holds at most [`LONGEST`] bytes, whatever comes; the rest of an overlong line is dropped.

use super::text::final_result;

/// Longer than any PDU, listing header or USSD text.
const LONGEST: usize = 4096;

/// The line that is coming in.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Whether what stands there without a line end is the prompt of `+CMGS`.
    pub(super) fn at_prompt(&self) -> bool {
        matches!(self.partial.trim_ascii(), b">")
    }

    /// Forgets what has come of the line.
    pub(super) fn clear(&mut self) {
        self.partial.clear();
    }

    /// Forgets a final result whose line end has not come, so that it does not end a command that is written after it.
    pub(super) fn drop_result(&mut self) {
        let so_far: String = self.partial.iter().copied().map(char::from).collect();
        if final_result(so_far.trim()).is_some() {
            self.partial.clear();
        }
    }

    /// Takes one byte; gives a line, without the blanks around it, if it ends here.
    ///
    /// Bytes are taken as Latin-1, so that nothing is refused. NULs (at power-up) and echoed Ctrl-Z and ESC vanish.
    pub(super) fn take(&mut self, byte: u8) -> Option<String> {
        match byte {
            b'\r' | b'\n' => {
                let line: String = self.partial.drain(..).map(char::from).collect();
                let line = line.trim();
                let line = line.strip_prefix("> ").unwrap_or(line).trim_start();
                (!line.is_empty() && line != ">").then(|| line.to_owned())
            }
            0 | 0x1A | 0x1B => None,
            _ => {
                if self.partial.len() < LONGEST {
                    self.partial.push(byte);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Lines};

    fn check(bytes: &[u8], expected: &[&str]) {
        let mut lines = Lines::default();
        let taken: Vec<String> = bytes.iter().filter_map(|&byte| lines.take(byte)).collect();
        assert_eq!(taken, expected, "{:?}", String::from_utf8_lossy(bytes));
    }

    /// Written after the rows of AT-QUIRKS.md.
    #[test]
    fn lines_come_out_whatever_ends_them() {
        check(b"\r\nOK\r\n", &["OK"]);
        check(
            b"AT+CSQ\r\r\n+CSQ: 20,99\r\n\r\nOK\r\n",
            &["AT+CSQ", "+CSQ: 20,99", "OK"],
        );
        check(b"OK\n", &["OK"]);
        check(b"+CMGS\r\r\n", &["+CMGS"]);
        check(b"\0\0\r\nRDY\r\n", &["RDY"]);
        check(b"> \r\n", &[]);
        check(b"> 0791AB\x1a\r\nOK\r\n", &["0791AB", "OK"]);
        check(b"no end", &[]);
    }

    #[test]
    fn the_prompt_needs_no_line_end() {
        let mut lines = Lines::default();
        for &byte in b"AT+CMGS=18\r\r\n" {
            lines.take(byte);
        }
        assert!(!lines.at_prompt());
        lines.take(b'>');
        assert!(lines.at_prompt());
        lines.take(b' ');
        assert!(lines.at_prompt());
        lines.take(b'x');
        assert!(!lines.at_prompt());
    }

    #[test]
    fn an_overlong_line_is_cut() {
        let mut bytes = vec![b'A'; 100_000];
        bytes.extend_from_slice(b"\r\nOK\r\n");
        let mut lines = Lines::default();
        let taken: Vec<usize> = bytes
            .iter()
            .filter_map(|&byte| lines.take(byte))
            .map(|line| line.len())
            .collect();
        assert_eq!(taken, [LONGEST, 2]);
    }
}
