//! The applications that `retry` and `requeue` moved, or would move.

use crate::cli::command_error::Result;
use crate::cli::console;
use crate::command::command;
use crate::figures::counted;
use crate::report::{Align, Table};
use crate::runner::ExitStatus;
use crate::store::Redriven;

/// Prints how many applications there are, and each of them in a dry run.
pub fn print(moved: &[Redriven], done: &str, dry_run: bool) -> Result {
    let applications = counted(moved.len(), "application");
    if !dry_run {
        let status = console::print(&format!("{applications} {done}\n"));
        if !moved.is_empty() {
            console::note(format!("{} processes what is back in the queue\n", command("run")));
        }
        return status;
    }
    if !moved.is_empty() {
        console::print_table(&table(moved))?;
    }
    console::note(format!("{applications} would be {done}; nothing was changed\n"));
    Ok(ExitStatus::Success)
}

/// Names the selected applications that are not moved.
pub fn note_left(selected: &[i64], moved: &[Redriven]) {
    for id in selected.iter().filter(|id| moved.iter().all(|app| app.app_id.0 != **id)) {
        let next = format!("{} shows why", command(&format!("explain {id}")));
        console::tell(format!("application {id} is not changed; {next}\n"));
    }
}

fn table(moved: &[Redriven]) -> Table {
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
    table
}
