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

    /// Applications of 20 KB
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

/// Returns the table as Markdown.
pub fn measure(arguments: &Arguments) -> Result<String> {
    let ready = Ready::new(arguments.folder.as_deref(), arguments.applications, &profile(20_000))?;
    let mut usages = vec![Vec::new(); POINTS.len()];
    let mut wasted = vec![0; POINTS.len()];
    let mut idle = Vec::new();
    for _ in 0..arguments.rounds {
        for (at, (processes, threads)) in POINTS.iter().enumerate() {
            let threads = threads.map(|threads| threads.to_string());
            let flags = match &threads {
                Some(threads) => vec!["--workers", threads],
                None => vec![],
            };
            let (done, usage) = ready.run(&arguments.program, *processes, &flags)?;
            usages[at].push(usage);
            wasted[at] += claimed_in_vain(&done)?;
            if idle.len() < usages[0].len() {
                idle.push(ready.run_on(&done, &arguments.program, 1, &[])?);
            }
        }
    }
    table(arguments, &usages, &wasted, &idle)
}

/// Applications that were claimed more often than they were logged.
fn claimed_in_vain(store: &Path) -> Result<i64> {
    let sql = "SELECT (SELECT sum(app_count) FROM processing_event WHERE event_type = 'claimed')
                      - (SELECT count(*) FROM processing_log)";
    Ok(Connection::open(store)?.query_row(sql, [], |row| row.get(0))?)
}

fn table(
    arguments: &Arguments,
    usages: &[Vec<Usage>],
    wasted: &[i64],
    idle: &[Usage],
) -> Result<String> {
    let seconds = |of: &[Usage]| median(of.iter().map(|usage| usage.seconds).collect());
    let processor = |of: &[Usage]| {
        median(of.iter().map(|usage| usage.processor_seconds.unwrap_or(f64::NAN)).collect())
    };
    let applications = arguments.applications as f64;
    let mut text = format!(
        "{} applications of 20 KB\n\n\
         | processes | threads of each | applications/s | of one thread | processor s | claimed in vain |\n\
         |--:|--:|--:|--:|--:|--:|\n",
        count(arguments.applications.unsigned_abs())
    );
    for (at, (processes, threads)) in POINTS.iter().enumerate() {
        let threads = threads.map_or("all".to_owned(), |threads| threads.to_string());
        let ratio = median(
            usages[at].iter().zip(&usages[0]).map(|(of, one)| one.seconds / of.seconds).collect(),
        );
        text += &format!(
            "| {processes} | {threads} | {} | {ratio:.2} | {:.2} | {} |\n",
            count((applications / seconds(&usages[at])) as u64),
            processor(&usages[at]),
            wasted[at],
        );
    }
    let size = std::fs::metadata(&arguments.program)?.len();
    text += &format!(
        "\nA run that finds nothing to do: {:.0} ms, {:.0} ms of processor time. The executable: {}.\n",
        seconds(idle) * 1e3,
        processor(idle) * 1e3,
        bytes(size)
    );
    Ok(text)
}
