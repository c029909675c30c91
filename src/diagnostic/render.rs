//! Diagnostics as a compiler shows them.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

use super::excerpt::Excerpt;
use super::line::escaped;
use super::list::Diagnostics;
use super::mistake::Severity;

/// What a place is shown for: its word, and the parameters of its ANSI colour.
type Kind = (&'static str, &'static str);

const ERROR: Kind = ("error", "1;31");
const WARNING: Kind = ("warning", "1;33");
const NOTE: Kind = ("note", "1;36");
const HINT: Kind = ("hint", "1;32");

impl Diagnostics {
    /// All of them: each begins with a line `file:line:column: error: message`. With `colour` for
    /// a terminal that understands ANSI's escape sequences.
    pub fn render(&self, colour: bool) -> String {
        let painted = |text: &str, (_, code): Kind| match colour {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        };
        let place = |span: &Range<usize>, kind: Kind, message: &str| {
            let (line, column) = self.position(span.start);
            let Excerpt { line: text, indent, width } = Excerpt::of(self.text(), span);
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
        f.write_str(&self.render(false))
    }
}
