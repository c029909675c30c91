//! The settings of a connection: server, login, and schema.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tiberius::{AuthMethod, Config, EncryptionLevel};

use super::ado;
use super::channel::{Account, Trust};
use crate::files;
use crate::store::sqlserver::fault::LoginHint;

/// Default timeout of a login, as in ADO.NET.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Default timeout of a command, as in ADO.NET. Calls that take long have another.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Default timeout of a call that takes long: completions bound themselves by LOCK_TIMEOUT, and procedures
/// that work in chunks send a message at least with every chunk that takes half a minute.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);

/// Default schema of an installation.
pub const DEFAULT_SCHEMA: &str = "sandbox";

/// A password or token, which no log, message or dump shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How a session authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A login of SQL Server itself.
    Password {
        /// `--user`
        user: String,
        /// `XMLSHRED_PASSWORD`, or the contents of a password file.
        password: Secret,
    },
    /// The account of the process: on Windows by Negotiate, elsewhere by a ticket of Kerberos in a program that
    /// is built with the feature `kerberos`.
    Integrated,
    /// A Microsoft Entra access token in this file. It lives for about an hour, so each connection reads the
    /// file again.
    AccessToken(PathBuf),
}

/// Whether the account of the process can log in.
pub const LOGS_IN_ACCOUNTS: bool = cfg!(any(windows, feature = "kerberos"));

/// What to say of such a login where it cannot.
pub const NO_ACCOUNTS: &str = "an account of the domain logs in on Windows, and elsewhere if \
                               xmlshred is built with the feature kerberos";

impl Login {
    fn hint(&self) -> LoginHint {
        match self {
            Self::Integrated => LoginHint::Account,
            Self::AccessToken(_) => LoginHint::Token,
            Self::Password { password, .. } if password.0.ends_with([' ', '\t']) => {
                LoginHint::Blank
            }
            _ => LoginHint::None,
        }
    }
}

/// `--server`: `HOST`, `HOST\INSTANCE`, `HOST,PORT` or, on Windows, `np:HOST[\INSTANCE]` or
/// `np:\\HOST\pipe\…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerName {
    /// A TCP port: the given one, the instance's one from SQL Browser, or 1433.
    Tcp {
        /// Host name or address.
        host: String,
        /// Named instance.
        instance: Option<String>,
        /// Port, which makes SQL Browser unnecessary.
        port: Option<u16>,
    },
    /// A named pipe, such as `\\.\pipe\sql\query`.
    Pipe(String),
}

impl ServerName {
    /// Reads a server's name; the error has the expected form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "{text:?} is not a server: write HOST, HOST\\INSTANCE or HOST,PORT, \
                 such as localhost\\SQLEXPRESS"
            )
        };
        let text = text.trim();
        if let Some(pipe) = strip_prefix_ignoring_case(text, "np:") {
            return parse_pipe(pipe).ok_or_else(expected);
        }
        let name = strip_prefix_ignoring_case(text, "tcp:").unwrap_or(text);
        let (name, port) = match name.split_once(',') {
            Some((name, port)) => (name, Some(port.trim().parse().map_err(|_| expected())?)),
            None => (name, None),
        };
        let (host, instance) = match name.split_once('\\') {
            Some((host, instance)) if !instance.is_empty() && !instance.contains('\\') => {
                (host, Some(instance.to_owned()))
            }
            Some(_) => return Err(expected()),
            None => (name, None),
        };
        if host.is_empty() || host.contains(char::is_whitespace) || port == Some(0) {
            return Err(expected());
        }
        Ok(Self::Tcp { host: known_as(host), instance, port })
    }
}

impl ServerName {
    /// Whether the name may be an availability group's listener. A named instance without a port is
    /// not one: Microsoft supports no MultiSubnetFailover for it.
    pub fn may_be_listener(&self) -> bool {
        match self {
            Self::Tcp { instance, port, .. } => instance.is_none() || port.is_some(),
            Self::Pipe(_) => false,
        }
    }

    /// What the account of the process needs to log in here.
    fn account(&self, trust: &Trust) -> Account {
        match self {
            Self::Tcp { host, .. } => Account::of(host, trust.clone()),
            Self::Pipe(path) => Account {
                instance: instance_of(path).map(str::to_owned),
                ..Account::of(host_of(path).unwrap_or("localhost"), trust.clone())
            },
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipe(path) => write!(f, "np:{path}"),
            Self::Tcp { host, instance, port } => {
                f.write_str(host)?;
                instance.iter().try_for_each(|instance| write!(f, "\\{instance}"))?;
                port.iter().try_for_each(|port| write!(f, ",{port}"))
            }
        }
    }
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// `.` and `(local)` are this machine in SQL Server's own tools.
fn known_as(host: &str) -> String {
    if host == "." || host.eq_ignore_ascii_case("(local)") {
        "localhost".to_owned()
    } else {
        host.to_owned()
    }
}

fn parse_pipe(text: &str) -> Option<ServerName> {
    if text.starts_with(r"\\") {
        return Some(ServerName::Pipe(text.to_owned()));
    }
    let (host, instance) = match text.split_once('\\') {
        Some((host, instance)) => (host, Some(instance)),
        None => (text, None),
    };
    if host.is_empty() || instance.is_some_and(str::is_empty) {
        return None;
    }
    Some(ServerName::Pipe(pipe_of(host, instance)))
}

/// The default pipe of an instance.
pub(super) fn pipe_of(host: &str, instance: Option<&str>) -> String {
    let host = if known_as(host).eq_ignore_ascii_case("localhost") { "." } else { host };
    match instance {
        Some(instance) => format!(r"\\{host}\pipe\MSSQL${}\sql\query", instance.to_uppercase()),
        None => format!(r"\\{host}\pipe\sql\query"),
    }
}

/// The machine of a pipe, if it is another one.
fn host_of(pipe: &str) -> Option<&str> {
    let (host, _) = pipe.strip_prefix(r"\\")?.split_once('\\')?;
    (host != ".").then_some(host)
}

/// The instance of a pipe, if it is a named one.
fn instance_of(pipe: &str) -> Option<&str> {
    let (_, rest) = pipe.split_once("MSSQL$")?;
    rest.split('\\').next()
}

/// Everything a session needs to reach an installation.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    pub(crate) config: Config,
    /// `None` for a connection string, which always means TCP.
    pub(crate) name: Option<ServerName>,
    /// The server's name in messages, without a secret.
    pub(crate) location: String,
    /// `None` for a connection string.
    pub(crate) checks_certificate: Option<bool>,
    pub(crate) login_hint: LoginHint,
    /// If the account of the process logs in.
    pub(crate) account: Option<Account>,
    /// With the token of each connection.
    token_file: Option<PathBuf>,
    pub(crate) schema: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) command_timeout: Duration,
    pub(crate) answer_timeout: Duration,
}

impl ServerSettings {
    /// From a server, a database and a login. The connection is encrypted and the server's
    /// certificate checked unless [`Trust`] says otherwise.
    pub fn new(
        name: ServerName,
        database: &str,
        login: Login,
        trust: Trust,
    ) -> Result<Self, String> {
        let mut config = Config::new();
        match &name {
            ServerName::Tcp { host, instance, port } => {
                config.host(host);
                port.iter().for_each(|port| config.port(*port));
                // A port makes SQL Browser unnecessary.
                let instance = instance.iter().filter(|_| port.is_none());
                instance.for_each(|name| config.instance_name(name));
            }
            // The certificate is checked for it.
            ServerName::Pipe(path) => host_of(path).into_iter().for_each(|host| config.host(host)),
        }
        let login_hint = login.hint();
        let account = matches!(login, Login::Integrated).then(|| name.account(&trust));
        config.database(database);
        config.encryption(EncryptionLevel::Required);
        let token_file = match &login {
            Login::AccessToken(file) => Some(file.clone()),
            _ => None,
        };
        config.authentication(method(login)?);
        trust.apply(&mut config);
        let location = format!("{name}/{database}");
        let checks_certificate = Some(trust != Trust::Anything);
        let settings = Self::with(config, Some(name), location);
        Ok(Self { checks_certificate, login_hint, account, token_file, ..settings })
    }

    /// What the driver needs for one connection, with the token that the file has now.
    ///
    /// # Errors
    /// What is wrong with the file of the token.
    pub(super) fn for_a_connection(&self) -> Result<Config, String> {
        let mut config = self.config.clone();
        if let Some(file) = &self.token_file {
            config.authentication(AuthMethod::aad_token(read_token(file)?.0));
        }
        Ok(config)
    }

    /// From an ADO.NET connection string, which has all settings, including encryption.
    pub fn from_ado_string(text: &str) -> Result<Self, String> {
        let config = Config::from_ado_string(text)
            .map_err(|error| format!("the connection string cannot be read: {error}"))?;
        let location = config.get_addr();
        let (host, _) = location.rsplit_once(':').unwrap_or((&location, ""));
        let account = ado::account(text, host)?;
        let login_hint = if account.is_some() { LoginHint::Account } else { LoginHint::None };
        Ok(Self { account, login_hint, ..Self::with(config, None, location.clone()) })
    }

    fn with(mut config: Config, name: Option<ServerName>, location: String) -> Self {
        // Each call has its own timeout.
        config.command_timeout(None);
        Self {
            config,
            name,
            location,
            checks_certificate: None,
            login_hint: LoginHint::None,
            account: None,
            token_file: None,
            schema: DEFAULT_SCHEMA.to_owned(),
            connect_timeout: CONNECT_TIMEOUT,
            command_timeout: COMMAND_TIMEOUT,
            answer_timeout: ANSWER_TIMEOUT,
        }
    }

    /// Another name of the server's service than `MSSQLSvc/HOST:PORT`, where the account of the process logs in
    /// and a connection string has none.
    pub fn server_spn(mut self, name: &str) -> Self {
        if let Some(account) = &mut self.account {
            account.service.get_or_insert_with(|| name.to_owned());
        }
        self
    }

    /// Another schema than `sandbox`; refuses names that need quoting.
    pub fn schema(mut self, schema: &str) -> Result<Self, String> {
        self.schema = checked_identifier("schema", schema)?;
        Ok(self)
    }

    /// Whether all addresses of the server are tried at once. A connection string says it itself.
    pub fn multi_subnet_failover(mut self, is_on: bool) -> Self {
        self.config.multi_subnet_failover(is_on);
        self
    }

    /// Whether all addresses of the server are tried at once.
    pub fn tries_all_addresses(&self) -> bool {
        self.config.get_multi_subnet_failover()
    }

    /// Another timeout of connecting and logging in.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Another timeout of a command.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }

    /// Another timeout of a call that takes long.
    pub fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }

    /// The server's name in messages, without a secret.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The schema of the pipeline's objects.
    pub fn schema_name(&self) -> &str {
        &self.schema
    }
}

fn method(login: Login) -> Result<AuthMethod, String> {
    match login {
        Login::Password { user, password } => Ok(AuthMethod::sql_server(user, password.0)),
        Login::AccessToken(file) => Ok(AuthMethod::aad_token(read_token(&file)?.0)),
        // The driver's part of it is none.
        Login::Integrated if LOGS_IN_ACCOUNTS => Ok(AuthMethod::None),
        Login::Integrated => {
            Err(format!("{NO_ACCOUNTS}; use --user with XMLSHRED_PASSWORD, or --access-token-file"))
        }
    }
}

/// Reads a file with an access token: one word, as nothing else in the answers that have one is.
fn read_token(file: &Path) -> Result<Secret, String> {
    let token = read_secret(file)?;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    match token.0.chars().all(is_token) {
        true => Ok(token),
        false => Err(format!(
            "the file {} has more than an access token in it; write the token alone, without quotation \
             marks, JSON or `Bearer`",
            file.display()
        )),
    }
}

/// Reads a file with a secret, without line breaks at its end.
pub fn read_secret(file: &Path) -> Result<Secret, String> {
    let text = files::read_text(file)
        .map_err(|error| format!("cannot read the secret file {}: {error}", file.display()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(format!("the secret file {} is empty", file.display()));
    }
    Ok(Secret::new(secret))
}

/// Checks that a name needs no quoting in brackets or in a sqlcmd variable.
pub fn checked_identifier(what: &str, name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '#' | '$' | '@');
    let starts_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if starts_well && name.len() <= 128 && name.chars().all(plain) && !name.ends_with(' ') {
        return Ok(name.to_owned());
    }
    Err(format!(
        "{name:?} cannot be the {what}: use a letter, then letters, digits and _ - # $ @, \
         at most 128 bytes"
    ))
}
