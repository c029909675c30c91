//! The colours.

use std::sync::LazyLock;

use anstyle::{AnsiColor, Color, Style};

/// What a part of a text is, which decides its colour. A colour never says what the text does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// An error, or what has failed.
    Bad,
    /// A warning, or what needs a look.
    Doubtful,
    /// The next step, or what has succeeded.
    Good,
    /// What explains something, or is in progress.
    Note,
    /// The heading of a table.
    Heading,
    /// A command to be copied.
    Command,
}

impl Ink {
    const ALL: [Self; 6] =
        [Self::Bad, Self::Doubtful, Self::Good, Self::Note, Self::Heading, Self::Command];

    /// How it looks: in those colours of a terminal that people choose for themselves.
    pub const fn style(self) -> Style {
        let (style, colour) = match self {
            Self::Bad => (Style::new().bold(), AnsiColor::Red),
            Self::Doubtful => (Style::new().bold(), AnsiColor::Yellow),
            Self::Good => (Style::new().bold(), AnsiColor::Green),
            Self::Note => (Style::new().bold(), AnsiColor::Cyan),
            Self::Command => (Style::new(), AnsiColor::Cyan),
            Self::Heading => return Style::new().bold(),
        };
        style.fg_color(Some(Color::Ansi(colour)))
    }
}

/// The sequences that begin and end an ink, the longest first.
static SEQUENCES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut sequences: Vec<String> = Ink::ALL.map(|ink| ink.style().to_string()).into();
    sequences.push(format!("{:#}", Ink::Bad.style()));
    sequences.sort_by_key(|sequence| std::cmp::Reverse(sequence.len()));
    sequences
});

/// The sequence of an ink with which a text begins.
pub(super) fn sequence(text: &str) -> Option<&'static str> {
    SEQUENCES.iter().map(String::as_str).find(|sequence| text.starts_with(sequence))
}
