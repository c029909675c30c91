//! Unloading: documents that nothing was made of, with what queue and log have of them.

use std::time::Duration;

use rusqlite::{named_params, Connection};

use super::erase::{CLAIMED, ERASE, EVENT};
use crate::command::command;
use crate::figures::counted;
use crate::id::AppId;
use crate::store::sqlite::binding::{json_list, milliseconds};
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{read, write, Work};

const FILE: &str = include_str!("../unload_documents.sql");
const CHOSEN: &str = statement(FILE, "chosen");
const OF_FILE: &str = statement(FILE, "of_file");

/// Which documents to unload.
#[derive(Debug, Clone)]
pub enum UnloadSelector {
    /// Those of these applications.
    Apps(Vec<AppId>),
    /// Those of files whose path, as it was given, is one of these, or whose name where one has no folder;
    /// `*` means any characters except those between folders, and `?` one.
    Files(Vec<String>),
    /// Those of loads that started this time before now, or later.
    LoadedSince(Duration),
}

/// A document that was chosen to be unloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unloaded {
    /// Its application.
    pub app_id: AppId,
    /// The file that it was loaded from.
    pub file_path: Option<String>,
    /// Why it stays.
    pub refusal: Option<String>,
    /// Attempts, none of which succeeded if it is unloaded.
    attempts: u64,
}

/// All in one transaction; without `execute` it only says what it would do.
pub fn unload_documents(
    connection: &mut Connection,
    selector: &UnloadSelector,
    execute: bool,
    requested_by: &str,
) -> Step<Vec<Unloaded>> {
    if !execute {
        return read(connection, |tx| chosen(tx, selector));
    }
    write(connection, |tx| {
        let chosen = chosen(tx, selector)?;
        for document in chosen.iter().filter(|document| document.refusal.is_none()) {
            for sql in ERASE {
                tx.run(sql, named_params! {":app_id": document.app_id})?;
            }
            if document.attempts > 0 {
                let attempts = counted(document.attempts, "attempt");
                let detail = format!("by {requested_by}: unloaded, {attempts}");
                let parameters = named_params! {
                    ":now": tx.now, ":app_id": document.app_id, ":detail": detail
                };
                tx.run(EVENT, parameters)?;
            }
        }
        Ok(chosen)
    })
}

fn chosen(tx: &Work, selector: &UnloadSelector) -> Step<Vec<Unloaded>> {
    let (mut app_ids, mut patterns, mut since) = (None, None, None);
    match selector {
        UnloadSelector::Apps(ids) => app_ids = Some(json_list(ids)),
        UnloadSelector::Files(files) => {
            let escaped: Vec<String> = files.iter().map(|file| file.replace('[', "[[]")).collect();
            patterns = Some(serde_json::Value::from(escaped).to_string());
        }
        UnloadSelector::LoadedSince(age) => since = Some(tx.now - milliseconds(*age)),
    }
    let parameters = named_params! {":app_ids": app_ids, ":patterns": patterns, ":since": since};
    tx.all(CHOSEN, parameters, |row| {
        let (state, exists, succeeded): (Option<i64>, bool, bool) =
            (row.get(2)?, row.get(3)?, row.get(5)?);
        let refusal = match (exists, succeeded) {
            (false, _) => Some("the store has no such document".to_owned()),
            (true, true) => {
                Some(format!("rows were made of it: {} erases it with them", command("erase")))
            }
            _ if state == Some(CLAIMED) => Some("a worker has claimed it".to_owned()),
            _ => None,
        };
        Ok(Unloaded { app_id: row.get(0)?, file_path: row.get(1)?, refusal, attempts: row.get(4)? })
    })
}

/// The applications of files with this name in any folder, with their paths.
pub fn apps_of_file(connection: &mut Connection, name: &str) -> Step<Vec<(AppId, String)>> {
    let parameters = named_params! {":name": name};
    read(connection, |tx| tx.all(OF_FILE, parameters, |row| row.try_into()))
}
