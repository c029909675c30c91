//! Bytes to text: what marks and declarations say, UTF-16 and strict UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16LE};

use super::place::locate;
use crate::document::{Coding, DocumentEncoding};
use crate::outcome::{Failure, FailureCategory};
use crate::reason::{known, number, reason, Reason};

type Decoded<'b> = Result<Cow<'b, str>, Box<Failure>>;

/// The document as UTF-8 without a byte order mark; borrowed whenever it already is.
pub(super) fn decode(bytes: &[u8], encoding: DocumentEncoding) -> Decoded<'_> {
    match encoding {
        DocumentEncoding::Utf8 => utf8(bytes),
        DocumentEncoding::Utf16Le => {
            let mark = usize::from(bytes.starts_with(&[0xFF, 0xFE])) * 2;
            transcode(&bytes[mark..], UTF_16LE, "nvarchar text")
        }
        DocumentEncoding::Detect => detect(bytes),
    }
}

/// As its first bytes say.
fn detect(bytes: &[u8]) -> Decoded<'_> {
    let (coding, mark) = Coding::of(bytes).map_err(|reason| not_text("", reason))?;
    match coding {
        Coding::Utf8 => utf8(bytes),
        Coding::Ascii => ascii(bytes),
        Coding::Other(encoding, source) => transcode(&bytes[mark..], encoding, source),
    }
}

fn ascii(bytes: &[u8]) -> Decoded<'_> {
    let (text, rest) = bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii()).count());
    let text = std::str::from_utf8(text).expect("ASCII is UTF-8");
    match rest.first() {
        None => Ok(Cow::Borrowed(text)),
        Some(byte) => {
            let reason = reason!(
                "the declared encoding is US-ASCII, which does not have the byte {}: declare the \
                 encoding that the document is in",
                number(format_args!("0x{byte:02X}"))
            );
            Err(not_text(text, reason))
        }
    }
}

fn utf8(bytes: &[u8]) -> Decoded<'_> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // Faster than the check that reports where it fails, which runs only then.
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let read = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let reason = match read.trim_start().starts_with("<?xml") && !read.starts_with("<?xml") {
        true => {
            "the document is not valid UTF-8 here, and its XML declaration is ignored because \
             it is not at the very beginning: remove what is before it"
        }
        false => {
            "the document is not valid UTF-8 here: convert it, or declare the encoding it is in"
        }
    };
    Err(not_text(read, reason))
}

fn transcode<'b>(bytes: &'b [u8], encoding: &'static Encoding, source: &str) -> Decoded<'b> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| {
        let reason = reason!(
            "the document is not valid {}, its encoding according to {} (an unpaired surrogate or an \
             invalid byte): correct the document or its declaration",
            known(encoding.name()),
            known(source)
        );
        not_text(&readable(bytes, encoding), reason)
    })
}

/// The failure of a document that is not text after `before`.
fn not_text(before: &str, reason: impl Into<Reason>) -> Box<Failure> {
    let mut failure = Box::new(Failure::new(FailureCategory::MalformedXml, reason));
    locate(&mut failure, before, before.len());
    failure
}

/// The text up to the first invalid bytes.
fn readable(bytes: &[u8], encoding: &'static Encoding) -> String {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.unwrap_or(bytes.len()));
    let _ = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    text
}
