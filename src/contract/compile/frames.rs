//! Which frames lie between what captures and what is captured for, once all are known.

use std::collections::HashMap;

use super::compiler::Compiler;
use crate::contract::expr::ast::Origin;
use crate::contract::plan::*;

impl<'m> Compiler<'m> {
    /// Finds, for each rule, the rules of its parent table whose elements contain its own. Where only
    /// the document tells which, they are looked for if the rule reads the parent's rows.
    pub(super) fn link_parents(&mut self, rules: &mut [Rule], rows: &[NodeId]) {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, table) in self.model.tables.iter().enumerate() {
            by_name.entry(table.name.to_ascii_lowercase()).or_default().push(index);
        }
        for (index, rule) in rules.iter_mut().enumerate() {
            let Some(key) = &self.targets[rule.target].foreign_key else { continue };
            let same_name = by_name.get(&key.references.to_ascii_lowercase());
            for other in same_name.into_iter().flatten().copied().filter(|other| *other != index) {
                let outer = self.model.tables[other].each.origin;
                let is_one = !rule.reads_parent || outer == Origin::Document;
                let hops = self.hops(rows[index], rows[other]).filter(|_| is_one);
                if let Some(hops) = hops {
                    rule.parents.push((other, ParentLink::Up(hops)));
                } else if rule.reads_parent && self.may_contain(other, index) {
                    let slot = self.new_slot(rows[index]);
                    let around = Around { node: rows[other], slot };
                    self.nodes[rows[index]].around.push(around);
                    rule.parents.push((other, ParentLink::Around(slot)));
                }
            }
        }
    }

    /// Whether elements of one table's row path may lie in those of another's.
    fn may_contain(&self, outer: usize, inner: usize) -> bool {
        let tables = &self.model.tables;
        tables[inner].each.may_lie_in(&tables[outer].each)
    }

    /// Frames between `node` and `owner`, when `owner` is `node` or contains it.
    pub(super) fn hops(&self, node: NodeId, owner: NodeId) -> Option<u32> {
        let (mut at, mut hops) = (node, 0);
        while at != owner {
            if at == 0 {
                return None;
            }
            hops += u32::from(self.nodes[at].frame);
            at = self.nodes[at].parent;
        }
        Some(hops)
    }

    /// Turns owners into numbers of frames, now that it is known which nodes have one.
    pub(super) fn resolve_hops(&mut self, rules: &mut [Rule], rows: &[NodeId]) {
        let hops_of = |id: NodeId| -> Vec<u32> {
            let captures = self.nodes[id].captures();
            captures.map(|c| self.hops(id, c.owner).unwrap_or_default()).collect()
        };
        let hops: Vec<_> = (0..self.nodes.len()).map(hops_of).collect();
        for (node, hops) in self.nodes.iter_mut().zip(hops) {
            node.captures_mut().zip(hops).for_each(|(capture, hops)| capture.hops = hops);
        }
        self.collect_fills();
        self.resolve_gathers();
        for node in &mut self.nodes {
            let is_last = |filter: &Filter| matches!(filter, Filter::Last { .. });
            node.plain = node.chosen.is_empty()
                && node.inner.is_empty()
                && node.strings.is_empty()
                && !node.filters.iter().any(is_last);
            node.reads_tag = !node.attributes.is_empty()
                || node.chosen.iter().any(|chosen| matches!(chosen.read, NodeRead::Attribute(_)))
                || node.filters.iter().any(|filter| matches!(filter, Filter::Condition(_)));
            node.reads_text =
                !node.texts.is_empty() || node.chosen.iter().any(|c| c.read == NodeRead::Text);
        }
        for (rule, &node) in rules.iter_mut().zip(rows) {
            rule.position = self.nodes[node].position;
            let up = |slot: &mut SlotRef| {
                if let FrameRef::Up(owner) = slot.frame {
                    slot.frame = FrameRef::Up(self.hops(node, owner as NodeId).unwrap_or_default());
                }
            };
            each_slot(rule, up);
        }
    }

    pub(super) fn resolve_gathers(&mut self) {
        for node in 0..self.nodes.len() {
            let mut gathers = std::mem::take(&mut self.nodes[node].gathers);
            for gather in &mut gathers {
                if let Gathered::Nodes { first, last, hops, .. } = &mut gather.from {
                    *hops = self.hops(*last, *first).unwrap_or_default();
                }
            }
            self.nodes[node].gathers = gathers;
        }
    }

    /// For every node with a predicate that may take captures back: which slots it fills.
    pub(super) fn collect_fills(&mut self) {
        for node in 0..self.nodes.len() {
            let Node { filters, late, .. } = &self.nodes[node];
            if late.is_empty() && !filters.iter().any(|f| matches!(f, Filter::Last { .. })) {
                continue;
            }
            let mut fills = Vec::new();
            for inside in 0..self.nodes.len() {
                if self.hops(inside, node).is_none() {
                    continue;
                }
                for capture in self.nodes[inside].captures() {
                    if self.hops(capture.owner, node).is_some() {
                        continue;
                    }
                    let parent = self.nodes[node].parent;
                    let hops = self.hops(parent, capture.owner).unwrap_or_default();
                    let fill = Capture { hops, ..*capture };
                    if !fills.contains(&fill) {
                        fills.push(fill);
                    }
                }
            }
            self.nodes[node].fills = fills;
        }
    }
}

/// Calls `change` for every slot that a rule's expressions read.
fn each_slot(rule: &mut Rule, change: impl Fn(&mut SlotRef)) {
    let distinct = rule.distinct.iter_mut().flat_map(|d| d.by.iter_mut().chain(&mut d.prefer));
    let templates = rule.templates.iter_mut().flat_map(|template| {
        let values = template.values.iter_mut().filter_map(|value| match value {
            ValuePlan::Absent | ValuePlan::Constant(_) => None,
            ValuePlan::Early(op) | ValuePlan::Numbered(op) => Some(op),
        });
        template.when.iter_mut().chain(values)
    });
    let list = rule.split.iter_mut().map(|split| &mut split.list);
    let conditions = list.chain(rule.where_.iter_mut());
    for op in conditions.chain(&mut rule.keep_when).chain(distinct).chain(templates) {
        op.each_slot(&change);
    }
}
