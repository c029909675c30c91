//! The counts of a run so far.

use std::collections::{BTreeMap, HashMap};

use hdrhistogram::Histogram;

use crate::id::AppId;
use crate::outcome::{AppOutcome, FailureCategory};
use crate::store::{Completed, Fate};

use super::summary::{Left, RunEnd};

/// Counts of one run; `claimed` is the sum of the others once the run is over.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) claimed: u64,
    pub(super) success: u64,
    pub(super) failed: BTreeMap<FailureCategory, u64>,
    /// Refused by the database for an unknown reason: ready again, or quarantined.
    pub(super) refused: u64,
    pub(super) released: u64,
    /// Their lease was lost, or abandoned in time.
    pub(super) abandoned: u64,
    /// The store gave no answer before the process had to end.
    pub(super) unsettled: u64,
    /// Quarantined by this run: reaped, or refused.
    pub(super) quarantined: u64,
    /// What the run left because it was not ready.
    pub(super) left: Left,
    /// Batches of which at least one application was abandoned.
    pub(super) lost_leases: u64,
    pub(super) document_bytes: u64,
    /// Rows per target table, in load order.
    pub(super) rows: Vec<u64>,
    pub(super) shred_times: ShredTimes,
    pub(super) fatal: Option<(RunEnd, String)>,
}

impl Tally {
    pub(super) fn new(tables: usize) -> Self {
        Self { rows: vec![0; tables], ..Self::default() }
    }

    pub(super) fn failed_apps(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Applications accounted for: equal to `claimed` at the end.
    pub(super) fn settled(&self) -> u64 {
        let concluded = self.success + self.failed_apps();
        concluded + self.refused + self.released + self.abandoned + self.unsettled
    }

    /// Applications claimed and not yet accounted for.
    pub(super) fn in_hand(&self) -> u64 {
        self.claimed.saturating_sub(self.settled())
    }

    /// Adds applications that the store reports as completed, if they are among `outcomes`. Others
    /// were counted before: the outcome of a claim has everything that was completed under it.
    pub(super) fn conclude(&mut self, completed: &[Completed], outcomes: &[AppOutcome]) {
        let by_id: HashMap<AppId, &AppOutcome> = outcomes.iter().map(|o| (o.app_id, o)).collect();
        for app in completed {
            let Some(outcome) = by_id.get(&app.app_id) else { continue };
            match &app.fate {
                Fate::Success { .. } => self.success += 1,
                Fate::Failed(category) => *self.failed.entry(*category).or_default() += 1,
                Fate::Refused(_) => self.refused += 1,
                Fate::Quarantined(_) => {
                    self.refused += 1;
                    self.quarantined += 1;
                }
            }
            if app.refusal().is_some() {
                continue;
            }
            for (sum, rows) in self.rows.iter_mut().zip(app.rows()) {
                *sum += rows;
            }
            self.document_bytes += outcome.document_bytes;
            self.shred_times.add(outcome.shred_micros);
        }
    }

    /// Adds applications whose lease is lost.
    pub(super) fn abandon(&mut self, apps: u64) {
        self.abandoned += apps;
        self.lost_leases += u64::from(apps > 0);
    }
}

/// How long documents took to shred, in microseconds, with an error of at most one per cent.
#[derive(Debug)]
pub(super) struct ShredTimes(Histogram<u64>);

impl Default for ShredTimes {
    fn default() -> Self {
        Self(Histogram::new(2).expect("two significant digits are within the library's range"))
    }
}

impl ShredTimes {
    fn add(&mut self, micros: u64) {
        // A histogram that grows refuses no value.
        self.0.record(micros).ok();
    }

    /// The milliseconds that this share of all (from 0 to 1) does not exceed; `None` when there
    /// are none.
    pub(super) fn percentile_ms(&self, share: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(share) as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use crate::store::Refusal;

    use super::*;

    fn outcome(app_id: i64) -> AppOutcome {
        AppOutcome {
            app_id: AppId(app_id),
            attempt: 1,
            outcome: Ok(Vec::new()),
            shred_micros: 1,
            source_hash: None,
            document_bytes: 10,
        }
    }

    /// A completion that lost its answer twice reports what its first part did twice.
    #[test]
    fn what_is_reported_again_is_counted_once() {
        let completed = |app_id, fate| Completed { app_id: AppId(app_id), attempt: 1, fate };
        let refusal = Refusal { number: 1, message: "no".into(), reaps: 1, counted: true };
        let first = vec![
            completed(1, Fate::Success { rows: vec![2] }),
            completed(2, Fate::Failed(FailureCategory::BadValue)),
            completed(3, Fate::Quarantined(refusal)),
        ];
        let second = [first.clone(), vec![completed(4, Fate::Success { rows: vec![5] })]].concat();
        let mut tally = Tally::new(1);
        tally.claimed = 4;
        tally.conclude(&first, &[outcome(1), outcome(2), outcome(3), outcome(4)]);
        tally.conclude(&second, &[outcome(4)]);
        assert_eq!((tally.success, tally.failed_apps(), tally.refused), (2, 1, 1));
        assert_eq!((tally.quarantined, tally.in_hand()), (1, 0));
        assert_eq!((tally.rows, tally.document_bytes), (vec![7], 30));
    }

    #[test]
    fn percentiles_of_known_durations() {
        let mut times = ShredTimes::default();
        assert_eq!(times.percentile_ms(0.5), None);
        for micros in 1..=10 {
            times.add(micros);
        }
        assert_eq!(times.percentile_ms(0.5), Some(0.005));
        assert_eq!(times.percentile_ms(0.99), Some(0.010));
    }
}
