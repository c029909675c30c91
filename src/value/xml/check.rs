//! All of XML 1.0 and its namespaces, in a document or a fragment of one.

use super::markup::{cdata, comment, instruction};
use super::namespaces::Namespaces;
use super::reference::{allowed, forbidden};
use super::server;
use super::tag::{check_references, end_tag, StartTag};
use super::{prolog, BLANKS};
use crate::reason::{bare, reason, Reason};

/// Where something is wrong, as an offset, and what it is.
pub(crate) type Wrong = (usize, Reason);

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    /// What may be inside an element, within SQL Server's limits.
    Fragment,
}

/// Checks a document.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn check_document(document: &str) -> Result<(), Wrong> {
    check(document, Kind::Document)
}

/// Where the comment, instruction, XML declaration or DOCTYPE at `at` of a document ends, if it is right by
/// itself.
pub(crate) fn markup_end(document: &str, at: usize) -> Option<usize> {
    let text = &document[at..];
    let length = match text.as_bytes() {
        [b'<', b'!', b'-', ..] => comment(text),
        [b'<', b'!', ..] => prolog::doctype(text),
        _ if at == 0 && prolog::is_declared(text) => prolog::declaration(text),
        _ => instruction(text),
    };
    Some(at + length.ok()?)
}

pub(super) fn check(text: &str, kind: Kind) -> Result<(), Wrong> {
    check_characters(text)?;
    let mut check = Check {
        text,
        kind,
        open: Vec::new(),
        namespaces: Namespaces::default(),
        seen: Seen::Nothing,
    };
    let mut at = 0;
    while at < text.len() {
        at += match text[at..].find('<') {
            Some(0) => check.markup(at).map_err(|reason| (at, reason))?,
            found => {
                let length = found.unwrap_or(text.len() - at);
                check.characters(at, length)?;
                length
            }
        };
    }
    match (check.open.is_empty(), check.seen) {
        (false, _) => Err((at, "an element is never closed: add its end tag".into())),
        (true, seen) if kind == Kind::Document && seen != Seen::Root => {
            Err((at, "a document has one root element".into()))
        }
        (true, _) => Ok(()),
    }
}

fn check_characters(text: &str) -> Result<(), Wrong> {
    match text.char_indices().find(|(_, character)| !allowed(*character)) {
        None => Ok(()),
        Some((offset, character)) => Err((offset, forbidden(character))),
    }
}

struct Check<'t> {
    text: &'t str,
    kind: Kind,
    /// The names of the open elements.
    open: Vec<&'t str>,
    namespaces: Namespaces,
    seen: Seen,
}

/// How far a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Seen {
    Nothing,
    Doctype,
    Root,
}

impl<'t> Check<'t> {
    /// Whether only white space, comments and instructions may come here.
    fn is_outside(&self) -> bool {
        self.kind == Kind::Document && self.open.is_empty()
    }

    /// The length of the markup at `at`.
    fn markup(&mut self, at: usize) -> Result<usize, Reason> {
        let text = &self.text[at..];
        if text.starts_with("<!--") {
            return comment(text);
        }
        if text.starts_with("<?") {
            let is_declaration =
                self.kind == Kind::Document && at == 0 && prolog::is_declared(text);
            return if is_declaration { prolog::declaration(text) } else { self.instruction(text) };
        }
        if text.starts_with("<![CDATA[") && !self.is_outside() {
            return cdata(text);
        }
        if text.starts_with("<!DOCTYPE") {
            return self.doctype(text);
        }
        match text.as_bytes().get(1) {
            Some(b'/') => self.end(text),
            Some(b'!') => {
                Err("<! does not begin a comment or a CDATA section here: remove it".into())
            }
            _ => self.start(text),
        }
    }

    fn instruction(&self, text: &str) -> Result<usize, Reason> {
        if prolog::is_declared(text) {
            return Err("an XML declaration is only allowed at the beginning: remove it".into());
        }
        instruction(text)
    }

    fn doctype(&mut self, text: &str) -> Result<usize, Reason> {
        if self.kind == Kind::Fragment {
            return Err("a DOCTYPE is not allowed in it: remove it".into());
        }
        match self.seen {
            Seen::Nothing => self.seen = Seen::Doctype,
            Seen::Doctype => {
                return Err("a document has one DOCTYPE at most: remove this one".into())
            }
            Seen::Root => {
                return Err("a DOCTYPE is only allowed before the root element: remove it".into())
            }
        }
        prolog::doctype(text)
    }

    fn start(&mut self, text: &'t str) -> Result<usize, Reason> {
        let tag = StartTag::read(text)?;
        if self.is_outside() {
            if self.seen == Seen::Root {
                return Err("a document has one root element: remove the others".into());
            }
            self.seen = Seen::Root;
        }
        self.open.push(tag.name);
        self.namespaces.enter(&tag)?;
        if self.kind == Kind::Fragment {
            server::check(&tag, self.open.len())?;
        }
        if tag.is_empty {
            self.leave();
        }
        Ok(tag.length)
    }

    fn end(&mut self, text: &str) -> Result<usize, Reason> {
        let (name, length) = end_tag(text)?;
        match self.open.last() {
            Some(open) if *open == name => {}
            Some(open) => {
                let (found, wanted, again) = (bare(name), bare(open), bare(open));
                return Err(reason!(
                    "</{}> does not close <{}>: write </{}>",
                    found,
                    wanted,
                    again
                ));
            }
            None => return Err(reason!("</{}> closes no element: remove it", bare(name))),
        }
        self.leave();
        Ok(length)
    }

    fn leave(&mut self) {
        self.open.pop();
        self.namespaces.leave();
    }

    /// Text between two pieces of markup.
    fn characters(&self, at: usize, length: usize) -> Result<(), Wrong> {
        let text = &self.text[at..at + length];
        if self.is_outside() {
            return match text.find(|c| !BLANKS.contains(&c)) {
                None => Ok(()),
                Some(stray) => Err((at + stray, "text outside the root element: remove it".into())),
            };
        }
        if let Some(close) = text.find("]]>") {
            let reason = "]]> is not allowed in text: write it as ]]&gt;";
            return Err((at + close, Reason::from(reason)));
        }
        check_references(text).map_err(|reason| (at, reason))
    }
}
