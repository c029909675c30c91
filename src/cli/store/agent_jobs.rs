//! `xmlshred agent-jobs`: the scripts that make the jobs of SQL Server Agent, for review.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::{console, Call, CommandError, Execute, ExitStatus};
use crate::settings::keys::{self, Key};
use crate::store::sqlserver::agent_jobs::AgentJobs;
use crate::store::sqlserver::{checked_identifier, DEFAULT_SCHEMA};

/// Print the T-SQL that creates the jobs of SQL Server Agent, or brings them up to date
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print the script that removes them instead
    #[arg(long, conflicts_with = "view")]
    remove: bool,

    /// Print the script of vw_AgentJobs, which usp_HealthCheck reads, instead
    #[arg(long)]
    view: bool,

    /// Have the script only say what it would do
    #[arg(long)]
    dry_run: bool,

    /// How many Worker jobs
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    workers: u16,

    /// What each of them takes: of the whole queue, or its partition
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "queue|partitions",
        hide_possible_values = true
    )]
    share: WorkerShare,

    /// This program, where Agent runs it
    #[arg(long, value_name = "FILE")]
    executable: Option<PathBuf>,

    /// The settings file that the workers read, where Agent runs them
    #[arg(long, value_name = "FILE")]
    settings_file: Option<PathBuf>,

    /// What the jobs' names begin with
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,

    /// Their category, made if it is not there
    #[arg(long, value_name = "NAME")]
    category: Option<String>,

    /// Their owner, a login [default: the one that sa is, whatever it is called]
    #[arg(long, value_name = "LOGIN")]
    owner: Option<String>,

    /// Who is notified of a job that fails
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,

    /// The proxy that the workers run under
    #[arg(long, value_name = "NAME")]
    proxy: Option<String>,

    /// Minutes between two starts of a worker that has nothing left to do
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=59))]
    worker_minutes: Option<u16>,

    /// Days after which events and superseded attempts are purged
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=20000))]
    retention_days: Option<u16>,
}

/// What each worker takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum WorkerShare {
    /// All take from the whole queue.
    #[default]
    Queue,
    /// Worker I of N takes the ids with `app_id % N = I - 1`.
    Partitions,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let setting = |key: &'static Key| {
            let found = call.settings.resolved.iter().find(|resolved| resolved.key == key);
            found.and_then(|resolved| resolved.text.clone())
        };
        let database = setting(&keys::DATABASE).ok_or_else(|| {
            CommandError::usage("the jobs need to know their database")
                .hint("add --database NAME, or write database in xmlshred.toml")
        })?;
        let schema = setting(&keys::SCHEMA).unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        let schema = checked_identifier("schema", &schema).map_err(CommandError::usage)?;
        let jobs = self.jobs(schema, setting(&keys::LOG_DIR));
        console::print(&match (self.remove, self.view) {
            (true, _) => jobs.remove_script(&database),
            (_, true) => jobs.view_script(&database),
            _ => jobs.create_script(&database),
        })?;
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    fn jobs(&self, schema: String, log_folder: Option<String>) -> AgentJobs {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let share = match self.share {
            WorkerShare::Queue => "queue",
            WorkerShare::Partitions => "partitions",
        };
        let given = [
            ("Executable", path(&self.executable)),
            ("SettingsFile", path(&self.settings_file)),
            ("LogFolder", log_folder),
            ("JobPrefix", self.prefix.clone()),
            ("JobCategory", self.category.clone()),
            ("JobOwner", self.owner.clone()),
            ("OperatorName", self.operator.clone()),
            ("ProxyName", self.proxy.clone()),
            ("WorkerMinutes", self.worker_minutes.map(|n| n.to_string())),
            ("RetentionDays", self.retention_days.map(|n| n.to_string())),
        ];
        let jobs = AgentJobs::default()
            .with("Schema", schema)
            .with("WorkerCount", self.workers.to_string())
            .with("WorkerShare", share)
            .with("Execute", if self.dry_run { "N" } else { "Y" });
        given.into_iter().fold(jobs, |jobs, (name, value)| match value {
            Some(value) => jobs.with(name, value),
            None => jobs,
        })
    }
}
