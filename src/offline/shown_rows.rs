//! One mapped document for people: the rows of each table, or the failure.

use super::mapping::{Mapped, Mapping};
use super::source::Source;
use crate::contract::{TargetColumn, TargetTable};
use crate::figures::counted;
use crate::outcome::{Failure, TableRows};
use crate::report::{Align, Cell, Table};
use crate::screen::{Ink, Screen};
use crate::value::{to_text, SqlType, Value};

/// Rows of a table that are shown of a document. The other formats have all.
const MOST_ROWS: usize = 20;

/// Characters of a value that are shown beside other columns.
const MOST_CHARACTERS: usize = 60;

impl Mapping {
    /// A document as text, ending in a line break.
    pub(super) fn shown(&self, source: &Source, mapped: &Mapped, screen: Screen) -> String {
        let head = screen.ink(Ink::Heading, &format!("{}  app_id {}", source.name, mapped.app_id));
        match &mapped.outcome {
            Err(failure) => {
                let failed = screen.ink(Ink::Bad, "failed");
                format!("{head}  {failed}\n{}", shown_failure(failure, screen))
            }
            Ok(tables) => {
                let shown = self.contract.targets.iter().zip(tables);
                let shown = shown.filter(|(_, rows)| !rows.is_empty());
                let shown: String =
                    shown.map(|(table, rows)| shown_rows(table, rows, screen)).collect();
                let nothing = if shown.is_empty() { "  no rows\n" } else { "" };
                format!("{head}\n{shown}{nothing}")
            }
        }
    }
}

fn shown_failure(failure: &Failure, screen: Screen) -> String {
    let mut table = Table::without_heading(&[Align::Left, Align::Left]);
    let mut row = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            table.row([&format!("  {name}"), text]);
        }
    };
    row("category", Some(failure.category.name()));
    let target = failure.table.iter().chain(&failure.column).map(String::as_str);
    let target: Vec<&str> = target.collect();
    row("target", (!target.is_empty()).then(|| target.join(".")).as_deref());
    row("reason", Some(&failure.reason));
    row("path", failure.path.as_deref());
    let place = failure.line.map(|line| match failure.column_number {
        Some(column) => format!("{line}:{column}"),
        None => line.to_string(),
    });
    row("line", place.as_deref());
    row("value", failure.value.as_deref());
    table.on(screen)
}

/// The rows as a table, or, where that is too wide for the screen, one below the other.
fn shown_rows(table: &TargetTable, rows: &TableRows, screen: Screen) -> String {
    let number = counted(rows.len(), "row");
    let title = format!("  {}: {number}\n", screen.ink(Ink::Note, &table.name));
    let shown = || rows.iter().take(MOST_ROWS);
    let columns: Vec<(String, Align)> = table.columns.iter().enumerate().map(heading).collect();
    let columns: Vec<(&str, Align)> = columns.iter().map(|(n, align)| (&**n, *align)).collect();
    let mut beside = Table::new(&columns);
    for values in shown() {
        let cells = table.columns.iter().zip(values).enumerate();
        beside.row(cells.map(|(position, (column, value))| {
            let indent = if position == 0 { "  " } else { "" };
            cell(value, column.sql_type, indent, MOST_CHARACTERS)
        }));
    }
    let text = match screen.width.is_some_and(|width| beside.width() > width) {
        false => beside.on(screen),
        true => {
            let below = shown().map(|values| {
                let mut row = Table::without_heading(&[Align::Left, Align::Left]);
                for (column, value) in table.columns.iter().zip(values) {
                    let name = Cell::inked(format!("    {}", column.name), None);
                    row.row([name, cell(value, column.sql_type, "", usize::MAX)]);
                }
                row.on(screen)
            });
            below.collect::<Vec<_>>().join("\n")
        }
    };
    let more = match rows.len().saturating_sub(MOST_ROWS) {
        0 => String::new(),
        more => format!("  and {} more\n", counted(more, "row")),
    };
    title + &text + &more
}

/// The first column is indented, with its heading.
fn heading((position, column): (usize, &TargetColumn)) -> (String, Align) {
    let indent = if position == 0 { "  " } else { "" };
    (format!("{indent}{}", column.name), align(column.sql_type))
}

fn align(sql_type: SqlType) -> Align {
    let is_number = sql_type.is_integer()
        || matches!(
            sql_type,
            SqlType::Decimal { .. } | SqlType::Money | SqlType::Float | SqlType::Real
        );
    if is_number {
        Align::Right
    } else {
        Align::Left
    }
}

fn cell(value: &Value, sql_type: SqlType, indent: &str, most: usize) -> Cell {
    let Some(text) = to_text(value, sql_type) else {
        return Cell::inked(format!("{indent}NULL"), Ink::Note);
    };
    let line = text.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t");
    let mut short: String = line.chars().take(most).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    Cell::inked(format!("{indent}{short}"), None)
}
