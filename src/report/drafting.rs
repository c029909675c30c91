//! What a draft does not follow and leaves out, for people.

use std::fmt;

use super::run::{list, RunReport};
use crate::drafting::Report;
use crate::figures::{count, counted};

/// The report on a drafted contract.
#[derive(Debug)]
pub struct DraftReport<'r> {
    /// What the draft itself tells.
    pub report: &'r Report,
    /// The samples.
    pub run: RunReport<'r>,
    /// This run's documents that the draft maps.
    pub mapped: u64,
    /// This run's documents that have another root element.
    pub other_root: u64,
}

impl fmt::Display for DraftReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        let (tables, columns) =
            (counted(report.tables, "table"), counted(report.columns, "column"));
        let mapped = format!("the draft maps {}", count(self.mapped));
        self.run.head(f, report, &format!("{tables}, {columns}"), &mapped)?;
        if self.other_root > 0 {
            let others = counted(self.other_root, "document");
            writeln!(f, "not for {others} with another root element")?;
        }
        for (title, outliers) in report.fates() {
            let title = format!("values that the type of their column {title}");
            list(f, &title, self.run.outliers(&outliers))?;
        }
        list(f, "not filled", report.unfilled.iter().map(ToString::to_string).collect())?;
        self.run.rest(f, report)
    }
}
