//! What `install --plan` prints.

use std::fmt::Write;

use serde_json::{json, Value};

use super::table::{Align, Table};
use crate::command::command;
use crate::figures::counted;
use crate::store::{InstallPlan, PlannedStep};

/// The characters that are shown of a hash.
const SHOWN_HASH: usize = 12;

/// The plan for people.
pub fn render_plan(plan: &InstallPlan) -> String {
    if plan.is_empty() {
        return "nothing to do\n".to_owned();
    }
    let left = Align::Left;
    let mut table = Table::new(&[
        ("action", left),
        ("object", left),
        ("column", left),
        ("now", left),
        ("then", left),
    ]);
    for step in &plan.steps {
        let action = if step.is_refused() { "REFUSE" } else { step.action.name() };
        let or_empty = |text: &Option<String>| text.as_deref().map(short).unwrap_or_default();
        table.row([
            action.to_owned(),
            step.object.clone(),
            or_empty(&step.column),
            or_empty(&step.old),
            or_empty(&step.new),
        ]);
    }
    let mut text = table.to_string();
    let refused: Vec<&PlannedStep> = plan.refused().collect();
    if refused.is_empty() {
        return text;
    }
    text.push_str("\nrefused, so that nothing would be installed:\n");
    for step in refused {
        let place = step.column.as_ref().map_or(String::new(), |c| format!(", column {c}"));
        for refusal in &step.refusals {
            let _ = writeln!(text, "  {}{place}: {}", step.object, refusal.reason);
            let _ = writeln!(text, "    next: {}", refusal.next_step);
        }
    }
    text
}

/// The first characters of a hash are enough to recognise it.
fn short(text: &str) -> String {
    match text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => format!("{}…", &text[..SHOWN_HASH]),
        false => text.to_owned(),
    }
}

/// The line after the plan.
pub fn plan_line(plan: &InstallPlan) -> String {
    let refused = plan.refused().count();
    let changes = counted(plan.steps.len() - refused, "change");
    match refused {
        0 => {
            let install = command("install");
            format!("{changes}; nothing was changed, {install} makes them\n")
        }
        refused => format!(
            "{} refused, {changes} would be made without; nothing was changed\n",
            counted(refused, "step")
        ),
    }
}

/// The plan for programs, with field names that do not change.
pub fn plan_json(plan: &InstallPlan) -> Value {
    let step = |step: &PlannedStep| {
        let refusals = step
            .refusals
            .iter()
            .map(|refused| json!({"reason": refused.reason, "next_step": refused.next_step}));
        json!({
            "action": step.action.name(),
            "object": step.object,
            "column": step.column,
            "old": step.old,
            "new": step.new,
            "statement": step.statement,
            "refused": step.is_refused(),
            "refusals": refusals.collect::<Vec<_>>(),
        })
    };
    let refused = plan.refused().count();
    json!({
        "changes": plan.steps.len() - refused,
        "refused": refused,
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
    })
}
