//! Why something failed, told twice: with what it has from a document, and without. Failures with one
//! [template](Reason::template) have one cause, so it is written where the sentence is and never cut out of it.

use std::borrow::Cow;
use std::fmt;

/// A sentence, and its template: the same without what differs from document to document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    text: Cow<'static, str>,
    template: Cow<'static, str>,
}

/// A sentence that is the same for every document.
impl From<&'static str> for Reason {
    fn from(sentence: &'static str) -> Self {
        Self { text: Cow::Borrowed(sentence), template: Cow::Borrowed(sentence) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Reason {
    /// A sentence of a database or a library, with the template that is cut out of it: nothing else is known
    /// of it. The program's own sentences are made by [`reason!`](crate::reason::reason).
    pub fn of_others(text: impl Into<String>, template: impl Into<String>) -> Self {
        Self { text: Cow::Owned(text.into()), template: Cow::Owned(template.into()) }
    }

    /// A format with as many placeholders as there are parts.
    #[doc(hidden)]
    pub fn of_parts(format: &'static str, parts: &[Part<'_>]) -> Self {
        let mut pieces = format.split("{}");
        let first = pieces.next().unwrap_or_default();
        let (mut text, mut template) = (first.to_owned(), first.to_owned());
        for (part, piece) in parts.iter().zip(pieces) {
            text.push_str(&part.shown);
            text.push_str(piece);
            template.push_str(part.blank.as_deref().unwrap_or(&part.shown));
            template.push_str(piece);
        }
        Self::of_others(text, template)
    }

    /// The sentence with more at its end.
    pub fn and(mut self, more: &str) -> Self {
        self.text.to_mut().push_str(more);
        self.template.to_mut().push_str(more);
        self
    }

    /// The sentence.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sentence without what it has from the document.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The sentence and its template.
    pub fn into_parts(self) -> (String, String) {
        (self.text.into_owned(), self.template.into_owned())
    }
}

/// What a sentence has for a placeholder, and what its template has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    shown: Cow<'a, str>,
    /// `None`: the same.
    blank: Option<Cow<'static, str>>,
}

fn part<'a>(shown: impl Into<Cow<'a, str>>, blank: &'static str) -> Part<'a> {
    Part { shown: shown.into(), blank: Some(Cow::Borrowed(blank)) }
}

/// A name or a piece of the document, in quotation marks with what is special escaped.
pub fn quoted<'a>(text: impl AsRef<str>) -> Part<'a> {
    part(format!("{:?}", text.as_ref()), "\"\"")
}

/// A value of the document, in backticks as it is; clipped by the caller.
pub fn value<'a>(text: impl AsRef<str>) -> Part<'a> {
    part(format!("`{}`", text.as_ref()), "``")
}

/// A number.
pub fn number<'a>(number: impl fmt::Display) -> Part<'a> {
    part(number.to_string(), "#")
}

/// A piece of the document without quotes.
pub fn bare<'a>(text: impl fmt::Display) -> Part<'a> {
    part(text.to_string(), "")
}

/// A piece of the document that is written as such a form, with `#` for its numbers.
pub fn formed<'a>(text: impl fmt::Display, form: &'static str) -> Part<'a> {
    part(text.to_string(), form)
}

/// What is of the program, the contract or the settings: it is the same for every document.
pub fn known<'a>(text: impl fmt::Display) -> Part<'a> {
    Part { shown: Cow::Owned(text.to_string()), blank: None }
}

/// A sentence in a sentence.
pub fn nested<'a>(reason: &'a Reason) -> Part<'a> {
    let blank = Some(Cow::Owned(reason.template.clone().into_owned()));
    Part { shown: Cow::Borrowed(&reason.text), blank }
}

/// The placeholders of a format, each `{}`. One with a name is a mistake, which no number of parts equals: what
/// it shows would be in the template, too.
pub const fn placeholders(format: &str) -> usize {
    let bytes = format.as_bytes();
    let (mut at, mut found) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'{' {
            at += 1;
            if at == bytes.len() || bytes[at] != b'}' {
                return usize::MAX;
            }
            found += 1;
        }
        at += 1;
    }
    found
}

/// A [`Reason`]: a format in which each `{}` stands for a [`Part`], which says whether it is from the document.
///
/// ```
/// use xmlshred::reason::{known, reason, value};
/// let reason = reason!("{} cannot become {}: write digits", value("abc"), known("int"));
/// assert_eq!(reason.text(), "`abc` cannot become int: write digits");
/// assert_eq!(reason.template(), "`` cannot become int: write digits");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! reason_of_parts {
    ($format:literal $(, $part:expr)+ $(,)?) => {{
        const {
            let parts = [$(stringify!($part)),+].len();
            assert!($crate::reason::placeholders($format) == parts, "a placeholder is not a part");
        }
        $crate::reason::Reason::of_parts($format, &[$($part),+])
    }};
}

pub use crate::reason_of_parts as reason;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_has_nothing_of_a_document() {
        let inner = reason!("{} is not {}", bare("x y"), known("a name"));
        let of = |name: &str, size: u32| {
            reason!(
                "{} has {} bytes ({}): {}",
                quoted(name),
                number(size),
                value(name),
                nested(&inner)
            )
        };
        let (one, other) = (of("a\"b", 5), of("{}", 70));
        assert_eq!(one.text(), "\"a\\\"b\" has 5 bytes (`a\"b`): x y is not a name");
        assert_eq!(one.template(), "\"\" has # bytes (``):  is not a name");
        assert_eq!(one.template(), other.template());
        assert_eq!(other.to_string(), "\"{}\" has 70 bytes (`{}`): x y is not a name");
    }

    #[test]
    fn a_placeholder_has_no_name() {
        assert_eq!(placeholders("{} and {}"), 2);
        for wrong in ["{} and {name}", "{:?}", "{", "{{}}"] {
            assert_eq!(placeholders(wrong), usize::MAX, "{wrong}");
        }
    }
}
