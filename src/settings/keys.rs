//! Every setting, described once: its flag, environment variable, file key, default and help all
//! come from this table.

/// One setting.
///
/// `batch_size` is the flag `--batch-size`, the variable `XMLSHRED_BATCH_SIZE` and the key
/// `batch_size` in xmlshred.toml.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// Name in `snake_case`.
    pub name: &'static str,
    /// What the value is called in the help.
    pub value_name: &'static str,
    /// What holds when nobody says otherwise.
    pub default: Default,
    /// One sentence for the help, without the default.
    pub help: &'static str,
    /// Heading in the help; `None` for the options that every command has.
    pub heading: Option<&'static str>,
    /// Whether the flag may stand without a value and then means `true`.
    pub switch: bool,
}

/// A setting's default.
#[derive(Debug, PartialEq, Eq)]
pub enum Default {
    /// Always this text.
    Is(&'static str),
    /// Found out on this machine; the text describes it.
    Computed(&'static str),
    /// Not set.
    Unset,
}

impl Key {
    /// Whether the value is never shown.
    pub fn is_secret(&self) -> bool {
        *self == PASSWORD || *self == CONNECTION_STRING
    }

    /// The flag without its dashes, such as `batch-size`.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// The environment variable, such as `XMLSHRED_BATCH_SIZE`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.name.to_uppercase())
    }
}

/// What every environment variable of this program begins with.
pub const VARIABLE_PREFIX: &str = "XMLSHRED_";

const PIPELINE: Option<&str> = Some("Pipeline");
const LIMITS: Option<&str> = Some("Limits on a document; one that has more fails");
const SQL_SERVER: Option<&str> = Some("SQL Server");
const SHARE: Option<&str> = Some("Share of the queue");

/// The settings file; it cannot stand in one.
pub const CONFIG: Key = Key {
    name: "config",
    value_name: "FILE",
    default: Default::Computed("xmlshred.toml in the working folder, if there is one"),
    help: "Settings file",
    heading: None,
    switch: false,
};

/// Where the queue is.
pub const STORE: Key = Key {
    name: "store",
    value_name: "sqlite:PATH",
    default: Default::Unset,
    help: "The store that holds documents, queue, log and target tables",
    heading: None,
    switch: false,
};

/// The mapping contract.
pub const CONTRACT: Key = Key {
    name: "contract",
    value_name: "FILE",
    default: Default::Unset,
    help: "The mapping contract, a TOML file",
    heading: None,
    switch: false,
};

/// How much is logged.
pub const LOG_LEVEL: Key = Key {
    name: "log_level",
    value_name: "LEVEL",
    default: Default::Is("info"),
    help: "How much to log: off, error, warn, info, debug or trace",
    heading: None,
    switch: false,
};

/// The form of log lines.
pub const LOG_FORMAT: Key = Key {
    name: "log_format",
    value_name: "FORMAT",
    default: Default::Is("text"),
    help: "The form of log lines: text or json",
    heading: None,
    switch: false,
};

/// Where log files go.
pub const LOG_DIR: Key = Key {
    name: "log_dir",
    value_name: "DIR",
    default: Default::Unset,
    help: "Also log to xmlshred_<utc>_<session>.log in this folder",
    heading: None,
    switch: false,
};

/// CPU threads.
pub const WORKERS: Key = Key {
    name: "workers",
    value_name: "N",
    default: Default::Computed("one per CPU core"),
    help: "Threads that parse and map documents",
    heading: PIPELINE,
    switch: false,
};

/// Applications per claim.
pub const BATCH_SIZE: Key = Key {
    name: "batch_size",
    value_name: "N",
    default: Default::Is("25"),
    help: "Applications per claim, and so per transaction",
    heading: PIPELINE,
    switch: false,
};

/// The bound on memory.
pub const MAX_BYTES_IN_FLIGHT: Key = Key {
    name: "max_bytes_in_flight",
    value_name: "SIZE",
    default: Default::Is("128MiB"),
    help: "Bytes that claimed documents and their rows may take at once",
    heading: PIPELINE,
    switch: false,
};

/// Where a run stops early.
pub const LIMIT: Key = Key {
    name: "limit",
    value_name: "N",
    default: Default::Unset,
    help: "Stop after this many applications",
    heading: PIPELINE,
    switch: false,
};

/// Whether a run waits for new work.
pub const FOLLOW: Key = Key {
    name: "follow",
    value_name: "BOOL",
    default: Default::Is("false"),
    help: "Keep polling for new work instead of ending when nothing is ready",
    heading: PIPELINE,
    switch: true,
};

/// How long a claim holds.
pub const LEASE: Key = Key {
    name: "lease",
    value_name: "DURATION",
    default: Default::Is("2m"),
    help: "How long a claim holds without a renewal; a dead worker's claims return after this",
    heading: PIPELINE,
    switch: false,
};

/// How often to look again.
pub const POLL: Key = Key {
    name: "poll",
    value_name: "DURATION",
    default: Default::Is("5s"),
    help: "How long to wait before looking again when nothing is ready",
    heading: PIPELINE,
    switch: false,
};

/// What this worker is called.
pub const WORKER_NAME: Key = Key {
    name: "worker_name",
    value_name: "NAME",
    default: Default::Computed("host and process id"),
    help: "What this worker is called in sessions, claims and the log",
    heading: PIPELINE,
    switch: false,
};

/// How many failures make the exit status 1.
pub const FAIL_ON: Key = Key {
    name: "fail_on",
    value_name: "never|any|PERCENT",
    default: Default::Is("any"),
    help: "How many failed applications make the exit status 1",
    heading: PIPELINE,
    switch: false,
};

/// When an application that kills its workers is set aside.
pub const MAX_REAPS: Key = Key {
    name: "max_reaps",
    value_name: "N",
    default: Default::Is("3"),
    help: "Quarantine an application that was reaped this often while alone in its claim",
    heading: PIPELINE,
    switch: false,
};

/// This instance's number.
pub const INSTANCE_ID: Key = Key {
    name: "instance_id",
    value_name: "I",
    default: Default::Unset,
    help: "Take only applications with app_id % instance-count = I; needs --instance-count",
    heading: SHARE,
    switch: false,
};

/// Number of instances.
pub const INSTANCE_COUNT: Key = Key {
    name: "instance_count",
    value_name: "N",
    default: Default::Unset,
    help: "How many instances share the queue; needs --instance-id",
    heading: SHARE,
    switch: false,
};

/// Smallest application id.
pub const APP_ID_START: Key = Key {
    name: "app_id_start",
    value_name: "ID",
    default: Default::Unset,
    help: "Smallest application id, inclusive",
    heading: SHARE,
    switch: false,
};

/// Largest application id.
pub const APP_ID_END: Key = Key {
    name: "app_id_end",
    value_name: "ID",
    default: Default::Unset,
    help: "Largest application id, inclusive",
    heading: SHARE,
    switch: false,
};

/// The largest document.
pub const MAX_DOCUMENT_BYTES: Key = Key {
    name: "max_document_bytes",
    value_name: "SIZE",
    default: Default::Is("256MiB"),
    help: "Bytes of a document",
    heading: LIMITS,
    switch: false,
};

/// The deepest document.
pub const MAX_DEPTH: Key = Key {
    name: "max_depth",
    value_name: "N",
    default: Default::Is("512"),
    help: "Elements inside each other",
    heading: LIMITS,
    switch: false,
};

/// The most attributes.
pub const MAX_ATTRIBUTES: Key = Key {
    name: "max_attributes",
    value_name: "N",
    default: Default::Is("10000"),
    help: "Attributes of an element that the contract reads",
    heading: LIMITS,
    switch: false,
};

/// The longest text.
pub const MAX_TEXT_BYTES: Key = Key {
    name: "max_text_bytes",
    value_name: "SIZE",
    default: Default::Is("64MiB"),
    help: "Bytes of an attribute or an element's text that the contract reads",
    heading: LIMITS,
    switch: false,
};

/// The most rows.
pub const MAX_ROWS: Key = Key {
    name: "max_rows",
    value_name: "N",
    default: Default::Is("1000000"),
    help: "Rows that a document gives, in all tables together",
    heading: LIMITS,
    switch: false,
};

/// The server.
pub const SERVER: Key = Key {
    name: "server",
    value_name: "HOST[\\INSTANCE][,PORT]",
    default: Default::Unset,
    help: "The SQL Server that holds everything; np:HOST for its named pipe",
    heading: SQL_SERVER,
    switch: false,
};

/// The database.
pub const DATABASE: Key = Key {
    name: "database",
    value_name: "NAME",
    default: Default::Unset,
    help: "The database",
    heading: SQL_SERVER,
    switch: false,
};

/// The schema of the pipeline.
pub const SCHEMA: Key = Key {
    name: "schema",
    value_name: "NAME",
    default: Default::Is("sandbox"),
    help: "The schema of queue, log and procedures",
    heading: SQL_SERVER,
    switch: false,
};

/// The source table.
pub const SOURCE_TABLE: Key = Key {
    name: "source_table",
    value_name: "SCHEMA.TABLE",
    default: Default::Is("dbo.app_xml"),
    help: "The table of documents, with columns app_id and xml; install only",
    heading: SQL_SERVER,
    switch: false,
};

/// The login.
pub const USER: Key = Key {
    name: "user",
    value_name: "NAME",
    default: Default::Unset,
    help:
        "A SQL Server login, with its password in XMLSHRED_PASSWORD [default: the Windows account]",
    heading: SQL_SERVER,
    switch: false,
};

/// The password: a variable only, because a flag would show it to everybody who lists processes,
/// and a settings file to everybody who reads it.
pub const PASSWORD: Key = Key {
    name: "password",
    value_name: "TEXT",
    default: Default::Unset,
    help: "The password of --user",
    heading: SQL_SERVER,
    switch: false,
};

/// Where the password is.
pub const PASSWORD_FILE: Key = Key {
    name: "password_file",
    value_name: "FILE",
    default: Default::Unset,
    help: "The password of --user, instead of XMLSHRED_PASSWORD",
    heading: SQL_SERVER,
    switch: false,
};

/// Where the access token is.
pub const ACCESS_TOKEN_FILE: Key = Key {
    name: "access_token_file",
    value_name: "FILE",
    default: Default::Unset,
    help: "A Microsoft Entra access token to log in with",
    heading: SQL_SERVER,
    switch: false,
};

/// The whole of it.
pub const CONNECTION_STRING: Key = Key {
    name: "connection_string",
    value_name: "ADO.NET",
    default: Default::Unset,
    help: "Instead of all of these, such as Server=db1;Database=credit;User Id=worker;Password=...",
    heading: SQL_SERVER,
    switch: false,
};

/// Whether any certificate will do.
pub const TRUST_SERVER_CERTIFICATE: Key = Key {
    name: "trust_server_certificate",
    value_name: "BOOL",
    default: Default::Is("false"),
    help: "Do not check who the server is; whoever sits in between can read everything",
    heading: SQL_SERVER,
    switch: true,
};

/// An authority of certificates.
pub const CA_FILE: Key = Key {
    name: "ca_file",
    value_name: "FILE",
    default: Default::Unset,
    help: "Also believe certificates of this authority, PEM or DER",
    heading: SQL_SERVER,
    switch: false,
};

/// Bound on logging in.
pub const CONNECT_TIMEOUT: Key = Key {
    name: "connect_timeout",
    value_name: "DURATION",
    default: Default::Is("15s"),
    help: "How long connecting and logging in may take",
    heading: SQL_SERVER,
    switch: false,
};

/// Bound on silence.
pub const COMMAND_TIMEOUT: Key = Key {
    name: "command_timeout",
    value_name: "DURATION",
    default: Default::Is("30s"),
    help: "How long the server may be silent within a command; completing is not bounded",
    heading: SQL_SERVER,
    switch: false,
};

/// Every setting, in the order `xmlshred settings` prints them.
pub const ALL: &[&Key] = &[
    &CONFIG,
    &STORE,
    &SERVER,
    &DATABASE,
    &SCHEMA,
    &SOURCE_TABLE,
    &USER,
    &PASSWORD,
    &PASSWORD_FILE,
    &ACCESS_TOKEN_FILE,
    &CONNECTION_STRING,
    &TRUST_SERVER_CERTIFICATE,
    &CA_FILE,
    &CONNECT_TIMEOUT,
    &COMMAND_TIMEOUT,
    &CONTRACT,
    &LOG_LEVEL,
    &LOG_FORMAT,
    &LOG_DIR,
    &WORKERS,
    &BATCH_SIZE,
    &MAX_BYTES_IN_FLIGHT,
    &LIMIT,
    &FOLLOW,
    &LEASE,
    &POLL,
    &WORKER_NAME,
    &FAIL_ON,
    &MAX_REAPS,
    &INSTANCE_ID,
    &INSTANCE_COUNT,
    &APP_ID_START,
    &APP_ID_END,
    &MAX_DOCUMENT_BYTES,
    &MAX_DEPTH,
    &MAX_ATTRIBUTES,
    &MAX_TEXT_BYTES,
    &MAX_ROWS,
];
