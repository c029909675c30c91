//! `xmlshred service remove`: stop a service and remove it.

use clap::Args;

use super::definition::{checked_name, refuse_other_pipelines, refuse_others};
use super::{install, system};
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::console;

/// Stop the service, wait until it has drained, and remove it
///
/// Log files, settings and the store stay. Needs an administrator.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the service [default: xmlshred-DATABASE, and the schema unless it is sandbox]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Execute for Arguments {
    fn connects(&self) -> bool {
        false
    }

    fn execute(&self, call: &Call) -> Result {
        system::supported()?;
        let name = match &self.name {
            Some(name) => checked_name(name)?,
            None => install::default_name(&call.settings)?,
        };
        let Some(existing) = system::find(&name)? else {
            return console::print(&format!(
                "service {name} does not exist; nothing was changed\n"
            ));
        };
        refuse_others(&name, &existing.command)?;
        if self.name.is_none() {
            let file = install::settings_file(&call.settings).ok();
            let file = file.as_deref().and_then(|path| path.to_str());
            refuse_other_pipelines(&name, &existing.command, file)?;
        }
        if existing.is_running {
            console::note(format!("stopping {name}: it finishes what it is shredding\n"));
        }
        system::remove(&name)?;
        console::print(&format!("service {name} removed\n"))
    }
}
