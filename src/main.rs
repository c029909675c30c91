//! The `xmlshred` executable.

use std::process::ExitCode;

use clap::Parser;
use xmlshred::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(status) => status.into(),
        Err(error) => error.report().into(),
    }
}
