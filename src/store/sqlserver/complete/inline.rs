//! Rows that travel in the call that completes them, as JSON: few rows are there sooner than a bulk load
//! has asked for the columns, sent its statement and sent the rows, each of them a round trip.

use std::fmt::Write;

use chrono::NaiveDate;
use tiberius::time::DateTime2;
use tiberius::{ColumnData, TokenRow};

use crate::store::sqlserver::dialect::in_use;
use crate::value::Decimal;

/// Bytes of JSON for one table, at most. Reading a value out of JSON costs a server about a microsecond more
/// than reading it out of a bulk load, so what is longer is loaded in bulk.
const MOST_BYTES: usize = 64 << 10;

/// The JSON of rows: an array of arrays.
pub(super) struct InlineRows {
    json: String,
    count: i64,
}

impl InlineRows {
    /// `None` if the rows are too long, or have a value that JSON does not carry unchanged.
    pub(super) fn new<'r>(rows: impl Iterator<Item = TokenRow<'r>>) -> Option<Self> {
        let (mut json, mut count) = (String::from("["), 0);
        for row in rows {
            json.push_str(if count == 0 { "[" } else { ",[" });
            for (at, cell) in row.into_iter().enumerate() {
                json.push_str(if at == 0 { "" } else { "," });
                push(&mut json, &cell)?;
            }
            json.push(']');
            count += 1;
            if json.len() > MOST_BYTES {
                return None;
            }
        }
        json.push(']');
        Some(Self { json, count })
    }

    /// The statement that puts them into a table with these columns, and their types there. `first` is
    /// the number of its first parameter.
    pub(super) fn statement(&self, table: &str, columns: &[(&str, &str)], first: usize) -> String {
        let names = |name: &dyn Fn(usize, &str, &str) -> String| {
            let each =
                columns.iter().enumerate().map(|(at, (column, kind))| name(at, column, kind));
            each.collect::<Vec<_>>().join(", ")
        };
        let targets = names(&|_, column, _| column.to_owned());
        let values = names(&|at, _, kind| match kind.starts_with("varbinary") {
            true => format!("CONVERT(varbinary(max), j.c{at}, 2)"),
            false => format!("j.c{at}"),
        });
        let fields = names(&|at, _, kind| format!("c{at} {} '$[{at}]'", field_type(kind)));
        format!(
            "INSERT INTO {table} ({targets}) SELECT {values} FROM OPENJSON(@P{first}) WITH ({fields}) AS j;\n\
             IF @@ROWCOUNT <> @P{} THROW 50000, N'A staged row is missing.', 1;\n",
            first + 1
        )
    }

    /// The parameters of the statement.
    pub(super) fn parameters(self) -> [ColumnData<'static>; 2] {
        [ColumnData::String(Some(self.json.into())), ColumnData::I64(Some(self.count))]
    }
}

/// A type as OPENJSON takes it: it knows no collation, and bytes are in hexadecimal.
fn field_type(kind: &str) -> &str {
    match kind.starts_with("varbinary") {
        true => "nvarchar(max)",
        false => kind.split(" COLLATE ").next().unwrap_or(kind),
    }
}

/// Adds a value; `None` if the server could read another out of it.
fn push(json: &mut String, cell: &ColumnData<'_>) -> Option<()> {
    let _ = match cell {
        ColumnData::Bit(Some(bit)) => write!(json, "{}", u8::from(*bit)),
        ColumnData::I32(Some(n)) => write!(json, "{n}"),
        ColumnData::I64(Some(n)) => write!(json, "{n}"),
        ColumnData::Numeric(Some(n)) => {
            let exact = Decimal { units: n.value(), scale: n.scale() };
            write!(json, "\"{exact}\"")
        }
        ColumnData::DateTime2(Some(time)) => write!(json, "\"{}\"", iso(time)?),
        ColumnData::Guid(Some(guid)) => write!(json, "\"{guid}\""),
        ColumnData::Binary(Some(bytes)) => {
            json.push('"');
            bytes
                .iter()
                .try_for_each(|byte| write!(json, "{byte:02X}"))
                .and_then(|()| json.write_char('"'))
        }
        ColumnData::String(Some(text)) => return push_text(json, text),
        // A server reads the text of a float to the nearest float only as far as it promises: it does not.
        ColumnData::F64(Some(_)) | ColumnData::F32(Some(_)) => return None,
        ColumnData::Bit(None)
        | ColumnData::I32(None)
        | ColumnData::I64(None)
        | ColumnData::Numeric(None)
        | ColumnData::DateTime2(None)
        | ColumnData::Guid(None)
        | ColumnData::Binary(None)
        | ColumnData::String(None)
        | ColumnData::F64(None)
        | ColumnData::F32(None) => write!(json, "null"),
        _ => return None,
    };
    Some(())
}

fn push_text(json: &mut String, text: &str) -> Option<()> {
    let is_escaped = |c: char| c < ' ' || c == '"' || c == '\\';
    if !in_use().reads_json_escapes && text.contains(is_escaped) {
        return None;
    }
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            c if c < ' ' => write!(json, "\\u{:04x}", u32::from(c)).ok()?,
            c => json.push(c),
        }
    }
    json.push('"');
    Some(())
}

/// ISO 8601, which does not depend on the language setting.
fn iso(time: &DateTime2) -> Option<String> {
    let day = i32::try_from(time.date().days()).ok()?.checked_add(1)?;
    let date = NaiveDate::from_num_days_from_ce_opt(day)?;
    let (increments, digits) = (time.time().increments(), u32::from(time.time().scale()));
    let per_second = 10u64.checked_pow(digits)?;
    let (seconds, fraction) = (increments / per_second, increments % per_second);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(match digits {
        0 => format!("{}T{clock}", date.format("%Y-%m-%d")),
        digits => format!(
            "{}T{clock}.{fraction:0width$}",
            date.format("%Y-%m-%d"),
            width = digits as usize
        ),
    })
}

#[cfg(test)]
mod tests {
    use tiberius::numeric::Numeric;
    use tiberius::time::{Date, Time};
    use uuid::Uuid;

    use super::*;

    fn rows(cells: Vec<ColumnData<'static>>) -> Option<InlineRows> {
        let mut row = TokenRow::new();
        cells.into_iter().for_each(|cell| row.push(cell));
        InlineRows::new([row].into_iter())
    }

    #[test]
    fn each_value_is_written_so_that_it_is_read_back() {
        let time = DateTime2::new(Date::new(3_652_058), Time::new(863_999_999_999, 7));
        let cells = vec![
            ColumnData::I64(Some(i64::MIN)),
            ColumnData::Bit(Some(true)),
            ColumnData::Numeric(Some(Numeric::new_with_scale(-5, 2))),
            ColumnData::DateTime2(Some(time)),
            ColumnData::Guid(Some(Uuid::from_u128(10))),
            ColumnData::Binary(Some(vec![0, 0xAB].into())),
            ColumnData::String(Some("a\"\\\n😀".into())),
            ColumnData::String(None),
        ];
        let expected = "[[-9223372036854775808,1,\"-0.05\",\"9999-12-31T23:59:59.9999999\",\
                        \"00000000-0000-0000-0000-00000000000a\",\"00AB\",\"a\\\"\\\\\\u000a😀\",null]]";
        let rows = rows(cells).unwrap();
        assert_eq!((rows.json.as_str(), rows.count), (expected, 1));
    }

    #[test]
    fn what_json_could_change_and_what_is_long_is_not_inline() {
        assert!(rows(vec![ColumnData::F64(Some(0.1))]).is_none());
        assert!(rows(vec![ColumnData::F64(None)]).is_some());
        assert!(rows(vec![ColumnData::String(Some("x".repeat(MOST_BYTES).into()))]).is_none());
    }

    #[test]
    fn the_statement_names_columns_and_their_types() {
        let rows = rows(vec![ColumnData::I64(Some(1))]).unwrap();
        let columns = [
            ("a", "bigint"),
            ("[b]", "nvarchar(5) COLLATE DATABASE_DEFAULT"),
            ("c", "varbinary(max)"),
        ];
        assert_eq!(
            rows.statement("#t", &columns, 4),
            "INSERT INTO #t (a, [b], c) SELECT j.c0, j.c1, CONVERT(varbinary(max), j.c2, 2) FROM OPENJSON(@P4) \
             WITH (c0 bigint '$[0]', c1 nvarchar(5) '$[1]', c2 nvarchar(max) '$[2]') AS j;\n\
             IF @@ROWCOUNT <> @P5 THROW 50000, N'A staged row is missing.', 1;\n"
        );
    }
}
