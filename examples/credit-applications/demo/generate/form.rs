//! The encodings in which documents arrive.

use super::rng::Rng;
use super::{Kind, Plan};

/// How a document is encoded and introduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// UTF-8 without a mark: nearly all.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Mark,
    /// UTF-8 with an external DOCTYPE, which must not be fetched.
    Doctype,
    /// ISO-8859-1, as declared; other characters as references.
    Latin1,
    /// UTF-16 little-endian with a mark.
    Utf16Le,
    /// UTF-16 big-endian with a mark.
    Utf16Be,
}

impl Form {
    pub(super) fn draw(rng: &mut Rng) -> Form {
        match rng.below(100) {
            0..=1 => Form::Utf16Le,
            2 => Form::Utf16Be,
            3 => Form::Utf8Mark,
            4 => Form::Latin1,
            5..=8 => Form::Doctype,
            _ => Form::Utf8,
        }
    }

    pub(super) fn is_utf16(self) -> bool {
        matches!(self, Form::Utf16Le | Form::Utf16Be)
    }

    /// Everything before the root element.
    pub(super) fn prolog(self) -> &'static str {
        match self {
            Form::Utf8 | Form::Utf8Mark => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            Form::Doctype => {
                "<?xml version=\"1.0\" encoding=\"utf-8\" standalone='no'?>\n\
                 <!DOCTYPE Provenir SYSTEM \"https://schemas.example.invalid/request.dtd\">"
            }
            Form::Latin1 => "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>",
            Form::Utf16Le | Form::Utf16Be => "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        }
    }
}

/// The document's bytes in the form of its plan.
pub(super) fn encode(text: String, plan: &Plan) -> Vec<u8> {
    if plan.kind == Kind::ForeignByte {
        return with_foreign_byte(text);
    }
    match plan.form {
        Form::Utf8 | Form::Doctype => text.into_bytes(),
        Form::Utf8Mark => [&b"\xEF\xBB\xBF"[..], text.as_bytes()].concat(),
        Form::Latin1 => latin1(&text),
        Form::Utf16Le => utf16(&text, u16::to_le_bytes),
        Form::Utf16Be => utf16(&text, u16::to_be_bytes),
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    const BYTE_ORDER_MARK: u16 = 0xFEFF;
    std::iter::once(BYTE_ORDER_MARK).chain(text.encode_utf16()).flat_map(bytes).collect()
}

fn latin1(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u8::try_from(u32::from(c)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(format!("&#{};", u32::from(c)).as_bytes()),
        }
    }
    bytes
}

/// Puts an invalid UTF-8 byte into the middle of the document.
fn with_foreign_byte(text: String) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    let place = bytes.len() / 2;
    let ascii = bytes[place..].iter().position(u8::is_ascii_alphanumeric).unwrap_or(0);
    bytes[place + ascii] = 0xFF;
    bytes
}
