//! Prefixes for the namespaces that a draft names.

use std::collections::BTreeMap;

use super::table::Table;
use crate::profile::{Name, NodeId, Profile};

/// The prefixes of a draft.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    /// URI and prefix, in the order of their prefixes; empty where no names need any.
    declared: Vec<(String, String)>,
}

/// The namespace of `xml:lang`, whose prefix needs no declaration.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl Namespaces {
    /// The prefixes for the paths to all rows and leaves.
    pub(super) fn of(profile: &Profile, tables: &[Table]) -> Self {
        let leaves = tables.iter().flat_map(|table| table.leaves.iter().map(|leaf| leaf.node));
        let rows = tables.iter().map(|table| table.node);
        let nodes: Vec<NodeId> = rows.chain(leaves).flat_map(|node| profile.line(node)).collect();
        // Elements in no namespace have no prefix either.
        let has_bare =
            |step: &NodeId| profile[*step].name.uri.is_empty() && !profile[*step].is_attribute;
        let mut is_default_free = !nodes.iter().any(has_bare);
        // The most frequent way to write each.
        let mut uses: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for step in nodes {
            let Name { uri, prefix, .. } = &profile[step].name;
            if !uri.is_empty() && uri != XML {
                *uses.entry(uri).or_default().entry(prefix).or_default() += 1;
            }
        }
        let mut declared: Vec<(String, String)> = Vec::new();
        for (uri, prefixes) in uses {
            let most = prefixes.iter().max_by_key(|(prefix, count)| (**count, prefix.len()));
            let wanted = match most {
                Some((prefix, _)) if !prefix.is_empty() => (*prefix).to_owned(),
                _ if std::mem::take(&mut is_default_free) => {
                    declared.push((uri.to_owned(), String::new()));
                    continue;
                }
                _ => invented(uri),
            };
            let is_free = |name: &String| declared.iter().all(|(_, prefix)| prefix != name);
            let prefix = std::iter::once(wanted.clone())
                .chain((2..).map(|number| format!("{wanted}{number}")))
                .find(is_free)
                .expect("there is always another number");
            declared.push((uri.to_owned(), prefix));
        }
        declared.sort_by(|a, b| a.1.cmp(&b.1));
        Self { declared }
    }

    /// URIs and their prefixes.
    pub(super) fn declared(&self) -> &[(String, String)] {
        &self.declared
    }

    /// A node's name as a step of a path.
    pub(super) fn step(&self, profile: &Profile, node: NodeId) -> String {
        let node = &profile[node];
        let at = if node.is_attribute { "@" } else { "" };
        let Name { uri, local, prefix } = &node.name;
        let prefix = match self.declared.iter().find(|(declared, _)| declared == uri) {
            Some((_, prefix)) => prefix,
            None => prefix,
        };
        match prefix.is_empty() {
            true => format!("{at}{local}"),
            false => format!("{at}{prefix}:{local}"),
        }
    }
}

/// A prefix for a namespace that documents write without one: the last word of its URI.
fn invented(uri: &str) -> String {
    let is_word =
        |part: &&str| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let words = uri.split(['/', ':', '#', '.', '-', '_']);
    let word = words.rev().find(is_word).unwrap_or("ns").to_ascii_lowercase();
    match word.starts_with("xml") {
        true => "ns".to_owned(),
        false => word.chars().take(12).collect(),
    }
}
