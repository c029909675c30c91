//! The elements with which documents may begin.

use std::collections::HashSet;

use super::error::{Result, SchemaError};
use super::index::Schema;
use super::part::{Part, QName};

/// A global element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The URI of its namespace.
    pub uri: String,
    /// Its local name.
    pub local: String,
    /// The prefix with which the schema writes it; empty without one.
    pub prefix: String,
}

impl Root {
    /// `gpx:wpt`, or the local name alone.
    pub fn written(&self) -> String {
        match self.prefix.is_empty() {
            true => self.local.clone(),
            false => format!("{}:{}", self.prefix, self.local),
        }
    }
}

impl<'s> Schema<'s> {
    /// The global elements, in the order of the files.
    pub fn global_elements(&self) -> Vec<Root> {
        self.tops().into_iter().map(|(name, _)| self.root(name)).collect()
    }

    /// Those of them which no other declaration refers to, and which are not abstract. All that are not
    /// abstract, where they refer to each other in a circle.
    ///
    /// # Errors
    /// A name has a prefix that is not declared.
    pub fn likely_roots(&self) -> std::result::Result<Vec<Root>, Box<SchemaError>> {
        let mut used = HashSet::new();
        for file in &self.files.files {
            collect(Part { element: &file.root, file }, None, &mut used)?;
        }
        let mut all = self.tops();
        all.retain(|(_, part)| !part.is_true("abstract"));
        let is_used = |name: &QName<'s>, part: &Part<'s>| {
            used.contains(name) || part.get("substitutionGroup").is_some()
        };
        let free: Vec<_> = all.iter().filter(|(name, part)| !is_used(name, part)).collect();
        // A file's own elements come before those of what it imports.
        let own = &self.files.files[0].target;
        let mut found: Vec<QName<'s>> = match free.is_empty() {
            true => all.iter().map(|(name, _)| *name).collect(),
            false => free.into_iter().map(|(name, _)| *name).collect(),
        };
        if found.iter().any(|name| name.uri == own) {
            found.retain(|name| name.uri == own);
        }
        Ok(found.into_iter().map(|name| self.root(name)).collect())
    }

    fn tops(&self) -> Vec<(QName<'s>, Part<'s>)> {
        let tops = self.files.files.iter().map(|file| Part { element: &file.root, file });
        let all = tops.flat_map(Part::children).filter(|part| part.is("element"));
        let named = all.filter_map(|part| Some((part.global_name()?, part)));
        named.filter(|(name, part)| self.elements[name].id() == part.id()).collect()
    }

    fn root(&self, name: QName<'s>) -> Root {
        Root {
            uri: name.uri.to_owned(),
            local: name.local.to_owned(),
            prefix: self.prefix(name.uri).to_owned(),
        }
    }
}

/// The elements that are referred to, except by themselves.
fn collect<'s>(
    part: Part<'s>,
    within: Option<QName<'s>>,
    used: &mut HashSet<QName<'s>>,
) -> Result<()> {
    for child in part.children() {
        let is_global = part.is("schema") && child.is("element");
        let within = if is_global { child.global_name() } else { within };
        if child.is("element") {
            if let Some(name) = child.refers("ref")?.filter(|name| Some(*name) != within) {
                used.insert(name);
            }
        }
        collect(child, within, used)?;
    }
    Ok(())
}
