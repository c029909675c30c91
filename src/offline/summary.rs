//! The result of all documents.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::contract::Contract;
use crate::figures;
use crate::outcome::FailureCategory;
use crate::report::{Align, Table};
use crate::screen::{Ink, Screen};

/// The counts of all documents of a call; displayed as a few lines for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapSummary {
    /// Documents mapped, failed ones included.
    pub documents: u64,
    /// Their size in bytes, as far as they were read.
    pub bytes: u64,
    /// Failed documents by category.
    pub failures: BTreeMap<FailureCategory, u64>,
    /// Rows per target table, in load order.
    pub rows: Vec<(String, u64)>,
    /// From start to end.
    pub elapsed: Duration,
}

impl MapSummary {
    pub(super) fn new(contract: &Contract) -> Self {
        Self {
            documents: 0,
            bytes: 0,
            failures: BTreeMap::new(),
            rows: contract.targets.iter().map(|target| (target.name.clone(), 0)).collect(),
            elapsed: Duration::ZERO,
        }
    }

    pub(super) fn add(&mut self, bytes: u64, rows: &Result<Vec<u64>, FailureCategory>) {
        self.documents += 1;
        self.bytes += bytes;
        match rows {
            Ok(rows) => self.rows.iter_mut().zip(rows).for_each(|(sum, n)| sum.1 += n),
            Err(category) => *self.failures.entry(*category).or_default() += 1,
        }
    }

    /// Failed documents.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }
}

impl MapSummary {
    /// The counts for people, ending in a line break.
    pub fn on(&self, screen: Screen) -> String {
        let failed = format!("{} failed", figures::count(self.failed()));
        let ink = (self.failed() > 0).then_some(Ink::Bad);
        let head = format!(
            "{}: {} mapped, {}; {} in {}\n",
            figures::counted(self.documents, "document"),
            figures::count(self.documents - self.failed()),
            ink.map_or_else(|| failed.clone(), |ink| screen.ink(ink, &failed)),
            figures::bytes(self.bytes),
            figures::duration(self.elapsed),
        );
        let mut failures = Table::new(&[("failure", Align::Left), ("documents", Align::Right)]);
        for (category, count) in &self.failures {
            failures.row([category.name(), &figures::count(*count)]);
        }
        let mut rows = Table::new(&[("table", Align::Left), ("rows", Align::Right)]);
        for (table, count) in &self.rows {
            rows.row([table.as_str(), &figures::count(*count)]);
        }
        let tables = [failures, rows];
        let tables = tables.iter().filter(|table| !table.is_empty());
        head + &tables.map(|table| format!("\n{}", table.on(screen))).collect::<String>()
    }
}

impl fmt::Display for MapSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.on(Screen::PLAIN))
    }
}
