//! Diagnostics as a compiler shows them.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use super::excerpt::Excerpt;
use super::list::Diagnostics;
use super::mistake::Severity;
use crate::screen::{escaped, Ink, Screen};

/// What a place is shown for: its word and its colour.
type Kind = (&'static str, Ink);

const ERROR: Kind = ("error", Ink::Bad);
const WARNING: Kind = ("warning", Ink::Doubtful);
const NOTE: Kind = ("note", Ink::Note);
const HINT: Kind = ("hint", Ink::Good);

/// Longer lines of a file are shown in part, around what is marked.
const WINDOW: usize = 140;

/// Columns of a line of the file: those that the screen has beside the number.
fn window(screen: Screen, line: usize) -> usize {
    let gutter = line.to_string().len() + " | …… ".chars().count();
    screen.width.map_or(WINDOW, |width| width.saturating_sub(gutter).clamp(40, WINDOW))
}

impl Diagnostics {
    /// All of them: each begins with a line `file:line:column: error: message`.
    pub fn render(&self, screen: Screen) -> String {
        let painted = |text: &str, (_, ink): Kind| screen.ink(ink, text);
        let place = |span: &Range<usize>, kind: Kind, message: &str| {
            let (line, column) = self.position(span.start);
            let Excerpt { line: text, indent, width } =
                Excerpt::of(self.text(), span, window(screen, line));
            let (gutter, carets) = (line.to_string().len(), painted(&"^".repeat(width), kind));
            format!(
                "{}:{line}:{column}: {}: {message}\n {line} | {text}\n {:gutter$} | {:indent$}{carets}\n",
                escaped(self.file()),
                painted(kind.0, kind),
                "",
                "",
            )
        };
        let rendered = self.iter().map(|diagnostic| {
            let kind = match diagnostic.severity {
                Severity::Error => ERROR,
                Severity::Warning => WARNING,
            };
            let mut text = place(&diagnostic.span, kind, &diagnostic.message);
            if let Some((span, message)) = &diagnostic.related {
                text += &place(span, NOTE, message);
            }
            if let Some(hint) = &diagnostic.hint {
                text += &format!("{}: {hint}\n", painted(HINT.0, HINT));
            }
            text
        });
        rendered.collect::<Vec<_>>().join("\n")
    }
}

impl Display for Diagnostics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Screen::PLAIN))
    }
}
