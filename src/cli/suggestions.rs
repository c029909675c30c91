//! What was probably meant by a command that is none.

use clap::Command;

use crate::command::command as shown;

/// Names that other programs have for a command, and what is called so here.
const OTHERS: &[(&str, &str)] = &[
    ("convert", "map"),
    ("errors", "failures"),
    ("failed", "failures"),
    ("list", "status or failures"),
    ("migrate", "install"),
    ("preview", "map"),
    ("query", "status"),
    ("queue", "enqueue"),
    ("shred", "map"),
    ("start", "run"),
    ("upgrade", "install"),
    ("validate", "contract check"),
    ("worker", "run"),
];

/// The hint for a name that is not a command: a command of `contract`, one under another name, or one
/// that is spelt nearly so.
pub fn hint(program: &Command, name: &str, similar: Option<&str>) -> String {
    let of_contract = program.find_subcommand("contract").and_then(|c| c.find_subcommand(name));
    let other = OTHERS.iter().find(|(other, _)| *other == name).map(|(_, meant)| *meant);
    match (of_contract, other, similar) {
        (Some(command), ..) => {
            format!("run {}", shown(&format!("contract {}", command.get_name())))
        }
        (None, Some(meant), _) => {
            let commands: Vec<String> = meant.split(" or ").map(shown).collect();
            format!("run {}", commands.join(" or "))
        }
        (None, None, Some(similar)) => format!("perhaps `{similar}` was meant"),
        (None, None, None) => format!("run {} to see the commands", shown("--help")),
    }
}
