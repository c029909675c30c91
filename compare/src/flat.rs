//! Whether an operation of the embedded store takes longer the more is queued and logged.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use rusqlite::Connection;
use uuid::Uuid;
use xmlshred::contract::Contract;
use xmlshred::demo::generate::CONTRACT;
use xmlshred::figures::count;
use xmlshred::id::{ClaimToken, SessionId};
use xmlshred::outcome::AppOutcome;
use xmlshred::shred::{Limits, Shredder};
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::{
    Batch, CauseQuery, ClaimRequest, Claimed, EnqueueMode, FailurePage, ReapRequest, ReportQuery,
    SessionStart, Share, Store,
};

use crate::figures::median;
use crate::store::{profile, Ready};
use crate::Result;

/// Applications of a claim.
const BATCH: u32 = 100;

/// The generated applications, which are claimed: more than all rounds need.
const DOCUMENTS: i64 = 5_000;

/// How often each operation is timed; the result is the median.
const TIMES: usize = 15;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Applications that are queued, and as many that are logged, in the small store
    #[arg(long, default_value_t = Arguments::usual().few)]
    few: i64,

    /// The same in the large one
    #[arg(long, default_value_t = Arguments::usual().many)]
    many: i64,

    /// Where the stores are
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Arguments {
    /// The usual measurement, in the folder of temporary files.
    pub fn usual() -> Self {
        Self { few: 5_000, many: 5_000_000, folder: None }
    }
}

/// Returns the table as Markdown.
pub fn measure(arguments: &Arguments) -> Result<String> {
    let few = Filled::new(arguments, arguments.few)?.times()?;
    let many = Filled::new(arguments, arguments.many)?.times()?;
    let mut text = format!(
        "| | {} ms | {} ms | of the first |\n|---|--:|--:|--:|\n",
        count(arguments.few.unsigned_abs()),
        count(arguments.many.unsigned_abs())
    );
    for ((name, few), (_, many)) in few.iter().zip(&many) {
        text += &format!("| {name} | {few:.2} | {many:.2} | {:.2} |\n", many / few);
    }
    Ok(text)
}

/// A store with many applications.
struct Filled {
    /// Deletes the folder at the end.
    _ready: Ready,
    path: PathBuf,
    contract: Arc<Contract>,
    session: SessionId,
}

impl Filled {
    /// With so many more applications in the queue, and as many in the log, of which each hundredth failed.
    fn new(arguments: &Arguments, applications: i64) -> Result<Self> {
        let ready = Ready::new(arguments.folder.as_deref(), DOCUMENTS, &profile(5_000))?;
        let path = ready.copy("filled.db")?;
        let (contract, _) =
            Contract::parse(CONTRACT, "contract.toml").map_err(|e| e.to_string())?;
        let connection = Connection::open(&path)?;
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; BEGIN;")?;
        let fill = include_str!("flat.sql").replace(":applications", &applications.to_string());
        let new: String = connection.query_row(
            "SELECT sql FROM sqlite_schema WHERE name = 'app_xml_new'",
            [],
            |row| row.get(0),
        )?;
        connection.execute_batch(&fill)?;
        connection.execute_batch(&format!("{new};\nCOMMIT; PRAGMA wal_checkpoint(TRUNCATE);"))?;
        let session = SessionId(Uuid::new_v4());
        Ok(Self { _ready: ready, path, contract: Arc::new(contract), session })
    }

    /// Names of operations with their times in milliseconds.
    fn times(&self) -> Result<Vec<(&'static str, f64)>> {
        let mut store = SqliteStore::open(&self.path)?;
        store.start_session(&SessionStart {
            session: self.session,
            worker_name: "flat".into(),
            host: "localhost".into(),
            pid: std::process::id(),
            program_version: "0".into(),
            contract_hash: self.contract.hash,
            agent_job: None,
            agent_step: None,
        })?;
        let mut shredder = Shredder::new(self.contract.clone(), Limits::default());
        let mut times: Vec<(&'static str, Vec<f64>)> = Vec::new();
        let mut note = |name, since: Instant| {
            let milliseconds = since.elapsed().as_secs_f64() * 1e3;
            match times.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => all.push(milliseconds),
                None => times.push((name, vec![milliseconds])),
            }
        };
        for _ in 0..TIMES {
            let began = Instant::now();
            let batch = self.claim(&mut store, Duration::from_secs(600))?;
            note("claim 100", began);
            let began = Instant::now();
            store.renew_lease(batch.token, Duration::from_secs(600))?;
            note("renew", began);
            let outcomes: Vec<AppOutcome> = batch
                .apps
                .iter()
                .map(|app| AppOutcome {
                    app_id: app.app_id,
                    attempt: app.attempt,
                    outcome: shredder.shred(app.app_id, batch.claimed_at, app.document.as_ref()),
                    shred_micros: 0,
                    source_hash: None,
                    document_bytes: 5_000,
                })
                .collect();
            let began = Instant::now();
            store.complete_batch(batch.token, &self.contract, &outcomes, 3)?;
            note("complete 100", began);
            self.claim(&mut store, Duration::from_millis(1))?;
            std::thread::sleep(Duration::from_millis(5));
            let began = Instant::now();
            store.reap_expired(ReapRequest::default())?;
            note("reap 100", began);
            let began = Instant::now();
            store.enqueue_apps(EnqueueMode::New)?;
            note("enqueue nothing", began);
        }
        for _ in 0..3 {
            let began = Instant::now();
            store.get_status()?;
            note("status", began);
            let began = Instant::now();
            store.list_failures(&FailurePage { size: 100, ..FailurePage::default() })?;
            note("failures, a page", began);
            let began = Instant::now();
            store.list_causes(&CauseQuery::SCREEN)?;
            note("failures, causes", began);
            let began = Instant::now();
            store.get_report(&ReportQuery::PAGE)?;
            note("report", began);
            let began = Instant::now();
            store.health_check()?;
            note("health", began);
        }
        Ok(times.into_iter().map(|(name, all)| (name, median(all))).collect())
    }

    fn claim(&self, store: &mut SqliteStore, lease: Duration) -> Result<Batch> {
        let request = ClaimRequest {
            token: ClaimToken::random(),
            session: self.session,
            contract_hash: self.contract.hash,
            batch_size: BATCH,
            max_bytes: 4 << 20,
            lease,
            share: Share::default(),
            after_app_id: None,
        };
        match store.claim_batch(&request)? {
            Claimed::Batch(batch) => Ok(batch),
            _ => Err("nothing is left to claim".into()),
        }
    }
}
