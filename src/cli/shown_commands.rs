//! The commands that text for people shows in backticks: each can be copied as it is, because it has the
//! flags with which this call reached its store.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::flags;
use crate::screen::{Ink, Screen};

/// The flags of this call that other commands need.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// Those that name the store and the login, each after a blank. Never a password.
    pub store: String,
    /// That of the contract, after a blank.
    pub contract: String,
}

static FLAGS: OnceLock<Flags> = OnceLock::new();

/// Makes these the flags of all commands that are shown from now on.
pub fn set(flags: Flags) {
    // A second call in one process keeps the first one's.
    FLAGS.set(flags).ok();
}

/// Begins a command.
const BEGINS: &str = "`xmlshred ";

/// Commands that read the contract.
const WITH_CONTRACT: &[&str] =
    &["backfill", "delete-stale-rows", "erase", "install", "map", "requeue", "run", "verify"];

/// The text with complete commands, in the colour of commands.
pub fn complete<'t>(text: &'t str, screen: Screen) -> Cow<'t, str> {
    complete_with(text, FLAGS.get().unwrap_or(&Flags::default()), screen)
}

fn complete_with<'t>(text: &'t str, flags: &Flags, screen: Screen) -> Cow<'t, str> {
    if !text.contains(BEGINS) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(BEGINS);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('`') {
            Some((command, rest)) if !command.contains('\n') => {
                let command = format!("xmlshred {}", with_flags(command, flags));
                shown += &format!("`{}`{rest}", screen.ink(Ink::Command, &command));
            }
            _ => shown += &format!("{BEGINS}{part}"),
        }
    }
    Cow::Owned(shown)
}

/// A command without the name of the program.
fn with_flags(command: &str, flags: &Flags) -> String {
    let (name, rest) = command.split_at(command.find(' ').unwrap_or(command.len()));
    let has = |flag: &str| rest.split(' ').any(|word| word == flag);
    if !flags::opens_store(name) && !has("--app-id") {
        return command.to_owned();
    }
    let is_complete = has("--store") || has("--server") || rest.starts_with(&flags.store);
    let store = if is_complete { "" } else { &flags.store };
    let needs_contract = WITH_CONTRACT.contains(&name) && !has("--contract");
    let contract = if needs_contract { &flags.contract } else { "" };
    format!("{name}{store}{contract}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(text: &str) -> String {
        let flags =
            Flags { store: " --store sqlite:a.db".into(), contract: " --contract c.toml".into() };
        complete_with(text, &flags, Screen::PLAIN).into_owned()
    }

    #[test]
    fn a_command_has_the_flags_that_it_needs_and_not_twice() {
        for (text, expected) in [
            ("`xmlshred failures` lists", "`xmlshred failures --store sqlite:a.db` lists"),
            ("`xmlshred explain 5`; `xmlshred run`", "`xmlshred explain --store sqlite:a.db 5`; `xmlshred run --store sqlite:a.db --contract c.toml`"),
            ("`xmlshred load F --store sqlite:b`", "`xmlshred load F --store sqlite:b`"),
            ("`xmlshred run --contract FILE`", "`xmlshred run --store sqlite:a.db --contract FILE`"),
            ("`xmlshred contract check x`", "`xmlshred contract check x`"),
            ("`xmlshred map --app-id 5`", "`xmlshred map --store sqlite:a.db --contract c.toml --app-id 5`"),
            ("`xmlshred --help`", "`xmlshred --help`"),
            ("`xmlshred and no end", "`xmlshred and no end"),
        ] {
            assert_eq!(completed(text), expected);
            assert_eq!(completed(&completed(text)), expected);
        }
    }
}
