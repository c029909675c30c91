//! Namespaces: every prefix is declared, none is abused, no attribute has one name twice.

use std::collections::{HashMap, HashSet};

use super::names;
use super::tag::StartTag;
use crate::reason::{bare, known, quoted, reason, Reason};

pub(crate) const XML: &str = "http://www.w3.org/XML/1998/namespace";
pub(crate) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The prefixes in scope. Each declaration is entered and left once, so that the work is linear in
/// the document.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    /// The declarations of a prefix, innermost last.
    in_scope: HashMap<String, Vec<String>>,
    /// The prefixes that the open elements declare.
    declared: Vec<String>,
    /// For each open element, how many were declared before it.
    open: Vec<usize>,
}

impl Namespaces {
    /// Enters an element.
    ///
    /// # Errors
    /// What is wrong with its names.
    pub fn enter(&mut self, tag: &StartTag<'_>) -> Result<(), Reason> {
        self.open.push(self.declared.len());
        let (mut written, mut prefixed) = (HashSet::new(), Vec::new());
        for attribute in &tag.attributes {
            if !written.insert(attribute.name) {
                let name = quoted(attribute.name);
                return Err(reason!("attributes: duplicate attribute {}: remove one", name));
            }
            match names::split(attribute.name)? {
                (Some("xmlns"), prefix) => self.declare(prefix, &attribute.value())?,
                (Some(prefix), local) => prefixed.push((prefix, local, attribute.name)),
                (None, "xmlns") => check_uri(&attribute.value())?,
                (None, _) => {}
            }
        }
        if let (Some(prefix), _) = names::split(tag.name)? {
            self.uri(prefix, tag.name)?;
        }
        let mut seen = HashSet::new();
        for (prefix, local, name) in prefixed {
            if !seen.insert((self.uri(prefix, name)?, local)) {
                return Err(reason!(
                    "duplicate attribute {}: another prefix stands for the same namespace; remove one",
                    quoted(name)
                ));
            }
        }
        Ok(())
    }

    /// Leaves the innermost element.
    pub fn leave(&mut self) {
        let before = self.open.pop().unwrap_or_default();
        for prefix in self.declared.drain(before..) {
            self.in_scope.get_mut(&prefix).map(Vec::pop);
        }
    }

    fn declare(&mut self, prefix: &str, uri: &str) -> Result<(), Reason> {
        match prefix {
            "xml" if uri == XML => return Ok(()),
            "xml" => return Err(reason!("the prefix xml stands for {} only", known(XML))),
            "xmlns" => return Err("the prefix xmlns cannot be declared".into()),
            _ => check_uri(uri)?,
        }
        if uri.is_empty() {
            let prefix = bare(prefix);
            return Err(reason!(
                "xmlns:{}=\"\" cannot undo a prefix in XML 1.0: remove it",
                prefix
            ));
        }
        self.in_scope.entry(prefix.to_owned()).or_default().push(uri.to_owned());
        self.declared.push(prefix.to_owned());
        Ok(())
    }

    fn uri(&self, prefix: &str, name: &str) -> Result<&str, Reason> {
        match (prefix, self.in_scope.get(prefix).and_then(|declared| declared.last())) {
            ("xml", _) => Ok(XML),
            (_, Some(uri)) => Ok(uri),
            (_, None) => Err(reason!(
                "the namespace prefix of {} is not declared: add its xmlns declaration",
                quoted(name)
            )),
        }
    }
}

/// Two namespaces belong to XML itself.
fn check_uri(uri: &str) -> Result<(), Reason> {
    match uri {
        XML | XMLNS => Err(reason!("{} cannot be declared as a namespace: remove it", known(uri))),
        _ => Ok(()),
    }
}
