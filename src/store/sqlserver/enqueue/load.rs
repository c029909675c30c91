//! Loading documents of files into the source table: `usp_LoadDocuments`, and what comes before it.

use std::borrow::Cow;

use tiberius::{ColumnData, TokenRow};

use crate::id::AppId;
use crate::store::sqlserver::call::{end_of, yes_or_no, Call, FILE_NAME, FILE_PATH};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;
use crate::store::{
    failpoint, Added, Candidate, Content, Division, DocumentType, Existing, Found, LoadRules,
    OtherWay, PlaceId, UnderId,
};

/// The longest value for bulk load, as for the rows of outcomes.
const BULK_LOAD_BYTES: usize = 0xFFFF;

/// The columns of `#document`, in the order of [`row`].
const COLUMNS: [&str; 11] = [
    "ordinal",
    "app_id",
    "document",
    "file_path",
    "file_name",
    "place_id",
    "record_number",
    "record_path",
    "has_envelope",
    "document_bytes",
    "source_hash",
];

/// The temp table `#document` of a connection, which is created once.
#[derive(Default)]
pub struct DocumentStage {
    /// The connection's generation, and the type of the documents.
    created: Option<(u64, DocumentType)>,
    /// The first application that was loaded with it.
    first: Option<AppId>,
}

/// Whether the source table can be filled, and with what.
pub fn check_load(connection: &mut Connection) -> Result<DocumentType> {
    let head = connection.ask(&Call::new("usp_CheckLoad"))?;
    Ok(match head.get::<String>("document_type")?.as_str() {
        "varbinary" => DocumentType::Bytes,
        "xml" => DocumentType::Xml,
        _ => DocumentType::Text,
    })
}

pub fn knows_file(connection: &mut Connection, place: PlaceId, name: &str) -> Result<bool> {
    let call = Call::new("usp_FindFile").with("@place_id", place.0);
    connection.ask(&call.with("@file_name", end_of(name, FILE_NAME)))?.get("is_known")
}

pub fn find_candidates(
    connection: &mut Connection,
    documents: &mut DocumentStage,
    candidates: &[Candidate],
) -> Result<Vec<Found>> {
    connection.patiently(
        |fault| fault.is_transient(),
        |connection| {
            let candidates: Vec<_> = candidates.iter().map(|candidate| (candidate, None)).collect();
            let document_type = documents.created.map_or(DocumentType::Bytes, |(_, known)| known);
            documents.fill(connection, document_type, &candidates)?;
            let sets = connection.call_once(&Call::slow("usp_FindDocuments"))?;
            documents.keep(connection, document_type);
            let found = sets.iter().flatten().map(|record| {
                let copy = record.get_or_null("copy_app_id")?;
                let under_id: Option<String> = record.get_or_null("under_id")?;
                Ok(Found {
                    same: record.get_or_null("same_app_id")?,
                    is_corrected: record.get("is_corrected")?,
                    earlier: record.get_or_null("earlier_app_id")?,
                    changed: record.get_or_null("changed_app_id")?,
                    other_way: other_way(record)?,
                    moved: record.get_or_null("moved_app_id")?,
                    copy: copy.zip(record.get_or_null("copy_path")?),
                    is_logged: record.get("is_logged")?,
                    under_id: under_id.map(|under_id| match under_id.trim_end() {
                        "same" => UnderId::Same,
                        _ => UnderId::Other,
                    }),
                })
            });
            found.collect()
        },
    )
}

fn other_way(record: &Record) -> Result<Option<OtherWay>> {
    let Some(app_id) = record.get_or_null("other_app_id")? else { return Ok(None) };
    let path: Option<String> = record.get_or_null("other_record_path")?;
    let has_envelope: Option<bool> = record.get_or_null("other_has_envelope")?;
    let division =
        path.zip(has_envelope).map(|(path, has_envelope)| Division { path, has_envelope });
    let is_whole = record.get::<i64>("other_record_number")? == 0;
    Ok(Some(OtherWay { app_id, is_whole, division }))
}

/// Adds documents in one transaction; says what became of each, and how many of their ids enqueueing finds
/// only when it reads the whole table.
pub fn load_documents(
    connection: &mut Connection,
    stage: &mut DocumentStage,
    document_type: DocumentType,
    documents: &[(Candidate, Content)],
    rules: LoadRules,
) -> Result<(Vec<Added>, u64)> {
    let call = Call::slow("usp_LoadDocuments")
        .with("@replace", yes_or_no(rules.existing == Existing::Replace))
        .with("@again", yes_or_no(rules.again))
        .with("@first_app_id", stage.first);
    let documents: Vec<_> =
        documents.iter().map(|(candidate, content)| (candidate, Some(content))).collect();
    // After a broken connection nobody knows whether it was done. A repetition finds what was, unless it
    // is to load once more what was loaded.
    connection.patiently(
        |fault| fault.is_transient() && !rules.again,
        |connection| {
            stage.fill(connection, document_type, &documents)?;
            documents.iter().for_each(|_| failpoint::hit(failpoint::AMID_LOAD));
            let sets = connection.call_once(&call)?;
            stage.keep(connection, document_type);
            let mut behind = 0;
            let added = sets.iter().flatten().map(|record| {
                behind += u64::from(record.get::<bool>("is_behind")?);
                Ok(match record.get::<String>("fate")?.trim_end() {
                    "loaded" => Added::Loaded(record.get("app_id")?),
                    "already" => Added::Already,
                    _ => Added::Refused(record.get("app_id")?),
                })
            });
            let added = added.collect::<Result<Vec<Added>>>()?;
            // Of a call with a refusal nothing was loaded.
            let is_refused = added.iter().any(|added| matches!(added, Added::Refused(_)));
            let loaded = added.iter().find_map(|added| match added {
                Added::Loaded(app_id) => Some(*app_id),
                _ => None,
            });
            stage.first = stage.first.or(loaded.filter(|_| !is_refused));
            Ok((added, behind))
        },
    )
}

impl DocumentStage {
    /// Fills `#document`: its column with the document has the type that the procedures insert.
    fn fill(
        &mut self,
        connection: &mut Connection,
        document_type: DocumentType,
        documents: &[(&Candidate, Option<&Content>)],
    ) -> Result<()> {
        // After an error it is created again: the connection may be another one then.
        match self.created.take() == Some((connection.generation(), document_type)) {
            true => drop(connection.batch("TRUNCATE TABLE #document;")?),
            false => create(connection, document_type)?,
        }
        fill(connection, document_type, documents)
    }

    /// The call that read it has succeeded.
    fn keep(&mut self, connection: &Connection, document_type: DocumentType) {
        self.created = Some((connection.generation(), document_type));
    }
}

fn create(connection: &mut Connection, document_type: DocumentType) -> Result<()> {
    let sql_type = match document_type {
        DocumentType::Bytes => "varbinary(max)",
        DocumentType::Text | DocumentType::Xml => "nvarchar(max) COLLATE DATABASE_DEFAULT",
    };
    // Without style 1, text that is white space only is lost.
    let stored = match document_type {
        DocumentType::Bytes | DocumentType::Text => "document",
        DocumentType::Xml => "CONVERT(xml, document, 1)",
    };
    connection.batch("IF OBJECT_ID(N'tempdb..#document') IS NOT NULL DROP TABLE #document;")?;
    let table = format!(
        "CREATE TABLE #document
        (
            ordinal int NULL,
            app_id bigint NULL,
            document {sql_type} NULL,
            stored_document AS {stored},
            file_path nvarchar(1000) COLLATE DATABASE_DEFAULT NULL,
            file_name nvarchar(400) COLLATE DATABASE_DEFAULT NULL,
            place_id bigint NULL,
            record_number bigint NULL,
            record_path nvarchar(1000) COLLATE Latin1_General_BIN2 NULL,
            has_envelope bit NULL,
            document_bytes bigint NULL,
            source_hash varbinary(max) NULL
        );"
    );
    connection.batch(&table).map(drop)
}

fn fill(
    connection: &mut Connection,
    document_type: DocumentType,
    documents: &[(&Candidate, Option<&Content>)],
) -> Result<()> {
    let numbered = || (1..).zip(documents);
    let is_text = document_type != DocumentType::Bytes;
    let rows = numbered().map(|(ordinal, (candidate, content))| {
        row(ordinal, candidate, content.filter(|content| !is_long(content)), is_text)
    });
    connection.bulk_load("#document", &COLUMNS, &[], rows)?;
    let long = numbered().filter_map(|(ordinal, (_, content))| {
        content.filter(|content| is_long(content)).map(|content| (ordinal, content))
    });
    for (ordinal, content) in long {
        connection.execute(
            "UPDATE #document SET document = @P1 WHERE ordinal = @P2;
             IF @@ROWCOUNT <> 1 THROW 50000, N'A staged document is missing.', 1;",
            [value(Some(content), is_text), ColumnData::I32(Some(ordinal))],
        )?;
    }
    Ok(())
}

fn row<'r>(
    ordinal: i32,
    candidate: &'r Candidate,
    content: Option<&'r Content>,
    is_text: bool,
) -> TokenRow<'r> {
    let file = &candidate.file;
    let number = |n: u64| ColumnData::I64(Some(i64::try_from(n).unwrap_or(i64::MAX)));
    let text = |text: String| ColumnData::String(Some(Cow::Owned(text)));
    let path = file.division.as_ref().map(|division| &*division.path);
    let cells = [
        ColumnData::I32(Some(ordinal)),
        ColumnData::I64(candidate.app_id.map(|app_id| app_id.0)),
        value(content, is_text),
        text(end_of(&file.path, FILE_PATH)),
        text(end_of(&file.name, FILE_NAME)),
        ColumnData::I64(Some(file.place.0)),
        number(file.record),
        ColumnData::String(path.map(|path| Cow::Owned(end_of(path, FILE_PATH)))),
        ColumnData::Bit(file.division.as_ref().map(|division| division.has_envelope)),
        number(file.bytes),
        ColumnData::Binary(Some(Cow::Borrowed(&file.hash.0[..]))),
    ];
    let mut row = TokenRow::new();
    cells.into_iter().for_each(|cell| row.push(cell));
    row
}

fn value(content: Option<&Content>, is_text: bool) -> ColumnData<'_> {
    match content {
        Some(Content::Bytes(bytes)) => ColumnData::Binary(Some(Cow::Borrowed(&bytes[..]))),
        Some(Content::Text(text)) => ColumnData::String(Some(Cow::Borrowed(text.as_str()))),
        None if is_text => ColumnData::String(None),
        None => ColumnData::Binary(None),
    }
}

fn is_long(content: &Content) -> bool {
    match content {
        Content::Bytes(bytes) => bytes.len() > BULK_LOAD_BYTES,
        Content::Text(text) => {
            text.len() > BULK_LOAD_BYTES / 2 && 2 * text.encode_utf16().count() > BULK_LOAD_BYTES
        }
    }
}
