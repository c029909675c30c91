//! How a stream shows text for people: in colours or not, and how wide.

mod escape;
mod ink;
mod wrap;

use std::borrow::Cow;

use escape::ESCAPE;

pub(crate) use escape::{escaped, is_unprintable, undirected};
pub use ink::Ink;
pub(crate) use wrap::{longest_word, wrapped};

/// How a stream shows text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Screen {
    /// Whether it understands the escape sequences of colours.
    pub has_colours: bool,
    /// Its columns, if it is a terminal.
    pub width: Option<usize>,
}

impl Screen {
    /// A file or a pipe.
    pub const PLAIN: Self = Self { has_colours: false, width: None };

    /// The text in the colour of what it is.
    pub fn ink(self, ink: Ink, text: &str) -> String {
        match self.has_colours {
            true => format!("{style}{text}{style:#}", style = ink.style()),
            false => text.to_owned(),
        }
    }

    /// The text with its long lines broken at blanks, if this is a terminal.
    pub fn fit(self, text: &str) -> Cow<'_, str> {
        match self.width {
            Some(width) => Cow::Owned(wrap::fitted(text, width)),
            None => Cow::Borrowed(text),
        }
    }

    /// The text as this stream can show it: what is unprintable is escaped, and only the colours of
    /// [`Screen::ink`] are left where it has them. Names, values and messages of others must not command
    /// the terminal.
    pub fn shown(self, text: &str) -> Cow<'_, str> {
        if !self.has_colours || !text.contains(ESCAPE) {
            return escaped(text);
        }
        let mut shown = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(ESCAPE) {
            let (before, from) = rest.split_at(at);
            shown += &escaped(before);
            let sequence = ink::sequence(from);
            match sequence {
                Some(sequence) => shown += sequence,
                None => shown += &escaped(&from[..ESCAPE.len_utf8()]),
            }
            rest = &from[sequence.map_or(ESCAPE.len_utf8(), str::len)..];
        }
        shown += &escaped(rest);
        Cow::Owned(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOURED: Screen = Screen { has_colours: true, width: Some(80) };

    #[test]
    fn only_colours_of_our_own_reach_the_terminal() {
        let text = format!("{}\u{1b}[2J\u{1b}]0;x\u{7}", COLOURED.ink(Ink::Bad, "failed"));
        let expected = "\u{1b}[1m\u{1b}[31mfailed\u{1b}[0m\\u{1b}[2J\\u{1b}]0;x\\u{7}";
        assert_eq!(COLOURED.shown(&text), expected);
        assert_eq!(Screen::PLAIN.ink(Ink::Bad, "failed"), "failed");
        assert_eq!(Screen::PLAIN.shown("\u{1b}[0m"), "\\u{1b}[0m");
    }
}
