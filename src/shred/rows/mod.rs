//! The rows of one document: evaluated as their elements complete, then put in order, numbered and
//! completed with defaults when the document has ended.
//!
//! # Example: orphans and duplicates
//!
//! The table `p` has the row path `/r/p`, `where = "@k <> 'no'"` and `distinct` by `@k` with
//! `keep = "last"`. The table `c` has the row path `/r/p/c`, references `p`, and is `distinct` by
//! `@x`:
//!
//! ```xml
//! <r>
//!   <p k="a"  n="1"><c x="5" y="1"/></p>
//!   <p k="no" n="2"><c x="5" y="2"/></p>
//!   <p k="a"  n="3"><c x="5" y="3"/><c x="6" y="4"/></p>
//! </r>
//! ```
//!
//! 1. During the walk each `c` makes a row. The second `p` makes none, because of `where`: its
//!    frame is noted in [`RuleRows::empty_frames`] of `p`.
//! 2. Parents come first. Rows `n = 1` and `n = 3` of `p` have the same key; the last one wins and
//!    moves to the place of the first. The first element has no row any more: its frame is noted in
//!    `empty_frames` too.
//! 3. Orphans of `c` go next: `y = 1` and `y = 2` lie in elements without a row and are dropped.
//! 4. Duplicates of `c` go last. `y = 3` has the key 5 for itself now and stays. Before step 3 it
//!    would have lost to `y = 1`, and the document would have no row with `x = 5`.
//!
//! The result is one row in `p`, `n = 3`, and two in `c`, `y = 3` and `y = 4`.

mod distinct;
mod orphans;
mod parent;
mod predicate;
mod row;
mod rule_rows;

use std::mem;

use distinct::{add_key, drop_duplicates};
use orphans::drop_orphans;
use parent::ParentRows;
pub(super) use predicate::predicate;
use row::{append, constants, fill, is_true, missing, of_table, put_column, row_bytes};
use rule_rows::Row;
pub(super) use rule_rows::RuleRows;

use super::capture::Captures;
use super::evaluate::{Datum, ListPart, Scope, Setting};
use super::fault::{Result, ShredFault};
use super::walk::{Element, Events};
use crate::contract::plan::{Op, Rule, SplitPlan, Template, ValuePlan};
use crate::contract::TargetTable;
use crate::outcome::{FailureCategory, TableRows};
use crate::reason::{known, reason};
use crate::value::{trim_xml, Value};

/// The rows of a document so far, and the first failure among them.
pub(super) struct Rows<'t> {
    setting: Setting<'t>,
    rules: &'t mut Vec<RuleRows>,
    count: usize,
    failed: Option<Box<ShredFault>>,
}

/// Values of a table that are copied, so that their room serves the next document.
const FEW: usize = 10_000;

/// Work of a row beside that of its expressions.
const ROW: usize = 64;

impl<'t> Rows<'t> {
    /// No rows yet, in buffers that an earlier document may have used.
    pub fn new(setting: Setting<'t>, rules: &'t mut Vec<RuleRows>) -> Self {
        rules.resize_with(setting.plan.rules.len(), RuleRows::default);
        rules.iter_mut().for_each(RuleRows::clear);
        Self { setting, rules, count: 0, failed: None }
    }

    fn add(&mut self, index: usize, frame: u32, captures: &Captures) -> Result<()> {
        let rule = &self.setting.plan.rules[index];
        let scope = self.setting.scope(frame, captures);
        let meter = self.setting.meter;
        meter.reach(captures.frame(frame).at as usize);
        meter.work(ROW)?;
        let added = match &rule.split {
            None => self.add_rows(index, &scope)?,
            Some(split) => self.add_parts(index, split, &scope)?,
        };
        if !added {
            self.rules[index].empty_frames.push(frame);
        }
        meter.passed();
        Ok(())
    }

    /// Adds the rows of each part of a list.
    fn add_parts(&mut self, index: usize, split: &'t SplitPlan, scope: &Scope<'_>) -> Result<bool> {
        let list = scope.value(&split.list).map_err(|fault| of_table(fault, self.rule(index)))?;
        let Datum::Text(list) = list else { return Ok(false) };
        let at = scope.last_read.get();
        self.setting.meter.keep(list.len())?;
        let mut added = false;
        let parts = list.split(&*split.separator).map(trim_xml).filter(|part| !part.is_empty());
        for (text, number) in parts.zip(1..) {
            self.setting.meter.work(ROW)?;
            let part = Some(ListPart { text, number, at });
            let of_part = Scope { part, ..scope.clone() };
            added |= self.add_rows(index, &of_part)?;
        }
        Ok(added)
    }

    fn rule(&self, index: usize) -> &'t Rule {
        &self.setting.plan.rules[index]
    }

    /// Adds the rows of the templates that apply.
    fn add_rows(&mut self, index: usize, scope: &Scope<'_>) -> Result<bool> {
        let rule = self.rule(index);
        let mut added = false;
        if is_true(scope, rule.where_.as_ref())? {
            for (number, template) in rule.templates.iter().enumerate() {
                if is_true(scope, template.when.as_ref())? {
                    added |= self.add_row(index, number, template, scope)?;
                }
            }
        }
        Ok(added)
    }

    /// Adds a row, unless `keep_when` rejects it.
    fn add_row(
        &mut self,
        index: usize,
        number: usize,
        template: &'t Template,
        scope: &Scope<'_>,
    ) -> Result<bool> {
        let Setting { plan, limits, .. } = self.setting;
        let rule = &plan.rules[index];
        let made = &mut self.rules[index];
        if made.constants.len() != rule.constants.len() {
            made.constants = constants(rule, scope)?;
        }
        let first = made.values.len();
        append(rule, template, scope, made)?;
        if rule.keep_when.is_some() {
            let with_row = Scope { row: &made.values[first..], ..scope.clone() };
            if !is_true(&with_row, rule.keep_when.as_ref())? {
                made.values.truncate(first);
                return Ok(false);
            }
            made.incomplete |= !fill(rule, &mut made.values[first..]);
        }
        let at = scope.captures.frame(scope.frame).at;
        if let Err(fault) = self.setting.meter.keep(row_bytes(&made.values[first..])) {
            return Err(of_table(fault.at(at as usize), rule));
        }
        self.count += 1;
        if self.count > limits.rows {
            let found = reason!("the document has more than {} rows", known(limits.rows));
            return Err(ShredFault::limit(at as usize, &found, "--max-rows"));
        }
        let key = match &rule.distinct {
            None => 0,
            Some(distinct) => add_key(distinct, scope, made)?,
        };
        let (frame, template) = (scope.frame, number as u32);
        made.rows.push(Row { at, frame, template, dropped: false, key });
        Ok(true)
    }

    /// The finished rows per target, or the first failure.
    pub fn finish(
        mut self,
        captures: &Captures,
        targets: &[TargetTable],
    ) -> Result<Vec<TableRows>> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let plan = self.setting.plan;
        for (index, rule) in plan.rules.iter().enumerate() {
            self.rules[index].sort(rule, self.setting.meter)?;
        }
        // Parents first, and in each rule orphans before duplicates.
        let mut order: Vec<usize> = (0..plan.rules.len()).collect();
        order.sort_by_key(|index| plan.rules[*index].target);
        for index in order.iter().copied() {
            let rule = &plan.rules[index];
            drop_orphans(self.rules, index, rule, captures);
            if let Some(distinct) = &rule.distinct {
                let scope = self.setting.scope(0, captures);
                drop_duplicates(&mut self.rules[index], distinct, &scope, rule.columns.len())?;
            }
        }
        for index in order {
            let rule = &plan.rules[index];
            self.rules[index].remove_dropped(rule.columns.len());
            if rule.numbered {
                self.number(index, captures)?;
            }
            self.complete(index)?;
        }
        (0..targets.len()).map(|target| self.gather(target, targets)).collect()
    }

    /// `ORDINAL()` and `PARENT(column)`, now that it is known which rows there are.
    fn number(&mut self, index: usize, captures: &Captures) -> Result<()> {
        let rule = &self.setting.plan.rules[index];
        let width = rule.columns.len();
        let mut values = mem::take(&mut self.rules[index].values);
        let parents = ParentRows::of(rule, self.setting.plan, self.rules, self.setting.meter)?;
        for (number, row) in self.rules[index].rows.iter().enumerate() {
            let template = &rule.templates[row.template as usize];
            for (at, value) in template.values.iter().enumerate() {
                let ValuePlan::Numbered(op) = value else { continue };
                let mut scope = self.setting.scope(row.frame, captures);
                scope.ordinal = Some(number as i64 + 1);
                scope.parent = parents.around(row.frame, captures);
                let value = &mut values[number * width + at];
                put_column(&scope, rule, &rule.columns[at], op, value)?;
                self.setting.meter.keep(value.heap_bytes())?;
            }
        }
        let mut incomplete = false;
        for row in values.chunks_mut(width) {
            incomplete |= !fill(rule, row);
        }
        self.rules[index].incomplete |= incomplete;
        self.rules[index].values = values;
        Ok(())
    }

    /// What is required, of the rows that are left.
    fn complete(&self, index: usize) -> Result<()> {
        let rule = &self.setting.plan.rules[index];
        let RuleRows { rows, values, incomplete, .. } = &self.rules[index];
        if !incomplete {
            return Ok(());
        }
        for (row, values) in rows.iter().zip(values.chunks(rule.columns.len())) {
            let mut columns = rule.columns.iter().zip(values);
            let absent = columns.find(|(c, value)| c.required && matches!(value, Value::Null));
            if let Some((column, _)) = absent {
                return Err(missing(rule, &column.name, row.at));
            }
        }
        Ok(())
    }

    /// All rows of one target in document order.
    fn gather(&mut self, target: usize, targets: &[TargetTable]) -> Result<TableRows> {
        let plan = self.setting.plan;
        let width = targets[target].columns.len();
        let mut sources = (0..plan.rules.len()).filter(|rule| plan.rules[*rule].target == target);
        let (first, second) = (sources.next(), sources.next());
        if let (Some(index), None) = (first, second) {
            let columns = &plan.rules[index].columns;
            let in_order = columns.iter().enumerate().all(|(at, c)| c.target_column == at);
            if in_order && columns.len() == width {
                let made = &mut self.rules[index].values;
                let values = match made.len() {
                    ..FEW => {
                        let mut values = Vec::with_capacity(made.len());
                        values.append(made);
                        values
                    }
                    // Two copies would be much memory, and the room would not be used again soon.
                    _ => mem::take(made),
                };
                return Ok(TableRows { width: if values.is_empty() { 0 } else { width }, values });
            }
        }
        let mut all: Vec<(u32, usize, usize)> = Vec::new();
        for (index, rule) in plan.rules.iter().enumerate().filter(|(_, r)| r.target == target) {
            debug_assert!(rule.columns.len() <= width);
            let rows = self.rules[index].rows.iter().enumerate();
            all.extend(rows.map(|(number, row)| (row.at, index, number)));
        }
        let meter = self.setting.meter;
        meter.pass(all.len() * (width * size_of::<Value>() + size_of::<(u32, usize, usize)>()))?;
        all.sort_unstable();
        let mut values = vec![Value::Null; all.len() * width];
        for (place, (_, index, number)) in all.iter().enumerate() {
            let columns = &plan.rules[*index].columns;
            let from = &mut self.rules[*index].values[number * columns.len()..];
            for (value, column) in from.iter_mut().zip(columns) {
                let to = &mut values[place * width + column.target_column];
                *to = mem::take(value);
            }
        }
        meter.passed();
        Ok(TableRows { width: if values.is_empty() { 0 } else { width }, values })
    }
}

impl Events for Rows<'_> {
    fn holds(&mut self, condition: &Op, element: Element<'_>) -> Result<bool> {
        predicate(self.setting, condition, &element)
    }

    fn row(&mut self, rule: usize, frame: u32, captures: &Captures) -> Result<()> {
        if self.failed.is_some() || captures.is_refused(frame) {
            return Ok(());
        }
        match self.add(rule, frame, captures) {
            Err(fault) if fault.failure.category == FailureCategory::LimitExceeded => Err(fault),
            Err(fault) => {
                self.failed = Some(fault);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}
