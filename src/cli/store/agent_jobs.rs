//! `xmlshred agent-jobs`: the scripts for the jobs of SQL Server Agent, for review.

use std::path::PathBuf;

use clap::Args;

use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::settings::keys;
use crate::store::sqlserver::agent_jobs::AgentJobs;
use crate::store::sqlserver::DEFAULT_SCHEMA;

/// Print the T-SQL that creates or updates the jobs of SQL Server Agent
///
/// Paths are those of the machine of Agent. --log-dir is the folder for the logs of the workers there, without
/// it C:\ProgramData\xmlshred\log; it must exist before the first run.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print the script that removes the jobs
    #[arg(long, conflicts_with = "view")]
    remove: bool,

    /// Print the script of vw_AgentJobs, which usp_HealthCheck reads
    #[arg(long)]
    view: bool,

    /// Print a script that only reports what it would do
    #[arg(long)]
    dry_run: bool,

    /// Write the script to this file, in UTF-8 with the mark that sqlcmd and SSMS need for letters that are
    /// not ASCII
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Number of Worker jobs (0 to 64); 0 where Agent runs no programs
    #[arg(long, value_name = "N", default_value_t = 2)]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=64))]
    workers: u16,

    /// Let each worker process the whole queue, or its partition: worker I of N then processes the
    /// ids with app_id % N = I - 1
    #[arg(long, default_value = "queue", value_parser = ["queue", "partitions"])]
    #[arg(value_name = "queue|partitions", hide_possible_values = true)]
    share: String,

    /// Path of xmlshred on the machine of Agent [default: C:\Program Files\xmlshred\xmlshred.exe]
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,

    /// Path of the workers' settings file on the machine of Agent [default:
    /// C:\ProgramData\xmlshred\xmlshred.toml]
    #[arg(long, value_name = "FILE")]
    settings_file: Option<PathBuf>,

    /// Prefix of the jobs' names, another one for each pipeline of a server [default: "xmlshred - ", and
    /// "xmlshred SCHEMA - " for another schema than sandbox]
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    /// Category of the jobs, created if it is missing
    #[arg(long, value_name = "NAME")]
    category: Option<String>,

    /// Login that owns the jobs [default: the login with the SID 0x01, usually sa]
    #[arg(long, value_name = "LOGIN")]
    owner: Option<String>,

    /// Operator that is notified of a failed job
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,

    /// Proxy that the workers run under
    #[arg(long, value_name = "NAME")]
    proxy: Option<String>,

    /// Minutes between two starts of a worker that has nothing left to do (1 to 59)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=59))]
    worker_minutes: Option<u16>,

    /// Days until events and superseded attempts are purged (1 to 20000)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=20000))]
    retention_days: Option<u16>,
}

impl Execute for Arguments {
    fn connects(&self) -> bool {
        false
    }

    fn execute(&self, call: &Call) -> Result {
        let database = call.settings.text(&keys::DATABASE);
        let database = database.ok_or_else(|| {
            CommandError::usage(
                "the jobs require the name of their database",
                "add --database NAME",
            )
        })?;
        let schema = open::schema(&call.settings)?;
        let jobs = self.jobs(schema, call.settings.text(&keys::LOG_DIR));
        let script = match (self.remove, self.view) {
            (true, _) => jobs.remove_script(database),
            (_, true) => jobs.view_script(database),
            _ => jobs.create_script(database),
        };
        let script = script.map_err(|unfit| {
            let message = format!("{}: {}", flag(unfit.variable), unfit.problem);
            CommandError::usage(message, unfit.hint)
        })?;
        console::print_script(self.out.as_deref(), &script)
    }
}

/// The flag that gives a variable its value.
fn flag(variable: &str) -> &str {
    match variable {
        "Database" => "--database",
        "Executable" => "--executable",
        "SettingsFile" => "--settings-file",
        "LogFolder" => "--log-dir",
        "JobPrefix" => "--prefix",
        "JobCategory" => "--category",
        "JobOwner" => "--owner",
        "OperatorName" => "--operator",
        "ProxyName" => "--proxy",
        other => other,
    }
}

impl Arguments {
    fn jobs(&self, schema: String, log_folder: Option<&str>) -> AgentJobs {
        let of_schema = (schema != DEFAULT_SCHEMA).then(|| format!("xmlshred {schema} - "));
        let prefix = self.prefix.clone().or(of_schema);
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let values = [
            ("Schema", Some(schema)),
            ("WorkerCount", Some(self.workers.to_string())),
            ("WorkerShare", Some(self.share.clone())),
            ("Execute", Some(if self.dry_run { "N" } else { "Y" }.to_owned())),
            ("Executable", path(&self.executable)),
            ("SettingsFile", path(&self.settings_file)),
            ("LogFolder", log_folder.map(str::to_owned)),
            ("JobPrefix", prefix),
            ("JobCategory", self.category.clone()),
            ("JobOwner", self.owner.clone()),
            ("OperatorName", self.operator.clone()),
            ("ProxyName", self.proxy.clone()),
            ("WorkerMinutes", self.worker_minutes.map(|n| n.to_string())),
            ("RetentionDays", self.retention_days.map(|n| n.to_string())),
        ];
        let given = values.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.fold(AgentJobs::default(), |jobs, (name, value)| jobs.with(name, value))
    }
}
