//! The rows of one rule, in buffers that serve the next document too.

use std::ops::Range;

use crate::contract::plan::Rule;
use crate::shred::evaluate::Datum;
use crate::shred::fault::Result;
use crate::shred::meter::Meter;
use crate::value::Value;

/// One row, beside its values.
#[derive(Debug)]
pub(super) struct Row {
    /// Offset of its element: document order.
    pub at: u32,
    pub frame: u32,
    pub template: u32,
    pub dropped: bool,
    /// Index into [`RuleRows::keys`], for a rule with `distinct`.
    pub key: u32,
}

/// What a row is compared with others by, for a rule with `distinct`.
#[derive(Debug)]
pub(super) struct Key {
    /// Its place in [`RuleRows::key_texts`].
    pub text: Range<usize>,
    /// What prefers one row of a key.
    pub prefer: Datum<'static>,
}

/// Row `i` has the values from `i * columns` on.
#[derive(Debug, Default)]
pub struct RuleRows {
    pub(super) rows: Vec<Row>,
    pub(super) values: Vec<Value>,
    pub(super) constants: Vec<Value>,
    /// Whether a required column of some row was null after defaults.
    pub(super) incomplete: bool,
    pub(super) keys: Vec<Key>,
    /// The texts of all keys.
    pub(super) key_texts: String,
    /// Elements that have no row.
    pub(super) empty_frames: Vec<u32>,
}

impl RuleRows {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.values.clear();
        self.constants.clear();
        self.incomplete = false;
        self.keys.clear();
        self.key_texts.clear();
        self.empty_frames.clear();
    }

    /// Puts rows in document order; nested and waiting elements complete in another order.
    pub(super) fn sort(&mut self, rule: &Rule, meter: &Meter<'_>) -> Result<()> {
        // The rows of one element come in their order.
        let place = |row: &Row| row.at;
        if self.rows.is_sorted_by_key(place) {
            return Ok(());
        }
        meter.pass(self.values.len() * size_of::<Value>())?;
        let width = rule.columns.len();
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|number| place(&self.rows[*number]));
        let mut values = Vec::with_capacity(self.values.len());
        for number in order {
            let row = &mut self.values[number * width..(number + 1) * width];
            values.extend(row.iter_mut().map(std::mem::take));
        }
        self.values = values;
        self.rows.sort_by_key(place);
        meter.passed();
        Ok(())
    }

    pub(super) fn remove_dropped(&mut self, width: usize) {
        if !self.rows.iter().any(|row| row.dropped) {
            return;
        }
        let rows = &self.rows;
        let mut at = 0;
        self.values.retain(|_| {
            let dropped = rows[at / width].dropped;
            at += 1;
            !dropped
        });
        self.rows.retain(|row| !row.dropped);
    }
}
