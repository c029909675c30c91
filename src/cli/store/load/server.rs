//! Loading into the source table of a server, in portions.

use std::cell::Cell;

use super::errors::not_loaded;
use super::report::Loaded;
use super::request::Load;
use super::survey::Survey;
use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::cli::store::open;
use crate::document::{Document, DocumentEncoding};
use crate::settings::ServerLocation;
use crate::shred::document_text;
use crate::store::sqlserver::SqlServerStore;
use crate::store::{Added, Candidate, Content, DocumentType, StoreError};

/// A session with a server whose source table can be filled.
pub struct Server {
    // A store is large, and this is one of few.
    store: Box<SqlServerStore>,
    document_type: DocumentType,
}

/// Connects, and asks whether the source table can be filled.
pub fn check(call: &Call, server: &ServerLocation) -> Result<Server> {
    let mut store = open::server_store(server, call.session)?;
    let document_type = store.check_load()?;
    Ok(Server { store: Box::new(store), document_type })
}

impl Server {
    pub fn takes_text(&self) -> bool {
        self.document_type != DocumentType::Bytes
    }

    /// Loads into the source table; each portion in a transaction of its own.
    pub fn load(self, load: &Load, loaded: &mut Loaded) -> Result<Survey> {
        let Self { mut store, document_type } = self;
        let survey = load.survey(Some(&mut *store))?;
        let mut behind = 0;
        let in_doubt = Cell::new(0);
        let filled = load.filling().fill(&survey, loaded, &mut |portion, rules| {
            let documents = portion.into_iter().map(|document| content(document, document_type));
            let documents = documents.collect::<Result<Vec<_>>>()?;
            let added = store.load_documents(document_type, &documents, rules);
            if let Err(StoreError::Unreachable { .. } | StoreError::Unanswered { .. }) = &added {
                in_doubt.set(documents.len() as u64);
            }
            let (added, is_behind) = added.map_err(not_loaded)?;
            if !added.iter().any(|added| matches!(added, Added::Refused(_))) {
                behind += is_behind;
            }
            Ok(added)
        });
        loaded.in_doubt = in_doubt.get();
        filled?;
        loaded.behind = behind;
        Ok(survey)
    }
}

/// The document as the table takes it.
fn content(
    (candidate, bytes): (Candidate, Vec<u8>),
    document_type: DocumentType,
) -> Result<(Candidate, Content)> {
    if document_type == DocumentType::Bytes {
        return Ok((candidate, Content::Bytes(bytes)));
    }
    let document = Document { bytes, encoding: DocumentEncoding::Detect };
    let text = document_text(&document).map_err(|failure| {
        let message = format!("{}: {}", candidate.file.path, failure.reason);
        CommandError::usage(message, "correct or omit the file")
    })?;
    let text = match document_type {
        DocumentType::Xml => without_declaration(&text),
        _ => &text,
    };
    Ok((candidate, Content::Text(text.to_owned())))
}

/// An xml column refuses the name of another encoding than its own.
fn without_declaration(text: &str) -> &str {
    let is_declared =
        text.strip_prefix("<?xml").is_some_and(|rest| rest.starts_with([' ', '\t', '\r', '\n']));
    match text.find("?>").filter(|_| is_declared) {
        Some(end) => text[end + 2..].trim_start(),
        None => text,
    }
}
