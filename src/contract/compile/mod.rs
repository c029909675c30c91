//! From a model to its plan.

mod compiler;
mod expressions;
mod frames;
mod paths;
mod rule;

use self::compiler::{Compiler, Mode};
use super::expr::ast::{Path, Read};
use super::model::{Lookup, Model, OnMissing};
use super::plan::{
    FrameRef, LookupPlan, NameMap, Node, NodeId, Plan, RootName, Rule, SlotRef, Unwrap,
};
use super::target::TargetTable;

/// Compiles a model without mistakes.
pub(super) fn compile(model: &Model, targets: &[TargetTable]) -> Plan {
    let mut compiler = Compiler::new(model, targets);
    let key = model.document.key.as_ref().map(|p| (compiler.document_slot(p), p.location()));
    let require = model.document.require.iter().map(|path| compiler.required(path)).collect();
    let keys = model.keys.iter().map(|key| compiler.key(key)).collect();
    let rows: Vec<NodeId> = (0..model.tables.len()).map(|i| compiler.row_node(i)).collect();
    let mut rules: Vec<Rule> = (0..model.tables.len()).map(|i| compiler.rule(i, rows[i])).collect();
    compiler.link_parents(&mut rules, &rows);
    compiler.resolve_hops(&mut rules, &rows);
    let unwrap = model.document.unwrap.as_ref().map(|path| Box::new(unwrap(model, path)));
    Plan { key, require, unwrap, keys, ..plan(compiler, rules) }
}

/// What finds the elements whose text is XML, before anything else is read.
fn unwrap(model: &Model, path: &Path) -> Unwrap {
    let mut compiler = Compiler::new(model, &[]);
    let node = compiler.walk(0, path);
    let slot = |slot| SlotRef { frame: FrameRef::Document, slot };
    let text = slot(compiler.slot_for(0, node, &Read::Text, Mode::Every));
    let markup = slot(compiler.slot_for(0, node, &Read::Text, Mode::InnerXml));
    compiler.resolve_hops(&mut [], &[]);
    Unwrap { plan: plan(compiler, Vec::new()), text, markup, path: path.location() }
}

/// The plan of what was compiled, without what is read of the document as a whole.
fn plan(compiler: Compiler<'_>, rules: Vec<Rule>) -> Plan {
    let model = compiler.model;
    let roots = model.document.roots.iter().map(|root| {
        let (uris, name) = model.document.split_name(root);
        RootName { name: name.into(), uris }
    });
    let roots = roots.collect();
    let nodes = compiler.nodes;
    let namespaced = !model.document.namespaces.is_empty();
    let of_any_name =
        |node: &Node| !node.any_children.is_empty() || !node.any_descendants.is_empty();
    Plan {
        by_name_alone: !namespaced && !nodes.iter().any(of_any_name),
        looks_around: nodes.iter().any(Node::looks_around),
        ancestors: nodes.iter().map(|node| node.ancestors.len()).sum(),
        decides_late: nodes.iter().any(|node| !node.late.is_empty()),
        takes_back: nodes.iter().any(|node| !node.fills.is_empty()),
        gathers: !compiler.picks.is_empty() || nodes.iter().any(|node| !node.gathers.is_empty()),
        picks: compiler.picks,
        nodes,
        rules,
        lookups: model.lookups.iter().map(lookup).collect(),
        roots,
        key: None,
        require: Vec::new(),
        unwrap: None,
        keys: Vec::new(),
        check: model.document.check,
        ignore_case_attributes: model.document.ignore_case_attributes,
        strip: model.document.strip,
        namespaced,
        strips_prefixes: namespaced || model.document.ignore_namespaces,
        local_names: model.document.ignore_namespaces,
        qualifies_attributes: model.document.ignore_namespaces
            || !compiler.attribute_namespaces.is_empty(),
        attribute_namespaces: compiler.attribute_namespaces,
        date_formats: compiler.date_formats,
    }
}

fn lookup(lookup: &Lookup) -> LookupPlan {
    let (mut exact, mut folded) = (NameMap::new(false), NameMap::new(false));
    for (key, value) in &lookup.values {
        let key = key.trim();
        exact.entry(key.as_bytes(), || value.clone());
        folded.entry(key.to_lowercase().as_bytes(), || value.clone());
    }
    let blank = lookup.values.iter().find(|(key, _)| key.trim().is_empty());
    LookupPlan {
        name: lookup.name.as_str().into(),
        match_mode: lookup.match_mode,
        on_blank: match blank {
            Some((_, value)) => OnMissing::Value(value.clone()),
            None => lookup.on_blank.clone(),
        },
        on_unmapped: lookup.on_unmapped.clone(),
        exact,
        folded,
    }
}
