//! Every setting, declared once: its flag, environment variable, file key, help, range and
//! default, and the commands that have the flag.

// A placeholder of the help, such as `<utc>`, is not a tag.
#![allow(rustdoc::invalid_html_tags)]

use std::time::Duration;

use super::quantity::{parse_bytes, parse_duration, shown_bytes, shown_duration};
use crate::runner::RunConfig;
use crate::shred::Limits;

/// One setting.
///
/// `batch_size` is the flag `--batch-size`, the variable `XMLSHRED_BATCH_SIZE` and the key
/// `batch_size` in xmlshred.toml.
#[derive(Debug, PartialEq)]
pub struct Key {
    /// Name in `snake_case`.
    pub name: &'static str,
    /// The value's name in the help.
    pub value_name: &'static str,
    /// Which values there are.
    pub form: Form,
    /// What holds unless a value is given.
    pub default: Default,
    /// Heading in the help.
    pub heading: &'static str,
    /// The names of the commands that have the flag; `xmlshred` means every command.
    pub commands: &'static [&'static str],
    help: &'static str,
}

/// The values that a setting can have. Bounds are inclusive.
#[derive(Debug, PartialEq)]
pub enum Form {
    /// Text, checked where it is read.
    Text,
    /// Text that is never shown.
    Secret,
    /// `true` or `false`; the flag alone means `true`.
    Switch,
    /// The words that are listed.
    Words(&'static str),
    /// A whole number.
    Whole(i64, i64),
    /// Bytes.
    Size(u64, u64),
    /// A duration.
    Time(Duration, Duration),
}

/// A setting's default.
#[derive(Debug, PartialEq)]
pub enum Default {
    /// This text.
    Is(&'static str),
    /// This number.
    Number(u64),
    /// So many bytes.
    Size(u64),
    /// This duration.
    Time(Duration),
    /// Found out on this machine; the text describes it.
    Computed(&'static str),
    /// Not set.
    Unset,
}

impl Key {
    /// What the setting is for and the range of its values, in one sentence.
    pub fn help(&self) -> String {
        let help = self.help.trim();
        match self.form.bounds() {
            Some((min, Some(max))) => format!("{help} ({min} to {max})"),
            Some((min, None)) => format!("{help} ({min} or more)"),
            None => help.to_owned(),
        }
    }

    /// What a value must be; completes the sentence "it must be …".
    pub fn expected(&self) -> String {
        let noun = match self.form {
            Form::Text | Form::Secret => "text",
            Form::Switch => "true or false",
            Form::Words(words) => words,
            Form::Whole(..) => "a whole number",
            Form::Size(..) => "a size",
            Form::Time(..) => "a duration",
        };
        let bounds = match self.form.bounds() {
            Some((min, Some(max))) => format!(" from {min} to {max}"),
            Some((min, None)) => format!(" of at least {min}"),
            None => String::new(),
        };
        let example = match (&self.form, self.default.text()) {
            (Form::Size(..) | Form::Time(..), Some(default)) => format!(", such as {default}"),
            _ => String::new(),
        };
        format!("{noun}{bounds}{example}")
    }

    /// The flag without its dashes, such as `batch-size`.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The environment variable, such as `XMLSHRED_BATCH_SIZE`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.to_uppercase())
    }

    /// Whether the value is never shown.
    pub fn is_secret(&self) -> bool {
        self.form == Form::Secret
    }
}

impl Form {
    /// The number in `text`, if it is one of these values.
    pub fn whole(&self, text: &str) -> Option<i64> {
        let Self::Whole(min, max) = self else { return None };
        text.parse().ok().filter(|number| (min..=max).contains(&number))
    }

    /// The bytes in `text`, if they are one of these values.
    pub fn size(&self, text: &str) -> Option<u64> {
        let Self::Size(min, max) = self else { return None };
        parse_bytes(text).filter(|bytes| (min..=max).contains(&bytes))
    }

    /// The duration in `text`, if it is one of these values.
    pub fn time(&self, text: &str) -> Option<Duration> {
        let Self::Time(min, max) = self else { return None };
        parse_duration(text).filter(|time| (min..=max).contains(&time))
    }

    /// The smallest and the largest value as text; only what is a real bound.
    fn bounds(&self) -> Option<(String, Option<String>)> {
        match *self {
            Self::Whole(i64::MIN, _) | Self::Time(Duration::ZERO, _) => None,
            Self::Whole(min, max) => {
                Some((min.to_string(), (max < i64::MAX).then(|| max.to_string())))
            }
            Self::Size(min, max) => {
                Some((shown_bytes(min), (max < u64::MAX).then(|| shown_bytes(max))))
            }
            Self::Time(min, max) => {
                Some((shown_duration(min), (max < Duration::MAX).then(|| shown_duration(max))))
            }
            _ => None,
        }
    }
}

impl Default {
    /// The value, where it is the same everywhere.
    pub fn text(&self) -> Option<String> {
        match *self {
            Self::Is(text) => Some(text.to_owned()),
            Self::Number(number) => Some(number.to_string()),
            Self::Size(bytes) => Some(shown_bytes(bytes)),
            Self::Time(time) => Some(shown_duration(time)),
            Self::Computed(_) | Self::Unset => None,
        }
    }
}

/// Prefix of this program's environment variables.
pub const VARIABLE_PREFIX: &str = "XMLSHRED_";

/// Heading of what belongs to every command.
pub const GENERAL: &str = "On every command";
/// Heading of how to reach a server.
pub const SQL_SERVER: &str = "SQL Server";
const PIPELINE: &str = "Pipeline";
const SHARE: &str = "Share of the queue";
/// Heading of how large a document may be.
pub const LIMITS: &str = "Limits of a document; one that exceeds a limit fails";

const EVERY: &[&str] = &["xmlshred"];
const NONE: &[&str] = &[];
const RUN: &[&str] = &["run", "settings"];
const REAP: &[&str] = &["run", "settings", "reap"];
const ENQUEUE: &[&str] = &["run", "settings", "enqueue"];
const MAP: &[&str] = &["run", "settings", "map", "check", "coverage"];
const SHRED: &[&str] = &["run", "settings", "map", "init", "check", "coverage", "diff", "verify"];
const READ: &[&str] =
    &["run", "settings", "map", "init", "check", "coverage", "diff", "verify", "load"];

/// Positions in a document are 32-bit offsets.
const MAX_DOCUMENT: u64 = 4095 << 20;
/// Below it, renewals cannot keep up, and polling takes a whole core.
const SHORTEST: Duration = Duration::from_millis(100);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes a constant of each setting, with its doc comment as the help, and lists them all.
macro_rules! settings {
    ($($(#[doc = $help:literal])+
       $constant:ident: $name:literal <$value_name:literal>
       $form:expr, $default:expr, $heading:ident, $commands:ident;)+) => {
        $($(#[doc = $help])+
        pub const $constant: Key = Key {
            name: $name,
            value_name: $value_name,
            form: $form,
            default: $default,
            heading: $heading,
            commands: $commands,
            help: concat!($($help),+),
        };)+

        /// Every setting, in the order in which `xmlshred settings` prints them.
        pub const ALL: &[&Key] = &[$(&$constant),+];
    };
}

use self::Default::{Computed, Is, Number, Unset};
use self::Form::{Secret, Size, Switch, Text, Time, Whole, Words};

settings! {
    /// Read settings from this file
    CONFIG: "config" <"FILE"> Text,
    Computed("xmlshred.toml in the working folder, if it exists"), GENERAL, EVERY;

    /// Use this embedded store: documents, queue, log and target tables in one SQLite file
    STORE: "store" <"sqlite:PATH"> Text, Unset, GENERAL, EVERY;

    /// SQL Server instance; np:HOST for its named pipe
    SERVER: "server" <"HOST[\\INSTANCE][,PORT]"> Text, Unset, SQL_SERVER, EVERY;

    /// Database
    DATABASE: "database" <"NAME"> Text, Unset, SQL_SERVER, EVERY;

    /// Schema of queue, log and procedures
    SCHEMA: "schema" <"NAME"> Text, Is("sandbox"), SQL_SERVER, EVERY;

    /// Table of documents; only `install` uses it
    SOURCE_TABLE: "source_table" <"SCHEMA.TABLE"> Text, Is("dbo.app_xml"), SQL_SERVER, EVERY;

    /// Its column with the application's id
    SOURCE_ID_COLUMN: "source_id_column" <"NAME"> Text, Is("app_id"), SQL_SERVER, EVERY;

    /// Its column with the document
    SOURCE_DOCUMENT_COLUMN: "source_document_column" <"NAME"> Text, Is("xml"), SQL_SERVER, EVERY;

    /// SQL Server login, with its password in XMLSHRED_PASSWORD [default: the Windows account]
    USER: "user" <"NAME"> Text, Unset, SQL_SERVER, EVERY;

    /// Password of --user
    // No flag, because everybody who lists processes would see it, and nothing for a file, because
    // everybody who reads it would.
    PASSWORD: "password" <"TEXT"> Secret, Unset, SQL_SERVER, NONE;

    /// File with the password of --user, instead of XMLSHRED_PASSWORD
    PASSWORD_FILE: "password_file" <"FILE"> Text, Unset, SQL_SERVER, EVERY;

    /// File with a Microsoft Entra access token to log in with
    ACCESS_TOKEN_FILE: "access_token_file" <"FILE"> Text, Unset, SQL_SERVER, EVERY;

    /// ADO.NET connection string, instead of server, database and login
    CONNECTION_STRING: "connection_string" <"TEXT"> Secret, Unset, SQL_SERVER, EVERY;

    /// Trust any certificate; an attacker between client and server can then read everything
    TRUST_SERVER_CERTIFICATE: "trust_server_certificate" <"BOOL"> Switch, Is("false"),
    SQL_SERVER, EVERY;

    /// Also trust certificates of this authority, PEM or DER
    CA_FILE: "ca_file" <"FILE"> Text, Unset, SQL_SERVER, EVERY;

    /// Name of the server's service in the domain, where an account logs in [default: MSSQLSvc/HOST:PORT]
    SERVER_SPN: "server_spn" <"NAME"> Text, Unset, SQL_SERVER, EVERY;

    /// Try all addresses of the server at once, as a listener in several subnets requires; not used
    /// with a named instance
    MULTI_SUBNET_FAILOVER: "multi_subnet_failover" <"BOOL"> Switch, Is("true"), SQL_SERVER, EVERY;

    /// Give up connecting and logging in after this time
    CONNECT_TIMEOUT: "connect_timeout" <"DURATION">
    Time(Duration::ZERO, Duration::MAX), Is("15s"), SQL_SERVER, EVERY;

    /// Give up a command when the server sends nothing for this time
    COMMAND_TIMEOUT: "command_timeout" <"DURATION">
    Time(Duration::ZERO, Duration::MAX), Is("30s"), SQL_SERVER, EVERY;

    /// Give up a command that may take long, such as completing, enqueueing or purging, when the server
    /// sends nothing for this time
    ANSWER_TIMEOUT: "answer_timeout" <"DURATION">
    Time(Duration::from_secs(1), Duration::MAX), Default::Time(RunConfig::ANSWER_TIMEOUT),
    SQL_SERVER, EVERY;

    /// Mapping contract, a TOML file
    CONTRACT: "contract" <"FILE"> Text, Unset, GENERAL, EVERY;

    /// Print no progress and no notes, only data, warnings and errors
    QUIET: "quiet" <"BOOL"> Switch, Is("false"), GENERAL, EVERY;

    /// Show colours: auto (on a terminal, unless NO_COLOR is set), always or never
    COLOR: "color" <"WHEN"> Words("auto, always or never"), Is("auto"), GENERAL, EVERY;

    /// Log this level and more severe ones: off, error, warn, info, debug or trace
    LOG_LEVEL: "log_level" <"LEVEL"> Words("off, error, warn, info, debug or trace"), Is("info"),
    GENERAL, EVERY;

    /// Write log lines as text or json
    LOG_FORMAT: "log_format" <"FORMAT"> Words("text or json"), Is("text"), GENERAL, EVERY;

    /// Also log to the file xmlshred_<utc>_<session>.log in this folder
    LOG_DIR: "log_dir" <"DIR"> Text, Unset, GENERAL, EVERY;

    /// Delete the log files in --log-dir that were last written more than so many days ago
    LOG_DAYS: "log_days" <"N"> Whole(1, 20_000), Unset, GENERAL, EVERY;

    /// Threads that shred documents
    WORKERS: "workers" <"N"> Whole(1, 1024), Computed("one per CPU core"), PIPELINE, SHRED;

    /// Claim at most so many applications, 4 MiB of documents, or as many as have 10000 rows, at a time; SQL
    /// Server uses at most 4000
    BATCH_SIZE: "batch_size" <"N"> Whole(1, 10_000), Number(RunConfig::BATCH_SIZE as u64),
    PIPELINE, RUN;

    /// Memory for claimed documents and their rows
    MAX_BYTES_IN_FLIGHT: "max_bytes_in_flight" <"SIZE">
    Size(1, u64::MAX), Default::Size(RunConfig::MAX_BYTES_IN_FLIGHT), PIPELINE, RUN;

    /// Stop after this many applications
    LIMIT: "limit" <"N"> Whole(1, i64::MAX), Unset, PIPELINE, RUN;

    /// Wait for new work instead of ending when nothing is ready
    FOLLOW: "follow" <"BOOL"> Switch, Is("false"), PIPELINE, RUN;

    /// Time limit of a claim; the worker renews it, and the claims of a dead worker can be reaped after it
    LEASE: "lease" <"DURATION"> Time(SHORTEST, DAY), Default::Time(RunConfig::LEASE),
    PIPELINE, RUN;

    /// Time to wait before looking for work again when nothing is ready
    POLL: "poll" <"DURATION"> Time(SHORTEST, Duration::MAX), Default::Time(RunConfig::POLL),
    PIPELINE, RUN;

    /// Name of this worker in sessions, claims and the log
    WORKER_NAME: "worker_name" <"NAME"> Text, Computed("host and process id"), PIPELINE, RUN;

    /// Exit with status 1: never, if any application fails, or if more than this percentage fails
    FAIL_ON: "fail_on" <"never|any|PERCENT"> Words("never, any or a percentage from 0 to 100"),
    Is("any"), PIPELINE, MAP;

    /// Quarantine an application that was reaped or refused this often while alone
    MAX_REAPS: "max_reaps" <"N"> Whole(1, 1000), Number(RunConfig::MAX_REAPS as u64),
    PIPELINE, REAP;

    /// Process only partition I: applications with app_id % instance-count = I; requires --instance-count
    INSTANCE_ID: "instance_id" <"I"> Whole(0, i64::MAX), Unset, SHARE, RUN;

    /// Number of partitions; requires --instance-id
    INSTANCE_COUNT: "instance_count" <"N"> Whole(1, i64::MAX), Unset, SHARE, RUN;

    /// Smallest application id, inclusive
    APP_ID_START: "app_id_start" <"ID"> Whole(i64::MIN, i64::MAX), Unset, SHARE, ENQUEUE;

    /// Largest application id, inclusive
    APP_ID_END: "app_id_end" <"ID"> Whole(i64::MIN, i64::MAX), Unset, SHARE, ENQUEUE;

    /// Size of a document
    MAX_DOCUMENT_BYTES: "max_document_bytes" <"SIZE">
    Size(1, MAX_DOCUMENT), Default::Size(Limits::DEFAULT.document_bytes), LIMITS, READ;

    /// Nesting of elements
    MAX_DEPTH: "max_depth" <"N"> Whole(1, i64::MAX), Number(Limits::DEFAULT.depth as u64),
    LIMITS, SHRED;

    /// Attributes of an element that the contract reads
    MAX_ATTRIBUTES: "max_attributes" <"N">
    Whole(1, i64::MAX), Number(Limits::DEFAULT.attributes as u64), LIMITS, SHRED;

    /// Size of an attribute or an element's text that the contract reads
    MAX_TEXT_BYTES: "max_text_bytes" <"SIZE">
    Size(1, MAX_DOCUMENT), Default::Size(Limits::DEFAULT.text_bytes as u64), LIMITS, SHRED;

    /// Rows of a document, in all tables together
    MAX_ROWS: "max_rows" <"N"> Whole(1, i64::MAX), Number(Limits::DEFAULT.rows as u64),
    LIMITS, SHRED;

    /// Memory for what is made of a document: its rows, what is read for them, texts on the way
    MAX_ROW_BYTES: "max_row_bytes" <"SIZE">
    Size(1, u64::MAX), Default::Size(Limits::DEFAULT.row_bytes), LIMITS, SHRED;

    /// Time that shredding a document may take; 0s means unlimited
    DOCUMENT_TIMEOUT: "document_timeout" <"DURATION">
    Time(Duration::ZERO, Duration::MAX), Default::Time(Limits::DEFAULT.time), LIMITS, SHRED;
}
