//! Loading documents into the source table, with the files that they are from.

use sha2::{Digest, Sha256};

use super::{Result, Store, UnloadRequest, Unloaded};
use crate::id::{AppId, SourceHash};

/// The file that a document is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as it was given. The name of an archive's member follows the archive's path and `!`, and
    /// the number of a record `#`.
    pub path: String,
    /// The last part of the path.
    pub name: String,
    /// Where the file is.
    pub place: PlaceId,
    /// Which record of the file it is, from 1; 0 for the file as a whole.
    pub record: u64,
    /// How the file was divided; none for a file as a whole, and where this is not compared.
    pub division: Option<Division>,
    /// Length of the document in bytes, decompressed.
    pub bytes: u64,
    /// Hash of these bytes.
    pub hash: SourceHash,
}

/// How a file is divided into records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// The path of their elements.
    pub path: String,
    /// Whether a record keeps the start tags of the elements around it.
    pub has_envelope: bool,
}

/// The place of a file, however it was named: the beginning of the hash of its absolute path. A store only
/// compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlaceId(pub i64);

impl PlaceId {
    /// The id of an absolute path.
    pub fn of(place: impl AsRef<[u8]>) -> Self {
        let hash: [u8; 32] = Sha256::digest(place.as_ref()).into();
        let (first, _) = hash.split_first_chunk().expect("32 bytes");
        Self(i64::from_be_bytes(*first))
    }
}

/// A document that may be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The application that it will be; none if the store gives the next one.
    pub app_id: Option<AppId>,
    /// The file that it is from.
    pub file: SourceFile,
}

/// A document that a store has from the file of a candidate, and that was taken out of it in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherWay {
    /// Its application.
    pub app_id: AppId,
    /// Whether it is the file as a whole.
    pub is_whole: bool,
    /// How the file was divided, if that is known.
    pub division: Option<Division>,
}

/// What a store has that a candidate resembles. Records that were taken out of a file in another way are others;
/// where a store does not know how a file was divided, it was divided as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// From this place, with this number and content, and nothing was loaded with this number afterwards.
    pub same: Option<AppId>,
    /// From this place, with this number and content, but other content was loaded afterwards: a document
    /// that returned to an earlier state is not the last one.
    pub earlier: Option<AppId>,
    /// From this place, with this number and other content: the last one.
    pub changed: Option<AppId>,
    /// From this place, with another number and this content.
    pub moved: Option<AppId>,
    /// From another place, with this name and content: it, and its path.
    pub copy: Option<(AppId, String)>,
    /// From this place, taken out of the file in another way: asked about the first document of a file, if
    /// there is nothing with its number.
    pub other_way: Option<OtherWay>,
    /// What is under the candidate's own id.
    pub under_id: Option<UnderId>,
    /// Whether the log knows that id: the application was processed.
    pub is_logged: bool,
    /// Whether another program has changed the document under this id, or without an id the same one, since it
    /// was loaded; a store that forgets its file then does not know.
    pub is_corrected: bool,
}

/// What a store has under an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnderId {
    /// A document with the same content.
    Same,
    /// A document with other content, or only an entry in the log.
    Other,
}

/// How documents are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadRules {
    /// What happens to a document with an id that is in use.
    pub existing: Existing,
    /// Whether what was loaded before is loaded once more.
    pub again: bool,
}

/// What a document is for a source table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes of the file.
    Bytes(Vec<u8>),
    /// Its text.
    Text(String),
}

/// What the source table of a server takes as a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentType {
    /// varbinary
    Bytes,
    /// nvarchar or varchar
    Text,
    /// xml
    Xml,
}

/// What to do with a document whose id exists in the source table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// Refuse it.
    #[default]
    Refuse,
    /// Replace the existing document. Rows made from that one stay until
    /// [`crate::store::RequeueSelector::ChangedDocument`] finds the application.
    Replace,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It was added.
    Loaded(AppId),
    /// The store has it already.
    Already,
    /// Its id is in use, and replacing was not asked for.
    Refused(AppId),
}

/// A store that knows from which files its documents are.
pub trait Intake: Store {
    /// Whether any document is from the place of this file, or from a file of its name.
    ///
    /// # Errors
    /// The store fails.
    fn knows_file(&mut self, place: PlaceId, name: &str) -> Result<bool>;

    /// What the store has that each candidate resembles. Nothing waits for it.
    ///
    /// # Errors
    /// The store fails.
    fn find(&mut self, candidates: &[Candidate]) -> Result<Vec<Found>>;

    /// The applications that were loaded from files with this name in any folder, and their paths, by
    /// ascending id.
    ///
    /// # Errors
    /// The store fails.
    fn list_apps_of_file(&mut self, name: &str) -> Result<Vec<(AppId, String)>>;

    /// Takes documents back that nothing was made of, all in one transaction: never one that succeeded
    /// or is claimed. What queue and log have of them goes too. Returns all that were chosen, by
    /// ascending id.
    ///
    /// # Errors
    /// The store fails.
    fn unload_documents(&mut self, request: &UnloadRequest) -> Result<Vec<Unloaded>>;
}
