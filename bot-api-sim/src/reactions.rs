//! The emoji that a reaction may be (Bot API, "ReactionTypeEmoji"). Nothing else is one: no ✅, no ❌, no ⏳.

/// Telegram's list, without variation selectors.
const EMOJI: &[&str] = &[
    "❤",
    "👍",
    "👎",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤\u{200d}🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨\u{200d}💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷\u{200d}♂",
    "🤷",
    "🤷\u{200d}♀",
    "😡",
];

/// Whether an emoji may be a reaction; a variation selector makes no difference.
pub(crate) fn is_reaction(emoji: &str) -> bool {
    let plain = emoji.replace('\u{fe0f}', "");
    EMOJI.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_standard_list() {
        for emoji in ["👍", "🕊", "💔", "🤷", "👀", "❤\u{fe0f}"] {
            assert!(is_reaction(emoji), "{emoji}");
        }
        for emoji in ["✅", "❌", "⏳", "👍👍", "", "x"] {
            assert!(!is_reaction(emoji), "{emoji}");
        }
        assert_eq!(EMOJI.len(), 73);
    }
}
