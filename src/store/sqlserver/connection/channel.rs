//! How the account of the process reaches a server: whose name, which certificates, how encrypted.

use std::path::PathBuf;

use tiberius::Config;

/// Which server certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those that the operating system trusts.
    #[default]
    System,
    /// Also those of this authority: `--ca-file`, PEM or DER.
    Authority(PathBuf),
    /// Any: `--trust-server-certificate`. A machine in the middle can then read everything.
    Anything,
}

impl Trust {
    pub(super) fn apply(&self, config: &mut Config) {
        match self {
            Self::System => {}
            Self::Authority(file) => config.trust_cert_ca(file.display()),
            Self::Anything => config.trust_cert(),
        }
    }
}

/// When the connection of an account is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    /// Before the first message: TDS 8.
    Strict,
    /// From the login on.
    Always,
    /// Only if the server requires it.
    IfRequired,
}

/// What a login with the account of the process needs besides the driver's settings.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// The server, of which the name of its service is made.
    pub(crate) host: String,
    /// `--server-spn`: the name of its service, if the domain has it under another one.
    pub(crate) service: Option<String>,
    /// The named instance of a pipe, which has no port.
    pub(crate) instance: Option<String>,
    /// The name that its certificate has, if it is another one.
    pub(crate) certificate_host: Option<String>,
    pub(crate) encryption: Encryption,
    pub(crate) trust: Trust,
}

impl Account {
    /// On this server, encrypted.
    pub(super) fn of(host: &str, trust: Trust) -> Self {
        Self {
            host: host.to_owned(),
            service: None,
            instance: None,
            certificate_host: None,
            encryption: Encryption::Always,
            trust,
        }
    }

    /// The same on the server that the first one leads to.
    pub(super) fn led_to(&self, host: &str) -> Self {
        Self { host: host.to_owned(), service: None, instance: None, ..self.clone() }
    }
}
