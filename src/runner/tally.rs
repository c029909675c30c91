//! What a run has done so far.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::id::AppId;
use crate::outcome::{AppOutcome, FailureCategory};
use crate::store::Completed;

use super::{Left, RunEnd};

/// Counts of one run; `claimed` is the sum of the others once the run is over.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) claimed: u64,
    pub(super) success: u64,
    pub(super) failed: BTreeMap<FailureCategory, u64>,
    pub(super) released: u64,
    /// Their lease was lost, or given up in time.
    pub(super) abandoned: u64,
    /// The store could not say, or not be asked, before the process had to end.
    pub(super) unsettled: u64,
    /// Set aside by this run's reaping.
    pub(super) quarantined: u64,
    /// What the run left because it was not there to take.
    pub(super) left: Left,
    /// Applications on which this program failed.
    pub(super) defects: u64,
    /// Batches of which at least one application was abandoned.
    pub(super) lost_leases: u64,
    pub(super) document_bytes: u64,
    /// Rows per target table, in load order.
    pub(super) rows: Vec<u64>,
    pub(super) shred_times: Durations,
    pub(super) fatal: Option<(RunEnd, String)>,
}

impl Tally {
    pub(super) fn new(tables: usize) -> Self {
        Self { rows: vec![0; tables], ..Self::default() }
    }

    pub(super) fn failed_apps(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Applications accounted for: what `claimed` is to come to.
    pub(super) fn settled(&self) -> u64 {
        self.success + self.failed_apps() + self.released + self.abandoned + self.unsettled
    }

    /// Applications claimed and not yet accounted for.
    pub(super) fn in_hand(&self) -> u64 {
        self.claimed.saturating_sub(self.settled())
    }

    /// Adds applications that the store says are concluded.
    pub(super) fn conclude(&mut self, completed: &[Completed], outcomes: &[AppOutcome]) {
        let by_id: HashMap<AppId, &AppOutcome> = outcomes.iter().map(|o| (o.app_id, o)).collect();
        for app in completed {
            match app.failure {
                None => self.success += 1,
                Some(category) => *self.failed.entry(category).or_default() += 1,
            }
            for (sum, rows) in self.rows.iter_mut().zip(&app.rows) {
                *sum += rows;
            }
            if let Some(outcome) = by_id.get(&app.app_id) {
                self.document_bytes += outcome.document_bytes;
                self.shred_times.add(Duration::from_micros(outcome.shred_micros));
            }
        }
    }

    /// Adds applications whose lease is gone.
    pub(super) fn abandon(&mut self, apps: u64) {
        self.abandoned += apps;
        self.lost_leases += u64::from(apps > 0);
    }
}

/// A histogram of durations: sixteen buckets for each power of two of microseconds, so that a
/// percentile is right to about six per cent whatever its size.
#[derive(Debug, Default)]
pub(super) struct Durations {
    buckets: Vec<u64>,
    count: u64,
}

const SUB_BITS: u32 = 4;

impl Durations {
    pub(super) fn add(&mut self, duration: Duration) {
        let bucket = Self::bucket(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
    }

    fn bucket(micros: u64) -> usize {
        let shift = (u64::BITS - micros.leading_zeros()).saturating_sub(SUB_BITS + 1);
        ((u64::from(shift) << SUB_BITS) + (micros >> shift)) as usize
    }

    /// The largest duration that falls into a bucket.
    fn upper_bound(bucket: usize) -> Duration {
        let bucket = bucket as u64;
        let shift = (bucket >> SUB_BITS).saturating_sub(1);
        let base = bucket - (shift << SUB_BITS);
        Duration::from_micros(((base + 1) << shift) - 1)
    }

    /// The duration that this share of all (from 0 to 1) does not exceed; `None` when there are
    /// none.
    pub(super) fn percentile(&self, share: f64) -> Option<Duration> {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Self::upper_bound(bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_and_hold_what_they_say() {
        let mut last = 0;
        for micros in 0..100_000u64 {
            let bucket = Durations::bucket(micros);
            assert!(bucket == last || bucket == last + 1, "{micros}");
            let upper = Durations::upper_bound(bucket).as_micros() as u64;
            assert!(micros <= upper && upper - micros <= micros / 16, "{micros}: {upper}");
            last = bucket;
        }
    }

    #[test]
    fn percentiles_of_known_durations() {
        let mut durations = Durations::default();
        assert_eq!(durations.percentile(0.5), None);
        for micros in 1..=10 {
            durations.add(Duration::from_micros(micros));
        }
        assert_eq!(durations.percentile(0.5), Some(Duration::from_micros(5)));
        assert_eq!(durations.percentile(0.99), Some(Duration::from_micros(10)));
    }
}
