//! What the expressions of one row see, and the place of their failures.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};

use super::datum::{Datum, NULL};
use crate::contract::plan::{FrameRef, Op, Plan, Rule, SlotRef};
use crate::id::AppId;
use crate::outcome::FailureCategory;
use crate::reason::{number, reason, Reason};
use crate::shred::capture::{Captures, Node, NodeKind, Slot};
use crate::shred::fault::{Result, ShredFault};
use crate::shred::fragment::Declared;
use crate::shred::limits::Limits;
use crate::shred::meter::Meter;
use crate::shred::nil::{is_nil, NilPrefixes};
use crate::shred::walk::Tag;
use crate::value::convert::{ConversionError, ConversionFault};
use crate::value::Value;

/// What a document's rows are made with.
#[derive(Clone, Copy)]
pub struct Setting<'t> {
    pub plan: &'t Plan,
    pub text: &'t str,
    pub limits: &'t Limits,
    pub app_id: AppId,
    pub now: DateTime<Utc>,
    pub meter: &'t Meter<'t>,
    pub shared: &'t Shared,
}

/// What is found out once for a document.
#[derive(Default)]
pub struct Shared {
    /// Results that all rows of an element share, by the aggregate and the frame of what it is over, each
    /// with the place that was read last.
    pub results: ByFrame<(Datum<'static>, Option<u32>)>,
    pub nil_prefixes: NilPrefixes,
    /// The namespaces that it declares, once they are wanted.
    pub declared: OnceCell<Declared>,
    /// The frames of the elements of each key, by their ids.
    pub keys: RefCell<HashMap<usize, Rc<HashMap<String, u32>>>>,
    /// The elements of a slot, by slot and frame: where each begins, and its frame.
    pub siblings: ByFrame<Rc<[(u32, u32)]>>,
}

/// By a number and a frame.
type ByFrame<T> = RefCell<HashMap<(u32, u32), T>>;

impl<'t> Setting<'t> {
    /// What the expressions of the row with this frame see.
    #[inline]
    pub fn scope<'c>(&self, frame: u32, captures: &'c Captures) -> Scope<'c>
    where
        't: 'c,
    {
        Scope {
            setting: *self,
            captures,
            frame,
            own: captures.own(frame),
            row: &[],
            ordinal: None,
            parent: None,
            part: None,
            tag: None,
            current: None,
            last_read: Cell::new(None),
        }
    }
}

/// The rows that one element gave its table.
#[derive(Clone, Copy)]
pub struct ParentRow<'t> {
    pub rule: &'t Rule,
    /// All values of the rule.
    pub values: &'t [Value],
    /// The element's rows, by the numbers on the right; never empty.
    pub numbers: &'t [(u32, u32)],
}

/// A part of a list.
#[derive(Clone, Copy)]
pub struct ListPart<'t> {
    pub text: &'t str,
    pub number: i64,
    /// The place of the list.
    pub at: Option<u32>,
}

/// What the expressions of one row can see.
#[derive(Clone)]
pub struct Scope<'t> {
    pub setting: Setting<'t>,
    pub captures: &'t Captures,
    /// The row's frame.
    pub frame: u32,
    /// The slots of that frame.
    pub own: &'t [Slot],
    /// The converted columns so far.
    pub row: &'t [Value],
    /// The row's number, once it is known.
    pub ordinal: Option<i64>,
    /// The row of the parent table, once it is known.
    pub parent: Option<ParentRow<'t>>,
    /// The part of a list that is the row.
    pub part: Option<ListPart<'t>>,
    /// The tag of the element that a predicate is about.
    pub tag: Option<&'t Tag<'t>>,
    /// The node that an aggregate is at.
    pub current: Option<&'t Node>,
    /// The place of the value read last, which is the place of the next failure.
    pub last_read: Cell<Option<u32>>,
}

impl<'t> Scope<'t> {
    /// The slot that a path of the row's fills.
    #[inline(always)]
    pub(super) fn slot(&self, reference: SlotRef) -> &'t Slot {
        match reference.frame {
            FrameRef::Up(0) => &self.own[reference.slot as usize],
            _ => self.captures.slot(self.frame, reference),
        }
    }

    /// The text of a path that matches no node, or one that needs no decoding: the usual
    /// case, decided without making a [`Datum`]. The outer `None` is every other expression.
    #[inline(always)]
    pub(super) fn plain_path(&self, op: &Op) -> Option<Option<&'t str>> {
        let Op::One(reference) = op else { return None };
        let slot = self.slot(*reference);
        match slot.only() {
            Some(node) if node.kind == NodeKind::Plain && !self.is_nil(node) => {
                Some(Some(self.plain(node)))
            }
            None if slot.count == 0 => Some(None),
            _ => None,
        }
    }

    #[inline]
    fn is_nil(&self, node: &Node) -> bool {
        is_nil(self.setting.text, node, &self.setting.shared.nil_prefixes)
    }

    /// The text of a node that needs no decoding.
    #[inline]
    pub(super) fn plain(&self, node: &Node) -> &'t str {
        self.last_read.set(Some(node.at));
        &self.setting.text[node.start as usize..node.end as usize]
    }

    /// The one node of a plain path.
    #[inline]
    pub(super) fn one(&self, reference: SlotRef) -> Result<Datum<'t>> {
        let slot = self.slot(reference);
        let Some(node) = slot.first() else { return Ok(NULL) };
        if slot.count > 1 {
            return Err(self.many(reference));
        }
        self.node(node)
    }

    #[inline]
    pub(super) fn node(&self, node: &'t Node) -> Result<Datum<'t>> {
        if node.kind != NodeKind::Missing {
            self.last_read.set(Some(node.at));
        }
        if self.is_nil(node) {
            return Ok(NULL);
        }
        let bytes = (node.end - node.start) as usize;
        let limits = self.setting.limits;
        match node.kind {
            NodeKind::Attribute | NodeKind::Text | NodeKind::String => {
                self.setting.meter.pass(bytes)?
            }
            NodeKind::Markup => self.setting.meter.work(bytes)?,
            NodeKind::Plain | NodeKind::Merged | NodeKind::Missing => {}
        }
        let text = self.captures.text(node, self.setting.text)?;
        match text {
            Some(text) if node.kind == NodeKind::String && text.len() > limits.text_bytes => {
                Err(ShredFault::long_text(node.at as usize, text.len(), limits))
            }
            text => Ok(text.map_or(NULL, Datum::Text)),
        }
    }

    #[cold]
    pub(super) fn many(&self, reference: SlotRef) -> Box<ShredFault> {
        let slot = self.slot(reference);
        let second = self.captures.nodes(slot).nth(1);
        let reason = reason!(
            "the path matches {} nodes here, but a plain path must match at most one: use \
             FIRST(…), LAST(…) or JOIN(…, ', '), or add a predicate",
            number(slot.count)
        );
        let fault = self.fault(FailureCategory::ManyValues, reason);
        let Some(second) = second else { return fault };
        let value =
            self.captures.text(second, self.setting.text).ok().flatten().unwrap_or_default();
        fault.at(second.at as usize).value(value)
    }

    #[cold]
    pub(super) fn conversion_fault(&self, error: ConversionError) -> Box<ShredFault> {
        let category = match error.fault {
            ConversionFault::TooLong(_) => FailureCategory::TooLong,
            _ => FailureCategory::BadValue,
        };
        self.fault(category, error.reason()).value(error.value)
    }

    #[cold]
    pub(super) fn fault(
        &self,
        category: FailureCategory,
        reason: impl Into<Reason>,
    ) -> Box<ShredFault> {
        let fault = ShredFault::new(category, reason);
        match (self.last_read.get(), self.tag) {
            (Some(at), _) => fault.at(at as usize),
            (None, Some(_)) => fault,
            (None, None) => fault.at(self.captures.frame(self.frame).at as usize),
        }
    }

    /// A limit that was exceeded while an expression was evaluated, at what it read last.
    #[cold]
    pub fn nearer(&self, fault: Box<ShredFault>) -> Box<ShredFault> {
        match (fault.failure.category, self.last_read.get()) {
            (FailureCategory::LimitExceeded, Some(at)) => fault.at(at as usize),
            _ => fault,
        }
    }

    #[cold]
    pub(super) fn bad(&self, reason: impl Into<Reason>, value: &str) -> Box<ShredFault> {
        self.fault(FailureCategory::BadValue, reason).value(value)
    }
}
