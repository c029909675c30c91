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
        /// What was said.
        reason: String,
    },
    /// The embedded store's file can no longer be relied on.
    #[error("the store {location} is damaged: {reason}")]
    Damaged {
        /// File.
        location: String,
        /// What was said.
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
    /// The objects on the server are older or newer than this program can work with.
    #[error(
        "{location} has version {installed} of the xmlshred objects, installed by xmlshred \
         {installed_by}, and this program works with version {needed}"
    )]
    OtherVersion {
        /// Server.
        location: String,
        /// Version of the objects there.
        installed: i64,
        /// Version of the program that installed them.
        installed_by: String,
        /// Version of the objects that this program works with.
        needed: i64,
    },
    /// The database is read-only here: a secondary replica, or one that was made read-only.
    #[error("{location} is not the primary, nothing to do")]
    NotPrimary {
        /// Server.
        location: String,
    },
    /// 50010: the claim is gone; nothing was written.
    #[error("claim {} is no longer held: its lease passed and it was reaped (50010); nothing was written", .0.0)]
    LeaseLost(ClaimToken),
    /// 50020: another contract is installed.
    #[error("contract {offered} is not the installed contract {} (50020)", .installed.map_or("(none)".into(), |h| h.to_string()))]
    ContractNotInstalled {
        /// The caller's.
        offered: ContractHash,
        /// The installed one, if any.
        installed: Option<ContractHash>,
    },
    /// Every application of a batch, two or more, was refused with the same database error: not
    /// the documents' fault. Nothing was logged, and the claim is still held.
    #[error(
        "every application of the batch failed with the same error {number}: {message}; nothing \
         was logged: repair the table, or if the documents really are at fault, run once with \
         --batch-size 1"
    )]
    WholeBatchFailed {
        /// The database's error number.
        number: i64,
        /// Its message.
        message: String,
    },
    /// The installed contract's tables differ from the ones that are there.
    #[error("table {table} does not fit the contract: {reason}")]
    Drift {
        /// Target table.
        table: String,
        /// The difference.
        reason: String,
    },
    /// A request that may not be carried out, such as a requeue into a table that says `fail`.
    #[error("{0}")]
    Refused(String),
    /// Any other error of the database.
    #[error("{0}")]
    Database(String),
}

/// Results of a store.
pub type Result<T> = std::result::Result<T, StoreError>;
