//! `PARENT(column)`: a finished row of the parent table.

use super::datum::{Datum, NULL};
use super::scope::{ParentRow, Scope};
use crate::outcome::FailureCategory;
use crate::reason::{known, number, reason};
use crate::shred::fault::Result;

impl<'t> Scope<'t> {
    pub(super) fn parent_value(&self, target_column: usize) -> Result<Datum<'t>> {
        let Some(ParentRow { rule, values, numbers }) = self.parent else { return Ok(NULL) };
        let columns = &rule.columns;
        let Some(column) = columns.iter().position(|c| c.target_column == target_column) else {
            return Ok(NULL);
        };
        let value = |number: u32| &values[number as usize * columns.len() + column];
        let (_, first) = numbers[0];
        if numbers.iter().any(|(_, other)| value(*other) != value(first)) {
            let reason = reason!(
                "the element gives {} rows of {}, and their {} differ: refer to a column that is \
                 the same in all of them",
                number(numbers.len()),
                known(&rule.table),
                known(&columns[column].name)
            );
            return Err(self.fault(FailureCategory::ManyValues, reason));
        }
        Ok(Datum::from_value(value(first)))
    }
}
