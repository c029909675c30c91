//! The documents of a file: itself, or its records.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::files::{Input, LARGEST_VALUE};
use crate::cli::command_error::{CommandError, Result};
use crate::document::{Document, DocumentEncoding};
use crate::id::SourceHash;
use crate::shred::document_text;
use crate::split::{EachPath, LeftOut, SplitError, SplitOptions, Splitter};
use crate::store::{Division, SourceFile};

/// How documents are taken out of files.
pub struct Documents {
    /// The records, if files are divided.
    pub each: Option<EachPath>,
    pub keep_envelope: bool,
    /// Whether documents are loaded as text, so that their encoding must be known.
    pub is_text: bool,
    /// Largest size of a document in bytes.
    pub limit: u64,
}

/// A file of which every document was visited.
pub struct Visited {
    /// What a division left out.
    pub left_out: LeftOut,
    /// Its content, decompressed.
    pub hash: SourceHash,
}

/// A stream whose bytes are hashed while they are read.
struct Hashing<'r> {
    content: &'r mut dyn Read,
    hash: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(bytes)?;
        self.hash.update(&bytes[..read]);
        Ok(read)
    }
}

/// What is done with each document; `Ok(false)` ends the file early.
pub type Visit<'v> = &'v mut dyn FnMut(SourceFile, Vec<u8>) -> Result<()>;

impl Documents {
    /// How files are divided, if they are.
    pub fn division(&self) -> Option<Division> {
        let division =
            |each: &EachPath| Division { path: each.to_string(), has_envelope: self.keep_envelope };
        self.each.as_ref().map(division)
    }

    /// Visits every document of a file.
    ///
    /// # Errors
    /// The file cannot be read or divided, or the visit fails.
    pub fn visit(&self, input: &Input, visit: Visit) -> Result<Visited> {
        match &self.each {
            Some(each) => self.visit_records(input, each, visit),
            None => {
                let document = input.read(self.limit)?;
                if self.is_text {
                    check_text(input, &document)?;
                }
                let source = source_file(input, 0, None, &document);
                let hash = source.hash;
                visit(source, document)?;
                Ok(Visited { left_out: LeftOut::default(), hash })
            }
        }
    }

    fn visit_records(&self, input: &Input, each: &EachPath, visit: Visit) -> Result<Visited> {
        let options = SplitOptions {
            each: each.clone(),
            keep_envelope: self.keep_envelope,
            record_bytes: self.limit.min(LARGEST_VALUE),
        };
        // Nothing says whether two streams without a name are one file.
        let division = self.division().filter(|_| !input.is_nameless);
        let divided = input.content(|content| {
            let mut content = Hashing { content, hash: Sha256::new() };
            let mut splitter = Splitter::new(&mut content, options);
            let mut records = 0;
            let left_out = loop {
                match splitter.next_record() {
                    Ok(Some(record)) => {
                        records = record.number;
                        let division = division.clone();
                        let source = source_file(input, record.number, division, &record.bytes);
                        if let Err(error) = visit(source, record.bytes) {
                            break Err(error);
                        }
                    }
                    Ok(None) if records == 0 => break Err(no_record(input, each, &splitter)),
                    Ok(None) => break Ok(splitter.left_out().clone()),
                    Err(error) => break Err(not_divided(input, &error)),
                }
            };
            drop(splitter);
            let hash = SourceHash(content.hash.finalize().into());
            Ok(left_out.map(|left_out| Visited { left_out, hash }))
        });
        divided.unwrap_or_else(|e| Err(not_divided(input, &SplitError::Io(e))))
    }
}

fn check_text(input: &Input, document: &[u8]) -> Result<()> {
    document_text(&Document { bytes: document.to_owned(), encoding: DocumentEncoding::Detect })
        .map(drop)
        .map_err(|failure| {
            let message = format!("{}: {}", input.path, failure.reason);
            CommandError::usage(message, "correct or omit the file")
        })
}

/// What is kept of the file of a document.
fn source_file(
    input: &Input,
    record: u64,
    division: Option<Division>,
    document: &[u8],
) -> SourceFile {
    let numbered = |text: &str| match record {
        0 => text.to_owned(),
        _ => format!("{text}#{record}"),
    };
    SourceFile {
        path: numbered(&input.path),
        name: numbered(&input.name),
        place: input.place,
        record,
        division,
        bytes: document.len() as u64,
        hash: SourceHash(Sha256::digest(document).into()),
    }
}

fn no_record(input: &Input, each: &EachPath, splitter: &Splitter) -> CommandError {
    let first = splitter.left_out().first.as_ref();
    let found =
        first.map_or_else(String::new, |first| format!("; the first other element is {first}"));
    let message = format!("{} has no {each}{found}", input.path);
    CommandError::usage(
        message,
        "name with --each the path of the elements that are to be documents",
    )
}

fn not_divided(input: &Input, error: &SplitError) -> CommandError {
    match error {
        SplitError::Io(e) => CommandError::usage(
            input.unreadable(e),
            "omit the file, or run again when it can be read",
        ),
        SplitError::Document { line, reason } => {
            let (reason, hint) = reason.split_once(": ").unwrap_or((reason, "correct the file"));
            CommandError::usage(format!("{}:{line}: {reason}", input.path), hint)
        }
    }
}
