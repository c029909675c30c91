//! The `xmlshred` executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    xmlshred::cli::main().into()
}
