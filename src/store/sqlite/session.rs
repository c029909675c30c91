//! Sessions: one run of one worker process, what it did, and the pause of claiming.

use rusqlite::{named_params, Connection};

use super::binding::instant;
use super::fault::Step;
use super::statement::statement;
use super::transaction::{write, Work};
use crate::id::SessionId;
use crate::store::{Pause, SessionStart, Share, StoreError};

const START: &str = statement(include_str!("start_session.sql"), "start");
const END: &str = statement(include_str!("end_session.sql"), "end");
const IN_FORCE: &str = statement(include_str!("pause.sql"), "in_force");
const PAUSE: &str = statement(include_str!("pause.sql"), "pause");
const RESUME: &str = statement(include_str!("resume.sql"), "resume");
const MINUTE: &str = statement(include_str!("record_throughput.sql"), "minute");
const SHARE: &str = statement(include_str!("record_throughput.sql"), "share");
const TOTALS: &str = statement(include_str!("record_throughput.sql"), "totals");

pub(super) fn start_session(connection: &mut Connection, start: &SessionStart) -> Step<()> {
    write(connection, |tx| {
        let parameters = named_params! {
            ":session": start.session,
            ":worker_name": start.worker_name,
            ":host_name": start.host,
            ":process_id": start.pid,
            ":program_version": start.program_version,
            ":contract_hash": start.contract_hash,
            ":agent_job": start.agent_job,
            ":agent_step": start.agent_step,
            ":now": tx.now,
        };
        tx.run(START, parameters).map(drop)
    })
}

pub(super) fn end_session(
    connection: &mut Connection,
    session: SessionId,
    exit_status: u8,
) -> Step<()> {
    write(connection, |tx| {
        let known = tx.run(
            END,
            named_params! {":session": session, ":exit_status": exit_status, ":now": tx.now},
        )?;
        check_known(session, known)
    })
}

fn check_known(session: SessionId, known: u64) -> Step<()> {
    match known {
        0 => Err(StoreError::Refused(format!("unknown session {}; start it first", session.0)))?,
        _ => Ok(()),
    }
}

pub(super) fn pause(connection: &mut Connection, reason: &str, by: &str) -> Step<Pause> {
    if reason.trim().is_empty() {
        Err(StoreError::Refused("the reason of the pause is empty".to_owned()))?;
    }
    write(connection, |tx| {
        if let Some(earlier) = pause_in_force(tx)? {
            return Ok(earlier);
        }
        tx.run(PAUSE, named_params! {":now": tx.now, ":by": by, ":reason": reason})?;
        Ok(Pause { since: instant(tx.now), by: by.to_owned(), reason: reason.to_owned() })
    })
}

pub(super) fn resume(connection: &mut Connection, by: &str) -> Step<Option<Pause>> {
    write(connection, |tx| {
        let ended = pause_in_force(tx)?;
        tx.run(RESUME, named_params! {":now": tx.now, ":by": by})?;
        Ok(ended)
    })
}

/// The pause that is in force, if any.
pub(super) fn pause_in_force(tx: &Work) -> Step<Option<Pause>> {
    tx.find(IN_FORCE, [], |row| {
        Ok(Pause { since: instant(row.get(0)?), by: row.get(1)?, reason: row.get(2)? })
    })
}

/// Records the share of the queue that a session claims from, for `vw_PartitionProgress`.
pub(super) fn record_share(tx: &Work, session: SessionId, share: &Share) -> Step<()> {
    let (instance_id, instance_count) = share.instance();
    let parameters = named_params! {
        ":session": session, ":instance_id": instance_id, ":instance_count": instance_count,
        ":app_id_start": share.app_id_start, ":app_id_end": share.app_id_end,
    };
    tx.run(SHARE, parameters).map(drop)
}

/// What one transaction adds to the counts of its session.
#[derive(Default)]
pub(super) struct Tally {
    pub claimed: u64,
    pub success: u64,
    pub failed: u64,
    pub released: u64,
    pub refused: u64,
    pub rows_written: u64,
    pub document_bytes: u64,
    pub shred_micros: u64,
}

impl Tally {
    /// Counts in the transaction that did the work. Refuses an unknown session.
    pub fn record(&self, tx: &Work, session: SessionId) -> Step<()> {
        let totals = named_params! {
            ":session": session, ":now": tx.now, ":claimed": self.claimed,
            ":success": self.success, ":failed": self.failed, ":released": self.released,
            ":refused": self.refused,
        };
        check_known(session, tx.run(TOTALS, totals)?)?;
        let minute = named_params! {
            ":session": session, ":now": tx.now, ":claimed": self.claimed,
            ":success": self.success, ":failed": self.failed, ":released": self.released,
            ":rows_written": self.rows_written, ":document_bytes": self.document_bytes,
            ":shred_micros": self.shred_micros,
        };
        tx.run(MINUTE, minute).map(drop)
    }
}
