//! Text as it is read: blank, trimmed, clipped.

/// XML's white space. No other character makes a text blank.
pub(crate) const fn is_xml_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether a text is empty or only XML white space.
#[inline]
pub fn is_blank(text: &str) -> bool {
    text.bytes().all(is_xml_space)
}

/// `str::is_ascii`, which goes byte by byte through a short text's end and is mispredicted there.
#[inline(always)]
pub(super) fn is_ascii(text: &str) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let bytes = text.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = u64::from_le_bytes(*first) | u64::from_le_bytes(*last);
        return ends & HIGH == 0 && (bytes.len() <= 16 || text.is_ascii());
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = u32::from_le_bytes(*first) | u32::from_le_bytes(*last);
        return u64::from(ends) & HIGH == 0;
    }
    match bytes {
        [] => true,
        [first, .., last] => (first | bytes[bytes.len() / 2] | last) < 0x80,
        [only] => *only < 0x80,
    }
}

/// The text without surrounding XML white space.
#[inline]
pub fn trim_xml(text: &str) -> &str {
    let bytes = text.as_bytes();
    let unspaced = |first: Option<&u8>| first.is_none_or(|b| !is_xml_space(*b));
    if unspaced(bytes.first()) && unspaced(bytes.last()) {
        return text;
    }
    text.trim_matches(|c: char| c.is_ascii() && is_xml_space(c as u8))
}

/// A text as a sentence quotes it: its first 60 characters.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
