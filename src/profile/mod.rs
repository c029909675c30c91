//! What occurs in documents: every path, how often, and what its values look like. Memory depends on
//! the number of different paths, not on the number of documents.

mod dates;
mod declared;
mod declaring;
mod example;
mod hashes;
mod lengths;
mod node;
mod profiler;
mod repeats;
mod shape;
mod sizes;
mod values;

pub use dates::{DateOrder, DateShape, TimeShape};
pub use declared::{Declared, Form, SchemaNotes, ValueType};
pub use example::Example;
pub use hashes::Hashes;
pub use lengths::Lengths;
pub use node::{Name, Node, NodeId, Occurrence};
pub use profiler::Profiler;
pub use repeats::Repeats;
pub use shape::Shape;
pub use sizes::{Size, Sizes};
pub use values::{Seen, Values};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Nodes, and those that they are now together.
pub type Joined = BTreeMap<NodeId, Vec<NodeId>>;

/// What occurs in some documents.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Elements and attributes; a parent is before its children.
    nodes: Vec<Node>,
    /// The root elements: one, unless documents of several kinds were read.
    #[serde(skip)]
    roots: Vec<NodeId>,
    /// Documents that were read to their end.
    pub documents: u64,
    /// Their bytes, as UTF-8.
    pub bytes: u64,
}

impl Profile {
    /// The most different paths. A set of documents with more has names that are data, and the draft
    /// of a contract for it would help nobody.
    pub const MOST_PATHS: usize = 50_000;

    /// The namespace of `xsi:nil` and its like, whose attributes describe the document and are no paths.
    pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

    /// The root elements, the most frequent first.
    pub fn roots(&self) -> Vec<NodeId> {
        let mut roots = self.roots.clone();
        roots.sort_by_key(|root| (std::cmp::Reverse(self[*root].count), self[*root].first));
        roots
    }

    /// The attributes and child elements of a node, in the order in which documents have them.
    pub fn children(&self, of: NodeId) -> Vec<NodeId> {
        let mut children = self[of].children.clone();
        children.sort_by_key(|child| self[*child].first);
        children
    }

    /// All nodes below and with `root`, parents first, in the order in which documents have them.
    pub fn below(&self, root: NodeId) -> Vec<NodeId> {
        let (mut nodes, mut left) = (Vec::new(), vec![root]);
        while let Some(node) = left.pop() {
            nodes.push(node);
            left.extend(self.children(node).into_iter().rev());
        }
        nodes
    }

    /// The nodes from the root to this one.
    pub fn line(&self, node: NodeId) -> Vec<NodeId> {
        let mut line = vec![node];
        while let Some(parent) = self[line[line.len() - 1]].parent {
            line.push(parent);
        }
        line.reverse();
        line
    }

    /// The path of a node, as documents write it: `/loan/contact/@id`.
    pub fn path(&self, node: NodeId) -> String {
        self.line(node).iter().map(|step| format!("/{}", self[*step].written())).collect()
    }

    /// The number of paths.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds what another profile has seen. The result does not depend on which of the two is first,
    /// nor on how the documents were divided.
    pub fn merge(&mut self, other: Self) {
        self.documents += other.documents;
        self.bytes += other.bytes;
        // A parent is before its children, so that its place here is known.
        let mut places: Vec<NodeId> = Vec::with_capacity(other.nodes.len());
        for mut node in other.nodes {
            let parent = node.parent.map(|parent| places[parent.0 as usize]);
            node.parent = parent;
            node.children.clear();
            let known = self.find(parent, &node.name, node.is_attribute);
            places.push(match known {
                Some(known) => {
                    self.nodes[known.0 as usize].merge(node);
                    known
                }
                None => self.push(node),
            });
        }
    }

    /// The profile that was written to a file; `None` if no profile has such nodes.
    pub fn restored(self) -> Option<Self> {
        let mut nodes = (0_u32..).zip(&self.nodes);
        let is_sound = self.nodes.len() <= Self::MOST_PATHS
            && nodes.all(|(at, node)| {
                node.parent.is_none_or(|parent| parent.0 < at) && node.values.lengths.is_sound()
            });
        is_sound.then(|| {
            let mut whole = Self::default();
            whole.merge(self);
            whole
        })
    }

    /// The numbers of the documents that examples are from, and the first of each root element.
    pub fn documents_of_examples(&self) -> BTreeSet<u64> {
        let examples = self.nodes.iter().flat_map(|node| node.values.examples());
        let of_roots = self.roots.iter().map(|root| self[*root].first.0);
        examples.map(|example| example.document).chain(of_roots).collect()
    }

    /// Adds what is in some elements to what is in the first of them, as if all were one.
    pub fn join(&mut self, elements: &[NodeId]) -> Joined {
        let mut joined = Joined::new();
        let Some((first, others)) = elements.split_first() else { return joined };
        let below: Vec<Vec<NodeId>> = others.iter().map(|other| self.below(*other)).collect();
        let before = self.nodes.len();
        for (other, below) in others.iter().zip(below) {
            let mut places = BTreeMap::from([(*other, *first)]);
            for id in below {
                let mut node = self[id].clone();
                node.children.clear();
                let known = match node.parent.and_then(|parent| places.get(&parent)) {
                    Some(parent) if id != *other => {
                        node.parent = Some(*parent);
                        self.find(Some(*parent), &node.name, node.is_attribute)
                    }
                    _ => Some(*first),
                };
                let place = match known {
                    Some(known) => {
                        self.nodes[known.0 as usize].merge(node);
                        known
                    }
                    None => self.push(node),
                };
                places.insert(id, place);
                let is_old = (place.0 as usize) < before;
                joined
                    .entry(place)
                    .or_insert_with(|| Vec::from_iter(is_old.then_some(place)))
                    .push(id);
            }
        }
        joined
    }

    /// The child of that name.
    fn find(&self, parent: Option<NodeId>, name: &Name, is_attribute: bool) -> Option<NodeId> {
        let among = match parent {
            Some(parent) => &self[parent].children,
            None => &self.roots,
        };
        let is_it = |id: &&NodeId| {
            let node = &self[**id];
            node.is_attribute == is_attribute && node.name.same(name)
        };
        among.iter().find(is_it).copied()
    }

    fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("fewer paths"));
        match node.parent {
            Some(parent) => self.nodes[parent.0 as usize].children.push(id),
            None => self.roots.push(id),
        }
        self.nodes.push(node);
        id
    }
}

impl std::ops::Index<NodeId> for Profile {
    type Output = Node;

    fn index(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}
