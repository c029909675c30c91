//! What a command is, and the call that it serves.

use clap::Command;

use super::command_error::{CommandError, Result};
use super::logging::Habits;
use crate::id::SessionId;
use crate::settings::Settings;

/// One call of the program.
pub struct Call {
    /// The settings that hold.
    pub settings: Settings,
    /// Its id in the name of the log file and, for a run, in the store.
    pub session: SessionId,
    /// The definition of the command line.
    pub program: Command,
}

/// A command.
pub trait Execute {
    /// How it logs.
    fn habits(&self) -> Habits {
        Habits::default()
    }

    /// Whether it connects to the store: without that, no login is needed.
    fn connects(&self) -> bool {
        true
    }

    /// Called instead of [`Execute::execute`] where the call cannot begin, before the error is reported.
    fn not_prepared(&self, _: &CommandError) {}

    /// Does its work.
    fn execute(&self, call: &Call) -> Result;
}

/// Defines the subcommands of a command, and which one was chosen.
macro_rules! commands {
    ($name:ident { $($(#[$attribute:meta])* $command:ident($arguments:path),)+ }) => {
        #[derive(Debug, clap::Subcommand)]
        enum $name {
            $($(#[$attribute])* $command($arguments),)+
        }

        impl $name {
            fn chosen(&self) -> &dyn Execute {
                match self {
                    $($(#[$attribute])* Self::$command(arguments) => arguments,)+
                }
            }
        }
    };
}

pub(super) use commands;
