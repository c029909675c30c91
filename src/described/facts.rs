//! What the columns of a table are described by.

use crate::contract::model::{Model, TableRule};
use crate::contract::TargetTable;

/// A `[[tables]]` and what is around it.
#[derive(Clone, Copy)]
pub(super) struct Facts<'m> {
    pub model: &'m Model,
    pub targets: &'m [TargetTable],
    pub rule: &'m TableRule,
}
