//! What was added to a contract, and what of it needs a look, for people.

use std::collections::BTreeMap;
use std::fmt;

use super::run::{list, RunReport};
use crate::drafting::UpdateReport;
use crate::figures::{count, counted};

/// The report on an updated contract.
#[derive(Debug)]
pub struct UpdatedReport<'r> {
    /// What the update itself tells.
    pub report: &'r UpdateReport,
    /// The samples.
    pub run: RunReport<'r>,
    /// This run's documents that the updated contract maps.
    pub mapped: u64,
    /// Those that the old one maps.
    pub mapped_before: u64,
}

impl fmt::Display for UpdatedReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (report, draft) = (self.report, &self.report.draft);
        let new = match report.added.is_empty() {
            true => "nothing new".to_owned(),
            false => format!("{} new", counted(report.added.len(), "column")),
        };
        let (now, before) = (count(self.mapped), count(self.mapped_before));
        let mapped = format!("before, the contract mapped {before}; now it maps {now}");
        self.run.head(f, draft, &new, &mapped)?;
        list(f, "added", self.added())?;
        let declared = report.declared.iter();
        let declared = declared.map(|(prefix, uri)| format!("{prefix} = {uri}"));
        list(f, "namespaces that are declared now", declared.collect())?;
        let titles = [
            "values that the new columns do not take, and have null for",
            "values that the new columns do not keep as they are",
            "values that the types of new columns are wider for",
        ];
        for (title, (_, outliers)) in titles.into_iter().zip(draft.fates()) {
            list(f, title, self.run.outliers(&outliers))?;
        }
        let title = "columns that do not take all values; what would is a comment in the contract";
        list(f, title, self.wider())?;
        let repeated = report.coverage.repeated.iter().map(|found| {
            let most = count(found.most);
            format!("{} ({}): {} up to {most} times", found.path, found.reader, found.element)
        });
        list(f, "several times where a column reads one", repeated.collect())?;
        let skipped = report
            .coverage
            .skipped
            .iter()
            .map(|found| format!("{} ({}): {}", found.path, found.reader, found.inside));
        list(f, "text columns that skip the text of elements inside", skipped.collect())?;
        let absent = report.coverage.absent.iter();
        let absent = absent.map(|found| format!("{} ({})", found.path, found.reader));
        list(f, "read by the contract, and in no sample", absent.collect())?;
        let other = report.coverage.other_roots.iter();
        let other = other.map(|(root, some)| format!("{root}: {}", counted(*some, "document")));
        list(f, "other root elements", other.collect())?;
        self.run.rest(f, draft)
    }
}

impl UpdatedReport<'_> {
    /// New columns of tables that are not new, and new tables.
    fn added(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut tables: BTreeMap<&str, usize> = BTreeMap::new();
        for added in &self.report.added {
            match &added.path {
                _ if added.is_table_new => *tables.entry(&added.table).or_default() += 1,
                Some(path) => lines.push(format!("{}.{}: {path}", added.table, added.column)),
                None => lines.push(format!("{}.{}", added.table, added.column)),
            }
        }
        let tables = tables.into_iter();
        lines.extend(
            tables.map(|(table, some)| format!("table {table}, {}", counted(some, "column"))),
        );
        lines
    }

    fn wider(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for wider in &self.report.wider {
            let proposal = wider.proposal.as_ref().map(|proposal| format!("; wider: {proposal}"));
            let proposal = proposal.unwrap_or_default();
            lines.push(format!("{}: {}{proposal}", wider.column, wider.what));
            lines.extend(self.run.examples(&wider.examples));
        }
        lines
    }
}
