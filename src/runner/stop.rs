//! How a run ends that does not end by itself.

/// How a run that is stopping treats what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Finish what is quick, release the rest.
    Drain,
    /// Release everything that is not being completed at this moment.
    Abort,
}
