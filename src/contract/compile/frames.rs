//! Which frames lie between what captures and what is captured for, once all are known.

use super::compiler::Compiler;
use crate::contract::plan::*;
use crate::contract::target::TargetTable;

impl<'m> Compiler<'m> {
    /// Finds, for each rule, the rules of its parent table whose elements contain its own.
    pub(super) fn link_parents(
        &self,
        rules: &mut [Rule],
        rows: &[NodeId],
        targets: &[TargetTable],
    ) {
        for (index, rule) in rules.iter_mut().enumerate() {
            let Some(key) = &targets[rule.target].foreign_key else { continue };
            for (other, parent) in self.model.tables.iter().enumerate() {
                if parent.name.eq_ignore_ascii_case(&key.references) && other != index {
                    if let Some(hops) = self.hops(rows[index], rows[other]) {
                        rule.parents.push((other, hops));
                    }
                }
            }
        }
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
        for node in 0..self.nodes.len() {
            let hops = |owner| self.hops(node, owner).unwrap_or_default();
            let resolve = |captures: &[Capture]| -> Vec<Capture> {
                captures.iter().map(|c| Capture { hops: hops(c.owner), ..*c }).collect()
            };
            let texts = resolve(&self.nodes[node].texts);
            let inner = resolve(&self.nodes[node].inner);
            let chosen: Vec<u32> =
                self.nodes[node].chosen.iter().map(|c| hops(c.into.owner)).collect();
            let mut attributes = std::mem::replace(
                &mut self.nodes[node].attributes,
                NameMap::new(self.model.document.ignore_case_attributes),
            );
            for captures in attributes.values_mut() {
                *captures = captures
                    .iter()
                    .map(|c| Capture { hops: self.hops(node, c.owner).unwrap_or_default(), ..*c })
                    .collect();
            }
            let node = &mut self.nodes[node];
            (node.texts, node.inner, node.attributes) = (texts, inner, attributes);
            for (chosen, hops) in node.chosen.iter_mut().zip(chosen) {
                chosen.into.hops = hops;
            }
        }
        self.collect_fills();
        self.resolve_gathers();
        for node in &mut self.nodes {
            let is_last = |filter: &Filter| matches!(filter, Filter::Last { .. });
            node.plain = node.chosen.is_empty()
                && node.inner.is_empty()
                && !node.filters.iter().any(is_last);
            node.reads_tag = !node.attributes.is_empty()
                || node.chosen.iter().any(|chosen| chosen.attribute.is_some())
                || node.filters.iter().any(|filter| matches!(filter, Filter::Condition(_)));
            node.reads_text =
                !node.texts.is_empty() || node.chosen.iter().any(|c| c.attribute.is_none());
        }
        for (rule, &node) in rules.iter_mut().zip(rows) {
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
                let captured = &self.nodes[inside];
                let all = captured.attributes.values().flatten();
                let all = all.chain(&captured.texts).chain(&captured.inner);
                for capture in all.chain(captured.chosen.iter().map(|c| &c.into)) {
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
    for op in rule.where_.iter_mut().chain(&mut rule.keep_when).chain(distinct).chain(templates) {
        op.each_slot(&change);
    }
}
