//! Where the paths of a contract lead in a profile. Predicates are not asked: what they may select is
//! what the path reads.

use crate::contract::expr::ast::Origin;
use crate::contract::model::DocumentRules;
use crate::contract::{FoundName, WrittenNames};
use crate::profile::{Name, NodeId, Profile};

/// Follows paths through the documents that the contract is for.
pub(super) struct Follower<'c> {
    pub(super) document: &'c DocumentRules,
    names: WrittenNames,
    pub(super) profile: &'c Profile,
    roots: Vec<NodeId>,
}

/// Where a path is after some of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Above the root element.
    Document,
    /// Above all elements, for `//`.
    Anywhere,
    /// At an element.
    Element(NodeId),
}

impl Place {
    pub(super) fn element(self) -> Option<NodeId> {
        match self {
            Self::Element(node) => Some(node),
            Self::Document | Self::Anywhere => None,
        }
    }
}

impl<'c> Follower<'c> {
    pub(super) fn new(
        document: &'c DocumentRules,
        names: WrittenNames,
        profile: &'c Profile,
    ) -> Self {
        let is_its = |root: &NodeId| {
            let found = found(&profile[*root].name);
            document.roots.iter().any(|name| document.means_element(name, found))
        };
        let roots = profile.roots().into_iter().filter(is_its).collect();
        Self { document, names, profile, roots }
    }

    /// The root elements of the documents that the contract is for.
    pub(super) fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// All nodes of these documents.
    pub(super) fn all(&self) -> Vec<NodeId> {
        self.roots.iter().flat_map(|root| self.profile.below(*root)).collect()
    }

    /// The path of a node, with the names as the contract writes them.
    pub(super) fn path(&self, node: NodeId) -> String {
        let mut path = String::new();
        for id in self.profile.line(node) {
            let node = &self.profile[id];
            let at = if node.is_attribute { "@" } else { "" };
            let name = &node.name;
            let prefix = (!name.prefix.is_empty()).then_some(name.prefix.as_str());
            let uri = (!name.uri.is_empty()).then_some(name.uri.as_str());
            let written = self.names.written(prefix, &format!("{at}{}", name.local), uri);
            path = format!("{path}/{}", written.name);
        }
        path
    }

    /// Where a path begins, seen from these elements.
    pub(super) fn begin(&self, origin: Origin, from: &[NodeId]) -> Vec<Place> {
        match origin {
            Origin::Document => vec![Place::Document],
            Origin::Anywhere => vec![Place::Anywhere],
            Origin::Row { up } => {
                let mut at = from.to_vec();
                for _ in 0..up {
                    at = at.iter().flat_map(|node| self.around(*node)).collect();
                    unique(&mut at);
                }
                at.into_iter().map(Place::Element).collect()
            }
        }
    }

    /// The elements around an element; one that lies in its own kind counts as the outer one.
    fn around(&self, node: NodeId) -> impl Iterator<Item = NodeId> + use<> {
        let own = &self.profile[node];
        let itself = (own.recursive > 0).then_some(node);
        own.parent.into_iter().chain(itself)
    }

    /// The elements of a step.
    pub(super) fn step(&self, place: Place, name: &str) -> Vec<NodeId> {
        let candidates = match place {
            Place::Document => self.roots.clone(),
            Place::Anywhere => self.all(),
            Place::Element(node) => {
                let inside = self.profile.line(node).into_iter();
                let inside = inside.filter(|around| self.profile[*around].recursive > 0);
                self.profile.children(node).into_iter().chain(inside).collect()
            }
        };
        let is_it = |id: &NodeId| {
            let node = &self.profile[*id];
            !node.is_attribute && self.document.means_element(name, found(&node.name))
        };
        candidates.into_iter().filter(is_it).collect()
    }

    /// The attributes of an element that a name may read: the best one, and what is read where it
    /// is missing.
    pub(super) fn attributes(&self, element: NodeId, name: &str) -> Vec<NodeId> {
        let children = self.profile.children(element);
        let ranked = children.into_iter().filter_map(|id| {
            let node = &self.profile[id];
            let rank = self.document.means_attribute(name, found(&node.name));
            rank.filter(|_| node.is_attribute).map(|rank| (rank, id))
        });
        let mut ranked: Vec<(u8, NodeId)> = ranked.collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let always =
            |(_, id): &(u8, NodeId)| self.profile[*id].parents == self.profile[element].count;
        let needed = ranked.iter().position(always).map_or(ranked.len(), |at| at + 1);
        ranked.into_iter().take(needed).map(|(_, id)| id).collect()
    }

    /// Whether profiles do not have the attribute: `xsi:nil` and its like.
    pub(super) fn is_never_profiled(&self, name: &str) -> bool {
        match name.split_once(':') {
            Some((prefix, _)) => {
                let declared = self.document.declared(prefix);
                declared.is_some_and(|(_, uris)| uris.iter().any(|uri| uri == Profile::XSI))
            }
            None => {
                let known = ["nil", "type", "schemaLocation", "noNamespaceSchemaLocation"];
                self.document.ignore_namespaces && known.contains(&name)
            }
        }
    }
}

fn found(name: &Name) -> FoundName<'_> {
    FoundName { uri: &name.uri, prefix: &name.prefix, local: &name.local }
}

/// Leaves each node once, in its first place.
pub(super) fn unique(nodes: &mut Vec<NodeId>) {
    let mut seen = std::collections::HashSet::new();
    nodes.retain(|node| seen.insert(*node));
}
