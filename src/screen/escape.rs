//! Text without what commands a terminal.

use std::borrow::Cow;

/// What begins a command to a terminal.
pub(super) const ESCAPE: char = '\u{1b}';

/// Control characters, and those that turn the direction of text around.
pub(crate) fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Bytes of text without what turns its direction around: `�` in its place, which is as long.
/// Control characters are left, because the text may have colours.
pub(crate) fn undirected(text: &[u8]) -> Cow<'_, [u8]> {
    let turns =
        |bytes: &[u8]| matches!(bytes, [0xe2, 0x80, 0xaa..=0xae] | [0xe2, 0x81, 0xa6..=0xa9]);
    let mut shown = Cow::Borrowed(text);
    for at in memchr::memchr_iter(0xe2, text) {
        if text.get(at..at + 3).is_some_and(turns) {
            shown.to_mut()[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    shown
}

/// `text` as a terminal can show it: escapes what is unprintable, except line ends and tabs.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let escapes = |c: char| is_unprintable(c) && !matches!(c, '\n' | '\t');
    if !text.contains(escapes) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match escapes(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}
