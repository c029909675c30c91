//! Differences of an engine that is compatible with SQL Server. This program uses SQL Server's T-SQL;
//! a test on another engine describes the differences here.

use std::sync::OnceLock;

/// How another engine differs from SQL Server.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The batches to send for one batch of an installation.
    pub installation: fn(&str) -> Vec<String>,
    /// The principal that the catalog calls by an owner's name.
    pub owner: fn(&str) -> &str,
    /// SQL Server's number for an error with this number and message.
    pub error_number: fn(i64, &str) -> i64,
    /// Whether a bulk load may say in what order its rows are.
    pub ordered_bulk_load: bool,
    /// Whether claims return character documents as text, in the column `document_text`.
    pub documents_as_text: bool,
    /// Whether decimals are bulk loaded as text, which `usp_LoadApps` converts.
    pub decimals_as_text: bool,
    /// The compatibility level from which a database has OPENJSON.
    pub openjson_level: i64,
    /// Whether OPENJSON turns `\"`, `\\` and `\u000a` back into characters.
    pub reads_json_escapes: bool,
}

const SQL_SERVER: Dialect = Dialect {
    installation: |batch| vec![batch.to_owned()],
    owner: |name| name,
    error_number: |number, _| number,
    ordered_bulk_load: true,
    documents_as_text: false,
    decimals_as_text: false,
    openjson_level: 130,
    reads_json_escapes: true,
};

static IN_USE: OnceLock<Dialect> = OnceLock::new();

impl Dialect {
    /// Uses this dialect for every server. The first call settles it for the process, or the first
    /// connection without a call.
    pub fn speak(self) {
        IN_USE.get_or_init(|| self);
    }
}

pub(super) fn in_use() -> &'static Dialect {
    IN_USE.get_or_init(|| SQL_SERVER)
}
