//! Sessions: one run of one worker process.

use rusqlite::{named_params, Connection};

use super::fault::Step;
use super::statement::statement;
use super::transaction::write;
use crate::id::SessionId;
use crate::store::{SessionStart, StoreError};

const START: &str = statement(include_str!("start_session.sql"), "start");
const END: &str = statement(include_str!("end_session.sql"), "end");

pub(super) fn start(connection: &mut Connection, start: &SessionStart) -> Step<()> {
    write(connection, |tx| {
        tx.prepare_cached(START)?.execute(named_params! {
            ":session": start.session,
            ":worker_name": start.worker_name,
            ":host_name": start.host,
            ":process_id": start.pid,
            ":program_version": start.program_version,
            ":contract_hash": start.contract_hash,
            ":agent_job": start.agent_job,
            ":agent_step": start.agent_step,
            ":now": tx.now,
        })?;
        Ok(())
    })
}

pub(super) fn end(connection: &mut Connection, session: SessionId, exit_status: u8) -> Step<()> {
    write(connection, |tx| {
        let known = tx.prepare_cached(END)?.execute(named_params! {
            ":session": session,
            ":exit_status": exit_status,
            ":now": tx.now,
        })?;
        if known == 0 {
            return Err(unknown(session).into());
        }
        Ok(())
    })
}

/// The refusal of a session that never started.
pub(super) fn unknown(session: SessionId) -> StoreError {
    StoreError::Refused(format!("session {} never started here; start it first", session.0))
}
