//! The part of a file that a diagnostic is about, on one line of a terminal.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::line::{floor_boundary, is_unprintable, line_start, BOM};

/// Longer lines are shown in part, around the underlined text.
const WINDOW: usize = 140;
/// Columns kept before the underlined text when a line is shown in part.
const LEAD: usize = 60;
const TAB: usize = 4;
/// Bytes looked at on either side: a window of characters of four bytes each.
const NEARBY: usize = 4 * WINDOW;

/// One source line as a terminal shows it, and where the underline goes.
pub(super) struct Excerpt {
    pub(super) line: String,
    pub(super) indent: usize,
    pub(super) width: usize,
}

impl Excerpt {
    /// The line in which `span` starts. The underline ends with that line.
    pub(super) fn of(text: &str, span: &Range<usize>) -> Self {
        let start = line_start(text, span.start);
        let rest = &text[start..];
        let line = rest.split('\n').next().unwrap_or(rest);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line_end = start + line.len();
        let (start, line) = nearby(text, start..line_end, span);
        let cut = (start > line_start(text, span.start), start + line.len() < line_end);

        let mut cells: Vec<String> = Vec::new();
        let mut columns = vec![0];
        let (mut from, mut to) = (None, None);
        for (offset, c) in line.char_indices() {
            let offset = start + offset;
            if offset >= span.start {
                from.get_or_insert(cells.len());
            }
            if offset >= span.end {
                to.get_or_insert(cells.len());
            }
            let column = columns[cells.len()];
            let (cell, width) = cell(c, column);
            cells.push(cell);
            columns.push(column + width);
        }
        let from = from.unwrap_or(cells.len());
        let to = to.unwrap_or(cells.len()).max(from);
        Self::window(&cells, &columns, from..to, cut)
    }

    /// Cuts the line to [`WINDOW`] columns around the cells `marked`. `columns[i]` is where cell `i`
    /// begins; `cut` says at which ends cells are missing already.
    fn window(
        cells: &[String],
        columns: &[usize],
        marked: Range<usize>,
        cut: (bool, bool),
    ) -> Self {
        let Range { start: from, end: to } = marked;
        let total = columns[cells.len()];
        let left = if total <= WINDOW {
            0
        } else {
            let wanted = columns[from].saturating_sub(LEAD).min(total - WINDOW);
            columns.partition_point(|c| *c < wanted).min(from)
        };
        let right = columns.partition_point(|c| *c <= columns[left] + WINDOW) - 1;
        let (before, after) = (cut.0 || left > 0, cut.1 || right < cells.len());
        let line = format!(
            "{}{}{}",
            if before { "…" } else { "" },
            cells[left..right].concat(),
            if after { "…" } else { "" }
        );
        let to = to.min(right).max(from.min(right));
        Self {
            line: line.trim_end().to_owned(),
            indent: columns[from.min(right)] - columns[left] + usize::from(before),
            width: (columns[to] - columns[from.min(right)]).max(1),
        }
    }
}

/// The characters of a line that can be shown with those of `span`, and where they begin: a line may
/// be as long as the file, and there may be a diagnostic for each of its words.
fn nearby<'t>(text: &'t str, line: Range<usize>, span: &Range<usize>) -> (usize, &'t str) {
    let at = span.start.clamp(line.start, line.end);
    let start = floor_boundary(text, at.saturating_sub(NEARBY)).max(line.start);
    let end = floor_boundary(text, at.saturating_add(NEARBY).min(line.end)).max(start);
    (start, &text[start..end])
}

/// How a character is shown, and how many columns that takes.
fn cell(c: char, column: usize) -> (String, usize) {
    match c {
        '\t' => {
            let width = TAB - column % TAB;
            (" ".repeat(width), width)
        }
        BOM => (String::new(), 0),
        _ if is_unprintable(c) => {
            let escaped = c.escape_unicode().to_string();
            let width = escaped.len();
            (escaped, width)
        }
        _ => (c.to_string(), c.width().unwrap_or(0)),
    }
}
