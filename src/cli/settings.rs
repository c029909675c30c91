//! `xmlshred settings`: the value of every setting, and where it comes from.

use clap::Args;

use super::call::{Call, Execute};
use super::command_error::{CommandError, Result};
use super::console;
use crate::report::{Align, Table};
use crate::settings::{Resolved, SettingsError};

/// Show every setting, its value and where the value comes from
#[derive(Debug, Args)]
pub struct Arguments {}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        console::print_table(&table(&call.settings.resolved))
    }
}

/// Shows the settings although some are wrong.
pub fn explain(error: SettingsError) -> CommandError {
    let hint = "correct the value; the column `from` above shows where it is set".to_owned();
    match console::print_table(&table(&error.resolved)) {
        Ok(_) => CommandError { hint, ..error.into() },
        Err(unwritable) => unwritable,
    }
}

fn table(resolved: &[Resolved]) -> Table {
    let mut table =
        Table::new(&[("setting", Align::Left), ("value", Align::Left), ("from", Align::Left)]);
    for setting in resolved {
        let outranked = setting.outranked_by.as_ref();
        let outranked = outranked.map(|by| format!(", outranked by {by}")).unwrap_or_default();
        table.row([setting.key.name, &setting.shown(), &(setting.source() + &outranked)]);
    }
    table
}
