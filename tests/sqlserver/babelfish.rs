//! What Babelfish, which stands in where no SQL Server is at hand, cannot show.

/// Names of tests, without `sqlserver::`, and why they are skipped there.
const SKIPPED: &[(&str, &str)] = &[];

/// Whether a test is skipped on Babelfish.
pub fn skips(name: &str) -> bool {
    SKIPPED.iter().any(|(skipped, _)| name.strip_prefix("sqlserver::") == Some(skipped))
}
