//! The command line: one file per subcommand; no logic beyond arguments in, report out.

mod call;
mod command_error;
mod completions;
mod console;
mod contract;
#[cfg(feature = "embedded")]
mod demo;
mod document_files;
mod flags;
mod interruption;
mod logging;
mod man;
mod map;
mod name_order;
mod old_logs;
mod quotes;
mod run;
mod screens;
mod service;
mod settings;
mod shown_commands;
mod signals;
mod store;
mod suggestions;
mod wildcards;

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser};
use uuid::Uuid;

use crate::command;
use crate::id::SessionId;
use crate::runner::ExitStatus;
use crate::screen::{Ink, Screen};
use crate::settings::keys::{self, Key};
use crate::settings::{Environment, LogFormat, SettingsFile};
use call::{commands, Call, Execute};
use command_error::{CommandError, Result};
use flags::Detail;

/// Turn XML documents in a database table into typed rows, exactly once
#[derive(Debug, Parser)]
#[command(name = "xmlshred", version, max_term_width = 100, after_help = after_help(), styles = styles())]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// The settings that are flags of the call.
    #[arg(skip)]
    given: Vec<(&'static Key, String)>,
}

commands!(Command {
    #[cfg(feature = "embedded")]
    Demo(demo::Arguments),
    Load(store::load::Arguments),
    Unload(store::unload::Arguments),
    Install(store::install::Arguments),
    #[cfg(feature = "sqlserver")]
    Uninstall(store::uninstall::Arguments),
    Enqueue(store::enqueue::Arguments),
    Run(run::Arguments),
    Status(store::status::Arguments),
    Failures(store::failures::Arguments),
    Report(store::report::Arguments),
    Explain(store::explain::Arguments),
    Reap(store::reap::Arguments),
    Retry(store::retry::Arguments),
    Requeue(store::requeue::Arguments),
    DeleteStaleRows(store::delete_stale_rows::Arguments),
    Erase(store::erase::Arguments),
    Backfill(store::backfill::Arguments),
    Verify(store::verify::Arguments),
    ExportFailed(store::export_failed::Arguments),
    Unprocessed(store::unprocessed::Arguments),
    Purge(store::purge::Arguments),
    Pause(store::pause::Arguments),
    Resume(store::resume::Arguments),
    #[cfg(feature = "embedded")]
    Backup(store::backup::Arguments),
    Doctor(store::doctor::Arguments),
    #[cfg(feature = "sqlserver")]
    AgentJobs(store::agent_jobs::Arguments),
    Service(service::Arguments),
    Map(map::Arguments),
    Contract(contract::Arguments),
    Settings(settings::Arguments),
    Man(man::Arguments),
    Completions(completions::Arguments),
});

const ABOUT_SETTINGS: &str = "\
A setting comes from its flag, its variable XMLSHRED_<NAME> or xmlshred.toml, in this order: \
--batch-size 50, XMLSHRED_BATCH_SIZE=50 and batch_size = 50 mean the same. \
`xmlshred settings` shows every setting and where its value comes from.";

fn after_help() -> String {
    let row = |status: ExitStatus| format!("  {:>3}  {}\n", status.code(), status.meaning());
    format!("{ABOUT_SETTINGS}\n\nExit statuses:\n{}", ExitStatus::ALL.map(row).concat())
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitStatus {
    logging::note_panics();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    screens::decide(screens::asked_for(&arguments));
    if let Some(error) = quotes::swallowed(&arguments).filter(|_| cfg!(windows)) {
        console::report(&error);
        console::finish();
        return error.status;
    }
    let status = match Cli::parse_from(arguments) {
        Ok(cli) => cli.run(),
        Err(error) if error.use_stderr() => {
            console::tell_rendered(&with_hint(&error, screens::stderr()));
            ExitStatus::Usage
        }
        Err(help) => {
            let text = rendered(&help, screens::stdout());
            console::print_data(&text).unwrap_or_else(|error| error.status)
        }
    };
    console::finish();
    logging::finish();
    status
}

/// The colours of help and of the argument parser's errors.
fn styles() -> clap::builder::Styles {
    clap::builder::Styles::plain()
        .header(Ink::Heading.style())
        .usage(Ink::Heading.style())
        .literal(Ink::Command.style())
        .error(Ink::Bad.style())
        .valid(Ink::Good.style())
        .invalid(Ink::Doubtful.style())
}

/// What the argument parser has to say.
fn rendered(said: &clap::Error, screen: Screen) -> String {
    let text = said.render();
    match screen.has_colours {
        true => text.ansi().to_string(),
        false => text.to_string(),
    }
}

/// The error of the argument parser, which ends as every error does.
fn with_hint(error: &clap::Error, screen: Screen) -> String {
    let text = rendered(error, screen);
    let text = screen.shown(&text);
    let title = screen.ink(Ink::Good, "hint");
    if let Some(hint) = hint_of_unknown(error) {
        let message = text.lines().next().unwrap_or_default();
        return format!("{message}\n\n{title}: {hint}\n");
    }
    match text.split_once("For more information, try") {
        Some((message, _)) => {
            format!("{message}{title}: add --help to see the flags of the command\n")
        }
        None => text.into_owned(),
    }
}

/// The hint for a command that does not exist.
fn hint_of_unknown(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let similar = match error.get(ContextKind::SuggestedSubcommand) {
        // The most similar name is the last one.
        Some(ContextValue::Strings(names)) => names.last(),
        _ => None,
    };
    Some(suggestions::hint(&Cli::command(), name, similar.map(|name| &**name)))
}

impl Cli {
    /// The definition of the command line, settings included.
    fn program(detail: Detail) -> clap::Command {
        flags::with_settings(Self::command(), detail)
    }

    /// Reads the arguments of a call; the first one is the program's name.
    ///
    /// # Errors
    /// The arguments are wrong, or help or version is asked for.
    pub fn parse_from<A: Into<OsString> + Clone>(
        arguments: impl IntoIterator<Item = A>,
    ) -> std::result::Result<Self, clap::Error> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let detail = match arguments.iter().any(|argument| argument == "-h") {
            true => Detail::Own,
            false => Detail::All,
        };
        let matches = Self::program(detail).try_get_matches_from(arguments)?;
        let given = flags::given("xmlshred", &matches);
        Ok(Self { given, ..Self::from_arg_matches(&matches)? })
    }

    /// Resolves the settings, starts logging and runs the command. What stopped it is written to
    /// stderr and, once logging has started, to the log.
    pub fn run(&self) -> ExitStatus {
        let call = match self.prepare() {
            Ok(call) => call,
            Err(error) => {
                self.command.chosen().not_prepared(&error);
                console::report(&error);
                return error.status;
            }
        };
        let report = |error: CommandError| {
            error.log();
            if call.settings.log.format == LogFormat::Text {
                console::report(&error);
            }
            error.status
        };
        let status = self.command.chosen().execute(&call).unwrap_or_else(report);
        let Some(reason) = logging::incomplete() else { return status };
        let hint = "free space for the log folder, or make it writable";
        match (report(CommandError::new(ExitStatus::Aborted, reason, hint)), status) {
            (incomplete, ExitStatus::Success) => incomplete,
            _ => status,
        }
    }

    fn prepare(&self) -> Result<Call> {
        command::set_flags(command::Flags {
            store: flags::of_store(&self.given),
            contract: flags::of_contract(&self.given),
        });
        let environment = Environment::of_process();
        let flag = self.given.iter().find(|(key, _)| **key == keys::CONFIG).map(|(_, text)| text);
        let named = flag.or_else(|| environment.0.get(&keys::CONFIG.variable()));
        let file = SettingsFile::find(named.map(Path::new));
        let resolve = match self.command.chosen().connects() {
            true => crate::settings::resolve,
            false => crate::settings::resolve_without_store,
        };
        let resolved = resolve(&self.given, &environment, &file);
        let settings = resolved.map_err(|error| match &self.command {
            Command::Settings(_) => settings::explain(error),
            _ => error.into(),
        })?;
        let session = SessionId(Uuid::new_v4());
        screens::decide(settings.colours);
        console::set_quiet(settings.quiet);
        logging::start(&settings, session, self.command.chosen().habits())?;
        environment.unknown().iter().for_each(|problem| tracing::warn!("{problem}"));
        Ok(Call { settings, session, program: Self::program(Detail::All) })
    }
}
