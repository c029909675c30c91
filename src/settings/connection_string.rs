//! What an ADO.NET connection string says: the driver reads the keys it knows and ignores the
//! rest, so that a misspelt one would be a setting that silently does not hold.

use crate::diagnostic::spelling::nearest;
use crate::store::sqlserver::ado::{means_account, pairs, INTEGRATED};
use crate::store::sqlserver::{LOGS_IN_ACCOUNTS, NO_ACCOUNTS};

/// A setting of a connection string: the names that the driver reads it by, in lower case; the first
/// is how it is written here.
type Setting = &'static [&'static str];

const SERVER: Setting = &["Server", "data source"];
const PASSWORD: Setting = &["Password", "pwd"];

/// The settings that hold.
const HEEDED: &[Setting] = &[
    SERVER,
    PASSWORD,
    INTEGRATED,
    &["Database", "initial catalog", "databasename"],
    &["User Id", "uid", "username", "user"],
    &["Application Name", "applicationname"],
    &["Encrypt"],
    &["TrustServerCertificate"],
    &["TrustServerCertificateCA"],
    &["HostNameInCertificate", "hostname in certificate"],
    &["Workstation Id", "workstationid"],
    &["ServerSPN", "server spn"],
    &["ApplicationIntent"],
    FAILOVER,
];

/// Settings of ADO.NET that make no difference here: connections are not pooled, and timeouts are
/// settings of their own. They are in the strings that portals and wizards print.
const HARMLESS: &[Setting] = &[
    &["Connection Timeout", "connect timeout", "timeout"],
    &["Command Timeout"],
    &["Connection Lifetime", "load balance timeout"],
    &["ConnectRetryCount", "connect retry count"],
    &["ConnectRetryInterval", "connect retry interval"],
    &["Current Language", "language"],
    &["Enlist"],
    &["Max Pool Size"],
    &["Min Pool Size"],
    &["MultipleActiveResultSets", "multiple active result sets"],
    &["Packet Size"],
    &["Persist Security Info", "persistsecurityinfo"],
    &["PoolBlockingPeriod", "pool blocking period"],
    &["Pooling"],
    &["Type System Version"],
];

const FAILOVER: Setting = &["MultiSubnetFailover"];

/// What the program has to know of a connection string; the driver reads the rest.
#[derive(Debug)]
pub(super) struct Checked {
    /// The server's name.
    pub(super) server: String,
    /// Whether the string has `MultiSubnetFailover`.
    pub(super) sets_failover: bool,
}

/// Refuses a string that would mean something else than it says.
///
/// # Errors
/// A sentence that names the key, never a value: an unknown key's may be a password.
pub(super) fn check(text: &str) -> Result<Checked, String> {
    let mut found: Vec<(Setting, String)> = Vec::new();
    for (key, value) in pairs(text)? {
        let Some(setting) = setting(&key) else {
            return Err(unknown(&key, found.last().map(|(before, _)| before[0])));
        };
        if found.iter().any(|(other, _)| *other == setting) {
            return Err(format!("the connection string has `{}` twice; keep one", setting[0]));
        }
        if setting != PASSWORD && holds_password(&value) {
            return Err(format!(
                "the value of `{}` in the connection string holds a password; put `;` before it",
                setting[0]
            ));
        }
        found.push((setting, value));
    }
    let value = |wanted: Setting| {
        found.iter().find(|(setting, _)| *setting == wanted).map(|(_, value)| value.as_str())
    };
    let is_integrated = value(INTEGRATED).is_some_and(|value| means_account(value.trim()));
    if is_integrated && !LOGS_IN_ACCOUNTS {
        return Err(format!(
            "the connection string has `Integrated Security`, but {NO_ACCOUNTS}; write `User Id` and \
             `Password`"
        ));
    }
    match value(SERVER).map(str::trim) {
        Some(server) if !server.is_empty() => {
            Ok(Checked { server: server.to_owned(), sets_failover: value(FAILOVER).is_some() })
        }
        _ => Err("the connection string names no server; begin it with `Server=HOST;`".to_owned()),
    }
}

/// Whether a password follows in this value, because the semicolon before it is missing: other values
/// are shown.
fn holds_password(value: &str) -> bool {
    let is_kept = |c: &char| !c.is_ascii_whitespace();
    let folded: String = value.chars().filter(is_kept).collect::<String>().to_ascii_lowercase();
    PASSWORD.iter().any(|name| folded.contains(&format!("{}=", name.to_ascii_lowercase())))
}

fn setting(key: &str) -> Option<Setting> {
    let is = |name: &&str| name.eq_ignore_ascii_case(key);
    HEEDED.iter().chain(HARMLESS).find(|setting| setting.iter().any(is)).copied()
}

/// What to say of an unknown key. It is shown only where it is nearly a known one: it may as well be
/// the rest of a password with a semicolon in it.
fn unknown(key: &str, before: Option<&str>) -> String {
    let folded = key.to_ascii_lowercase().replace([' ', '_', '-'], "");
    let names = HEEDED.iter().map(|setting| setting[0]);
    let near = match folded.as_str() {
        "authentication" => {
            return "the connection string has `Authentication`, which has no effect; log in to \
                    Microsoft Entra with --server and --access-token-file"
                .to_owned();
        }
        "addr" | "address" | "networkaddress" | "host" => Some("Server"),
        _ => nearest(key, names.clone()).or_else(|| {
            names.into_iter().find(|name| name.replace(' ', "").to_ascii_lowercase() == folded)
        }),
    };
    match (near, before) {
        (Some(near), _) => {
            format!("the connection string has the unknown key `{key}`; did you mean `{near}`?")
        }
        (None, Some(before)) => format!(
            "the connection string has an unknown key after `{before}`; remove it, or put a value \
             with `;` in quotes"
        ),
        (None, None) => "the connection string begins with an unknown key; begin it with \
                         `Server=HOST;`"
            .to_owned(),
    }
}
