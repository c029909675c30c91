//! What `xmlshred contract check` says about one file.

use super::diagnostic::{counted, Diagnostics};
use super::{Contract, TargetTable};

/// The outcome of checking a contract, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// Every diagnostic, rendered; empty when there is none. It ends with a line break.
    pub diagnostics: String,
    /// One line: the counts, and what the contract has when it can be used. No line break.
    pub summary: String,
    /// Number of errors; with none the contract can be used.
    pub errors: usize,
    /// Number of warnings.
    pub warnings: usize,
}

/// Checks a contract. `file` is what the report calls it.
pub fn check_report(text: &str, file: &str) -> CheckReport {
    match Contract::parse(text, file) {
        Ok((contract, warnings)) => {
            let columns = contract.targets.iter().map(|table: &TargetTable| table.columns.len());
            let summary = format!(
                "{file}: {}: {}, {}",
                warnings.counts(),
                counted(contract.targets.len(), "table"),
                counted(columns.sum(), "column")
            );
            report(&warnings, summary)
        }
        Err(mistakes) => {
            let summary = format!("{file}: {}", mistakes.counts());
            report(&mistakes, summary)
        }
    }
}

fn report(diagnostics: &Diagnostics, summary: String) -> CheckReport {
    CheckReport {
        diagnostics: diagnostics.to_string(),
        summary,
        errors: diagnostics.errors(),
        warnings: diagnostics.warnings(),
    }
}
