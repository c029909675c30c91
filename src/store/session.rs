//! Sessions, and the pause of claiming.

use chrono::{DateTime, Utc};

use crate::id::{ContractHash, SessionId};

/// The description of a session that starts.
#[derive(Debug, Clone)]
pub struct SessionStart {
    /// The caller's id for the session; starting it twice has no further effect.
    pub session: SessionId,
    /// `--worker-name`, by default host and process id.
    pub worker_name: String,
    /// Host name.
    pub host: String,
    /// Process id.
    pub pid: u32,
    /// Version of this program.
    pub program_version: String,
    /// The contract it uses.
    pub contract_hash: ContractHash,
    /// The SQL Server Agent job that started it.
    pub agent_job: Option<String>,
    /// The SQL Server Agent step that started it.
    pub agent_step: Option<String>,
}

/// A pause of claiming.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Since when, by the database's clock.
    pub since: DateTime<Utc>,
    /// Who paused it.
    pub by: String,
    /// Why, for people who wonder why nothing is processed.
    pub reason: String,
}
