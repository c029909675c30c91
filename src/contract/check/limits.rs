//! What SQL Server cannot create, or would refuse later, because of the contract alone.
//!
//! Figures: Microsoft, "Maximum capacity specifications for SQL Server".

use super::checks::Checks;
use super::targets::Target;
use crate::contract::bytes::{fixed, longest, MOST_KEY_BYTES};
use crate::contract::draft::TableDraft;
use crate::contract::target::TargetColumn;
use crate::diagnostic::Diagnostic;
use crate::value::SqlType;

/// Columns of a table: 1,024, of which the stage has two of its own.
const MOST_COLUMNS: usize = 1_022;

/// Columns of a key.
const MOST_KEY_COLUMNS: usize = 32;

/// Bytes of a row without what can be moved out of it.
const MOST_ROW_BYTES: usize = 8_060;

impl Checks<'_> {
    /// Reports what the table of these `[[tables]]` would be refused for.
    pub(super) fn limits(&mut self, tables: &[&TableDraft], target: &Target) {
        let place = || tables[0].header.clone();
        let name = &target.name;
        let columns = target.columns.len();
        if columns > MOST_COLUMNS {
            let message =
                format!("`{name}` has {columns} columns, and SQL Server takes {MOST_COLUMNS}");
            let hint = "divide them among several tables";
            self.report(Diagnostic::error(place(), message).hint(hint));
        }
        let bytes = least_row(&target.columns);
        if columns <= MOST_COLUMNS && bytes > MOST_ROW_BYTES {
            let message = format!(
                "a row of `{name}` has at least {bytes} bytes, and SQL Server takes {MOST_ROW_BYTES}"
            );
            let hint = "write varchar and nvarchar for long char and nchar, or divide the columns";
            self.report(Diagnostic::error(place(), message).hint(hint));
        }
        let place = || match tables.iter().find_map(|table| table.primary_key.as_ref()) {
            Some(key) => key.span.clone(),
            None => place(),
        };
        if target.primary_key.len() > MOST_KEY_COLUMNS {
            let columns = target.primary_key.len();
            let message = format!(
                "the key of `{name}` has {columns} columns, and SQL Server takes {MOST_KEY_COLUMNS}"
            );
            self.report(Diagnostic::error(place(), message).hint("name fewer columns"));
            return;
        }
        let key = || {
            let names = target.primary_key.iter().filter_map(|name| target.column(name));
            names.map(|index| target.columns[index].sql_type)
        };
        let (least, most) = (key().map(fixed).sum::<usize>(), key().map(longest).sum::<usize>());
        let hint = "use shorter columns, or a number such as POSITION()";
        if least > MOST_KEY_BYTES {
            let message = format!(
                "the key of `{name}` has {least} bytes, and SQL Server takes {MOST_KEY_BYTES}"
            );
            self.report(Diagnostic::error(place(), message).hint(hint));
        } else if most > MOST_KEY_BYTES {
            let message = format!(
                "the key of `{name}` has up to {most} bytes, and SQL Server refuses rows with more \
                 than {MOST_KEY_BYTES}"
            );
            self.report(Diagnostic::warning(place(), message).hint(hint));
        }
    }
}

/// Bytes of a row whose columns of variable length are empty: its header, its map of nulls, and the
/// columns of fixed length. Eight bits share a byte.
fn least_row(columns: &[TargetColumn]) -> usize {
    let bits = columns.iter().filter(|column| column.sql_type == SqlType::Bit).count();
    let fixed: usize = columns
        .iter()
        .filter(|column| column.sql_type != SqlType::Bit)
        .map(|column| fixed(column.sql_type))
        .sum();
    4 + 2 + columns.len().div_ceil(8) + bits.div_ceil(8) + fixed
}
