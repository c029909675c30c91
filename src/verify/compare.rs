//! The rows of a document and those of a table.

use std::collections::HashMap;

use super::canonical;
use super::report::{Difference, Example, Table, VALUE_CLIP};
use super::scope::TableScope;
use crate::contract::TargetTable;
use crate::id::AppId;
use crate::outcome::TableRows;
use crate::value::{to_text, Value};

/// The rows of an application in a table.
pub(super) struct Rows<'r> {
    pub app_id: AppId,
    /// Index of the table in the contract.
    pub at: usize,
    pub table: &'r TargetTable,
    pub scope: &'r TableScope,
}

/// Most rows without a key of one application that are compared with each other in search of the
/// most similar ones.
const MOST_PAIRED: usize = 100;

impl Rows<'_> {
    /// Counts what is equal and what differs, and returns an example of each difference.
    pub fn compare(&self, expected: &TableRows, found: &TableRows, to: &mut Table) -> Vec<Example> {
        to.expected += expected.len() as u64;
        to.found += found.len() as u64;
        let identifying = match self.scope.key.as_slice() {
            [] => &self.scope.columns,
            key => key,
        };
        let mut waiting: HashMap<String, Vec<&[Value]>> = HashMap::new();
        for row in expected.iter() {
            waiting.entry(self.identity(row, identifying)).or_default().push(row);
        }
        let (mut matched, mut surplus) = (Vec::new(), Vec::new());
        for row in found.iter() {
            match waiting.get_mut(&self.identity(row, identifying)).and_then(Vec::pop) {
                Some(expected) => matched.push((expected, row)),
                None => surplus.push(row),
            }
        }
        let mut missing: Vec<&[Value]> = waiting.into_values().flatten().collect();
        if self.scope.key.is_empty() {
            self.pair(&mut missing, &mut surplus, &mut matched);
        }
        let mut examples = Vec::new();
        for (expected, found) in matched {
            self.compare_row(expected, found, to, &mut examples);
        }
        to.missing += missing.len() as u64;
        to.surplus += surplus.len() as u64;
        let missing = missing.into_iter().map(|row| (Difference::MissingRow, row));
        let surplus = surplus.into_iter().map(|row| (Difference::SurplusRow, row));
        examples.extend(missing.chain(surplus).map(|(difference, row)| Example {
            difference,
            app_id: self.app_id,
            table: self.at,
            column: None,
            key: self.shown(row),
            expected: None,
            found: None,
        }));
        examples
    }

    fn compare_row(
        &self,
        expected: &[Value],
        found: &[Value],
        to: &mut Table,
        examples: &mut Vec<Example>,
    ) {
        let before = examples.len();
        for at in self.differing(expected, found) {
            to.columns[at].different += 1;
            examples.push(Example {
                difference: Difference::Value,
                app_id: self.app_id,
                table: self.at,
                column: Some(at),
                key: self.shown(expected),
                expected: self.text(&expected[at], at),
                found: self.text(&found[at], at),
            });
        }
        match examples.len() == before {
            true => to.equal += 1,
            false => to.different += 1,
        }
    }

    /// The compared columns in which two rows differ.
    fn differing<'s>(
        &'s self,
        expected: &'s [Value],
        found: &'s [Value],
    ) -> impl Iterator<Item = usize> + 's {
        self.scope.columns.iter().copied().filter(|at| {
            !canonical::same(&expected[*at], &found[*at], self.table.columns[*at].sql_type)
        })
    }

    /// Without a key, a missing and a surplus row are one row with other values if most of their
    /// columns are the same; the most similar ones first.
    fn pair<'v>(
        &self,
        missing: &mut Vec<&'v [Value]>,
        surplus: &mut Vec<&'v [Value]>,
        matched: &mut Vec<(&'v [Value], &'v [Value])>,
    ) {
        if missing.len().max(surplus.len()) > MOST_PAIRED {
            return;
        }
        // The application's id is always the same.
        let own = usize::from(self.table.app_column.is_some());
        let compared = self.scope.columns.len().saturating_sub(own);
        let mut pairs = Vec::new();
        for (i, expected) in missing.iter().enumerate() {
            for (j, found) in surplus.iter().enumerate() {
                let differing = self.differing(expected, found).count();
                if differing * 2 <= compared {
                    pairs.push((differing, i, j));
                }
            }
        }
        pairs.sort_unstable();
        let (mut used, mut taken) = (vec![false; missing.len()], vec![false; surplus.len()]);
        for (_, i, j) in pairs {
            if !used[i] && !taken[j] {
                (used[i], taken[j]) = (true, true);
                matched.push((missing[i], surplus[j]));
            }
        }
        let mut used = used.into_iter();
        missing.retain(|_| !used.next().unwrap_or_default());
        let mut taken = taken.into_iter();
        surplus.retain(|_| !taken.next().unwrap_or_default());
    }

    fn identity(&self, row: &[Value], identifying: &[usize]) -> String {
        let mut identity = String::new();
        for at in identifying {
            canonical::write(&row[*at], self.table.columns[*at].sql_type, &mut identity);
        }
        identity
    }

    /// The key of a row, or what the row has.
    fn shown(&self, row: &[Value]) -> String {
        let columns = match self.scope.key.as_slice() {
            [] => &self.scope.columns,
            key => key,
        };
        let cells = columns.iter().filter_map(|at| {
            Some(format!("{}={}", self.table.columns[*at].name, self.text(&row[*at], *at)?))
        });
        clipped(&cells.collect::<Vec<_>>().join(" "))
    }

    fn text(&self, value: &Value, at: usize) -> Option<String> {
        let sql_type = self.table.columns[at].sql_type;
        to_text(value, sql_type).map(|text| clipped(&text))
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(VALUE_CLIP) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
