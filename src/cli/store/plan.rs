//! What `install` is going to do.

use crate::cli::command_error::Result;
use crate::cli::console;
use crate::report::{installed_lines, plan_json, plan_line, render_plan, Format};
use crate::runner::ExitStatus;
use crate::store::InstallPlan;

/// Prints a plan. A change is a difference, and what is refused needs a person.
pub fn show(plan: &InstallPlan, format: Format) -> Result {
    match format {
        Format::Table => {
            console::print(&render_plan(plan))?;
            if !plan.is_empty() {
                console::note(plan_line(plan));
            }
        }
        Format::Json => drop(console::print_data(&format!("{}\n", plan_json(plan)))?),
    }
    Ok(match (plan.is_empty(), plan.refused().next()) {
        (true, _) => ExitStatus::Success,
        (false, None) => ExitStatus::SomeFailed,
        (false, Some(_)) => ExitStatus::Contract,
    })
}

/// What an installation did that was planned so.
pub fn done(plan: &InstallPlan) -> String {
    match plan.is_empty() {
        true => "nothing was changed\n".to_owned(),
        false => installed_lines(plan),
    }
}

/// Prints the statements that change tables of others, before they run.
pub fn print(statements: &[String]) -> Result {
    let title = match statements {
        [] => "no target table of others is altered\n",
        _ => "target tables of others are altered:\n",
    };
    let lines = statements.iter().map(|sql| format!("  {sql}\n"));
    console::print(&[title.to_owned()].into_iter().chain(lines).collect::<String>())
}
