//! What a contract that is updated does with the nodes of documents already.

use std::collections::HashSet;

use crate::coverage::{Found, Reader};
use crate::profile::{Joined, NodeId, Profile};

/// What a contract does with the nodes of documents already.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Nodes whose value it reads.
    read: HashSet<NodeId>,
    /// Nodes that it has something to do with.
    asked: HashSet<NodeId>,
    /// The row elements of tables that get what is new in them.
    rows: HashSet<NodeId>,
    /// Nodes that are left out for good, with all in them.
    left_out: HashSet<NodeId>,
    /// Nodes that its names cannot mean.
    pub(super) nameless: HashSet<NodeId>,
    /// Nodes that have, or in which there is, something that it does not read.
    needed: HashSet<NodeId>,
}

impl Known {
    /// What `found` tells; `rows` are the row elements of tables that get what is new in them, and
    /// `left_out` has the paths that are left out for good.
    pub(super) fn new(
        profile: &Profile,
        found: &Found,
        rows: impl Iterator<Item = NodeId>,
        left_out: &HashSet<String>,
    ) -> Self {
        let read = |(node, readers): (&NodeId, &Vec<Reader>)| {
            let is_read = |reader: &Reader| reader.value;
            readers.iter().any(is_read).then_some(*node)
        };
        let asked = found.readers.iter().filter(|(_, readers)| !readers.is_empty());
        let all = found.roots.iter().flat_map(|root| profile.below(*root));
        let mut known = Self {
            read: found.readers.iter().filter_map(read).collect(),
            asked: asked.map(|(node, _)| *node).collect(),
            rows: rows.collect(),
            left_out: all.filter(|node| left_out.contains(&profile.path(*node))).collect(),
            ..Self::default()
        };
        found.roots.iter().for_each(|root| known.need(profile, *root));
        known
    }

    /// The same where nodes became others: what one of them lacks is lacking.
    pub(super) fn joined(&self, profile: &Profile, became: &Joined) -> Self {
        let mut joined = self.clone();
        for (new, of) in became {
            let mut set = |part: fn(&mut Self) -> &mut HashSet<NodeId>, is_in: bool| {
                let nodes = part(&mut joined);
                match is_in {
                    true => nodes.insert(*new),
                    false => nodes.remove(new),
                };
            };
            let all = |part: &HashSet<NodeId>| of.iter().all(|node| part.contains(node));
            let any = |part: &HashSet<NodeId>| of.iter().any(|node| part.contains(node));
            set(|known| &mut known.read, all(&self.read));
            set(|known| &mut known.asked, all(&self.asked));
            set(|known| &mut known.rows, any(&self.rows));
            set(|known| &mut known.left_out, any(&self.left_out));
            set(|known| &mut known.nameless, any(&self.nameless));
        }
        joined.needed.clear();
        profile.roots().into_iter().for_each(|root| joined.need(profile, root));
        joined
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
