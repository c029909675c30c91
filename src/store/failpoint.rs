//! Named places where a process can be made to die: a testing aid for crash recovery.
//!
//! `XMLSHRED_FAILPOINT=name[:count]`, set when the process starts, kills the process the moment
//! it passes the named place for the count-th time (by default the first). It dies as if by
//! SIGKILL: nothing is flushed, no destructor runs. Unset, a place costs one atomic load.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

/// A claim is committed and its documents are not yet read.
pub const AFTER_CLAIM: &str = "after_claim";

/// A completion has written rows and log, and not committed them.
pub const BETWEEN_STAGE_AND_COMMIT: &str = "between_stage_and_commit";

/// A completion is committed and the caller does not know yet.
pub const AFTER_COMMIT_BEFORE_ANSWER: &str = "after_commit_before_answer";

/// Every name there is.
pub const ALL: [&str; 3] = [AFTER_CLAIM, BETWEEN_STAGE_AND_COMMIT, AFTER_COMMIT_BEFORE_ANSWER];

/// The place that was asked for, and how often it may still be passed.
struct Armed {
    name: &'static str,
    passes_left: AtomicU64,
}

/// Ends the process here, if that was asked for.
pub fn hit(name: &str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| arm(&std::env::var("XMLSHRED_FAILPOINT").ok()?));
    let Some(armed) = armed else { return };
    if armed.name == name && armed.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
        die();
    }
}

/// Reads `name[:count]`. A name that does not exist is reported and disarms.
fn arm(text: &str) -> Option<Armed> {
    let (name, count) = text.split_once(':').unwrap_or((text, "1"));
    let known = ALL.into_iter().find(|known| *known == name);
    let count = count.parse().ok().filter(|count| *count > 0);
    match (known, count) {
        (Some(name), Some(count)) => Some(Armed { name, passes_left: AtomicU64::new(count) }),
        _ => {
            tracing::warn!(
                "XMLSHRED_FAILPOINT={text} is ignored: it takes one of {}, with :COUNT from 1",
                ALL.join(", ")
            );
            None
        }
    }
}

/// Dies as a process does that is killed from outside.
fn die() -> ! {
    #[cfg(unix)]
    // SAFETY: both calls take plain integers and touch no memory of this process.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_which_pass_is_the_last() {
        let armed = arm("after_claim:3").expect("armed");
        assert_eq!((armed.name, armed.passes_left.into_inner()), (AFTER_CLAIM, 3));
        assert_eq!(arm("after_claim").expect("armed").passes_left.into_inner(), 1);
    }

    #[test]
    fn what_is_not_a_place_arms_nothing() {
        assert!(arm("nowhere").is_none());
        assert!(arm("after_claim:0").is_none());
        assert!(arm("after_claim:soon").is_none());
    }
}
