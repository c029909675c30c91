//! Bytes to text: byte order marks, declared encodings, UTF-16 and strict UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, UTF_8};

use crate::document::DocumentEncoding;

/// Why a document is not text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotText {
    /// What could be read of it, up to the first byte that could not.
    pub before: String,
    /// One sentence.
    pub reason: String,
}

/// The document as UTF-8 without a byte order mark; borrowed whenever it already is.
pub(super) fn decode(bytes: &[u8], encoding: DocumentEncoding) -> Result<Cow<'_, str>, NotText> {
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
fn detect(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    if let [0xFF, 0xFE, 0, 0, ..]
    | [0, 0, 0xFE, 0xFF, ..]
    | [b'<', 0, 0, 0, ..]
    | [0, 0, 0, b'<', ..] = bytes
    {
        let reason = "the document is in UTF-32, which is not read: convert it to UTF-8 or UTF-16";
        return Err(NotText { before: String::new(), reason: reason.into() });
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
    match Encoding::for_label(label) {
        Some(declared) if declared == UTF_8 => utf8(bytes),
        Some(declared) if declared == UTF_16LE || declared == UTF_16BE => Err(NotText {
            before: String::new(),
            reason: format!(
                "the declaration says encoding {declared}, but the document has one byte per \
                 character: store it as {declared}, or correct the declaration",
                declared = declared.name()
            ),
        }),
        Some(declared) => transcode(bytes, declared, "the declaration"),
        None => Err(NotText {
            before: String::new(),
            reason: format!(
                "the declaration names the encoding {:?}, which is not known: convert the \
                 document to UTF-8 or correct the declaration",
                String::from_utf8_lossy(label)
            ),
        }),
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // Quicker than the check that knows where it fails, which is asked only then.
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let read = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let reason = match read.trim_start().starts_with("<?xml") && !read.starts_with("<?xml") {
        true => {
            "the document is not valid UTF-8 here, and its declaration is not read because \
             something stands before it: let it be the very first thing in the document"
        }
        false => {
            "the document is not valid UTF-8 here: convert it, or declare the encoding it is in"
        }
    };
    Err(NotText { before: read.into(), reason: reason.into() })
}

fn transcode<'b>(
    bytes: &'b [u8],
    encoding: &'static Encoding,
    named_by: &str,
) -> Result<Cow<'b, str>, NotText> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| NotText {
        before: readable(bytes, encoding),
        reason: format!(
            "the document is not valid {}, which is what {named_by} says it is (a lone \
             surrogate or an impossible byte): correct the document or its declaration",
            encoding.name()
        ),
    })
}

/// The text up to the first bytes that are none.
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
