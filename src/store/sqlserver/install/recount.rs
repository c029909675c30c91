//! The recount that ends an installation which has created the sums beside a log.

use super::files::Names;
use crate::store::sqlserver::contract_sql::{bracketed, literal};

/// What `processing_install_file` has instead of a file while the recount is due.
pub const DUE: &str = "due/recount";

/// After the commit, if it is due: counts what calls of an earlier version did that waited for the migration. They
/// went on as they began, without adding to the sums.
pub fn batch(names: &Names) -> String {
    let schema = bracketed(names.schema());
    format!(
        "IF EXISTS
(
    SELECT 1
    FROM {schema}.[processing_install_file] AS f
    WHERE f.file_name = {due}
)
BEGIN
    EXEC {schema}.[usp_RecountSums];
END;
",
        due = literal(DUE),
    )
}
