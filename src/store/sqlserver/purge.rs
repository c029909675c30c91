//! Deleting old history.

use super::call::{yes_or_no, Call};
use super::connection::Connection;
use super::fault::Result;
use crate::store::{PurgeRequest, Purged};

pub(super) fn purge_log(connection: &mut Connection, request: PurgeRequest) -> Result<Purged> {
    let age = u32::try_from(request.older_than.as_secs()).unwrap_or(u32::MAX);
    let call = Call::long("usp_PurgeLog")
        .with("@older_than_seconds", age)
        .with("@chunk_size", request.chunk)
        .with("@Execute", yes_or_no(request.execute));
    let head = connection.ask(&call)?;
    Ok(Purged {
        attempts: head.get("attempts_purged")?,
        events: head.get("events_purged")?,
        sessions: head.get("sessions_purged")?,
    })
}
