//! What stops a worker.

use crate::id::{ClaimToken, ContractHash};

/// What stops a worker. A document's failure is never one of these.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or opened.
    #[error("cannot open the store {location}: {reason}")]
    Unreachable {
        /// File or server.
        location: String,
        /// Why not.
        reason: String,
    },
    /// A call had no answer in time. Its connection was closed: it may have been carried out, or
    /// still be.
    #[error(
        "the store {location} gave no answer: {reason}; the connection was closed, and the server may \
         have done all of it, a part or nothing"
    )]
    Unanswered {
        /// Server.
        location: String,
        /// Which call, and how long it was waited for.
        reason: String,
    },
    /// The embedded store's file is corrupt.
    #[error("the store {location} is damaged: {reason}")]
    Damaged {
        /// File.
        location: String,
        /// Why not.
        reason: String,
    },
    /// The file of the open embedded store is not the one at its path any more.
    #[error("the store {location} is not the one that was opened: {reason}")]
    Replaced {
        /// File.
        location: String,
        /// What became of it.
        reason: String,
    },
    /// The store has no xmlshred objects, or those of another version.
    #[error("{location} is not an xmlshred store: {reason}")]
    NotInstalled {
        /// File or server.
        location: String,
        /// What is missing or different.
        reason: String,
    },
    /// The objects on the server are older or newer than this program requires.
    #[error(
        "{location} has version {installed} of the xmlshred objects, installed by xmlshred \
         {installed_by}; this program requires version {needed}"
    )]
    OtherVersion {
        /// Server.
        location: String,
        /// Version of the objects on the server.
        installed: i64,
        /// Version of the program that installed them.
        installed_by: String,
        /// Version that this program requires.
        needed: i64,
    },
    /// The database is read-only: a secondary replica, or set to read-only.
    #[error("{location} is not the primary, nothing to do")]
    NotPrimary {
        /// Server.
        location: String,
    },
    /// 50010: the token no longer holds the claim; nothing was written.
    #[error("claim {} is no longer held: its lease expired and it was reaped (50010); nothing was written", .0.0)]
    LeaseLost(ClaimToken),
    /// 50020: another contract is installed.
    #[error("contract {offered} is not the installed contract {} (50020)", .installed.map_or("(none)".into(), |h| h.to_string()))]
    ContractNotInstalled {
        /// The caller's.
        offered: ContractHash,
        /// The installed one, if any.
        installed: Option<ContractHash>,
    },
    /// An existing table differs from the contract's.
    #[error("table {table} does not fit the contract: {reason}")]
    Drift {
        /// Target table.
        table: String,
        /// The difference.
        reason: String,
    },
    /// A request that is invalid or not allowed, such as a requeue into a table with
    /// `on_existing = "fail"`.
    #[error("{0}")]
    Refused(String),
    /// Any other error of the database.
    #[error("{0}")]
    Database(String),
}

impl StoreError {
    /// Whether the connection is lost: the call may have been carried out, and can be repeated on a
    /// new connection.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unanswered { .. })
    }
}

/// Results of a store.
pub type Result<T> = std::result::Result<T, StoreError>;
