//! Bytes to text: byte order marks, declared encodings, UTF-16 and strict UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, UTF_8};

use super::place::locate;
use crate::document::DocumentEncoding;
use crate::outcome::{Failure, FailureCategory};

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

/// By mark, then by the width of the first characters, then by declaration (XML 1.0, appendix F).
fn detect(bytes: &[u8]) -> Decoded<'_> {
    if let [0xFF, 0xFE, 0, 0, ..]
    | [0, 0, 0xFE, 0xFF, ..]
    | [b'<', 0, 0, 0, ..]
    | [0, 0, 0, b'<', ..] = bytes
    {
        let reason = "the document is in UTF-32, which is not supported: convert it to UTF-8 or \
                      UTF-16";
        return Err(not_text("", reason));
    }
    if let Some((marked, length)) = Encoding::for_bom(bytes).filter(|(marked, _)| *marked != UTF_8)
    {
        return transcode(&bytes[length..], marked, "the byte order mark");
    }
    match bytes {
        [b'<', 0, ..] => return transcode(bytes, UTF_16LE, "its first bytes"),
        [0, b'<', ..] => return transcode(bytes, UTF_16BE, "its first bytes"),
        _ => {}
    }
    let Some(label) = declared_encoding(bytes) else {
        return utf8(bytes);
    };
    if ASCII.iter().any(|name| label.eq_ignore_ascii_case(name.as_bytes())) {
        return ascii(bytes);
    }
    match Encoding::for_label(label) {
        Some(declared) if declared == UTF_8 => utf8(bytes),
        Some(declared) if declared == UTF_16LE || declared == UTF_16BE => {
            let declared = declared.name();
            let reason = format!(
                "the declared encoding is {declared}, but the document has one byte per \
                 character: store it as {declared}, or correct the declaration"
            );
            Err(not_text("", reason))
        }
        Some(declared) => transcode(bytes, declared, "the declaration"),
        None => {
            let reason = format!(
                "the declared encoding {:?} is unknown: convert the document to UTF-8, or correct \
                 the declaration",
                String::from_utf8_lossy(label)
            );
            Err(not_text("", reason))
        }
    }
}

/// The names of US-ASCII (IANA). For browsers some of them mean Windows-1252, so that bytes which
/// contradict the declaration would become other characters without a word.
const ASCII: [&str; 11] = [
    "us-ascii",
    "ascii",
    "ansi_x3.4-1968",
    "ansi_x3.4-1986",
    "iso_646.irv:1991",
    "iso646-us",
    "iso-ir-6",
    "us",
    "ibm367",
    "cp367",
    "csascii",
];

fn ascii(bytes: &[u8]) -> Decoded<'_> {
    let (text, rest) = bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii()).count());
    let text = std::str::from_utf8(text).expect("ASCII is UTF-8");
    match rest.first() {
        None => Ok(Cow::Borrowed(text)),
        Some(byte) => {
            let reason = format!(
                "the declared encoding is US-ASCII, which does not have the byte 0x{byte:02X}: declare \
                 the encoding that the document is in"
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
        let reason = format!(
            "the document is not valid {}, its encoding according to {source} (an unpaired \
             surrogate or an invalid byte): correct the document or its declaration",
            encoding.name()
        );
        not_text(&readable(bytes, encoding), reason)
    })
}

/// The failure of a document that is not text after `before`.
fn not_text(before: &str, reason: impl Into<String>) -> Box<Failure> {
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

/// The value of `encoding` in an XML declaration that is readable as ASCII.
fn declared_encoding(bytes: &[u8]) -> Option<&[u8]> {
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memmem::find(declaration, b"?>")?];
    let after = &declaration[memchr::memmem::find(declaration, b"encoding")? + 8..];
    let after = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, label) = after.split_first().filter(|(q, _)| matches!(q, b'"' | b'\''))?;
    Some(&label[..memchr::memchr(quote, label)?])
}
