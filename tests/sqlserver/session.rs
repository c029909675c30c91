//! Sessions that outlive the test they served: an engine may take seconds until a new session has
//! compiled the procedures, and keeps them compiled for as long as it lasts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use xmlshred::contract::Contract;
use xmlshred::document::Document;
use xmlshred::id::{AppId, ContractHash};
use xmlshred::id::{ClaimToken, SessionId};
use xmlshred::outcome::{AppOutcome, TableRows};
use xmlshred::store::sqlserver::SqlServerStore;
use xmlshred::store::{
    BackfillRequest, Backfilled, CauseQuery, ClaimOutcome, ClaimRequest, Claimed, Completed,
    Difference, EnqueueMode, Enqueued, EraseRequest, Erased, FailureCauses, FailurePage, Finding,
    FinishedPage, LifeEvent, LoggedFailure, Pause, PurgeRequest, Purged, ReapRequest, Reaped,
    Redriven, Renewal, Report, ReportQuery, RequeueRequest, Result, RetryRequest, SessionStart,
    StaleRows, StaleRowsRequest, Status, Store, Unprocessed, UnprocessedPage, WrittenApp,
    WrittenPage,
};

use crate::database::locked;

/// Sessions with one database that nobody uses just now.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<Vec<SqlServerStore>>>);

impl Sessions {
    /// One that is idle, or a new one.
    pub fn lend(&self, connect: impl FnOnce() -> SqlServerStore) -> Session {
        let idle = locked(&self.0).pop();
        Session { store: Some(idle.unwrap_or_else(connect)), home: self.clone() }
    }

    /// Closes those that are idle.
    pub fn close(&self) {
        locked(&self.0).clear();
    }
}

/// A session that goes back when it is dropped, unless the test has failed.
pub struct Session {
    store: Option<SqlServerStore>,
    home: Sessions,
}

impl Session {
    fn store(&mut self) -> &mut SqlServerStore {
        self.store.as_mut().expect("a store until the session is dropped")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            locked(&self.home.0).extend(self.store.take());
        }
    }
}

/// Every operation of the trait, passed on.
macro_rules! passed_on {
    ($(fn $name:ident(&mut self $(, $argument:ident: $kind:ty)*) -> $answer:ty;)+) => {
        $(fn $name(&mut self $(, $argument: $kind)*) -> $answer {
            self.store().$name($($argument),*)
        })+
    };
}

impl Store for Session {
    passed_on! {
        fn install_contract(&mut self, contract: &Contract) -> Result<()>;
        fn compare_targets(&mut self, contract: &Contract) -> Result<Vec<Difference>>;
        fn get_contract(&mut self) -> Result<Option<ContractHash>>;
        fn list_written(&mut self, page: &WrittenPage) -> Result<Vec<WrittenApp>>;
        fn read_rows(
            &mut self, contract: &Contract, app_ids: &[AppId]
        ) -> Result<Vec<Vec<TableRows>>>;
        fn start_session(&mut self, start: &SessionStart) -> Result<()>;
        fn end_session(&mut self, session: SessionId, exit_status: u8) -> Result<()>;
        fn enqueue_apps(&mut self, mode: EnqueueMode) -> Result<Enqueued>;
        fn claim_batch(&mut self, request: &ClaimRequest) -> Result<Claimed>;
        fn renew_lease(&mut self, token: ClaimToken, lease: Duration) -> Result<Renewal>;
        fn complete_batch(
            &mut self,
            token: ClaimToken,
            contract: &Contract,
            outcomes: &[AppOutcome],
            max_reaps: u32
        ) -> Result<Vec<Completed>>;
        fn release_claim(&mut self, token: ClaimToken, reason: &str) -> Result<u64>;
        fn reap_expired(&mut self, request: ReapRequest) -> Result<Reaped>;
        fn get_claim_outcome(&mut self, token: ClaimToken) -> Result<ClaimOutcome>;
        fn retry_failed(&mut self, request: &RetryRequest) -> Result<Vec<Redriven>>;
        fn requeue_apps(
            &mut self,
            contract: &Contract,
            request: &RequeueRequest
        ) -> Result<Vec<Redriven>>;
        fn purge_log(&mut self, request: PurgeRequest) -> Result<Purged>;
        fn delete_stale_rows(
            &mut self,
            contract: &Contract,
            request: &StaleRowsRequest
        ) -> Result<Vec<StaleRows>>;
        fn list_causes(&mut self, query: &CauseQuery) -> Result<FailureCauses>;
        fn get_report(&mut self, query: &ReportQuery) -> Result<Report>;
        fn list_unprocessed(&mut self, page: &UnprocessedPage) -> Result<Vec<Unprocessed>>;
        fn erase_apps(
            &mut self,
            contract: &Contract,
            request: &EraseRequest
        ) -> Result<Vec<Erased>>;
        fn backfill_apps(
            &mut self,
            contract: &Contract,
            request: &BackfillRequest
        ) -> Result<Vec<Backfilled>>;
        fn list_finished(&mut self, page: &FinishedPage) -> Result<Vec<WrittenApp>>;
        fn get_status(&mut self) -> Result<Status>;
        fn read_document(&mut self, app_id: AppId) -> Result<Option<Document>>;
        fn pause(&mut self, reason: &str, requested_by: &str) -> Result<Pause>;
        fn resume(&mut self, requested_by: &str) -> Result<Option<Pause>>;
        fn explain_app(&mut self, app_id: AppId) -> Result<Vec<LifeEvent>>;
        fn list_failures(&mut self, page: &FailurePage) -> Result<Vec<LoggedFailure>>;
        fn health_check(&mut self) -> Result<Vec<Finding>>;
    }
}
