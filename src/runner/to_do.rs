//! How much there is to do, where it was counted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::observer::Elsewhere;

/// The latest count.
#[derive(Debug, Default)]
pub(super) struct ToDo(Mutex<Counted>);

/// What was counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    /// Applications that are to do, and when they were counted.
    pub(super) to_do: Option<(u64, Duration)>,
    /// What others hold.
    pub(super) elsewhere: Option<Elsewhere>,
}

impl ToDo {
    pub(super) fn get(&self) -> Counted {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, counted: Counted) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counted;
    }
}
