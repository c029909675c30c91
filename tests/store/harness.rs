//! What the suite requires of a store beside its operations.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use uuid::Uuid;
use xmlshred::contract::{Contract, OnExisting};
use xmlshred::id::{AppId, ContractHash, SourceHash};
use xmlshred::id::{ClaimToken, SessionId};
use xmlshred::outcome::{AppOutcome, Failure, FailureCategory, TableRows};
use xmlshred::store::{
    Batch, ClaimRequest, Claimed, ClaimedApp, Completed, EnqueueMode, Enqueued, ReapRequest,
    Reaped, RetryRequest, RetrySelector, SessionStart, Share, Store,
};
use xmlshred::value::{Decimal, Value};

/// A new store, and the means to read and disturb it from outside.
pub trait Harness: Sync {
    /// Another session with the same store.
    fn connect(&self) -> Box<dyn Store>;

    /// Inserts a source row, or replaces its document.
    fn put_document(&self, app_id: i64, document: Option<&[u8]>);

    /// Runs one statement of plain SQL, such as `DELETE FROM app_xml WHERE app_id = 3`. Names of
    /// tables are in braces, so that a store with schemas can qualify them.
    fn execute(&self, sql: &str);

    /// A query's rows as text in lower case, names of tables in braces.
    fn query(&self, sql: &str) -> Vec<Vec<Option<String>>>;

    /// Makes a claim's lease expire in the past, so that no test waits for it.
    fn expire_lease(&self, token: ClaimToken);

    /// Leaves the queue as if the clock had been an hour fast until now and was put right.
    fn put_clock_back(&self);

    /// From now on the database refuses rows of `app_base` with this name.
    fn refuse_rows(&self, name: &str, cause: Cause);

    /// From now on the database refuses rows of `app_base` whose name is [`POISON`].
    fn poison(&self, cause: Cause) {
        self.refuse_rows(POISON, cause);
    }

    /// Ends [`Harness::poison`].
    fn cure(&self);

    /// Moves log, events and ends of sessions a hundred days into the past.
    fn age_everything(&self);

    /// The violations of the five invariants; empty if they hold.
    fn violations(&self) -> Vec<String>;

    /// Rows of a table that meet a condition.
    fn count(&self, table: &str, condition: &str) -> u64 {
        let count = self.value(&format!("SELECT COUNT(*) FROM {{{table}}} WHERE {condition}"));
        count.expect("a count").parse().expect("a number")
    }

    /// The only value of a query.
    fn value(&self, sql: &str) -> Option<String> {
        let mut rows = self.query(sql);
        assert_eq!((rows.len(), rows[0].len()), (1, 1), "{sql}");
        rows.remove(0).remove(0)
    }

    /// Inserts documents 1 to `n`.
    fn put_documents(&self, n: i64) {
        for app_id in 1..=n {
            self.put_document(app_id, Some(document(app_id).as_bytes()));
        }
    }

    /// Installs [`contract`] and queues documents 1 to `n`.
    fn prepare(&self, n: i64) -> Contract {
        self.prepare_with(contract(), n)
    }

    /// Installs a contract and queues documents 1 to `n`.
    fn prepare_with(&self, contract: Contract, n: i64) -> Contract {
        self.put_documents(n);
        let mut store = self.connect();
        store.install_contract(&contract).expect("install");
        assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), added(n));
        contract
    }

    /// Claims the lowest application alone and lets its lease expire until it is quarantined.
    fn quarantine(&self, worker: &mut Worker, app_id: i64) {
        let batch = worker.claim(1);
        assert_eq!(ids(&batch), [app_id]);
        self.expire_lease(batch.token);
        let request = ReapRequest { max_reaps: 1, ..ReapRequest::default() };
        assert_eq!(worker.store.reap_expired(request).expect("reap").quarantined, 1);
    }

    /// Fails the test if an invariant does not hold.
    fn assert_invariants(&self) {
        assert_eq!(self.violations(), Vec::<String>::new());
    }
}

pub fn added(n: i64) -> Enqueued {
    Enqueued::Added(n as u64)
}

/// A document of more than a hundred bytes.
pub fn document(app_id: i64) -> String {
    format!("<a id=\"{app_id}\">{}</a>", "x".repeat(100))
}

/// Reaping that never quarantines.
pub fn patient_reap() -> ReapRequest {
    ReapRequest { max_reaps: u32::MAX, ..ReapRequest::default() }
}

/// The name of a row that a trigger refuses; see [`Harness::poison`].
pub const POISON: &str = "poison";

/// The name of a row that the database refuses by a number of the server beside [`POISON`].
pub const FLOOD: &str = "flood";

/// With which number the database refuses rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// One that is neither the data's nor the server's.
    Unknown,
    /// One of the server.
    Server,
}

pub const LEASE: Duration = Duration::from_secs(300);

/// A parent and its children, with keys that a second application can violate.
const CONTRACT: &str = r#"
[contract]
name = "suite"
target_schema = "sandbox"

[document]
root = "a"

[[tables]]
name = "app_base"
each = "/a"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
name   = { type = "nvarchar(50)", value = "@name", required = true }
amount = { type = "decimal(38,2)", value = "@amount" }

[[tables]]
name = "app_contact"
each = "/a/contact"
primary_key = ["con_id"]
app_column = "app_id"
foreign_key = { columns = ["app_id"], references = "app_base" }
[tables.columns]
con_id = { type = "int", value = "@id" }
app_id = { type = "int", value = "APP_ID()" }
"#;

/// The contract of [`CONTRACT`].
pub fn contract() -> Contract {
    contract_with(1, OnExisting::Fail)
}

/// [`contract`] with another hash or another rule for existing rows.
pub fn contract_with(hash: u8, on_existing: OnExisting) -> Contract {
    let (mut contract, _) = Contract::parse(CONTRACT, "suite.toml").expect("a valid contract");
    contract.hash = ContractHash([hash; 32]);
    contract.targets.iter_mut().for_each(|target| target.on_existing = on_existing);
    contract
}

/// One session with a store.
pub struct Worker {
    pub store: Box<dyn Store>,
    pub session: SessionId,
    pub contract_hash: ContractHash,
}

impl Worker {
    /// Connects and starts a session.
    pub fn start(harness: &dyn Harness, contract: &Contract) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut store = harness.connect();
        let session = SessionId(Uuid::new_v4());
        store
            .start_session(&SessionStart {
                session,
                worker_name: format!("worker-{number}"),
                host: "host".into(),
                pid: number,
                program_version: "0.0.0".into(),
                contract_hash: contract.hash,
                agent_job: None,
                agent_step: None,
            })
            .expect("start");
        Self { store, session, contract_hash: contract.hash }
    }

    /// A request for `batch_size` applications of the whole queue.
    pub fn request(&self, batch_size: u32) -> ClaimRequest {
        ClaimRequest {
            token: ClaimToken::random(),
            session: self.session,
            contract_hash: self.contract_hash,
            batch_size,
            max_bytes: u64::MAX,
            lease: LEASE,
            share: Share::default(),
            after_app_id: None,
        }
    }

    /// Claims, and expects a batch.
    pub fn claim(&mut self, batch_size: u32) -> Batch {
        let request = self.request(batch_size);
        self.claim_by(&request)
    }

    /// Claims by a request, and expects a batch.
    pub fn claim_by(&mut self, request: &ClaimRequest) -> Batch {
        match self.store.claim_batch(request).expect("claim") {
            Claimed::Batch(batch) => batch,
            Claimed::Empty { .. } | Claimed::Paused(_) => panic!("nothing to claim"),
        }
    }

    /// Claims by a request, and expects nothing; returns how many applications others hold.
    pub fn claim_nothing(&mut self, request: &ClaimRequest) -> u64 {
        match self.store.claim_batch(request).expect("claim") {
            Claimed::Batch(batch) => panic!("claimed {:?}", ids(&batch)),
            Claimed::Empty { claimed_elsewhere } => claimed_elsewhere,
            Claimed::Paused(pause) => panic!("paused: {pause:?}"),
        }
    }

    /// Completes a batch with the rows of [`success`].
    pub fn succeed(&mut self, contract: &Contract, batch: &Batch) -> Vec<Completed> {
        let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
        self.complete(contract, batch.token, &outcomes)
    }

    /// Completes, and expects it to be accepted.
    pub fn complete(
        &mut self,
        contract: &Contract,
        token: ClaimToken,
        outcomes: &[AppOutcome],
    ) -> Vec<Completed> {
        self.store.complete_batch(token, contract, outcomes, 3).expect("complete")
    }

    pub fn reap(&mut self) -> Reaped {
        self.store.reap_expired(ReapRequest::default()).expect("reap")
    }

    pub fn retry(&mut self, selector: RetrySelector) -> Vec<i64> {
        let request = RetryRequest {
            selector,
            canary: None,
            execute: true,
            requested_by: "the suite".into(),
        };
        let moved = self.store.retry_failed(&request).expect("retry");
        moved.iter().map(|app| app.app_id.0).collect()
    }
}

/// The ids of a batch, in its order.
pub fn ids(batch: &Batch) -> Vec<i64> {
    batch.apps.iter().map(|app| app.app_id.0).collect()
}

/// One row in `app_base` and two in `app_contact`, numbered ten times the application's id and one
/// more.
pub fn success(app: &ClaimedApp) -> AppOutcome {
    let id = app.app_id.0;
    outcome(app, Ok(vec![base(id, "name"), contacts(id, &[id * 10, id * 10 + 1])]))
}

/// An outcome that [`Harness::poison`] refuses.
pub fn poisoned(app: &ClaimedApp) -> AppOutcome {
    named(app, POISON)
}

/// An outcome whose row has this name.
pub fn named(app: &ClaimedApp, name: &str) -> AppOutcome {
    let id = app.app_id.0;
    outcome(app, Ok(vec![base(id, name), contacts(id, &[id * 10])]))
}

/// An outcome without the required name: the database refuses it for its data.
pub fn nameless(app: &ClaimedApp) -> AppOutcome {
    let mut rows = base(app.app_id.0, "");
    rows.values[1] = Value::Null;
    outcome(app, Ok(vec![rows, TableRows::default()]))
}

/// A failure of shredding.
pub fn failure(app: &ClaimedApp) -> AppOutcome {
    let mut failure = Failure::new(FailureCategory::BadValue, "\"x\" is not a number");
    failure.table = Some("app_base".into());
    failure.column = Some("amount".into());
    failure.path = Some("/a/b[2]/@amount".into());
    failure.line = Some(3);
    failure.column_number = Some(14);
    outcome(app, Err(Box::new(failure.with_value("x"))))
}

pub fn outcome(app: &ClaimedApp, outcome: xmlshred::outcome::Outcome) -> AppOutcome {
    AppOutcome {
        app_id: app.app_id,
        attempt: app.attempt,
        outcome,
        shred_micros: 1500,
        source_hash: app.document.as_ref().map(|document| hash(&document.bytes)),
        document_bytes: app.document.as_ref().map_or(0, |document| document.bytes.len() as u64),
    }
}

pub fn hash(bytes: &[u8]) -> SourceHash {
    use sha2::Digest;
    SourceHash(sha2::Sha256::digest(bytes).into())
}

/// A row of `app_base`.
pub fn base(app_id: i64, name: &str) -> TableRows {
    let amount = Value::Decimal(Decimal { units: 12345, scale: 2 });
    TableRows { width: 3, values: vec![Value::Int(app_id), Value::Text(name.into()), amount] }
}

/// Rows of `app_contact`.
pub fn contacts(app_id: i64, con_ids: &[i64]) -> TableRows {
    let row = |con_id: &i64| [Value::Int(*con_id), Value::Int(app_id)];
    TableRows { width: 2, values: con_ids.iter().flat_map(row).collect() }
}

pub fn app_ids(ids: &[i64]) -> Vec<AppId> {
    ids.iter().copied().map(AppId).collect()
}

/// No ids.
pub const NOTHING: [i64; 0] = [];
