//! From a model to its plan: the rules of its tables.

mod expressions;
mod frames;
mod paths;

use std::sync::Arc;

use super::{
    location, Column, DistinctPlan, DocumentPick, LookupPlan, Node, NodeId, Op, Plan, Ready, Rule,
    Template, ValuePlan,
};
use crate::contract::expr::ast::{Expr, Path, Predicate, Read};
use crate::contract::model::{self, Model, OnMissing, TableRule, TooLong};
use crate::contract::names::NameMap;
use crate::contract::TargetTable;
use crate::value::convert::Conversion;
use crate::value::datetime::DatePattern;

/// Compiles a model without mistakes.
pub(crate) fn compile(model: &Model, targets: &[TargetTable]) -> Plan {
    let mut compiler = Compiler::new(model);
    let key = model.document.key.as_ref().map(|p| (compiler.document_slot(p), location(p)));
    let require = model.document.require.iter().map(|path| compiler.required(path)).collect();
    let rows: Vec<NodeId> = (0..model.tables.len()).map(|i| compiler.row_node(i)).collect();
    let mut rules: Vec<Rule> = (0..model.tables.len()).map(|i| compiler.rule(i, rows[i])).collect();
    compiler.link_parents(&mut rules, &rows, targets);
    compiler.resolve_hops(&mut rules, &rows);
    let (root_uri, root) = compiler.split_name(&model.document.root);
    let nodes = compiler.nodes;
    Plan {
        ancestors: nodes.iter().map(|node| node.ancestors.len()).sum(),
        decides_late: nodes.iter().any(|node| !node.late.is_empty()),
        takes_back: nodes.iter().any(|node| !node.fills.is_empty()),
        gathers: !compiler.picks.is_empty() || nodes.iter().any(|node| !node.gathers.is_empty()),
        picks: compiler.picks,
        nodes,
        rules,
        lookups: model.lookups.iter().map(lookup).collect(),
        root: root.into(),
        root_uri,
        key,
        require,
        check: model.document.check,
        ignore_case_attributes: model.document.ignore_case_attributes,
        strip: model.document.strip,
        namespaced: !model.document.namespaces.is_empty(),
        qualified_attributes: compiler.qualified_attributes,
        date_formats: compiler.date_formats,
    }
}

fn lookup(lookup: &model::Lookup) -> LookupPlan {
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

/// How a path's nodes end up in a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Every,
    First,
    Last,
    /// Every element, also those that lack the attribute.
    All,
    InnerXml,
}

/// Where a path starts and whose frame it fills.
struct Anchor {
    owner: NodeId,
    ready: Ready,
}

/// What an expression is compiled in.
struct Scope<'m> {
    rule: &'m TableRule,
    node: NodeId,
    ready: Ready,
    numbered: bool,
}

/// A leaf of an expression.
enum Leaf<'e> {
    Path(&'e Path, Mode),
    Column(&'e str),
}

/// What a scope makes of the leaves of an expression.
type Leaves<'a, 'm> = &'a mut dyn FnMut(&mut Compiler<'m>, Leaf<'_>) -> Op;

struct Compiler<'m> {
    model: &'m Model,
    nodes: Vec<Node>,
    /// Steps that made each node, to share it between equal paths.
    steps: Vec<Vec<Predicate>>,
    /// Counters of steps that begin with `//`.
    anywhere_counters: u32,
    qualified_attributes: bool,
    picks: Vec<DocumentPick>,
    /// Slots already made: owner, path and mode.
    known: Vec<(NodeId, NodeId, Read, Mode, u32)>,
    date_formats: Arc<[DatePattern]>,
}

impl<'m> Compiler<'m> {
    fn new(model: &'m Model) -> Self {
        let mut compiler = Self {
            model,
            nodes: Vec::new(),
            steps: Vec::new(),
            anywhere_counters: 0,
            qualified_attributes: false,
            picks: Vec::new(),
            known: Vec::new(),
            date_formats: model.document.date_formats.clone().into(),
        };
        let document = compiler.new_node(0, None, Vec::new());
        compiler.nodes[document].frame = true;
        compiler
    }

    fn rule(&mut self, table: usize, node: NodeId) -> Rule {
        let rule = &self.model.tables[table];
        let mut scope = Scope { rule, node, ready: self.decided(node), numbered: false };
        let where_ = rule.where_.as_ref().map(|e| self.row_op(&mut scope, e));
        let mut constants = Vec::new();
        let own = |_: usize| None;
        let templates = if rule.rows.is_empty() {
            vec![Template { when: None, values: self.values(&mut scope, &mut constants, own) }]
        } else {
            rule.rows
                .iter()
                .map(|row| {
                    let when = row.when.as_ref().map(|e| self.row_op(&mut scope, e));
                    let given = |index| {
                        row.values.iter().find(|(column, _)| *column == index).map(|(_, e)| e)
                    };
                    Template { when, values: self.values(&mut scope, &mut constants, given) }
                })
                .collect()
        };
        let distinct = rule.distinct.as_ref().map(|distinct| DistinctPlan {
            by: distinct.by.iter().map(|e| self.row_op(&mut scope, e)).collect(),
            keep: distinct.keep,
            prefer: distinct.prefer.as_ref().map(|e| self.row_op(&mut scope, e)),
        });
        let keep_when = rule.keep_when.as_ref().map(|e| self.row_op(&mut scope, e));
        Rule {
            table: rule.name.as_str().into(),
            target: rule.target,
            ready: scope.ready,
            columns: rule.columns.iter().map(|column| self.column(column)).collect(),
            where_,
            templates,
            keep_when,
            distinct,
            constants,
            parents: Vec::new(),
            numbered: scope.numbered,
        }
    }

    fn column(&self, rule: &model::ColumnRule) -> Column {
        let conversion = Conversion::for_column(rule.sql_type)
            .date_formats(self.date_formats.clone())
            .truncate(rule.too_long == TooLong::Truncate)
            .keep_blank(rule.blank_keep);
        Column {
            name: rule.name.as_str().into(),
            target_column: rule.target_column,
            conversion,
            on_error_null: rule.on_error_null,
            default: rule.default.clone(),
            required: rule.required && !rule.identity,
        }
    }

    /// One value per column: what `given` has for it, else the column's own.
    fn values<'e>(
        &mut self,
        scope: &mut Scope<'e>,
        constants: &mut Vec<(usize, Op)>,
        given: impl Fn(usize) -> Option<&'e Expr>,
    ) -> Vec<ValuePlan>
    where
        'm: 'e,
    {
        let rule = scope.rule;
        let mut values = Vec::with_capacity(rule.columns.len());
        for (index, column) in rule.columns.iter().enumerate() {
            values.push(match given(index).or(column.value.as_ref()) {
                None => ValuePlan::Absent,
                Some(expr) => {
                    let numbered = std::mem::take(&mut scope.numbered);
                    let mut op = self.row_op(scope, expr);
                    let is_numbered = std::mem::replace(&mut scope.numbered, numbered);
                    scope.numbered |= is_numbered;
                    if is_numbered {
                        ValuePlan::Numbered(op)
                    } else if op.is_constant() {
                        constants.push((index, op));
                        ValuePlan::Constant(constants.len() - 1)
                    } else {
                        ValuePlan::Early(op)
                    }
                }
            });
        }
        values
    }

    fn row_op(&mut self, scope: &mut Scope<'_>, expr: &Expr) -> Op {
        let mut op = self.lower(expr, &mut |compiler, leaf| match leaf {
            Leaf::Path(path, mode) => compiler.row_path(scope, path, mode),
            Leaf::Column(name) => {
                let mut columns = scope.rule.columns.iter();
                columns.position(|c| c.name == name).map_or(Op::Null, Op::Column)
            }
        });
        scope.numbered |= op.reads_ordinal();
        op
    }
}
