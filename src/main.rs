//! The `xmlshred` executable.

use std::process::ExitCode;

use clap::Parser;
use xmlshred::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run().into()
}
