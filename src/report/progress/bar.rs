//! The bar on the terminal, and what is written beside it.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{bounded, Receiver, Sender};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar on the terminal, where one is shown; [`LogWriter`] writes around it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A bar, drawn by a thread of its own: a terminal that is held with Ctrl+S must not hold up
/// the thread that stops the run.
#[derive(Debug)]
pub(super) struct Bar {
    frames: Sender<Frame>,
    ended: Receiver<()>,
}

/// What the bar shows.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) concluded: u64,
    pub(super) left: Option<u64>,
    pub(super) text: String,
}

impl Bar {
    /// How long the end of a run waits for the bar to disappear.
    const END_WITHIN: Duration = Duration::from_millis(500);

    /// `None` where no thread can be started.
    pub(super) fn start() -> Option<Self> {
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

    /// Shows this, unless the terminal is too slow for it.
    pub(super) fn show(&self, frame: Frame) {
        self.frames.try_send(frame).ok();
    }

    pub(super) fn end(self) {
        drop(self.frames);
        self.ended.recv_timeout(Self::END_WITHIN).ok();
    }
}

fn draw(bar: &ProgressBar, frame: Frame) {
    bar.set_message(frame.text);
    if let Some(left) = frame.left {
        if bar.length().is_none() {
            bar.set_style(bar_style());
        }
        bar.set_length(frame.concluded + left);
    }
    bar.set_position(frame.concluded);
    bar.tick();
}

fn spinner_style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg}").expect("the template is right")
}

fn bar_style() -> ProgressStyle {
    let template = "{wide_bar:.cyan/blue} {percent:>3}%  {msg}";
    ProgressStyle::with_template(template).expect("the template is right").progress_chars("━╸─")
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
