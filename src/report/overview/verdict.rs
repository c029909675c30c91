//! What a report says first: whether all is well.

use super::data::Overview;
use crate::figures::counted;

/// Whether all is well, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Everything succeeded.
    Done,
    /// There is work left.
    ToDo,
    /// Work is finished, and some of it failed.
    Failed,
    /// The pipeline itself needs somebody.
    Wrong,
}

impl Kind {
    /// Its name for programs and styles.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::ToDo => "to_do",
            Self::Failed => "failed",
            Self::Wrong => "wrong",
        }
    }
}

/// The verdict: its kind, the heading, and a sentence of figures.
pub(super) fn verdict(overview: &Overview) -> (Kind, String, String) {
    let status = &overview.status;
    let left = status.ready + status.claimed + overview.not_enqueued();
    let unfinished = status.failed + status.quarantined;
    let wrong = wrong(overview);
    let (kind, heading) = match wrong {
        Some(wrong) => (Kind::Wrong, format!("Something is wrong: {wrong}")),
        None if left > 0 => (Kind::ToDo, format!("{} to do", counted(left, "application"))),
        None if unfinished > 0 => {
            (Kind::Failed, format!("{} need a decision", counted(unfinished, "application")))
        }
        None if overview.status.enqueued() == 0 => (Kind::ToDo, "Nothing is enqueued".to_owned()),
        None => (Kind::Done, format!("All {} done", counted(status.success, "application"))),
    };
    let mut parts = vec![format!("{} succeeded", counted(status.success, "application"))];
    let mut part = |number: u64, what: &str| {
        if number > 0 {
            parts.push(format!("{} {what}", crate::figures::count(number)));
        }
    };
    part(status.failed, "failed");
    part(status.quarantined, "quarantined");
    part(left, "to do");
    (kind, heading, parts.join(", "))
}

/// The most urgent problem. While claims are held, counts are of slightly different moments.
fn wrong(overview: &Overview) -> Option<String> {
    if let Some(finding) = overview.findings.iter().find(|finding| finding.priority == 1) {
        return Some(finding.finding.clone());
    }
    if overview.status.claimed > 0 {
        return None;
    }
    let tables = overview.report.reconciliation.iter().skip(1);
    let mut missing = tables.filter(|table| table.difference.is_some_and(|rows| rows < 0));
    missing.next().map(|table| {
        let rows = table.difference.unwrap_or_default().unsigned_abs();
        format!("{} missing in {}", counted(rows, "row"), table.subject)
    })
}
