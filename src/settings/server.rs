//! Where SQL Server is, as `--server` and its company name it.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::quantity::{parse_duration, Expected};
use super::{keys, parse_bool, Reader, StoreLocation};
use crate::store::sqlserver::install::Names;
use crate::store::sqlserver::{
    checked_identifier, read_secret, Login, Secret, ServerName, ServerSettings, Trust,
};

/// A server and the installation on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerLocation {
    /// How the server is reached.
    pub server: Server,
    /// The schema of the pipeline's objects.
    pub schema: String,
    /// The source table, as `schema.table`.
    pub source_table: String,
    /// Bound on connecting and logging in.
    pub connect_timeout: Duration,
    /// Bound on the server's silence within a command.
    pub command_timeout: Duration,
    /// What the connections call themselves, after the program's name.
    pub session: String,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum Server {
    /// By single settings.
    Named {
        /// `--server`
        name: ServerName,
        /// `--database`
        database: String,
        /// Who logs in.
        login: Login,
        /// Which certificates are believed.
        trust: Trust,
    },
    /// By `--connection-string`, which says everything.
    ConnectionString(Secret),
}

impl ServerLocation {
    /// As the store wants it.
    ///
    /// # Errors
    /// The connection string cannot be read, or the login does not work on this platform.
    pub fn settings(&self) -> Result<ServerSettings, String> {
        let settings = match &self.server {
            Server::ConnectionString(text) => ServerSettings::from_ado_string(text.expose())?,
            Server::Named { name, database, login, trust } => {
                ServerSettings::new(name.clone(), database, login.clone(), trust.clone())?
            }
        };
        Ok(settings
            .schema(&self.schema)?
            .connect_timeout(self.connect_timeout)
            .command_timeout(self.command_timeout))
    }

    /// What the placeholders of the scripts stand for.
    ///
    /// # Errors
    /// A name that no quoting should have to save.
    pub fn names(&self) -> Result<Names, String> {
        Names::new(&self.schema, &self.source_table)
    }
}

impl fmt::Display for ServerLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server {
            Server::Named { name, database, .. } => write!(f, "{name}/{database}"),
            Server::ConnectionString(_) => f.write_str("the server of --connection-string"),
        }
    }
}

impl Reader<'_> {
    /// The server that the settings name, if they name one.
    pub(super) fn server(&mut self) -> Option<StoreLocation> {
        let server = match (self.counts(&keys::SERVER), self.counts(&keys::CONNECTION_STRING)) {
            (false, false) => return None,
            (true, _) => self.named_server(),
            (false, true) => self.connection_string().map(Server::ConnectionString),
        };
        let schema = self.read(&keys::SCHEMA, |text| {
            checked_identifier("schema", text).map_err(|_| schema_expected())
        });
        let source_table = self
            .read(&keys::SOURCE_TABLE, |text| Names::new("sandbox", text).map(|_| text.to_owned()));
        let connect_timeout = self.read(&keys::CONNECT_TIMEOUT, parse_duration);
        let command_timeout = self.read(&keys::COMMAND_TIMEOUT, parse_duration);
        Some(StoreLocation::SqlServer(Box::new(ServerLocation {
            server: server?,
            schema: schema?,
            source_table: source_table?,
            connect_timeout: connect_timeout?,
            command_timeout: command_timeout?,
            session: std::process::id().to_string(),
        })))
    }

    /// Whether a setting names the store, and none of a higher origin does.
    fn counts(&self, key: &'static keys::Key) -> bool {
        self.get(key).is_some_and(|found| found.text.is_some() && found.outranked_by.is_none())
    }

    fn connection_string(&mut self) -> Option<Secret> {
        let text = self.get(&keys::CONNECTION_STRING)?.text.clone()?;
        match ServerSettings::from_ado_string(&text) {
            Ok(_) => Some(Secret::new(text)),
            Err(problem) => {
                self.problems.push(format!("--connection-string: {problem}"));
                None
            }
        }
    }

    fn named_server(&mut self) -> Option<Server> {
        let name =
            self.read(&keys::SERVER, |text| ServerName::parse(text).map_err(|_| server_expected()));
        let database = self.read(&keys::DATABASE, |text| Ok(text.to_owned()));
        if !self.is_set(&keys::DATABASE) {
            self.problems.push("--server needs --database".to_owned());
        }
        let login = self.login();
        let trust = self.trust();
        Some(Server::Named { name: name?, database: database?, login: login?, trust: trust? })
    }

    fn login(&mut self) -> Option<Login> {
        let user = self.read(&keys::USER, |text| Ok(text.to_owned()));
        let token = self.path(&keys::ACCESS_TOKEN_FILE);
        match (user, token) {
            (Some(_), Some(_)) => {
                self.problems.push("--user and --access-token-file are two logins".to_owned());
                None
            }
            (Some(user), None) => Some(Login::Password { user, password: self.password()? }),
            (None, Some(file)) => self.secret_of(&file).map(Login::AccessToken),
            (None, None) if cfg!(windows) => Some(Login::Integrated),
            (None, None) => {
                self.problems.push(
                    "--server needs --user with XMLSHRED_PASSWORD or --password-file, or \
                     --access-token-file; Windows authentication works on Windows only"
                        .to_owned(),
                );
                None
            }
        }
    }

    fn password(&mut self) -> Option<Secret> {
        let password = self.read(&keys::PASSWORD, |text| Ok(text.to_owned()));
        match (self.path(&keys::PASSWORD_FILE), password) {
            (Some(file), _) => self.secret_of(&file),
            (None, Some(password)) => Some(Secret::new(password)),
            (None, None) => {
                self.problems.push("--user needs XMLSHRED_PASSWORD or --password-file".to_owned());
                None
            }
        }
    }

    fn secret_of(&mut self, file: &Path) -> Option<Secret> {
        read_secret(file).map_err(|problem| self.problems.push(problem)).ok()
    }

    fn trust(&mut self) -> Option<Trust> {
        let anything = self.read(&keys::TRUST_SERVER_CERTIFICATE, parse_bool)?;
        match (anything, self.path(&keys::CA_FILE)) {
            (true, Some(_)) => {
                self.problems.push(
                    "--trust-server-certificate believes every certificate: leave --ca-file out, \
                     or, better, it"
                        .to_owned(),
                );
                None
            }
            (true, None) => Some(Trust::Anything),
            (false, Some(file)) => Some(Trust::Authority(file)),
            (false, None) => Some(Trust::System),
        }
    }
}

fn server_expected() -> Expected {
    r"a server: write HOST, HOST\INSTANCE or HOST,PORT, such as localhost\SQLEXPRESS".to_owned()
}

fn schema_expected() -> Expected {
    "a schema: a letter, then letters, digits and _ - # $ @, at most 128 bytes".to_owned()
}
