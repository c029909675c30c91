//! What only SQL Server itself can show, proved in one go, on an evening with Developer Edition:
//!
//! ```text
//! XMLSHRED_TEST_SQLSERVER='Server=…' cargo test --test sqlserver evening -- --include-ignored
//! ```
//!
//! It prints a table: each proof passed, failed, or does not apply to this server, and why. Plans,
//! deadlock graphs and figures are in `target/evening/`. The login must be sysadmin.
//!
//! * `XMLSHRED_EVENING_DOCUMENTS`: how many documents (2,000 unless set; 50,000 takes about an hour)
//! * `XMLSHRED_EVENING_FINISHED`: how many finished applications the first load ends beside (500,000
//!   unless set)
//! * `XMLSHRED_EVENING_ONLY`: lines of the table, such as `4,9`
//! * `XMLSHRED_EVENING_PROXY`: a proxy of SQL Server Agent, on this machine, for the stop event
//! * `XMLSHRED_EVENING_DATABASE`: a command that adds the database named by its argument to an
//!   availability group, and `XMLSHRED_EVENING_SECONDARY`: the connection string, without database, of
//!   a readable secondary
//!
//! On Babelfish every proof does its work, so that the command is known to run, and none passes:
//! Babelfish has another optimizer, other locks, and none of the views that are asked.

mod agent;
mod growth;
mod locks;
mod plans;
mod rates;
mod roles;
mod versions;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::babelfish::BATCH_SIZE;
use crate::bench::Bench;
use crate::database::{Server, Sql};

crate::trials! {
    what_only_sql_server_can_show,
}

/// What a proof found.
pub enum Verdict {
    Passed(String),
    Failed(String),
    NotApplicable(String),
}

/// A server to prove something on.
pub struct Evening {
    /// `None` on Babelfish.
    edition: Option<i64>,
    major_version: i64,
    documents: i64,
    /// Finished applications beside the last part of the first load.
    finished: i64,
    folder: PathBuf,
}

/// Each proof: its number in the table, what is proved, and how.
type Proof = (&'static str, fn(&Evening) -> Verdict);

const PROOFS: [Proof; 12] = [
    ("completing costs the same when the targets have grown", plans::completing_is_linear),
    ("enqueueing waits for an open insert below the watermark (RCSI)", locks::nothing_is_skipped),
    ("each role sees what exists, or NULL", roles::each_role_sees_the_truth),
    ("eight workers do not deadlock", locks::eight_workers_do_not_deadlock),
    ("locks of rows that were looked at and not picked are released", locks::residual_rows),
    ("a claim reads the queue by seeks only", plans::a_claim_seeks),
    ("stopping the job drains a worker under a proxy account", agent::the_stop_event_works),
    ("a claim does not pay for ghosts behind a readable secondary", versions::ghosts),
    ("claimers side by side under optimized locking", versions::optimized_locking),
    ("the first load costs the same beside many finished", growth::the_first_load_is_linear),
    ("monitoring does not wait for a completion (no RCSI)", locks::monitoring_does_not_wait),
    (
        "a run takes at most 1.3 times a bulk load of the same rows",
        rates::a_run_beside_a_claimless_client,
    ),
];

fn what_only_sql_server_can_show() {
    let evening = Evening::begin();
    let mut table = format!("{}\n", evening.server());
    let mut failed = 0;
    let only = std::env::var("XMLSHRED_EVENING_ONLY").unwrap_or_default();
    let is_wanted = |number: usize| {
        only.is_empty() || only.split(',').any(|wanted| wanted.trim() == number.to_string())
    };
    for (number, (what, prove)) in (1..).zip(PROOFS).filter(|(number, _)| is_wanted(*number)) {
        let began = Instant::now();
        let verdict = catch_unwind(AssertUnwindSafe(|| prove(&evening)));
        let verdict = verdict.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied());
            Verdict::Failed(text.unwrap_or("it panicked").replace('\n', " "))
        });
        let (word, why) = match verdict {
            // A proof that forgets to ask where it runs has still proved nothing there.
            Verdict::Passed(_) | Verdict::NotApplicable(_) if evening.is_babelfish() => {
                ("not applicable", "not SQL Server; the work itself was done".to_owned())
            }
            Verdict::Passed(why) => ("passed", why),
            Verdict::NotApplicable(why) => ("not applicable", why),
            Verdict::Failed(why) => ("FAILED", why),
        };
        failed += usize::from(word == "FAILED");
        let seconds = began.elapsed().as_secs();
        let line = format!("{number}  {word:<14}  {what}: {why} ({seconds} s)\n");
        eprint!("{line}");
        table += &line;
    }
    evening.write("table.txt", &table);
    println!("\n{table}\nplans, graphs and figures: {}", evening.folder.display());
    assert_eq!(failed, 0, "{failed} proofs failed");
}

impl Evening {
    fn begin() -> Self {
        let server = Server::from_environment().expect("XMLSHRED_TEST_SQLSERVER names a server");
        let ask = |sql: &str| {
            let rows = Sql::connect("master").query(sql);
            rows[0][0].as_deref().and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        let (edition, major_version) = match server.is_babelfish {
            true => (None, 0),
            false => (
                Some(ask("SELECT CONVERT(int, SERVERPROPERTY(N'EngineEdition'))")),
                ask("SELECT CONVERT(int, SERVERPROPERTY(N'ProductMajorVersion'))"),
            ),
        };
        let name = match edition {
            None => "babelfish".to_owned(),
            Some(edition) => format!("{major_version}-edition-{edition}"),
        };
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/evening").join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let number = |variable: &str, otherwise: i64| {
            std::env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
        };
        let documents = number("XMLSHRED_EVENING_DOCUMENTS", 2000);
        let finished = number("XMLSHRED_EVENING_FINISHED", 500_000);
        Self { edition, major_version, documents, finished, folder }
    }

    fn is_babelfish(&self) -> bool {
        self.edition.is_none()
    }

    /// The arguments of a worker.
    fn worker(&self) -> String {
        let batch_size = match self.is_babelfish() {
            true => format!(" --batch-size {BATCH_SIZE}"),
            false => String::new(),
        };
        format!("run --contract contract.toml --fail-on never{batch_size}")
    }

    /// So many processes work on what is enqueued until nothing is ready; all must end well.
    fn work_side_by_side(&self, bench: &Bench, processes: usize) {
        let start = |number| {
            let flags = format!("{} --workers 1 --worker-name w{number}", self.worker());
            let mut worker = bench.command(&flags);
            worker.stdout(Stdio::null()).stderr(Stdio::null());
            worker.spawn().expect("start")
        };
        let workers: Vec<Child> = (1..=processes).map(start).collect();
        let end = |mut worker: Child| worker.wait().expect("an end").code();
        let statuses: Vec<Option<i32>> = workers.into_iter().map(end).collect();
        assert!(statuses.iter().all(|status| *status == Some(0)), "exit statuses {statuses:?}");
    }

    /// The server in the table's first line.
    fn server(&self) -> String {
        let rows = Sql::connect("master").try_query_exactly("SELECT @@VERSION");
        let version = rows.expect("a version")[0][0].clone().unwrap_or_default();
        version.lines().next().unwrap_or_default().trim().to_owned()
    }

    /// Keeps a file.
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).expect(name);
    }
}

/// What is said where nothing can be shown.
fn not_sql_server() -> Verdict {
    Verdict::NotApplicable("not SQL Server".to_owned())
}

/// Waits until `is_so`, at most ten minutes; false if it never was.
fn wait_until(mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(600);
    while Instant::now() < end {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    false
}

/// Whether no application is ready or claimed.
fn is_done(bench: &Bench) -> bool {
    bench.number("SELECT COUNT(*) FROM pipeline.processing_queue WHERE state < 2") == 0
}
