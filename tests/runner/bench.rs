//! A store with documents, and a run over it.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;
use xmlshred::contract::Contract;
use xmlshred::id::{ClaimToken, SessionId};
use xmlshred::outcome::{AppOutcome, Failure, FailureCategory, TableRows};
use xmlshred::runner::{run, Connect, Role, RunConfig, RunSummary, Shred, Shutdown};
use xmlshred::store::sqlite::{NewDocument, SqliteStore};
use xmlshred::store::Existing;
use xmlshred::store::{
    Batch, ClaimRequest, Claimed, ClaimedApp, EnqueueMode, SessionStart, Share, Status, Store,
};
use xmlshred::value::Value;

use super::disturbed::{Call, Disturbed, Effect, Script};

/// A contract of one table: the application's id and a number.
pub const CONTRACT: &str = r#"
[contract]
name = "bench"
target_schema = "sandbox"

[document]
root = "a"

[[tables]]
name = "result"
each = "/a"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
number = { type = "int", value = "@n" }
"#;

/// [`CONTRACT`], or the same with another hash.
pub fn contract(text: &str) -> Arc<Contract> {
    let (contract, _) = Contract::parse(text, "bench.toml").expect("a right contract");
    Arc::new(contract)
}

/// A store in a folder of its own.
pub struct Bench {
    folder: TempDir,
    pub contract: Arc<Contract>,
}

impl Bench {
    /// With this many small documents, ready.
    pub fn with_apps(apps: usize) -> Self {
        Self::with_documents(&vec![100; apps])
    }

    /// With documents of these sizes in bytes, ids from 1, ready.
    pub fn with_documents(sizes: &[usize]) -> Self {
        Self::with_contract(CONTRACT, sizes)
    }

    /// [`Bench::with_documents`] with another contract.
    pub fn with_contract(text: &str, sizes: &[usize]) -> Self {
        let bench =
            Self { folder: tempfile::tempdir().expect("a folder"), contract: contract(text) };
        let mut store = SqliteStore::open_or_create(&bench.path()).expect("create");
        store.install_contract(&bench.contract).expect("install");
        bench.load(sizes);
        bench
    }

    /// Adds documents of these sizes and makes them ready.
    pub fn load(&self, sizes: &[usize]) {
        load(self.path(), sizes);
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    pub fn store(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.path()).expect("open"))
    }

    /// Sessions with the store.
    pub fn connect(&self) -> Connect {
        self.connect_by(|_, _| Effect::Pass)
    }

    /// Sessions with the store, disturbed.
    pub fn connect_by(
        &self,
        script: impl Fn(Role, Call) -> Effect + Send + Sync + 'static,
    ) -> Connect {
        let (path, script): (_, Script) = (self.path(), Arc::new(script));
        Arc::new(move |role| {
            let store = Box::new(SqliteStore::open(&path)?);
            Ok(Box::new(Disturbed { store, role, script: script.clone() }))
        })
    }

    pub fn run(&self, config: RunConfig, shred: impl Shred + 'static) -> RunSummary {
        self.run_by(config, self.connect(), shred, &Shutdown::new())
    }

    pub fn run_by(
        &self,
        config: RunConfig,
        connect: Connect,
        shred: impl Shred + 'static,
        shutdown: &Shutdown,
    ) -> RunSummary {
        let shred = Arc::new(shred);
        run(config, self.contract.clone(), connect, shred, shutdown, &mut ()).expect("begins")
    }

    pub fn status(&self) -> Status {
        self.store().get_status().expect("status")
    }

    /// Lets the lease of every claim pass.
    pub fn expire_leases(&self) {
        expire_leases(&self.path());
    }

    /// Fails the test unless the protocol's invariants hold and every claim is over.
    pub fn assert_settled(&self) {
        crate::store::assert_invariants(&self.path());
        assert_eq!(self.status().claimed, 0, "claims are left");
    }

    /// Ids for which there are rows, in order.
    pub fn rows(&self) -> Vec<i64> {
        self.ids("SELECT app_id FROM result ORDER BY 1")
    }

    /// Runs statements from outside.
    pub fn execute(&self, sql: &str) {
        let connection = Connection::open(self.path()).expect("open");
        connection.busy_timeout(Duration::from_secs(60)).expect("timeout");
        connection.execute_batch(sql).expect(sql);
    }

    pub fn ids(&self, sql: &str) -> Vec<i64> {
        let connection = Connection::open(self.path()).expect("open");
        connection.busy_timeout(Duration::from_secs(60)).expect("timeout");
        let mut statement = connection.prepare(sql).expect(sql);
        let rows = statement.query_map([], |row| row.get(0)).expect(sql);
        rows.map(|id| id.expect(sql)).collect()
    }
}

pub fn load(path: PathBuf, sizes: &[usize]) {
    let mut store = SqliteStore::open(&path).expect("open");
    let mut loader = store.loader(Existing::Refuse).expect("a loader");
    for size in sizes {
        let app_id = loader.next_app_id().expect("an id");
        loader.add(app_id, NewDocument::Text("x".repeat(*size))).expect("load");
    }
    loader.finish().expect("load");
    store.enqueue_apps(EnqueueMode::New).expect("enqueue");
}

pub fn expire_leases(path: &std::path::Path) {
    let connection = Connection::open(path).expect("open");
    connection.busy_timeout(Duration::from_secs(60)).expect("timeout");
    connection
        .execute("UPDATE processing_claim SET lease_expires_at_utc = claimed_at_utc - 1", [])
        .expect("expire");
}

/// Two threads, batches of four, a lease that nothing here outlives.
pub fn config() -> RunConfig {
    RunConfig {
        worker_name: "bench".into(),
        workers: 2,
        batch_size: 4,
        lease: Duration::from_secs(3600),
        poll: Duration::from_millis(10),
        ..RunConfig::default()
    }
}

/// One row for an application.
pub fn shred(app: &ClaimedApp, _: DateTime<Utc>) -> AppOutcome {
    let values = vec![Value::Int(app.app_id.0), Value::Int(1)];
    outcome(app, Ok(vec![TableRows { width: 2, values }]))
}

/// So many rows for an application.
pub fn shred_rows(app: &ClaimedApp, rows: i64) -> AppOutcome {
    let values = (1..=rows).flat_map(|n| [Value::Int(app.app_id.0), Value::Int(n)]);
    outcome(app, Ok(vec![TableRows { width: 2, values: values.collect() }]))
}

/// A failure for an application.
pub fn refuse(app: &ClaimedApp, category: FailureCategory) -> AppOutcome {
    outcome(app, Err(Box::new(Failure::new(category, "as the test wants it"))))
}

fn outcome(app: &ClaimedApp, outcome: xmlshred::outcome::Outcome) -> AppOutcome {
    let bytes = app.document.as_ref().map_or(0, |document| document.bytes.len());
    AppOutcome {
        app_id: app.app_id,
        attempt: app.attempt,
        outcome,
        shred_micros: 10,
        source_hash: None,
        document_bytes: bytes as u64,
    }
}

/// Another worker, in the hands of the test.
pub struct Neighbour {
    pub store: Box<dyn Store>,
    session: SessionId,
    contract: Arc<Contract>,
}

impl Neighbour {
    pub fn new(path: PathBuf, contract: Arc<Contract>) -> Self {
        let mut store: Box<dyn Store> = Box::new(SqliteStore::open(&path).expect("open"));
        let session = SessionId(Uuid::new_v4());
        let start = SessionStart {
            session,
            worker_name: "neighbour".into(),
            host: "host".into(),
            pid: 1,
            program_version: "0".into(),
            contract_hash: contract.hash,
            agent_job: None,
            agent_step: None,
        };
        store.start_session(&start).expect("start");
        Self { store, session, contract }
    }

    /// Claims everything that is ready, at most this many.
    pub fn claim(&mut self, batch_size: u32) -> Batch {
        let request = ClaimRequest {
            token: ClaimToken::random(),
            session: self.session,
            contract_hash: self.contract.hash,
            batch_size,
            max_bytes: u64::MAX,
            lease: Duration::from_secs(3600),
            share: Share::default(),
            after_app_id: None,
        };
        match self.store.claim_batch(&request).expect("claim") {
            Claimed::Batch(batch) => batch,
            Claimed::Empty { .. } | Claimed::Paused(_) => panic!("nothing to claim"),
        }
    }

    pub fn complete(&mut self, batch: &Batch) {
        let outcomes: Vec<_> = batch.apps.iter().map(|app| shred(app, batch.claimed_at)).collect();
        self.store.complete_batch(batch.token, &self.contract, &outcomes, 3).expect("complete");
    }
}

/// Things that have happened, for threads to wait on.
#[derive(Clone, Default)]
pub struct Happenings(Arc<(Mutex<Vec<&'static str>>, Condvar)>);

impl Happenings {
    pub fn happened(&self, what: &'static str) {
        self.0 .0.lock().unwrap().push(what);
        self.0 .1.notify_all();
    }

    pub fn count(&self, what: &str) -> usize {
        self.0 .0.lock().unwrap().iter().filter(|w| **w == what).count()
    }

    /// Waits until something has happened so often; `false` when it does not within a minute.
    pub fn wait_for(&self, what: &str, times: usize) -> bool {
        let until = Instant::now() + Duration::from_secs(60);
        let mut list = self.0 .0.lock().unwrap();
        while list.iter().filter(|w| **w == what).count() < times {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            list = self.0 .1.wait_timeout(list, left).unwrap().0;
        }
        true
    }
}
