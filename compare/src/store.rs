//! A store with documents that wait in its queue.

use std::path::Path;

use xmlshred::contract::Contract;
use xmlshred::demo::generate::{application, Profile, CONTRACT};
use xmlshred::id::AppId;
use xmlshred::store::sqlite::{NewDocument, SqliteStore};
use xmlshred::store::{EnqueueMode, Existing, Store};

use crate::Result;

/// Creates it with so many generated applications. Returns the bytes of their documents.
pub fn create(path: &Path, applications: i64, profile: &Profile) -> Result<u64> {
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

/// Copies a store that nobody has open.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map_err(|e| format!("cannot copy {}: {e}", from.display()))?;
    // Otherwise the first checkpoint of what is measured would write the copy to the disk, too.
    std::fs::File::open(to)?.sync_all()?;
    Ok(())
}
