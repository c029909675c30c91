//! The embedded store: one SQLite file, shared by the processes of one machine.
//!
//! Each operation is a file of statements named after the stored procedure it mirrors
//! (`claim_batch.sql` is `usp_ClaimBatch`) and a file of Rust beside it. The tables and their
//! invariants are those of the SQL Server store; `schema.sql` declares them.
//!
//! What differs from SQL Server, and why:
//!
//! * Transactions live in this process. They take the write lock when they begin, so they are
//!   serial and never deadlock; one that has to wait waits, and a process that is stopped inside
//!   one makes the others wait until it goes on or is ended. Contention is not an error.
//! * The file is in write-ahead mode with `synchronous = NORMAL`. A process that is killed loses
//!   nothing that was committed. A power cut may lose the last few commits, each as a whole: an
//!   application is then claimed again, never half done.
//! * `sessions`, `events` and the log have the same columns; there are no stored procedures, so
//!   what protects the data from other programs is only the file's permissions.
//! * Decimals and dates are kept as text, because SQLite has no type that holds all of either.

mod binding;
mod claim;
mod compare;
mod complete;
mod enqueue;
mod explain;
mod failures;
mod fault;
mod health;
mod install;
mod load;
mod new_store;
mod open;
mod outcome;
mod pause;
mod purge;
mod queue_again;
mod reap;
mod release;
mod renew;
mod requeue;
mod retry;
mod rows;
mod session;
mod statement;
mod status;
mod target;
mod throughput;
mod transaction;

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::{
    ClaimOutcome, ClaimRequest, Claimed, Completed, Difference, Document, EnqueueMode, Enqueued,
    FailurePage, Finding, LifeEvent, LoggedFailure, Pause, PurgeRequest, Purged, ReapRequest,
    Reaped, Redriven, Renewal, RequeueRequest, Result, RetryRequest, SessionStart, Status, Store,
};
use crate::contract::Contract;
use crate::id::{AppId, ContractHash};
use crate::id::{ClaimToken, SessionId};
use crate::outcome::AppOutcome;
pub use install::{InstallPreview, Installation};
pub use load::{Existing, Loader, NewDocument};
pub use new_store::NewStore;

/// One connection to a store in a SQLite file.
pub struct SqliteStore {
    connection: Connection,
}

impl SqliteStore {
    /// Version of the store's own tables that this program knows.
    pub const VERSION: u32 = open::SCHEMA_VERSION;

    /// Opens the store in an existing file. A missing, foreign, unreadable or read-only file is
    /// an error that says what to do, and is not touched.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { connection: open::open(path)? })
    }

    /// Opens the store, making it first where there is no file of that name.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        Ok(Self { connection: open::open_or_create(path)? })
    }

    /// What installing the contract would do to the store in `path`, or to a new one where there
    /// is no file of that name. Changes nothing, and makes no file.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`] and [`Store::install_contract`].
    pub fn preview_install(path: &Path, contract: &Contract) -> Result<InstallPreview> {
        let mut connection = match path.exists() {
            true => open::open(path)?,
            false => open::imagine()?,
        };
        Ok(install::preview(&mut connection, contract)?)
    }

    /// The installed contract, if there is one.
    pub fn installation(&mut self) -> Result<Option<Installation>> {
        Ok(install::installation(&mut self.connection)?)
    }

    /// Begins to load documents into the source table: all of them in one transaction, for which
    /// the others that write to the store wait.
    ///
    /// What is loaded is not queued yet: [`Store::enqueue_apps`] does that.
    pub fn loader(&mut self, existing: Existing) -> Result<Loader<'_>> {
        let never = self.loader_unless(existing, || false)?;
        Ok(never.expect("nobody asked to stop"))
    }

    /// As [`Self::loader`], but `None` if `stop` says so while another process has the store's
    /// lock; it is asked every few seconds.
    pub fn loader_unless(
        &mut self,
        existing: Existing,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Loader<'_>>> {
        Ok(Loader::begin(&mut self.connection, existing, stop)?)
    }
}

impl Store for SqliteStore {
    fn install_contract(&mut self, contract: &Contract) -> Result<()> {
        Ok(install::install(&mut self.connection, contract)?)
    }

    fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>> {
        Ok(compare::compare(&mut self.connection, contract)?)
    }

    fn get_contract(&mut self) -> Result<Option<ContractHash>> {
        Ok(transaction::read(&mut self.connection, |tx| install::installed(tx))?)
    }

    fn start_session(&mut self, start: &SessionStart) -> Result<()> {
        Ok(session::start(&mut self.connection, start)?)
    }

    fn end_session(&mut self, session: SessionId, exit_status: u8) -> Result<()> {
        Ok(session::end(&mut self.connection, session, exit_status)?)
    }

    fn enqueue_apps(&mut self, mode: EnqueueMode) -> Result<Enqueued> {
        Ok(enqueue::enqueue(&mut self.connection, mode)?)
    }

    fn count_unqueued(&mut self) -> Result<Option<u64>> {
        Ok(Some(enqueue::count_unqueued(&mut self.connection)?))
    }

    fn claim_batch(&mut self, request: &ClaimRequest) -> Result<Claimed> {
        Ok(claim::claim(&mut self.connection, request)?)
    }

    fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Result<Renewal> {
        Ok(renew::renew(&mut self.connection, token, lease)?)
    }

    fn complete_batch(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcomes: &[AppOutcome],
    ) -> Result<Vec<Completed>> {
        Ok(complete::complete(&mut self.connection, token, contract, outcomes)?)
    }

    fn release_claim(&mut self, token: ClaimToken, reason: &str) -> Result<u64> {
        Ok(release::release(&mut self.connection, token, reason)?)
    }

    fn reap_expired(&mut self, request: ReapRequest) -> Result<Reaped> {
        Ok(reap::reap(&mut self.connection, request)?)
    }

    fn get_claim_outcome(&mut self, token: ClaimToken) -> Result<ClaimOutcome> {
        Ok(outcome::outcome(&mut self.connection, token)?)
    }

    fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Redriven>> {
        Ok(retry::retry(&mut self.connection, request)?)
    }

    fn requeue_apps(
        &mut self,
        contract: &Contract,
        request: &RequeueRequest,
    ) -> Result<Vec<Redriven>> {
        Ok(requeue::requeue(&mut self.connection, contract, request)?)
    }

    fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged> {
        Ok(purge::purge(&mut self.connection, request)?)
    }

    fn get_status(&mut self) -> Result<Status> {
        Ok(status::status(&mut self.connection)?)
    }

    fn read_document(&mut self, app_id: AppId) -> Result<Option<Document>> {
        Ok(claim::read_document(&self.connection, app_id)?)
    }

    fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause> {
        Ok(pause::pause(&mut self.connection, reason, requested_by)?)
    }

    fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>> {
        Ok(pause::resume(&mut self.connection, requested_by)?)
    }

    fn explain_app(&mut self, app_id: AppId) -> Result<Vec<LifeEvent>> {
        Ok(explain::explain(&mut self.connection, app_id)?)
    }

    fn list_failures(&mut self, page: &FailurePage) -> Result<Vec<LoggedFailure>> {
        Ok(failures::list(&mut self.connection, page)?)
    }

    fn health_check(&mut self) -> Result<Vec<Finding>> {
        Ok(health::check(&mut self.connection)?)
    }
}
