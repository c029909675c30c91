//! The views of a store: those of SQL Server by the same names, and those that only statements here read.

use crate::store::sqlite::fault::Step;
use crate::store::sqlite::target::quoted;
use crate::store::sqlite::transaction::Work;

macro_rules! views {
    ($($name:literal),+ $(,)?) => {
        /// The declarations of all views, each after those that it reads.
        pub const VIEWS: &str = concat!($(
            include_str!(concat!("../views/", $name, ".sql")), "\n"
        ),+);

        /// Their names.
        pub const NAMES: &[&str] = &[$($name),+];
    };
}

views!(
    "vw_concluded",
    "vw_unsuccessful",
    "vw_stale",
    "vw_written",
    "vw_ActiveClaims",
    "vw_FailureFingerprints",
    "vw_LeaseTimeline",
    "vw_PartitionProgress",
    "vw_Quarantine",
    "vw_QueueStatus",
    "vw_sourced",
    "vw_RecentFailures",
    "vw_Reconciliation",
    "vw_Sessions",
    "vw_Throughput",
);

/// The view that counts the rows of the installed contract's tables, for `vw_Reconciliation`.
pub const COUNTS_VIEW: &str = "vw_TargetCounts";

/// The statement that creates [`COUNTS_VIEW`] for these tables.
pub fn create_counts_view<'t>(tables: impl IntoIterator<Item = &'t str>) -> String {
    let count = |table: &str| {
        let name = table.replace('\'', "''");
        format!("SELECT '{name}' AS table_name, count(*) AS row_count FROM {}", quoted(table))
    };
    let mut terms: Vec<String> = tables.into_iter().map(count).collect();
    if terms.is_empty() {
        terms.push("SELECT '' AS table_name, 0 AS row_count WHERE false".to_owned());
    }
    // SQLite takes 500 terms of a compound, which a contract may exceed.
    let parts: Vec<String> = terms
        .chunks(400)
        .map(|terms| format!("SELECT * FROM (\n{}\n)", terms.join("\nUNION ALL\n")))
        .collect();
    format!("CREATE VIEW {COUNTS_VIEW} AS -- created by xmlshred\n{}", parts.join("\nUNION ALL\n"))
}

/// What of others has the name of a view that an upgrade creates.
pub fn names_of_others(tx: &Work, known: &[&str]) -> Step<Vec<String>> {
    let objects: Vec<String> =
        tx.all("SELECT name FROM sqlite_schema WHERE type <> 'trigger'", [], |row| row.get(0))?;
    let is = |name: &&str, other: &str| name.eq_ignore_ascii_case(other);
    let taken = |object: &String| {
        NAMES.iter().chain([&COUNTS_VIEW]).any(|name| is(name, object))
            && !known.iter().any(|name| is(name, object))
    };
    Ok(objects.into_iter().filter(taken).collect())
}
