//! The diagnostics of one file.

use super::line::{floor_boundary, inside, one_line, BOM};
use super::mistake::{Diagnostic, Severity};
use crate::figures::counted;

/// The diagnostics of one file, in the order of their places.
///
/// It is an error value when there is an error among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
    items: Vec<Diagnostic>,
}

impl std::error::Error for Diagnostics {}

impl Diagnostics {
    /// No diagnostics yet. `file` is only shown; spans are byte ranges in `text`.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { file: file.into(), lines: lines.collect(), text, items: Vec::new() }
    }

    /// Adds one at its place, unless it is a duplicate. Spans that exceed the text are cut, and
    /// text that messages quote is made fit for one line of a terminal.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let mut diagnostic = diagnostic.map_places(|span| inside(&self.text, span));
        diagnostic.message = one_line(&diagnostic.message);
        diagnostic.hint = diagnostic.hint.as_deref().map(one_line);
        let key = |d: &Diagnostic| (d.span.start, d.span.end, d.severity);
        let at = self.items.partition_point(|d| key(d) <= key(&diagnostic));
        let mut of_this_place =
            self.items[..at].iter().rev().take_while(|d| key(d) == key(&diagnostic));
        if !of_this_place.any(|other| *other == diagnostic) {
            self.items.insert(at, diagnostic);
        }
    }

    /// The text of the file.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// All of them, by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.items.iter().filter(|d| d.severity == Severity::Error).count()
    }

    /// Number of warnings.
    pub fn warnings(&self) -> usize {
        self.items.len() - self.errors()
    }

    /// The file's name as it is shown.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// 1-based line and column (in characters) of a byte offset.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = floor_boundary(&self.text, offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line - 1];
        (line, self.text[start..offset].chars().filter(|c| *c != BOM).count() + 1)
    }

    /// `2 errors, 1 warning`
    pub fn counts(&self) -> String {
        let errors = match self.errors() {
            0 => "no errors".to_owned(),
            errors => counted(errors, "error"),
        };
        match self.warnings() {
            0 => errors,
            warnings => format!("{errors}, {}", counted(warnings, "warning")),
        }
    }
}
