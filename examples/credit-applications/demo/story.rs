//! The output of the demonstration while it runs.

use std::fmt::Arguments;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::report::ProgressLine;
use crate::runner::{Elsewhere, Observer, Progress};

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

/// The progress of the workers, shown as that of one run.
pub(super) struct Watch {
    line: ProgressLine,
    began: Instant,
}

impl Watch {
    pub(super) fn new(counts: &Counts, is_quiet: bool) -> Self {
        let all = counts.concluded() + counts.unfinished;
        let for_people = !is_quiet;
        Self { line: ProgressLine::new(Some(all), for_people), began: Instant::now() }
    }

    pub(super) fn look(&mut self, counts: &Counts) {
        self.show(counts, None);
    }

    /// Shows that nothing can be done before a lease expires.
    pub(super) fn wait(&mut self, counts: &Counts, lease_left: Duration) {
        let lease_ends = self.began.elapsed() + lease_left;
        self.show(counts, Some(Elsewhere { applications: counts.unfinished, lease_ends }));
    }

    fn show(&mut self, counts: &Counts, waits_for: Option<Elsewhere>) {
        self.line.progress(&Progress {
            elapsed: self.began.elapsed(),
            claimed: counts.concluded(),
            success: counts.success,
            failed: counts.failed,
            waits_for,
            ..Progress::default()
        });
    }
}
