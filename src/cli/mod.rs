//! The command line: one file per subcommand; no logic beyond arguments in, report out.

mod command_error;
mod completions;
mod console;
mod contract;
#[cfg(feature = "embedded")]
mod demo;
mod document_files;
#[cfg(feature = "embedded")]
mod interruption;
mod logging;
mod map;
mod run;
mod setting_flags;
mod settings;
mod store;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use uuid::Uuid;

use crate::id::SessionId;
use crate::runner::ExitStatus;
use crate::settings::keys::{self, Key};
use crate::settings::{Environment, LogFormat, Settings, SettingsError, SettingsFile};

pub use command_error::CommandError;
use logging::Habits;
use setting_flags::{Everywhere, SettingFlags};

/// Turns XML documents in a database table into typed rows, exactly once.
#[derive(Debug, Parser)]
#[command(name = "xmlshred", version, max_term_width = 100, after_help = after_help())]
pub struct Cli {
    /// Settings file [default: xmlshred.toml in the working folder, if there is one]
    #[arg(long, global = true, value_name = "FILE", help_heading = "On every command")]
    config: Option<PathBuf>,

    #[command(flatten)]
    everywhere: SettingFlags<Everywhere>,

    #[command(subcommand)]
    command: Command,
}

fn after_help() -> String {
    let statuses =
        ExitStatus::ALL.map(|status| format!("  {:>3}  {}\n", status.code(), status.meaning()));
    format!("{SETTINGS_HELP}\n\nExit statuses:\n{}", statuses.concat())
}

const SETTINGS_HELP: &str = "\
Every setting comes from its flag, else from XMLSHRED_<NAME>, else from xmlshred.toml: \
--batch-size 50, XMLSHRED_BATCH_SIZE=50 and batch_size = 50 say the same. \
`xmlshred settings` shows what holds and why.";

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "embedded")]
    Demo(demo::Arguments),
    #[cfg(feature = "embedded")]
    Load(store::load::Arguments),
    Install(store::install::Arguments),
    #[cfg(feature = "sqlserver")]
    Uninstall(store::uninstall::Arguments),
    Enqueue(store::enqueue::Arguments),
    Run(run::Arguments),
    Status(store::status::Arguments),
    Explain(store::explain::Arguments),
    Reap(store::reap::Arguments),
    Retry(store::retry::Arguments),
    Requeue(store::requeue::Arguments),
    ExportFailed(store::export_failed::Arguments),
    Pause(store::pause::Arguments),
    Resume(store::resume::Arguments),
    Doctor(store::doctor::Arguments),
    #[cfg(feature = "sqlserver")]
    AgentJobs(store::agent_jobs::Arguments),
    Map(map::Arguments),
    Contract(contract::Arguments),
    Settings(settings::Arguments),
    Completions(completions::Arguments),
}

/// What a subcommand is.
trait Execute {
    /// The settings among its flags.
    fn given(&self) -> &[(&'static Key, String)] {
        &[]
    }

    /// How it logs.
    fn habits(&self) -> Habits {
        Habits::default()
    }

    /// Does its work.
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError>;

    /// What is said when the settings do not hold.
    fn explain(&self, error: SettingsError) -> CommandError {
        error.into()
    }
}

/// One call of the program.
struct Call {
    /// What it works with.
    settings: Settings,
    /// Its id in the log file's name and, for a run, in the store.
    session: SessionId,
}

impl Command {
    fn chosen(&self) -> &dyn Execute {
        match self {
            #[cfg(feature = "embedded")]
            Self::Demo(arguments) => arguments,
            #[cfg(feature = "embedded")]
            Self::Load(arguments) => arguments,
            Self::Install(arguments) => arguments,
            #[cfg(feature = "sqlserver")]
            Self::Uninstall(arguments) => arguments,
            Self::Enqueue(arguments) => arguments,
            Self::Run(arguments) => arguments,
            Self::Status(arguments) => arguments,
            Self::Explain(arguments) => arguments,
            Self::Reap(arguments) => arguments,
            Self::Retry(arguments) => arguments,
            Self::Requeue(arguments) => arguments,
            Self::ExportFailed(arguments) => arguments,
            Self::Pause(arguments) => arguments,
            Self::Resume(arguments) => arguments,
            Self::Doctor(arguments) => arguments,
            #[cfg(feature = "sqlserver")]
            Self::AgentJobs(arguments) => arguments,
            Self::Map(arguments) => arguments,
            Self::Contract(arguments) => arguments,
            Self::Settings(arguments) => arguments,
            Self::Completions(arguments) => arguments,
        }
    }
}

impl Cli {
    /// Resolves the settings, starts logging and runs the subcommand. What stopped it is said on
    /// stderr and, once logging has begun, in the log.
    pub fn run(&self) -> ExitStatus {
        let call = match self.prepare() {
            Ok(call) => call,
            Err(error) => return error.report(),
        };
        match self.command.chosen().execute(&call) {
            Ok(status) => status,
            Err(error) => {
                error.log();
                match call.settings.log.format {
                    LogFormat::Text => error.report(),
                    LogFormat::Json => error.status,
                }
            }
        }
    }

    fn prepare(&self) -> Result<Call, CommandError> {
        let command = self.command.chosen();
        let mut given = [self.everywhere.given.as_slice(), command.given()].concat();
        given.extend(self.config.iter().map(|file| (&keys::CONFIG, file.display().to_string())));
        let environment = Environment::of_process();
        let file = SettingsFile::find(self.config_file(&environment).as_deref());
        let mut settings = Settings::resolve(&given, &environment, &file)
            .map_err(|error| command.explain(error))?;
        let session = SessionId(Uuid::new_v4());
        settings.store = settings.store.map(|store| store.in_session(session));
        logging::start(&settings.log, session, command.habits())?;
        for (name, meant) in environment.unknown() {
            match meant {
                Some(meant) => tracing::warn!("{name} is not a setting; did you mean {meant}?"),
                None => tracing::warn!(
                    "{name} is not a setting and is ignored; `xmlshred settings` lists them all"
                ),
            }
        }
        Ok(Call { settings, session })
    }

    fn config_file(&self, environment: &Environment) -> Option<PathBuf> {
        let named = || environment.0.get(&keys::CONFIG.variable()).map(PathBuf::from);
        self.config.clone().or_else(named)
    }
}
