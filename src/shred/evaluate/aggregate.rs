//! Functions over all nodes of a path.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use super::datum::{Datum, NULL};
use super::scope::Scope;
use crate::contract::expr::ast::{BinaryOp, Function};
use crate::contract::plan::{Aggregate, FrameRef, SlotRef};
use crate::shred::capture::Node;
use crate::shred::fault::Result;
use crate::value::Value;

/// The numbers of what picks one of several elements begin here.
const PICKS: u32 = 1 << 31;

/// Those of a slot of the row's own among them.
const OWN_PICKS: u32 = 1 << 30;

/// Nodes of a slot of the row's own from which on other rows may share them.
const MANY: u32 = 16;

/// Work of a node beside that of its value.
const NODE: usize = 16;

impl<'t> Scope<'t> {
    pub(super) fn aggregate(&self, aggregate: &'t Aggregate) -> Result<Datum<'t>> {
        match aggregate.shared {
            Some(number) => self.shared(number, aggregate.slot, || self.computed(aggregate)),
            None => self.computed(aggregate),
        }
    }

    /// The first or last of the elements of a slot, in the order they begin.
    pub(super) fn pick(&self, slot: SlotRef, last: bool) -> Result<Datum<'t>> {
        let own = if slot.frame == FrameRef::Up(0) { OWN_PICKS } else { 0 };
        let number = PICKS | own | slot.slot << 1 | u32::from(last);
        self.shared(number, slot, || {
            let node = self.captures.pick(self.captures.nodes(self.slot(slot)), last);
            node.map_or(Ok(NULL), |node| self.node(node))
        })
    }

    /// What is computed over a slot further out than the row's, or over nodes that rows share: once for
    /// all rows that read it.
    fn shared(
        &self,
        number: u32,
        slot: SlotRef,
        compute: impl FnOnce() -> Result<Datum<'t>>,
    ) -> Result<Datum<'t>> {
        let nodes = self.slot(slot);
        let is_own = slot.frame == FrameRef::Up(0);
        if is_own && nodes.count < MANY {
            return compute();
        }
        let length = |value: &Datum<'_>| match value {
            Datum::Text(text) => text.len(),
            Datum::Value(_) => 0,
        };
        let of = match is_own {
            true => nodes.identity(),
            false => self.captures.frame_of(self.frame, slot),
        };
        let key = (number, of);
        if let Some((value, last_read)) = self.setting.shared.results.borrow().get(&key) {
            self.setting.meter.pass(length(value))?;
            self.last_read.set(*last_read);
            return Ok(value.clone());
        }
        let value = compute()?;
        self.setting.meter.keep(length(&value) + size_of::<Datum<'_>>())?;
        let kept = (value.clone().into_owned(), self.last_read.get());
        self.setting.shared.results.borrow_mut().insert(key, kept);
        Ok(value)
    }

    fn computed(&self, aggregate: &'t Aggregate) -> Result<Datum<'t>> {
        let slot = self.slot(aggregate.slot);
        let each = aggregate.each.as_ref().or(aggregate.of_element.as_ref());
        match (aggregate.function, each) {
            (Function::Count, None) => Ok(Datum::integer(slot.count.into())),
            (Function::Count, Some(_)) => {
                let mut count = 0;
                let before = self.setting.meter.passing();
                for node in self.captures.nodes(slot) {
                    count += i64::from(!self.each(aggregate, node)?.is_null());
                    self.setting.meter.freed(before);
                }
                Ok(Datum::integer(count))
            }
            (Function::First | Function::Last, _) => {
                let last = aggregate.function == Function::Last;
                let node = self.captures.pick(self.captures.nodes(slot), last);
                node.map_or(Ok(NULL), |node| self.each(aggregate, node))
            }
            (Function::Exists, _) => Ok(Datum::Value(Value::Bit(slot.count > 0))),
            (Function::Join, _) => self.join(aggregate),
            _ => self.folded(aggregate),
        }
    }

    /// `SUM`, `MIN` and `MAX`, which leave null out.
    pub(super) fn folded(&self, aggregate: &'t Aggregate) -> Result<Datum<'t>> {
        let mut result = NULL;
        let before = self.setting.meter.passing();
        for node in self.captures.nodes(self.slot(aggregate.slot)) {
            let value = self.each(aggregate, node)?;
            let is_text = aggregate.each.is_none() && aggregate.of_element.is_none();
            let as_number = is_text || aggregate.function == Function::Sum;
            let value = match as_number {
                true => self.summand(aggregate, value)?,
                false => value,
            };
            result = match (result, value) {
                (so_far, value) if value.is_null() => so_far,
                (so_far, value) if so_far.is_null() => value,
                (so_far, value) => self.fold(aggregate.function, so_far, value)?,
            };
            let kept = if let Datum::Text(Cow::Owned(text)) = &result { text.len() } else { 0 };
            self.setting.meter.freed(before + kept as u64);
        }
        Ok(result)
    }

    /// The number that a plain path's text is taken for.
    fn summand(&self, aggregate: &'t Aggregate, text: Datum<'t>) -> Result<Datum<'t>> {
        let number = self.to_number(&text).map_err(|fault| match aggregate.function {
            Function::Sum => fault,
            _ => fault.and("; for dates, convert the path first, as in MAX(CAST(path AS date))"),
        })?;
        Ok(number.map_or(NULL, Datum::from))
    }

    pub(super) fn fold(
        &self,
        function: Function,
        so_far: Datum<'t>,
        value: Datum<'t>,
    ) -> Result<Datum<'t>> {
        let wanted = match function {
            Function::Min => Ordering::Less,
            Function::Max => Ordering::Greater,
            _ => {
                let numbers = self.to_number(&so_far)?.zip(self.to_number(&value)?);
                return numbers.map_or(Ok(NULL), |(a, b)| self.arithmetic(BinaryOp::Add, a, b));
            }
        };
        let order = self.compare(&value, &so_far)?;
        Ok(if order == Some(wanted) { value } else { so_far })
    }

    /// The value of one node.
    pub(super) fn each(&self, aggregate: &'t Aggregate, node: &'t Node) -> Result<Datum<'t>> {
        self.setting.meter.work(NODE)?;
        if let Some(op) = &aggregate.of_element {
            let own = self.captures.own(node.origin);
            let last_read = Cell::new(Some(node.at));
            let inside = Scope { frame: node.origin, own, last_read, ..self.clone() };
            let value = inside.value(op);
            self.last_read.set(inside.last_read.get());
            return value;
        }
        let value = match &aggregate.each {
            None => self.node(node),
            Some(op) => Scope { current: Some(node), ..self.clone() }.value(op),
        };
        self.last_read.set(Some(node.at));
        value
    }

    /// All texts in the order their elements begin; null is left out.
    fn join(&self, aggregate: &'t Aggregate) -> Result<Datum<'t>> {
        let slot = self.slot(aggregate.slot);
        self.setting.meter.pass(slot.count as usize * size_of::<&Node>())?;
        let mut nodes: Vec<&Node> = self.captures.nodes(slot).collect();
        nodes.sort_by_key(|node| self.captures.frame(node.origin).at);
        let separator = match aggregate.rest.first() {
            Some(separator) => self.value(separator)?.text().unwrap_or_default(),
            None => Cow::Borrowed(""),
        };
        let mut joined: Option<String> = None;
        let mut before = self.setting.meter.passing();
        for node in nodes {
            self.setting.meter.freed(before);
            let Some(text) = self.each(aggregate, node)?.text() else { continue };
            let text = if self.setting.plan.strip { text.trim() } else { &text };
            let more = separator.len() + text.len();
            self.setting.meter.pass(more)?;
            before += more as u64;
            match &mut joined {
                None => joined = Some(text.to_owned()),
                Some(joined) => {
                    joined.push_str(&separator);
                    joined.push_str(text);
                }
            }
        }
        Ok(joined.map_or(NULL, |joined| Datum::Text(Cow::Owned(joined))))
    }
}
