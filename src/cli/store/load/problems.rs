//! What is wrong, as far as a person reads it.

use crate::cli::command_error::{CommandError, Result};
use crate::figures::count;

/// Problems that are shown.
const SHOWN: u64 = 20;

/// The first problems, and how many there are.
#[derive(Debug, Default)]
pub struct Problems {
    first: Vec<String>,
    count: u64,
}

impl Problems {
    /// Adds one.
    pub fn add(&mut self, problem: impl FnOnce() -> String) {
        if self.count < SHOWN {
            self.first.push(problem());
        }
        self.count += 1;
    }

    /// # Errors
    /// There is one.
    pub fn refuse(mut self, title: &str, hint: &str) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        if self.count > SHOWN {
            self.first.push(format!("and {} more", count(self.count - SHOWN)));
        }
        Err(CommandError::several(title, &self.first, hint))
    }
}
