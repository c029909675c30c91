//! `xmlshred resume`: the end of a pause.

use clap::Args;

use super::{open, requester};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;

/// End a pause, so that workers claim again
#[derive(Debug, Args)]
pub struct Arguments {}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        console::print(&match open::existing(call)?.resume(&requester::requested_by())? {
            Some(pause) => format!("the pause by {} has ended: {}\n", pause.by, pause.reason),
            None => "claiming was not paused\n".to_owned(),
        })
    }
}
