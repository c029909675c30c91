//! What the documents of several runs have, in a file.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::source::Source;
use crate::contract::model::DocumentRules;
use crate::document::Document;
use crate::files::{self, NewFile};
use crate::profile::{Hashes, Profile};

/// What the documents of several runs have.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Statistics {
    /// The form of the file.
    version: u32,
    /// Runs that read documents.
    pub runs: u64,
    /// The numbers that documents have had; the next one's number.
    pub documents: u64,
    /// Whether the ids of applications are in the names of all documents, as far as is known.
    pub has_ids: bool,
    /// What was unwrapped in the documents before they were read, if anything was.
    pub unwrapped: Option<String>,
    /// The names of the documents that examples are from, by their numbers.
    pub names: BTreeMap<u64, String>,
    /// The contents of all documents, so that none is counted twice.
    pub contents: Hashes,
    /// What occurs in them.
    pub profile: Profile,
}

/// Why there are no statistics in a file.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// Another version of this program wrote it.
    #[error("it has version {0} of statistics, and this program knows version {VERSION}")]
    Version(u32),
    /// Something else is in it.
    #[error("it does not have the statistics of documents: {0}")]
    Broken(String),
}

const VERSION: u32 = 1;

/// What every version has.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

impl Statistics {
    /// The statistics in a file; `None` where there is no such file.
    ///
    /// # Errors
    /// The file cannot be read, or has something else.
    pub fn read(path: &Path) -> Result<Option<Self>, StatisticsError> {
        let bytes = match files::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let broken = |error: serde_json::Error| StatisticsError::Broken(error.to_string());
        let Header { version } = serde_json::from_slice(&bytes).map_err(broken)?;
        if version != VERSION {
            return Err(StatisticsError::Version(version));
        }
        let read: Self = serde_json::from_slice(&bytes).map_err(broken)?;
        let profile = read.profile.restored();
        let profile = profile.ok_or_else(|| StatisticsError::Broken("its paths".to_owned()))?;
        Ok(Some(Self { profile, ..read }))
    }

    /// Writes them to a file, in place of what it had.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = NewFile::create(path)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.put_in_place()
    }

    /// Adds what a run has read.
    pub fn add(&mut self, profile: Profile, contents: Hashes, sources: &[Source]) {
        let first = self.documents;
        self.version = VERSION;
        self.runs += u64::from(profile.documents > 0);
        self.documents += sources.len() as u64;
        self.contents.extend(contents);
        self.profile.merge(profile);
        let earlier = std::mem::take(&mut self.names);
        let name = |number: u64| {
            let own = number.checked_sub(first).and_then(|at| sources.get(at as usize));
            own.map(|source| &source.name).or_else(|| earlier.get(&number)).cloned()
        };
        let numbers = self.profile.documents_of_examples().into_iter();
        self.names = numbers.filter_map(|number| Some((number, name(number)?))).collect();
    }

    /// What a contract unwraps in documents, with the namespaces that the path means. All else that
    /// a contract says of names changes nothing in a profile: it has expanded names, and each root by itself.
    pub fn unwrapping(rules: &DocumentRules) -> Option<String> {
        let path = rules.unwrap.as_ref()?;
        let is_used = |prefix: &str| {
            let own = |name: &str| name.split_once(':').map_or("", |(prefix, _)| prefix).to_owned();
            path.steps.iter().any(|step| own(&step.name) == prefix)
        };
        let declared = rules.namespaces.iter().filter(|(prefix, _)| is_used(prefix));
        let declared = declared.map(|(prefix, uris)| format!(" {prefix}={}", uris.join("|")));
        Some(match rules.ignore_namespaces {
            true => format!("{path} in any namespace"),
            false => format!("{path}{}", declared.collect::<String>()),
        })
    }

    /// What a document's content is known by.
    pub(super) fn content(document: &Document) -> u64 {
        let hash = Sha256::digest(&document.bytes);
        u64::from_be_bytes(*hash.first_chunk().expect("32 bytes"))
    }
}
