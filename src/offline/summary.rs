//! The result of all documents.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::contract::Contract;
use crate::figures;
use crate::outcome::FailureCategory;
use crate::report::{Align, Table};

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

impl fmt::Display for MapSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} {}: {} mapped, {} failed; {} in {}",
            figures::count(self.documents),
            if self.documents == 1 { "document" } else { "documents" },
            figures::count(self.documents - self.failed()),
            figures::count(self.failed()),
            figures::bytes(self.bytes),
            figures::duration(self.elapsed),
        )?;
        let mut failures = Table::new(&[("failure", Align::Left), ("documents", Align::Right)]);
        for (category, count) in &self.failures {
            failures.row([category.name(), &figures::count(*count)]);
        }
        let mut rows = Table::new(&[("table", Align::Left), ("rows", Align::Right)]);
        for (table, count) in &self.rows {
            rows.row([table.as_str(), &figures::count(*count)]);
        }
        let tables = [failures, rows];
        tables.iter().filter(|table| !table.is_empty()).try_for_each(|t| write!(f, "\n{t}"))
    }
}
