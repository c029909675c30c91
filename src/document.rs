//! A document from a store: its bytes, and how to read them.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, UTF_8};

use crate::reason::{known, quoted, reason, Reason};

/// A document's bytes and their encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The bytes that [`crate::id::SourceHash`] is taken of.
    pub bytes: Vec<u8>,
    /// How to read them.
    pub encoding: DocumentEncoding,
}

/// How to read a document's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentEncoding {
    /// The stored bytes: byte order mark, then declaration, then UTF-8.
    Detect,
    /// The store decoded text to UTF-8: the declaration is ignored.
    Utf8,
    /// nvarchar, as UTF-16LE without a mark: the declaration is ignored.
    Utf16Le,
}

/// How bytes are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// US-ASCII. For browsers some of its names mean Windows-1252, so that bytes which contradict the
    /// declaration would become other characters without a word.
    Ascii,
    /// Another encoding, and what says so.
    Other(&'static Encoding, &'static str),
}

impl Coding {
    /// By mark, then by the width of the first characters, then by declaration (XML 1.0, appendix F); and
    /// the length of the mark of another encoding than UTF-8.
    ///
    /// # Errors
    /// The encoding is unknown, contradicts the bytes, or is not supported.
    pub fn of(bytes: &[u8]) -> Result<(Self, usize), Reason> {
        if let [0xFF, 0xFE, 0, 0, ..]
        | [0, 0, 0xFE, 0xFF, ..]
        | [b'<', 0, 0, 0, ..]
        | [0, 0, 0, b'<', ..] = bytes
        {
            return Err(Reason::from(
                "the document is in UTF-32, which is not supported: convert it to UTF-8 or UTF-16",
            ));
        }
        if let Some((marked, length)) =
            Encoding::for_bom(bytes).filter(|(marked, _)| *marked != UTF_8)
        {
            return Ok((Self::Other(marked, "the byte order mark"), length));
        }
        match bytes {
            [b'<', 0, ..] => return Ok((Self::Other(UTF_16LE, "its first bytes"), 0)),
            [0, b'<', ..] => return Ok((Self::Other(UTF_16BE, "its first bytes"), 0)),
            _ => {}
        }
        match declared_encoding(bytes) {
            None => Ok((Self::Utf8, 0)),
            Some(label) => Self::declared(label).map(|coding| (coding, 0)),
        }
    }

    fn declared(label: &[u8]) -> Result<Self, Reason> {
        if ASCII.iter().any(|name| label.eq_ignore_ascii_case(name.as_bytes())) {
            return Ok(Self::Ascii);
        }
        match Encoding::for_label(label) {
            Some(declared) if declared == UTF_8 => Ok(Self::Utf8),
            Some(declared) if declared == UTF_16LE || declared == UTF_16BE => {
                let (declared, again) = (known(declared.name()), known(declared.name()));
                Err(reason!(
                    "the declared encoding is {}, but the document has one byte per character: store it \
                     as {}, or correct the declaration",
                    declared,
                    again
                ))
            }
            Some(declared) => Ok(Self::Other(declared, "the declaration")),
            None => Err(reason!(
                "the declared encoding {} is unknown: convert the document to UTF-8, or correct the \
                 declaration",
                quoted(String::from_utf8_lossy(label))
            )),
        }
    }
}

/// The names of US-ASCII (IANA).
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

/// The value of `encoding` in an XML declaration that is readable as ASCII.
fn declared_encoding(bytes: &[u8]) -> Option<&[u8]> {
    let declaration = bytes.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memmem::find(declaration, b"?>")?];
    let after = &declaration[memchr::memmem::find(declaration, b"encoding")? + 8..];
    let after = after.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, label) = after.split_first().filter(|(q, _)| matches!(q, b'"' | b'\''))?;
    Some(&label[..memchr::memchr(quote, label)?])
}
