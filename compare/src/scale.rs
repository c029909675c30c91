//! The curve of the embedded store: more threads, more processes, and a run that finds nothing to do.

use std::path::{Path, PathBuf};

use clap::Args;
use rusqlite::Connection;
use xmlshred::figures::{bytes, count};

use crate::figures::median;
use crate::process::Usage;
use crate::store::{profile, Ready};
use crate::Result;

/// Processes and threads of each, in the order of the table. A processor has a thread where nothing is said.
const POINTS: [(usize, Option<usize>); 6] =
    [(1, Some(1)), (1, Some(2)), (1, None), (2, None), (4, None), (8, None)];

#[derive(Debug, Args)]
pub struct Arguments {
    /// The executable that is measured
    #[arg(long, default_value = "target/release/xmlshred")]
    program: PathBuf,

    /// Applications of 20 KB; a tenth as many of 200 KB
    #[arg(long, default_value_t = 10_000)]
    applications: i64,

    /// Rounds; the result is the median round
    #[arg(long, default_value_t = 3)]
    rounds: usize,

    /// Where the stores are
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Arguments {
    /// The usual measurement of this executable.
    pub fn of(program: PathBuf) -> Self {
        Self { program, applications: 10_000, rounds: 3, folder: None }
    }
}

/// Returns a table for each size as Markdown, and what a run costs that finds nothing to do.
pub fn measure(arguments: &Arguments) -> Result<String> {
    let mut text = String::new();
    let mut idle = Vec::new();
    for (kilobytes, applications) in
        [(20, arguments.applications), (200, arguments.applications / 10)]
    {
        let profile = profile(kilobytes * 1000);
        let ready = Ready::new(arguments.folder.as_deref(), applications, &profile)?;
        let curve = Curve::measure(arguments, &ready, &mut idle)?;
        text += &format!(
            "{} applications of {kilobytes} KB\n\n{}\n",
            count(applications.unsigned_abs()),
            curve.table(applications)
        );
    }
    let size = std::fs::metadata(&arguments.program)?.len();
    text += &format!(
        "A run that finds nothing to do: {:.0} ms, {:.0} ms of processor time. The executable: {}.\n",
        seconds(&idle) * 1e3,
        processor(&idle) * 1e3,
        bytes(size)
    );
    Ok(text)
}

/// The rounds of each of [`POINTS`], and how many applications were claimed in vain.
struct Curve {
    usages: Vec<Vec<Usage>>,
    wasted: Vec<i64>,
}

impl Curve {
    /// A run that finds nothing follows the first of each round.
    fn measure(arguments: &Arguments, ready: &Ready, idle: &mut Vec<Usage>) -> Result<Self> {
        let mut curve =
            Self { usages: vec![Vec::new(); POINTS.len()], wasted: vec![0; POINTS.len()] };
        for _ in 0..arguments.rounds {
            for (at, (processes, threads)) in POINTS.iter().enumerate() {
                let threads = threads.map(|threads| threads.to_string());
                let flags = match &threads {
                    Some(threads) => vec!["--workers", threads],
                    None => vec![],
                };
                let (done, usage) = ready.run(&arguments.program, *processes, &flags)?;
                curve.usages[at].push(usage);
                curve.wasted[at] += claimed_in_vain(&done)?;
                if at == 0 {
                    idle.push(ready.run_on(&done, &arguments.program, 1, &[])?);
                }
            }
        }
        Ok(curve)
    }

    fn table(&self, applications: i64) -> String {
        let mut text = "| processes | threads of each | applications/s | of one thread | processor s | claimed in vain |\n\
             |--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
        for (at, (processes, threads)) in POINTS.iter().enumerate() {
            let threads = threads.map_or("all".to_owned(), |threads| threads.to_string());
            let (of, one) = (&self.usages[at], &self.usages[0]);
            let ratio =
                median(of.iter().zip(one).map(|(of, one)| one.seconds / of.seconds).collect());
            text += &format!(
                "| {processes} | {threads} | {} | {ratio:.2} | {:.2} | {} |\n",
                count((applications as f64 / seconds(of)) as u64),
                processor(of),
                self.wasted[at],
            );
        }
        text
    }
}

fn seconds(of: &[Usage]) -> f64 {
    median(of.iter().map(|usage| usage.seconds).collect())
}

fn processor(of: &[Usage]) -> f64 {
    median(of.iter().map(|usage| usage.processor_seconds.unwrap_or(f64::NAN)).collect())
}

/// Applications that were claimed more often than they were logged.
fn claimed_in_vain(store: &Path) -> Result<i64> {
    let sql = "SELECT (SELECT sum(app_count) FROM processing_event WHERE event_type = 'claimed')
                      - (SELECT count(*) FROM processing_log)";
    Ok(Connection::open(store)?.query_row(sql, [], |row| row.get(0))?)
}
