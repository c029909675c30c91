//! Sessions, and the pause that keeps them from claiming.

use chrono::{DateTime, Utc};

use crate::id::{ContractHash, SessionId};

/// What a session says of itself when it starts.
#[derive(Debug, Clone)]
pub struct SessionStart {
    /// The caller's id for the session; starting it twice is one session.
    pub session: SessionId,
    /// `--worker-name`, by default host and process id.
    pub worker_name: String,
    /// Host name.
    pub host: String,
    /// Process id.
    pub pid: u32,
    /// Version of this program.
    pub program_version: String,
    /// Contract it works with.
    pub contract_hash: ContractHash,
    /// SQL Server Agent job, where one started it.
    pub agent_job: Option<String>,
    /// SQL Server Agent step, where one started it.
    pub agent_step: Option<String>,
}

/// Claiming is paused: by whom and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when, by the database's clock.
    pub since: DateTime<Utc>,
    /// Who paused it.
    pub by: String,
    /// Why, for whoever finds nothing being processed.
    pub reason: String,
}
