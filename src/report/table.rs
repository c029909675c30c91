//! Plain tables.

use std::fmt;

use comfy_table::{presets, CellAlignment, ContentArrangement};

use crate::diagnostic::is_unprintable;

/// The alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table without frame or trailing blanks, as wide as its content, so that ordinary tools can
/// search and cut it. Control characters, and those that turn the direction of text, are shown
/// as `�`.
#[derive(Debug, Default)]
pub struct Table {
    columns: Vec<Align>,
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Blanks between two columns.
const GAP: u16 = 2;

impl Table {
    /// A table whose first line names its columns.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            columns: columns.iter().map(|(_, align)| *align).collect(),
            heading: columns.iter().map(|(name, _)| (*name).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// A table of rows alone, such as names with their values.
    pub fn without_heading(columns: &[Align]) -> Self {
        Self { columns: columns.to_vec(), ..Self::default() }
    }

    /// Adds a row.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| printable(cell.as_ref())).collect());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn printable(text: &str) -> String {
    text.replace(is_unprintable, "\u{fffd}")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if !self.heading.is_empty() {
            table.set_header(&self.heading);
        }
        table.add_rows(&self.rows);
        for (column, align) in table.column_iter_mut().zip(&self.columns) {
            column.set_padding((0, GAP));
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        let lines: Vec<String> = table.lines().collect();
        lines.iter().try_for_each(|line| writeln!(f, "{}", line.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_right_aligned_and_lines_have_no_trailing_blanks() {
        let mut table = Table::new(&[("table", Align::Left), ("rows", Align::Right)]);
        table.row(["app_base", "12"]);
        table.row(["x", "1,234"]);
        assert_eq!(table.to_string(), "table      rows\napp_base     12\nx         1,234\n");
    }

    #[test]
    fn a_control_character_does_not_reach_the_terminal() {
        let mut table = Table::without_heading(&[Align::Left]);
        table.row(["a\u{1b}[2Jb\n\u{202e}c"]);
        assert_eq!(table.to_string(), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\n");
    }
}
