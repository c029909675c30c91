//! How `retry` and `requeue` show what they moved, or would move.

use crate::cli::console;
use crate::cli::CommandError;
use crate::figures::counted;
use crate::report::{Align, Table};
use crate::store::Redriven;

/// A dry run prints every application; a real one prints how many there were.
pub fn print(moved: &[Redriven], dry_run: bool) -> Result<(), CommandError> {
    let applications = counted(moved.len() as u64, "application");
    if !dry_run {
        return console::print(&format!("{applications} queued again\n"));
    }
    if !moved.is_empty() {
        console::print(&table(moved))?;
    }
    console::note(format!("{applications} would be queued again; nothing was changed\n"));
    Ok(())
}

/// Says which of the applications that were named stay as they are.
pub fn note_left(named: &[i64], moved: &[Redriven]) {
    let left = named.iter().filter(|id| moved.iter().all(|app| app.app_id.0 != **id));
    for id in left {
        console::note(format!(
            "application {id} stays as it is: `xmlshred explain {id}` says why\n"
        ));
    }
}

fn table(moved: &[Redriven]) -> String {
    let mut table = Table::new(&[
        ("app_id", Align::Right),
        ("was", Align::Left),
        ("attempts", Align::Right),
        ("failure", Align::Left),
    ]);
    for app in moved {
        let failure = app.failure.map_or("", |category| category.name());
        table.row([&app.app_id.to_string(), &app.was, &app.attempts.to_string(), failure]);
    }
    table.to_string()
}

/// Who asks, for the store's events.
pub fn requested_by() -> String {
    let user =
        ["USER", "USERNAME", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let host = crate::runner::host_name();
    format!("{}@{host}", user.as_deref().unwrap_or("unknown"))
}
