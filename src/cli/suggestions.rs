//! What was probably meant by a command that is none.

use clap::Command;

/// Names that other programs have for a command, and what is called so here.
const OTHERS: &[(&str, &str)] = &[
    ("convert", "map"),
    ("errors", "failures"),
    ("failed", "failures"),
    ("list", "status` or `xmlshred failures"),
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
        (Some(command), ..) => format!("run `xmlshred contract {}`", command.get_name()),
        (None, Some(meant), _) => format!("run `xmlshred {meant}`"),
        (None, None, Some(similar)) => format!("perhaps `{similar}` was meant"),
        (None, None, None) => "run `xmlshred --help` to see the commands".to_owned(),
    }
}
