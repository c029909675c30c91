//! Completing: what became of the applications of a claim.

use crate::id::AppId;
use crate::outcome::FailureCategory;

/// What became of one application of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The application.
    pub app_id: AppId,
    /// Its attempt.
    pub attempt: u32,
    /// `None` for success, else the category that was logged.
    pub failure: Option<FailureCategory>,
    /// Rows written, per entry of [`Contract::targets`]; empty for a failure. Rows that were
    /// skipped because some were there already are not counted.
    pub rows: Vec<u64>,
}

/// Answer of [`Store::get_claim_outcome`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// Applications the token still holds.
    pub held: Vec<AppId>,
    /// Applications that were concluded under the token.
    pub completed: Vec<Completed>,
}
