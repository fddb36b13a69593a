//! Lines of standard input, whatever they hold: bounded, and text in any case.

use std::io::{self, BufRead, Read};

/// Octets of one line; no PDU and no message comes near.
const LIMIT: u64 = 64 * 1024;

/// One line without its end. A longer line is cut; what is left of it is skipped.
///
/// # Errors
///
/// The stream fails.
pub(crate) fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    input.by_ref().take(LIMIT).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        skip_line(input)?;
    }
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        line.pop();
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        let last = buffer.is_empty() || end.is_some();
        input.consume(used);
        if last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whatever_they_hold() {
        let long = "0".repeat(200_000);
        let text = format!("ab\r\n\n{long}\n\u{e9}\ncd");
        let mut input = text.as_bytes();
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            lines.push(line);
        }
        let lengths: Vec<usize> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [2, 0, 65_536, 2, 2]);
        assert_eq!(lines.last().map(String::as_str), Some("cd"));
    }
}
