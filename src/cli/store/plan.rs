//! What `install --alter-tables` is going to do.

use crate::cli::command_error::Result;
use crate::cli::console;

/// Prints the statements that change tables of others, before they run.
pub fn print(statements: &[String]) -> Result {
    let title = match statements {
        [] => "no target table of others is altered\n",
        _ => "target tables of others are altered:\n",
    };
    let lines = statements.iter().map(|sql| format!("  {sql}\n"));
    console::print(&[title.to_owned()].into_iter().chain(lines).collect::<String>())
}
