//! The SQL Server store: each operation calls the stored procedure of its name in `sql/procs`.

pub mod agent_jobs;
mod call;
mod catalog;
mod claim;
mod complete;
mod connection;
pub mod contract_sql;
mod dialect;
mod enqueue;
mod fault;
mod inspect;
pub mod install;
mod probe;
mod purge;
mod record;
mod redrive;
mod session;
mod source;
mod target;

use std::time::Duration;

use connection::Connection;
use fault::ServerFault;
use probe::Probe;

use super::{
    check_lease, check_max_reaps, check_outcomes, check_replaces, Added, BackfillRequest,
    Backfilled, Candidate, CauseQuery, ClaimOutcome, ClaimRequest, Claimed, Completed, Content,
    Difference, DocumentType, EnqueueMode, Enqueued, EraseRequest, Erased, FailureCauses,
    FailurePage, Finding, FinishedPage, Found, Intake, LifeEvent, LoadRules, LoggedFailure, Pause,
    PlaceId, PurgeRequest, Purged, ReapRequest, Reaped, Redriven, Renewal, Report, ReportQuery,
    RequeueRequest, Result, RetryRequest, SessionStart, StaleRows, StaleRowsRequest, Status, Store,
    StoreError, UnloadRequest, Unloaded, Unprocessed, UnprocessedPage, WrittenApp, WrittenPage,
};
use crate::command::command;
use crate::contract::Contract;
use crate::document::Document;
use crate::id::{AppId, ClaimToken, ContractHash, SessionId};
use crate::outcome::{AppOutcome, TableRows};

pub use catalog::Catalog;
pub use connection::ado;
pub use connection::channel::Trust;
pub use connection::settings::{
    checked_identifier, read_secret, Login, Secret, ServerName, ServerSettings, ANSWER_TIMEOUT,
    COMMAND_TIMEOUT, CONNECT_TIMEOUT, DEFAULT_SCHEMA, LOGS_IN_ACCOUNTS, NO_ACCOUNTS,
};
pub use dialect::Dialect;
pub use inspect::ServerFact;
pub use target::{feature_differences, ColumnFeatures, TableFeatures};

/// One session with an installation on SQL Server.
pub struct SqlServerStore {
    connection: Connection,
    stage: complete::Stage,
    documents: enqueue::DocumentStage,
    /// Number of target tables of the latest contract.
    targets: usize,
    /// The installed contract when the session was opened, until it is asked for.
    opened_with: Option<Option<ContractHash>>,
    /// How the target tables of a contract compared then, until it is asked for.
    compared: Option<(ContractHash, Vec<Difference>)>,
}

impl SqlServerStore {
    /// Connects. The DBA's tools show the connection's `APP_NAME()`, which is `xmlshred`, and its
    /// `HOST_NAME()`, which is `workstation`.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]; [`StoreError::NotPrimary`] on a read-only database;
    /// [`StoreError::NotInstalled`] and [`StoreError::OtherVersion`] where the objects are missing,
    /// or of a version that this program does not work with.
    pub fn connect(settings: ServerSettings, workstation: &str) -> Result<Self> {
        Self::open(settings, workstation, None)
    }

    /// [`SqlServerStore::connect`], which compares the target tables of a contract in the same request, for
    /// [`Store::opened_with_targets`].
    ///
    /// # Errors
    /// As [`SqlServerStore::connect`]; none of the comparison.
    pub fn connect_for(
        settings: ServerSettings,
        workstation: &str,
        contract: &Contract,
    ) -> Result<Self> {
        Self::open(settings, workstation, Some(contract))
    }

    fn open(
        settings: ServerSettings,
        workstation: &str,
        contract: Option<&Contract>,
    ) -> Result<Self> {
        let location = settings.location().to_owned();
        let connect = || {
            let mut connection = Connection::open(settings, Some(workstation.to_owned()))?;
            let server = Probe::ask(&mut connection, contract)?;
            Ok((connection, server))
        };
        let (connection, server) =
            connect().map_err(|fault: ServerFault| match fault.into_store_error(&location) {
                StoreError::Database(reason) => {
                    StoreError::Unreachable { location: location.clone(), reason }
                }
                error => error,
            })?;
        if server.is_read_only {
            return Err(StoreError::NotPrimary { location });
        }
        if server.installed.is_none() {
            let schema = connection.settings().schema_name();
            return Err(StoreError::NotInstalled {
                reason: format!(
                    "this login finds no procedure [{schema}].[{}]; run {}, or name the schema with \
                     --schema",
                    install::VERSION_PROCEDURE,
                    command("install")
                ),
                location,
            });
        }
        let opened_with =
            install::check_version(connection.settings().location(), server.installed.as_ref())?;
        Ok(Self {
            connection,
            stage: complete::Stage::new(server.has_openjson),
            documents: Default::default(),
            targets: 0,
            opened_with: Some(opened_with),
            compared: contract.map(|contract| contract.hash).zip(server.differences),
        })
    }

    /// Checks what a run needs: the certificate, the clock, permissions and, with a contract, the
    /// target tables.
    ///
    /// # Errors
    /// A query fails.
    pub fn inspect_server(&mut self, contract: Option<&Contract>) -> Result<Vec<ServerFact>> {
        self.run(|connection| inspect::inspect_server(connection, contract))
    }

    /// What the source table takes as documents.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where it cannot be filled.
    pub fn check_load(&mut self) -> Result<DocumentType> {
        self.run(enqueue::check_load)
    }

    /// Adds documents of files to the source table in one transaction, each unless the table has it; says
    /// what became of each, and how many of them only a full enqueue finds.
    ///
    /// # Errors
    /// The table does not take one of them; a query fails. None of them was added.
    pub fn load_documents(
        &mut self,
        document_type: DocumentType,
        documents: &[(Candidate, Content)],
        rules: LoadRules,
    ) -> Result<(Vec<Added>, u64)> {
        let Self { connection, documents: stage, .. } = self;
        let loaded = enqueue::load_documents(connection, stage, document_type, documents, rules);
        loaded.map_err(|fault| self.error(fault))
    }

    fn run<T>(&mut self, work: impl FnOnce(&mut Connection) -> fault::Result<T>) -> Result<T> {
        work(&mut self.connection).map_err(|fault| self.error(fault))
    }

    fn error(&self, fault: ServerFault) -> StoreError {
        fault.into_store_error(self.connection.settings().location())
    }

    fn check_installed(&mut self, contract: &Contract) -> Result<()> {
        let (offered, installed) = (contract.hash, self.get_contract()?);
        match installed == Some(offered) {
            true => Ok(()),
            false => Err(StoreError::ContractNotInstalled { offered, installed }),
        }
    }

    /// The error of a call with a contract.
    fn contract_error(&mut self, fault: ServerFault, offered: ContractHash) -> StoreError {
        if !fault.is_other_contract() {
            return self.error(fault);
        }
        match self.get_contract() {
            Ok(installed) => StoreError::ContractNotInstalled { offered, installed },
            Err(error) => error,
        }
    }
}

impl Intake for SqlServerStore {
    fn knows_file(&mut self, place: PlaceId, name: &str) -> Result<bool> {
        self.run(|connection| enqueue::knows_file(connection, place, name))
    }

    fn find(&mut self, candidates: &[Candidate]) -> Result<Vec<Found>> {
        let Self { connection, documents: stage, .. } = self;
        let found = enqueue::find_candidates(connection, stage, candidates);
        found.map_err(|fault| self.error(fault))
    }

    fn list_apps_of_file(&mut self, name: &str) -> Result<Vec<(AppId, String)>> {
        self.run(|connection| inspect::list_apps_of_file(connection, name))
    }

    fn unload_documents(&mut self, request: &UnloadRequest) -> Result<Vec<Unloaded>> {
        self.run(|connection| purge::unload_documents(connection, request))
    }
}

impl Store for SqlServerStore {
    fn install_contract(&mut self, contract: &Contract) -> Result<()> {
        self.targets = contract.targets.len();
        install::install_contract(&mut self.connection, contract)
    }

    fn get_contract(&mut self) -> Result<Option<ContractHash>> {
        self.run(install::get_contract)
    }

    fn opened_with_contract(&mut self) -> Result<Option<ContractHash>> {
        match self.opened_with.take() {
            Some(contract) => Ok(contract),
            None => self.get_contract(),
        }
    }

    fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>> {
        self.run(|connection| target::compare_targets(connection, contract))
    }

    fn opened_with_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>> {
        match self.compared.take() {
            Some((hash, differences)) if hash == contract.hash => Ok(differences),
            _ => self.compare_targets(contract),
        }
    }

    fn masked_columns(&mut self, contract: &Contract) -> Result<Vec<(usize, usize)>> {
        self.run(|connection| target::masked_columns(connection, contract))
    }

    fn start_session(&mut self, start: &SessionStart) -> Result<()> {
        self.run(|connection| session::start_session(connection, start))
    }

    fn end_session(&mut self, session: SessionId, exit_status: u8) -> Result<()> {
        self.run(|connection| session::end_session(connection, session, exit_status))
    }

    fn enqueue_apps(&mut self, mode: EnqueueMode) -> Result<Enqueued> {
        self.run(|connection| enqueue::enqueue_apps(connection, mode))
    }

    fn claim_batch(&mut self, request: &ClaimRequest) -> Result<Claimed> {
        request.check()?;
        claim::claim_batch(&mut self.connection, request)
            .map_err(|fault| self.contract_error(fault, request.contract_hash))
    }

    fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Result<Renewal> {
        check_lease(lease)?;
        self.run(|connection| claim::renew_lease(connection, token, lease))
    }

    fn complete_batch(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcomes: &[AppOutcome],
        max_reaps: u32,
    ) -> Result<Vec<Completed>> {
        check_max_reaps(max_reaps)?;
        check_outcomes(contract, outcomes)?;
        self.targets = contract.targets.len();
        let Self { connection, stage, .. } = self;
        let completed =
            complete::complete_batch(connection, stage, token, contract, outcomes, max_reaps);
        completed.map_err(|fault| match fault.is_lost_lease() {
            true => StoreError::LeaseLost(token),
            false => self.contract_error(fault, contract.hash),
        })
    }

    fn release_claim(&mut self, token: ClaimToken, reason: &str) -> Result<u64> {
        self.run(|connection| claim::release_claim(connection, token, reason))
    }

    fn reap_expired(&mut self, request: ReapRequest) -> Result<Reaped> {
        self.run(|connection| claim::reap_expired(connection, request))
    }

    fn get_claim_outcome(&mut self, token: ClaimToken) -> Result<ClaimOutcome> {
        let targets = self.targets;
        self.run(|connection| complete::get_claim_outcome(connection, token, targets))
    }

    fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Redriven>> {
        self.run(|connection| redrive::retry_failed(connection, request))
    }

    fn requeue_apps(
        &mut self,
        contract: &Contract,
        request: &RequeueRequest,
    ) -> Result<Vec<Redriven>> {
        check_replaces(contract)?;
        let installed = self.get_contract()?;
        if installed != Some(contract.hash) {
            return Err(StoreError::ContractNotInstalled { offered: contract.hash, installed });
        }
        self.run(|connection| redrive::requeue_apps(connection, request))
    }

    fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged> {
        self.run(|connection| purge::purge_log(connection, request))
    }

    fn delete_stale_rows(
        &mut self,
        contract: &Contract,
        request: &StaleRowsRequest,
    ) -> Result<Vec<StaleRows>> {
        self.check_installed(contract)?;
        self.run(|connection| purge::delete_stale_rows(connection, request))
    }

    fn erase_apps(&mut self, contract: &Contract, request: &EraseRequest) -> Result<Vec<Erased>> {
        self.check_installed(contract)?;
        self.run(|connection| purge::erase_apps(connection, request))
    }

    fn backfill_apps(
        &mut self,
        contract: &Contract,
        request: &BackfillRequest,
    ) -> Result<Vec<Backfilled>> {
        check_outcomes(contract, &request.apps)?;
        let Self { connection, stage, .. } = self;
        let backfilled = complete::backfill_apps(connection, stage, contract, request);
        backfilled.map_err(|fault| self.contract_error(fault, contract.hash))
    }

    fn get_status(&mut self) -> Result<Status> {
        self.run(inspect::get_status)
    }

    fn read_document(&mut self, app_id: AppId) -> Result<Option<Document>> {
        self.run(|connection| inspect::read_document(connection, app_id))
    }

    fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause> {
        self.run(|connection| session::pause(connection, reason, requested_by))
    }

    fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>> {
        self.run(|connection| session::resume(connection, requested_by))
    }

    fn explain_app(&mut self, app_id: AppId) -> Result<Vec<LifeEvent>> {
        self.run(|connection| inspect::explain_app(connection, app_id))
    }

    fn list_failures(&mut self, page: &FailurePage) -> Result<Vec<LoggedFailure>> {
        self.run(|connection| inspect::list_failures(connection, page))
    }

    fn list_causes(&mut self, query: &CauseQuery) -> Result<FailureCauses> {
        self.run(|connection| inspect::list_causes(connection, query))
    }

    fn get_report(&mut self, query: &ReportQuery) -> Result<Report> {
        self.run(|connection| inspect::get_report(connection, query))
    }

    fn list_unprocessed(&mut self, page: &UnprocessedPage) -> Result<Vec<Unprocessed>> {
        self.run(|connection| inspect::list_unprocessed(connection, page))
    }

    fn list_written(&mut self, page: &WrittenPage) -> Result<Vec<WrittenApp>> {
        self.run(|connection| inspect::list_written(connection, page))
    }

    fn list_finished(&mut self, page: &FinishedPage) -> Result<Vec<WrittenApp>> {
        self.run(|connection| inspect::list_finished(connection, page))
    }

    fn read_rows(&mut self, contract: &Contract, app_ids: &[AppId]) -> Result<Vec<Vec<TableRows>>> {
        self.run(|connection| target::read_rows(connection, contract, app_ids))
    }

    fn health_check(&mut self) -> Result<Vec<Finding>> {
        self.run(inspect::health_check)
    }
}
