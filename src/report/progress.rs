//! How far a run is, while it runs.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::runner::{Observer, Progress};

use super::figures::{count, duration};

/// The bar on the terminal, if there is one now; [`LogWriter`] writes around it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Shows a run's progress on stderr: a bar where that is a terminal, else a line now and then.
#[derive(Debug)]
pub struct ProgressLine {
    bar: Option<ProgressBar>,
    limit: Option<u64>,
    every: Duration,
    said: Duration,
    pace: Pace,
}

impl ProgressLine {
    /// Time between two lines where stderr is not a terminal.
    pub const EVERY: Duration = Duration::from_secs(10);

    /// Progress towards `limit` applications, or else towards all that are unfinished.
    pub fn new(limit: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(spinner_style());
            bar
        });
        BAR.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&bar);
        let pace = Pace::default();
        Self { bar, limit, every: Self::EVERY, said: Duration::ZERO, pace }
    }
}

fn spinner_style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").expect("the template is right")
}

fn bar_style() -> ProgressStyle {
    let template = "{wide_bar:.cyan/blue} {percent:>3}%  {msg}";
    ProgressStyle::with_template(template).expect("the template is right").progress_chars("━╸─")
}

impl Observer for ProgressLine {
    fn wants_unfinished(&self) -> bool {
        true
    }

    fn progress(&mut self, progress: &Progress) {
        self.pace.observe(progress);
        let left = self.pace.left(progress, self.limit);
        let text = describe(progress, left.and_then(|left| self.pace.time_for(left, progress)));
        let Some(bar) = &self.bar else {
            if progress.elapsed >= self.said + self.every {
                self.said = progress.elapsed;
                writeln!(io::stderr(), "{text}").ok();
            }
            return;
        };
        if let Some(left) = left {
            if bar.length().is_none() {
                bar.set_style(bar_style());
            }
            bar.set_length(concluded(progress) + left);
        }
        bar.set_position(concluded(progress));
        bar.set_message(text);
        bar.tick();
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        *BAR.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn concluded(progress: &Progress) -> u64 {
    progress.success + progress.failed
}

fn describe(progress: &Progress, eta: Option<Duration>) -> String {
    let seconds = progress.elapsed.as_secs_f64().max(0.001);
    let mut text = format!(
        "{} applications, {} failed, {:.0}/s, {:.1} MB/s",
        count(concluded(progress)),
        count(progress.failed),
        concluded(progress) as f64 / seconds,
        progress.document_bytes as f64 / 1e6 / seconds,
    );
    if let Some(eta) = eta {
        text += &format!(", about {} left", duration(eta));
    }
    text
}

/// How fast the queue empties. Other workers take from it too, so their work is seen as the
/// difference between two counts of what is unfinished; until there are two, this worker's own
/// pace has to do.
#[derive(Debug, Default)]
struct Pace {
    first: Option<(u64, Duration)>,
    last: Option<(u64, Duration)>,
    /// What this worker had concluded when the last count was taken.
    concluded_then: u64,
}

impl Pace {
    fn observe(&mut self, progress: &Progress) {
        if progress.unfinished == self.last {
            return;
        }
        self.last = progress.unfinished;
        self.first = self.first.or(self.last);
        self.concluded_then = concluded(progress);
    }

    /// Applications still to be concluded.
    fn left(&self, progress: &Progress, limit: Option<u64>) -> Option<u64> {
        let since = concluded(progress) - self.concluded_then;
        let unfinished = self.last.map(|(unfinished, _)| unfinished.saturating_sub(since));
        let allowed = limit.map(|limit| limit.saturating_sub(concluded(progress)));
        match (unfinished, allowed) {
            (Some(unfinished), Some(allowed)) => Some(unfinished.min(allowed)),
            (unfinished, allowed) => unfinished.or(allowed),
        }
    }

    /// How long that many applications will take.
    fn time_for(&self, left: u64, progress: &Progress) -> Option<Duration> {
        let own = concluded(progress) as f64 / progress.elapsed.as_secs_f64().max(0.001);
        let rate = self.of_all().map_or(own, |all| all.max(own));
        (rate > 0.0).then(|| Duration::from_secs_f64((left as f64 / rate).min(1e9)))
    }

    /// Applications that leave the queue per second, whoever does it.
    fn of_all(&self) -> Option<f64> {
        let ((before, began), (now, at)) = (self.first?, self.last?);
        let seconds = at.checked_sub(began).filter(|time| !time.is_zero())?.as_secs_f64();
        Some(before.saturating_sub(now) as f64 / seconds)
    }
}

/// Writes to stderr without tearing the progress bar, for log lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(|| io::stderr().write(buffer)),
            None => io::stderr().write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(seconds: u64, done: u64, unfinished: Option<(u64, u64)>) -> Progress {
        Progress {
            elapsed: Duration::from_secs(seconds),
            claimed: done,
            success: done,
            failed: 0,
            document_bytes: done * 20_000,
            unfinished: unfinished.map(|(n, at)| (n, Duration::from_secs(at))),
        }
    }

    #[test]
    fn alone_the_time_left_follows_the_own_pace() {
        let mut pace = Pace::default();
        pace.observe(&progress(0, 0, Some((1000, 0))));
        let now = progress(10, 100, Some((1000, 0)));
        pace.observe(&now);
        let left = pace.left(&now, None).unwrap();
        assert_eq!((left, pace.time_for(left, &now)), (900, Some(Duration::from_secs(90))));
    }

    #[test]
    fn with_neighbours_the_time_left_follows_how_fast_the_queue_empties() {
        let mut pace = Pace::default();
        pace.observe(&progress(0, 0, Some((1000, 0))));
        let now = progress(10, 100, Some((600, 10)));
        pace.observe(&now);
        let left = pace.left(&now, None).unwrap();
        assert_eq!((left, pace.time_for(left, &now)), (600, Some(Duration::from_secs(15))));
    }

    #[test]
    fn a_limit_below_what_is_unfinished_is_the_goal() {
        let pace = Pace::default();
        assert_eq!(pace.left(&progress(10, 100, None), Some(250)), Some(150));
        assert_eq!(pace.left(&progress(10, 100, None), None), None);
    }

    #[test]
    fn the_line_says_rate_and_time_left() {
        let text = describe(&progress(10, 5000, None), Some(Duration::from_secs(75)));
        let expected = "5,000 applications, 0 failed, 500/s, 10.0 MB/s, about 1 min 15 s left";
        assert_eq!(text, expected);
    }
}
