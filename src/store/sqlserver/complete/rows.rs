//! The rows of outcomes as bulk load sends them.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Timelike};
use tiberius::numeric::Numeric;
use tiberius::time::{Date, DateTime2, Time};
use tiberius::{ColumnData, TokenRow};

use crate::contract::{TargetTable, STAGE_APP_ID, STAGE_ROW};
use crate::id::AppId;
use crate::outcome::{AppOutcome, Failure, TableRows};
use crate::store::sqlserver::contract_sql::{self, bracketed, stage_name, staged_columns};
use crate::store::sqlserver::dialect::in_use;
use crate::value::{Decimal, SqlType, Value};

/// The longest value for bulk load: the driver compares the bytes of a value with 0xFFFF, the mark
/// of a `(max)` column.
const BULK_LOAD_BYTES: usize = 0xFFFF;

/// The columns of `#outcome` and their types, in the order of [`outcome_row`].
pub(super) const OUTCOME_COLUMNS: [(&str, &str); 16] = [
    ("app_id", "bigint"),
    ("attempt", "int"),
    ("is_success", "bit"),
    ("failure_category", "nvarchar(30)"),
    ("failure_table", "nvarchar(128)"),
    ("failure_column", "nvarchar(128)"),
    ("failure_path", "nvarchar(1000)"),
    ("failure_path_shape", "nvarchar(1000)"),
    ("failure_line", "int"),
    ("failure_column_number", "int"),
    ("failure_value", "nvarchar(400)"),
    ("failure_reason", "nvarchar(max)"),
    ("fingerprint", "nvarchar(16)"),
    ("shred_micros", "bigint"),
    ("document_bytes", "bigint"),
    ("source_hash", "varbinary(max)"),
];

/// One row of `#outcome`.
pub(super) fn outcome_row(app: &AppOutcome) -> TokenRow<'_> {
    let failure = app.outcome.as_ref().err().map(|failure| &**failure);
    let text = |units: usize, of: fn(&Failure) -> Option<&str>| {
        ColumnData::String(failure.and_then(of).map(|text| Cow::Borrowed(start_of(text, units))))
    };
    let shape = failure.and_then(Failure::path_shape);
    let shape = shape.map(|shape| Cow::Owned(start_of(&shape, 1000).to_owned()));
    let line = |of: fn(&Failure) -> Option<u32>| {
        ColumnData::I32(failure.and_then(of).map(|n| i32::try_from(n).unwrap_or(i32::MAX)))
    };
    let count = |n: u64| ColumnData::I64(Some(i64::try_from(n).unwrap_or(i64::MAX)));
    let cells = [
        ColumnData::I64(Some(app.app_id.0)),
        ColumnData::I32(Some(i32::try_from(app.attempt).unwrap_or(i32::MAX))),
        ColumnData::Bit(Some(failure.is_none())),
        text(30, |f| Some(f.category.name())),
        text(128, |f| f.table.as_deref()),
        text(128, |f| f.column.as_deref()),
        text(1000, |f| f.path.as_deref()),
        ColumnData::String(shape),
        line(|f| f.line),
        line(|f| f.column_number),
        text(400, |f| f.value.as_deref()),
        text(2048, |f| Some(&f.reason)),
        ColumnData::String(failure.map(|f| Cow::Owned(f.fingerprint()))),
        count(app.shred_micros),
        count(app.document_bytes),
        ColumnData::Binary(app.source_hash.as_ref().map(|hash| Cow::Borrowed(&hash.0[..]))),
    ];
    row(cells)
}

/// The start of a text that fits `nvarchar(units)`, as the columns of the log are.
fn start_of(text: &str, units: usize) -> &str {
    let mut left = units;
    for (end, character) in text.char_indices() {
        match left.checked_sub(character.len_utf16()) {
            Some(rest) => left = rest,
            None => return &text[..end],
        }
    }
    text
}

/// The columns of a table's stage and their types, in the order of [`stage_rows`].
pub(super) fn stage_columns(table: &TargetTable) -> Vec<(String, String)> {
    let own = staged_columns(table);
    let own = own.map(|(_, column)| (bracketed(&column.name), stage_type(column.sql_type)));
    let place = [STAGE_APP_ID, STAGE_ROW].map(|name| (name.to_owned(), "bigint".to_owned()));
    place.into_iter().chain(own).collect()
}

/// The stage's type, unless this engine needs decimals as text.
pub(super) fn stage_type(sql_type: SqlType) -> String {
    match sql_type {
        SqlType::Decimal { .. } | SqlType::Money if in_use().decimals_as_text => {
            contract_sql::stage_text(Some(50))
        }
        other => contract_sql::stage_type(other),
    }
}

/// The rows of all successful outcomes for the target at `index`: application, values, and the
/// row's number, from 1. They are in the order of the stage's index if the outcomes are by application.
fn numbered_rows<'o>(
    outcomes: &'o [&'o AppOutcome],
    index: usize,
) -> impl Iterator<Item = (AppId, &'o [Value], i64)> {
    let rows_of = move |app: &'o AppOutcome| {
        let rows = app.outcome.as_ref().ok().map(|tables| &tables[index]);
        rows.into_iter().flat_map(TableRows::iter).map(|values| (app.app_id, values))
    };
    let numbered = outcomes.iter().copied().flat_map(rows_of).zip(1i64..);
    numbered.map(|((app_id, values), number)| (app_id, values, number))
}

/// The rows for the target at `index`, with null in place of each [`LongValue`].
pub(super) fn stage_rows<'o>(
    outcomes: &'o [&'o AppOutcome],
    index: usize,
    table: &'o TargetTable,
) -> impl Iterator<Item = TokenRow<'o>> {
    numbered_rows(outcomes, index).map(move |(app_id, values, number)| {
        let place = [ColumnData::I64(Some(app_id.0)), ColumnData::I64(Some(number))];
        let own = staged_columns(table).map(|(i, column)| match is_long(&values[i]) {
            true => null(column.sql_type),
            false => cell(&values[i], column.sql_type),
        });
        row(place.into_iter().chain(own))
    })
}

/// A value that is too long for bulk load: a separate statement sets it.
pub(super) struct LongValue<'o> {
    app_id: AppId,
    number: i64,
    column: &'o str,
    value: &'o Value,
}

/// The long values of the rows of [`stage_rows`].
pub(super) fn long_values<'o>(
    outcomes: &'o [&'o AppOutcome],
    index: usize,
    table: &'o TargetTable,
) -> impl Iterator<Item = LongValue<'o>> {
    numbered_rows(outcomes, index).flat_map(move |(app_id, values, number)| {
        let long = staged_columns(table).filter(|(i, _)| is_long(&values[*i]));
        long.map(move |(i, column)| LongValue {
            app_id,
            number,
            column: &column.name,
            value: &values[i],
        })
    })
}

fn is_long(value: &Value) -> bool {
    match value {
        Value::Text(text) if text.len() > BULK_LOAD_BYTES / 2 => {
            2 * text.encode_utf16().count() > BULK_LOAD_BYTES
        }
        Value::Bytes(bytes) => bytes.len() > BULK_LOAD_BYTES,
        _ => false,
    }
}

impl LongValue<'_> {
    /// The statement that sets it in its row of the table's stage.
    pub(super) fn statement(&self, table: &TargetTable) -> String {
        format!(
            "UPDATE {} SET {} = @P1 WHERE {STAGE_APP_ID} = @P2 AND {STAGE_ROW} = @P3;
             IF @@ROWCOUNT <> 1 THROW 50000, N'A staged row is missing.', 1;",
            stage_name(table),
            bracketed(self.column),
        )
    }

    /// The parameters of its statement.
    pub(super) fn parameters(&self) -> [ColumnData<'_>; 3] {
        let value = match self.value {
            Value::Bytes(bytes) => ColumnData::Binary(Some(Cow::Borrowed(&bytes[..]))),
            Value::Text(text) => ColumnData::String(Some(Cow::Borrowed(text.as_str()))),
            _ => ColumnData::String(None),
        };
        [value, ColumnData::I64(Some(self.app_id.0)), ColumnData::I64(Some(self.number))]
    }
}

fn row<'v>(cells: impl IntoIterator<Item = ColumnData<'v>>) -> TokenRow<'v> {
    let mut row = TokenRow::new();
    cells.into_iter().for_each(|cell| row.push(cell));
    row
}

/// A value in its column's type of the stage.
fn cell(value: &Value, sql_type: SqlType) -> ColumnData<'_> {
    match value {
        Value::Null => null(sql_type),
        Value::Bit(bit) => ColumnData::Bit(Some(*bit)),
        Value::Int(n) => match sql_type {
            SqlType::BigInt => ColumnData::I64(Some(*n)),
            // The value is within its type's range, which an int holds.
            _ => ColumnData::I32(Some(*n as i32)),
        },
        Value::Decimal(n) => decimal(Some(n)),
        Value::Float(n) => ColumnData::F64(Some(*n)),
        Value::Date(date) => date_time(*date, NaiveTime::MIN, 0),
        Value::Time(time) => date_time(NO_DATE, *time, digits(sql_type)),
        Value::DateTime(time) => date_time(time.date(), time.time(), digits(sql_type)),
        Value::DateTimeOffset(time) => {
            ColumnData::String(Some(Cow::Owned(offset_text(time, digits(sql_type)))))
        }
        Value::Text(text) => ColumnData::String(Some(Cow::Borrowed(text))),
        Value::Guid(guid) => ColumnData::Guid(Some(*guid)),
        Value::Bytes(bytes) => ColumnData::Binary(Some(Cow::Borrowed(bytes))),
    }
}

/// Some engines read a bulk loaded decimal wrongly, and its text correctly.
fn decimal(n: Option<&Decimal>) -> ColumnData<'static> {
    match in_use().decimals_as_text {
        true => ColumnData::String(n.map(|n| Cow::Owned(n.to_string()))),
        false => ColumnData::Numeric(n.map(|n| Numeric::new_with_scale(n.units, n.scale))),
    }
}

fn null(sql_type: SqlType) -> ColumnData<'static> {
    match sql_type {
        SqlType::Bit => ColumnData::Bit(None),
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => ColumnData::I32(None),
        SqlType::BigInt => ColumnData::I64(None),
        SqlType::Decimal { .. } | SqlType::Money => decimal(None),
        SqlType::Float | SqlType::Real => ColumnData::F64(None),
        SqlType::Date
        | SqlType::Time(_)
        | SqlType::DateTime
        | SqlType::SmallDateTime
        | SqlType::DateTime2(_) => ColumnData::DateTime2(None),
        SqlType::DateTimeOffset(_)
        | SqlType::Char(_)
        | SqlType::VarChar(_)
        | SqlType::NChar(_)
        | SqlType::NVarChar(_)
        | SqlType::Xml => ColumnData::String(None),
        SqlType::UniqueIdentifier => ColumnData::Guid(None),
        SqlType::VarBinary(_) => ColumnData::Binary(None),
    }
}

/// The date of a time of day, as in SQL Server's conversions.
const NO_DATE: NaiveDate = match NaiveDate::from_ymd_opt(1900, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// Fractional digits of the second in a type's stage.
fn digits(sql_type: SqlType) -> u8 {
    match sql_type {
        SqlType::Time(digits) | SqlType::DateTime2(digits) | SqlType::DateTimeOffset(digits) => {
            digits
        }
        SqlType::DateTime => 3,
        _ => 0,
    }
}

/// Fractions of a second in units of `10^-digits`.
fn fraction(time: NaiveTime, digits: u8) -> u64 {
    u64::from(time.nanosecond()) / 10u64.pow(9 - u32::from(digits))
}

fn date_time(date: NaiveDate, time: NaiveTime, digits: u8) -> ColumnData<'static> {
    let seconds = u64::from(time.num_seconds_from_midnight());
    let increments = seconds * 10u64.pow(u32::from(digits)) + fraction(time, digits);
    // Day 1 of the common era is SQL Server's day 0, the earliest.
    let days = date.num_days_from_ce() - 1;
    let date = Date::new(days.unsigned_abs());
    ColumnData::DateTime2(Some(DateTime2::new(date, Time::new(increments, digits))))
}

/// ISO 8601, which does not depend on the language setting.
fn offset_text(time: &DateTime<FixedOffset>, digits: u8) -> String {
    let local = time.naive_local();
    let seconds = local.format("%Y-%m-%dT%H:%M:%S");
    let offset = time.format("%:z");
    match usize::from(digits) {
        0 => format!("{seconds}{offset}"),
        width => format!("{seconds}.{:0width$}{offset}", fraction(local.time(), digits)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_time_keeps_exactly_its_digits() {
        let date = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
        let time = NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_900).unwrap();
        let ColumnData::DateTime2(Some(staged)) = date_time(date, time, 7) else { panic!() };
        assert_eq!(staged.date().days(), 3_652_058);
        assert_eq!(staged.time().increments(), 863_999_999_999);
        let ColumnData::DateTime2(Some(first)) =
            date_time(NaiveDate::from_ymd_opt(1, 1, 1).unwrap(), NaiveTime::MIN, 0)
        else {
            panic!()
        };
        assert_eq!((first.date().days(), first.time().increments()), (0, 0));
    }

    #[test]
    fn an_offset_does_not_depend_on_the_language() {
        let time = DateTime::parse_from_rfc3339("0001-02-03T04:05:06.0789-07:30").unwrap();
        assert_eq!(offset_text(&time, 4), "0001-02-03T04:05:06.0789-07:30");
        assert_eq!(offset_text(&time, 0), "0001-02-03T04:05:06-07:30");
    }
}
