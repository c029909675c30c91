//! `xmlshred settings`: what holds, and why.

use clap::Args;
use comfy_table::{presets, Table};

use super::setting_flags::{Pipeline, SettingFlags};
use super::{stdout, Call, CommandError, Execute, ExitStatus};
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
        stdout::print(&table(&call.settings.resolved))?;
        Ok(ExitStatus::Success)
    }

    fn explain(&self, error: &SettingsError) -> Result<(), CommandError> {
        stdout::print(&table(&error.resolved))
    }
}

fn table(resolved: &[Resolved]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["setting", "value", "from"]);
    for setting in resolved {
        let from = setting.origin.describe(setting.key);
        table.add_row([setting.key.name, &setting.shown(), &from]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}
