//! Where one server is full, and what moves that: a simulation of claim, shred and complete from 1 to
//! 256 workers.

mod costs;
mod model;
mod picture;
mod resource;

use std::path::PathBuf;

use clap::Args;
use xmlshred::figures::count;

use self::costs::{Costs, Layout};
use self::model::simulate;
use self::picture::{Curve, Picture};
use crate::Result;

const WORKERS: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

#[derive(Debug, Args)]
pub struct Arguments {
    /// Applications that are simulated for each point
    #[arg(long, default_value_t = 100_000_000)]
    applications: u64,

    /// Where the pictures are written
    #[arg(long, default_value = "docs")]
    out: PathBuf,
}

/// What each curve varies.
struct Series {
    /// The file of its picture; `None`: its curves are one.
    file: Option<&'static str>,
    title: &'static str,
    curves: Vec<(String, Layout)>,
}

/// Prints a table for each series, and writes their pictures.
pub fn run(arguments: &Arguments) -> Result<()> {
    let one = Layout { workers: 1, batch: 100, shares: 1, pipelines: 1 };
    let batches = [10, 25, 100, 400];
    let shares = [1, 2, 4, 8];
    let pipelines = [1, 2, 4, 8];
    let all = [
        Series {
            file: Some("scaling-batches.svg"),
            title: "One server, batches of so many applications",
            curves: batches.map(|batch| (batch.to_string(), Layout { batch, ..one })).into(),
        },
        Series {
            file: None,
            title: "One server, the queue in so many shares",
            curves: shares.map(|shares| (shares.to_string(), Layout { shares, ..one })).into(),
        },
        Series {
            file: Some("scaling-pipelines.svg"),
            title: "So many pipelines, each on a server of its own",
            curves: pipelines
                .map(|pipelines| (pipelines.to_string(), Layout { pipelines, ..one }))
                .into(),
        },
    ];
    for series in all {
        println!("\n{}", series.title);
        println!(
            "{:>8}{:>9}{:>12}{:>9}{:>7}{:>7}{:>8}{:>11}  bound by",
            "", "workers", "per second", "10^8 in", "CPU %", "log %", "head %", "batch ms"
        );
        let mut curves = Vec::new();
        for (name, layout) in series.curves {
            let mut points = Vec::new();
            for workers in WORKERS {
                let found =
                    simulate(&Costs::USUAL, Layout { workers, ..layout }, arguments.applications);
                println!(
                    "{name:>8}{workers:>9}{:>12}{:>8.1}h{:>7.0}{:>7.0}{:>8.0}{:>11.0}  {}",
                    count(found.per_second as u64),
                    1e8 / found.per_second / 3_600.0,
                    found.processors * 100.0,
                    found.log * 100.0,
                    found.heads * 100.0,
                    found.batch_seconds * 1e3,
                    found.bound_by(),
                );
                points.push((workers as f64, found.per_second));
            }
            curves.push(Curve { name, points });
        }
        let Some(file) = series.file else { continue };
        let picture = Picture { title: series.title, curves };
        let path = arguments.out.join(file);
        std::fs::write(&path, picture.svg())
            .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    Ok(())
}
