//! Enqueueing source applications, and loading documents of files.

mod load;

pub(super) use load::{check_load, find_candidates, knows_file, load_documents, DocumentStage};

use super::call::Call;
use super::connection::Connection;
use super::fault::Result;
use crate::store::{EnqueueMode, Enqueued};

pub(super) fn enqueue_apps(connection: &mut Connection, mode: EnqueueMode) -> Result<Enqueued> {
    let call = Call::slow("usp_EnqueueApps");
    let call = match mode {
        EnqueueMode::New => call.with("@mode", "new"),
        EnqueueMode::Full => call.with("@mode", "full"),
        EnqueueMode::Range { start, end } => {
            call.with("@mode", "range").with("@app_id_start", start).with("@app_id_end", end)
        }
    };
    let head = connection.ask(&call)?;
    match head.get::<String>("enqueue_status")?.as_str() {
        "busy" => Ok(Enqueued::Busy),
        _ => Ok(Enqueued::Added(head.get("apps_added")?)),
    }
}
