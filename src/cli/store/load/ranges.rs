//! Applications, of which many follow one another.

use crate::id::AppId;

/// Applications as ranges.
#[derive(Debug, Default)]
pub struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    /// Adds one.
    pub fn add(&mut self, app_id: AppId) {
        match self.0.last_mut().filter(|(_, last)| last.checked_add(1) == Some(app_id.0)) {
            Some((_, last)) => *last = app_id.0,
            None => self.0.push((app_id.0, app_id.0)),
        }
    }

    /// Whether it was added.
    pub fn has(&self, app_id: AppId) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&app_id.0))
    }
}
