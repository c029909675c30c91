//! What a character type holds of a text.

use encoding_rs::{EncoderResult, WINDOWS_1252};

use super::error::ConversionFault;
use crate::value::text::is_ascii;
use crate::value::SqlType;

/// A character type.
#[derive(Debug, Clone, Copy)]
pub struct Characters {
    /// Its length.
    limit: usize,
    /// Whether it stores code page 1252, and not UTF-16.
    code_page: bool,
}

impl Characters {
    /// `None` for every other type.
    pub fn of(sql_type: SqlType) -> Option<Self> {
        let limit = sql_type.max_chars().map_or(usize::MAX, usize::from);
        let code_page = sql_type.is_code_page();
        sql_type.is_character().then_some(Self { limit, code_page })
    }

    /// The text as far as the type holds it. Blanks at the end that do not fit are dropped without
    /// an error, as SQL Server does, and other characters when `truncate` is set.
    #[inline(always)]
    pub fn fit(self, text: &str, truncate: bool) -> Result<&str, ConversionFault> {
        if self.code_page && !is_ascii(text) {
            check_code_page(text)?;
        }
        // UTF-8 is never shorter than UTF-16 or code page 1252.
        match text.len() > self.limit {
            true => self.cut(text, truncate),
            false => Ok(text),
        }
    }

    /// A text of more bytes than the type holds characters.
    #[inline(never)]
    fn cut(self, text: &str, truncate: bool) -> Result<&str, ConversionFault> {
        let units = if self.code_page { |_| 1 } else { char::len_utf16 };
        let (kept, rest) = text.split_at(fitting(text, self.limit, units));
        if truncate || rest.bytes().all(|b| b == b' ') {
            return Ok(kept);
        }
        Err(ConversionFault::TooLong(text.chars().map(units).sum()))
    }
}

/// Refuses the first character that code page 1252 lacks.
#[cold]
fn check_code_page(text: &str) -> Result<(), ConversionFault> {
    let mut encoder = WINDOWS_1252.new_encoder();
    let mut encoded = [0; 256];
    let mut rest = text;
    loop {
        let (result, read, _) =
            encoder.encode_from_utf8_without_replacement(rest, &mut encoded, true);
        match result {
            EncoderResult::InputEmpty => return Ok(()),
            EncoderResult::OutputFull => rest = &rest[read..],
            EncoderResult::Unmappable(character) => {
                return Err(ConversionFault::CodePage(character))
            }
        }
    }
}

/// Bytes of the longest start of a text that has at most `limit` units.
fn fitting(text: &str, limit: usize, units: fn(char) -> usize) -> usize {
    let mut left = limit;
    for (i, c) in text.char_indices() {
        match left.checked_sub(units(c)) {
            Some(rest) => left = rest,
            None => return i,
        }
    }
    text.len()
}
