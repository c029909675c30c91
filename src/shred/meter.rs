//! What a document takes while it is shredded: time, and memory for what is made of it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::fault::{Result, ShredFault};
use super::limits::Limits;
use crate::reason::{known, reason};

/// The caller's side of a document that is being shredded.
pub trait Control {
    /// Whether the document is to be given up without an outcome, because the caller stops.
    fn is_cancelled(&self) -> bool {
        false
    }

    /// The document is about to take so many bytes more, for its decoded text, for what is read of
    /// it, and for its rows. May wait; the wait does not count as time of the document. When the
    /// caller stops meanwhile, it returns, and [`Control::is_cancelled`] says so.
    fn take(&self, _bytes: u64) {}

    /// The document has ended and returns so many of the bytes that it took. What is left is of
    /// its rows.
    fn give_back(&self, _bytes: u64) {}
}

/// Shreds to the end, without accounts.
#[derive(Debug, Clone, Copy)]
pub struct Uncontrolled;

impl Control for Uncontrolled {}

/// Work between two looks at the clock, in units of about a nanosecond: a byte of text that is
/// copied or compared is one.
const WORK: u64 = 1 << 20;

/// The setting, with what `run` makes of it.
const ROW_BYTES: &str =
    "--max-row-bytes, and in a run --max-bytes-in-flight to four times as much,";

/// Bytes that are taken at once.
const STEP: u64 = 64 << 10;

/// Counts what one document takes. Everything that may take long or much reports here *before* it
/// does so.
pub struct Meter<'c> {
    control: &'c dyn Control,
    limit: u64,
    timeout: Duration,
    deadline: Cell<Option<Instant>>,
    /// Work until the next look at the clock.
    left: Cell<u64>,
    /// Bytes of the decoded text, where it is not the document itself.
    text: Cell<u64>,
    /// Bytes of rows.
    kept: Cell<u64>,
    /// Bytes of what was read for rows.
    captured: Cell<u64>,
    /// Bytes of values on their way to the column that is evaluated.
    passing: Cell<u64>,
    /// Bytes taken from `control`, not those of `text`.
    taken: Cell<u64>,
    /// Offset in the decoded text that was reached: the place of a failure without another.
    reached: Cell<usize>,
}

impl<'c> Meter<'c> {
    pub fn new(limits: &Limits, control: &'c dyn Control) -> Self {
        let timeout = limits.time;
        Self {
            control,
            limit: limits.row_bytes,
            timeout,
            deadline: Cell::new(Instant::now().checked_add(timeout).filter(|_| !timeout.is_zero())),
            left: Cell::new(WORK),
            text: Cell::new(0),
            kept: Cell::new(0),
            captured: Cell::new(0),
            passing: Cell::new(0),
            taken: Cell::new(0),
            reached: Cell::new(0),
        }
    }

    /// Notes how far the document has been read or evaluated.
    #[inline(always)]
    pub fn reach(&self, at: usize) {
        self.reached.set(at);
    }

    /// How far the document has been read or evaluated.
    pub fn reached(&self) -> usize {
        self.reached.get()
    }

    /// Counts work, and looks at the clock now and then.
    #[inline(always)]
    pub fn work(&self, units: usize) -> Result<()> {
        match self.left.get().checked_sub(units as u64) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => self.look(),
        }
    }

    /// Looks at the clock, and whether the caller stops.
    #[cold]
    #[inline(never)]
    pub fn look(&self) -> Result<()> {
        self.left.set(WORK);
        if self.control.is_cancelled() {
            return Err(ShredFault::cancelled(self.reached()));
        }
        if self.deadline.get().is_some_and(|deadline| Instant::now() >= deadline) {
            let most = known(humantime::format_duration(self.timeout));
            let found = reason!("the document takes longer than {}", most);
            return Err(ShredFault::limit(self.reached(), &found, "--document-timeout"));
        }
        Ok(())
    }

    /// The decoded text takes so many bytes: none where it is the document itself.
    pub fn decoded(&self, bytes: usize) -> Result<()> {
        self.text.set(bytes as u64);
        match bytes {
            0 => Ok(()),
            bytes => self.wait_for(bytes as u64),
        }
    }

    /// Another copy of the text takes so many bytes.
    pub fn copied(&self, bytes: usize) -> Result<()> {
        self.text.set(self.text.get() + bytes as u64);
        self.wait_for(bytes as u64)
    }

    /// A row, or what is kept beside it, takes so many bytes more.
    #[inline]
    pub fn keep(&self, bytes: usize) -> Result<()> {
        self.kept.set(self.kept.get() + bytes as u64);
        self.check()
    }

    /// What was read for rows takes so many bytes in all.
    #[inline]
    pub fn capture(&self, bytes: usize) -> Result<()> {
        self.captured.set(bytes as u64);
        self.check()
    }

    /// So many bytes are about to be made for a value on its way.
    #[inline]
    pub fn pass(&self, bytes: usize) -> Result<()> {
        self.work(bytes)?;
        self.passing.set(self.passing.get() + bytes as u64);
        self.check()
    }

    /// The value has arrived: what was on the way is freed.
    #[inline]
    pub fn passed(&self) {
        self.passing.set(0);
    }

    /// What is on the way, for [`Meter::freed`].
    pub fn passing(&self) -> u64 {
        self.passing.get()
    }

    /// What was made since `passing` was so much is freed.
    pub fn freed(&self, passing: u64) {
        self.passing.set(passing);
    }

    #[inline(always)]
    fn check(&self) -> Result<()> {
        let all = self.kept.get() + self.captured.get() + self.passing.get();
        match all <= self.taken.get() {
            true => Ok(()),
            false => self.take(all),
        }
    }

    #[cold]
    #[inline(never)]
    fn take(&self, all: u64) -> Result<()> {
        if all > self.limit {
            let most = known(self.limit);
            let found = reason!("what is made of the document takes more than {} bytes", most);
            return Err(ShredFault::limit(self.reached(), &found, ROW_BYTES));
        }
        let more = (all - self.taken.get()).max(STEP);
        self.taken.set(self.taken.get() + more);
        self.wait_for(more)
    }

    /// The most that was made of the document.
    pub fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// The wait is not the document's: its deadline moves.
    fn wait_for(&self, bytes: u64) -> Result<()> {
        let began = Instant::now();
        self.control.take(bytes);
        let later = self.deadline.get().and_then(|deadline| deadline.checked_add(began.elapsed()));
        self.deadline.set(later);
        match self.control.is_cancelled() {
            true => Err(ShredFault::cancelled(self.reached())),
            false => Ok(()),
        }
    }

    /// The document has ended, with rows or without. Returns what it took and its rows do not need.
    pub fn end(&self, has_rows: bool) {
        let kept = if has_rows { self.kept.get().min(self.taken.get()) } else { 0 };
        self.control.give_back(self.text.get() + self.taken.get() - kept);
    }
}
