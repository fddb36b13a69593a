//! Texts in HTML mode (Bot API, "HTML style"): tags to entities, errors in the open server's words.

use serde_json::{Map, Value, json};

/// A text and its entities, offsets in UTF-16 code units.
#[derive(Debug, PartialEq)]
pub(crate) struct Formatted {
    pub(crate) text: String,
    pub(crate) entities: Vec<Value>,
}

struct Open {
    tag: String,
    /// In UTF-16 code units.
    start: usize,
    /// Further fields of the entity.
    fields: Map<String, Value>,
}

/// Reads a text in HTML mode.
pub(crate) fn parse(source: &str) -> Result<Formatted, String> {
    let mut parser = Parser {
        source,
        at: 0,
        text: String::new(),
        units: 0,
        open: Vec::new(),
        entities: Vec::new(),
    };
    while let Some(next) = parser.rest().chars().next() {
        match next {
            '<' if parser.rest().starts_with("</") => parser.end_tag()?,
            '<' => parser.start_tag()?,
            '&' => parser.reference(),
            other => {
                parser.at = parser.at.saturating_add(other.len_utf8());
                parser.push(other);
            }
        }
    }
    if let Some(open) = parser.open.last() {
        return Err(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            open.tag
        ));
    }
    Ok(parser.finish())
}

/// UTF-16 code units of a text.
pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

struct Parser<'a> {
    source: &'a str,
    /// In bytes.
    at: usize,
    text: String,
    units: usize,
    open: Vec<Open>,
    entities: Vec<(usize, usize, Map<String, Value>)>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, c: char) {
        self.text.push(c);
        self.units = self.units.saturating_add(c.len_utf16());
    }

    /// `&lt;`, `&gt;`, `&amp;`, `&quot;` and numbers; any other `&` is itself.
    fn reference(&mut self) {
        let known = [
            ("&lt;", '<'),
            ("&gt;", '>'),
            ("&amp;", '&'),
            ("&quot;", '"'),
        ];
        let named = known
            .iter()
            .find(|(name, _)| self.rest().starts_with(name))
            .map(|&(name, c)| (name.len(), c));
        let (length, c) = named.or_else(|| numeric(self.rest())).unwrap_or((1, '&'));
        self.at = self.at.saturating_add(length);
        self.push(c);
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let rest = self.rest().strip_prefix('<').unwrap_or_default();
        let name: String = rest
            .chars()
            .take_while(|c| !c.is_whitespace() && *c != '>')
            .collect::<String>()
            .to_ascii_lowercase();
        if name.is_empty() {
            return Err(format!("Unsupported start tag \"\" at byte offset {begin}"));
        }
        let Some((inside, _)) = rest.split_once('>') else {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        };
        let attributes = attributes(inside.get(name.len()..).unwrap_or_default());
        let attribute = |wanted: &str| {
            let found = attributes.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        let mut fields = Map::new();
        let kind = match name.as_str() {
            "b" | "strong" => "bold",
            "i" | "em" => "italic",
            "u" | "ins" => "underline",
            "s" | "strike" | "del" => "strikethrough",
            "tg-spoiler" => "spoiler",
            "span" => {
                if attribute("class").as_deref() != Some("tg-spoiler") {
                    return Err(format!(
                        "Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"
                    ));
                }
                "spoiler"
            }
            "a" => {
                fields.insert(
                    "url".to_owned(),
                    json!(attribute("href").unwrap_or_default()),
                );
                "text_link"
            }
            "tg-emoji" => {
                let id = attribute("emoji-id").unwrap_or_default();
                fields.insert("custom_emoji_id".to_owned(), json!(id));
                "custom_emoji"
            }
            "code" => {
                let language = attribute("class")
                    .and_then(|class| class.strip_prefix("language-").map(str::to_owned));
                if let Some(language) = language {
                    fields.insert("language".to_owned(), json!(language));
                }
                "code"
            }
            "pre" => "pre",
            "blockquote" => {
                if attribute("expandable").is_some() {
                    "expandable_blockquote"
                } else {
                    "blockquote"
                }
            }
            _ => {
                return Err(format!(
                    "Unsupported start tag \"{name}\" at byte offset {begin}"
                ));
            }
        };
        fields.insert("type".to_owned(), json!(kind));
        self.at = begin.saturating_add(inside.len()).saturating_add(2);
        self.open.push(Open {
            tag: name,
            start: self.units,
            fields,
        });
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let rest = self.rest().strip_prefix("</").unwrap_or_default();
        let Some((inside, _)) = rest.split_once('>') else {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        };
        let length = inside.len();
        let name = inside.trim().to_ascii_lowercase();
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        if !name.is_empty() && name != open.tag {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{name}>\"",
                open.tag
            ));
        }
        self.at = begin.saturating_add(length).saturating_add(3);
        if self.units > open.start {
            self.entities.push((open.start, self.units, open.fields));
        }
        Ok(())
    }

    /// White space at both ends goes, and entities with it.
    fn finish(self) -> Formatted {
        let trimmed = self.text.trim();
        let lead = self
            .text
            .get(..self.text.len().saturating_sub(self.text.trim_start().len()))
            .map_or(0, units);
        let length = units(trimmed);
        let mut entities: Vec<(usize, usize, Map<String, Value>)> = self
            .entities
            .into_iter()
            .filter_map(|(start, end, fields)| {
                let start = start.saturating_sub(lead);
                let end = end.saturating_sub(lead).min(length);
                (end > start).then_some((start, end, fields))
            })
            .collect();
        // Longer ones first where several begin together, so that outer ones come before inner ones.
        entities.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        let entities = entities
            .into_iter()
            .map(|(start, end, mut fields)| {
                fields.insert("offset".to_owned(), json!(start));
                fields.insert("length".to_owned(), json!(end.saturating_sub(start)));
                Value::Object(fields)
            })
            .collect();
        Formatted {
            text: trimmed.to_owned(),
            entities,
        }
    }
}

/// A numeric reference at the beginning: its length and character.
fn numeric(rest: &str) -> Option<(usize, char)> {
    let (number, _) = rest.strip_prefix("&#")?.split_once(';')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let c = char::from_u32(code).filter(|&c| c != '\0')?;
    Some((number.len().saturating_add(3), c))
}

/// `name="value"`, `name='value'`, `name=value` or `name`.
fn attributes(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return found;
        }
        let length = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            found.push((name.to_ascii_lowercase(), String::new()));
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, after) = match quote {
            Some(quote) => {
                let inside = value.strip_prefix(quote).unwrap_or_default();
                inside.split_once(quote).unwrap_or((inside, ""))
            }
            None => value.split_once(char::is_whitespace).unwrap_or((value, "")),
        };
        found.push((name.to_ascii_lowercase(), value.to_owned()));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_entities() {
        let cases = [
            ("plain", "plain", json!([])),
            (
                "a &lt;b&gt; &amp; &quot;c&quot; & d &nbsp;",
                "a <b> & \"c\" & d &nbsp;",
                json!([]),
            ),
            ("&#128077;&#x1F44D;", "👍👍", json!([])),
            (
                "<b>bold</b> x",
                "bold x",
                json!([{"type": "bold", "offset": 0, "length": 4}]),
            ),
            (
                "👍<b>b<i>c</i></b>",
                "👍bc",
                json!([{"type": "bold", "offset": 2, "length": 2}, {"type": "italic", "offset": 3, "length": 1}]),
            ),
            (
                "<a href=\"https://example.org/?a=1&amp;b\">x</a>",
                "x",
                json!([{"type": "text_link", "url": "https://example.org/?a=1&amp;b", "offset": 0, "length": 1}]),
            ),
            (
                "  <b> x </b>\n",
                "x",
                json!([{"type": "bold", "offset": 0, "length": 1}]),
            ),
            ("<b></b>y", "y", json!([])),
            (
                "<blockquote expandable>q</blockquote>",
                "q",
                json!([{"type": "expandable_blockquote", "offset": 0, "length": 1}]),
            ),
        ];
        for (source, text, entities) in cases {
            let parsed = parse(source).unwrap();
            assert_eq!(parsed.text, text, "{source}");
            assert_eq!(json!(parsed.entities), entities, "{source}");
        }
    }

    #[test]
    fn bad_html_is_refused() {
        let cases = [
            ("a < b", "Unsupported start tag \"\" at byte offset 2"),
            ("x<br>", "Unsupported start tag \"br\" at byte offset 1"),
            (
                "<b>x",
                "Can't find end tag corresponding to start tag \"b\"",
            ),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            (
                "<b>x</i>",
                "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"",
            ),
            ("<b", "Unclosed start tag at byte offset 0"),
            (
                "<span>x</span>",
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0",
            ),
        ];
        for (source, error) in cases {
            assert_eq!(parse(source), Err(error.to_owned()), "{source}");
        }
    }
}
