//! The progress of a run.

mod bar;
mod pace;

use std::io::{self, IsTerminal};
use std::time::Duration;

use crate::figures::{count, duration};
use crate::runner::{Elsewhere, Observer, Progress};

pub use bar::LogWriter;

use bar::{Bar, Frame};
use pace::{concluded, Pace};

/// Shows a run's progress: a bar where stderr is a terminal, else a log line every ten seconds.
#[derive(Debug)]
pub struct ProgressLine {
    bar: Option<Bar>,
    limit: Option<u64>,
    said: Progress,
    pace: Pace,
}

impl ProgressLine {
    /// Time between two lines where there is no bar. A run that concludes nothing logs none.
    pub const EVERY: Duration = Duration::from_secs(10);

    /// Progress towards `limit` applications, or else towards all that are ready. Only output for
    /// people has a bar.
    pub fn new(limit: Option<u64>, for_people: bool) -> Self {
        let bar = (for_people && io::stderr().is_terminal()).then(Bar::start).flatten();
        Self { bar, limit, said: Progress::default(), pace: Pace::default() }
    }

    fn log(&mut self, progress: &Progress, text: &str) {
        let due = progress.elapsed >= self.said.elapsed + Self::EVERY;
        if due && concluded(progress) != concluded(&self.said) {
            self.said = *progress;
            let (concluded, failed) = (concluded(progress), progress.failed);
            tracing::info!(concluded, failed, "{text}");
        }
    }
}

impl Observer for ProgressLine {
    fn wants_to_do(&self) -> bool {
        true
    }

    fn progress(&mut self, progress: &Progress) {
        self.pace.observe(progress);
        let left = self.pace.left(progress, self.limit);
        let Some(bar) = &self.bar else {
            return self.log(progress, &describe(progress, &self.pace, left));
        };
        let text = abbreviated(progress, &self.pace, left);
        // What others hold is not done.
        let held = progress.waits_for.map(|others| others.applications);
        let left = left.max(held);
        bar.show(Frame { concluded: concluded(progress), left, text });
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.end();
        }
    }
}

/// Counts, rate and time left, for a log line.
fn describe(progress: &Progress, pace: &Pace, left: Option<u64>) -> String {
    let done = count(concluded(progress));
    format!("{done} applications, {}", rates(progress, pace, left, "about "))
}

/// The same in fewer words: a bar of a few columns must fit beside them.
fn abbreviated(progress: &Progress, pace: &Pace, left: Option<u64>) -> String {
    let done = count(concluded(progress));
    match progress.waits_for.and_then(|others| waits(others, progress.elapsed)) {
        Some(wait) => format!("{done} done; {wait}"),
        None => format!("{done} done, {}", rates(progress, pace, left, "")),
    }
}

fn rates(progress: &Progress, pace: &Pace, left: Option<u64>, about: &str) -> String {
    let own = pace.own();
    let mut text = format!("{} failed, {:.0}/s", count(progress.failed), own.applications);
    if progress.document_bytes > 0 {
        text += &format!(", {:.1} MB/s", own.bytes / 1e6);
    }
    if let Some(time) = left.and_then(|left| pace.time_for(left)) {
        text += &format!(", {about}{} left", duration(time));
    }
    text
}

/// What is waited for, and how long it takes at least.
fn waits(others: Elsewhere, now: Duration) -> Option<String> {
    let held = match others.applications {
        0 => return None,
        applications => format!("{} held by other workers", count(applications)),
    };
    // Whole seconds: a countdown that jumps is hard to read.
    let left = others.lease_ends.saturating_sub(now).as_secs_f64().ceil() as u64;
    Some(match left {
        0 => format!("{held}: the lease has expired"),
        1..60 => format!("{held}: the lease expires in {left} s"),
        left => format!("{held}: the lease expires in {}", duration(Duration::from_secs(left))),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Mutex;

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
    fn the_wait_for_a_lease_counts_down() {
        let others = Elsewhere { applications: 50, lease_ends: Duration::from_secs(75) };
        let at = |seconds: u64| {
            let now = Progress { waits_for: Some(others), ..progress(seconds, 5000, None) };
            abbreviated(&now, &Pace::default(), None)
        };
        for (second, wait) in [
            (10, "the lease expires in 1 min 05 s"),
            (70, "the lease expires in 5 s"),
            (80, "the lease has expired"),
        ] {
            let expected = format!("5,000 done; 50 held by other workers: {wait}");
            assert_eq!(at(second), expected);
        }
    }

    #[test]
    fn where_nothing_is_to_do_no_time_is_said() {
        let now = progress(20, 100, Some((0, 20)));
        let pace = pace_of(&[progress(0, 0, Some((100, 0))), progress(10, 100, None), now]);
        let text = describe(&now, &pace, pace.left(&now, None));
        assert_eq!(text, "100 applications, 0 failed, 5/s, 0.1 MB/s");
    }

    #[test]
    fn the_line_says_rate_and_time_left() {
        let now = progress(10, 5000, None);
        let text = describe(&now, &pace_of(&[now]), Some(37_500));
        let expected = "5,000 applications, 0 failed, 500/s, 10.0 MB/s, about 1 min 15 s left";
        assert_eq!(text, expected);
        let short = abbreviated(&now, &pace_of(&[now]), Some(37_500));
        assert_eq!(short, "5,000 done, 0 failed, 500/s, 10.0 MB/s, 1 min 15 s left");
    }

    /// The lines a subscriber received.
    #[derive(Clone, Default)]
    struct Told(std::sync::Arc<Mutex<Vec<u8>>>);

    impl Write for Told {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(buffer)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn without_a_bar_a_line_is_logged_each_ten_seconds_while_something_is_done() {
        let told = Told::default();
        let writer = told.clone();
        let subscriber =
            tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let mut line = ProgressLine::new(None, false);
            for tenths in 0..=400 {
                let done = tenths.min(250);
                let elapsed = Duration::from_millis(tenths * 100);
                line.progress(&Progress { elapsed, ..progress(0, done, None) });
            }
        });
        let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
        let lines = told.lines().map(|line| serde_json::from_str(line).unwrap());
        let concluded: Vec<u64> = lines
            .map(|line: serde_json::Value| line["fields"]["concluded"].as_u64().unwrap())
            .collect();
        assert_eq!(concluded, [100, 200, 250], "{told}");
    }
}
