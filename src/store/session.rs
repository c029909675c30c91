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

/// What a worker does, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It holds a claim.
    Working,
    /// It holds none, and was seen within ten minutes.
    Idle,
    /// Neither: it waits for work, or was killed.
    Silent,
    /// It ended.
    Ended,
}

impl SessionState {
    /// Its name in views and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Idle => "idle",
            Self::Silent => "silent",
            Self::Ended => "ended",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Working, Self::Idle, Self::Silent, Self::Ended]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A run of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub session: SessionId,
    /// Its worker.
    pub worker_name: String,
    /// That worker's host.
    pub host_name: String,
    /// What it does.
    pub state: SessionState,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it was last active.
    pub last_seen_at: DateTime<Utc>,
    /// When it ended; `None` for a session that runs or was killed.
    pub ended_at: Option<DateTime<Utc>>,
    /// Its exit status, if it ended.
    pub exit_status: Option<u8>,
    /// Applications it claimed.
    pub claimed: u64,
    /// Of these, logged as success.
    pub success: u64,
    /// Of these, logged as failed.
    pub failed: u64,
    /// Of these, released.
    pub released: u64,
    /// Of these, reaped because a lease expired.
    pub reaped: u64,
    /// Of these, refused by the database for an unknown reason.
    pub refused: u64,
    /// The others of these, which it holds.
    pub holds: u64,
    /// The version of the program.
    pub program_version: String,
    /// The contract it ran with.
    pub contract_hash: ContractHash,
}
