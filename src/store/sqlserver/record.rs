//! One row of a result, read by column name.

use chrono::{DateTime, NaiveDateTime, Utc};
use tiberius::{ColumnData, FromSql, Row};
use uuid::Uuid;

use super::fault::Fault;
use crate::id::{AppId, ContractHash};
use crate::outcome::FailureCategory;

/// A row and the procedure that it came from, which messages name.
pub(super) struct Record {
    procedure: &'static str,
    row: Row,
}

impl Record {
    pub(super) fn new(procedure: &'static str, row: Row) -> Self {
        Self { procedure, row }
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.row.columns().iter().any(|known| known.name() == column)
    }

    /// The value as the driver has it.
    pub(super) fn raw(&self, column: &str) -> Result<&ColumnData<'static>, Fault> {
        self.row.get_column_data(column).map_err(|_| self.odd(column, "is missing"))
    }

    /// Any integer type.
    pub(super) fn integer_or_null(&self, column: &str) -> Result<Option<i64>, Fault> {
        match self.raw(column)? {
            ColumnData::U8(n) => Ok(n.map(i64::from)),
            ColumnData::I16(n) => Ok(n.map(i64::from)),
            ColumnData::I32(n) => Ok(n.map(i64::from)),
            ColumnData::I64(n) => Ok(*n),
            ColumnData::Bit(n) => Ok(n.map(i64::from)),
            _ => Err(self.odd(column, "is not an integer")),
        }
    }

    pub(super) fn integer(&self, column: &str) -> Result<i64, Fault> {
        self.integer_or_null(column)?.ok_or_else(|| self.odd(column, "is null"))
    }

    /// A count; a negative one is an error.
    pub(super) fn count(&self, column: &str) -> Result<u64, Fault> {
        self.integer(column)?.try_into().map_err(|_| self.odd(column, "is negative"))
    }

    pub(super) fn attempt(&self, column: &str) -> Result<u32, Fault> {
        self.integer(column)?.try_into().map_err(|_| self.odd(column, "is no attempt number"))
    }

    pub(super) fn attempt_or_null(&self, column: &str) -> Result<Option<u32>, Fault> {
        let number = self.integer_or_null(column)?;
        number
            .map(u32::try_from)
            .transpose()
            .map_err(|_| self.odd(column, "is negative, or too large"))
    }

    pub(super) fn app_id(&self, column: &str) -> Result<AppId, Fault> {
        self.integer(column).map(AppId)
    }

    pub(super) fn text_or_null(&self, column: &str) -> Result<Option<&str>, Fault> {
        self.get(column, "is not text")
    }

    pub(super) fn text(&self, column: &str) -> Result<&str, Fault> {
        self.text_or_null(column)?.ok_or_else(|| self.odd(column, "is null"))
    }

    pub(super) fn guid_or_null(&self, column: &str) -> Result<Option<Uuid>, Fault> {
        self.get(column, "is not a uniqueidentifier")
    }

    pub(super) fn guid(&self, column: &str) -> Result<Uuid, Fault> {
        self.guid_or_null(column)?.ok_or_else(|| self.odd(column, "is null"))
    }

    pub(super) fn instant_or_null(&self, column: &str) -> Result<Option<DateTime<Utc>>, Fault> {
        Ok(self.get::<NaiveDateTime>(column, "is not a datetime2")?.map(|time| time.and_utc()))
    }

    pub(super) fn instant(&self, column: &str) -> Result<DateTime<Utc>, Fault> {
        self.instant_or_null(column)?.ok_or_else(|| self.odd(column, "is null"))
    }

    pub(super) fn contract_or_null(&self, column: &str) -> Result<Option<ContractHash>, Fault> {
        let bytes: Option<&[u8]> = self.get(column, "is not binary")?;
        bytes
            .map(|bytes| bytes.try_into().map(ContractHash))
            .transpose()
            .map_err(|_| self.odd(column, "is not 32 bytes"))
    }

    /// A failure's category; a word this version does not know is an error.
    pub(super) fn category_or_null(&self, column: &str) -> Result<Option<FailureCategory>, Fault> {
        self.text_or_null(column)?
            .map(|name| {
                FailureCategory::from_name(name)
                    .ok_or_else(|| self.odd(column, "holds a category this version does not know"))
            })
            .transpose()
    }

    fn get<'r, T: FromSql<'r>>(&'r self, column: &str, wrong: &str) -> Result<Option<T>, Fault> {
        T::from_sql(self.raw(column)?).map_err(|_| self.odd(column, wrong))
    }

    fn odd(&self, column: &str, wrong: &str) -> Fault {
        Fault::Unexpected(format!(
            "{} answered with a column {column} that {wrong}: the installed procedures and this \
             version of xmlshred do not belong together; run xmlshred install",
            self.procedure
        ))
    }
}
