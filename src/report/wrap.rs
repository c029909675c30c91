//! Lines of text that fit a width.

use unicode_width::UnicodeWidthStr;

use crate::screen::Screen;

/// The text in lines of at most `width` columns, broken at blanks. What is in backticks is not broken:
/// it is to be copied. So a line with it, or with a longer word, may be wider.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text) {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            *line += word;
        } else if line.width() + 1 + word.width() <= width {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The text in lines that fit a terminal; of a file or a pipe the lines are as long as their text.
pub(super) fn fitted(text: &str, screen: Screen) -> String {
    match screen.width {
        Some(width) => wrapped(text, width).join("\n"),
        None => text.to_owned(),
    }
}

/// The words of a text; what is in backticks is one, with what adheres to it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let ends = move |c: char| {
        is_quoted ^= c == '`';
        c == ' ' && !is_quoted
    };
    text.split(ends).filter(|word| !word.is_empty())
}
