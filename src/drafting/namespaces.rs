//! Prefixes for the namespaces that a draft names.

use std::collections::BTreeMap;

use super::table::Table;
use crate::contract::model::DocumentRules;
use crate::contract::{FoundName, WrittenName, WrittenNames};
use crate::profile::{Name, Node, NodeId, Profile};

/// The prefixes of a draft.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    /// URI and prefix, in the order of their prefixes; empty where no names need any.
    declared: Vec<(String, String)>,
    /// The contract whose names these are.
    contract: Option<DocumentRules>,
}

/// The namespace of `xml:lang`, whose prefix needs no declaration.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl Namespaces {
    /// The prefixes for the paths to all rows and leaves.
    pub(super) fn of(profile: &Profile, tables: &[Table]) -> Self {
        let leaves = tables.iter().flat_map(|table| table.leaves.iter().map(|leaf| leaf.node));
        let siblings = tables.iter().flat_map(|table| &table.siblings);
        let siblings = siblings.flat_map(|siblings| &siblings.nodes);
        let siblings = siblings.flat_map(|(_, node)| profile.below(*node));
        let rows = tables.iter().map(|table| table.node);
        let nodes = rows.chain(leaves).chain(siblings);
        let nodes: Vec<NodeId> = nodes.flat_map(|node| profile.line(node)).collect();
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
        Self { declared, contract: None }
    }

    /// URIs and their prefixes.
    pub(super) fn declared(&self) -> &[(String, String)] {
        &self.declared
    }

    /// A node's name as a step of a path.
    pub(super) fn step(&self, profile: &Profile, node: NodeId) -> String {
        if let Some(rules) = &self.contract {
            return written(rules, &profile[node]).name;
        }
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

impl Namespaces {
    /// The names of a contract, and the prefixes that it needs besides for some nodes.
    pub(super) fn of_contract(
        rules: &DocumentRules,
        profile: &Profile,
        roots: &[NodeId],
        needed: impl Iterator<Item = NodeId>,
    ) -> Self {
        let mut rules = rules.clone();
        let mut declared: Vec<(String, String)> = Vec::new();
        // Once a prefix is declared, names without one mean elements in no namespace.
        let mut all = roots.iter().flat_map(|root| profile.below(*root));
        let is_bare = |node: &Node| node.name.prefix.is_empty() && !node.name.uri.is_empty();
        let may = !rules.namespaces.is_empty() || !all.any(|node| is_bare(&profile[node]));
        for node in needed.filter(|_| may) {
            let Some((prefix, uri)) = written(&rules, &profile[node]).undeclared else { continue };
            let is_bare = profile[node].name.prefix.is_empty();
            let wanted = if is_bare { invented(&uri) } else { prefix };
            let prefix = std::iter::once(wanted.clone())
                .chain((2..).map(|number| format!("{wanted}{number}")))
                .find(|prefix| rules.declared(prefix).is_none())
                .expect("there is always another number");
            rules.namespaces.push((prefix.clone(), vec![uri.clone()]));
            declared.push((uri, prefix));
        }
        Self { declared, contract: Some(rules) }
    }

    /// Whether a node's name can be written, and means no other in its parent.
    pub(super) fn can_mean(&self, profile: &Profile, node: NodeId) -> bool {
        let siblings = match profile[node].parent {
            Some(parent) => profile.children(parent),
            None => profile.roots(),
        };
        let meant =
            siblings.iter().filter(|sibling| self.means(&profile[node], &profile[**sibling]));
        self.means(&profile[node], &profile[node]) && meant.count() == 1
    }

    /// Whether a node's name also means one of the elements from the root to here: one that lies inside
    /// itself is found in each of these again.
    pub(super) fn means_around(&self, profile: &Profile, node: &Node, here: NodeId) -> bool {
        let mut around = profile.line(here).into_iter();
        around.any(|outer| profile[outer].recursive > 0 && self.means(node, &profile[outer]))
    }

    /// Whether the name that the contract writes for a node means another.
    pub(super) fn means(&self, node: &Node, other: &Node) -> bool {
        let Name { uri, local, prefix } = &other.name;
        let found = FoundName { uri, prefix, local };
        let Some(rules) = &self.contract else { return node.name.same(&other.name) };
        let name = written(rules, node).name;
        node.is_attribute == other.is_attribute
            && match node.is_attribute {
                true => rules.means_attribute(name.trim_start_matches('@'), found).is_some(),
                false => rules.means_element(&name, found),
            }
    }
}

/// A node's name as a contract writes it.
fn written(rules: &DocumentRules, node: &Node) -> WrittenName {
    let Name { uri, local, prefix } = &node.name;
    let at = if node.is_attribute { "@" } else { "" };
    let prefix = (!prefix.is_empty()).then_some(prefix.as_str());
    let uri = (!uri.is_empty()).then_some(uri.as_str());
    WrittenNames::of(rules).written(prefix, &format!("{at}{local}"), uri)
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
