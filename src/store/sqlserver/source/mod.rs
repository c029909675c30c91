//! The source table, to draft a contract from its documents before anything is installed.

use tiberius::ColumnData;

use super::connection::Connection;
use super::contract_sql::literal;
use super::fault::{Result, ServerFault};
use super::install::Names;
use super::record::Record;
use crate::document::{Document, DocumentEncoding};
use crate::id::AppId;
use crate::store::SourceRow;

const BOUNDS: &str = include_str!("bounds.sql");
const ROW_FROM: &str = include_str!("row_from.sql");
const OTHER_TABLES: &str = include_str!("other_tables.sql");

pub(super) fn bounds(connection: &mut Connection, names: &Names) -> Result<Option<(AppId, AppId)>> {
    let ends = connection.query(&names.fill(BOUNDS))?;
    let (low, high) = (ends.get_or_null("lowest")?, ends.get_or_null("highest")?);
    Ok(low.zip(high))
}

pub(super) fn row_from(
    connection: &mut Connection,
    names: &Names,
    app_id: AppId,
) -> Result<Option<SourceRow>> {
    let row = names.fill(ROW_FROM);
    let sets = connection.slow_batch(&format!("DECLARE @app_id bigint = {app_id};\n{row}"))?;
    sets.into_iter().flatten().map(source_row).next().transpose()
}

pub(super) fn other_tables(
    connection: &mut Connection,
    names: &Names,
    schema: &str,
) -> Result<Vec<String>> {
    let declared = format!("DECLARE @schema sysname = {};", literal(schema));
    let sets = connection.batch(&format!("{declared}\n{}", names.fill(OTHER_TABLES)))?;
    sets.iter().flatten().map(|record| record.get("name")).collect()
}

fn source_row(record: Record) -> Result<SourceRow> {
    let app_id = record.get("app_id")?;
    let document = match record.into_cells().nth(1) {
        Some(ColumnData::Binary(bytes)) => bytes.map(|bytes| Document {
            bytes: bytes.into_owned(),
            encoding: DocumentEncoding::Detect,
        }),
        Some(ColumnData::String(text)) => text.map(|text| of_text(text.into_owned())),
        Some(ColumnData::Xml(xml)) => xml.map(|xml| of_text(xml.as_ref().as_ref().to_owned())),
        _ => return Err(ServerFault::Unexpected(
            "the source table's column with the document is not nvarchar, varchar, varbinary or \
                 xml; name it with --source-document-column"
                .to_owned(),
        )),
    };
    Ok((app_id, document))
}

fn of_text(text: String) -> Document {
    Document { bytes: text.into_bytes(), encoding: DocumentEncoding::Utf8 }
}
