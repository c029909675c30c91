//! The embedded store: one SQLite file, shared by the processes of one machine.
//!
//! Operations are grouped in the same modules as those of the SQL Server store. The statements of
//! an operation are in a file named after it: `claim_batch.sql` mirrors `usp_ClaimBatch`. The
//! tables are in `install/schema.sql`.
//!
//! Differences from SQL Server:
//!
//! * Transactions run in this process. They take the write lock when they start, so they are
//!   serial and never deadlock. A transaction waits up to ten minutes for the lock, and a process
//!   that is suspended inside one makes the others wait.
//! * The clock is that of the machine, and it may be put back. Nothing waits for a time except the
//!   lease of a claim; one that ends later than its length from now counts from now.
//! * The file is in write-ahead mode with `synchronous = NORMAL`. A killed process loses nothing
//!   that was committed. A power failure may lose the last few commits, each as a whole: an
//!   application is then claimed again, never half done.
//! * Tables with the same name have the same columns, except those listed in
//!   `tests/store/sqlite/columns.rs`.
//! * There are no logins and no procedures: only the file's permissions protect the data.
//! * Decimals and dates are stored as text, because no type of SQLite holds all of either.

mod binding;
mod causes;
mod claim;
mod complete;
mod enqueue;
mod fault;
mod inspect;
mod install;
mod purge;
mod redrive;
mod report;
mod session;
mod source;
mod statement;
mod target;
mod transaction;
mod turn;

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::{
    AlterTables, BackfillRequest, Backfilled, Candidate, CauseQuery, ClaimOutcome, ClaimRequest,
    Claimed, Completed, Difference, EnqueueMode, Enqueued, EraseRequest, Erased, Existing,
    FailureCauses, FailurePage, Finding, FinishedPage, Found, InstallPlan, Intake, LifeEvent,
    LoggedFailure, Pause, PlaceId, PurgeRequest, Purged, ReapRequest, Reaped, Redriven, Renewal,
    Report, ReportQuery, RequeueRequest, Result, RetryRequest, SessionStart, SourceRow,
    SourceTable, StaleRows, StaleRowsRequest, Status, Store, UnloadRequest, Unloaded, Unprocessed,
    UnprocessedPage, WrittenApp, WrittenPage,
};
use crate::contract::Contract;
use crate::document::Document;
use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
use crate::outcome::{AppOutcome, TableRows};

pub use enqueue::{Loader, NewDocument};
pub use install::{Installation, NewStore};

/// One connection to a store in a SQLite file.
pub struct SqliteStore {
    connection: Connection,
    /// Unknown while the store is being created under another name.
    place: Option<install::Place>,
}

impl SqliteStore {
    /// The version of the store's own tables that this program uses.
    pub const VERSION: u32 = install::SCHEMA_VERSION;

    /// Opens the store in an existing file. A missing, foreign, unreadable or read-only file is
    /// an error, and is not touched.
    pub fn open(path: &Path) -> Result<Self> {
        let (connection, place) = install::open(path)?;
        Ok(Self { connection, place: Some(place) })
    }

    /// Whether an earlier version of the program created the store in `path`, so that it is upgraded.
    ///
    /// # Errors
    /// The file is not a store, or one of a version that cannot be upgraded.
    pub fn is_of_earlier_version(path: &Path) -> Result<bool> {
        let (connection, _) = install::any_version(path)?;
        Ok(install::version(&connection)? != Self::VERSION)
    }

    /// Creates the store in `path` where it is missing, upgrades one that an earlier version of the program
    /// created, and makes `contract` the installed one; without, the installed one stays. Returns what it
    /// did. All of it happens, or nothing.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`] and [`Store::install_contract`]; the file has objects that the upgrade
    /// would replace.
    pub fn install(
        path: &Path,
        contract: Option<&Contract>,
        alter: AlterTables,
    ) -> Result<InstallPlan> {
        install::install(path, contract, alter)
    }

    /// What [`SqliteStore::install`] would do, and everything that it would refuse. Changes nothing, and
    /// leaves no file.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`].
    pub fn plan_install(
        path: &Path,
        contract: Option<&Contract>,
        alter: AlterTables,
    ) -> Result<InstallPlan> {
        install::plan(path, contract, alter)
    }

    /// The statements of that plan in their order, without semicolons at their ends, and the contract that
    /// is installed now.
    ///
    /// # Errors
    /// Those of [`SqliteStore::install`].
    pub fn preview_install(
        path: &Path,
        contract: Option<&Contract>,
        alter: AlterTables,
    ) -> Result<(Vec<String>, Option<ContractHash>)> {
        install::preview(path, contract, alter)
    }

    /// The installed contract, if there is one.
    pub fn installation(&mut self) -> Result<Option<Installation>> {
        self.check_place()?;
        Ok(install::get_contract(&mut self.connection)?)
    }

    /// Looks whether the open file is still the one at its path. Each operation does so first; after
    /// the last one, this says whether its work is where it should be.
    ///
    /// # Errors
    /// [`StoreError::Replaced`](crate::store::StoreError::Replaced)
    pub fn check_place(&self) -> Result<()> {
        self.place.as_ref().map_or(Ok(()), install::Place::check)
    }

    /// Reads the whole file, and looks for target rows without their parent rows. Returns a sentence
    /// for each table that has such rows.
    ///
    /// # Errors
    /// [`StoreError::Damaged`](crate::store::StoreError::Damaged)
    pub fn check_integrity(&mut self) -> Result<Vec<String>> {
        Ok(install::check_integrity(&mut self.connection)?)
    }

    /// Copies the store to a new file, as it is at this moment, while others work on it. `from` is
    /// the store's own path. Returns the size of the copy in bytes; the copy was read and is sound.
    ///
    /// # Errors
    /// [`StoreError::Refused`](crate::store::StoreError::Refused) if the file exists; the store is damaged; the copy cannot be written.
    pub fn back_up(&mut self, from: &Path, to: &Path) -> Result<u64> {
        self.check_place()?;
        install::back_up(&self.connection, from, to)
    }

    /// Starts to load documents into the source table: all of them in one transaction, during
    /// which other writers wait.
    ///
    /// Loaded documents are not queued yet: [`Store::enqueue_apps`] does that.
    pub fn loader(&mut self, existing: Existing) -> Result<Loader<'_>> {
        let loader = self.loader_unless(existing, || false)?;
        Ok(loader.expect("nothing stops it"))
    }

    /// As [`Self::loader`], but `None` if `stop` returns true while another process has the
    /// store's lock; it is called every few seconds.
    pub fn loader_unless(
        &mut self,
        existing: Existing,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Loader<'_>>> {
        Ok(Loader::start(&mut self.connection, existing, stop)?)
    }
}

/// Each operation of the trait is the function of that name in its module.
macro_rules! operations {
    ($($module:ident: fn $name:ident(&mut self $(, $argument:ident: $type:ty)*) -> $answer:ty;)+) => {
        $(fn $name(&mut self $(, $argument: $type)*) -> Result<$answer> {
            self.check_place()?;
            Ok($module::$name(&mut self.connection $(, $argument)*)?)
        })+
    };
}

#[rustfmt::skip]
impl Store for SqliteStore {
    operations! {
        install: fn install_contract(&mut self, contract: &Contract) -> ();
        target: fn compare_targets(&mut self, contract: &Contract) -> Vec<Difference>;
        session: fn start_session(&mut self, start: &SessionStart) -> ();
        session: fn end_session(&mut self, session: SessionId, exit_status: u8) -> ();
        enqueue: fn enqueue_apps(&mut self, mode: EnqueueMode) -> Enqueued;
        claim: fn claim_batch(&mut self, request: &ClaimRequest) -> Claimed;
        claim: fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Renewal;
        claim: fn release_claim(&mut self, token: ClaimToken, reason: &str) -> u64;
        claim: fn reap_expired(&mut self, request: ReapRequest) -> Reaped;
        complete: fn complete_batch(
            &mut self, token: ClaimToken, contract: &Contract, outcomes: &[AppOutcome],
            max_reaps: u32
        ) -> Vec<Completed>;
        complete: fn get_claim_outcome(&mut self, token: ClaimToken) -> ClaimOutcome;
        redrive: fn retry_failed(&mut self, request: &RetryRequest) -> Vec<Redriven>;
        redrive: fn requeue_apps(
            &mut self, contract: &Contract, request: &RequeueRequest
        ) -> Vec<Redriven>;
        purge: fn purge_log(&mut self, request: PurgeRequest) -> Purged;
        purge: fn delete_stale_rows(
            &mut self, contract: &Contract, request: &StaleRowsRequest
        ) -> Vec<StaleRows>;
        purge: fn erase_apps(
            &mut self, contract: &Contract, request: &EraseRequest
        ) -> Vec<Erased>;
        complete: fn backfill_apps(
            &mut self, contract: &Contract, request: &BackfillRequest
        ) -> Vec<Backfilled>;
        inspect: fn get_status(&mut self) -> Status;
        inspect: fn read_document(&mut self, app_id: AppId) -> Option<Document>;
        inspect: fn explain_app(&mut self, app_id: AppId) -> Vec<LifeEvent>;
        inspect: fn list_failures(&mut self, page: &FailurePage) -> Vec<LoggedFailure>;
        causes: fn list_causes(&mut self, query: &CauseQuery) -> FailureCauses;
        report: fn get_report(&mut self, query: &ReportQuery) -> Report;
        inspect: fn list_unprocessed(&mut self, page: &UnprocessedPage) -> Vec<Unprocessed>;
        inspect: fn list_written(&mut self, page: &WrittenPage) -> Vec<WrittenApp>;
        inspect: fn list_finished(&mut self, page: &FinishedPage) -> Vec<WrittenApp>;
        target: fn read_rows(
            &mut self, contract: &Contract, app_ids: &[AppId]
        ) -> Vec<Vec<TableRows>>;
        inspect: fn health_check(&mut self) -> Vec<Finding>;
        session: fn pause(&mut self, reason: &str, requested_by: &str) -> Pause;
        session: fn resume(&mut self, requested_by: &str) -> Option<Pause>;
    }

    fn get_contract(&mut self) -> Result<Option<ContractHash>> {
        Ok(self.installation()?.map(|installation| installation.contract_hash))
    }

    fn count_unqueued(&mut self) -> Result<Option<u64>> {
        Ok(Some(enqueue::count_unqueued(&mut self.connection)?))
    }
}

impl Intake for SqliteStore {
    fn knows_file(&mut self, place: PlaceId, name: &str) -> Result<bool> {
        self.check_place()?;
        Ok(enqueue::knows_file(&mut self.connection, place, name)?)
    }

    fn find(&mut self, candidates: &[Candidate]) -> Result<Vec<Found>> {
        self.check_place()?;
        Ok(enqueue::find_candidates(&mut self.connection, candidates)?)
    }

    fn list_apps_of_file(&mut self, name: &str) -> Result<Vec<(AppId, String)>> {
        self.check_place()?;
        Ok(inspect::list_apps_of_file(&mut self.connection, name)?)
    }

    fn unload_documents(&mut self, request: &UnloadRequest) -> Result<Vec<Unloaded>> {
        self.check_place()?;
        Ok(purge::unload_documents(&mut self.connection, request)?)
    }
}

impl SourceTable for SqliteStore {
    fn bounds(&mut self) -> Result<Option<(AppId, AppId)>> {
        self.check_place()?;
        Ok(source::bounds(&self.connection)?)
    }

    fn row_from(&mut self, app_id: AppId) -> Result<Option<SourceRow>> {
        Ok(source::row_from(&self.connection, app_id)?)
    }
}
