//! The progress of a run.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{bounded, Receiver, Sender};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::runner::{Observer, Progress};

use crate::figures::{count, duration};

/// The bar on the terminal, where one is shown; [`LogWriter`] writes around it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Shows a run's progress: a bar where stderr is a terminal, else a log line every ten seconds.
#[derive(Debug)]
pub struct ProgressLine {
    bar: Option<Bar>,
    limit: Option<u64>,
    said: Progress,
    pace: Pace,
}

/// A bar, drawn by a thread of its own: a terminal that is held with Ctrl+S must not hold up
/// the thread that stops the run.
#[derive(Debug)]
struct Bar {
    frames: Sender<Frame>,
    ended: Receiver<()>,
}

/// What the bar shows.
#[derive(Debug)]
struct Frame {
    concluded: u64,
    left: Option<u64>,
    text: String,
}

impl Bar {
    /// How long the end of a run waits for the bar to disappear.
    const END_WITHIN: Duration = Duration::from_millis(500);

    /// `None` where no thread can be started.
    fn start() -> Option<Self> {
        let (frames, drawn) = bounded::<Frame>(1);
        let (running, ended) = bounded(0);
        let draw = move || {
            let _running: Sender<()> = running;
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(spinner_style());
            BAR.lock().unwrap_or_else(PoisonError::into_inner).replace(bar.clone());
            drawn.iter().for_each(|frame| draw(&bar, frame));
            *BAR.lock().unwrap_or_else(PoisonError::into_inner) = None;
            bar.finish_and_clear();
        };
        let thread = std::thread::Builder::new().name("xmlshred-progress".into()).spawn(draw);
        thread.is_ok().then_some(Self { frames, ended })
    }

    fn end(self) {
        drop(self.frames);
        self.ended.recv_timeout(Self::END_WITHIN).ok();
    }
}

fn draw(bar: &ProgressBar, frame: Frame) {
    if let Some(left) = frame.left {
        if bar.length().is_none() {
            bar.set_style(bar_style());
        }
        bar.set_length(frame.concluded + left);
    }
    bar.set_position(frame.concluded);
    bar.set_message(frame.text);
    bar.tick();
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

fn spinner_style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").expect("the template is right")
}

fn bar_style() -> ProgressStyle {
    let template = "{wide_bar:.cyan/blue} {percent:>3}%  {msg}";
    ProgressStyle::with_template(template).expect("the template is right").progress_chars("━╸─")
}

impl Observer for ProgressLine {
    fn wants_to_do(&self) -> bool {
        true
    }

    fn progress(&mut self, progress: &Progress) {
        self.pace.observe(progress);
        let left = self.pace.left(progress, self.limit);
        let text = describe(progress, &self.pace, left);
        let Some(bar) = &self.bar else { return self.log(progress, &text) };
        // A frame that the terminal is too slow for is skipped.
        bar.frames.try_send(Frame { concluded: concluded(progress), left, text }).ok();
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.end();
        }
    }
}

fn concluded(progress: &Progress) -> u64 {
    progress.success + progress.failed
}

fn describe(progress: &Progress, pace: &Pace, left: Option<u64>) -> String {
    let own = pace.own();
    let mut text = format!(
        "{} applications, {} failed, {:.0}/s, {:.1} MB/s",
        count(concluded(progress)),
        count(progress.failed),
        own.applications,
        own.bytes / 1e6,
    );
    if let Some(time) = left.and_then(|left| pace.time_for(left)) {
        text += &format!(", about {} left", duration(time));
    }
    text
}

/// How fast the queue empties. Other workers claim from it too: their work is the difference
/// between two counts of what is to do. Until there are two counts, this worker's own pace is used.
/// Both cover the recent past only, because an idle hour does not predict the next minute.
#[derive(Debug, Default)]
struct Pace {
    /// This worker's last [`Pace::WINDOW`], oldest first.
    recent: VecDeque<Progress>,
    before: Option<(u64, Duration)>,
    last: Option<(u64, Duration)>,
    /// What this worker had concluded when the last count was taken.
    concluded_then: u64,
}

/// What was concluded per second.
#[derive(Debug, Clone, Copy, Default)]
struct PerSecond {
    applications: f64,
    bytes: f64,
}

impl Pace {
    /// The period that a pace covers.
    const WINDOW: Duration = Duration::from_secs(30);

    fn observe(&mut self, progress: &Progress) {
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
    fn left(&self, progress: &Progress, limit: Option<u64>) -> Option<u64> {
        let since = concluded(progress) - self.concluded_then;
        let to_do = self.last.map(|(to_do, _)| to_do.saturating_sub(since));
        let allowed = limit.map(|limit| limit.saturating_sub(concluded(progress)));
        match (to_do, allowed) {
            (Some(to_do), Some(allowed)) => Some(to_do.min(allowed)),
            (to_do, allowed) => to_do.or(allowed),
        }
    }

    /// How long this many applications will take; `None` when there are none, or no worker is active.
    fn time_for(&self, left: u64) -> Option<Duration> {
        let own = self.own().applications;
        let rate = self.of_all().map_or(own, |all| all.max(own));
        (left > 0 && rate > 0.0).then(|| Duration::from_secs_f64((left as f64 / rate).min(1e9)))
    }

    /// This worker's own pace.
    fn own(&self) -> PerSecond {
        let (Some(oldest), Some(now)) = (self.recent.front(), self.recent.back()) else {
            return PerSecond::default();
        };
        let began = if self.recent.len() == 1 { Progress::default() } else { *oldest };
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

    fn progress(seconds: u64, done: u64, to_do: Option<(u64, u64)>) -> Progress {
        Progress {
            elapsed: Duration::from_secs(seconds),
            claimed: done,
            success: done,
            failed: 0,
            document_bytes: done * 20_000,
            to_do: to_do.map(|(n, at)| (n, Duration::from_secs(at))),
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
    fn where_nothing_is_to_do_no_time_is_said() {
        let now = progress(20, 100, Some((0, 20)));
        let pace = pace_of(&[progress(0, 0, Some((100, 0))), progress(10, 100, None), now]);
        let text = describe(&now, &pace, pace.left(&now, None));
        assert_eq!(text, "100 applications, 0 failed, 5/s, 0.1 MB/s");
    }

    #[test]
    fn a_limit_below_what_is_to_do_is_the_goal() {
        let pace = Pace::default();
        assert_eq!(pace.left(&progress(10, 100, None), Some(250)), Some(150));
        assert_eq!(pace.left(&progress(10, 100, None), None), None);
    }

    #[test]
    fn the_line_says_rate_and_time_left() {
        let now = progress(10, 5000, None);
        let text = describe(&now, &pace_of(&[now]), Some(37_500));
        let expected = "5,000 applications, 0 failed, 500/s, 10.0 MB/s, about 1 min 15 s left";
        assert_eq!(text, expected);
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
