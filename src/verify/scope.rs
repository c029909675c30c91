//! Which columns are compared.

use crate::contract::{Clock, Contract, TargetTable};

/// How the rows of a table are compared.
#[derive(Debug, Clone)]
pub(super) struct TableScope {
    /// Indexes of the compared columns.
    pub columns: Vec<usize>,
    /// Indexes of the columns that identify a row in its application; empty: all of `columns` do.
    pub key: Vec<usize>,
}

/// How each table is compared; `None` is not at all.
pub(super) type Scope = Vec<Option<TableScope>>;

/// Why a column is not compared.
pub(super) const NUMBERED: &str = "the database numbers it";
/// The same, where a login without UNMASK reads.
pub(super) const MASKED: &str = "it is masked for this login";
/// The same, where the log has no time of the claim.
pub(super) const TIMED: &str = "NOW_UTC() decides it, and the log does not know the time";
/// The same of a whole table.
pub(super) const ROWS_TIMED: &str =
    "NOW_UTC() decides which rows there are, and the log does not know the time";

/// What is compared where the time of the claim is known, or where it is not; `masked` are tables and columns.
pub(super) fn scope(contract: &Contract, has_time: bool, masked: &[(usize, usize)]) -> Scope {
    let table = |(number, (table, clock)): (usize, (&TargetTable, &Clock))| {
        if clock.rows && !has_time {
            return None;
        }
        let is_compared = |at: &usize| {
            let is_read = !table.columns[*at].is_generated() && !masked.contains(&(number, *at));
            is_read && (has_time || !clock.columns[*at])
        };
        let columns: Vec<usize> = (0..table.columns.len()).filter(is_compared).collect();
        let place = |name: &String| {
            columns.iter().copied().find(|at| table.columns[*at].name.eq_ignore_ascii_case(name))
        };
        // With a part of the key that is not compared, the rest identifies nothing.
        let key: Option<Vec<usize>> = table.primary_key.iter().map(place).collect();
        Some(TableScope { columns, key: key.unwrap_or_default() })
    };
    contract.targets.iter().zip(&contract.clocks).enumerate().map(table).collect()
}

/// The columns that are never compared, or never where the time is unknown: table, column (`None` is
/// all of them), and why.
pub(super) fn exceptions(
    contract: &Contract,
    has_time: bool,
    masked: &[(usize, usize)],
) -> Vec<(usize, Option<usize>, &'static str)> {
    let mut all = Vec::new();
    for (at, (table, clock)) in contract.targets.iter().zip(&contract.clocks).enumerate() {
        if clock.rows && !has_time {
            all.push((at, None, ROWS_TIMED));
            continue;
        }
        for (column, is_timed) in clock.columns.iter().enumerate() {
            if table.columns[column].is_generated() {
                all.push((at, Some(column), NUMBERED));
            } else if masked.contains(&(at, column)) {
                all.push((at, Some(column), MASKED));
            } else if *is_timed && !has_time {
                all.push((at, Some(column), TIMED));
            }
        }
    }
    all
}
