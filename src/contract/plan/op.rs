//! Compiled expressions.

use super::slot::SlotRef;
use crate::contract::expr::ast::{BinaryOp, Function};
use crate::value::convert::Conversion;
use crate::value::datetime::DatePattern;
use crate::value::functions::{DatePart, LikePattern};
use crate::value::Decimal;

/// A compiled expression.
#[derive(Debug)]
pub(crate) enum Op {
    Null,
    Text(Box<str>),
    Integer(i64),
    Decimal(Decimal),
    /// The one node of a plain path.
    One(SlotRef),
    /// Text without the white space around it.
    Strip(Box<Op>),
    /// Markup, with the namespaces that are declared around it.
    Fragment(Box<Op>),
    /// The first (or last) element of a slot that keeps all of them.
    Pick(SlotRef, bool),
    /// An attribute of the element that a predicate is about.
    Attribute(Box<str>),
    /// The text of the node that an aggregate is at.
    Current,
    /// A converted column of the row, by index into [`Rule::columns`](super::Rule::columns).
    Column(usize),
    /// A column of the parent's row, by index into the columns of the parent's target.
    Parent(usize),
    /// The element's number, in a slot of its own frame.
    Position(u32),
    Negate(Box<Op>),
    Not(Box<Op>),
    Binary(BinaryOp, Box<Op>, Box<Op>),
    IsNull(Box<Op>, bool),
    IsEmpty(Box<Op>, bool),
    In(Box<Op>, Vec<Op>, bool),
    /// A pattern that is not a literal.
    Like(Box<Op>, Box<Op>, bool),
    LikePattern(Box<Op>, LikePattern, bool),
    Between(Box<Op>, Box<Op>, Box<Op>, bool),
    Case(Option<Box<Op>>, Vec<(Op, Op)>, Option<Box<Op>>),
    Cast(Box<Op>, Conversion, bool),
    Lookup(usize, Box<Op>),
    ParseDate(Box<Op>, Vec<DatePattern>),
    DateAdd(DatePart, Box<Op>, Box<Op>),
    DateDiff(DatePart, Box<Op>, Box<Op>),
    /// `JOIN COUNT EXISTS SUM MIN MAX` over all nodes of a slot, or `FIRST LAST` with an expression.
    Aggregate(Box<Aggregate>),
    /// What the element of a key has.
    Key(Box<KeyLookup>),
    /// What the next sibling has.
    Following(Box<Following>),
    /// Any other function.
    Call(Function, Vec<Op>),
}

/// `LOOKUP('key', text, expression)`
#[derive(Debug)]
pub(crate) struct KeyLookup {
    /// Index into [`Plan::keys`](super::Plan::keys).
    pub key: usize,
    /// The id that is sought.
    pub text: Op,
    /// The value, over slots of the element's own frame.
    pub of_element: Op,
}

/// `FOLLOWING(sibling)`
#[derive(Debug)]
pub(crate) struct Following {
    /// All elements that the sibling may be.
    pub slot: SlotRef,
    /// The value, over slots of the sibling's own frame.
    pub of_element: Op,
}

/// A function over all nodes of a slot.
#[derive(Debug)]
pub(crate) struct Aggregate {
    pub function: Function,
    pub slot: SlotRef,
    /// The value of each node, where that is not just its text.
    pub each: Option<Op>,
    /// The value of each node, an element, over slots of its own frame.
    pub of_element: Option<Op>,
    /// The separator of `JOIN`.
    pub rest: Vec<Op>,
    /// Its number among those whose result is the same for all rows that read the same slot.
    pub shared: Option<u32>,
}

impl Op {
    pub(in crate::contract) fn each_slot(&mut self, change: &impl Fn(&mut SlotRef)) {
        match self {
            Op::One(slot) | Op::Pick(slot, _) => change(slot),
            Op::Aggregate(aggregate) => change(&mut aggregate.slot),
            Op::Following(following) => change(&mut following.slot),
            _ => {}
        }
        self.each_part(&mut |part| part.each_slot(change));
    }

    /// Whether the value is the same for every row of a document.
    pub(in crate::contract) fn is_constant(&mut self) -> bool {
        let mut constant = !matches!(
            self,
            Op::One(_)
                | Op::Pick(..)
                | Op::Current
                | Op::Column(_)
                | Op::Parent(_)
                | Op::Position(_)
                | Op::Aggregate(_)
                | Op::Following(_)
                | Op::Key(_)
                | Op::Call(
                    Function::Name | Function::LocalName | Function::Part | Function::Position,
                    _
                )
        );
        self.each_part(&mut |part| constant &= part.is_constant());
        constant
    }

    /// Whether the value depends on the row, beside the node that an aggregate is at.
    pub(in crate::contract) fn reads_row(&mut self) -> bool {
        let mut found = matches!(
            self,
            Op::One(_)
                | Op::Pick(..)
                | Op::Column(_)
                | Op::Parent(_)
                | Op::Position(_)
                | Op::Aggregate(_)
                | Op::Following(_)
                | Op::Key(_)
                | Op::Call(
                    Function::Ordinal
                        | Function::Name
                        | Function::LocalName
                        | Function::Part
                        | Function::Position,
                    _
                )
        );
        self.each_part(&mut |part| found |= part.reads_row());
        found
    }

    /// Whether the value is known only when it is known which rows there are.
    pub(in crate::contract) fn is_known_late(&mut self) -> bool {
        let mut found = matches!(self, Op::Call(Function::Ordinal, _) | Op::Parent(_));
        self.each_part(&mut |part| found |= part.is_known_late());
        found
    }

    pub(in crate::contract) fn reads_parent(&mut self) -> bool {
        let mut found = matches!(self, Op::Parent(_));
        self.each_part(&mut |part| found |= part.reads_parent());
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
            | Op::Column(_)
            | Op::Parent(_)
            | Op::Position(_)
            | Op::Following(_) => {}
            Op::Strip(a) | Op::Fragment(a) => visit(a),
            Op::Negate(a) | Op::Not(a) | Op::IsNull(a, _) | Op::IsEmpty(a, _) => visit(a),
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
            Op::Key(key) => visit(&mut key.text),
            Op::Aggregate(aggregate) => {
                aggregate.each.iter_mut().chain(&mut aggregate.rest).for_each(visit);
            }
            Op::Call(_, list) => list.iter_mut().for_each(visit),
        }
    }
}
