//! The causes of failure.

use crate::outcome::FailureCategory;
use crate::store::sqlserver::call::{whole_seconds, Call};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;
use crate::store::{CauseQuery, FailureCause, FailureCauses};

pub(crate) fn list_causes(
    connection: &mut Connection,
    query: &CauseQuery,
) -> Result<FailureCauses> {
    let call = Call::slow("usp_ListCauses")
        .with("@since_seconds", query.since.map(whole_seconds))
        .with("@causes", query.causes())
        .with("@values", query.values());
    let mut sets = connection.call(&call)?.into_iter();
    let mut found = FailureCauses::default();
    for record in sets.next().unwrap_or_default() {
        found.all_causes = record.get("all_causes")?;
        found.all_applications = record.get("all_applications")?;
        found.causes.push(cause(&record)?);
    }
    for record in sets.next().unwrap_or_default() {
        let fingerprint: Option<String> = record.get_or_null("fingerprint")?;
        let value = (record.get("failure_value")?, record.get("applications")?);
        let cause = found.causes.iter_mut().find(|cause| cause.fingerprint == fingerprint);
        cause.into_iter().for_each(|cause| cause.values.push(value.clone()));
    }
    Ok(found)
}

fn cause(record: &Record) -> Result<FailureCause> {
    let category = record.get_or_null("failure_category")?;
    Ok(FailureCause {
        fingerprint: record.get_or_null("fingerprint")?,
        applications: record.get("applications")?,
        category: category.unwrap_or(FailureCategory::ConstraintViolation),
        table: record.get_or_null("failure_table")?,
        column: record.get_or_null("failure_column")?,
        path_shape: record.get_or_null("path_shape")?,
        error_number: record.get_or_null("error_number")?,
        first_at: record.get("first_at_utc")?,
        last_at: record.get("last_at_utc")?,
        example: record.get("example_app_id")?,
        reason: record.get_or_null("example_reason")?.unwrap_or_default(),
        values: Vec::new(),
    })
}
