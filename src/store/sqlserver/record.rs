//! One row of a result, read by column name.

use chrono::{DateTime, NaiveDateTime, Utc};
use tiberius::{ColumnData, FromSql, Row};
use uuid::Uuid;

use super::dialect::in_use;
use super::fault::{Result, ServerFault};
use crate::command::command;
use crate::document::{Document, DocumentEncoding};
use crate::id::{AppId, ClaimToken, ContractHash, SessionId, SourceHash};
use crate::outcome::FailureCategory;
use crate::store::{Pause, SessionState, SessionSummary};

/// A row and the procedure that returned it, for messages.
pub(super) struct Record {
    procedure: &'static str,
    row: Row,
}

impl Record {
    pub(super) fn new(procedure: &'static str, row: Row) -> Self {
        Self { procedure, row }
    }

    /// The value of a column that is never null.
    pub(super) fn get<T: Value>(&self, column: &str) -> Result<T> {
        self.get_or_null(column)?.ok_or_else(|| self.unexpected(column, "null"))
    }

    pub(super) fn get_or_null<T: Value>(&self, column: &str) -> Result<Option<T>> {
        let value = self.row.get_column_data(column);
        let value = value.map_err(|_| self.unexpected(column, "missing"))?;
        T::read(value).ok_or_else(|| self.unexpected(column, &format!("not {}", T::NAME)))
    }

    /// The value of a column of the catalog that not every version of the server has; the default of one that is
    /// missing or null.
    pub(super) fn get_if_known<T: Value + Default>(&self, column: &str) -> Result<T> {
        match self.row.columns().iter().any(|known| known.name() == column) {
            true => Ok(self.get_or_null(column)?.unwrap_or_default()),
            false => Ok(T::default()),
        }
    }

    /// The values, in the order of the columns.
    pub(super) fn into_cells(self) -> impl Iterator<Item = ColumnData<'static>> {
        self.row.into_iter()
    }

    /// The document; `None` when the source row does not exist or its document is null.
    pub(super) fn document(&self) -> Result<Option<Document>> {
        let (encoding, column) = match self.get::<String>("document_encoding")?.as_str() {
            "detect" => (DocumentEncoding::Detect, "document"),
            _ if in_use().documents_as_text => (DocumentEncoding::Utf8, "document_text"),
            _ => (DocumentEncoding::Utf16Le, "document"),
        };
        Ok(self.get_or_null(column)?.map(|bytes| Document { bytes, encoding }))
    }

    /// The pause in `paused_at_utc`, `paused_by` and a column with the reason, if there is one.
    pub(super) fn pause(&self, reason: &str) -> Result<Option<Pause>> {
        let Some(since) = self.get_or_null("paused_at_utc")? else { return Ok(None) };
        Ok(Some(Pause { since, by: self.get("paused_by")?, reason: self.get(reason)? }))
    }

    /// The session whose columns of vw_Sessions this row has.
    pub(super) fn session(&self) -> Result<SessionSummary> {
        Ok(SessionSummary {
            session: self.get("session_id")?,
            worker_name: self.get("worker_name")?,
            host_name: self.get("host_name")?,
            state: self.get("state")?,
            started_at: self.get("started_at_utc")?,
            last_seen_at: self.get("last_seen_at_utc")?,
            ended_at: self.get_or_null("ended_at_utc")?,
            exit_status: self.get_or_null("exit_status")?,
            claimed: self.get("claimed")?,
            success: self.get("success")?,
            failed: self.get("failed")?,
            released: self.get("released")?,
            reaped: self.get("reaped")?,
            refused: self.get("refused")?,
            holds: self.get("holds")?,
            program_version: self.get("program_version")?,
            contract_hash: self.get("contract_hash")?,
        })
    }

    fn unexpected(&self, column: &str, what: &str) -> ServerFault {
        ServerFault::Unexpected(format!(
            "the column {column} of {} is {what}: the installed procedures and this xmlshred are \
             of different versions; run {}",
            self.procedure,
            command("install")
        ))
    }
}

/// A type that a column can be read as.
pub(super) trait Value: Sized {
    /// What messages call the type, with its article.
    const NAME: &'static str;

    /// `Some(None)` is null; `None` is a value of another type, or out of range.
    fn read(value: &ColumnData<'static>) -> Option<Option<Self>>;
}

macro_rules! values {
    ($($type:ty, $name:literal, $value:ident => $read:expr;)+) => {$(
        impl Value for $type {
            const NAME: &'static str = $name;

            fn read($value: &ColumnData<'static>) -> Option<Option<Self>> {
                $read
            }
        }
    )+};
}

values! {
    i64, "an integer", value => integer(value);
    u64, "a count", value => converted(integer(value), |n| n.try_into().ok());
    u32, "a number from 0 to 4294967295", value => converted(integer(value), |n| n.try_into().ok());
    u8, "a number from 0 to 255", value => converted(integer(value), |n| n.try_into().ok());
    bool, "0 or 1", value => converted(integer(value), |n| Some(n == 1));
    AppId, "an application id", value => converted(integer(value), |n| Some(AppId(n)));
    String, "text", value => converted(sql(value), |text: &str| Some(text.to_owned()));
    ClaimToken, "a uniqueidentifier", value => converted(sql(value), |id: Uuid| Some(ClaimToken(id)));
    SessionId, "a uniqueidentifier", value => converted(sql(value), |id: Uuid| Some(SessionId(id)));
    DateTime<Utc>, "a datetime2", value => {
        converted(sql(value), |time: NaiveDateTime| Some(time.and_utc()))
    };
    ContractHash, "a hash of 32 bytes", value => {
        converted(sql(value), |bytes: &[u8]| bytes.try_into().ok().map(ContractHash))
    };
    SourceHash, "a hash of 32 bytes", value => {
        converted(sql(value), |bytes: &[u8]| bytes.try_into().ok().map(SourceHash))
    };
    FailureCategory, "a known failure category", value => {
        converted(sql(value), FailureCategory::from_name)
    };
    SessionState, "a session's state", value => converted(sql(value), SessionState::from_name);
    Vec<u8>, "a document", value => match value {
        ColumnData::Binary(bytes) => Some(bytes.as_ref().map(|bytes| bytes.to_vec())),
        ColumnData::String(text) => Some(text.as_ref().map(|text| text.as_bytes().to_vec())),
        _ => None,
    };
}

fn integer(value: &ColumnData<'static>) -> Option<Option<i64>> {
    Some(match value {
        ColumnData::U8(n) => n.map(i64::from),
        ColumnData::I16(n) => n.map(i64::from),
        ColumnData::I32(n) => n.map(i64::from),
        ColumnData::I64(n) => *n,
        ColumnData::Bit(n) => n.map(i64::from),
        _ => return None,
    })
}

fn sql<'v, T: FromSql<'v>>(value: &'v ColumnData<'static>) -> Option<Option<T>> {
    T::from_sql(value).ok()
}

fn converted<T, U>(
    value: Option<Option<T>>,
    convert: impl FnOnce(T) -> Option<U>,
) -> Option<Option<U>> {
    value?.map_or(Some(None), |value| convert(value).map(Some))
}
