//! Adds lines to a contract; what it has stays as it is, to the byte.

use std::borrow::Cow;

use toml::de::{DeTable, DeValue};
use toml::Spanned;
use toml_writer::ToTomlKey;

use crate::drafting::block::pair;

type Value<'t> = Spanned<DeValue<'t>>;

/// A contract's text, and what is added to it.
pub(super) struct Edits<'t> {
    text: &'t str,
    root: DeTable<'t>,
    newline: &'static str,
    /// Places, what is removed there, and what comes there.
    edits: Vec<(usize, usize, String)>,
}

/// Where a table of the TOML has its entries.
enum Style {
    /// In braces.
    Inline,
    /// In lines, which begin with this.
    Lines(String),
    /// In sections, whose headers begin with this.
    Sections(String),
}

/// What comes before the text of a proposal.
const WIDER: &str = "# wider: ";

impl<'t> Edits<'t> {
    /// The text has been read as a contract before.
    pub(super) fn new(text: &'t str) -> Self {
        let (root, _) = DeTable::parse_recoverable(text);
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { text, root: root.into_inner(), newline, edits: Vec::new() }
    }

    /// Whether tables are written as sections, so that there can be more.
    pub(super) fn has_sections(&self) -> bool {
        self.tables().iter().all(|table| self.text[table.span().start..].starts_with('['))
    }

    /// The patterns of dates of all columns.
    pub(super) fn date_formats(&self) -> Vec<String> {
        let formats = self.document().and_then(|document| document.get("date_formats"));
        let formats = formats.and_then(|formats| formats.get_ref().as_array());
        let formats = formats.into_iter().flat_map(|formats| formats.iter());
        formats.filter_map(|format| Some(format.get_ref().as_str()?.to_owned())).collect()
    }

    /// Adds a column to a `[[tables]]`: its settings, and a remark.
    pub(super) fn add_column(
        &mut self,
        table: usize,
        name: &str,
        settings: &[String],
        note: Option<&str>,
    ) {
        let Some(columns) = self.columns(table) else { return };
        let section = "tables.columns";
        let key = name.to_toml_key();
        let (end, style) = self.end_of_entries(columns, section);
        let value = format!("{{ {} }}", settings.join(", "));
        let note = note.map_or(String::new(), |note| format!("  # {note}"));
        match style {
            Style::Inline => self.insert(end, format!(", {key} = {value}")),
            Style::Lines(before) => {
                let key = format!("{before}{key}");
                let width = self.width_of_key(columns, end);
                let pad = width.saturating_sub(key.chars().count());
                self.insert_line_after(end, &format!("{key}{:pad$} = {value}{note}", ""));
            }
            Style::Sections(before) => {
                let lines = [&[format!("[{before}.{key}]{note}")], settings].concat();
                lines.iter().for_each(|line| self.insert_line_after(end, line));
            }
        }
    }

    /// Declares a prefix.
    pub(super) fn declare(&mut self, declared: &[(String, String)]) {
        if declared.is_empty() {
            return;
        }
        let pairs: Vec<String> =
            declared.iter().map(|(uri, prefix)| pair(&prefix.to_toml_key(), uri)).collect();
        let Some(document) = self.root.get("document") else { return };
        let known = self.document().and_then(|document| document.get("namespaces"));
        let is_empty = known.is_some_and(|known| entries(known).next().is_none());
        if let Some(known) = known.filter(|known| is_empty && self.is_inline(known)) {
            let span = known.span();
            self.edits.push((span.start, span.end, format!("{{ {} }}", pairs.join(", "))));
            return;
        }
        let Some(known) = known else {
            let value = format!("namespaces = {{ {} }}", pairs.join(", "));
            let (end, style) = self.end_of_entries(document, "document");
            match style {
                Style::Inline => self.insert(end, format!(", {value}")),
                Style::Lines(before) => self.insert_line_after(end, &format!("{before}{value}")),
                Style::Sections(_) => {
                    let pairs = pairs.join(", ");
                    self.insert_line_after(
                        end,
                        &format!("[document.namespaces]{}{pairs}", self.newline),
                    );
                }
            }
            return;
        };
        let (end, style) = self.end_of_entries(known, "document.namespaces");
        for pair in pairs {
            match &style {
                Style::Inline => self.insert(end, format!(", {pair}")),
                Style::Lines(before) | Style::Sections(before) => {
                    self.insert_line_after(end, &format!("{before}{pair}"));
                }
            }
        }
    }

    /// Adds whole tables behind the last one.
    pub(super) fn add_tables(&mut self, blocks: &str) {
        let ends = self.tables().iter().map(|table| self.deep_end(table));
        let Some(end) = ends.max() else { return };
        blocks.lines().for_each(|line| self.insert_line_after(end, line));
    }

    /// Puts a proposal above a column, in place of an earlier one. Whether there is room for it.
    pub(super) fn propose(&mut self, table: usize, column: &str, proposal: &str) -> bool {
        let Some(columns) = self.columns(table) else { return false };
        let found = entries(columns).find(|(name, _, _)| name.eq_ignore_ascii_case(column));
        let Some(at) = found.map(|(_, at, _)| at) else { return false };
        let begin = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = &self.text[begin..at];
        if before.contains(['{', ',', '=']) {
            return false;
        }
        let indent: String = before.chars().take_while(|c| c.is_whitespace()).collect();
        let line = format!("{indent}{WIDER}{proposal}");
        let above = self.text[..begin].trim_end_matches(['\r', '\n']);
        let above_begin = above.rfind('\n').map_or(0, |end| end + 1);
        let above = &self.text[above_begin..above.len()];
        let above_length = above.len();
        let is_earlier = above.trim_start().starts_with(WIDER);
        if is_earlier && above == line {
            return true;
        }
        match is_earlier {
            true => self.edits.push((above_begin, above_begin + above_length, line)),
            false => self.edits.push((begin, begin, format!("{line}{}", self.newline))),
        }
        true
    }

    /// Adds a line behind the line that ends at this place, or at the end.
    pub(super) fn insert_line_after(&mut self, end: usize, line: &str) {
        let newline = self.newline;
        match self.text[end..].find('\n') {
            Some(rest) => self.insert(end + rest + 1, format!("{line}{newline}")),
            None if self.text.ends_with('\n') => {
                self.insert(self.text.len(), format!("{line}{newline}"));
            }
            None => self.insert(self.text.len(), format!("{newline}{line}")),
        }
    }

    /// The whole text with all that was added.
    pub(super) fn finish(mut self) -> String {
        self.edits.sort_by_key(|(begin, _, _)| *begin);
        let mut text = String::with_capacity(self.text.len() + 1000);
        let mut done = 0;
        for (begin, end, added) in &self.edits {
            text.push_str(&self.text[done..*begin]);
            text.push_str(added);
            done = *end;
        }
        text + &self.text[done..]
    }

    fn insert(&mut self, at: usize, text: String) {
        self.edits.push((at, at, text));
    }

    fn document(&self) -> Option<&DeTable<'t>> {
        self.root.get("document")?.get_ref().as_table()
    }

    fn is_inline(&self, value: &Value<'_>) -> bool {
        self.text[value.span().start..].starts_with('{')
    }

    fn tables(&self) -> &[Value<'t>] {
        let tables = self.root.get("tables").and_then(|tables| tables.get_ref().as_array());
        tables.map_or(&[], |tables| tables)
    }

    fn columns(&self, table: usize) -> Option<&Value<'t>> {
        self.tables().get(table)?.get_ref().as_table()?.get("columns")
    }

    /// Where the last entry of a table ends, and how the next one is written.
    fn end_of_entries(&self, table: &Value<'_>, section: &str) -> (usize, Style) {
        let begin = table.span().start;
        let last = entries(table).max_by_key(|(_, _, value)| self.deep_end(value));
        let end = last.as_ref().map_or(table.span().end, |(_, _, value)| self.deep_end(value));
        let is_section = |at: usize| self.text[at..].starts_with('[');
        let has_header = is_section(begin);
        let style = match last {
            _ if self.text[begin..].starts_with('{') => Style::Inline,
            Some((_, _, value)) if value.get_ref().is_table() && is_section(value.span().start) => {
                Style::Sections(section.to_owned())
            }
            _ if has_header => Style::Lines(String::new()),
            _ => {
                let name = section.rsplit('.').next().unwrap_or_default();
                Style::Lines(format!("{name}."))
            }
        };
        (end, style)
    }

    /// Where a value ends, with all that is written below its header.
    fn deep_end(&self, value: &Value<'_>) -> usize {
        let span = value.span();
        let inside = match value.get_ref() {
            DeValue::Table(_) if !self.text[span.start..].starts_with('{') => {
                entries(value).map(|(_, _, value)| self.deep_end(value)).max()
            }
            DeValue::Array(array) if !array.is_empty() => {
                let is_section = |table: &Value<'_>| {
                    let is_inline = self.text[table.span().start..].starts_with('{');
                    table.get_ref().is_table() && !is_inline
                };
                match array.iter().all(is_section) {
                    true => array.iter().map(|table| self.deep_end(table)).max(),
                    false => None,
                }
            }
            _ => None,
        };
        inside.unwrap_or(span.end)
    }

    /// How many characters the key of the last entry has, with the blanks behind it.
    fn width_of_key(&self, table: &Value<'_>, end: usize) -> usize {
        let mut found = entries(table).filter(|(_, _, value)| self.deep_end(value) == end);
        let Some((_, at, value)) = found.next() else { return 0 };
        let begin = self.text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[begin..].split('=').next().unwrap_or_default();
        let is_inline = self.text[value.span().start..].starts_with('{');
        match is_inline && line.len() < 200 && begin + line.len() >= at {
            true => line.strip_suffix(' ').unwrap_or(line).chars().count(),
            false => 0,
        }
    }
}

/// The entries of a table: their names, the places of these, and the values.
fn entries<'v>(table: &'v Value<'_>) -> impl Iterator<Item = (Cow<'v, str>, usize, &'v Value<'v>)> {
    let entries = table.get_ref().as_table().into_iter().flat_map(|table| table.iter());
    entries.map(|(key, value)| (Cow::Borrowed(&**key.get_ref()), key.span().start, value))
}
