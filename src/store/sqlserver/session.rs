//! Sessions of workers, and pausing them.

use super::call::{clipped, Call};
use super::connection::Connection;
use super::fault::{Result, ServerFault};
use crate::id::SessionId;
use crate::store::{Pause, SessionStart};

pub(super) fn start_session(connection: &mut Connection, start: &SessionStart) -> Result<()> {
    let call = Call::new("usp_StartSession")
        .with("@session_id", start.session)
        .with("@worker_name", start.worker_name.as_str())
        .with("@host_name", start.host.as_str())
        .with("@process_id", i64::from(start.pid))
        .with("@program_version", start.program_version.as_str())
        .with("@contract_hash", start.contract_hash)
        .with("@agent_job", start.agent_job.clone())
        .with("@agent_step", start.agent_step.clone())
        .with("@client_unix_ms", chrono::Utc::now().timestamp_millis());
    connection.ask(&call).map(drop)
}

pub(super) fn end_session(
    connection: &mut Connection,
    session: SessionId,
    exit_status: u8,
) -> Result<()> {
    let call = Call::new("usp_EndSession")
        .with("@session_id", session)
        .with("@exit_status", u32::from(exit_status));
    connection.call(&call).map(drop)
}

pub(super) fn pause(connection: &mut Connection, reason: &str, by: &str) -> Result<Pause> {
    let call = Call::new("usp_Pause")
        .with("@reason", clipped(reason, 400))
        .with("@requested_by", clipped(by, 128));
    connection
        .ask(&call)?
        .pause("reason")?
        .ok_or_else(|| ServerFault::Unexpected("usp_Pause returned no pause".to_owned()))
}

pub(super) fn resume(connection: &mut Connection, by: &str) -> Result<Option<Pause>> {
    let call = Call::new("usp_Resume").with("@requested_by", clipped(by, 128));
    connection.ask(&call)?.pause("reason")
}
