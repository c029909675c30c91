//! Lines of a file or a message.

use std::ops::Range;

use crate::screen::is_unprintable;

pub(super) const BOM: char = '\u{feff}';

/// Longer messages and hints are cut: they quote something that need not be seen whole.
const LONGEST_MESSAGE: usize = 400;

pub(super) fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for (count, c) in message.chars().enumerate() {
        match c {
            _ if count == LONGEST_MESSAGE => {
                line.push('…');
                break;
            }
            '\n' | '\t' => line.push(' '),
            '\r' => {}
            _ if is_unprintable(c) => line.extend(c.escape_unicode()),
            _ => line.push(c),
        }
    }
    line
}

pub(super) fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
}

pub(super) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

pub(super) fn inside(text: &str, span: Range<usize>) -> Range<usize> {
    let start = floor_boundary(text, span.start);
    start..floor_boundary(text, span.end).max(start)
}
