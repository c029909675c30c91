//! The part of a file that a diagnostic is about, on one line of a terminal.

use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use super::line::{floor_boundary, line_start, BOM};
use crate::screen::is_unprintable;

/// Columns kept before the underlined text when a line is shown in part, of a hundred.
const LEAD: usize = 43;
const TAB: usize = 4;

/// One source line as a terminal shows it, and where the underline goes.
pub(super) struct Excerpt {
    pub(super) line: String,
    pub(super) indent: usize,
    pub(super) width: usize,
}

impl Excerpt {
    /// The line in which `span` starts, in `window` columns if it is longer. The underline ends with that
    /// line.
    pub(super) fn of(text: &str, span: &Range<usize>, window: usize) -> Self {
        let start = line_start(text, span.start);
        let rest = &text[start..];
        let line = rest.split('\n').next().unwrap_or(rest);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let line_end = start + line.len();
        let (start, line) = nearby(text, start..line_end, span, window);
        let cut = (start > line_start(text, span.start), start + line.len() < line_end);

        // What is shown, and where in it and in which column each cell begins.
        let (mut shown, mut cells, mut columns) = (String::new(), vec![0], vec![0]);
        let (mut from, mut to) = (None, None);
        for (offset, c) in line.char_indices() {
            let offset = start + offset;
            let (index, column) = (cells.len() - 1, columns[columns.len() - 1]);
            if offset >= span.start {
                from.get_or_insert(index);
            }
            if offset >= span.end {
                to.get_or_insert(index);
            }
            columns.push(column + put_cell(&mut shown, c, column));
            cells.push(shown.len());
        }
        let last = cells.len() - 1;
        let from = from.unwrap_or(last);
        let to = to.unwrap_or(last).max(from);
        Self::window(&shown, &cells, &columns, from..to, cut, window)
    }

    /// Cuts the line to `window` columns around the cells `marked`. `cells[i]` is where in `shown`
    /// and `columns[i]` in which column cell `i` begins; `cut` says at which ends cells are missing
    /// already.
    fn window(
        shown: &str,
        cells: &[usize],
        columns: &[usize],
        marked: Range<usize>,
        cut: (bool, bool),
        window: usize,
    ) -> Self {
        let Range { start: from, end: to } = marked;
        let last = cells.len() - 1;
        let total = columns[last];
        let left = if total <= window {
            0
        } else {
            let wanted = columns[from].saturating_sub(window * LEAD / 100).min(total - window);
            columns.partition_point(|c| *c < wanted).min(from)
        };
        let right = columns.partition_point(|c| *c <= columns[left] + window) - 1;
        let (before, after) = (cut.0 || left > 0, cut.1 || right < last);
        let line = format!(
            "{}{}{}",
            if before { "…" } else { "" },
            &shown[cells[left]..cells[right]],
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
fn nearby<'t>(
    text: &'t str,
    line: Range<usize>,
    span: &Range<usize>,
    window: usize,
) -> (usize, &'t str) {
    let at = floor_boundary(text, span.start.clamp(line.start, line.end));
    let before = text[line.start..at].char_indices().rev().take(window).last();
    let start = before.map_or(at, |(offset, _)| line.start + offset);
    let after = text[at..line.end].char_indices().take(2 * window).last();
    let end = after.map_or(at, |(offset, c)| at + offset + c.len_utf8());
    (start, &text[start..end])
}

/// Appends a character as it is shown; returns how many columns that takes.
fn put_cell(shown: &mut String, c: char, column: usize) -> usize {
    let before = shown.len();
    match c {
        '\t' => {
            let width = TAB - column % TAB;
            shown.extend(std::iter::repeat_n(' ', width));
            width
        }
        BOM => 0,
        _ if is_unprintable(c) => {
            shown.extend(c.escape_unicode());
            shown.len() - before
        }
        _ => {
            shown.push(c);
            c.width().unwrap_or(0)
        }
    }
}
