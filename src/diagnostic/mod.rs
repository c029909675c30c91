//! What is wrong with a contract, and where: collected, sorted, and rendered as a compiler does.

pub(crate) mod spelling;

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

use crate::figures::counted;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The contract cannot be used.
    Error,
    /// The contract can be used, but probably does not say what was meant.
    Warning,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in one line that begins in lower case and has no full stop.
    pub message: String,
    /// Byte range in the contract's text.
    pub span: Range<usize>,
    /// What was expected, or what to write instead.
    pub hint: Option<String>,
    /// Another place that explains the mistake, and what is there.
    pub related: Option<(Range<usize>, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, message: message.into(), span, hint: None, related: None }
    }

    /// A warning at a place.
    pub fn warning(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// Adds what was expected.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what was expected, if there is something to say.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Adds another place.
    pub fn related(mut self, span: Range<usize>, message: impl Into<String>) -> Self {
        self.related = Some((span, message.into()));
        self
    }
}

/// The diagnostics of one file, in the order of their places.
///
/// `Display` renders all of them. It is an error value when there is an error among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    text: String,
    items: Vec<Diagnostic>,
}

impl std::error::Error for Diagnostics {}

impl Diagnostics {
    /// No diagnostics yet. `file` is only shown; spans are byte ranges in `text`.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into(), items: Vec::new() }
    }

    /// Adds one at its place, unless the same is already there. Its spans are drawn into the text
    /// where they stick out.
    /// Text that messages quote is made fit for one line of a terminal.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        diagnostic.message = one_line(&diagnostic.message);
        diagnostic.hint = diagnostic.hint.as_deref().map(one_line);
        diagnostic.span = inside(&self.text, diagnostic.span);
        diagnostic.related = diagnostic.related.map(|(span, m)| (inside(&self.text, span), m));
        if self.items.contains(&diagnostic) {
            return;
        }
        let key = |d: &Diagnostic| (d.span.start, d.span.end, d.severity);
        let at = self.items.partition_point(|d| key(d) <= key(&diagnostic));
        self.items.insert(at, diagnostic);
    }

    /// All of them, by place.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Whether there is none.
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
        let start = line_start(&self.text, offset);
        let line = self.text[..start].bytes().filter(|b| *b == b'\n').count() + 1;
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

    fn write_place(
        &self,
        f: &mut fmt::Formatter<'_>,
        span: &Range<usize>,
        kind: &str,
        message: &str,
    ) -> fmt::Result {
        let (line, column) = self.position(span.start);
        writeln!(f, "{}:{line}:{column}: {kind}: {message}", self.file)?;
        let excerpt = Excerpt::of(&self.text, span);
        let gutter = line.to_string();
        writeln!(f, " {gutter} | {}", excerpt.line)?;
        let carets = "^".repeat(excerpt.width);
        writeln!(
            f,
            " {:gutter$} | {:indent$}{carets}",
            "",
            "",
            gutter = gutter.len(),
            indent = excerpt.indent
        )
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.items.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            let kind = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            self.write_place(f, &diagnostic.span, kind, &diagnostic.message)?;
            if let Some((span, message)) = &diagnostic.related {
                self.write_place(f, span, "note", message)?;
            }
            if let Some(hint) = &diagnostic.hint {
                writeln!(f, "hint: {hint}")?;
            }
        }
        Ok(())
    }
}

/// Longer messages and hints are cut: they quote something that need not be seen whole.
const LONGEST_MESSAGE: usize = 400;

fn one_line(message: &str) -> String {
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

/// Control characters, and those that turn the direction of text around.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

const BOM: char = '\u{feff}';

/// Longer lines are shown in part, around the underlined text.
const WINDOW: usize = 140;
/// Columns kept before the underlined text when a line is shown in part.
const LEAD: usize = 60;
const TAB: usize = 4;

/// One source line as a terminal shows it, and where the underline goes.
struct Excerpt {
    line: String,
    indent: usize,
    width: usize,
}

impl Excerpt {
    /// The line in which `span` starts. The underline ends with the line where the span goes on.
    fn of(text: &str, span: &Range<usize>) -> Self {
        let start = line_start(text, span.start);
        let rest = &text[start..];
        let line = rest.split('\n').next().unwrap_or(rest);
        let line = line.strip_suffix('\r').unwrap_or(line);

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
        Self::window(&cells, &columns, from, to)
    }

    /// Cuts the line to [`WINDOW`] columns. `columns[i]` is where cell `i` begins.
    fn window(cells: &[String], columns: &[usize], from: usize, to: usize) -> Self {
        let total = columns[cells.len()];
        let left = if total <= WINDOW {
            0
        } else {
            let wanted = columns[from].saturating_sub(LEAD).min(total - WINDOW);
            columns.partition_point(|c| *c < wanted).min(from)
        };
        let right = columns.partition_point(|c| *c <= columns[left] + WINDOW) - 1;
        let (before, after) = (left > 0, right < cells.len());
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

fn line_start(text: &str, offset: usize) -> usize {
    text[..offset].rfind('\n').map_or(0, |newline| newline + 1)
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn inside(text: &str, span: Range<usize>) -> Range<usize> {
    let start = floor_boundary(text, span.start);
    start..floor_boundary(text, span.end).max(start)
}
