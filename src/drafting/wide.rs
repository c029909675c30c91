//! Elements of a schema that get a table of their own because the row around them would be too wide.
//!
//! A schema declares more than documents have; SQL Server's rows have at most 1,024 columns.

use std::collections::{HashMap, HashSet};

use super::evidence::{has_value, may_repeat};
use crate::profile::{NodeId, Profile};

/// Columns of a table, of any types: 500 of them fit a row.
const MOST: usize = 500;

/// The elements that occur once, and become tables. Where no schema declares the root, there are none.
pub(super) fn divided(profile: &Profile, root: NodeId, skip: &[String]) -> HashSet<NodeId> {
    let mut divided = HashSet::new();
    if profile[root].declared.is_none() {
        return divided;
    }
    let nodes: Vec<NodeId> = profile.below(root);
    let skipped: HashSet<NodeId> = match skip.is_empty() {
        true => HashSet::new(),
        false => nodes.iter().copied().filter(|n| skip.contains(&profile.path(*n))).collect(),
    };
    let is_row = |node: &NodeId| {
        let element = &profile[*node];
        *node == root || !element.is_attribute && (may_repeat(element) || element.recursive > 0)
    };
    // Children are behind their parents, so that the way back meets them first.
    let mut widths: HashMap<NodeId, usize> = HashMap::new();
    for node in nodes.iter().rev() {
        let mut parts: Vec<(usize, NodeId)> = Vec::new();
        let mut width = usize::from(has_value(&profile[*node]));
        for child in profile.children(*node) {
            let of_child = widths.get(&child).copied().unwrap_or(0);
            width += of_child;
            if of_child > 1 && !profile[child].is_attribute {
                parts.push((of_child, child));
            }
        }
        parts.sort();
        while width > MOST {
            let Some((of_child, child)) = parts.pop() else { break };
            width -= of_child;
            divided.insert(child);
        }
        let stays = !is_row(node) && !skipped.contains(node);
        // An empty element is a column too: whether it occurs.
        widths.insert(*node, if stays { width.max(1) } else { 0 });
    }
    divided
}
