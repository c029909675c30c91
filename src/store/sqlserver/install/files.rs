//! The files of `sql/`, and the values of their placeholders.

use sha2::{Digest, Sha256};

use crate::store::sqlserver::connection::settings::{checked_identifier, DEFAULT_SCHEMA};

/// One file of `sql/`, usually with one object.
#[derive(Debug, Clone, Copy)]
pub struct SqlFile {
    /// Path below `sql/`, with slashes.
    pub name: &'static str,
    /// Its text with placeholders.
    pub text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/sql_files.rs"));

/// The batch that creates a connection's temp tables.
pub const SESSION_TABLES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/session_tables.sql"));

/// The query of the function that checks the source table, for a server that does not have it: what is
/// wrong is in the column `problem`.
pub fn source_problem() -> String {
    let text =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/functions/ufn_SourceProblem.sql"));
    let text = text.replace("\r\n", "\n");
    let body =
        text.split_once("\nAS\nBEGIN\n").and_then(|(_, rest)| rest.split_once("END;\nEND;\nGO\n"));
    let (body, _) = body.expect("the function ends with its one value");
    format!("{}END AS problem;\n", body.replace("    RETURN ", "    SELECT "))
}

/// The kind of object that a file creates, which decides how it is found and dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A table: altered forward, never replaced.
    Table,
    /// A view, function or procedure: `CREATE OR ALTER`.
    Module(&'static str),
    /// A change to existing tables: applied once, in the order of the files' numbers.
    Migration,
    /// A schema, roles or grants.
    Other,
}

impl SqlFile {
    /// The kind of its object.
    pub fn kind(&self) -> Kind {
        match self.name.split('/').next() {
            Some("tables") => Kind::Table,
            Some("migrations") => Kind::Migration,
            Some("views") => Kind::Module("VIEW"),
            Some("functions") => Kind::Module("FUNCTION"),
            Some("procs") => Kind::Module("PROCEDURE"),
            _ => Kind::Other,
        }
    }

    /// The object's name: the file's, without folder and ending.
    pub fn object(&self) -> &'static str {
        let file = self.name.rsplit('/').next().unwrap_or(self.name);
        file.strip_suffix(".sql").unwrap_or(file)
    }

    /// SHA-256 of the text with line feeds only.
    pub fn checksum(&self) -> [u8; 32] {
        checksum(self.text)
    }
}

/// SHA-256 of a text with line feeds only, so that line endings do not matter.
pub fn checksum(text: &str) -> [u8; 32] {
    Sha256::digest(text.replace("\r\n", "\n")).into()
}

/// The values of `$(Schema)`, `$(SourceSchema)`, `$(SourceTable)`, `$(SourceIdColumn)`,
/// `$(SourceDocumentColumn)`, `$(LogFilegroup)` and `$(LogCompression)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    schema: String,
    source_schema: String,
    source_table: String,
    source_id_column: String,
    source_document_column: String,
    log_filegroup: String,
    log_compression: String,
}

impl Names {
    /// A schema for the pipeline's objects, and the source table as `schema.table`.
    pub fn new(schema: &str, source: &str) -> Result<Self, String> {
        let (source_schema, source_table) = source.split_once('.').unwrap_or(("dbo", source));
        Ok(Self {
            schema: checked_identifier("schema", schema)?,
            source_schema: checked_identifier("source table's schema", source_schema)?,
            source_table: checked_identifier("source table", source_table)?,
            ..Self::default()
        })
    }

    /// The columns of the source table with the application's id and with its document.
    pub fn source_columns(self, id: &str, document: &str) -> Result<Self, String> {
        Ok(Self {
            source_id_column: checked_identifier("source table's column", id)?,
            source_document_column: checked_identifier("source table's column", document)?,
            ..self
        })
    }

    /// Where the log's tables are created, and `NONE`, `ROW` or `PAGE`. Tables that exist stay as they
    /// are.
    pub fn log_storage(self, filegroup: &str, compression: &str) -> Result<Self, String> {
        let log_filegroup = checked_identifier("filegroup", filegroup)?;
        Ok(Self { log_filegroup, log_compression: compression.to_owned(), ..self })
    }

    /// A schema that was checked before.
    pub(super) fn in_schema(schema: &str) -> Self {
        Self { schema: schema.to_owned(), ..Self::default() }
    }

    /// The placeholders themselves, for a script that sqlcmd fills in.
    pub fn placeholders() -> Self {
        Self {
            schema: "$(Schema)".into(),
            source_schema: "$(SourceSchema)".into(),
            source_table: "$(SourceTable)".into(),
            source_id_column: "$(SourceIdColumn)".into(),
            source_document_column: "$(SourceDocumentColumn)".into(),
            log_filegroup: "$(LogFilegroup)".into(),
            log_compression: "$(LogCompression)".into(),
        }
    }

    /// The schema of the pipeline's objects.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Replaces the placeholders with the names.
    pub fn fill(&self, text: &str) -> String {
        text.replace("$(Schema)", &self.schema)
            .replace("$(SourceSchema)", &self.source_schema)
            .replace("$(SourceTable)", &self.source_table)
            .replace("$(SourceIdColumn)", &self.source_id_column)
            .replace("$(SourceDocumentColumn)", &self.source_document_column)
            .replace("$(LogFilegroup)", &self.log_filegroup)
            .replace("$(LogCompression)", &self.log_compression)
    }
}

impl Default for Names {
    /// `sandbox` and `dbo.app_xml (app_id, xml)`; the log in the default filegroup, not compressed.
    fn default() -> Self {
        Self {
            schema: DEFAULT_SCHEMA.into(),
            source_schema: "dbo".into(),
            source_table: "app_xml".into(),
            source_id_column: "app_id".into(),
            source_document_column: "xml".into(),
            log_filegroup: "DEFAULT".into(),
            log_compression: "NONE".into(),
        }
    }
}

/// The batches of a script, separated by lines with `GO`.
pub fn batches(text: &str) -> Vec<String> {
    let mut batches = vec![String::new()];
    for line in text.lines() {
        if line.trim().eq_ignore_ascii_case("go") {
            batches.push(String::new());
        } else if let Some(batch) = batches.last_mut() {
            batch.push_str(line);
            batch.push('\n');
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_cut_at_go_and_nowhere_else() {
        let text = "SELECT 1;\r\ngo\r\n  GO  \nSELECT 'GO';\nGOTO x;\nGO\n";
        assert_eq!(batches(text), ["SELECT 1;\n", "SELECT 'GO';\nGOTO x;\n"]);
    }
}
