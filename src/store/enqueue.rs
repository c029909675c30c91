//! Enqueueing: requests and answers.

use crate::id::AppId;

/// How enqueueing searches for new source rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnqueueMode {
    /// Rows since the last run: from the watermark less an overlap, because ids commit out of order.
    /// The embedded store knows the lowest new id and finds all.
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

/// Answer of [`Store::enqueue_apps`](crate::store::Store::enqueue_apps).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enqueued {
    /// The number of applications added to the queue.
    Added(u64),
    /// Another caller is enqueueing: its result is enough. In the embedded store callers share the
    /// work and are never busy.
    Busy,
}
