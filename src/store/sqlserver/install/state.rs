//! How the objects in the database compare with this program's.

use super::files::{checksum, Kind, Names, SqlFile};
use super::found::Found;
use super::generated::{Generated, GENERATED};
use super::script::definition_checksum;

/// How an object in the database compares with this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The same.
    Current,
    /// It does not exist.
    Missing,
    /// Installed by another version of this program, or for another contract.
    Older,
    /// Changed since it was installed.
    Edited,
    /// Not created by this program: it is never changed.
    Foreign,
}

impl State {
    /// Its word in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Missing => "missing",
            Self::Older => "older",
            Self::Edited => "edited",
            Self::Foreign => "foreign",
        }
    }
}

/// How the object of a file compares.
pub fn state(file: &SqlFile, found: &[Found], recorded: &Recorded) -> State {
    // A grant, a role or a migration leaves no object, only its record.
    if matches!(file.kind(), Kind::Table | Kind::Module(_)) {
        match found.iter().find(|name| name.object == file.object()) {
            None => return State::Missing,
            Some(name) if name.is_in_the_way => return State::Foreign,
            Some(_) => {}
        }
    }
    match recorded.get(file.name) {
        Some(known) if known.is_edited => State::Edited,
        Some(known) if known.file == file.checksum() => State::Current,
        Some(_) => State::Older,
        None => match file.kind() {
            Kind::Module(_) => State::Edited,
            Kind::Migration => State::Missing,
            Kind::Table | Kind::Other => State::Older,
        },
    }
}

/// What the installation has recorded, by the names of the files.
pub type Recorded = std::collections::HashMap<String, Known>;

/// The record of an installed file.
pub struct Known {
    /// Checksum of its text.
    pub file: [u8; 32],
    /// Its object was changed after the installation.
    pub is_edited: bool,
}

/// The query of the records.
pub fn recorded_query(files: &[SqlFile], names: &Names) -> String {
    let modules = files
        .iter()
        .filter(|file| matches!(file.kind(), Kind::Module(_)))
        .map(|file| (file.name, file.object()))
        .chain(GENERATED.iter().map(|generated| (generated.file, generated.object)));
    let cases: String = modules
        .map(|(file, object)| {
            let now = definition_checksum(names.schema(), object);
            format!("        WHEN N'{file}' THEN {now}\n")
        })
        .collect();
    names.fill(&format!(
        "SELECT
    f.file_name,
    f.file_checksum,
    CASE
        WHEN f.definition_checksum IS NULL THEN 0
        WHEN f.definition_checksum = CASE f.file_name
{cases}        END THEN 0
        ELSE 1
    END AS is_edited
FROM [$(Schema)].[processing_install_file] AS f;"
    ))
}

/// How a generated object with this text compares.
pub fn generated_state(generated: &Generated, text: &str, recorded: &Recorded) -> State {
    match recorded.get(generated.file) {
        None => State::Missing,
        Some(known) if known.is_edited => State::Edited,
        Some(known) if known.file == checksum(text) => State::Current,
        Some(_) => State::Older,
    }
}
