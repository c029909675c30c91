//! Characters, and references to them.

use crate::reason::{bare, formed, quoted, reason, Reason};

/// The character that a reference at the start of `text` resolves to, and the reference's length.
pub(crate) fn reference(text: &str) -> Option<(char, usize)> {
    // The longest valid reference is &#x10FFFF; with a few leading zeros.
    let end = text.bytes().take(32).position(|b| b == b';')?;
    let character = match &text[1..end] {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        name => char::from_u32(code(name.strip_prefix('#')?)?).filter(|c| allowed(*c))?,
    };
    Some((character, end + 1))
}

/// The number in `#65` or `#x41`, behind the `#`.
fn code(digits: &str) -> Option<u32> {
    match digits.strip_prefix('x') {
        Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u32::from_str_radix(hex, 16).ok()
        }
        None if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// Whether XML 1.0 allows the character in a document (production 2, Char).
pub(crate) fn allowed(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}

/// Why a document must not have a character.
pub(crate) fn forbidden(character: char) -> Reason {
    reason!(
        "the character {} is not allowed in an XML document: remove it where the document is produced",
        formed(format_args!("U+{:04X}", character as u32), "U+#")
    )
}

/// Why an `&` at the start of `text` does not begin a reference.
pub(crate) fn wrong_reference(text: &str) -> Reason {
    let shown: String = text.chars().take_while(|c| *c != ';').take(20).collect();
    let name = text[1..].split(';').next().filter(|name| name.len() + 1 < text.len());
    match name.map(|name| (name, name.strip_prefix('#').map(code))) {
        Some((_, Some(Some(number)))) => reason!(
            "{} refers to the character {}, which is not allowed in an XML document: remove it where \
             the document is produced",
            quoted(shown),
            formed(format_args!("U+{number:04X}"), "U+#")
        ),
        Some((name, None)) if super::names::is_plain_name(name) => reason!(
            "{} refers to an entity of a DTD, and DTDs are not read: write the character itself where \
             the document is produced, or &amp;{}; if the text is meant",
            quoted(shown),
            bare(name)
        ),
        _ => reason!(
            "{} is not a character reference or one of &lt; &gt; &amp; &apos; &quot;: write a plain & \
             as &amp;",
            quoted(shown)
        ),
    }
}
