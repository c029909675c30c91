//! A store with documents that wait in its queue, and runs on copies of it.

use std::path::{Path, PathBuf};

use xmlshred::contract::Contract;
use xmlshred::demo::generate::{application, Profile, CONTRACT};
use xmlshred::id::AppId;
use xmlshred::store::sqlite::{NewDocument, SqliteStore};
use xmlshred::store::{EnqueueMode, Existing, Store};

use crate::process::{run, Usage};
use crate::Result;

/// A folder with a store whose applications all wait. It is deleted when this is dropped.
pub struct Ready {
    folder: tempfile::TempDir,
    contract: PathBuf,
    path: PathBuf,
    /// Of its documents.
    pub bytes: u64,
}

impl Ready {
    /// Creates it with so many generated applications, in this folder or in that of temporary files.
    pub fn new(folder: Option<&Path>, applications: i64, profile: &Profile) -> Result<Self> {
        let folder = match folder {
            Some(folder) => tempfile::tempdir_in(folder)?,
            None => tempfile::tempdir()?,
        };
        let contract = folder.path().join("contract.toml");
        std::fs::write(&contract, CONTRACT)?;
        let path = folder.path().join("ready.db");
        let bytes = create(&path, applications, profile)?;
        Ok(Self { folder, contract, path, bytes })
    }

    /// A copy under this name, which replaces an earlier one.
    pub fn copy(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            if Path::new(&name).exists() {
                std::fs::remove_file(&name)?;
            }
        }
        std::fs::copy(&self.path, &path)
            .map_err(|e| format!("cannot copy {}: {e}", self.path.display()))?;
        // Otherwise the first checkpoint of what is measured would write the copy to the disk, too.
        std::fs::File::open(&path)?.sync_all()?;
        Ok(path)
    }

    /// `run` in so many processes side by side on a fresh copy. Returns the copy, too.
    pub fn run(
        &self,
        program: &Path,
        processes: usize,
        flags: &[&str],
    ) -> Result<(PathBuf, Usage)> {
        let path = self.copy("done.db")?;
        let usage = self.run_on(&path, program, processes, flags)?;
        Ok((path, usage))
    }

    /// `run` in so many processes side by side on this copy.
    pub fn run_on(
        &self,
        path: &Path,
        program: &Path,
        processes: usize,
        flags: &[&str],
    ) -> Result<Usage> {
        let (store, contract) =
            (format!("sqlite:{}", path.display()), self.contract.display().to_string());
        let mut arguments = vec!["run", "--quiet", "--store", &store, "--contract", &contract];
        arguments.extend(flags);
        run(program, &arguments, processes)
    }
}

/// Creates a store with so many generated applications. Returns the bytes of their documents.
fn create(path: &Path, applications: i64, profile: &Profile) -> Result<u64> {
    let (contract, _) = Contract::parse(CONTRACT, "contract.toml").map_err(|e| e.to_string())?;
    let mut store = SqliteStore::open_or_create(path)?;
    let mut loader = store.loader(Existing::Refuse)?;
    let mut bytes = 0;
    for app_id in 1..=applications {
        let document = application(1, app_id, profile);
        bytes += document.len() as u64;
        loader.add(AppId(app_id), NewDocument::Bytes(document))?;
    }
    loader.finish()?;
    store.install_contract(&contract)?;
    store.enqueue_apps(EnqueueMode::Full)?;
    Ok(bytes)
}

/// Documents of so many bytes, none of which fails.
pub fn profile(bytes: usize) -> Profile {
    Profile {
        usual_bytes: (bytes, bytes + 1),
        large_per_10_000: 0,
        failing_per_10_000: 0,
        ..Profile::DEMO
    }
}
