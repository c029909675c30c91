//! What stays bounded however much there is: the memory of a run, and how long enqueueing keeps those who claim
//! waiting.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use rusqlite::Connection;
use xmlshred::contract::Contract;
use xmlshred::figures::{bytes, count};
use xmlshred::id::AppId;
use xmlshred::store::sqlite::{NewDocument, SqliteStore};
use xmlshred::store::{EnqueueMode, Existing, Store};

use crate::Result;

const CONTRACT: &str = r#"
[contract]
name = "orders"
[document]
root = "order"
[[tables]]
name = "orders"
each = "/order"
primary_key = ["order_id"]
app_column = "order_id"
[tables.columns]
order_id = { type = "int", value = "APP_ID()" }
placed   = { type = "date", value = "@placed", required = true }
customer = { type = "nvarchar(40)", value = "UPPER(customer/@name)" }
"#;

/// Documents of two sizes, in bytes, and how many of them.
const RUNS: [(usize, i64); 4] = [(100, 5_000), (100, 500_000), (2_000_000, 50), (2_000_000, 400)];

#[derive(Debug, Args)]
pub struct Arguments {
    /// The executable that is measured
    #[arg(long, default_value = "target/release/xmlshred")]
    program: PathBuf,

    /// Applications that are enqueued while others are claimed
    #[arg(long, default_value_t = 1_000_000)]
    applications: i64,

    /// Where the stores are
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Arguments {
    /// The usual measurement of this executable.
    pub fn of(program: PathBuf) -> Self {
        Self { program, applications: 1_000_000, folder: None }
    }
}

/// Returns the table of memory as Markdown, and a sentence about enqueueing.
pub fn measure(arguments: &Arguments) -> Result<String> {
    let mut text = "| applications | document | peak memory |\n|--:|--:|--:|\n".to_owned();
    for (size, applications) in RUNS {
        let store = Filled::new(arguments, size, applications)?;
        let peak = store.run(arguments)?;
        text += &format!(
            "| {} | {} | {} |\n",
            count(applications.unsigned_abs()),
            bytes(size as u64),
            bytes(peak)
        );
    }
    Ok(format!("{text}\n{}", enqueued_beside_a_run(arguments)?))
}

/// A store whose applications are enqueued.
struct Filled {
    folder: tempfile::TempDir,
}

impl Filled {
    fn new(arguments: &Arguments, size: usize, applications: i64) -> Result<Self> {
        let folder = match &arguments.folder {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        let filled = Self { folder };
        std::fs::write(filled.contract(), CONTRACT)?;
        let (contract, _) =
            Contract::parse(CONTRACT, "contract.toml").map_err(|e| e.to_string())?;
        let mut store = SqliteStore::open_or_create(&filled.path())?;
        store.install_contract(&contract)?;
        filled.add(1..=applications, size)?;
        store.enqueue_apps(EnqueueMode::New)?;
        Ok(filled)
    }

    /// Adds documents of this size.
    fn add(&self, ids: std::ops::RangeInclusive<i64>, size: usize) -> Result<()> {
        let head = r#"<order placed="2026-03-02"><customer name="Harbour Bicycles"/><!--"#;
        let padding = "x".repeat(size.saturating_sub(head.len() + 11));
        let document = format!("{head}{padding}--></order>").into_bytes();
        let mut store = SqliteStore::open(&self.path())?;
        let mut loader = store.loader(Existing::Refuse)?;
        for id in ids {
            loader.add(AppId(id), NewDocument::Bytes(document.clone()))?;
        }
        Ok(loader.finish().map(drop)?)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    fn contract(&self) -> PathBuf {
        self.folder.path().join("contract.toml")
    }

    fn command(&self, program: &Path, command: &str) -> Command {
        let mut command_line = Command::new(program);
        command_line.arg(command).arg("--store").arg(format!("sqlite:{}", self.path().display()));
        command_line.stderr(Stdio::null());
        command_line
    }

    /// Does all of it; returns the peak memory that the run says.
    fn run(&self, arguments: &Arguments) -> Result<u64> {
        let mut run = self.command(&arguments.program, "run");
        let output =
            run.args(["--format", "json"]).arg("--contract").arg(self.contract()).output()?;
        let summary = String::from_utf8(output.stdout)?;
        let after = summary.split("\"peak_memory_bytes\":").nth(1).ok_or("no peak memory")?;
        let digits = after.trim_start().split(|c: char| !c.is_ascii_digit()).next();
        Ok(digits.unwrap_or_default().parse()?)
    }
}

/// A run claims and completes, and another process enqueues as many as the run has.
fn enqueued_beside_a_run(arguments: &Arguments) -> Result<String> {
    let many = arguments.applications;
    let store = Filled::new(arguments, 100, many)?;
    store.add(many + 1..=2 * many, 100)?;
    let mut run = store.command(&arguments.program, "run");
    run.arg("--contract").arg(store.contract()).stdout(Stdio::null());
    let mut run = run.spawn()?;
    let watcher = Connection::open(store.path())?;
    watcher.busy_timeout(Duration::from_secs(30))?;
    let mut watch = Watch { connection: watcher, began: Instant::now(), seen: Vec::new() };
    watch.until(|watch| watch.began.elapsed() > Duration::from_secs(3))?;
    let alone = watch.seen.len();
    let began = Instant::now();
    let mut enqueue = store.command(&arguments.program, "enqueue").stdout(Stdio::null()).spawn()?;
    watch.until(|_| !matches!(enqueue.try_wait(), Ok(None)))?;
    let seconds = began.elapsed().as_secs_f64();
    run.kill()?;
    run.wait()?;
    let (before, during) = watch.seen.split_at(alone);
    Ok(format!(
        "{} applications were enqueued in {seconds:.1} s beside a run, which completed {} applications/s alone and {} \
         meanwhile. The longest time in which it completed nothing was {:.0} ms alone and {:.0} ms meanwhile.\n",
        count(many.unsigned_abs()),
        count(rate(before) as u64),
        count(rate(during) as u64),
        longest_pause(before) * 1e3,
        longest_pause(during) * 1e3,
    ))
}

/// How many were completed, and when, in seconds.
struct Watch {
    connection: Connection,
    began: Instant,
    seen: Vec<(f64, i64)>,
}

impl Watch {
    fn until(&mut self, mut is_over: impl FnMut(&Self) -> bool) -> Result<()> {
        while !is_over(self) {
            let sql = "SELECT coalesce(sum(applications), 0) FROM processing_outcome
                       WHERE outcome <> 'queued'";
            let done = self.connection.query_row(sql, [], |row| row.get(0))?;
            self.seen.push((self.began.elapsed().as_secs_f64(), done));
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

fn rate(seen: &[(f64, i64)]) -> f64 {
    match (seen.first(), seen.last()) {
        (Some(first), Some(last)) => (last.1 - first.1) as f64 / (last.0 - first.0),
        _ => f64::NAN,
    }
}

fn longest_pause(seen: &[(f64, i64)]) -> f64 {
    let changes = seen.chunk_by(|one, other| one.1 == other.1).map(|same| same[0].0);
    let changes: Vec<f64> = changes.collect();
    changes.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
}
