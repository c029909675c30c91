//! Walking over compiled expressions.

use super::{Op, SlotRef};
use crate::contract::expr::ast::Function;

impl Op {
    pub(super) fn each_slot(&mut self, change: &impl Fn(&mut SlotRef)) {
        match self {
            Op::One(slot) | Op::Pick(slot, _) => change(slot),
            Op::Aggregate(aggregate) => change(&mut aggregate.slot),
            _ => {}
        }
        self.each_part(&mut |part| part.each_slot(change));
    }

    /// Whether the value is the same for every row of a document.
    pub(super) fn is_constant(&mut self) -> bool {
        let mut constant = !matches!(
            self,
            Op::One(_)
                | Op::Pick(..)
                | Op::Current
                | Op::Column(_)
                | Op::Aggregate(_)
                | Op::Call(Function::Name, _)
        );
        self.each_part(&mut |part| constant &= part.is_constant());
        constant
    }

    pub(super) fn reads_ordinal(&mut self) -> bool {
        let mut found = matches!(self, Op::Call(Function::Ordinal, _));
        self.each_part(&mut |part| found |= part.reads_ordinal());
        found
    }

    /// Calls `visit` for every operand.
    fn each_part(&mut self, visit: &mut dyn FnMut(&mut Op)) {
        match self {
            Op::Null
            | Op::Text(_)
            | Op::Integer(_)
            | Op::Decimal(_)
            | Op::One(_)
            | Op::Pick(..)
            | Op::Attribute(_)
            | Op::Current
            | Op::Column(_) => {}
            Op::Strip(a) | Op::Negate(a) | Op::Not(a) | Op::IsNull(a, _) | Op::IsEmpty(a, _) => {
                visit(a)
            }
            Op::Cast(a, ..) | Op::Lookup(_, a) | Op::ParseDate(a, _) | Op::LikePattern(a, ..) => {
                visit(a)
            }
            Op::Binary(_, a, b) | Op::Like(a, b, _) => [a, b].into_iter().for_each(|o| visit(o)),
            Op::DateAdd(_, a, b) | Op::DateDiff(_, a, b) => {
                [a, b].into_iter().for_each(|o| visit(o))
            }
            Op::Between(a, b, c, _) => [a, b, c].into_iter().for_each(|o| visit(o)),
            Op::In(a, list, _) => {
                visit(a);
                list.iter_mut().for_each(visit);
            }
            Op::Case(operand, whens, otherwise) => {
                operand.iter_mut().chain(otherwise).for_each(|o| visit(o));
                for (when, then) in whens {
                    visit(when);
                    visit(then);
                }
            }
            Op::Aggregate(aggregate) => {
                aggregate.each.iter_mut().chain(&mut aggregate.rest).for_each(visit);
            }
            Op::Call(_, list) => list.iter_mut().for_each(visit),
        }
    }
}
