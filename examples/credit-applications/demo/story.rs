//! The output of the demonstration while it runs.

use std::fmt::Arguments;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::proof::Counts;
use super::run::DemoError;

/// Numbered steps and plain text.
pub(super) struct Story<'o> {
    out: &'o mut dyn Write,
    step: u32,
}

impl<'o> Story<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Self {
        Self { out, step: 0 }
    }

    /// Writes the next numbered step.
    pub(super) fn step(&mut self, text: Arguments<'_>) -> Result<(), DemoError> {
        self.step += 1;
        let step = self.step;
        self.say(format_args!("{step}. {text}"))
    }

    /// Writes a line.
    pub(super) fn say(&mut self, text: Arguments<'_>) -> Result<(), DemoError> {
        writeln!(self.out, "{text}")
            .and_then(|()| self.out.flush())
            .map_err(DemoError::system("write to stdout"))
    }
}

/// A bar on the terminal while workers work; nothing where stderr is not one, because the steps
/// follow each other within seconds.
pub(super) struct Watch {
    bar: Option<ProgressBar>,
    began: Instant,
    done_before: Option<u64>,
}

impl Watch {
    pub(super) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("   {wide_bar} {pos} of {len}  {msg}");
            bar.with_style(style.expect("the template is valid").progress_chars("━╸─"))
        });
        Self { bar, began: Instant::now(), done_before: None }
    }

    pub(super) fn look(&mut self, counts: &Counts) {
        let Some(bar) = &self.bar else { return };
        let done = counts.concluded();
        let since = done - *self.done_before.get_or_insert(done);
        bar.set_length(done + counts.unfinished);
        bar.set_position(done);
        let rate = since as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!("{rate:.0} applications/s"));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
