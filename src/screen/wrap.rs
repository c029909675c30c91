//! Lines of text that fit a width.

use unicode_width::UnicodeWidthStr;

use super::escape::ESCAPE;

/// The text in lines of at most `width` columns, broken at blanks. What is in backticks is not broken:
/// it is to be copied. So a line with it, or with a longer word, may be wider.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut column = 0;
    for word in words(text) {
        let (line, wide) = (lines.last_mut().expect("there is a first line"), columns(word));
        if column == 0 {
            *line += word;
            column = wide;
        } else if column + 1 + wide <= width {
            *line += " ";
            *line += word;
            column += 1 + wide;
        } else {
            lines.push(word.to_owned());
            column = wide;
        }
    }
    lines
}

/// Lines that are too long, wrapped; each part begins where its line does.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (content, end) = match line.strip_suffix('\n') {
            Some(content) => (content, "\n"),
            None => (line, ""),
        };
        let indent = content.len() - content.trim_start_matches(' ').len();
        if columns(content) <= width || indent >= width {
            shown += line;
            continue;
        }
        let parts = wrapped(&content[indent..], width - indent);
        let parts: Vec<String> = parts.iter().map(|part| format!("{:indent$}{part}", "")).collect();
        shown += &parts.join("\n");
        shown += end;
    }
    shown
}

/// The columns of the longest word.
pub(crate) fn longest_word(text: &str) -> usize {
    words(text).map(columns).max().unwrap_or(0)
}

/// The columns of a text, not counting its colours.
fn columns(text: &str) -> usize {
    let mut parts = text.split(ESCAPE);
    let first = parts.next().unwrap_or_default().width();
    let behind = |part: &str| part.split_once('m').map_or(0, |(_, text)| text.width());
    first + parts.map(behind).sum::<usize>()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_blanks_and_commands_are_not() {
        let text = "\u{1b}[1mhint\u{1b}[0m: run `xmlshred settings` to see where it comes from\n  one two three four\nend";
        let expected = "\u{1b}[1mhint\u{1b}[0m: run\n`xmlshred settings`\nto see where it\ncomes from\n  one two three\n  four\nend";
        assert_eq!(fitted(text, 16), expected);
    }
}
