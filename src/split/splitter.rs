//! The scanner that finds the records.

use std::io::Read;

use memchr::{memchr, memchr_iter, memmem};

use super::each::EachPath;
use super::envelope::Envelope;
use super::tag;
use super::text::Text;
use super::SplitError;
use crate::value::xml::{past_doctype, DoctypeError};

/// Elements inside each other, at most.
const MOST_DEPTH: usize = 10_000;

/// Bytes of a DOCTYPE, at most.
const MOST_DOCTYPE: usize = 1 << 20;

/// How a document is divided.
#[derive(Debug, Clone)]
pub struct SplitOptions {
    /// The elements that are records.
    pub each: EachPath,
    /// Whether the start tags of the elements around a record are kept around it.
    pub keep_envelope: bool,
    /// Bytes of a record, at most.
    pub record_bytes: u64,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which one of the document it is, from 1.
    pub number: u64,
    /// The line that it begins in, from 1.
    pub line: u64,
    /// It, as a document of its own, in UTF-8.
    pub bytes: Vec<u8>,
}

/// What is beside the records, and so is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The elements, without those inside them.
    pub elements: u64,
    /// The path of the first one.
    pub first: Option<String>,
    /// Whether there is text, too.
    pub text: bool,
}

/// Finds the records of a document one after the other. Start and end tags must match, also outside of
/// records; all else of a record is left to who reads it.
pub struct Splitter<'r> {
    text: Text<'r>,
    options: SplitOptions,
    /// What was read, from the start of the record or markup on.
    buffer: Vec<u8>,
    /// Where the next markup or text begins.
    at: usize,
    /// The lines before `counted`.
    lines: u64,
    counted: usize,
    /// The names of the open elements, and where each ends.
    names: Vec<u8>,
    ends: Vec<usize>,
    envelope: Envelope,
    /// Where the record begins that is being read.
    start: Option<usize>,
    is_past_root: bool,
    records: u64,
    left_out: LeftOut,
}

impl<'r> Splitter<'r> {
    /// A splitter of a document.
    pub fn new(document: impl Read + 'r, options: SplitOptions) -> Self {
        Self {
            text: Text::new(Box::new(document)),
            options,
            buffer: Vec::new(),
            at: 0,
            lines: 0,
            counted: 0,
            names: Vec::new(),
            ends: Vec::new(),
            envelope: Envelope::default(),
            start: None,
            is_past_root: false,
            records: 0,
            left_out: LeftOut::default(),
        }
    }

    /// What was left out so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// The next record; `None` at the end of the document.
    ///
    /// # Errors
    /// The document cannot be read as far as the end of the record. No record comes after that.
    pub fn next_record(&mut self) -> Result<Option<Record>, SplitError> {
        loop {
            if !self.find_markup()? {
                return self.end().map(|()| None);
            }
            while self.buffer.len() < self.at + 12 && self.more()? {}
            match &self.buffer[self.at + 1..] {
                [b'!', b'-', b'-', ..] => self.skip(4, b"-->", "a comment")?,
                [b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] if !self.ends.is_empty() => {
                    self.left_out.text |=
                        self.is_beside() && !self.buffer[self.at + 9..].starts_with(b"]]>");
                    self.skip(9, b"]]>", "a CDATA section")?;
                }
                [b'!', ..] => self.doctype()?,
                [b'?', ..] => self.skip(2, b"?>", "an instruction")?,
                [b'/', ..] => {
                    if let Some(record) = self.end_tag()? {
                        return Ok(Some(record));
                    }
                }
                _ => {
                    if let Some(record) = self.start_tag()? {
                        return Ok(Some(record));
                    }
                }
            }
        }
    }

    /// Whether text here is beside the records: not inside of one, nor of an element beside them.
    fn is_beside(&self) -> bool {
        self.start.is_none() && self.envelope.depth() == self.ends.len()
    }

    /// Goes to the next `<`. `false`: there is none.
    fn find_markup(&mut self) -> Result<bool, SplitError> {
        loop {
            let found = memchr(b'<', &self.buffer[self.at..]);
            let end = found.map_or(self.buffer.len(), |found| self.at + found);
            if self.is_beside() {
                let is_blank = |byte: &u8| tag::is_blank(*byte);
                if let Some(odd) = self.buffer[self.at..end].iter().position(|b| !is_blank(b)) {
                    if self.ends.is_empty() {
                        self.at += odd;
                        return Err(self.wrong("text is not allowed outside of the root element"));
                    }
                    self.left_out.text = true;
                }
            }
            self.at = end;
            if found.is_some() {
                return Ok(true);
            }
            if !self.more()? {
                return Ok(false);
            }
        }
    }

    /// Goes to behind this end of the markup.
    fn skip(&mut self, length: usize, end: &[u8], what: &str) -> Result<(), SplitError> {
        let first = self.line(self.at);
        self.at += length;
        loop {
            let from = self.at.min(self.buffer.len());
            if let Some(found) = memmem::find(&self.buffer[from..], end) {
                self.at = from + found + end.len();
                return Ok(());
            }
            // What is behind may be the start of the end.
            self.at = self.at.max(self.buffer.len().saturating_sub(end.len() - 1));
            if !self.more()? {
                return Err(SplitError::Document {
                    line: first,
                    reason: format!("{what} begins here and never ends"),
                });
            }
        }
    }

    fn doctype(&mut self) -> Result<(), SplitError> {
        if !self.ends.is_empty() || self.is_past_root {
            return Err(self.wrong(DoctypeError::NotDoctype.reason().text()));
        }
        loop {
            match past_doctype(&self.buffer, self.at) {
                Ok(end) => {
                    self.at = end;
                    return Ok(());
                }
                // What was not read yet may be what is missing.
                Err(error) => {
                    let is_clear =
                        matches!(error, DoctypeError::Entity(_) | DoctypeError::NotDoctype);
                    let is_long = self.buffer.len() - self.at > MOST_DOCTYPE;
                    if is_clear || is_long || !self.more()? {
                        return Err(self.wrong(error.reason().text()));
                    }
                }
            }
        }
    }

    /// Where the tag ends that begins here.
    fn past_tag(&mut self) -> Result<usize, SplitError> {
        loop {
            if let Some(length) = tag::past_tag(&self.buffer[self.at..]) {
                return Ok(self.at + length);
            }
            if self.start.is_none() {
                self.check_length(self.at, "a tag")?;
            }
            if !self.more()? {
                return Err(self.wrong("a tag begins here and never ends"));
            }
        }
    }

    fn start_tag(&mut self) -> Result<Option<Record>, SplitError> {
        let end = self.past_tag()?;
        let (tag, depth) = (self.at..end, self.ends.len());
        let is_empty = self.buffer[end - 2] == b'/';
        let name = tag::name(&self.buffer[tag.clone()], 1);
        if name.is_empty() || self.is_past_root || depth >= MOST_DEPTH {
            return Err(self.wrong(match (name.is_empty(), depth) {
                (true, _) => "a < is not followed by a name: write &lt; for the character",
                (_, 0) => "the document has a second root element: a document has one",
                _ => "more than 10,000 elements are inside each other here",
            }));
        }
        if self.start.is_none() && depth == self.envelope.depth() {
            match self.options.each.matches(depth, name) {
                true if depth + 1 == self.options.each.depth() => self.start = Some(self.at),
                true if is_empty => {}
                true => {
                    let entered = self.envelope.enter(&self.buffer[tag.clone()]);
                    entered.map_err(|reason| self.wrong(&reason))?;
                }
                false => self.leave_out(tag.start + 1..tag.start + 1 + name.len()),
            }
        }
        if is_empty {
            self.at = end;
            self.is_past_root = depth == 0;
            return self.record_that_ends_at(depth);
        }
        let name = tag.start + 1..tag.start + 1 + tag::name(&self.buffer[tag], 1).len();
        self.names.extend_from_slice(&self.buffer[name]);
        self.ends.push(self.names.len());
        self.at = end;
        Ok(None)
    }

    fn end_tag(&mut self) -> Result<Option<Record>, SplitError> {
        let end = self.past_tag()?;
        let name = self.buffer[self.at + 2..end - 1].trim_ascii_end();
        let Some(closed) = self.ends.pop() else {
            return Err(self.wrong("an end tag has no start tag"));
        };
        let begin = self.ends.last().copied().unwrap_or(0);
        if self.names[begin..closed] != *name {
            let open = String::from_utf8_lossy(&self.names[begin..closed]).into_owned();
            let name = String::from_utf8_lossy(&name[..name.len().min(80)]).into_owned();
            return Err(self.wrong(&format!("expected </{open}>, found </{name}>")));
        }
        self.names.truncate(begin);
        self.at = end;
        self.is_past_root = self.ends.is_empty();
        if self.start.is_none() && self.ends.len() < self.envelope.depth() {
            self.envelope.leave();
        }
        self.record_that_ends_at(self.ends.len())
    }

    /// The record, if it is the element at this depth that has just ended.
    fn record_that_ends_at(&mut self, depth: usize) -> Result<Option<Record>, SplitError> {
        let Some(start) = self.start.filter(|_| depth + 1 == self.options.each.depth()) else {
            return Ok(None);
        };
        self.records += 1;
        let line = self.line(start);
        let record = &self.buffer[start..self.at];
        let bytes = match self.options.keep_envelope {
            true => self.envelope.wrap(record),
            false => self.envelope.inherit(record),
        };
        let number = self.records;
        if bytes.len() as u64 > self.options.record_bytes {
            let what = format!("record {number}");
            return Err(self.too_long(start, &what, &bytes.len().to_string()));
        }
        self.start = None;
        Ok(Some(Record { number, line, bytes }))
    }

    fn leave_out(&mut self, name: std::ops::Range<usize>) {
        // The root element is not beside the records: without it there are none.
        self.left_out.elements += u64::from(!self.ends.is_empty());
        if self.left_out.first.is_none() {
            let mut path = String::new();
            let mut begin = 0;
            for end in &self.ends {
                path += &format!("/{}", String::from_utf8_lossy(&self.names[begin..*end]));
                begin = *end;
            }
            let name = String::from_utf8_lossy(&self.buffer[name]);
            self.left_out.first = Some(format!("{path}/{name}"));
        }
    }

    fn end(&mut self) -> Result<(), SplitError> {
        match self.ends.as_slice() {
            [] if self.is_past_root => Ok(()),
            [] => Err(self.wrong("the document has no element")),
            [.., _] => {
                let begin = self.ends.iter().rev().nth(1).copied().unwrap_or(0);
                let open = String::from_utf8_lossy(&self.names[begin..]).into_owned();
                Err(self.wrong(&format!("the document ends inside <{open}>")))
            }
        }
    }

    /// Reads on; what is before the record or markup is forgotten. `false`: the document has ended.
    fn more(&mut self) -> Result<bool, SplitError> {
        if let Some(start) = self.start {
            self.check_length(start, &format!("record {}", self.records + 1))?;
        }
        let keep = self.start.unwrap_or(self.at).min(self.buffer.len());
        self.count_lines(keep);
        self.buffer.drain(..keep);
        self.at -= keep;
        self.counted -= keep;
        self.start = self.start.map(|start| start - keep);
        // What is long is read in long pieces, and so searched only a few times.
        let least = self.buffer.len();
        self.text.read(&mut self.buffer, least).map_err(|error| {
            let line = self.line(self.buffer.len());
            error.at(line)
        })
    }

    /// Refuses what is longer than the limit, as far as it was read.
    fn check_length(&mut self, start: usize, what: &str) -> Result<(), SplitError> {
        let most = self.options.record_bytes;
        match (self.buffer.len() - start) as u64 <= most {
            true => Ok(()),
            false => Err(self.too_long(start, what, &format!("more than {most}"))),
        }
    }

    fn too_long(&mut self, start: usize, what: &str, bytes: &str) -> SplitError {
        let most = self.options.record_bytes;
        let reason = format!(
            "{what} has {bytes} bytes, and --max-document-bytes is {most}: raise it, or \
                              name smaller records"
        );
        SplitError::Document { line: self.line(start), reason }
    }

    fn wrong(&mut self, reason: &str) -> SplitError {
        SplitError::Document { line: self.line(self.at), reason: reason.to_owned() }
    }

    /// The line of this place, from 1.
    fn line(&mut self, at: usize) -> u64 {
        match at >= self.counted {
            true => {
                self.count_lines(at);
                self.lines + 1
            }
            false => self.lines + 1 - newlines(&self.buffer[at..self.counted]),
        }
    }

    fn count_lines(&mut self, to: usize) {
        let to = to.min(self.buffer.len());
        if to > self.counted {
            self.lines += newlines(&self.buffer[self.counted..to]);
            self.counted = to;
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
