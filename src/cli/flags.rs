//! Settings as flags: made from the table in [`crate::settings::keys`], so that a flag, its
//! environment variable and its file key cannot drift apart.

use std::borrow::Cow;

use clap::{Arg, ArgMatches, Command};

use crate::settings::keys::{self, Default, Form, Key};

/// The command and its subcommands with the flags of their settings.
pub fn with_settings(command: Command) -> Command {
    let is_program = command.get_name() == "xmlshred";
    let keys = of_command(command.get_name());
    let command = keys.fold(command, |command, key| command.arg(flag(key).global(is_program)));
    command.mut_subcommands(with_settings)
}

/// The settings on the command line, as text.
pub fn given(command: &str, matches: &ArgMatches) -> Vec<(&'static Key, String)> {
    let text = |key: &'static Key| Some((key, matches.get_one::<String>(key.name)?.clone()));
    let mut given: Vec<_> = of_command(command).filter_map(text).collect();
    if let Some((name, matches)) = matches.subcommand() {
        given.extend(self::given(name, matches));
    }
    given
}

/// The flags that name the store among those that were given, each after a blank.
pub fn of_store(given: &[(&'static Key, String)]) -> String {
    let named = [&keys::CONFIG, &keys::STORE, &keys::SERVER, &keys::DATABASE, &keys::SCHEMA];
    let is_named = |key: &Key| named.iter().any(|wanted| wanted.name == key.name);
    let flags = given.iter().filter(|(key, _)| is_named(key));
    flags.map(|(key, text)| format!(" --{} {}", key.flag(), quoted(text))).collect()
}

/// A text as an argument in a shell: quoted where it has a character that a shell reads.
fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:\\,=@+".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("\"{text}\"")),
    }
}

fn of_command(name: &str) -> impl Iterator<Item = &'static Key> {
    let name = name.to_owned();
    keys::ALL.iter().copied().filter(move |key| key.commands.contains(&&*name))
}

fn flag(key: &'static Key) -> Arg {
    let default = match key.default {
        Default::Computed(how) => Some(how.to_owned()),
        ref default => default.text(),
    };
    let help = key.help();
    let arg = Arg::new(key.name)
        .long(key.flag())
        .value_name(key.value_name)
        .help(default.map_or(help.clone(), |default| format!("{help} [default: {default}]")))
        .help_heading(key.heading)
        .allow_negative_numbers(true);
    match key.form {
        Form::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}
