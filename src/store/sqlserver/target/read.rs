//! Reading the rows of applications.

use std::collections::HashMap;

use chrono::{
    DateTime, DurationRound, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta,
};
use tiberius::{ColumnData, FromSql};

use crate::contract::Contract;
use crate::id::AppId;
use crate::outcome::TableRows;
use crate::store::sqlserver::call::{list, Call};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::{Result, ServerFault};
use crate::store::sqlserver::record::Record;
use crate::store::stored_value;
use crate::value::{Decimal, SqlType, Value};

pub fn read_rows(
    connection: &mut Connection,
    contract: &Contract,
    app_ids: &[AppId],
) -> Result<Vec<Vec<TableRows>>> {
    let call = Call::slow("usp_ReadRows").with("@app_ids", list(app_ids));
    let sets = connection.call(&call)?;
    if sets.len() != contract.targets.len() {
        return Err(unexpected());
    }
    let place: HashMap<i64, usize> =
        app_ids.iter().enumerate().map(|(at, AppId(id))| (*id, at)).collect();
    let empty = || contract.targets.iter().map(|_| TableRows::default()).collect();
    let mut apps: Vec<Vec<TableRows>> = app_ids.iter().map(|_| empty()).collect();
    for (at, (table, set)) in contract.targets.iter().zip(sets).enumerate() {
        for record in set {
            let (app_id, values) = row(record, table.columns.iter().map(|c| c.sql_type))?;
            let app = place.get(&app_id).and_then(|place| apps.get_mut(*place));
            let rows = &mut app.ok_or_else(unexpected)?[at];
            rows.width = table.columns.len();
            rows.values.extend(values);
        }
    }
    Ok(apps)
}

/// The application of a row, and its values.
fn row(record: Record, types: impl ExactSizeIterator<Item = SqlType>) -> Result<(i64, Vec<Value>)> {
    let mut cells = record.into_cells();
    let Some(ColumnData::I64(Some(app_id))) = cells.next() else { return Err(unexpected()) };
    let width = types.len();
    let values: Vec<Value> = cells.zip(types).map(|(cell, of)| value(&cell, of)).collect();
    match values.len() == width {
        true => Ok((app_id, values)),
        false => Err(unexpected()),
    }
}

fn unexpected() -> ServerFault {
    ServerFault::Unexpected(
        "usp_ReadRows does not belong to this contract: run xmlshred install".to_owned(),
    )
}

/// A value that the driver has read. A `datetime` comes in units of a third of 10 ms.
fn value(cell: &ColumnData<'static>, sql_type: SqlType) -> Value {
    let found = match cell {
        ColumnData::U8(n) => n.map(|n| number(n.into(), sql_type)),
        ColumnData::I16(n) => n.map(|n| number(n.into(), sql_type)),
        ColumnData::I32(n) => n.map(|n| number(n.into(), sql_type)),
        ColumnData::I64(n) => n.map(|n| number(n, sql_type)),
        ColumnData::Bit(bit) => bit.map(Value::Bit),
        ColumnData::F32(n) => n.map(|n| Value::Float(n.into())),
        ColumnData::F64(n) => n.map(Value::Float),
        ColumnData::Numeric(n) => {
            n.map(|n| Value::Decimal(Decimal { units: n.value(), scale: n.scale() }))
        }
        ColumnData::String(text) => text.as_ref().map(|text| stored_value::of_text(text, sql_type)),
        ColumnData::Guid(guid) => guid.map(Value::Guid),
        ColumnData::Binary(bytes) => bytes.as_ref().map(|bytes| Value::Bytes(bytes[..].into())),
        ColumnData::Xml(xml) => xml.as_ref().map(|xml| Value::Text(xml.as_ref().as_ref().into())),
        ColumnData::Date(_) => read(cell, Value::Date as fn(NaiveDate) -> Value),
        ColumnData::Time(_) => read(cell, Value::Time as fn(NaiveTime) -> Value),
        ColumnData::DateTime(_) => read(cell, |time: NaiveDateTime| {
            Value::DateTime(time.duration_round(TimeDelta::milliseconds(1)).unwrap_or(time))
        }),
        ColumnData::SmallDateTime(_) | ColumnData::DateTime2(_) => {
            read(cell, Value::DateTime as fn(NaiveDateTime) -> Value)
        }
        ColumnData::DateTimeOffset(_) => {
            read(cell, Value::DateTimeOffset as fn(DateTime<FixedOffset>) -> Value)
        }
    };
    found.unwrap_or_default()
}

fn number(number: i64, sql_type: SqlType) -> Value {
    match sql_type {
        SqlType::Bit => Value::Bit(number != 0),
        _ => Value::Int(number),
    }
}

fn read<T>(cell: &ColumnData<'static>, value: impl FnOnce(T) -> Value) -> Option<Value>
where
    for<'v> T: FromSql<'v>,
{
    T::from_sql(cell).ok().flatten().map(value)
}
