//! How fast a run is, and how long the rest takes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::runner::Progress;

/// Applications with an outcome.
pub(super) fn concluded(progress: &Progress) -> u64 {
    progress.success + progress.failed
}

/// How fast the queue empties. Other workers claim from it too: their work is the difference
/// between two counts of what is to do. Until there are two counts, this worker's own pace is used.
/// Both cover the recent past only, because an idle hour does not predict the next minute.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// This worker's last [`Pace::WINDOW`], oldest first.
    recent: VecDeque<Progress>,
    before: Option<(u64, Duration)>,
    last: Option<(u64, Duration)>,
    /// What this worker had concluded when the last count was taken.
    concluded_then: u64,
}

/// What was concluded per second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PerSecond {
    pub(super) applications: f64,
    pub(super) bytes: f64,
}

impl Pace {
    /// The period that a pace covers.
    const WINDOW: Duration = Duration::from_secs(30);

    /// Of a shorter time no pace is known.
    const SHORTEST: Duration = Duration::from_millis(100);

    pub(super) fn observe(&mut self, progress: &Progress) {
        self.recent.push_back(*progress);
        // The oldest entry kept is the last one that is a whole window old.
        while self.recent.get(1).is_some_and(|p| p.elapsed + Self::WINDOW <= progress.elapsed) {
            self.recent.pop_front();
        }
        if progress.to_do != self.last {
            self.before = self.last;
            self.last = progress.to_do;
            self.concluded_then = concluded(progress);
        }
    }

    /// Applications that this worker and those beside it can conclude now.
    pub(super) fn left(&self, progress: &Progress, limit: Option<u64>) -> Option<u64> {
        let since = concluded(progress) - self.concluded_then;
        let to_do = self.last.map(|(to_do, _)| to_do.saturating_sub(since));
        let allowed = limit.map(|limit| limit.saturating_sub(concluded(progress)));
        match (to_do, allowed) {
            (Some(to_do), Some(allowed)) => Some(to_do.min(allowed)),
            (to_do, allowed) => to_do.or(allowed),
        }
    }

    /// How long this many applications will take; `None` when there are none, or no worker is active.
    pub(super) fn time_for(&self, left: u64) -> Option<Duration> {
        let own = self.own().applications;
        let rate = self.of_all().map_or(own, |all| all.max(own));
        (left > 0 && rate > 0.0).then(|| Duration::from_secs_f64((left as f64 / rate).min(1e9)))
    }

    /// This worker's own pace.
    pub(super) fn own(&self) -> PerSecond {
        let (Some(oldest), Some(now)) = (self.recent.front(), self.recent.back()) else {
            return PerSecond::default();
        };
        let is_first = self.recent.len() == 1;
        if is_first && now.elapsed < Self::SHORTEST {
            return PerSecond::default();
        }
        let began = if is_first { Progress::default() } else { *oldest };
        let seconds = (now.elapsed - began.elapsed).as_secs_f64().max(0.001);
        PerSecond {
            applications: (concluded(now) - concluded(&began)) as f64 / seconds,
            bytes: (now.document_bytes - began.document_bytes) as f64 / seconds,
        }
    }

    /// Applications that leave the queue per second, by any worker.
    fn of_all(&self) -> Option<f64> {
        let ((before, began), (now, at)) = (self.before?, self.last?);
        let seconds = at.checked_sub(began).filter(|time| !time.is_zero())?.as_secs_f64();
        Some(before.saturating_sub(now) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(seconds: u64, done: u64, to_do: Option<(u64, u64)>) -> Progress {
        Progress {
            elapsed: Duration::from_secs(seconds),
            claimed: done,
            success: done,
            failed: 0,
            document_bytes: done * 20_000,
            to_do: to_do.map(|(n, at)| (n, Duration::from_secs(at))),
            waits_for: None,
        }
    }

    fn pace_of(observed: &[Progress]) -> Pace {
        let mut pace = Pace::default();
        observed.iter().for_each(|progress| pace.observe(progress));
        pace
    }

    #[test]
    fn alone_the_time_left_follows_the_own_pace() {
        let now = progress(10, 100, Some((1000, 0)));
        let pace = pace_of(&[progress(0, 0, Some((1000, 0))), now]);
        let left = pace.left(&now, None).unwrap();
        assert_eq!((left, pace.time_for(left)), (900, Some(Duration::from_secs(90))));
    }

    #[test]
    fn with_neighbours_the_time_left_follows_how_fast_the_queue_empties() {
        let now = progress(10, 100, Some((600, 10)));
        let pace = pace_of(&[progress(0, 0, Some((1000, 0))), now]);
        let left = pace.left(&now, None).unwrap();
        assert_eq!((left, pace.time_for(left)), (600, Some(Duration::from_secs(15))));
    }

    #[test]
    fn an_hour_without_work_does_not_slow_the_pace_of_now() {
        let idle = (0..360).map(|n| progress(n * 10, 0, Some((0, n * 10))));
        let busy = (1..=4).map(|n| progress(3600 + n * 10, n * 1000, Some((9000, 3600))));
        let observed = idle.chain([progress(3600, 0, Some((9000, 3600)))]).chain(busy);
        let pace = pace_of(&observed.collect::<Vec<_>>());
        assert_eq!(pace.own().applications, 100.0);
        assert_eq!(pace.time_for(5000), Some(Duration::from_secs(50)));
    }

    #[test]
    fn a_limit_below_what_is_to_do_is_the_goal() {
        let pace = Pace::default();
        assert_eq!(pace.left(&progress(10, 100, None), Some(250)), Some(150));
        assert_eq!(pace.left(&progress(10, 100, None), None), None);
    }
}
