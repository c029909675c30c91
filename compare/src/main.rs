//! `cargo run --release -p xmlshred-compare -- COMMAND`: measures xmlshred beside its floor, and
//! simulates what cannot be measured here.
//!
//! Everything is measured in one run on one machine, alternately, so that ratios mean something; a
//! time of its own does not, and no test looks at one.

mod bounded;
mod figures;
mod flat;
mod floor;
mod page;
mod process;
mod rivals;
mod scale;
mod simulate;
mod store;

use std::error::Error;

use clap::{Parser, Subcommand};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Debug, Parser)]
#[command(about = "Measures xmlshred beside its floor")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// `xmlshred run` on the embedded store, beside reading the same documents and inserting the same rows
    Floor(floor::Arguments),
    /// One, two, four and eight processes on one embedded store, and a run that finds nothing to do
    Scale(scale::Arguments),
    /// The embedded store's operations with little and with much in queue and log
    Flat(flat::Arguments),
    /// Memory with many applications and with large documents, and enqueueing beside a run
    Bounded(bounded::Arguments),
    /// The same documents through xmlshred, and through what else there is
    Rivals(rivals::Arguments),
    /// Measures all of it, and writes docs/performance.md
    Page(page::Arguments),
    /// The work of a rival in Rust, in a process of its own
    #[command(hide = true)]
    Work(rivals::Work),
    /// Claim, shred and complete from 1 to 256 workers on SQL Server, as a simulation with pictures
    Simulate(simulate::Arguments),
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Floor(arguments) => {
            print!("{}", floor::measure(&arguments)?);
            Ok(())
        }
        Command::Flat(arguments) => {
            print!("{}", flat::measure(&arguments)?);
            Ok(())
        }
        Command::Scale(arguments) => {
            print!("{}", scale::measure(&arguments)?);
            Ok(())
        }
        Command::Bounded(arguments) => {
            print!("{}", bounded::measure(&arguments)?);
            Ok(())
        }
        Command::Rivals(arguments) => {
            print!("{}", rivals::measure(&arguments)?);
            Ok(())
        }
        Command::Page(arguments) => page::write(&arguments),
        Command::Work(arguments) => rivals::work(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
    }
}
