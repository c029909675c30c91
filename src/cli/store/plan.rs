//! What `install` is going to do.

use crate::cli::call::Call;
use crate::cli::command_error::Result;
use crate::cli::console;
use crate::cli::contract::file as contract_file;
use crate::cli::logging::NOTED;
use crate::contract::Contract;
use crate::report::{installed_lines, plan_json, plan_line, render_plan, upgraded_line, Format};
use crate::runner::ExitStatus;
use crate::settings::LogFormat;
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

/// What an installation did.
pub fn done(contract: Option<&Contract>, done: &InstallPlan) -> String {
    let installed = contract.map(contract_file::installed).unwrap_or_default();
    match done.is_empty() {
        true => installed + "nothing was changed\n",
        false => upgraded_line(done) + &installed + &installed_lines(done),
    }
}

/// Says what an installation did that is not the command itself: people get what `install` prints as a note,
/// programs a line of the log, and a log file always has it.
pub fn log(call: &Call, contract: &Contract, installed: &InstallPlan) {
    let text = done(Some(contract), installed);
    let line: Vec<&str> = text.lines().map(str::trim).collect();
    tracing::info!(
        target: NOTED,
        contract = contract.name,
        contract_hash = %contract.hash,
        changes = installed.steps.len(),
        "{}",
        line.join("; ")
    );
    if call.settings.log.format == LogFormat::Text {
        console::note(text);
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
