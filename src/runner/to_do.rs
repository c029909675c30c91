//! How much there is to do, where it was counted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The latest count, and when it was taken.
#[derive(Debug, Default)]
pub(super) struct ToDo(Mutex<Option<(u64, Duration)>>);

impl ToDo {
    pub(super) fn get(&self) -> Option<(u64, Duration)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, to_do: u64, at: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((to_do, at));
    }
}
