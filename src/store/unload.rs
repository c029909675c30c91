//! Taking documents back that were loaded: requests and answers, and which files are meant.

use std::str::FromStr;
use std::time::Duration;

use crate::id::AppId;

/// Parameters of [`Intake::unload_documents`](crate::store::Intake::unload_documents).
#[derive(Debug, Clone)]
pub struct UnloadRequest {
    /// Which documents.
    pub selector: UnloadSelector,
    /// `false` only lists them.
    pub execute: bool,
    /// Who requests it, for the events.
    pub requested_by: String,
}

/// Which documents to unload.
#[derive(Debug, Clone)]
pub enum UnloadSelector {
    /// Those of these applications, also of documents that no load inserted.
    Apps(Vec<AppId>),
    /// Those of these files.
    Files(Vec<FilePattern>),
    /// Those of loads that started this time before now, or later.
    LoadedSince(Duration),
}

/// A document that was chosen to be unloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unloaded {
    /// Its application.
    pub app_id: AppId,
    /// The file that it was loaded from.
    pub file_path: Option<String>,
    /// Why it stays.
    pub stays: Option<Stays>,
    /// Attempts, none of which succeeded if it is unloaded.
    pub attempts: u64,
}

/// Why a document is not unloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stays {
    /// The store has no such document.
    Absent,
    /// An attempt succeeded, so that rows were made of it.
    Written,
    /// A worker has claimed it.
    Claimed,
    /// It was chosen by its file, and another program has changed it since. An embedded store forgets the
    /// file then.
    Changed,
    /// It was chosen by its file, and the load replaced a document of its application, which nothing brings back.
    Replaced,
}

/// Files by their paths, as they were given to a load, or, without a folder, by the last parts of these.
/// `*` means any characters except those between folders, and `?` one; letters count as they are. The
/// pattern of a file is for its records, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePattern(String);

impl FromStr for FilePattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err("a pattern has at least one character".to_owned()),
            // A server gets the patterns as lines.
            text if text.contains(['\n', '\r']) => {
                Err("a pattern has no line break: use ? in its place".to_owned())
            }
            text => Ok(Self(text.replace('\\', "/"))),
        }
    }
}

impl FilePattern {
    /// It for SQLite's GLOB, with `/` between folders.
    pub fn glob(&self) -> String {
        self.0.replace('[', "[[]")
    }

    /// It for T-SQL's LIKE, with `/` between folders.
    pub fn like(&self) -> String {
        let like = |c: char| match c {
            '*' => "%".to_owned(),
            '?' => "_".to_owned(),
            '[' | '%' | '_' => format!("[{c}]"),
            c => c.to_string(),
        };
        self.0.chars().map(like).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_the_same_in_both_stores() {
        for (text, glob, like) in [
            ("*.xml", "*.xml", "%.xml"),
            (r"in\note-?.xml", "in/note-?.xml", "in/note-_.xml"),
            ("a[1]_50%.xml", "a[[]1]_50%.xml", "a[[]1][_]50[%].xml"),
        ] {
            let pattern: FilePattern = text.parse().expect("a pattern");
            assert_eq!((pattern.glob().as_str(), pattern.like().as_str()), (glob, like));
        }
        for refused in ["", "a\nb"] {
            assert!(refused.parse::<FilePattern>().is_err(), "{refused:?}");
        }
    }
}
