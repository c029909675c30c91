//! Named places where a process can be made to die or to wait, to test crash recovery.
//!
//! `XMLSHRED_FAILPOINT=name[:count]`, set when the process starts, kills the process the moment
//! it passes the named place for the count-th time (by default the first). It dies as if by
//! SIGKILL: nothing is flushed, no destructor runs. With `name:count:wait` it reports on stderr
//! that it waits, and continues when its stdin ends. Builds without debug assertions, and so
//! releases, have no such places.

#[cfg(debug_assertions)]
use std::io::Read;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(debug_assertions)]
use std::sync::OnceLock;

/// The variable that names a place, if this build has such places.
pub const VARIABLE: Option<&str> =
    if cfg!(debug_assertions) { Some("XMLSHRED_FAILPOINT") } else { None };

/// A claim is committed and its documents are not read yet.
pub const AFTER_CLAIM: &str = "after_claim";

/// A completion has written rows and log, and has not committed.
pub const BETWEEN_STAGE_AND_COMMIT: &str = "between_stage_and_commit";

/// A completion is committed and the caller has no answer yet.
pub const AFTER_COMMIT_BEFORE_ANSWER: &str = "after_commit_before_answer";

/// A document is added and its load is not committed.
pub const AMID_LOAD: &str = "amid_load";

/// A chunk of an earlier system's log is imported, and not the last one.
pub const AMID_ADOPTION: &str = "amid_adoption";

/// A backfill has written what an application lacked; the embedded store has not committed it.
pub const AMID_BACKFILL: &str = "amid_backfill";

/// The places that a worker passes.
pub const OF_WORKERS: [&str; 3] =
    [AFTER_CLAIM, BETWEEN_STAGE_AND_COMMIT, AFTER_COMMIT_BEFORE_ANSWER];

/// Every name.
pub const ALL: [&str; 6] = [
    AFTER_CLAIM,
    BETWEEN_STAGE_AND_COMMIT,
    AFTER_COMMIT_BEFORE_ANSWER,
    AMID_LOAD,
    AMID_ADOPTION,
    AMID_BACKFILL,
];

/// The requested place, how often it may still be passed, and what happens then.
#[cfg(debug_assertions)]
struct Armed {
    name: &'static str,
    passes_left: AtomicU64,
    act: fn(&str),
}

/// Does nothing: a release cannot be made to die.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn hit(_name: &str) {}

/// Ends or suspends the process here, if that was requested.
#[cfg(debug_assertions)]
pub fn hit(name: &str) {
    static ARMED: OnceLock<Option<Armed>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| arm(&std::env::var("XMLSHRED_FAILPOINT").ok()?));
    let Some(armed) = armed else { return };
    if armed.name == name && armed.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
        (armed.act)(name);
    }
}

/// Reads `name[:count[:wait]]`. An unknown name is reported and ignored.
#[cfg(debug_assertions)]
fn arm(text: &str) -> Option<Armed> {
    let (place, act): (_, fn(&str)) = match text.strip_suffix(":wait") {
        Some(place) => (place, wait),
        None => (text, |_| die()),
    };
    let (name, count) = place.split_once(':').unwrap_or((place, "1"));
    let known = ALL.into_iter().find(|known| *known == name);
    let count = count.parse().ok().filter(|count| *count > 0);
    match (known, count) {
        (Some(name), Some(count)) => Some(Armed { name, passes_left: AtomicU64::new(count), act }),
        _ => {
            tracing::warn!(
                "XMLSHRED_FAILPOINT={text} is ignored: expected one of {}, with :COUNT from 1 and :wait",
                ALL.join(", ")
            );
            None
        }
    }
}

/// Dies as a process that is killed from outside.
#[cfg(debug_assertions)]
fn die() -> ! {
    #[cfg(unix)]
    // SAFETY: both calls take plain integers and touch no memory of this process.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
    std::process::abort()
}

/// Waits until the process's stdin is closed.
#[cfg(debug_assertions)]
fn wait(name: &str) {
    eprintln!("waiting at {name}");
    // An error ends the wait as well.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn a_count_says_which_pass_is_the_last() {
        let armed = arm("after_claim:3").expect("armed");
        assert_eq!((armed.name, armed.passes_left.into_inner()), (AFTER_CLAIM, 3));
        assert_eq!(arm("after_claim").expect("armed").passes_left.into_inner(), 1);
        let armed = arm("after_claim:3:wait").expect("armed");
        assert_eq!((armed.name, armed.passes_left.into_inner()), (AFTER_CLAIM, 3));
    }

    #[test]
    fn what_is_not_a_place_arms_nothing() {
        assert!(arm("nowhere").is_none());
        assert!(arm("after_claim:0").is_none());
        assert!(arm("after_claim:soon").is_none());
    }
}
