//! The worker processes: this program, started again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::files;

use super::run::DemoError;

/// The contract's file in the demonstration's folder.
pub(super) const CONTRACT_FILE: &str = "contract.toml";

/// Applications that a worker leases at a time.
pub(super) const BATCH_SIZE: u32 = 25;

/// Worker processes, which end when this is dropped.
pub(super) struct Workers {
    program: PathBuf,
    dir: PathBuf,
    store: PathBuf,
    lease: Duration,
    workers: Vec<Worker>,
}

struct Worker {
    name: String,
    child: Child,
    ended: Option<ExitStatus>,
}

impl Workers {
    pub(super) fn new(program: &Path, dir: &Path, store: &Path, lease: Duration) -> Self {
        let (program, dir, store) = (program.to_owned(), dir.to_owned(), store.to_owned());
        Self { program, dir, store, lease, workers: Vec::new() }
    }

    /// Starts the next worker and returns its name.
    pub(super) fn start(&mut self) -> Result<String, DemoError> {
        let name = format!("worker-{}", self.workers.len() + 1);
        let log = self.log(&name);
        let doing = format!("write {}", log.display());
        let stderr = files::create(&log).map_err(DemoError::system(&doing))?;
        let stdout = stderr.try_clone().map_err(DemoError::system(doing))?;
        let child = self
            .command(&name)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .map_err(DemoError::system(format!("start {}", self.program.display())))?;
        self.workers.push(Worker { name: name.clone(), child, ended: None });
        Ok(name)
    }

    /// The command line an operator would type, without the settings in this process's environment.
    fn command(&self, name: &str) -> Command {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.dir)
            .arg("run")
            .arg("--store")
            .arg(format!("sqlite:{}", self.store.display()))
            .args(["--contract", CONTRACT_FILE, "--worker-name", name])
            .args(["--workers", &cores.div_ceil(3).to_string()])
            .args(["--batch-size", &BATCH_SIZE.to_string()])
            .args(["--lease", &humantime::format_duration(self.lease).to_string()])
            .args(["--fail-on", "never", "--log-level", "info"]);
        // Ctrl+C at a terminal reaches this process alone, which forwards it: a worker that receives
        // it twice would stop at once and leave its claims.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().to_uppercase().starts_with("XMLSHRED_") {
                command.env_remove(variable);
            }
        }
        command
    }

    fn log(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    /// Whether one is still running.
    pub(super) fn any_running(&mut self) -> Result<bool, DemoError> {
        for worker in &mut self.workers {
            if worker.ended.is_none() {
                let doing = format!("wait for {}", worker.name);
                worker.ended = worker.child.try_wait().map_err(DemoError::system(doing))?;
            }
        }
        Ok(self.workers.iter().any(|worker| worker.ended.is_none()))
    }

    /// Kills a worker, as the system does when memory runs out, and waits until it has ended.
    pub(super) fn kill(&mut self, name: &str) -> Result<(), DemoError> {
        for worker in self.workers.iter_mut().filter(|worker| worker.name == name) {
            let doing = format!("kill {name}");
            worker.child.kill().map_err(DemoError::system(&doing))?;
            worker.ended = Some(worker.child.wait().map_err(DemoError::system(doing))?);
        }
        Ok(())
    }

    /// Requests every worker to stop and waits until all have ended.
    fn stop(&mut self) {
        for worker in self.workers.iter().filter(|worker| worker.ended.is_none()) {
            ask_to_stop(&worker.child);
        }
        let began = Instant::now();
        while began.elapsed() < STOP_WITHIN && matches!(self.any_running(), Ok(true)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The error for a worker that did nothing.
    pub(super) fn failure(&self, name: &str) -> DemoError {
        let ended = self.workers.iter().find(|worker| worker.name == name).and_then(|w| w.ended);
        let status = ended.map_or_else(|| "no exit status".into(), |status| status.to_string());
        DemoError::Worker { worker: name.into(), status, log: self.log(name) }
    }
}

/// A worker ends within five seconds of a request to stop.
const STOP_WITHIN: Duration = Duration::from_secs(7);

#[cfg(unix)]
fn ask_to_stop(child: &Child) {
    if let Ok(pid) = libc::pid_t::try_from(child.id()) {
        // SAFETY: a signal to a child that has not been waited for, so the id is its own.
        unsafe { libc::kill(pid, libc::SIGTERM) };
    }
}

/// The system sends Ctrl+C to every process of a console.
#[cfg(not(unix))]
fn ask_to_stop(_: &Child) {}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
        for worker in self.workers.iter_mut().filter(|worker| worker.ended.is_none()) {
            worker.child.kill().ok();
            worker.child.wait().ok();
        }
    }
}
