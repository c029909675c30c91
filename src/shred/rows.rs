//! The rows of one document: evaluated as their elements complete, put in order, numbered, and
//! given their defaults when the document has ended.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::capture::Captures;
use super::evaluate::{Datum, Scope};
use super::fault::Fault;
use super::walk::{Element, Events};
use super::Limits;
use crate::contract::model::Keep;
use crate::contract::plan::{Column, DistinctPlan, Op, Plan, Rule, Template, ValuePlan};
use crate::contract::TargetTable;
use crate::id::AppId;
use crate::outcome::{FailureCategory, TableRows};
use crate::value::{plain_text, Value};

type Result<T> = std::result::Result<T, Box<Fault>>;

/// What a document's rows are made with.
#[derive(Clone, Copy)]
pub(super) struct Setting<'t> {
    pub plan: &'t Plan,
    pub text: &'t str,
    pub limits: &'t Limits,
    pub app_id: AppId,
    pub now: DateTime<Utc>,
}

impl<'t> Setting<'t> {
    /// What the expressions of the row with this frame see.
    #[inline]
    fn scope<'c>(&self, frame: u32, captures: &'c Captures) -> Scope<'c>
    where
        't: 'c,
    {
        Scope {
            plan: self.plan,
            text: self.text,
            captures,
            frame,
            own: captures.own(frame),
            app_id: self.app_id,
            now: self.now,
            row: &[],
            ordinal: None,
            tag: None,
            current: None,
            last_read: Cell::new(None),
        }
    }
}

/// One row, beside its values.
#[derive(Debug)]
struct Row {
    /// Offset of its element: document order.
    at: u32,
    frame: u32,
    template: u32,
    dropped: bool,
    /// Index into [`RuleRows::keys`], for a rule with `distinct`.
    key: u32,
}

/// The rows of one rule; row `i` has the values from `i * columns` on. The buffers serve the next
/// document.
#[derive(Debug, Default)]
pub(super) struct RuleRows {
    rows: Vec<Row>,
    values: Vec<Value>,
    constants: Vec<Value>,
    /// Whether a required column of some row was null after defaults.
    incomplete: bool,
    keys: Vec<(String, Datum<'static>)>,
    /// Elements that gave no row.
    empty_frames: Vec<u32>,
}

/// Rows of a rule for which room is kept, at most: one document with very many must not make a
/// worker large for good.
const MOST_KEPT: usize = 10_000;

impl RuleRows {
    fn clear(&mut self, columns: usize) {
        self.rows.clear();
        self.rows.shrink_to(MOST_KEPT);
        self.values.clear();
        self.values.shrink_to(MOST_KEPT * columns);
        self.constants.clear();
        self.incomplete = false;
        self.keys.clear();
        self.empty_frames.clear();
    }
}

/// The rows of a document so far, and the first failure among them.
pub(super) struct Rows<'t> {
    setting: Setting<'t>,
    rules: &'t mut Vec<RuleRows>,
    count: usize,
    failed: Option<Box<Fault>>,
}

impl<'t> Rows<'t> {
    /// No rows yet, in buffers that an earlier document may have used.
    pub fn new(setting: Setting<'t>, rules: &'t mut Vec<RuleRows>) -> Self {
        rules.resize_with(setting.plan.rules.len(), RuleRows::default);
        for (rows, rule) in rules.iter_mut().zip(&setting.plan.rules) {
            rows.clear(rule.columns.len());
        }
        Self { setting, rules, count: 0, failed: None }
    }

    fn add(&mut self, index: usize, frame: u32, captures: &Captures) -> Result<()> {
        let rule = &self.setting.plan.rules[index];
        let scope = self.setting.scope(frame, captures);
        let mut added = false;
        if is_true(&scope, rule.where_.as_ref())? {
            for (number, template) in rule.templates.iter().enumerate() {
                if is_true(&scope, template.when.as_ref())? {
                    added |= self.add_row(index, number, template, &scope)?;
                }
            }
        }
        if !added {
            self.rules[index].empty_frames.push(frame);
        }
        Ok(())
    }

    /// Adds a row, unless `keep_when` turns it down.
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
        evaluate(rule, template, scope, made)?;
        if rule.keep_when.is_some() {
            let with_row = Scope { row: &made.values[first..], ..scope.clone() };
            if !is_true(&with_row, rule.keep_when.as_ref())? {
                made.values.truncate(first);
                return Ok(false);
            }
            made.incomplete |= !fill(rule, &mut made.values[first..]);
        }
        let at = scope.captures.frame(scope.frame).at;
        self.count += 1;
        if self.count > limits.rows {
            return Err(too_many_rows(at, limits));
        }
        let key = match &rule.distinct {
            None => 0,
            Some(distinct) => {
                made.keys.push(key(distinct, scope)?);
                made.keys.len() as u32 - 1
            }
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
            self.rules[index].sort(rule);
        }
        // Parents first, and in each rule orphans before duplicates: a row whose parent is gone
        // must not win over one that stays.
        let mut order: Vec<usize> = (0..plan.rules.len()).collect();
        order.sort_by_key(|index| plan.rules[*index].target);
        for index in order {
            self.drop_orphans(index, captures);
            if let Some(distinct) = &plan.rules[index].distinct {
                self.drop_duplicates(index, distinct, captures)?;
            }
        }
        for (index, rule) in plan.rules.iter().enumerate() {
            self.rules[index].remove_dropped(rule.columns.len());
            if rule.numbered {
                self.number(index, captures)?;
            }
            self.complete(index)?;
        }
        Ok((0..targets.len()).map(|target| self.gather(target, targets)).collect())
    }

    /// Of rows with one key the preferred stays, in the place of the first.
    fn drop_duplicates(
        &mut self,
        index: usize,
        distinct: &'t DistinctPlan,
        captures: &Captures,
    ) -> Result<()> {
        let scope = self.setting.scope(0, captures);
        let rule = &self.rules[index];
        let mut winners: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut losers = Vec::new();
        for (number, row) in rule.rows.iter().enumerate().filter(|(_, row)| !row.dropped) {
            let (key, prefer) = &rule.keys[row.key as usize];
            let Some((_, winner)) = winners.get_mut(key.as_str()) else {
                winners.insert(key, (number, number));
                continue;
            };
            let standing = &rule.keys[rule.rows[*winner].key as usize].1;
            let wins = match preference(&scope, prefer, standing)? {
                Ordering::Less => true,
                Ordering::Equal => distinct.keep == Keep::Last,
                Ordering::Greater => false,
            };
            losers.push(if wins { std::mem::replace(winner, number) } else { number });
        }
        let moves: Vec<(usize, usize)> =
            winners.into_values().filter(|(first, winner)| first != winner).collect();
        let rule = &mut self.rules[index];
        let dropped: HashSet<u32> = losers.iter().map(|l| rule.rows[*l].frame).collect();
        for loser in losers {
            rule.rows[loser].dropped = true;
        }
        let width = self.setting.plan.rules[index].columns.len();
        for (first, winner) in moves {
            rule.rows.swap(first, winner);
            for column in 0..width {
                rule.values.swap(first * width + column, winner * width + column);
            }
            let place = (rule.rows[winner].at, rule.rows[winner].template);
            (rule.rows[first].at, rule.rows[first].template) = place;
        }
        let kept: HashSet<u32> =
            rule.rows.iter().filter(|row| !row.dropped).map(|row| row.frame).collect();
        rule.empty_frames.extend(dropped.difference(&kept));
        Ok(())
    }

    /// Drops the rows whose elements are in none that gave the parent table a row.
    fn drop_orphans(&mut self, index: usize, captures: &Captures) {
        let plan = self.setting.plan;
        let parents = &plan.rules[index].parents;
        let has_all_rows = |(parent, _): &(usize, u32)| self.rules[*parent].empty_frames.is_empty();
        if parents.is_empty() || parents.iter().any(has_all_rows) {
            return;
        }
        let empty: Vec<(HashSet<u32>, u32)> = parents
            .iter()
            .map(|(parent, hops)| {
                (self.rules[*parent].empty_frames.iter().copied().collect(), *hops)
            })
            .collect();
        let rule = &mut self.rules[index];
        for row in &mut rule.rows {
            let orphaned =
                empty.iter().all(|(frames, hops)| frames.contains(&captures.up(row.frame, *hops)));
            if orphaned {
                row.dropped = true;
                rule.empty_frames.push(row.frame);
            }
        }
    }

    /// `ORDINAL()`, now that it is known which rows there are.
    fn number(&mut self, index: usize, captures: &Captures) -> Result<()> {
        let rule = &self.setting.plan.rules[index];
        let width = rule.columns.len();
        let mut values = std::mem::take(&mut self.rules[index].values);
        for (number, row) in self.rules[index].rows.iter().enumerate() {
            let template = &rule.templates[row.template as usize];
            for (at, value) in template.values.iter().enumerate() {
                let ValuePlan::Numbered(op) = value else { continue };
                let mut scope = self.setting.scope(row.frame, captures);
                scope.ordinal = Some(number as i64 + 1);
                put_column(&scope, rule, &rule.columns[at], op, &mut values[number * width + at])?;
            }
        }
        for row in values.chunks_mut(width) {
            self.rules[index].incomplete |= !fill(rule, row);
        }
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
    fn gather(&mut self, target: usize, targets: &[TargetTable]) -> TableRows {
        let plan = self.setting.plan;
        let width = targets[target].columns.len();
        let mut sources = (0..plan.rules.len()).filter(|rule| plan.rules[*rule].target == target);
        let (first, second) = (sources.next(), sources.next());
        if let (Some(index), None) = (first, second) {
            let columns = &plan.rules[index].columns;
            let in_order = columns.iter().enumerate().all(|(at, c)| c.target_column == at);
            if in_order && columns.len() == width {
                let made = &mut self.rules[index].values;
                let mut values = Vec::with_capacity(made.len());
                values.append(made);
                return TableRows { width: if values.is_empty() { 0 } else { width }, values };
            }
        }
        let mut all: Vec<(u32, usize, usize)> = Vec::new();
        for (index, rule) in plan.rules.iter().enumerate().filter(|(_, r)| r.target == target) {
            debug_assert!(rule.columns.len() <= width);
            let rows = self.rules[index].rows.iter().enumerate();
            all.extend(rows.map(|(number, row)| (row.at, index, number)));
        }
        all.sort_unstable();
        let mut values = vec![Value::Null; all.len() * width];
        for (place, (_, index, number)) in all.iter().enumerate() {
            let columns = &plan.rules[*index].columns;
            let from = &mut self.rules[*index].values[number * columns.len()..];
            for (value, column) in from.iter_mut().zip(columns) {
                let to = &mut values[place * width + column.target_column];
                *to = std::mem::replace(value, Value::Null);
            }
        }
        TableRows { width: if values.is_empty() { 0 } else { width }, values }
    }
}

impl RuleRows {
    /// Document order; elements complete in another order where they are nested or wait.
    fn sort(&mut self, rule: &Rule) {
        let place = |row: &Row| (row.at, row.template);
        if self.rows.is_sorted_by_key(place) {
            return;
        }
        let width = rule.columns.len();
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|number| place(&self.rows[*number]));
        let mut values = Vec::with_capacity(self.values.len());
        for number in &order {
            let row = &mut self.values[number * width..(number + 1) * width];
            values.extend(row.iter_mut().map(|value| std::mem::replace(value, Value::Null)));
        }
        self.values = values;
        self.rows.sort_by_key(place);
    }

    fn remove_dropped(&mut self, width: usize) {
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

/// Whether a condition is there and holds, or is not there.
#[inline]
fn is_true<'s>(scope: &Scope<'s>, condition: Option<&'s Op>) -> Result<bool> {
    match condition {
        None => Ok(true),
        Some(op) => Ok(scope.condition(op)? == Some(true)),
    }
}

/// The constants of a rule, evaluated when its first row comes: an error is one of a row.
fn constants<'s>(rule: &'s Rule, scope: &Scope<'s>) -> Result<Vec<Value>> {
    let mut constants = vec![Value::Null; rule.constants.len()];
    for ((column, op), into) in rule.constants.iter().zip(&mut constants) {
        put_column(scope, rule, &rule.columns[*column], op, into)?;
    }
    Ok(constants)
}

/// Appends the converted values of one row, and its defaults unless `keep_when` is to decide first.
#[inline]
fn evaluate<'s>(
    rule: &'s Rule,
    template: &'s Template,
    scope: &Scope<'s>,
    made: &mut RuleRows,
) -> Result<()> {
    let first = made.values.len();
    made.values.resize_with(first + rule.columns.len(), || Value::Null);
    // What `keep_when` sees has no defaults yet.
    let settles = rule.keep_when.is_none();
    let plans = rule.columns.iter().zip(&template.values);
    for (into, (column, value)) in made.values[first..].iter_mut().zip(plans) {
        if let ValuePlan::Early(op) = value {
            put_column(scope, rule, column, op, into)?;
        } else if let ValuePlan::Constant(index) = value {
            match &made.constants[*index] {
                // The application's id, mostly.
                Value::Int(number) => *into = Value::Int(*number),
                constant => *into = constant.clone(),
            }
        }
        if settles {
            made.incomplete |= !settle(column, into);
        }
    }
    Ok(())
}

/// The key by which rows are the same, and what prefers one of them.
fn key<'s>(distinct: &'s DistinctPlan, scope: &Scope<'s>) -> Result<(String, Datum<'static>)> {
    let mut key = String::new();
    for op in &distinct.by {
        // Null and blank are one key; a separator keeps the parts apart.
        match scope.value(op)? {
            Datum::Text(text) => key.push_str(text.trim_end_matches(' ')),
            Datum::Value(value) => key.push_str(&plain_text(&value).unwrap_or_default()),
        }
        key.push('\0');
    }
    let prefer = match &distinct.prefer {
        None => Datum::Value(Value::Null),
        Some(op) => scope.value(op)?.into_owned(),
    };
    Ok((key, prefer))
}

#[cold]
fn too_many_rows(at: u32, limits: &Limits) -> Box<Fault> {
    Fault::limit(
        at as usize,
        format!(
            "the document gives more than {} rows: raise --max-rows if such documents are right",
            limits.rows
        ),
    )
}

/// Gives a row its defaults; whether everything required is there then.
fn fill(rule: &Rule, row: &mut [Value]) -> bool {
    row.iter_mut().zip(&rule.columns).fold(true, |complete, (value, column)| {
        let settled = settle(column, value);
        complete && settled
    })
}

/// Gives a column its default; whether it may be as it is then.
#[inline(always)]
fn settle(column: &Column, value: &mut Value) -> bool {
    if !matches!(value, Value::Null) {
        return true;
    }
    match &column.default {
        None => return !column.required,
        // A value that is handed on as a whole is put together twice.
        Some(Value::Text(text)) => *value = Value::Text(text.clone()),
        Some(default) => *value = default.clone(),
    }
    true
}

/// Puts a column's value into its place, and the column's name on whatever goes wrong.
#[inline(always)]
fn put_column<'t>(
    scope: &Scope<'t>,
    rule: &Rule,
    column: &Column,
    op: &'t Op,
    into: &mut Value,
) -> Result<()> {
    match scope.column(op, &column.conversion, into) {
        Ok(()) => Ok(()),
        Err(fault) => forgive(fault, rule, column),
    }
}

/// `on_error = "null"`, or the failure.
#[cold]
fn forgive(mut fault: Box<Fault>, rule: &Rule, column: &Column) -> Result<()> {
    let data =
        !matches!(fault.category, FailureCategory::MalformedXml | FailureCategory::LimitExceeded);
    if data && column.on_error_null {
        return Ok(());
    }
    fault.table = Some(rule.table.clone());
    fault.column = Some(column.name.clone());
    Err(fault)
}

#[cold]
fn missing(rule: &Rule, column: &str, at: u32) -> Box<Fault> {
    let mut fault = Fault::new(
        FailureCategory::MissingRequired,
        format!(
            "{}.{column} is required, and this element has no value for it: correct the \
             document, or give the column a default",
            rule.table
        ),
    );
    fault.table = Some(rule.table.clone());
    fault.column = Some(column.into());
    fault.at(at as usize)
}

/// Lower is better, and null is worst.
fn preference<'t>(
    scope: &Scope<'t>,
    new: &'t Datum<'static>,
    standing: &'t Datum<'static>,
) -> Result<Ordering> {
    match (new.is_null(), standing.is_null()) {
        (true, true) => Ok(Ordering::Equal),
        (true, false) => Ok(Ordering::Greater),
        (false, true) => Ok(Ordering::Less),
        (false, false) => {
            let order = scope.compare(new.clone(), standing.clone())?;
            Ok(order.unwrap_or(Ordering::Equal))
        }
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
            Err(fault) if fault.category == FailureCategory::LimitExceeded => Err(fault),
            Err(fault) => {
                self.failed = Some(fault);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

/// Whether a predicate holds.
pub(super) fn predicate(
    setting: Setting<'_>,
    condition: &Op,
    element: &Element<'_>,
) -> Result<bool> {
    // What most predicates are needs nothing else.
    if let (Op::IsNull(operand, negated), Element::Begins(tag)) = (condition, element) {
        if let Op::Attribute(name) = &**operand {
            let (bytes, ignore_case) = (tag.text.as_bytes(), setting.plan.ignore_case_attributes);
            match tag.attributes.find(bytes, name.as_bytes(), ignore_case) {
                None => return Ok(!negated),
                Some(found) if found.plain => return Ok(*negated),
                Some(_) => {}
            }
        }
    }
    static NOTHING: Captures = Captures::empty();
    let scope = match element {
        Element::Begins(tag) => Scope { tag: Some(tag), ..setting.scope(0, &NOTHING) },
        Element::Ends { frame, captures } => setting.scope(*frame, captures),
    };
    Ok(scope.condition(condition)? == Some(true))
}
