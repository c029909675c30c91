//! The paths that sample documents have, for suggestions.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{NamespaceResolver, QName, ResolveResult};
use quick_xml::NsReader;

use crate::contract::expr::ast::{Origin, Path, Read, ANY_NAME};
use crate::contract::WrittenNames;
use crate::diagnostic::spelling;

/// Paths from the root with the names as the contract writes them; an attribute is the last name of
/// its path and begins with `@`.
#[derive(Debug, Default)]
pub(super) struct RealPaths {
    paths: BTreeSet<Vec<String>>,
    /// Prefixes of those names that the contract does not declare, and their URIs.
    undeclared: BTreeMap<String, String>,
}

/// The most paths that are kept.
const MOST: usize = 5_000;

impl RealPaths {
    /// Those of a document, as far as it is UTF-8 and well-formed.
    pub fn of(document: &[u8], names: &WrittenNames) -> Self {
        let mut found = Self::default();
        let Ok(text) = std::str::from_utf8(document) else { return found };
        let mut reader = NsReader::from_str(text);
        let mut open: Vec<String> = Vec::new();
        while found.paths.len() < MOST {
            let Ok(event) = reader.read_event() else { break };
            match event {
                Event::Start(tag) => {
                    found.enter(&tag, reader.resolver(), names, &mut open);
                }
                Event::Empty(tag) => {
                    found.enter(&tag, reader.resolver(), names, &mut open);
                    open.pop();
                }
                Event::End(_) => {
                    open.pop();
                }
                Event::Eof => break,
                _ => {}
            }
        }
        found
    }

    fn enter(
        &mut self,
        tag: &BytesStart<'_>,
        resolver: &NamespaceResolver,
        names: &WrittenNames,
        open: &mut Vec<String>,
    ) {
        let (found, _) = resolver.resolve_element(tag.name());
        let name = self.name(tag.name(), "", uri(found), names);
        open.push(name);
        self.paths.insert(open.clone());
        for attribute in tag.attributes().flatten() {
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (found, _) = resolver.resolve_attribute(attribute.key);
            let name = self.name(attribute.key, "@", uri(found), names);
            let path = open.iter().cloned().chain([name]).collect();
            self.paths.insert(path);
        }
    }

    fn name(
        &mut self,
        name: QName<'_>,
        at: &str,
        uri: Option<String>,
        names: &WrittenNames,
    ) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (local, prefix) = name.decompose();
        let prefix = prefix.map(|prefix| text(prefix.as_ref()));
        let local = format!("{at}{}", text(local.as_ref()));
        let written = names.written(prefix.as_deref(), &local, uri.as_deref());
        self.undeclared.extend(written.undeclared);
        written.name
    }

    /// Adds those of another document.
    pub fn add(&mut self, other: Self) {
        if self.paths.len() < MOST {
            self.paths.extend(other.paths);
            self.undeclared.extend(other.undeclared);
        }
    }

    /// What to do about a path of a contract that no sample has. `each` is the row path.
    pub fn advice(&self, path: &Path, each: Option<&Path>) -> String {
        let wanted = names_of(path);
        let (full, whole) = full_names(path, each);
        let alike = |real: &&Vec<String>| match whole {
            true => same(real, &full),
            false => real.len() >= full.len() && same(&real[real.len() - full.len()..], &full),
        };
        if let Some(real) = self.paths.iter().find(alike) {
            let written = written(path, &real[real.len() - wanted.len()..]);
            if written != self::written(path, &wanted) {
                return format!("did you mean `{written}`?{}", self.declaration(&written));
            }
        }
        let known: BTreeSet<&str> = self.paths.iter().flatten().map(String::as_str).collect();
        let unknown =
            wanted.iter().find(|name| *name != ANY_NAME && !known.contains(name.as_str()));
        if let Some(name) = unknown {
            return self.unknown_name(name, &known);
        }
        // Where the last name is, the place with the most of the other names.
        let last = wanted.last();
        let places = self.paths.iter().filter(|real| real.last() == last);
        let near = places.max_by_key(|real| full.iter().filter(|name| real.contains(name)).count());
        match near {
            Some(real) => format!("the samples have `/{}`", real.join("/")),
            None => "the samples have these names, but not in this place".to_owned(),
        }
    }

    fn unknown_name(&self, name: &str, known: &BTreeSet<&str>) -> String {
        let attribute = name.starts_with('@');
        let with_prefix =
            known.iter().find(|k| local(k) == local(name) && k.starts_with('@') == attribute);
        let alike = known.iter().copied().filter(|k| k.starts_with('@') == attribute);
        match with_prefix.copied().or_else(|| spelling::nearest(name, alike)) {
            Some(near) => format!("did you mean `{near}`?{}", self.declaration(near)),
            None => format!("no sample has `{name}` anywhere: check the spelling"),
        }
    }

    /// The declaration that a path with prefixes needs.
    fn declaration(&self, written: &str) -> String {
        let names =
            written.split('/').filter_map(|name| name.trim_start_matches('@').split_once(':'));
        let needed: BTreeMap<&str, &String> =
            names.filter_map(|(prefix, _)| Some((prefix, self.undeclared.get(prefix)?))).collect();
        if needed.is_empty() {
            return String::new();
        }
        let pairs: Vec<_> =
            needed.iter().map(|(prefix, uri)| format!("{prefix} = \"{uri}\"")).collect();
        format!(" with `namespaces = {{ {} }}`", pairs.join(", "))
    }
}

fn uri(found: ResolveResult<'_>) -> Option<String> {
    match found {
        ResolveResult::Bound(uri) => Some(String::from_utf8_lossy(uri.as_ref()).into_owned()),
        _ => None,
    }
}

/// The names of a path's steps, and of the attribute at its end.
fn names_of(path: &Path) -> Vec<String> {
    let attribute = match &path.read {
        Read::Attribute(name) => Some(format!("@{name}")),
        Read::Text | Read::String => None,
    };
    path.steps.iter().map(|step| step.name.clone()).chain(attribute).collect()
}

/// The names from the root on, or else those of the end of it.
fn full_names(path: &Path, each: Option<&Path>) -> (Vec<String>, bool) {
    let own = names_of(path);
    let Origin::Row { up } = path.origin else { return (own, path.origin == Origin::Document) };
    let Some(each) = each else { return (own, false) };
    let around = names_of(each);
    let kept = around.len().saturating_sub(up as usize);
    let whole = each.origin == Origin::Document;
    (around.into_iter().take(kept).chain(own).collect(), whole)
}

fn local(name: &str) -> &str {
    let name = name.trim_start_matches('@');
    name.rsplit(':').next().unwrap_or(name)
}

/// Whether two paths have the same names apart from their prefixes.
fn same(real: &[String], wanted: &[String]) -> bool {
    let alike = |(a, b): (&String, &String)| {
        b == ANY_NAME || (local(a) == local(b) && a.starts_with('@') == b.starts_with('@'))
    };
    real.len() == wanted.len() && real.iter().zip(wanted).all(alike)
}

/// The path with these names.
fn written(path: &Path, names: &[String]) -> String {
    let origin = match path.origin {
        Origin::Row { up } => "../".repeat(up as usize),
        Origin::Document => "/".to_owned(),
        Origin::Anywhere => "//".to_owned(),
    };
    origin + &names.join("/")
}
