//! Bytes to text: byte order marks, declared encodings, UTF-16 and strict UTF-8.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, UTF_8};

use crate::document::DocumentEncoding;

/// Why a document is not text. The offset is in the document's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotText {
    /// First byte that could not be read.
    pub offset: usize,
    /// One sentence.
    pub reason: String,
}

/// The document as UTF-8 without a byte order mark; borrowed whenever it already is.
pub(super) fn decode(bytes: &[u8], encoding: DocumentEncoding) -> Result<Cow<'_, str>, NotText> {
    match encoding {
        DocumentEncoding::Utf8 => utf8(bytes, 0),
        DocumentEncoding::Utf16Le => {
            let mark = usize::from(bytes.starts_with(&[0xFF, 0xFE])) * 2;
            transcode(&bytes[mark..], UTF_16LE, "nvarchar text")
        }
        DocumentEncoding::Detect => detect(bytes),
    }
}

/// By mark, then by the width of the first characters, then by declaration (XML 1.0, appendix F).
fn detect(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    if let Some((marked, length)) = Encoding::for_bom(bytes) {
        return if marked == UTF_8 {
            utf8(&bytes[length..], length)
        } else {
            transcode(&bytes[length..], marked, "the byte order mark")
        };
    }
    match bytes {
        [b'<', 0, ..] => return transcode(bytes, UTF_16LE, "its first bytes"),
        [0, b'<', ..] => return transcode(bytes, UTF_16BE, "its first bytes"),
        _ => {}
    }
    let Some(label) = declared_encoding(bytes) else {
        return utf8(bytes, 0);
    };
    match Encoding::for_label(label) {
        Some(declared) if declared == UTF_8 => utf8(bytes, 0),
        Some(declared) if declared == UTF_16LE || declared == UTF_16BE => Err(NotText {
            offset: 0,
            reason: format!(
                "the declaration says encoding {declared}, but the document has one byte per \
                 character: store it as {declared}, or correct the declaration",
                declared = declared.name()
            ),
        }),
        Some(declared) => transcode(bytes, declared, "the declaration"),
        None => Err(NotText {
            offset: 0,
            reason: format!(
                "the declaration names the encoding {:?}, which is not known: convert the \
                 document to UTF-8 or correct the declaration",
                String::from_utf8_lossy(label)
            ),
        }),
    }
}

fn utf8(bytes: &[u8], skipped: usize) -> Result<Cow<'_, str>, NotText> {
    let bytes_after_mark = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mark = bytes.len() - bytes_after_mark.len();
    // Quicker than the check that knows where it fails, which is asked only then.
    if let Ok(text) = simdutf8::basic::from_utf8(bytes_after_mark) {
        return Ok(Cow::Borrowed(text));
    }
    match simdutf8::compat::from_utf8(bytes_after_mark) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => Err(NotText {
            offset: skipped + mark + error.valid_up_to(),
            reason: "the document is not valid UTF-8 here: convert it, or declare the encoding \
                     it is in"
                .into(),
        }),
    }
}

fn transcode<'b>(
    bytes: &'b [u8],
    encoding: &'static Encoding,
    named_by: &str,
) -> Result<Cow<'b, str>, NotText> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| NotText {
        offset: 0,
        reason: format!(
            "the document is not valid {}, which is what {named_by} says it is (a lone \
             surrogate or an impossible byte): correct the document or its declaration",
            encoding.name()
        ),
    })
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
