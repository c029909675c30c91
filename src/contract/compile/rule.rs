//! The rules of tables.

use std::collections::HashMap;

use super::compiler::{Compiler, Leaf, Mode, Scope};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin, Path, Read};
use crate::contract::identifier::same_name;
use crate::contract::model::{ColumnRule, TableRule};
use crate::contract::plan::*;
use crate::contract::target::Identity;
use crate::value::SqlType;

impl<'m> Compiler<'m> {
    pub(super) fn rule(&mut self, table: usize, node: NodeId) -> Rule {
        let rule = &self.model.tables[table];
        let mut scope = Scope { rule, node, ready: self.decided(node), numbered: false };
        let split = rule.split.as_ref().map(|split| {
            let origin = Origin::Row { up: 0 };
            let list = Path { origin, steps: Vec::new(), read: split.read.clone() };
            let list = Expr { kind: ExprKind::Path(list), span: Default::default() };
            let separator = split.separator.as_str().into();
            SplitPlan { list: self.row_op(&mut scope, &list), separator }
        });
        let where_ = rule.where_.as_ref().map(|e| self.row_op(&mut scope, e));
        let mut constants = Vec::new();
        let own = |_: usize| None;
        let mut templates = if rule.rows.is_empty() {
            vec![Template { when: None, values: self.values(&mut scope, &mut constants, own) }]
        } else {
            rule.rows
                .iter()
                .map(|row| {
                    let when = row.when.as_ref().map(|e| self.row_op(&mut scope, e));
                    let given: HashMap<_, _> = row.values.iter().map(|(at, e)| (*at, e)).collect();
                    let given = |index| given.get(&index).copied();
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
        let mut values = templates.iter_mut().flat_map(|template| &mut template.values);
        let reads_parent = values.any(|value| match value {
            ValuePlan::Numbered(op) => op.reads_parent(),
            _ => false,
        });
        Rule {
            table: rule.name.as_str().into(),
            target: rule.target,
            ready: scope.ready,
            columns: rule.columns.iter().map(|column| self.column(column)).collect(),
            split,
            where_,
            templates,
            keep_when,
            distinct,
            constants,
            parents: Vec::new(),
            numbered: scope.numbered,
            reads_parent,
            position: None,
        }
    }

    fn column(&self, rule: &ColumnRule) -> Column {
        Column {
            name: rule.name.as_str().into(),
            target_column: rule.target_column,
            conversion: rule.conversion(self.date_formats.clone()),
            on_error_null: rule.on_error_null,
            default: rule.default.clone(),
            required: rule.required && rule.identity != Identity::Generated,
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
                    self.to_xml = column.sql_type == SqlType::Xml;
                    let mut op = self.row_op(scope, expr);
                    self.to_xml = false;
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
            Leaf::Parent(name) => {
                compiler.parent_column(scope.rule, name).map_or(Op::Null, Op::Parent)
            }
            Leaf::Key => {
                scope.ready = Ready::Document;
                Op::Null
            }
            Leaf::Following(path) => compiler.following(scope, path),
            // Of a list, the number of the part.
            Leaf::Position if scope.rule.split.is_some() => {
                Op::Call(Function::Position, Vec::new())
            }
            Leaf::Position => Op::Position(compiler.position(scope.node)),
        });
        scope.numbered |= op.is_known_late();
        op
    }

    /// What the siblings have is caught for all rows of their parent; each row chooses the next.
    fn following(&mut self, scope: &mut Scope<'_>, path: &Path) -> Op {
        let Some((sibling, inside)) = path.steps.split_first() else { return Op::Null };
        let origin = Origin::Row { up: 1 };
        let siblings = Path { origin, steps: vec![sibling.clone()], read: Read::Text };
        let Op::One(slot) = self.row_path(scope, &siblings, Mode::InnerXml) else {
            return Op::Null;
        };
        let origin = Origin::Row { up: 0 };
        let inside = Path { origin, steps: inside.to_vec(), read: path.read.clone() };
        let span = sibling.span;
        let inside = Expr { kind: ExprKind::Path(inside), span };
        let of_element = self.condition(self.reached, &inside);
        Op::Following(Box::new(Following { slot, of_element }))
    }

    /// The index of a column in the parent table of a rule.
    fn parent_column(&self, rule: &TableRule, name: &str) -> Option<usize> {
        let parent = self.targets[rule.target].parent(self.targets)?;
        parent.columns.iter().position(|column| same_name(&column.name, name))
    }

    /// The slot with the number of the elements of `node` among those in one parent.
    fn position(&mut self, node: NodeId) -> u32 {
        if let Some(made) = &self.nodes[node].position {
            return made.slot;
        }
        let parent = self.ancestor_slot(node, 1, None);
        let slot = self.new_slot(node);
        self.nodes[node].position = Some(Position { node: node as u32, slot, parent });
        slot
    }
}
