//! Which names of documents a contract's names mean.

use super::expr::ast::ANY_NAME;
use super::model::DocumentRules;
use super::plan::Uris;

/// The name of an element or attribute in a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FoundName<'n> {
    /// The URI of its namespace; empty without one.
    pub uri: &'n str,
    /// Empty without one.
    pub prefix: &'n str,
    /// Its local name.
    pub local: &'n str,
}

impl DocumentRules {
    /// The namespaces that an element of this name may have (empty text for none; `None` where the
    /// contract declares none), and its name in them.
    pub(crate) fn split_name<'n>(&self, name: &'n str) -> (Option<Uris>, &'n str) {
        if self.namespaces.is_empty() {
            return (None, name);
        }
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let uris: Uris = match self.declared(prefix) {
            Some((_, uris)) => uris.iter().map(|uri| uri.as_str().into()).collect(),
            None => Box::new(["".into()]),
        };
        (Some(uris), local)
    }

    /// The declaration of a prefix.
    pub(crate) fn declared(&self, prefix: &str) -> Option<&(String, Vec<String>)> {
        self.namespaces.iter().find(|(known, _)| known == prefix)
    }

    /// Whether a step or root of this name means the element.
    pub(crate) fn means_element(&self, name: &str, found: FoundName<'_>) -> bool {
        if name == ANY_NAME {
            return true;
        }
        match self.split_name(name) {
            (Some(uris), local) => local == found.local && uris.iter().any(|u| **u == *found.uri),
            (None, name) => {
                name == found.local && (self.ignore_namespaces || found.prefix.is_empty())
            }
        }
    }

    /// How well an attribute is meant by this name, if it is: of several in one element, the lowest
    /// is the one that is read.
    pub(crate) fn means_attribute(&self, name: &str, found: FoundName<'_>) -> Option<u8> {
        let (local, is_there, rank) = match name.split_once(':') {
            Some(("xml", local)) => (local, found.prefix == "xml", 0),
            Some((prefix, local)) => {
                let uris = self.declared(prefix).map_or(&[][..], |(_, uris)| uris);
                (local, !found.uri.is_empty() && uris.iter().any(|uri| uri == found.uri), 0)
            }
            None if found.prefix.is_empty() => (name, true, 0),
            None => (name, self.ignore_namespaces && found.prefix != "xml", 1),
        };
        let is_alike = || self.ignore_case_attributes && local.eq_ignore_ascii_case(found.local);
        match is_there {
            true if local == found.local => Some(rank),
            true if is_alike() => Some(rank + 2),
            _ => None,
        }
    }
}
