//! `xmlshred settings`: what holds, and why.

use clap::Args;

use super::setting_flags::{Pipeline, SettingFlags};
use super::{console, Call, CommandError, Execute, ExitStatus};
use crate::report::{Align, Table};
use crate::settings::keys::Key;
use crate::settings::{Resolved, SettingsError};

/// Show every setting and where it came from
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: SettingFlags<Pipeline>,
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.pipeline.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        console::print(&table(&call.settings.resolved))?;
        Ok(ExitStatus::Success)
    }

    /// Its own table is the next step.
    fn explain(&self, error: SettingsError) -> CommandError {
        match console::print(&table(&error.resolved)) {
            Ok(()) => CommandError { hint: None, ..error.into() },
            Err(unwritable) => unwritable,
        }
    }
}

fn table(resolved: &[Resolved]) -> String {
    let mut table =
        Table::new(&[("setting", Align::Left), ("value", Align::Left), ("from", Align::Left)]);
    for setting in resolved {
        let origin = setting.origin.describe(setting.key);
        let from = match &setting.outranked_by {
            Some(winner) => format!("{origin}, outranked by {winner}"),
            None => origin,
        };
        table.row([setting.key.name, &setting.shown(), &from]);
    }
    table.to_string()
}
