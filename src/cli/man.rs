//! `xmlshred man`: manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::call::{Call, Execute};
use super::command_error::{CommandError, Result};
use super::console;
use crate::files;
use crate::runner::ExitStatus;

/// Print the manual page of a command
#[derive(Debug, Args)]
pub struct Arguments {
    /// Command, such as `contract init` [default: the program]
    command: Vec<String>,

    /// Write the pages of all commands to this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut program = call.program.clone().disable_help_subcommand(true);
        program.build();
        match &self.out {
            Some(folder) => {
                fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
                write(&program, folder)?;
                Ok(ExitStatus::Success)
            }
            None => console::print_data(&page(self.chosen(&program)?)),
        }
    }
}

impl Arguments {
    fn chosen<'a>(&self, program: &'a Command) -> Result<&'a Command> {
        self.command.iter().try_fold(program, |command, name| {
            command.find_subcommand(name).ok_or_else(|| {
                let text = self.command.join(" ");
                CommandError::usage(
                    format!("unknown command `{text}`"),
                    "add --help to `xmlshred` to see the commands",
                )
            })
        })
    }
}

fn page(command: &Command) -> String {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut text = Vec::new();
    // Nothing that is written to memory fails.
    drop(Man::new(command.clone().name(name)).render(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

fn write(command: &Command, folder: &Path) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let path = folder.join(format!("{name}.1"));
    files::write(&path, page(command).as_bytes()).map_err(|error| unwritable(&path, &error))?;
    command.get_subcommands().try_for_each(|command| write(command, folder))
}

fn unwritable(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::new(
        ExitStatus::Aborted,
        format!("cannot write {}: {error}", path.display()),
        "name a folder that can be written",
    )
}
