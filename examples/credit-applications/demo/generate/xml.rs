//! Writing XML text.

use std::fmt::{Display, Write};

/// A document being written: start tags take attributes until content or their end follows.
pub(super) struct Xml {
    text: String,
    open: Vec<&'static str>,
    in_tag: bool,
}

impl Xml {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), open: Vec::new(), in_tag: false }
    }

    /// Characters written, counted as bytes of UTF-8.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Markup as it is: a declaration, a comment, a CDATA section.
    pub(super) fn raw(&mut self, markup: &str) {
        self.end_start_tag();
        self.text.push_str(markup);
    }

    /// Starts an element.
    pub(super) fn start(&mut self, name: &'static str) {
        self.end_start_tag();
        self.text.push_str("\n<");
        self.text.push_str(name);
        self.open.push(name);
        self.in_tag = true;
    }

    /// An attribute of the element just started.
    pub(super) fn attribute(&mut self, name: impl Display, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.text, " {name}=\"");
        let value_from = self.text.len();
        let _ = write!(self.text, "{value}");
        if self.text[value_from..].contains(['&', '<', '>', '"']) {
            let escaped = escape(&self.text[value_from..]);
            self.text.truncate(value_from);
            self.text.push_str(&escaped);
        }
        self.text.push('"');
    }

    /// Text content.
    pub(super) fn content(&mut self, text: &str) {
        self.end_start_tag();
        self.text.push_str(&escape(text));
    }

    /// Ends the innermost element.
    pub(super) fn end(&mut self) {
        let Some(name) = self.open.pop() else { return };
        if self.in_tag {
            self.text.push_str("/>");
            self.in_tag = false;
            return;
        }
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push('>');
    }

    /// Ends every element that is still open and returns the text.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.text.push('\n');
        self.text
    }

    fn end_start_tag(&mut self) {
        if self.in_tag {
            self.text.push('>');
            self.in_tag = false;
        }
    }
}

/// The five characters that markup needs, as references; the apostrophe as a numeric one.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
