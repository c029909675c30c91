//! The settings of SQL Server, read together.

use std::path::Path;

use super::connection_string;
use super::keys::{self, Key};
use super::provenance::Resolved;
use super::reader::Reader;
use super::store_location::ServerLocation;
use crate::files;
use crate::store::sqlserver::install::Names;
use crate::store::sqlserver::{
    checked_identifier, read_secret, Login, Secret, ServerName, ServerSettings, Trust,
    LOGS_IN_ACCOUNTS, NO_ACCOUNTS,
};

impl Reader<'_> {
    /// Of the settings that name a store, those of the highest origin count.
    pub(super) fn rank_stores(&mut self) {
        let names = [&keys::STORE, &keys::SERVER, &keys::CONNECTION_STRING];
        let names_store =
            |resolved: &&Resolved| names.contains(&resolved.key) && resolved.text.is_some();
        let Some(first) = self.resolved.iter().filter(names_store).min_by_key(|r| r.origin.rank())
        else {
            return;
        };
        let (highest, winner) = (first.origin.rank(), first.source());
        let rivals: Vec<String> = self
            .resolved
            .iter()
            .filter(|resolved| names_store(resolved) && resolved.origin.rank() == highest)
            .map(Resolved::named)
            .collect();
        if rivals.len() > 1 {
            let problem =
                format!("{} name {} stores; keep one", rivals.join(" and "), rivals.len());
            self.problems.push(problem);
        }
        for resolved in &mut self.resolved {
            let loses = names_store(&&*resolved) && resolved.origin.rank() > highest;
            resolved.outranked_by = loses.then(|| winner.clone());
        }
    }

    /// Whether the store is a server.
    pub(super) fn names_server(&self) -> bool {
        self.counts(&keys::SERVER) || self.counts(&keys::CONNECTION_STRING)
    }

    /// Whether a setting names the store, and none of a higher origin does.
    fn counts(&self, key: &'static Key) -> bool {
        self.is_set(key) && self.get(key).outranked_by.is_none()
    }

    /// The server that the settings name.
    pub(super) fn server(&mut self) -> Option<ServerLocation> {
        let server = match self.counts(&keys::SERVER) {
            true => self.named_server(),
            false => self.connection_string(),
        };
        let rule = "a letter, then letters, digits and _ - # $ @, at most 128 bytes";
        let schema = self.check(&keys::SCHEMA, |text| {
            checked_identifier("schema", text).map_err(|_| format!("a name: {rule}"))
        });
        let source_table = self.check(&keys::SOURCE_TABLE, |text| {
            let expected = || format!("SCHEMA.TABLE, each {rule}");
            Names::new("sandbox", text).map(|_| text.to_owned()).map_err(|_| expected())
        });
        let mut column = |key| {
            self.check(key, |text| {
                checked_identifier("column", text).map_err(|_| format!("a name: {rule}"))
            })
        };
        let id_column = column(&keys::SOURCE_ID_COLUMN);
        let document_column = column(&keys::SOURCE_DOCUMENT_COLUMN);
        let connect_timeout = self.time(&keys::CONNECT_TIMEOUT);
        let command_timeout = self.time(&keys::COMMAND_TIMEOUT);
        let answer_timeout = self.time(&keys::ANSWER_TIMEOUT);
        let (schema, source_table) = (schema?, source_table?);
        let (id_column, document_column) = (id_column?, document_column?);
        let settings = server?.schema(&schema).map(|settings| {
            let settings = settings.connect_timeout(connect_timeout?);
            Some(settings.command_timeout(command_timeout?).answer_timeout(answer_timeout?))
        });
        let names = Names::new(&schema, &source_table)
            .and_then(|names| names.source_columns(&id_column, &document_column));
        Some(ServerLocation { settings: self.valid(settings)??, names: self.valid(names)? })
    }

    fn connection_string(&mut self) -> Option<ServerSettings> {
        let text = self.text(&keys::CONNECTION_STRING)?;
        let checked = self.valid(connection_string::check(&text))?;
        let name = ServerName::parse(&checked.server).and_then(|name| match name {
            ServerName::Tcp { .. } => Ok(name),
            ServerName::Pipe(_) => {
                Err("a connection string means TCP; use --server np:HOST for a pipe".to_owned())
            }
        });
        let name = self.valid(name)?;
        let settings = self.valid(ServerSettings::from_ado_string(&text))?;
        let settings = self.with_spn(settings)?;
        match checked.sets_failover {
            true => Some(settings),
            false => self.with_failover(settings, &name),
        }
    }

    fn named_server(&mut self) -> Option<ServerSettings> {
        let name = self.check(&keys::SERVER, |text| {
            let expected = r"HOST, HOST\INSTANCE or HOST,PORT, such as localhost\SQLEXPRESS";
            ServerName::parse(text).map_err(|_| expected.to_owned())
        });
        let database = self.text(&keys::DATABASE);
        if !self.is_set(&keys::DATABASE) {
            self.problems.push("--server requires --database".to_owned());
        }
        let login = self.login();
        let trust = self.trust();
        let name = name?;
        let settings = ServerSettings::new(name.clone(), &database?, login?, trust?);
        let settings = self.valid(settings)?;
        let settings = self.with_spn(settings)?;
        self.with_failover(settings, &name)
    }

    fn with_spn(&mut self, settings: ServerSettings) -> Option<ServerSettings> {
        if !self.is_set(&keys::SERVER_SPN) {
            return Some(settings);
        }
        let name = self.check(&keys::SERVER_SPN, |text| match text.split_once('/') {
            Some((service, host)) if !service.is_empty() && !host.is_empty() => Ok(text.to_owned()),
            _ => Err("SERVICE/HOST, such as MSSQLSvc/db1.contoso.com:1433".to_owned()),
        })?;
        if settings.account.is_none() {
            let login = match [&keys::USER, &keys::ACCESS_TOKEN_FILE].map(|key| self.is_set(key)) {
                _ if self.counts(&keys::CONNECTION_STRING) => "the login of the connection string",
                [true, _] => "--user",
                _ => "--access-token-file",
            };
            self.problems.push(format!(
                "{} has no effect with {login}: only a login with the account of the process names a service; \
                 keep one",
                self.get(&keys::SERVER_SPN).named()
            ));
            return None;
        }
        Some(settings.server_spn(&name))
    }

    /// A dead address takes 21 seconds to fail on Windows, longer than a login may take: a listener
    /// whose first address is the dead one is reached only by trying all of them at once.
    fn with_failover(
        &mut self,
        settings: ServerSettings,
        name: &ServerName,
    ) -> Option<ServerSettings> {
        let is_on = self.switch(&keys::MULTI_SUBNET_FAILOVER)?;
        Some(settings.multi_subnet_failover(is_on && name.may_be_listener()))
    }

    fn login(&mut self) -> Option<Login> {
        let user = self.text(&keys::USER);
        let token = self.path(&keys::ACCESS_TOKEN_FILE);
        let login = match (user, token) {
            (Some(_), Some(_)) => {
                Err("--user and --access-token-file are two logins; keep one".to_owned())
            }
            (Some(user), None) => Ok(Login::Password { user, password: self.password()? }),
            (None, Some(file)) => Ok(Login::AccessToken(file)),
            (None, None) if LOGS_IN_ACCOUNTS => Ok(Login::Integrated),
            (None, None) => Err(format!(
                "--server requires --user with XMLSHRED_PASSWORD or --password-file, or \
                 --access-token-file; {NO_ACCOUNTS}"
            )),
        };
        self.valid(login)
    }

    fn password(&mut self) -> Option<Secret> {
        let password = self.text(&keys::PASSWORD);
        match (self.path(&keys::PASSWORD_FILE), password) {
            (Some(file), _) => self.secret_of(&file),
            (None, Some(password)) => Some(Secret::new(password)),
            (None, None) => {
                let problem = "--user requires XMLSHRED_PASSWORD or --password-file";
                self.valid(Err(problem.to_owned()))
            }
        }
    }

    fn secret_of(&mut self, file: &Path) -> Option<Secret> {
        self.valid(read_secret(file))
    }

    fn trust(&mut self) -> Option<Trust> {
        let any = self.switch(&keys::TRUST_SERVER_CERTIFICATE)?;
        match (any, self.path(&keys::CA_FILE)) {
            (true, Some(_)) => {
                self.valid(Err("--trust-server-certificate makes --ca-file useless; \
                                               keep --ca-file, which is safer"
                    .to_owned()))
            }
            (true, None) => Some(Trust::Anything),
            (false, Some(file)) => {
                // The driver reads it while it connects, and would wait for a pipe for ever.
                let readable = files::open(&file).map_err(|error| {
                    format!("cannot read the file {} of --ca-file: {error}", file.display())
                });
                self.valid(readable).map(|_| Trust::Authority(file))
            }
            (false, None) => Some(Trust::System),
        }
    }

    /// The value, or one problem more.
    fn valid<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }
}
