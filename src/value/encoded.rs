//! Bytes that are written as text.

use super::text::is_xml_space;

/// `FROM_BASE64(text)`: the bytes that the text stands for; `None` for text that is not base64. White
/// space does not count, and the padding may be missing.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let written: Vec<u8> = text.bytes().filter(|byte| !is_xml_space(*byte)).collect();
    let padding = written.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = &written[..written.len() - padding];
    let whole = padding == 0 || (padding <= 2 && written.len().is_multiple_of(4));
    if !whole || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for four in digits.chunks(4) {
        let mut bits = 0;
        for digit in four {
            bits = bits << 6 | sextet(*digit)?;
        }
        bits <<= 6 * (4 - four.len());
        let [_, three @ ..] = bits.to_be_bytes();
        bytes.extend(&three[..four.len() - 1]);
    }
    Some(bytes)
}

fn sextet(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

/// `FROM_HEX(text)`: the bytes that the text stands for, with or without `0x`; `None` for text that is
/// not hexadecimal. White space does not count.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let mut digits: Vec<u8> = text.bytes().filter(|byte| !is_xml_space(*byte)).collect();
    if digits.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"0x")) {
        digits.drain(..2);
    }
    let (pairs, odd) = digits.as_chunks::<2>();
    let nibble = |digit: u8| (digit as char).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| Some((nibble(*high)? << 4 | nibble(*low)?) as u8);
    if !odd.is_empty() {
        return None;
    }
    pairs.iter().map(byte).collect()
}
