//! Plain tables.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use crate::screen::{is_unprintable, longest_word, wrapped, Ink, Screen};

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
    heading: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

/// The text of a cell, and its colour.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    ink: Option<Ink>,
}

impl Cell {
    /// A cell in a colour, if it has one.
    pub fn inked(text: impl AsRef<str>, ink: impl Into<Option<Ink>>) -> Self {
        Self { text: text.as_ref().replace(is_unprintable, "\u{fffd}"), ink: ink.into() }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::inked(text, None)
    }
}

/// Blanks between two columns.
const GAP: usize = 2;

/// A column is not wrapped to fewer columns: a word a line is harder to read than what the terminal makes
/// of a long line.
const NARROWEST: usize = 20;

impl Table {
    /// A table whose first line names its columns.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            columns: columns.iter().map(|(_, align)| *align).collect(),
            heading: columns.iter().map(|(name, _)| Cell::inked(name, Ink::Heading)).collect(),
            rows: Vec::new(),
        }
    }

    /// A table of rows alone, such as names with their values.
    pub fn without_heading(columns: &[Align]) -> Self {
        Self { columns: columns.to_vec(), ..Self::default() }
    }

    /// Adds a row.
    pub fn row<T: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Columns that the table takes where nothing is wrapped.
    pub fn width(&self) -> usize {
        self.on(Screen::PLAIN).lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
    }

    /// The table in colours where the screen has them. Where the screen is too narrow, the widest column of
    /// text is wrapped.
    pub fn on(&self, screen: Screen) -> String {
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width_of(at)).collect();
        let narrowed = screen.width.and_then(|width| self.narrowed(&widths, width));
        if let Some((column, room)) = narrowed {
            widths[column] = room;
        }
        let mut text = String::new();
        for cells in self.lines().filter(|cells| !cells.is_empty()) {
            let texts = cells.iter().enumerate().map(|(column, cell)| match narrowed {
                Some((narrow, room)) if narrow == column => wrapped(&cell.text, room),
                _ => vec![cell.text.clone()],
            });
            let texts: Vec<Vec<String>> = texts.collect();
            for part in 0..texts.iter().map(Vec::len).max().unwrap_or(1) {
                text += &self.line(cells, |column| texts[column].get(part), &widths, screen);
            }
        }
        text
    }

    fn lines(&self) -> impl Iterator<Item = &Vec<Cell>> {
        std::iter::once(&self.heading).chain(&self.rows)
    }

    fn width_of(&self, column: usize) -> usize {
        self.lines().filter_map(|cells| cells.get(column)).map(Cell::width).max().unwrap_or(0)
    }

    /// Which column is to have how many columns of a screen, if the table is too wide for it.
    fn narrowed(&self, widths: &[usize], screen: usize) -> Option<(usize, usize)> {
        let all = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        let is_text = |column: &usize| self.columns[*column] == Align::Left;
        let widest = (0..widths.len()).filter(is_text).max_by_key(|column| widths[*column])?;
        let room = (screen + widths[widest]).checked_sub(all)?;
        // What cannot be broken would move the columns behind it.
        let is_last = widest + 1 == widths.len();
        let cells = || self.lines().filter_map(|cells| cells.get(widest));
        let fits = is_last || cells().all(|cell| longest_word(&cell.text) <= room);
        (all > screen && room >= NARROWEST && fits).then_some((widest, room))
    }

    /// One line, with these texts of its cells.
    fn line<'t>(
        &self,
        cells: &[Cell],
        text_of: impl Fn(usize) -> Option<&'t String>,
        widths: &[usize],
        screen: Screen,
    ) -> String {
        let (mut line, mut blanks) = (String::new(), 0);
        for (column, cell) in cells.iter().enumerate() {
            let text = text_of(column).map_or("", String::as_str);
            let missing = widths[column].saturating_sub(text.width());
            let (left, right) = match self.columns[column] {
                Align::Left => (0, missing),
                Align::Right => (missing, 0),
            };
            if !text.trim_end().is_empty() {
                line.extend(std::iter::repeat_n(' ', blanks + left));
                line += &cell.ink.map_or_else(|| text.to_owned(), |ink| screen.ink(ink, text));
                blanks = right + GAP;
            } else {
                blanks += left + text.width() + right + GAP;
            }
        }
        line + "\n"
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.on(Screen::PLAIN))
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
        table.row(["y", ""]);
        assert_eq!(table.to_string(), "table      rows\napp_base     12\nx         1,234\ny\n");
    }

    #[test]
    fn a_control_character_does_not_reach_the_terminal() {
        let mut table = Table::without_heading(&[Align::Left]);
        table.row(["a\u{1b}[2Jb\n\u{202e}c"]);
        assert_eq!(table.to_string(), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\n");
    }

    #[test]
    fn a_narrow_screen_wraps_the_last_column_and_keeps_commands_whole() {
        let mut table = Table::without_heading(&[Align::Left, Align::Left]);
        table.row([
            "warning",
            "12 applications failed, for 3 causes; `xmlshred failures` lists them",
        ]);
        table.row(["ok", "no findings"]);
        let screen = Screen { has_colours: false, width: Some(40) };
        insta::assert_snapshot!(table.on(screen), @r"
        warning  12 applications failed, for 3
                 causes; `xmlshred failures`
                 lists them
        ok       no findings
        ");
        let screen = Screen { has_colours: false, width: Some(80) };
        assert_eq!(table.on(screen), table.to_string());
    }

    #[test]
    fn colours_do_not_move_the_columns() {
        let mut table = Table::new(&[("state", Align::Left), ("applications", Align::Right)]);
        table.row([Cell::inked("failed", Ink::Bad), Cell::inked("30", Ink::Bad)]);
        let coloured = table.on(Screen { has_colours: true, width: None });
        let plain = ["\u{1b}[1m", "\u{1b}[31m", "\u{1b}[0m"]
            .iter()
            .fold(coloured.clone(), |text, code| text.replace(code, ""));
        assert_eq!(plain, table.to_string());
        assert!(coloured.contains("\u{1b}[1m\u{1b}[31mfailed\u{1b}[0m"), "{coloured}");
    }
}
