//! What a contract that is updated does with the nodes of documents already.

use std::collections::HashSet;

use super::namespaces::Namespaces;
use super::report::Report;
use crate::coverage::{Found, Reader};
use crate::profile::{Joined, NodeId, Profile};

/// What a contract does with the nodes of documents already.
#[derive(Debug, Clone)]
pub(super) struct Known<'p> {
    /// The documents, path by path.
    documents: &'p Profile,
    /// All nodes of those that the contract is for.
    all: Vec<NodeId>,
    /// Which of its nodes others are together.
    members: Joined,
    /// Those of them that lack something, where they are several.
    lacking: Joined,
    /// Nodes whose value it reads.
    read: HashSet<NodeId>,
    /// Nodes that it has something to do with.
    asked: HashSet<NodeId>,
    /// The row elements of tables that get what is new in them.
    rows: HashSet<NodeId>,
    /// Nodes that are left out for good, or are no concern of the table, with all in them.
    left_out: HashSet<NodeId>,
    /// Nodes that its names cannot mean.
    pub(super) nameless: HashSet<NodeId>,
    /// Elements inside themselves that a row path of their name would not find alone.
    pub(super) scattered: HashSet<NodeId>,
    /// Nodes that have, or in which there is, something that it does not read.
    needed: HashSet<NodeId>,
}

impl<'p> Known<'p> {
    /// What `found` tells; `rows` are the row elements of tables that get what is new in them, and
    /// `left_out` has the paths that are left out for good.
    pub(super) fn new(
        documents: &'p Profile,
        found: &Found,
        rows: impl Iterator<Item = NodeId>,
        left_out: &HashSet<String>,
    ) -> Self {
        let read = |(node, readers): (&NodeId, &Vec<Reader>)| {
            let is_read = |reader: &Reader| reader.value;
            readers.iter().any(is_read).then_some(*node)
        };
        let asked = found.readers.iter().filter(|(_, readers)| !readers.is_empty());
        let all: Vec<NodeId> = found.roots.iter().flat_map(|root| documents.below(*root)).collect();
        let is_left_out = |node: &&NodeId| left_out.contains(&documents.path(**node));
        let mut known = Self {
            read: found.readers.iter().filter_map(read).collect(),
            asked: asked.map(|(node, _)| *node).collect(),
            rows: rows.collect(),
            left_out: all.iter().filter(is_left_out).copied().collect(),
            ..Self::empty(documents, all)
        };
        found.roots.iter().for_each(|root| known.need(documents, *root));
        known
    }

    /// The same where the elements that a row path finds are one, with all in them. What the table's
    /// own elements lack is lacking; the others have tables that fit them better.
    pub(super) fn joined(&self, profile: &Profile, members: Joined, own: &[NodeId]) -> Self {
        let mut joined = Self { members, ..Self::empty(self.documents, self.all.clone()) };
        let nodes = self.inside(own);
        for node in profile.below(own[0]) {
            let all = joined.members(node);
            let is_row = |member: &NodeId| node != own[0] && self.rows.contains(member);
            let is_done = |member: &&NodeId| is_row(member) || self.left_out.contains(member);
            let own = all.iter().copied().filter(|member| nodes.contains(member));
            let (done, open): (Vec<NodeId>, Vec<NodeId>) = own.partition(|member| is_done(&member));
            let is_any = |of: &HashSet<NodeId>| open.iter().any(|member| of.contains(member));
            let has_value = |member: &&NodeId| self.documents[**member].values.count() > 0;
            let mut with_value = open.iter().filter(has_value);
            let is_read = is_any(&self.read) && with_value.all(|member| self.read.contains(member));
            let is_asked = open.iter().all(|member| self.asked.contains(member));
            // A path to what is lacking would lead to the others too.
            let is_shared =
                !done.is_empty() || all.iter().any(|member| self.nameless.contains(member));
            for (is_in, part) in [
                (open.is_empty(), &mut joined.left_out),
                (!open.is_empty() && is_shared, &mut joined.nameless),
                (is_read, &mut joined.read),
                (is_asked, &mut joined.asked),
            ] {
                if is_in {
                    part.insert(node);
                }
            }
            let is_listed = |member: &NodeId| {
                let is_empty = self.documents[*member].values.count() == 0;
                let is_empty = is_empty && self.documents.children(*member).is_empty();
                is_empty || self.needed.contains(member)
            };
            joined.lacking.insert(node, open.into_iter().filter(is_listed).collect());
        }
        joined.need(profile, own[0]);
        joined
    }

    fn empty(documents: &'p Profile, all: Vec<NodeId>) -> Self {
        Self {
            documents,
            all,
            members: Joined::new(),
            lacking: Joined::new(),
            read: HashSet::new(),
            asked: HashSet::new(),
            rows: HashSet::new(),
            left_out: HashSet::new(),
            nameless: HashSet::new(),
            scattered: HashSet::new(),
            needed: HashSet::new(),
        }
    }

    /// All nodes that a table gets for its row elements: in those of tables inside, nothing.
    fn inside(&self, rows: &[NodeId]) -> HashSet<NodeId> {
        let mut nodes: HashSet<NodeId> = HashSet::new();
        let mut open: Vec<NodeId> = rows.to_vec();
        while let Some(node) = open.pop() {
            nodes.insert(node);
            let is_inside = !rows.contains(&node) && self.rows.contains(&node);
            if !is_inside && !self.left_out.contains(&node) {
                open.extend(self.documents.children(node));
            }
        }
        nodes
    }

    /// Notes for which of the nodes there is no name, and for which recursive ones no row path.
    pub(super) fn name(&mut self, profile: &Profile, nodes: &[NodeId], namespaces: &Namespaces) {
        let (mut nameless, mut scattered) = (Vec::new(), Vec::new());
        for node in nodes {
            let element = &profile[*node];
            let parents = element.parent.map_or_else(Vec::new, |parent| self.members(parent));
            let is_inner =
                |parent: &NodeId| namespaces.means_around(self.documents, element, *parent);
            if !namespaces.can_mean(profile, *node) || parents.iter().any(is_inner) {
                nameless.push(*node);
            }
            let members = self.members(*node);
            let is_other = |other: NodeId| {
                !members.contains(&other) && namespaces.means(element, &self.documents[other])
            };
            if element.recursive > 0 && self.all.iter().copied().any(is_other) {
                scattered.push(*node);
            }
        }
        self.nameless.extend(nameless);
        self.scattered.extend(scattered);
    }

    /// The nodes of the documents that a node is: more than one where a row path finds several
    /// elements.
    pub(super) fn members(&self, node: NodeId) -> Vec<NodeId> {
        self.members.get(&node).cloned().unwrap_or_else(|| vec![node])
    }

    /// The path of a node, as documents write it.
    pub(super) fn path(&self, node: NodeId) -> String {
        self.documents.path(self.members(node)[0])
    }

    /// Reports what is lacking of a node as left out.
    pub(super) fn left_out(&self, node: NodeId, why: &str, report: &mut Report) {
        let lacking = self.lacking.get(&node).cloned().unwrap_or_else(|| vec![node]);
        lacking.into_iter().for_each(|node| report.left_out(self.documents, node, why));
    }

    pub(super) fn is_scattered(&self, node: NodeId) -> bool {
        self.scattered.contains(&node)
    }

    pub(super) fn is_read(&self, node: NodeId) -> bool {
        self.read.contains(&node)
    }

    pub(super) fn is_asked(&self, node: NodeId) -> bool {
        self.asked.contains(&node)
    }

    pub(super) fn is_row(&self, node: NodeId) -> bool {
        self.rows.contains(&node)
    }

    pub(super) fn is_left_out(&self, node: NodeId) -> bool {
        self.left_out.contains(&node)
    }

    /// Whether there is something to add for a node, or in it.
    pub(super) fn is_needed(&self, node: NodeId) -> bool {
        self.needed.contains(&node)
    }

    /// Notes what is needed in a node. A row element is looked at for its own table.
    fn need(&mut self, profile: &Profile, node: NodeId) {
        if self.left_out.contains(&node) {
            return;
        }
        let children = profile.children(node);
        let mut is_needed = match profile[node].values.count() {
            0 if children.is_empty() => self.is_sometimes(profile, node),
            0 => false,
            _ => !self.read.contains(&node),
        };
        for child in children {
            self.need(profile, child);
            is_needed |= self.needed.contains(&child) && !self.rows.contains(&child);
        }
        if is_needed {
            self.needed.insert(node);
        }
    }

    /// Whether an element that has nothing is sometimes absent, and nothing asks for it.
    fn is_sometimes(&self, profile: &Profile, node: NodeId) -> bool {
        let own = &profile[node];
        let parents = own.parent.map_or(0, |parent| profile[parent].count);
        !own.is_attribute && own.parents < parents && !self.asked.contains(&node)
    }
}
