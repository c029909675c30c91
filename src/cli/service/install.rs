//! `xmlshred service install`: a service for a pipeline, created or brought up to date.

use std::path::{Path, PathBuf};

use clap::Args;

use super::definition::{
    checked_account, checked_name, name_for, refuse_other_pipelines, refuse_others, Definition,
    Existing,
};
use super::system;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::cli::store::open;
use crate::runner::ExitStatus;
use crate::settings::keys::{self, Key};
use crate::settings::{self, Environment, Origin, Settings, SettingsFile, StoreLocation};

/// Create or update the Windows service of a pipeline; it does not start it
///
/// The service reads its settings from the file of --config alone, starts with Windows, and is restarted when
/// it fails. --log-dir is the folder for its log files, without it and without log_dir in the file
/// %ProgramData%\xmlshred\log. Needs an administrator.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the service [default: xmlshred-DATABASE, and the schema unless it is sandbox]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Account without a password: a group managed one, DOMAIN\NAME$, or 'NT AUTHORITY\LocalService'
    /// [default: 'NT SERVICE\NAME', or as it is]
    #[arg(long, value_name = "NAME")]
    account: Option<String>,

    /// Show what would be created or changed; change nothing. Exit status: 0 nothing to do, 1 something
    /// would change
    #[arg(long)]
    plan: bool,
}

impl Execute for Arguments {
    /// The account of the service logs in, not this one.
    fn connects(&self) -> bool {
        false
    }

    fn execute(&self, call: &Call) -> Result {
        system::supported()?;
        let service = self.definition(&call.settings)?;
        let existing = system::find(&service.name)?;
        if let Some(existing) = &existing {
            refuse_others(&service.name, &existing.command)?;
            if self.name.is_none() {
                let file = Some(service.settings_file.as_str());
                refuse_other_pipelines(&service.name, &existing.command, file)?;
            }
        }
        let changes = existing.as_ref().map(|existing| service.changes(existing));
        if self.plan {
            return plan(&service, existing.as_ref(), changes.as_deref());
        }
        let folder = Path::new(&service.log_folder);
        std::fs::create_dir_all(folder).map_err(|error| {
            CommandError::usage(
                format!("cannot create the log folder {}: {error}", folder.display()),
                "name another folder with --log-dir",
            )
        })?;
        let unknown = match existing {
            Some(_) => system::update(&service)?,
            None => system::create(&service)?,
        };
        console::print(&done(&service, existing.as_ref(), changes.as_deref()))?;
        for what in unknown {
            console::warn(format!("this system does not know {what}; it was not set"));
        }
        Ok(ExitStatus::Success)
    }
}

fn plan(service: &Definition, existing: Option<&Existing>, changes: Option<&[String]>) -> Result {
    let (name, lines) = (&service.name, service.lines(existing));
    let (title, status) = match changes {
        None => (format!("would create service {name}\n"), ExitStatus::SomeFailed),
        Some([]) => (format!("service {name} is up to date\n"), ExitStatus::Success),
        Some(changes) => {
            let changes: String = changes.iter().map(|change| format!("  {change}\n")).collect();
            (format!("would change service {name}\n{changes}then it is\n"), ExitStatus::SomeFailed)
        }
    };
    console::print(&(title + &lines))?;
    Ok(status)
}

/// What was done, and the next commands.
fn done(service: &Definition, existing: Option<&Existing>, changes: Option<&[String]>) -> String {
    let (name, lines) = (&service.name, service.lines(existing));
    let start = format!("sc.exe start {name}");
    let runs = existing.is_some_and(|existing| existing.is_running);
    match changes {
        None => {
            let account = service.new_account();
            let access = match service.store.starts_with("sqlite:") {
                true => format!("let {account} write the store and its folder"),
                false => format!("make {account} a login with the role shred_worker"),
            };
            format!("service {name} created\n{lines}next: {access}; then `{start}`\n")
        }
        Some([]) => format!("service {name} is up to date\n{lines}"),
        Some(changes) => {
            let changes: String = changes.iter().map(|change| format!("  {change}\n")).collect();
            let next = if runs { format!("sc.exe stop {name}`, then `{start}") } else { start };
            format!("service {name} changed\n{changes}next: `{next}`\n")
        }
    }
}

impl Arguments {
    /// The service of the settings file, whose settings are checked as the service will read them.
    fn definition(&self, given: &Settings) -> Result<Definition> {
        let file = settings_file(given)?;
        refuse_flags(given, &file)?;
        // A service has no variables of this session.
        let read = SettingsFile::find(Some(&file));
        let own = settings::resolve(&[], &Environment::default(), &read).map_err(|error| {
            let title = format!("several settings in {} are wrong", file.display());
            let hint = format!(
                "correct {}; a service has no XMLSHRED_ variables of this session",
                file.display()
            );
            CommandError::several(&title, &error.problems, hint)
        })?;
        let store = open::location(&own)?.to_string();
        contract_file::read(&own)?;
        let name = match &self.name {
            Some(name) => checked_name(name)?,
            None => default_name(&own)?,
        };
        let (log_folder, log_flags) = logs(given, &own)?;
        let executable = std::env::current_exe().map_err(|error| {
            CommandError::usage(
                format!("cannot find the path of this program: {error}"),
                "start it by its whole path",
            )
        })?;
        let account = self.account.as_deref().map(checked_account).transpose()?;
        let (executable, settings_file) = (text(&executable)?, text(&file)?);
        Ok(Definition { name, store, executable, settings_file, log_folder, log_flags, account })
    }
}

/// The name of the service for the store that the settings name.
pub fn default_name(settings: &Settings) -> Result<String> {
    let unnamed = || CommandError::usage("the service needs a name", "add --name NAME");
    let name = match &settings.store {
        Some(StoreLocation::Sqlite(path)) => {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            name_for(stem.ok_or_else(unnamed)?, None)
        }
        _ => {
            let database = settings.text(&keys::DATABASE).ok_or_else(unnamed)?;
            let schema = settings.text(&keys::SCHEMA);
            name_for(
                database,
                schema.filter(|schema| Some(*schema) != keys::SCHEMA.default.text().as_deref()),
            )
        }
    };
    checked_name(&name)
}

/// The absolute path of the settings file: a service starts in a folder of the system.
///
/// # Errors
/// No settings file is named.
pub fn settings_file(given: &Settings) -> Result<PathBuf> {
    let named = given.text(&keys::CONFIG).ok_or_else(|| {
        CommandError::usage(
            "a service reads its settings from a file, and none is named",
            "write store or server, database and contract into xmlshred.toml, and name it with --config",
        )
    })?;
    absolute(Path::new(named))
}

/// Flags of this call, except those for log files, would be lost.
fn refuse_flags(given: &Settings, file: &Path) -> Result<()> {
    const KEPT: [&Key; 5] =
        [&keys::CONFIG, &keys::LOG_DIR, &keys::LOG_DAYS, &keys::QUIET, &keys::COLOR];
    let is_lost = |setting: &&settings::Resolved| {
        setting.origin == Origin::Flag && !KEPT.contains(&setting.key)
    };
    let Some(lost) = given.resolved.iter().find(is_lost) else { return Ok(()) };
    Err(CommandError::usage(
        format!("--{} is not for this command: a service reads its settings file", lost.key.flag()),
        format!("write {} into {}", lost.key.name, file.display()),
    ))
}

/// The folder of the log files, and what the command line says of them.
fn logs(given: &Settings, own: &Settings) -> Result<(String, Vec<String>)> {
    let mut flags = Vec::new();
    let of_flag = |key: &'static Key| {
        let found = given.resolved.iter().find(|setting| setting.key == key);
        found.filter(|setting| setting.origin == Origin::Flag).and_then(|found| found.text.clone())
    };
    let folder = match (of_flag(&keys::LOG_DIR), &own.log.dir) {
        (None, Some(of_file)) => text(&absolute(of_file)?)?,
        (flag, _) => {
            let folder = flag.map_or_else(default_log_folder, PathBuf::from);
            let folder = text(&absolute(&folder)?)?;
            flags.extend(["--log-dir".to_owned(), folder.clone()]);
            folder
        }
    };
    let days = of_flag(&keys::LOG_DAYS);
    let days = days.or_else(|| own.log.days.is_none().then(|| "90".to_owned()));
    flags.extend(days.into_iter().flat_map(|days| ["--log-days".to_owned(), days]));
    Ok((folder, flags))
}

fn default_log_folder() -> PathBuf {
    let data = std::env::var_os("ProgramData").map(PathBuf::from);
    data.unwrap_or_else(|| r"C:\ProgramData".into()).join("xmlshred").join("log")
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| {
        let message = format!("cannot find the whole path of {}: {error}", path.display());
        CommandError::usage(message, "name the file by its whole path")
    })
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("the path {} is not Unicode", path.display());
        CommandError::usage(message, "move the file to another folder")
    })
}
