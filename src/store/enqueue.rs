//! Enqueueing: requests and answers.

use crate::id::AppId;

/// How enqueueing looks for new source rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnqueueMode {
    /// What came since the last time: from the highest id seen, less an overlap, because ids
    /// commit out of order. The embedded store knows the lowest new id and finds all.
    #[default]
    New,
    /// A full anti-join of source against queue and log.
    Full,
    /// A full anti-join within an inclusive range of ids.
    Range {
        /// Smallest id.
        start: AppId,
        /// Largest id.
        end: AppId,
    },
}

/// Answer of [`Store::enqueue_apps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// This many applications are new in the queue.
    Added(u64),
    /// Another caller is enqueueing, and adds what there is; that is success. In the embedded
    /// store callers share the work, and none is told this.
    Busy,
}
