//! Settings as flags: made from the table in [`crate::settings::keys`], so that a flag, its
//! environment variable and its file key cannot drift apart.

use clap::builder::ArgPredicate;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::command::{self, quoted};
use crate::settings::keys::{self, Default, Form, Key};

/// The name of the program, whose settings are those of every command.
const PROGRAM: &str = "xmlshred";

/// The headings of settings that `-h` leaves to `--help`.
const DETAILS: [&str; 3] = [keys::GENERAL, keys::LIMITS, keys::SQL_SERVER];

/// How much the help says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// `-h`: what belongs to the command itself.
    Own,
    /// `--help`: that, and all settings that concern it.
    All,
}

/// The command and its subcommands with the flags of their settings. All are accepted wherever they are
/// meant for every command; its help has those that it heeds.
pub fn with_settings(command: Command, detail: Detail) -> Command {
    let name = command.get_name().to_owned();
    let own = (name != PROGRAM).then(|| of_command(&name).map(flag));
    let general = of_command(PROGRAM).map(|key| {
        let is_of_server = key.heading == keys::SQL_SERVER;
        flag(key).global(true).hide(is_of_server && command::is_without_store(&name))
    });
    let flags = own.into_iter().flatten().chain(general).map(|arg| match detail {
        Detail::Own if is_detail(&arg) => arg.hide(true),
        _ => arg,
    });
    let command = with_json(flags.fold(command, Command::arg));
    let command = match detail {
        Detail::Own => command.after_help("--help shows the settings too"),
        Detail::All => command,
    };
    command.mut_subcommands(|command| with_settings(command, detail))
}

/// The command with `--json` too, if it has `--format json`.
fn with_json(command: Command) -> Command {
    let format = command.get_arguments().find(|arg| arg.get_id() == "format");
    let values = format.map(Arg::get_possible_values).unwrap_or_default();
    if !values.iter().any(|value| value.matches("json", false)) {
        return command;
    }
    let json = Arg::new("json").long("json").help("Short for --format json");
    command
        .mut_arg("format", |arg| arg.default_value_if("json", ArgPredicate::IsPresent, "json"))
        .arg(json.action(ArgAction::SetTrue).conflicts_with("format"))
}

fn is_detail(arg: &Arg) -> bool {
    arg.get_help_heading().is_some_and(|heading| DETAILS.contains(&heading))
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
    let named = [
        &keys::CONFIG,
        &keys::STORE,
        &keys::SERVER,
        &keys::DATABASE,
        &keys::SCHEMA,
        &keys::USER,
        &keys::PASSWORD_FILE,
        &keys::ACCESS_TOKEN_FILE,
        &keys::CA_FILE,
        &keys::TRUST_SERVER_CERTIFICATE,
        &keys::SERVER_SPN,
        &keys::MULTI_SUBNET_FAILOVER,
        &keys::CONNECT_TIMEOUT,
        // With a password in it, it is refused as a flag.
        &keys::CONNECTION_STRING,
    ];
    shown(given, &named)
}

/// The flag that names the contract, if it was given, after a blank.
pub fn of_contract(given: &[(&'static Key, String)]) -> String {
    shown(given, &[&keys::CONTRACT])
}

fn shown(given: &[(&'static Key, String)], which: &[&Key]) -> String {
    let flags = given.iter().filter(|(key, _)| which.contains(key));
    let shown = |(key, text): &(&Key, String)| match key.form {
        Form::Switch => format!(" --{}={text}", key.flag()),
        _ => format!(" --{} {}", key.flag(), quoted(text)),
    };
    flags.map(shown).collect()
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
    let arg = if *key == keys::QUIET { arg.short('q') } else { arg };
    match key.form {
        Form::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        _ => arg,
    }
}
