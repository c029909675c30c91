//! A store with generated applications, and worker processes over it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use xmlshred::contract::Contract;
use xmlshred::demo::generate::{application, expected, Profile, CONTRACT};
use xmlshred::id::AppId;
use xmlshred::store::sqlite::{NewDocument, SqliteStore};
use xmlshred::store::Existing;
use xmlshred::store::{EnqueueMode, ReapRequest, Store};

use super::dice::Dice;
use super::worker::AT_MOST;
pub use super::worker::{wait_until, Worker};

/// The document of every seventh application is wrong.
const PROFILE: Profile = Profile::SMALL;
const SEED: u64 = 7;

/// Applications of a round.
pub const APPS: i64 = 400;

/// Short, so that suspensions outlast it.
pub const LEASE: Duration = Duration::from_millis(700);

/// Milliseconds between two disturbances of the workers.
pub const PACE: Range<u64> = 5..90;

/// A store in its own folder.
pub struct Stage {
    folder: TempDir,
    apps: i64,
}

impl Stage {
    /// With applications 1 to `apps`, ready.
    pub fn with_apps(apps: i64) -> Self {
        let stage = Self { folder: tempfile::tempdir().expect("a folder"), apps };
        std::fs::write(stage.file("contract.toml"), CONTRACT).expect("write");
        // Created once for each number of applications; the other tests copy it.
        static MADE: Mutex<Vec<(i64, Vec<u8>)>> = Mutex::new(Vec::new());
        let mut made = MADE.lock().unwrap();
        match made.iter().find(|(n, _)| *n == apps) {
            Some((_, bytes)) => std::fs::write(stage.store(), bytes).expect("copy"),
            None => {
                make_store(&stage.store(), apps);
                made.push((apps, std::fs::read(stage.store()).expect("read")));
            }
        }
        stage
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn store(&self) -> PathBuf {
        self.file("store.db")
    }

    /// A connection that is not the program's.
    pub fn database(&self) -> Connection {
        let connection = Connection::open(self.store()).expect("open");
        connection.busy_timeout(AT_MOST).expect("timeout");
        connection
    }

    pub fn number(&self, sql: &str) -> i64 {
        self.database().query_row(sql, [], |row| row.get(0)).expect(sql)
    }

    pub fn ids(&self, sql: &str) -> Vec<i64> {
        let database = self.database();
        let mut statement = database.prepare(sql).expect(sql);
        let rows = statement.query_map([], |row| row.get(0)).expect(sql);
        rows.map(|id| id.expect(sql)).collect()
    }

    /// Applications that are neither logged nor quarantined.
    pub fn unfinished(&self) -> i64 {
        self.number("SELECT count(*) FROM processing_queue WHERE state <> 2")
    }

    /// Applications that a worker holds, dead or alive.
    pub fn claimed(&self) -> i64 {
        self.number("SELECT count(*) FROM processing_queue WHERE state = 1")
    }

    /// Whether a lease has not expired.
    pub fn has_live_lease(&self) -> bool {
        self.number(
            "SELECT count(*) FROM processing_claim
             WHERE lease_expires_at_utc >= unixepoch('subsec') * 1000",
        ) > 0
    }

    /// `xmlshred run` with these blank-separated arguments, not started yet.
    pub fn run(&self, arguments: &str) -> Command {
        let mut command = self.command("run");
        command.args(arguments.split_whitespace());
        command
    }

    /// Another command of the program, free of this process's environment.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"));
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("XMLSHRED_") {
                command.env_remove(variable);
            }
        }
        command
            .current_dir(self.folder.path())
            .args([name, "--store", "sqlite:store.db", "--contract", "contract.toml"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Something that happens to the store: now and then its files are read-only for a while, also
    /// for those who have opened them.
    pub fn disturb(&self, dice: &mut Dice) -> Option<&'static str> {
        let time = Duration::from_millis(dice.within(5..500));
        let _immutable = (dice.within(0..3) == 0).then(|| Immutable::make(&self.store()))??;
        std::thread::sleep(time);
        Some("times of read-only files")
    }

    /// Ends what [`Stage::disturb`] started.
    pub fn calm(&self) {}

    /// Reaps expired claims, as any process may at any time.
    pub fn reap(&self) {
        let mut store = SqliteStore::open(&self.store()).expect("open");
        store.reap_expired(ReapRequest::default()).expect("reap");
    }

    /// Runs new workers until nothing is unfinished.
    pub fn finish(&self) {
        for _ in 0..50 {
            // Long enough for a slow machine.
            let mut command = self.run("--fail-on never --lease 10m");
            let said = self.file("finish.log");
            command.stderr(std::fs::File::create(&said).expect("a file"));
            let status = Worker::start(&mut command).wait();
            let said = std::fs::read_to_string(&said).expect("a file");
            assert!(status.success(), "an undisturbed worker ended with {status}: {said}");
            if self.unfinished() == 0 {
                return;
            }
            wait_until("the leases of dead workers expire", || !self.has_live_lease());
        }
        panic!("{} applications are never finished", self.unfinished());
    }

    /// Fails the test unless every application is concluded once, with the outcome that its document
    /// requires, and the protocol's invariants hold.
    pub fn assert_all_concluded(&self) {
        crate::store::assert_invariants(&self.store());
        let quarantined = self.number("SELECT count(*) FROM processing_queue WHERE state = 2");
        let concluded = self.number("SELECT count(*) FROM vw_concluded");
        assert_eq!(concluded + quarantined, self.apps);
        assert_eq!(self.unfinished(), 0);
        let database = self.database();
        let mut statement =
            database.prepare("SELECT app_id, failure_category FROM vw_concluded").expect("log");
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?)))
            .expect("log");
        for row in rows {
            let (app_id, category) = row.expect("a row");
            let required = expected(SEED, app_id, &PROFILE).failure().map(|c| c.name());
            assert_eq!(category.as_deref(), required, "application {app_id}");
        }
    }
}

fn make_store(path: &Path, apps: i64) {
    let (contract, _) = Contract::parse(CONTRACT, "contract.toml").expect("right");
    let mut store = SqliteStore::open_or_create(path).expect("create");
    store.install_contract(&contract).expect("install");
    let mut loader = store.loader(Existing::Refuse).expect("a loader");
    for app_id in 1..=apps {
        let document = application(SEED, app_id, &PROFILE);
        loader.add(AppId(app_id), NewDocument::Bytes(document)).expect("load");
    }
    loader.finish().expect("load");
    store.enqueue_apps(EnqueueMode::New).expect("enqueue");
}

/// A store whose files nobody can change, not even root.
struct Immutable(Vec<PathBuf>);

impl Immutable {
    /// `None` where file systems have no such attribute, or this user may not set it.
    fn make(store: &Path) -> Option<Self> {
        let wal = PathBuf::from(format!("{}-wal", store.display()));
        let immutable = Self([store.to_owned(), wal].into_iter().filter(|f| f.exists()).collect());
        immutable.set("+i").then_some(immutable)
    }

    fn set(&self, attribute: &str) -> bool {
        let mut command = Command::new("chattr");
        command.arg(attribute).args(&self.0).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        self.set("-i");
    }
}
