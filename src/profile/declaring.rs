//! Adds to a profile what a schema says.

use super::declared::Declared;
use super::node::{Name, Node, NodeId};
use super::Profile;

impl Profile {
    /// Adds a path that is declared and in no document.
    pub fn add(&mut self, parent: Option<NodeId>, name: Name, is_attribute: bool) -> NodeId {
        let first = (0, self.nodes.len() as u64);
        self.push(Node::new(name, is_attribute, parent, first))
    }

    /// Adds what a schema says of a path, which it may say in several places.
    pub fn declare(&mut self, node: NodeId, declared: Declared) {
        match &mut self.nodes[node.0 as usize].declared {
            Some(known) => known.join(declared),
            none => *none = Some(Box::new(declared)),
        }
    }

    /// Adds a remark to what a schema says of a path.
    pub fn remark(&mut self, node: NodeId, remark: String) {
        if let Some(declared) = &mut self.nodes[node.0 as usize].declared {
            if !declared.remarks.contains(&remark) {
                declared.remarks.push(remark);
            }
        }
    }

    /// A schema lets an element be inside itself.
    pub fn declare_recursive(&mut self, node: NodeId) {
        let node = &mut self.nodes[node.0 as usize];
        node.recursive = node.recursive.max(1);
    }
}
