//! Putting applications back into the queue: what retrying and requeueing have in common.

use rusqlite::{named_params, Connection, Row, ToSql};

use super::fault::Step;
use super::statement::statement;
use super::transaction::{read, write, Work};
use crate::id::AppId;
use crate::store::Redriven;

const FILE: &str = include_str!("queue_again.sql");
const QUEUE: &str = statement(FILE, "queue");
const FREE: &str = statement(FILE, "free");
const EVENT: &str = statement(FILE, "event");

/// Applications per transaction, so that claims get their turn in between.
const CHUNK: u64 = 1000;

/// Which applications, and what to do with them.
pub(super) struct Redrive<'r> {
    /// Lists applications above `:after`, at most `:limit`, in ascending order.
    pub select: &'static str,
    /// Its other parameters.
    pub parameters: Vec<(&'static str, &'r dyn ToSql)>,
    /// At most this many, lowest ids first.
    pub canary: Option<u64>,
    /// `false` only lists.
    pub execute: bool,
    /// Who asks.
    pub requested_by: &'r str,
}

impl Redrive<'_> {
    /// Lists, and moves if told to. Listing is outside the moving transaction, because it may
    /// read every document; moving checks each application again.
    pub fn run(&self, connection: &mut Connection) -> Step<Vec<Redriven>> {
        let limit = self.canary.unwrap_or(u64::MAX);
        let mut moved: Vec<Redriven> = Vec::new();
        let mut after = AppId(i64::MIN);
        loop {
            let wanted = CHUNK.min(limit - moved.len() as u64);
            let listed = read(connection, |tx| self.list(tx, after, wanted))?;
            let Some(last) = listed.last().map(|app| app.app_id) else { return Ok(moved) };
            after = last;
            moved.extend(match self.execute {
                true => write(connection, |tx| self.put_back(tx, &listed))?,
                false => listed,
            });
        }
    }

    fn list(&self, tx: &Work, after: AppId, limit: u64) -> Step<Vec<Redriven>> {
        let limit = limit as i64;
        let mut parameters = self.parameters.clone();
        parameters.push((":after", &after));
        parameters.push((":limit", &limit));
        let mut statement = tx.prepare_cached(self.select)?;
        let listed =
            statement.query_map(&parameters[..], listed)?.collect::<rusqlite::Result<_>>()?;
        Ok(listed)
    }

    fn put_back(&self, tx: &Work, listed: &[Redriven]) -> Step<Vec<Redriven>> {
        let mut moved = Vec::with_capacity(listed.len());
        for app in listed {
            if put_back(tx, app)? {
                self.record(tx, app)?;
                moved.push(app.clone());
            }
        }
        Ok(moved)
    }

    fn record(&self, tx: &Work, app: &Redriven) -> Step<()> {
        let category = app.failure.map(|failure| format!(" ({failure})")).unwrap_or_default();
        let detail = format!("by {}; it was {}{category}", self.requested_by, app.was);
        tx.prepare_cached(EVENT)?.execute(named_params! {
            ":now": tx.now,
            ":app_id": app.app_id,
            ":attempts": app.attempts,
            ":detail": detail,
        })?;
        Ok(())
    }
}

/// Whether the application was still what it was listed as, and is now ready.
fn put_back(tx: &Work, app: &Redriven) -> Step<bool> {
    let changed = match app.was.as_str() {
        "quarantined" => tx
            .prepare_cached(FREE)?
            .execute(named_params! {":app_id": app.app_id, ":now": tx.now})?,
        _ => tx.prepare_cached(QUEUE)?.execute(named_params! {
            ":app_id": app.app_id,
            ":attempts": app.attempts,
            ":now": tx.now,
        })?,
    };
    Ok(changed == 1)
}

fn listed(row: &Row) -> rusqlite::Result<Redriven> {
    Ok(Redriven {
        app_id: row.get(0)?,
        was: row.get(1)?,
        attempts: row.get(2)?,
        failure: row.get(3)?,
    })
}

/// Ids as the JSON array that the statements take.
pub(super) fn id_list(app_ids: &[AppId]) -> String {
    let ids: Vec<i64> = app_ids.iter().map(|id| id.0).collect();
    serde_json::Value::from(ids).to_string()
}
