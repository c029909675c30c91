//! What the columns of a table are described by.

use crate::contract::expr::ast::Span;
use crate::contract::model::{Model, TableRule};
use crate::contract::TargetTable;

/// A `[[tables]]` and what is around it.
#[derive(Clone, Copy)]
pub(super) struct Facts<'m> {
    pub model: &'m Model,
    pub targets: &'m [TargetTable],
    pub rule: &'m TableRule,
    /// What reads nothing and was computed, with a value that is not blank.
    pub filled: &'m [Span],
}
