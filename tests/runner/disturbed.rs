//! A store whose calls can be watched, refused, held up and their answers lost.

use std::sync::Arc;
use std::time::Duration;

use xmlshred::contract::Contract;
use xmlshred::document::Document;
use xmlshred::id::{AppId, ContractHash};
use xmlshred::id::{ClaimToken, SessionId};
use xmlshred::outcome::{AppOutcome, TableRows};
use xmlshred::runner::Role;
use xmlshred::store::{
    BackfillRequest, Backfilled, CauseQuery, ClaimOutcome, ClaimRequest, Claimed, Completed,
    Difference, EnqueueMode, Enqueued, EraseRequest, Erased, FailureCauses, FailurePage, Finding,
    FinishedPage, LifeEvent, LoggedFailure, Pause, PurgeRequest, Purged, ReapRequest, Reaped,
    Redriven, Renewal, Report, ReportQuery, RequeueRequest, Result, RetryRequest, SessionStart,
    StaleRows, StaleRowsRequest, Status, Store, StoreError, Unprocessed, UnprocessedPage,
    WrittenApp, WrittenPage,
};

/// A call that a run makes, and what it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Claim(ClaimToken),
    /// Number of applications and bytes of documents.
    Claimed(usize, u64),
    Empty,
    Renew(ClaimToken),
    Complete(ClaimToken),
    /// Bytes of documents.
    Completed(u64),
    Outcome(ClaimToken),
    Release(ClaimToken),
    Reap,
    EndSession(u8),
}

/// What becomes of a call. Of an answer (`Claimed`, `Empty`, `Completed`) only [`Effect::Lose`]
/// matters.
pub enum Effect {
    Pass,
    /// The call does not reach the store.
    Refuse(StoreError),
    /// The call is carried out and its answer lost.
    Lose,
}

/// Decides about every call; it may also wait.
pub type Script = Arc<dyn Fn(Role, Call) -> Effect + Send + Sync>;

pub struct Disturbed {
    pub store: Box<dyn Store>,
    pub role: Role,
    pub script: Script,
}

pub fn unreachable_store() -> StoreError {
    StoreError::Unreachable { location: "here".into(), reason: "the line is dead".into() }
}

impl Disturbed {
    fn call<T>(
        &mut self,
        call: Call,
        answer: impl Fn(&T) -> Option<Call>,
        operation: impl FnOnce(&mut dyn Store) -> Result<T>,
    ) -> Result<T> {
        let lose = match (self.script)(self.role, call) {
            Effect::Refuse(error) => return Err(error),
            effect => matches!(effect, Effect::Lose),
        };
        let result = operation(self.store.as_mut())?;
        let answer = answer(&result).map(|call| (self.script)(self.role, call));
        match lose || matches!(answer, Some(Effect::Lose)) {
            true => Err(unreachable_store()),
            false => Ok(result),
        }
    }
}

fn claimed(answer: &Claimed) -> Option<Call> {
    let Claimed::Batch(batch) = answer else { return Some(Call::Empty) };
    let documents = batch.apps.iter().filter_map(|app| app.document.as_ref());
    Some(Call::Claimed(batch.apps.len(), documents.map(|d| d.bytes.len() as u64).sum()))
}

fn none<T>(_: &T) -> Option<Call> {
    None
}

impl Store for Disturbed {
    fn claim_batch(&mut self, request: &ClaimRequest) -> Result<Claimed> {
        self.call(Call::Claim(request.token), claimed, |s| s.claim_batch(request))
    }

    fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Result<Renewal> {
        self.call(Call::Renew(token), none, |s| s.renew_lease(token, lease))
    }

    fn complete_batch(
        &mut self,
        token: ClaimToken,
        contract: &Contract,
        outcomes: &[AppOutcome],
        max_reaps: u32,
    ) -> Result<Vec<Completed>> {
        let bytes = outcomes.iter().map(|outcome| outcome.document_bytes).sum();
        let completed = |_: &Vec<Completed>| Some(Call::Completed(bytes));
        self.call(Call::Complete(token), completed, |s| {
            s.complete_batch(token, contract, outcomes, max_reaps)
        })
    }

    fn get_claim_outcome(&mut self, token: ClaimToken) -> Result<ClaimOutcome> {
        self.call(Call::Outcome(token), none, |s| s.get_claim_outcome(token))
    }

    fn release_claim(&mut self, token: ClaimToken, reason: &str) -> Result<u64> {
        self.call(Call::Release(token), none, |s| s.release_claim(token, reason))
    }

    fn reap_expired(&mut self, request: ReapRequest) -> Result<Reaped> {
        self.call(Call::Reap, none, |s| s.reap_expired(request))
    }

    fn end_session(&mut self, session: SessionId, exit_status: u8) -> Result<()> {
        self.call(Call::EndSession(exit_status), none, |s| s.end_session(session, exit_status))
    }

    fn start_session(&mut self, start: &SessionStart) -> Result<()> {
        self.store.start_session(start)
    }

    fn install_contract(&mut self, contract: &Contract) -> Result<()> {
        self.store.install_contract(contract)
    }

    fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>> {
        self.store.compare_targets(contract)
    }

    fn list_written(&mut self, page: &WrittenPage) -> Result<Vec<WrittenApp>> {
        self.store.list_written(page)
    }

    fn read_rows(&mut self, contract: &Contract, app_ids: &[AppId]) -> Result<Vec<Vec<TableRows>>> {
        self.store.read_rows(contract, app_ids)
    }

    fn get_contract(&mut self) -> Result<Option<ContractHash>> {
        self.store.get_contract()
    }

    fn enqueue_apps(&mut self, mode: EnqueueMode) -> Result<Enqueued> {
        self.store.enqueue_apps(mode)
    }

    fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Redriven>> {
        self.store.retry_failed(request)
    }

    fn requeue_apps(
        &mut self,
        contract: &Contract,
        request: &RequeueRequest,
    ) -> Result<Vec<Redriven>> {
        self.store.requeue_apps(contract, request)
    }

    fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged> {
        self.store.purge_log(request)
    }

    fn delete_stale_rows(
        &mut self,
        contract: &Contract,
        request: &StaleRowsRequest,
    ) -> Result<Vec<StaleRows>> {
        self.store.delete_stale_rows(contract, request)
    }

    fn list_causes(&mut self, query: &CauseQuery) -> Result<FailureCauses> {
        self.store.list_causes(query)
    }

    fn get_report(&mut self, query: &ReportQuery) -> Result<Report> {
        self.store.get_report(query)
    }

    fn list_unprocessed(&mut self, page: &UnprocessedPage) -> Result<Vec<Unprocessed>> {
        self.store.list_unprocessed(page)
    }

    fn erase_apps(&mut self, contract: &Contract, request: &EraseRequest) -> Result<Vec<Erased>> {
        self.store.erase_apps(contract, request)
    }

    fn backfill_apps(
        &mut self,
        contract: &Contract,
        request: &BackfillRequest,
    ) -> Result<Vec<Backfilled>> {
        self.store.backfill_apps(contract, request)
    }

    fn list_finished(&mut self, page: &FinishedPage) -> Result<Vec<WrittenApp>> {
        self.store.list_finished(page)
    }

    fn get_status(&mut self) -> Result<Status> {
        self.store.get_status()
    }

    fn read_document(&mut self, app_id: AppId) -> Result<Option<Document>> {
        self.store.read_document(app_id)
    }

    fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause> {
        self.store.pause(reason, requested_by)
    }

    fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>> {
        self.store.resume(requested_by)
    }

    fn explain_app(&mut self, app_id: AppId) -> Result<Vec<LifeEvent>> {
        self.store.explain_app(app_id)
    }

    fn list_failures(&mut self, page: &FailurePage) -> Result<Vec<LoggedFailure>> {
        self.store.list_failures(page)
    }

    fn health_check(&mut self) -> Result<Vec<Finding>> {
        self.store.health_check()
    }
}
