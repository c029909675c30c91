//! Where SQL Server is, how to log in, and what the pipeline's objects are called there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tiberius::{AuthMethod, Config, EncryptionLevel};

/// How long a login may take unless the settings say otherwise, as in ADO.NET.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a command may be silent unless the settings say otherwise, as in ADO.NET.
/// Completing has no such bound: there the server's LOCK_TIMEOUT holds.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// The schema that an installation lives in unless the settings say otherwise.
pub const DEFAULT_SCHEMA: &str = "sandbox";

/// A password or token: it never shows in a log, a message or a dump.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for who has to have it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How a session says who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A login of SQL Server itself.
    Password {
        /// `--user`
        user: String,
        /// `XMLSHRED_PASSWORD`, or what a password file holds.
        password: Secret,
    },
    /// The Windows account that the process runs as.
    Integrated,
    /// A Microsoft Entra access token, as `az account get-access-token` prints it.
    AccessToken(Secret),
}

/// `--server`: `HOST`, `HOST\INSTANCE`, `HOST,PORT` or, on Windows, `np:HOST[\INSTANCE]` or
/// `np:\\HOST\pipe\…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerName {
    /// A TCP port: the one given, the one SQL Browser tells for the instance, or 1433.
    Tcp {
        /// Host name or address.
        host: String,
        /// Named instance.
        instance: Option<String>,
        /// Port; with it SQL Browser is not asked.
        port: Option<u16>,
    },
    /// A named pipe, such as `\\.\pipe\sql\query`.
    Pipe(String),
}

impl ServerName {
    /// Reads a server's name; the error says what is expected.
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

/// `.` and `(local)` are what SQL Server's own tools call this machine.
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

/// The pipe that an instance listens on unless it was configured otherwise.
pub(super) fn pipe_of(host: &str, instance: Option<&str>) -> String {
    let host = if known_as(host).eq_ignore_ascii_case("localhost") { "." } else { host };
    match instance {
        Some(instance) => format!(r"\\{host}\pipe\MSSQL${}\sql\query", instance.to_uppercase()),
        None => format!(r"\\{host}\pipe\sql\query"),
    }
}

/// Everything a session needs to reach an installation.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    pub(super) config: Config,
    /// Not known for a connection string, which always means TCP.
    pub(super) name: Option<ServerName>,
    /// What messages call the server; no secret is in it.
    pub(super) location: String,
    /// Not known for a connection string.
    pub(super) checks_certificate: Option<bool>,
    pub(super) schema: String,
    pub(super) connect_timeout: Duration,
    pub(super) command_timeout: Duration,
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
        if let ServerName::Tcp { host, instance, port } = &name {
            config.host(host);
            port.iter().for_each(|port| config.port(*port));
            // With a port SQL Browser has nothing to tell.
            instance.iter().filter(|_| port.is_none()).for_each(|name| config.instance_name(name));
        }
        config.database(database);
        config.encryption(EncryptionLevel::Required);
        config.authentication(method(login)?);
        trust.apply(&mut config);
        let location = format!("{name}/{database}");
        let checks_certificate = Some(trust != Trust::Anything);
        Ok(Self { checks_certificate, ..Self::with(config, Some(name), location) })
    }

    /// From an ADO.NET connection string, which says everything, encryption included.
    pub fn from_ado_string(text: &str) -> Result<Self, String> {
        let config = Config::from_ado_string(text)
            .map_err(|error| format!("the connection string cannot be read: {error}"))?;
        let location = config.get_addr();
        Ok(Self::with(config, None, location))
    }

    fn with(mut config: Config, name: Option<ServerName>, location: String) -> Self {
        // Each call has its own bound, so that completing can go without one.
        config.command_timeout(None);
        Self {
            config,
            name,
            location,
            checks_certificate: None,
            schema: DEFAULT_SCHEMA.to_owned(),
            connect_timeout: CONNECT_TIMEOUT,
            command_timeout: COMMAND_TIMEOUT,
        }
    }

    /// Another schema than `sandbox`. Refuses what no quoting should have to save.
    pub fn schema(mut self, schema: &str) -> Result<Self, String> {
        self.schema = checked_identifier("schema", schema)?;
        Ok(self)
    }

    /// Another bound on connecting and logging in.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Another bound on the server's silence within one command.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = timeout;
        self
    }

    /// What messages call the server: no secret is in it.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The schema of the pipeline's objects.
    pub fn schema_name(&self) -> &str {
        &self.schema
    }
}

/// Which server certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those that the operating system's store vouches for.
    #[default]
    System,
    /// These authorities too: `--ca-file`, PEM or DER.
    Authority(PathBuf),
    /// Any: `--trust-server-certificate`. Whoever sits in between can then read everything.
    Anything,
}

impl Trust {
    fn apply(&self, config: &mut Config) {
        match self {
            Self::System => {}
            Self::Authority(file) => config.trust_cert_ca(file.display()),
            Self::Anything => config.trust_cert(),
        }
    }
}

fn method(login: Login) -> Result<AuthMethod, String> {
    match login {
        Login::Password { user, password } => Ok(AuthMethod::sql_server(user, password.0)),
        Login::AccessToken(token) => Ok(AuthMethod::aad_token(token.0)),
        #[cfg(windows)]
        Login::Integrated => Ok(AuthMethod::Integrated),
        #[cfg(not(windows))]
        Login::Integrated => Err("Windows integrated authentication works on Windows only: \
                                  give --user with XMLSHRED_PASSWORD, or an access token file"
            .to_owned()),
    }
}

/// Reads a file that holds nothing but a secret; a line break at its end does not count.
pub fn read_secret(file: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read the secret file {}: {error}", file.display()))?;
    let secret = text.strip_prefix('\u{feff}').unwrap_or(&text).trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(format!("the secret file {} is empty", file.display()));
    }
    Ok(Secret::new(secret))
}

/// A name that may stand between brackets in a script and in a sqlcmd variable as it is.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, instance: Option<&str>, port: Option<u16>) -> ServerName {
        ServerName::Tcp { host: host.into(), instance: instance.map(str::to_owned), port }
    }

    #[test]
    fn a_server_is_named_as_sql_servers_tools_name_it() {
        assert_eq!(ServerName::parse("db1"), Ok(tcp("db1", None, None)));
        assert_eq!(ServerName::parse("tcp:db1,1444"), Ok(tcp("db1", None, Some(1444))));
        assert_eq!(
            ServerName::parse(r"localhost\SQLEXPRESS"),
            Ok(tcp("localhost", Some("SQLEXPRESS"), None))
        );
        assert_eq!(ServerName::parse(r"(local)\X"), Ok(tcp("localhost", Some("X"), None)));
        assert_eq!(ServerName::parse("."), Ok(tcp("localhost", None, None)));
        assert_eq!(
            ServerName::parse(r"np:.\sqlexpress"),
            Ok(ServerName::Pipe(r"\\.\pipe\MSSQL$SQLEXPRESS\sql\query".into()))
        );
        assert_eq!(
            ServerName::parse(r"np:\\db1\pipe\sql\query"),
            Ok(ServerName::Pipe(r"\\db1\pipe\sql\query".into()))
        );
        for wrong in ["", r"\X", "db1,", "db1,0", "db1,x", r"db1\", r"a\b\c", "a b", "np:"] {
            let said = ServerName::parse(wrong).unwrap_err();
            assert!(said.contains("HOST,PORT"), "{wrong}: {said}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let login = Login::Password { user: "worker".into(), password: Secret::new("hunter2") };
        assert!(!format!("{login:?}").contains("hunter2"));
        let name = ServerName::parse("db1").unwrap();
        let settings = ServerSettings::new(name, "credit", login, Trust::System).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let ado = "Server=db1;User Id=worker;Password=hunter2";
        let settings = ServerSettings::from_ado_string(ado).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert!(!settings.location().contains("hunter2"));
    }

    #[test]
    fn a_schema_that_would_need_quoting_is_refused() {
        assert_eq!(checked_identifier("schema", "sand_box 2"), Ok("sand_box 2".into()));
        for wrong in ["", "a]b", "a'b", "1a", "a;b", "a$(b)", "a\n"] {
            assert!(checked_identifier("schema", wrong).is_err(), "{wrong:?}");
        }
    }
}
