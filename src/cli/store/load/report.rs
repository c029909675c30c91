//! What a load did, in words.

use crate::figures::{bytes, counted};
use crate::id::AppId;
use crate::store::sqlite::SourceFile;

/// What a load did.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The applications.
    pub app_ids: Vec<AppId>,
    /// Size of their documents in bytes.
    pub bytes: u64,
    /// Documents that the store had already.
    pub already: usize,
    /// Files that were loaded before with other content, with the application of that.
    pub changed: Vec<(String, AppId)>,
    /// Files of one load with the same content.
    pub same: Vec<(String, String)>,
}

impl Loaded {
    /// Counts a document that was loaded.
    pub fn count(&mut self, app_id: AppId, file: &SourceFile) {
        self.app_ids.push(app_id);
        self.bytes += file.bytes;
    }

    /// `803 documents loaded (4.5 MB), as applications 1 to 803`, or `803 documents: 3 loaded (0.1 MB)
    /// as applications 801 to 803, 800 already loaded`, with what loads these once more.
    pub fn line(&self, again: &str) -> String {
        let (loaded, bytes, span) = (self.app_ids.len(), bytes(self.bytes), span(&self.app_ids));
        if self.already == 0 {
            return format!("{} loaded ({bytes}), {span}\n", counted(loaded, "document"));
        }
        let documents = counted(loaded + self.already, "document");
        let loaded = match loaded {
            0 => "0 loaded".to_owned(),
            _ => format!("{loaded} loaded ({bytes}) {span}"),
        };
        format!("{documents}: {loaded}, {} already loaded{again}\n", self.already)
    }

    /// What a person should know of the files, a line each.
    pub fn notes(&self) -> String {
        let mut notes = String::new();
        if let Some((file, app_id)) = self.changed.first() {
            notes += &format!(
                "{}: {file} was application {app_id}; each is now a new application\n",
                match self.changed.len() {
                    1 => "1 file has changed since it was loaded".to_owned(),
                    count => format!("{count} files have changed since they were loaded"),
                }
            );
        }
        if let Some((file, other)) = self.same.first() {
            notes += &format!(
                "{} as another one: {file} and {other}; all were loaded\n",
                match self.same.len() {
                    1 => "1 file has the same content".to_owned(),
                    count => format!("{count} files have the same content"),
                }
            );
        }
        notes
    }
}

/// `as application 7`, `as applications 1 to 803` or, if ids between are missing, `with ids from 5
/// to 12`.
fn span(ids: &[AppId]) -> String {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
        return "as no application".to_owned();
    };
    match last.0.abs_diff(first.0) {
        0 => format!("as application {first}"),
        between if between == ids.len() as u64 - 1 => format!("as applications {first} to {last}"),
        _ => format!("with ids from {first} to {last}"),
    }
}
