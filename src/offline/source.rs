//! Documents from files or from a store.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::document::{Document, DocumentEncoding};
use crate::files;
use crate::id::AppId;
use crate::outcome::{Failure, FailureCategory};

/// A document to map.
#[derive(Debug, Clone)]
pub struct Source {
    /// The id it is mapped with, unless the document's own key is used.
    pub app_id: AppId,
    /// Its name in the output.
    pub name: String,
    /// Where it is.
    pub content: Content,
}

/// Where a document is.
#[derive(Debug, Clone)]
pub enum Content {
    /// In a file. The path `-` is stdin.
    File(PathBuf),
    /// In memory, from a store; `None` where the store has no such document.
    Stored(Option<Document>),
}

impl Source {
    /// A file, named by its path.
    pub fn file(app_id: AppId, path: PathBuf) -> Self {
        Self { app_id, name: path.to_string_lossy().into_owned(), content: Content::File(path) }
    }
}

impl Source {
    /// The document; `None` where a store has none.
    pub(crate) fn read(&self, most: u64) -> Result<Option<Document>, Box<Failure>> {
        match &self.content {
            Content::File(path) => {
                let bytes = read(path, most)?;
                Ok(Some(Document { bytes, encoding: DocumentEncoding::Detect }))
            }
            Content::Stored(document) => Ok(document.clone()),
        }
    }
}

/// The bytes of a document. Reading stops as soon as there are too many.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, Box<Failure>> {
    let read = match path == Path::new("-") {
        true => read_some(io::stdin().lock(), most),
        false => files::open(path).and_then(|file| match file.metadata()?.len() > most {
            true => Ok(None),
            false => read_some(file, most),
        }),
    };
    read.map_err(|e| {
        let reason = format!("the file cannot be read: {e}; check its permissions");
        Box::new(Failure::new(FailureCategory::MissingDocument, reason))
    })?
    .ok_or_else(|| {
        let reason = format!(
            "the document has more than {most} bytes, the limit: raise --max-document-bytes if \
             such documents are valid"
        );
        Box::new(Failure::new(FailureCategory::LimitExceeded, reason))
    })
}

/// All bytes, or nothing if there are more than `most`.
fn read_some(reader: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
