//! Settings as flags: built from the table in [`crate::settings::keys`], so that a flag, its
//! environment variable and its file key cannot drift apart.

use std::marker::PhantomData;

use clap::builder::ArgAction;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::settings::keys::{self, Default, Key};

/// Which settings a command takes as flags.
pub trait FlagSet {
    /// The settings.
    const KEYS: &'static [&'static Key];
    /// Whether every subcommand takes them too.
    const GLOBAL: bool = false;
}

/// The settings that stood on the command line, as text.
#[derive(Debug, Clone)]
pub struct SettingFlags<S> {
    /// Setting and text.
    pub given: Vec<(&'static Key, String)>,
    set: PhantomData<S>,
}

impl<S: FlagSet> Args for SettingFlags<S> {
    fn augment_args(command: Command) -> Command {
        S::KEYS.iter().fold(command, |command, key| command.arg(flag(key, S::GLOBAL)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: FlagSet> FromArgMatches for SettingFlags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let text = |key: &&'static Key| {
            matches.get_one::<String>(key.name).map(|text| (*key, text.clone()))
        };
        Ok(Self { given: S::KEYS.iter().filter_map(text).collect(), set: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(key: &'static Key, global: bool) -> Arg {
    let arg = Arg::new(key.name)
        .long(key.flag())
        .value_name(key.value_name)
        .help(help(key))
        .help_heading(key.heading.unwrap_or("On every command"))
        .action(ArgAction::Set)
        .allow_negative_numbers(true)
        .global(global);
    match key.switch {
        true => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
        false => arg,
    }
}

fn help(key: &Key) -> String {
    match key.default {
        Default::Is(text) => format!("{} [default: {text}]", key.help),
        Default::Computed(how) => format!("{} [default: {how}]", key.help),
        Default::Unset => key.help.to_owned(),
    }
}

/// What every command takes.
#[derive(Debug, Clone)]
pub struct Everywhere;

impl FlagSet for Everywhere {
    const KEYS: &'static [&'static Key] = &[
        &keys::STORE,
        &keys::CONTRACT,
        &keys::LOG_LEVEL,
        &keys::LOG_FORMAT,
        &keys::LOG_DIR,
        &keys::SERVER,
        &keys::DATABASE,
        &keys::SCHEMA,
        &keys::SOURCE_TABLE,
        &keys::USER,
        &keys::PASSWORD_FILE,
        &keys::ACCESS_TOKEN_FILE,
        &keys::CONNECTION_STRING,
        &keys::TRUST_SERVER_CERTIFICATE,
        &keys::CA_FILE,
        &keys::CONNECT_TIMEOUT,
        &keys::COMMAND_TIMEOUT,
    ];
    const GLOBAL: bool = true;
}

/// What the pipeline takes.
#[derive(Debug, Clone)]
pub struct Pipeline;

impl FlagSet for Pipeline {
    const KEYS: &'static [&'static Key] = &[
        &keys::WORKERS,
        &keys::BATCH_SIZE,
        &keys::MAX_BYTES_IN_FLIGHT,
        &keys::LIMIT,
        &keys::FOLLOW,
        &keys::LEASE,
        &keys::POLL,
        &keys::WORKER_NAME,
        &keys::FAIL_ON,
        &keys::MAX_REAPS,
        &keys::INSTANCE_ID,
        &keys::INSTANCE_COUNT,
        &keys::APP_ID_START,
        &keys::APP_ID_END,
        &keys::MAX_DOCUMENT_BYTES,
        &keys::MAX_DEPTH,
        &keys::MAX_ATTRIBUTES,
        &keys::MAX_TEXT_BYTES,
        &keys::MAX_ROWS,
    ];
}
