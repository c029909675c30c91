//! The text of a stream of bytes in any encoding, a piece at a time.

use std::io::{ErrorKind, Read};

use encoding_rs::{Decoder, DecoderResult};

use super::SplitError;
use crate::document::Coding;

/// Bytes that are read at once, at least.
const PIECE: usize = 256 << 10;

/// Bytes in which an XML declaration ends.
const DECLARATION: usize = 1 << 10;

/// A stream whose text is UTF-8 in the end.
pub struct Text<'r> {
    source: Box<dyn Read + 'r>,
    /// What was read and is not text yet: the start of a character, or what the declaration is in.
    pending: Vec<u8>,
    reading: Reading,
}

enum Reading {
    Beginning,
    Utf8,
    Ascii,
    Decoder(Box<Decoder>),
    Ended,
}

impl<'r> Text<'r> {
    pub fn new(source: Box<dyn Read + 'r>) -> Self {
        Self { source, pending: Vec::new(), reading: Reading::Beginning }
    }

    /// Appends the next piece, at least this long unless the stream ends. `false`: it has ended.
    ///
    /// # Errors
    /// The stream cannot be read, or is not text.
    pub fn read(&mut self, text: &mut Vec<u8>, least: usize) -> Result<bool, NotText> {
        if matches!(self.reading, Reading::Ended) {
            return Ok(false);
        }
        if matches!(self.reading, Reading::Beginning) {
            self.fill(DECLARATION)?;
            self.begin()?;
        }
        let has_more = self.fill(self.pending.len() + least.max(PIECE))?;
        match &mut self.reading {
            Reading::Utf8 => {
                let end = match simdutf8::compat::from_utf8(&self.pending) {
                    Ok(_) => self.pending.len(),
                    Err(e) if e.error_len().is_none() && has_more => e.valid_up_to(),
                    Err(e) => {
                        text.extend_from_slice(&self.pending[..e.valid_up_to()]);
                        return Err(NotText::Reason(
                            "the document is not valid UTF-8 here: convert it, or declare the \
                             encoding it is in"
                                .to_owned(),
                        ));
                    }
                };
                text.extend_from_slice(&self.pending[..end]);
                self.pending.drain(..end);
            }
            Reading::Ascii => {
                let end = self.pending.iter().take_while(|byte| byte.is_ascii()).count();
                text.extend_from_slice(&self.pending[..end]);
                if let Some(byte) = self.pending.get(end) {
                    return Err(NotText::Reason(format!(
                        "the declared encoding is US-ASCII, which does not have the byte \
                         0x{byte:02X}: declare the encoding that the document is in"
                    )));
                }
                self.pending.clear();
            }
            Reading::Decoder(decoder) => {
                let read = decode(decoder, &self.pending, text, !has_more);
                self.pending.clear();
                read?;
            }
            Reading::Beginning | Reading::Ended => unreachable!("handled above"),
        }
        if !has_more {
            self.reading = Reading::Ended;
        }
        Ok(true)
    }

    fn begin(&mut self) -> Result<(), NotText> {
        let (coding, mark) =
            Coding::of(&self.pending).map_err(|reason| NotText::Reason(reason.to_string()))?;
        let utf8_mark = usize::from(self.pending.starts_with(b"\xEF\xBB\xBF")) * 3;
        self.reading = match coding {
            Coding::Utf8 => Reading::Utf8,
            Coding::Ascii => Reading::Ascii,
            Coding::Other(encoding, _) => {
                Reading::Decoder(Box::new(encoding.new_decoder_without_bom_handling()))
            }
        };
        self.pending.drain(..mark.max(utf8_mark));
        Ok(())
    }

    /// Reads until so many bytes are pending. `false`: the stream has ended.
    fn fill(&mut self, wanted: usize) -> Result<bool, NotText> {
        let mut filled = self.pending.len();
        self.pending.resize(wanted.max(filled), 0);
        let mut has_more = true;
        while filled < wanted && has_more {
            match self.source.read(&mut self.pending[filled..]) {
                Ok(0) => has_more = false,
                Ok(read) => filled += read,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(NotText::Io(e)),
            }
        }
        self.pending.truncate(filled);
        Ok(has_more)
    }
}

/// Why there is no more text.
pub enum NotText {
    Io(std::io::Error),
    Reason(String),
}

impl NotText {
    /// The error at this line.
    pub fn at(self, line: u64) -> SplitError {
        match self {
            Self::Io(e) => SplitError::Io(e),
            Self::Reason(reason) => SplitError::Document { line, reason },
        }
    }
}

fn decode(
    decoder: &mut Decoder,
    bytes: &[u8],
    text: &mut Vec<u8>,
    is_last: bool,
) -> Result<(), NotText> {
    let start = text.len();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    text.resize(start + room.unwrap_or(4 * bytes.len() + 16), 0);
    let (result, _, written) =
        decoder.decode_to_utf8_without_replacement(bytes, &mut text[start..], is_last);
    text.truncate(start + written);
    match result {
        DecoderResult::InputEmpty => Ok(()),
        DecoderResult::OutputFull => unreachable!("there is room for all"),
        DecoderResult::Malformed(..) => Err(NotText::Reason(format!(
            "the document is not valid {} here, its encoding (an unpaired surrogate or an invalid \
             byte): correct the document or its declaration",
            decoder.encoding().name()
        ))),
    }
}
