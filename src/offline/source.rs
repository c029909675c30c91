//! Documents from files or from a store.

use std::io::ErrorKind;

use crate::document::{Document, DocumentEncoding};
use crate::document_file::{other_kind, DocumentFile, Unreadable};
use crate::id::AppId;
use crate::outcome::{Failure, FailureCategory};
use crate::reason::{known, reason};

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
    /// In a file.
    File(DocumentFile),
    /// In memory; `None` where a store has no such document.
    Stored(Option<Document>),
    /// Nowhere: it was tried.
    Unreadable(Box<Failure>),
}

impl Source {
    /// A file, by its own name.
    pub fn file(app_id: AppId, file: DocumentFile) -> Self {
        Self { app_id, name: file.name(), content: Content::File(file) }
    }

    /// The same with its document in memory, to be read several times. Stdin can be read once.
    pub fn in_memory(&self, most: u64) -> Self {
        let content = match self.read(most) {
            Ok(document) => Content::Stored(document),
            Err(failure) => Content::Unreadable(failure),
        };
        Self { content, ..self.clone() }
    }

    /// The document; `None` where a store has none.
    pub(crate) fn read(&self, most: u64) -> Result<Option<Document>, Box<Failure>> {
        match &self.content {
            Content::File(file) => {
                let bytes = file.read(most).map_err(unreadable)?;
                if let Some(kind) = other_kind(&bytes) {
                    let reason = reason!("the file is {}, not XML", known(kind));
                    return Err(Box::new(Failure::new(FailureCategory::MalformedXml, reason)));
                }
                Ok(Some(Document { bytes, encoding: DocumentEncoding::Detect }))
            }
            Content::Stored(document) => Ok(document.clone()),
            Content::Unreadable(failure) => Err(failure.clone()),
        }
    }
}

fn unreadable(error: Unreadable) -> Box<Failure> {
    let (category, reason) = match error {
        Unreadable::Io(error) => {
            let next = match error.kind() {
                ErrorKind::PermissionDenied => "; check its permissions",
                _ => "",
            };
            let reason = reason!("the file cannot be read: {}{}", known(error), known(next));
            (FailureCategory::MissingDocument, reason)
        }
        Unreadable::TooLong { most, .. } => (
            FailureCategory::LimitExceeded,
            reason!(
                "the document has more than {} bytes, the limit: raise --max-document-bytes if such \
                 documents are valid",
                known(most)
            ),
        ),
    };
    Box::new(Failure::new(category, reason))
}
