//! From written expressions to those that are evaluated.

use super::compiler::{Compiler, Leaf, Leaves, Mode};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind, Function, Path};
use crate::contract::plan::*;
use crate::value::convert::Conversion;
use crate::value::datetime::DatePattern;
use crate::value::functions::{DatePart, LikePattern};
use crate::value::SqlType;

impl<'m> Compiler<'m> {
    /// The tree with its leaves turned into what `leaves` makes of them.
    pub(super) fn lower(&mut self, expr: &Expr, leaves: Leaves<'_, 'm>) -> Op {
        let to_xml = self.to_xml;
        self.to_xml &= hands_on_text(&expr.kind);
        let op = self.lowered(expr, leaves);
        self.to_xml = to_xml;
        op
    }

    fn lowered(&mut self, expr: &Expr, leaves: Leaves<'_, 'm>) -> Op {
        let mut one = |compiler: &mut Self, e: &Expr| Box::new(compiler.lower(e, leaves));
        match &expr.kind {
            ExprKind::Null => Op::Null,
            ExprKind::Text(text) => Op::Text(text.as_str().into()),
            ExprKind::Integer(number) => Op::Integer(*number),
            ExprKind::Decimal(number) => Op::Decimal(*number),
            ExprKind::Path(p) => self.stripped(p, Mode::Every, leaves),
            ExprKind::Column(name) => leaves(self, Leaf::Column(name)),
            ExprKind::Negate(e) => Op::Negate(one(self, e)),
            ExprKind::Not(e) => Op::Not(one(self, e)),
            ExprKind::Binary { op, left, right } => {
                Op::Binary(*op, one(self, left), one(self, right))
            }
            ExprKind::IsNull { operand, negated } => Op::IsNull(one(self, operand), *negated),
            ExprKind::IsEmpty { operand, negated } => Op::IsEmpty(one(self, operand), *negated),
            ExprKind::In { operand, list, negated } => {
                let operand = one(self, operand);
                Op::In(operand, self.lower_all(list, leaves), *negated)
            }
            ExprKind::Like { operand, pattern, negated } => {
                let operand = one(self, operand);
                let literal = match &pattern.kind {
                    ExprKind::Text(text) => LikePattern::new(text).ok(),
                    _ => None,
                };
                match literal {
                    Some(literal) => Op::LikePattern(operand, literal, *negated),
                    None => Op::Like(operand, Box::new(self.lower(pattern, leaves)), *negated),
                }
            }
            ExprKind::Between { operand, low, high, negated } => {
                Op::Between(one(self, operand), one(self, low), one(self, high), *negated)
            }
            ExprKind::Case { operand, whens, otherwise } => {
                let operand = operand.as_ref().map(|e| self.lower_beside(e, leaves));
                let whens = whens.iter().map(|(when, then)| {
                    (self.lower_beside(when, leaves), self.lower(then, leaves))
                });
                let whens = whens.collect();
                let otherwise = otherwise.as_ref().map(|e| Box::new(self.lower(e, leaves)));
                Op::Case(operand.map(Box::new), whens, otherwise)
            }
            ExprKind::Cast { operand, sql_type, or_null } => {
                let to_xml = std::mem::replace(&mut self.to_xml, *sql_type == SqlType::Xml);
                let operand = Box::new(self.lower(operand, leaves));
                self.to_xml = to_xml;
                let conversion = Conversion::for_cast(*sql_type);
                let conversion = conversion.date_formats(self.date_formats.clone());
                Op::Cast(operand, conversion, *or_null)
            }
            ExprKind::Call { function, arguments } => self.call(*function, arguments, leaves),
            ExprKind::DatePart(_) => Op::Null,
        }
    }

    /// The text of a path, without the white space around it where the contract strips it.
    pub(super) fn stripped(&mut self, path: &Path, mode: Mode, leaves: Leaves<'_, 'm>) -> Op {
        let text = leaves(self, Leaf::Path(path, mode));
        match self.model.document.strip {
            true => Op::Strip(Box::new(text)),
            false => text,
        }
    }

    /// What is read to make a value, but not put into it.
    fn lower_beside(&mut self, expr: &Expr, leaves: Leaves<'_, 'm>) -> Op {
        let to_xml = std::mem::take(&mut self.to_xml);
        let op = self.lower(expr, leaves);
        self.to_xml = to_xml;
        op
    }

    /// An argument, which may become a part of what the function returns.
    fn argument(
        &mut self,
        function: Function,
        (at, argument): (usize, &Expr),
        leaves: Leaves<'_, 'm>,
    ) -> Op {
        match function.hands_on(at) {
            true => self.lower(argument, leaves),
            false => self.lower_beside(argument, leaves),
        }
    }

    pub(super) fn lower_all(&mut self, list: &[Expr], leaves: Leaves<'_, 'm>) -> Vec<Op> {
        list.iter().map(|e| self.lower(e, leaves)).collect()
    }

    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        leaves: Leaves<'_, 'm>,
    ) -> Op {
        let path_argument = match arguments.first().map(|e| &e.kind) {
            Some(ExprKind::Path(p)) => Some(p),
            _ => None,
        };
        match (function, path_argument) {
            (Function::First, Some(p)) if arguments.len() == 1 => {
                self.stripped(p, Mode::Chosen(Kept::First), leaves)
            }
            (Function::Last, Some(p)) if arguments.len() == 1 => {
                self.stripped(p, Mode::Chosen(Kept::Last), leaves)
            }
            (Function::InnerXml, Some(p)) => {
                let markup = leaves(self, Leaf::Path(p, Mode::InnerXml));
                match self.to_xml {
                    true => Op::Fragment(Box::new(markup)),
                    false => markup,
                }
            }
            (Function::Following, Some(p)) => leaves(self, Leaf::Following(p)),
            (Function::Position, _) => leaves(self, Leaf::Position),
            (Function::Parent, _) => match &arguments[0].kind {
                ExprKind::Column(name) => leaves(self, Leaf::Parent(name)),
                _ => Op::Null,
            },
            (Function::Lookup, _) if arguments.len() == 3 => {
                let name = match &arguments[0].kind {
                    ExprKind::Text(name) => name.as_str(),
                    _ => "",
                };
                let mut known = self.model.keys.iter();
                let Some(key) = known.position(|k| k.name.eq_ignore_ascii_case(name)) else {
                    return Op::Null;
                };
                let text = self.lower_beside(&arguments[1], leaves);
                leaves(self, Leaf::Key);
                let of_element = self.condition(self.keys[key], &arguments[2]);
                Op::Key(Box::new(KeyLookup { key, text, of_element }))
            }
            (Function::Lookup, _) => {
                let name = match &arguments[0].kind {
                    ExprKind::Text(name) => name.as_str(),
                    _ => "",
                };
                let known = self.model.lookups.iter();
                let index = known.map(|l| &l.name).position(|n| n.eq_ignore_ascii_case(name));
                let text = self.lower_beside(&arguments[1], leaves);
                Op::Lookup(index.unwrap_or_default(), Box::new(text))
            }
            (Function::ParseDate, _) => {
                let patterns = arguments[1..].iter().filter_map(|argument| match &argument.kind {
                    ExprKind::Text(text) => DatePattern::new(text).ok(),
                    _ => None,
                });
                let patterns = patterns.collect();
                Op::ParseDate(Box::new(self.lower_beside(&arguments[0], leaves)), patterns)
            }
            (Function::DateAdd | Function::DateDiff, _) => {
                let part = match &arguments[0].kind {
                    ExprKind::DatePart(part) => *part,
                    _ => DatePart::Day,
                };
                let first = Box::new(self.lower_beside(&arguments[1], leaves));
                let second = Box::new(self.lower_beside(&arguments[2], leaves));
                if function == Function::DateAdd {
                    Op::DateAdd(part, first, second)
                } else {
                    Op::DateDiff(part, first, second)
                }
            }
            _ if function.is_aggregate() => self.aggregate(function, arguments, leaves),
            _ => {
                let arguments = arguments.iter().enumerate();
                let lowered = arguments.map(|argument| self.argument(function, argument, leaves));
                Op::Call(function, lowered.collect())
            }
        }
    }

    /// A function over all nodes of the one path in its first argument.
    pub(super) fn aggregate(
        &mut self,
        function: Function,
        arguments: &[Expr],
        leaves: Leaves<'_, 'm>,
    ) -> Op {
        let mut path = None;
        arguments[0].walk_outside_predicates(&mut |part| {
            if let ExprKind::Path(found) = &part.kind {
                path = Some(found);
            }
        });
        let Some(path) = path else { return Op::Null };
        let (fewest, _) = function.arity();
        let of_element = arguments.get(fewest);
        // An element with an expression is captured with its frame, with or without text.
        let mode = if of_element.is_some() { Mode::InnerXml } else { Mode::Every };
        let Op::One(slot) = leaves(self, Leaf::Path(path, mode)) else { return Op::Null };
        let to_xml = self.to_xml;
        self.to_xml &= function.hands_on(fewest);
        let of_element = of_element.map(|each| self.condition(self.reached, each));
        let mut each = match &arguments[0].kind {
            ExprKind::Path(_) => None,
            _ => Some(self.lower(&arguments[0], &mut |_, _| Op::Current)),
        };
        let mut rest = self.lower_all(&arguments[1..fewest], leaves);
        self.to_xml = to_xml;
        let of_row = each.iter_mut().chain(&mut rest).any(Op::reads_row);
        let shared = (!of_row).then(|| {
            self.shared += 1;
            self.shared
        });
        Op::Aggregate(Box::new(Aggregate { function, slot, each, of_element, rest, shared }))
    }
}

/// Whether the text of an operand may become a part of what the operator returns.
fn hands_on_text(kind: &ExprKind) -> bool {
    match kind {
        ExprKind::Path(_)
        | ExprKind::Column(_)
        | ExprKind::Case { .. }
        | ExprKind::Cast { .. }
        | ExprKind::Call { .. }
        | ExprKind::Binary { op: BinaryOp::Concat, .. } => true,
        ExprKind::Null
        | ExprKind::Text(_)
        | ExprKind::Integer(_)
        | ExprKind::Decimal(_)
        | ExprKind::Negate(_)
        | ExprKind::Not(_)
        | ExprKind::Binary { .. }
        | ExprKind::IsNull { .. }
        | ExprKind::IsEmpty { .. }
        | ExprKind::In { .. }
        | ExprKind::Like { .. }
        | ExprKind::Between { .. }
        | ExprKind::DatePart(_) => false,
    }
}
