//! A part of a schema: an element of a file, which says what its names mean.

use super::error::{Result, SchemaError};
use super::files::SchemaFile;
use super::markup::{Element, XML, XS};

/// An expanded name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct QName<'s> {
    pub(super) uri: &'s str,
    pub(super) local: &'s str,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'s> {
    pub(super) element: &'s Element,
    pub(super) file: &'s SchemaFile,
}

impl<'s> Part<'s> {
    /// What makes it this part and no other.
    pub(super) fn id(self) -> usize {
        std::ptr::from_ref(self.element) as usize
    }

    pub(super) fn is(self, name: &str) -> bool {
        self.element.name == name
    }

    pub(super) fn get(self, attribute: &str) -> Option<&'s str> {
        self.element.get(attribute)
    }

    pub(super) fn is_true(self, attribute: &str) -> bool {
        matches!(self.get(attribute), Some("true" | "1"))
    }

    pub(super) fn children(self) -> impl Iterator<Item = Part<'s>> {
        self.element.children.iter().map(move |element| Part { element, file: self.file })
    }

    pub(super) fn child(self, names: &[&str]) -> Option<Part<'s>> {
        self.children().find(|child| names.contains(&child.element.name.as_str()))
    }

    /// The name that an attribute refers to.
    pub(super) fn refers(self, attribute: &str) -> Result<Option<QName<'s>>> {
        self.get(attribute).map(|name| self.resolve(name)).transpose()
    }

    /// `prefix:name`, as it is meant here.
    pub(super) fn resolve(self, name: &'s str) -> Result<QName<'s>> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let uri = match self.element.uri(prefix) {
            Some(uri) => uri,
            None if prefix == "xml" => XML,
            // Of a file without a namespace of its own, all names are in that of its user.
            None if prefix.is_empty() => self.file.bare_uri(),
            None => {
                let reason = format!("the prefix of {name} is not declared");
                return Err(self.error(reason, format!("declare xmlns:{prefix}")));
            }
        };
        let uri = if uri.is_empty() { self.file.bare_uri() } else { uri };
        Ok(QName { uri, local })
    }

    /// The name of something global.
    pub(super) fn global_name(self) -> Option<QName<'s>> {
        Some(QName { uri: &self.file.target, local: self.get("name")? })
    }

    /// The name of an element or attribute that is declared here, inside a type.
    pub(super) fn local_name(self, default: &str) -> Option<QName<'s>> {
        let form = self.get("form").or_else(|| self.file.root.get(default));
        let uri = if form == Some("qualified") { self.file.target.as_str() } else { "" };
        Some(QName { uri, local: self.get("name")? })
    }

    /// `xs:int`, `t:Price`: a name for people.
    pub(super) fn shown(self, name: QName<'_>) -> String {
        let prefix = if name.uri == XS { "xs" } else { self.element.prefix(name.uri) };
        match prefix.is_empty() {
            true => name.local.to_owned(),
            false => format!("{prefix}:{}", name.local),
        }
    }

    pub(super) fn place(self) -> String {
        format!("{}:{}", self.file.name, self.element.line)
    }

    pub(super) fn error(
        self,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> Box<SchemaError> {
        Box::new(SchemaError { place: self.place(), reason: reason.into(), hint: hint.into() })
    }
}
