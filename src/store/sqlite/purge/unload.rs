//! Unloading: documents that nothing was made of, with what queue and log have of them.

use rusqlite::{named_params, Connection};

use super::erase::{CLAIMED, ERASE, EVENT};
use crate::figures::counted;
use crate::store::sqlite::binding::{json_list, milliseconds};
use crate::store::sqlite::fault::Step;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::{read, write, Work};
use crate::store::{FilePattern, Stays, UnloadRequest, UnloadSelector, Unloaded};

const CHOSEN: &str = statement(include_str!("../unload_documents.sql"), "chosen");

/// All in one transaction; without `execute` it only says what it would do.
pub fn unload_documents(
    connection: &mut Connection,
    request: &UnloadRequest,
) -> Step<Vec<Unloaded>> {
    let UnloadRequest { selector, execute, requested_by } = request;
    if !execute {
        return read(connection, |tx| chosen(tx, selector));
    }
    write(connection, |tx| {
        let chosen = chosen(tx, selector)?;
        for document in chosen.iter().filter(|document| document.stays.is_none()) {
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
            let globs: Vec<String> = files.iter().map(FilePattern::glob).collect();
            patterns = Some(serde_json::Value::from(globs).to_string());
        }
        UnloadSelector::LoadedSince(age) => since = Some(tx.now - milliseconds(*age)),
    }
    let parameters = named_params! {":app_ids": app_ids, ":patterns": patterns, ":since": since};
    tx.all(CHOSEN, parameters, |row| {
        let (state, exists, succeeded): (Option<i64>, bool, bool) =
            (row.get(2)?, row.get(3)?, row.get(5)?);
        let has_replaced: bool = row.get(6)?;
        let stays = match (exists, succeeded) {
            (false, _) => Some(Stays::Absent),
            (true, true) => Some(Stays::Written),
            _ if state == Some(CLAIMED) => Some(Stays::Claimed),
            _ if has_replaced => Some(Stays::Replaced),
            _ => None,
        };
        Ok(Unloaded { app_id: row.get(0)?, file_path: row.get(1)?, stays, attempts: row.get(4)? })
    })
}
