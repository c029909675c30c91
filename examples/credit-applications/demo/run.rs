//! The course of the demonstration.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::contract::Contract;
use crate::figures::{bytes, count, counted, duration};
use crate::files;
use crate::id::AppId;
use crate::report::{Align, Table};
use crate::runner::Shutdown;
use crate::screen::{Ink, Screen};
use crate::store::sqlite::{NewDocument, SqliteStore};
use crate::store::Existing;
use crate::store::{EnqueueMode, Store, StoreError};

use super::generate::{self, Profile};
use super::proof::{Ledger, Proof};
use super::story::{Story, Watch};
use super::workers::{self, Workers};

/// Parameters of a demonstration.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Where to put everything: created if missing; it must not hold a demonstration yet. Without
    /// it, a new temporary folder. It stays when the demonstration is over.
    pub dir: Option<PathBuf>,
    /// Number of applications to generate, at least 1.
    pub apps: u64,
    /// The same seed generates the same applications.
    pub seed: u64,
    /// The program that the workers run: this one.
    pub program: PathBuf,
    /// Whether no progress is shown.
    pub is_quiet: bool,
    /// How the output shows text.
    pub screen: Screen,
}

/// What stops a demonstration.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file, folder or process.
    #[error("cannot {doing}: {reason}")]
    System {
        /// The attempted action, with the name of its object.
        doing: String,
        /// The message of the operating system.
        reason: String,
    },
    /// The folder cannot be created.
    #[error("cannot create {folder}: {reason}")]
    Folder {
        /// The folder.
        folder: String,
        /// The message of the operating system.
        reason: String,
    },
    /// The folder is in use.
    #[error("{} already exists", .0.display())]
    NotFresh(PathBuf),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stop was requested.
    #[error("interrupted; the workers have stopped")]
    Interrupted,
    /// A worker ended without doing its work.
    #[error("{worker} ended with {status} and left work; its log is {}", .log.display())]
    Worker {
        /// The worker's name.
        worker: String,
        /// How it ended.
        status: String,
        /// Where its log is.
        log: PathBuf,
    },
}

impl DemoError {
    pub(super) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |error| Self::System { doing, reason: error.to_string() }
    }
}

/// The lease of the demonstration's workers: short, so that the wait for the lease of the killed
/// worker is short.
const LEASE: Duration = Duration::from_secs(5);

/// Documents generated at once: enough for every core, few enough for little memory.
const GENERATED_AT_ONCE: i64 = 256;

/// Time between two looks at the database.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Runs the demonstration and describes it on `out`. [`Proof::holds`] is whether the numbers agree
/// at the end.
///
/// # Errors
/// Anything that prevents it from reaching its end.
pub fn run(
    options: &DemoOptions,
    shutdown: &Shutdown,
    out: &mut dyn Write,
) -> Result<Proof, DemoError> {
    let mut story = Story::new(out);
    let demo = Demo::prepare(options, shutdown)?;
    story.say(format_args!("Demonstration in {}\n", demo.dir.display()))?;
    demo.load(options, &mut story)?;
    let ledger = Ledger::open(&demo.store)?;
    let mut workers = Workers::new(&options.program, &demo.dir, &demo.store, LEASE);
    demo.work_and_kill(options.apps, &mut workers, &ledger, &mut story)?;
    demo.recover(&mut workers, &ledger, &mut story)?;
    let proof = ledger.prove(&demo.contract)?;
    demo.conclude(&proof, &ledger, options, &mut story)?;
    Ok(proof)
}

/// One demonstration's folder.
struct Demo<'s> {
    shutdown: &'s Shutdown,
    dir: PathBuf,
    store: PathBuf,
    contract: Contract,
    is_quiet: bool,
}

impl<'s> Demo<'s> {
    fn prepare(options: &DemoOptions, shutdown: &'s Shutdown) -> Result<Self, DemoError> {
        let dir = folder(options.dir.as_deref())?;
        let store = dir.join("demo.db");
        if store.exists() {
            return Err(DemoError::NotFresh(store));
        }
        let contract_file = dir.join(workers::CONTRACT_FILE);
        files::write(&contract_file, generate::CONTRACT.as_bytes())
            .map_err(DemoError::system(format!("write {}", contract_file.display())))?;
        let (contract, _) = Contract::parse(generate::CONTRACT, workers::CONTRACT_FILE)
            .expect("the demonstration's contract is valid");
        Ok(Self { shutdown, dir, store, contract, is_quiet: options.is_quiet })
    }

    /// Generates the applications, loads them into a new store and enqueues them.
    fn load(&self, options: &DemoOptions, story: &mut Story<'_>) -> Result<(), DemoError> {
        let began = Instant::now();
        let mut store = SqliteStore::open_or_create(&self.store)?;
        store.install_contract(&self.contract)?;
        let size = self.load_documents(&mut store, options)?;
        store.enqueue_apps(EnqueueMode::New)?;
        story.step(format_args!(
            "Generated {} ({}), loaded and enqueued in {}.",
            counted(options.apps, "credit application"),
            bytes(size),
            duration(began.elapsed())
        ))
    }

    /// Three workers; one of them is killed when half is done and it holds something.
    fn work_and_kill(
        &self,
        apps: u64,
        workers: &mut Workers,
        ledger: &Ledger,
        story: &mut Story<'_>,
    ) -> Result<(), DemoError> {
        let names: Vec<String> = (0..3).map(|_| workers.start()).collect::<Result<_, _>>()?;
        let [first, second, third] = &names[..] else { unreachable!("three were started") };
        story.step(format_args!(
            "Started {first}, {second} and {third}, processes of this program, each claiming \
             batches of {} with a lease of {}.",
            workers::BATCH_SIZE,
            humantime::format_duration(LEASE)
        ))?;
        let by_choice = [second, first, third];
        let Some(victim) = self.wait_to_kill(&by_choice, apps, workers, ledger)? else {
            return story.step(format_args!(
                "The workers were done before one could be killed: use a larger --apps."
            ));
        };
        let mut others = names.iter().filter(|name| *name != victim);
        let (one, other) = (others.next().unwrap_or(first), others.next().unwrap_or(third));
        story.step(format_args!(
            "Killed {victim} when {} applications were done. It held {}.",
            count(ledger.counts()?.concluded()),
            count(ledger.held_by(victim)?)
        ))?;
        self.wait_for_workers(workers, ledger)?;
        story.step(format_args!(
            "{one} and {other} finished the rest, except {} that {victim} holds until its lease \
             expires.",
            count(ledger.held_by(victim)?)
        ))
    }

    /// Starts workers that reap and finish the claims of dead workers, until nothing is left.
    fn recover(
        &self,
        workers: &mut Workers,
        ledger: &Ledger,
        story: &mut Story<'_>,
    ) -> Result<(), DemoError> {
        let mut left = ledger.counts()?.unfinished;
        while left > 0 {
            let mut watch = Watch::new(&ledger.counts()?, self.is_quiet);
            while let Some(lease_left) = ledger.lease_left()? {
                watch.wait(&ledger.counts()?, lease_left);
                self.wait_a_moment()?;
            }
            drop(watch);
            let name = workers.start()?;
            self.wait_for_workers(workers, ledger)?;
            let still_left = ledger.counts()?.unfinished;
            if still_left >= left {
                return Err(workers.failure(&name));
            }
            story.step(format_args!(
                "The lease expired: {name} reaped the claims and finished {}.",
                count(left - still_left)
            ))?;
            left = still_left;
        }
        Ok(())
    }

    /// Prints the numbers, and commands for a closer look.
    fn conclude(
        &self,
        proof: &Proof,
        ledger: &Ledger,
        options: &DemoOptions,
        story: &mut Story<'_>,
    ) -> Result<(), DemoError> {
        let screen = options.screen;
        let (workers, outcomes) = (ledger.worker_table()?, ledger.outcome_table()?);
        story.say(format_args!("\n{}\n{}", workers.on(screen), outcomes.on(screen)))?;
        let mut rows = Table::new(&[("table", Align::Left), ("rows", Align::Right)]);
        for (table, number) in &proof.rows {
            rows.row([table.as_str(), &count(*number)]);
        }
        let verdict = match proof.holds() {
            true => screen.ink(Ink::Good, "CHECKED"),
            false => screen.ink(Ink::Bad, "WRONG"),
        };
        story.say(format_args!("{}\n{verdict}: {proof}\n\nLook around:", rows.on(screen)))?;

        let (program, store) = (shell_word(&options.program), shell_word(&self.store));
        let recovered = ledger.recovered_app()?.unwrap_or(AppId(1));
        for query in [
            "SELECT * FROM app_base LIMIT 5".to_owned(),
            "SELECT app_id, failure_category, failure_reason FROM processing_log \
             WHERE status = 'failed' LIMIT 5"
                .to_owned(),
            format!("SELECT * FROM processing_event WHERE app_id = {recovered}"),
        ] {
            let command = format!("sqlite3 {store} \"{query}\"");
            story.say(format_args!("  {}", screen.ink(Ink::Command, &command)))?;
        }
        let status = format!("{program} status --store sqlite:{store}");
        story.say(format_args!("  {}", screen.ink(Ink::Command, &status)))
    }

    /// Waits until half is done and a worker holds something, and kills the first such worker, which
    /// it returns; `None` when the work was done before.
    fn wait_to_kill<'n>(
        &self,
        candidates: &[&'n String],
        apps: u64,
        workers: &mut Workers,
        ledger: &Ledger,
    ) -> Result<Option<&'n String>, DemoError> {
        let mut watch = Watch::new(&ledger.counts()?, self.is_quiet);
        loop {
            let counts = ledger.counts()?;
            watch.look(&counts);
            if counts.concluded() * 2 >= apps {
                for victim in candidates {
                    if ledger.held_by(victim)? > 0 {
                        workers.kill(victim)?;
                        return Ok(Some(victim));
                    }
                }
            }
            if !workers.any_running()? {
                return Ok(None);
            }
            self.wait_a_moment()?;
        }
    }

    fn wait_for_workers(&self, workers: &mut Workers, ledger: &Ledger) -> Result<(), DemoError> {
        let mut watch = Watch::new(&ledger.counts()?, self.is_quiet);
        while workers.any_running()? {
            watch.look(&ledger.counts()?);
            self.wait_a_moment()?;
        }
        Ok(())
    }

    fn load_documents(
        &self,
        store: &mut SqliteStore,
        options: &DemoOptions,
    ) -> Result<u64, DemoError> {
        let last = i64::try_from(options.apps).unwrap_or(i64::MAX);
        let mut loader = store.loader(Existing::Refuse)?;
        let mut size = 0;
        let mut first = 1;
        while first <= last {
            self.go_on()?;
            let ids = first..=last.min(first + GENERATED_AT_ONCE - 1);
            first = ids.end() + 1;
            let documents: Vec<(i64, Vec<u8>)> = ids
                .into_par_iter()
                .map(|id| (id, generate::application(options.seed, id, &Profile::DEMO)))
                .collect();
            for (id, document) in documents {
                size += document.len() as u64;
                loader.add(AppId(id), NewDocument::Bytes(document))?;
            }
        }
        loader.finish()?;
        Ok(size)
    }

    /// Refuses to continue once a stop was requested.
    fn go_on(&self) -> Result<(), DemoError> {
        match self.shutdown.is_requested() {
            true => Err(DemoError::Interrupted),
            false => Ok(()),
        }
    }

    /// Waits until the next look at the database.
    fn wait_a_moment(&self) -> Result<(), DemoError> {
        // A request to stop disconnects the channel.
        self.shutdown.requested().recv_timeout(LOOK_EVERY).ok();
        self.go_on()
    }
}

/// The named folder, or a new temporary one.
fn folder(named: Option<&Path>) -> Result<PathBuf, DemoError> {
    let Some(dir) = named else {
        let made = tempfile::Builder::new().prefix("xmlshred-demo-").tempdir();
        return made
            .map(tempfile::TempDir::keep)
            .map_err(no_folder(format!("a folder in {}", std::env::temp_dir().display())));
    };
    std::fs::create_dir_all(dir)
        .and_then(|()| std::path::absolute(dir))
        .map_err(no_folder(format!("the folder {}", dir.display())))
}

fn no_folder(folder: String) -> impl FnOnce(io::Error) -> DemoError {
    move |error| DemoError::Folder { folder, reason: error.to_string() }
}

/// A path as a word of a command line.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/\\:._-+".contains(c);
    if text.chars().all(plain) {
        text
    } else {
        format!("\"{text}\"")
    }
}
