//! What sessions did: in all, and minute by minute.

use rusqlite::named_params;

use super::fault::Step;
use super::session;
use super::statement::statement;
use super::transaction::Work;
use crate::id::SessionId;

const FILE: &str = include_str!("record_throughput.sql");
const RECORD: &str = statement(FILE, "record");
const SESSION: &str = statement(FILE, "session");

/// What one transaction adds to the counts of its session.
#[derive(Default)]
pub(super) struct Tally {
    pub claimed: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub released: u64,
    pub rows_written: u64,
    pub document_bytes: u64,
    pub shred_micros: u64,
}

impl Tally {
    /// Counts it in the transaction that did it. Refused for a session that never started.
    pub fn record(&self, tx: &Work, session: SessionId) -> Step<()> {
        let known = tx.prepare_cached(SESSION)?.execute(named_params! {
            ":session": session,
            ":claimed": self.claimed,
            ":succeeded": self.succeeded,
            ":failed": self.failed,
            ":released": self.released,
            ":now": tx.now,
        })?;
        if known == 0 {
            return Err(session::unknown(session).into());
        }
        tx.prepare_cached(RECORD)?.execute(named_params! {
            ":session": session,
            ":claimed": self.claimed,
            ":succeeded": self.succeeded,
            ":failed": self.failed,
            ":released": self.released,
            ":rows_written": self.rows_written,
            ":document_bytes": self.document_bytes,
            ":shred_micros": self.shred_micros,
            ":now": tx.now,
        })?;
        Ok(())
    }
}
