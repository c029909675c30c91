//! The SQL Server store: it calls the stored procedures of `sql/`, and does nothing to the queue
//! by itself.

pub mod agent_jobs;
mod call;
mod claim;
mod complete;
mod connection;
pub mod contract_sql;
mod dialect;
mod examine;
mod fault;
mod inspect;
pub mod install;
mod outcome;
mod record;
mod redrive;
mod settings;
mod stage;
mod status;
mod target;
mod wire;

use std::time::Duration;

use call::Call;
use complete::{Completion, Stage};
use connection::Connection;
use fault::Fault;

use super::{
    check_lease, check_outcomes, check_replaces, ClaimOutcome, ClaimRequest, Claimed, Completed,
    Difference, EnqueueMode, Enqueued, FailurePage, Finding, LifeEvent, LoggedFailure, Pause,
    PurgeRequest, Purged, ReapRequest, Reaped, Redriven, Renewal, RequeueRequest, Result,
    RetryRequest, SessionStart, Status, Store, StoreError,
};
use crate::contract::Contract;
use crate::document::Document;
use crate::id::{AppId, ContractHash};
use crate::id::{ClaimToken, SessionId};
use crate::outcome::AppOutcome;

pub use dialect::Dialect;
pub use examine::ServerFact;
pub use settings::{
    checked_identifier, read_secret, Login, Secret, ServerName, ServerSettings, Trust,
    COMMAND_TIMEOUT, CONNECT_TIMEOUT, DEFAULT_SCHEMA,
};

/// One session with an installation on SQL Server.
pub struct SqlServerStore {
    connection: Connection,
    stage: Stage,
    /// Character documents come as text: this engine's `varbinary` of nvarchar is not UTF-16.
    documents_as_text: bool,
    /// Target tables of the contract last worked with.
    targets: usize,
}

impl SqlServerStore {
    /// Connects. `session` names the connection to the DBA: its application name is
    /// `xmlshred <session>`.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`]; [`StoreError::NotPrimary`] on a read-only database;
    /// [`StoreError::NotInstalled`] and [`StoreError::OtherVersion`] where the objects are missing,
    /// or of a version that this program does not work with.
    pub fn connect(settings: ServerSettings, session: &str) -> Result<Self> {
        let location = settings.location.clone();
        let connect = || {
            let mut connection = Connection::open(settings, format!("xmlshred {session}"))?;
            let server = probe(&mut connection)?;
            Ok::<_, Fault>((connection, server))
        };
        let (connection, server) = connect().map_err(|fault| fault.into_store_error(&location))?;
        if server.read_only {
            return Err(StoreError::NotPrimary { location });
        }
        if !server.is_installed {
            let schema = connection.settings().schema_name();
            return Err(StoreError::NotInstalled {
                reason: format!(
                    "there is no [{schema}].[{VERSION_PROCEDURE}] that this login may call; run \
                     `xmlshred install`, or name the schema with --schema"
                ),
                location,
            });
        }
        let documents_as_text = server.documents_as_text;
        let mut store = Self { connection, stage: Stage::default(), documents_as_text, targets: 0 };
        store.check_version()?;
        Ok(store)
    }

    fn check_version(&mut self) -> Result<()> {
        let head = self.ask(&Call::new(VERSION_PROCEDURE))?;
        install::check_version(&head, self.location())
    }

    /// Looks at what a run needs: the certificate, the clock, permissions and, with a contract, the
    /// target tables.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub fn examine(&mut self, contract: Option<&Contract>) -> Result<Vec<ServerFact>> {
        examine::examine(&mut self.connection, contract).map_err(|fault| self.error(fault))
    }

    fn location(&self) -> &str {
        self.connection.settings().location()
    }

    fn error(&self, fault: Fault) -> StoreError {
        fault.into_store_error(self.location())
    }

    /// The error of a call that named a contract.
    fn contract_error(&mut self, fault: Fault, offered: ContractHash) -> StoreError {
        if !fault.is_other_contract() {
            return self.error(fault);
        }
        match self.get_contract() {
            Ok(installed) => StoreError::ContractNotInstalled { offered, installed },
            Err(error) => error,
        }
    }

    /// Calls a procedure and returns the first row of its answer.
    fn ask(&mut self, call: &Call) -> Result<record::Record> {
        let answer = self.connection.call(call).and_then(|mut sets| claim::head(&mut sets));
        answer.map_err(|fault| self.error(fault))
    }

    /// [`SqlServerStore::ask`] for what takes as long as it takes.
    fn ask_at_length(&mut self, call: &Call) -> Result<record::Record> {
        let answer =
            self.connection.call_at_length(call).and_then(|mut sets| claim::head(&mut sets));
        answer.map_err(|fault| self.error(fault))
    }

    fn complete(&mut self, completion: &Completion) -> Result<Vec<Completed>> {
        check_outcomes(completion.contract, completion.outcomes)?;
        self.targets = completion.contract.targets.len();
        let Self { connection, stage, .. } = self;
        completion.run(connection, stage).map_err(|fault| match fault.is_other_contract() {
            true => self.contract_error(fault, completion.contract.hash),
            false => fault.into_claim_error(self.location(), completion.token),
        })
    }
}

/// Says which version is installed; every version of the objects has it.
const VERSION_PROCEDURE: &str = "usp_GetContract";

/// What there is to know of a server before anything is called.
struct Server {
    read_only: bool,
    documents_as_text: bool,
    is_installed: bool,
}

fn probe(connection: &mut Connection) -> std::result::Result<Server, Fault> {
    let schema = connection.settings().schema_name();
    let mut sets = connection.batch(&format!(
        "SELECT CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) AS state,
                CASE CONVERT(varbinary(8), N'\u{e9}\u{20ac}') WHEN 0xE900AC20 THEN 1 ELSE 0 END
                    AS is_utf16,
                OBJECT_ID(N'[{schema}].[{VERSION_PROCEDURE}]') AS version_procedure;",
    ))?;
    let head = claim::head(&mut sets)?;
    Ok(Server {
        read_only: head.text_or_null("state")? == Some("READ_ONLY"),
        documents_as_text: head.integer("is_utf16")? == 0,
        is_installed: head.integer_or_null("version_procedure")?.is_some(),
    })
}

impl Store for SqlServerStore {
    fn install_contract(&mut self, contract: &Contract) -> Result<()> {
        self.targets = contract.targets.len();
        install::install_contract(&mut self.connection, contract)
    }

    fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>> {
        let mut all = Vec::new();
        for table in &contract.targets {
            all.extend(target::compare(&mut self.connection, contract, table)?);
        }
        Ok(all)
    }

    fn get_contract(&mut self) -> Result<Option<ContractHash>> {
        let head = self.ask(&Call::new(VERSION_PROCEDURE))?;
        head.contract_or_null("contract_hash").map_err(|fault| self.error(fault))
    }

    fn start_session(&mut self, start: &SessionStart) -> Result<()> {
        let call = Call::new("usp_StartSession")
            .with("@session_id", start.session.0)
            .with("@worker_name", start.worker_name.as_str())
            .with("@host_name", start.host.as_str())
            .with("@process_id", i64::from(start.pid))
            .with("@program_version", start.program_version.as_str())
            .with("@contract_hash", start.contract_hash.0)
            .with("@agent_job", start.agent_job.clone())
            .with("@agent_step", start.agent_step.clone())
            .with("@client_unix_ms", chrono::Utc::now().timestamp_millis());
        self.ask(&call).map(drop)
    }

    fn end_session(&mut self, session: SessionId, exit_status: u8) -> Result<()> {
        let call = Call::new("usp_EndSession")
            .with("@session_id", session.0)
            .with("@exit_status", i32::from(exit_status));
        self.connection.call(&call).map(drop).map_err(|fault| self.error(fault))
    }

    fn enqueue_apps(&mut self, mode: EnqueueMode) -> Result<Enqueued> {
        let call = Call::new("usp_EnqueueApps");
        let call = match mode {
            EnqueueMode::New => call.with("@mode", "new"),
            EnqueueMode::Full => call.with("@mode", "full"),
            EnqueueMode::Range { start, end } => call
                .with("@mode", "range")
                .with("@app_id_start", start.0)
                .with("@app_id_end", end.0),
        };
        let head = self.ask_at_length(&call)?;
        let read = || match head.text("enqueue_status")? {
            "busy" => Ok(Enqueued::Busy),
            _ => Ok(Enqueued::Added(head.count("apps_added")?)),
        };
        read().map_err(|fault| self.error(fault))
    }

    fn claim_batch(&mut self, request: &ClaimRequest) -> Result<Claimed> {
        request.check()?;
        claim::claim(&mut self.connection, request, self.documents_as_text)
            .map_err(|fault| self.contract_error(fault, request.contract_hash))
    }

    fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Result<Renewal> {
        check_lease(lease)?;
        let call = Call::new("usp_RenewLease")
            .with("@claim_token", token.0)
            .with("@lease_ms", claim::lease_ms(lease));
        let head = self.ask(&call)?;
        match head.text("renewal_status").map_err(|fault| self.error(fault))? {
            "renewed" => Ok(Renewal::Renewed),
            _ => Ok(Renewal::Lost),
        }
    }

    fn complete_batch(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcomes: &[AppOutcome],
    ) -> Result<Vec<Completed>> {
        self.complete(&Completion { token, contract, outcomes })
    }

    fn release_claim(&mut self, token: ClaimToken, reason: &str) -> Result<u64> {
        // The parameter is nvarchar(400).
        let reason: String = reason.chars().take(200).collect();
        let call =
            Call::new("usp_ReleaseClaim").with("@claim_token", token.0).with("@reason", reason);
        let head = self.ask(&call)?;
        head.count("apps_released").map_err(|fault| self.error(fault))
    }

    fn reap_expired(&mut self, request: ReapRequest) -> Result<Reaped> {
        let call = Call::new("usp_ReapExpired")
            .with("@max_claims", request.max_claims.min(100_000) as i32)
            .with("@max_reaps", request.max_reaps.min(1_000) as i32);
        let head = self.ask_at_length(&call)?;
        let read = || {
            Ok(Reaped {
                claims: head.count("claims_reaped")?,
                apps: head.count("apps_ready")?,
                quarantined: head.count("apps_quarantined")?,
            })
        };
        read().map_err(|fault| self.error(fault))
    }

    /// The rows of an application end with the last table that it has rows in, where this
    /// session has not met the contract yet.
    fn get_claim_outcome(&mut self, token: ClaimToken) -> Result<ClaimOutcome> {
        let call = Call::new("usp_GetClaimOutcome").with("@claim_token", token.0);
        let targets = self.targets;
        let answer = self
            .connection
            .call(&call)
            .and_then(|sets| outcome::completed_by_app(sets, targets))
            .map_err(|fault| self.error(fault))?;
        let mut completed: Vec<_> = answer.completed.into_values().collect();
        completed.sort_by_key(|completed| completed.app_id);
        Ok(ClaimOutcome { held: answer.held, completed })
    }

    fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Redriven>> {
        redrive::retry_failed(&mut self.connection, request).map_err(|fault| self.error(fault))
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
        redrive::requeue_apps(&mut self.connection, request).map_err(|fault| self.error(fault))
    }

    fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged> {
        let age = i32::try_from(request.older_than.as_secs()).unwrap_or(i32::MAX);
        let call = Call::new("usp_PurgeLog")
            .with("@older_than_seconds", age)
            .with("@chunk_size", i32::try_from(request.chunk).unwrap_or(i32::MAX))
            .with("@Execute", if request.execute { "Y" } else { "N" });
        let head = self.ask_at_length(&call)?;
        let read = || {
            Ok(Purged {
                attempts: head.count("attempts_purged")?,
                events: head.count("events_purged")?,
                sessions: head.count("sessions_purged")?,
            })
        };
        read().map_err(|fault| self.error(fault))
    }

    fn get_status(&mut self) -> Result<Status> {
        status::get_status(&mut self.connection).map_err(|fault| self.error(fault))
    }

    fn read_document(&mut self, app_id: AppId) -> Result<Option<Document>> {
        claim::read_document(&mut self.connection, app_id, self.documents_as_text)
            .map_err(|fault| self.error(fault))
    }

    fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause> {
        inspect::pause(&mut self.connection, reason, requested_by)
            .map_err(|fault| self.error(fault))
    }

    fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>> {
        inspect::resume(&mut self.connection, requested_by).map_err(|fault| self.error(fault))
    }

    fn explain_app(&mut self, app_id: AppId) -> Result<Vec<LifeEvent>> {
        inspect::explain_app(&mut self.connection, app_id).map_err(|fault| self.error(fault))
    }

    fn list_failures(&mut self, page: &FailurePage) -> Result<Vec<LoggedFailure>> {
        inspect::list_failures(&mut self.connection, page).map_err(|fault| self.error(fault))
    }

    fn health_check(&mut self) -> Result<Vec<Finding>> {
        inspect::health_check(&mut self.connection).map_err(|fault| self.error(fault))
    }
}
