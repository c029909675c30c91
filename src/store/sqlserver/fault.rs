//! Why a call fails, by what to do about it.

use std::fmt;
use std::io::ErrorKind;

use tiberius::error::Error;

use super::dialect::in_use;
use crate::command::command;
use crate::store::StoreError;

/// Errors that the store handles (docs/errors.md).
mod number {
    pub const LEASE_LOST: i64 = 50010;
    pub const CONTRACT_NOT_INSTALLED: i64 = 50020;
    /// 50000 to 50099 are this project's own.
    pub const OWN: std::ops::RangeInclusive<i64> = 50000..=50099;
    pub const LOGIN_FAILED: i64 = 18456;
    pub const UNTRUSTED_DOMAIN: i64 = 18452;
    pub const NO_SUCH_DATABASE: i64 = 4060;
    pub const NO_SUCH_PROCEDURE: i64 = 2812;
    /// The database is read-only; the replica is a secondary, readable or not, or has had no role for
    /// as long as a transient error is retried.
    pub const NOT_PRIMARY: [i64; 4] = [3906, 976, 978, 983];
}

/// Server errors after which the same call may succeed: those of kind `busy` of `ufn_RefusalKind`
/// (deadlock, lock timeout, update conflicts, …); a server that starts, a database that recovers or
/// whose replica changes its role; no memory or locks just now; and those that Microsoft lists as
/// transient ("Troubleshoot connectivity issues and other errors with Azure SQL Database and Azure SQL
/// Managed Instance", its resource governance and transport errors included). Of several errors of one
/// reply the driver reports the first: a database that cannot be opened is 4060, not the 18456 after it.
const TRANSIENT: [i64; 38] = [
    601, 615, 701, 802, 921, 922, 926, 927, 983, 1204, 1205, 1222, 3960, 4060, 4221, 8628, 8645,
    8651, 10053, 10054, 10060, 10928, 10929, 17187, 18401, 40143, 40197, 40501, 40540, 40613,
    41301, 41302, 41305, 41325, 41839, 49918, 49919, 49920,
];

/// Results of calls.
pub(super) type Result<T> = std::result::Result<T, ServerFault>;

/// The reason of a connection that ended where a reply was expected.
const CLOSED: &str = "the server closed the connection";

/// The next step where a server does not take the account of the process, and does not say why.
pub(super) const OTHER_LOGIN: &str =
    "look for error 17806 in the server's log, which says why, or use --user or \
                           --access-token-file";

/// The next step of a login that the server refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginHint {
    /// There is none beside the server's message.
    None,
    /// Of the Windows account of the process.
    Account,
    /// Of an access token.
    Token,
    /// Of a password that ends with a blank: it may be a part of it, so it is not taken off.
    Blank,
}

impl LoginHint {
    fn text(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Account => Some(
                "give the account of this process a login on the server, or use --user or \
                 --access-token-file",
            ),
            Self::Token => Some(
                "write a new token into the file of --access-token-file, because a token lives for \
                 about an hour, and CREATE USER … FROM EXTERNAL PROVIDER for its owner",
            ),
            Self::Blank => Some(
                "the password ends with a blank, such as `echo secret > file` of cmd adds: write it \
                 without one if that is wrong",
            ),
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerFault {
    /// The server's error.
    Server { number: i64, message: String },
    /// The server refuses the login, and something is to be said of it.
    Login { message: String, hint: &'static str },
    /// The account of the process has nothing to log in with.
    Account { reason: String, hint: &'static str },
    /// The connection broke; the call may have been executed or not.
    Lost(String),
    /// The server sent nothing for the timeout of the settings, and the connection was closed; the call
    /// may have been executed or not, or still be.
    Timeout(String),
    /// The same before a completion was sent.
    Unsent(String),
    /// The reply is not the expected one.
    Unexpected(String),
}

impl ServerFault {
    pub(super) fn server_number(&self) -> Option<i64> {
        match self {
            Self::Server { number, .. } => Some(*number),
            Self::Login { .. } => Some(number::LOGIN_FAILED),
            _ => None,
        }
    }

    /// The same call may succeed later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Server { number, .. } => TRANSIENT.contains(number),
            Self::Lost(_) | Self::Account { .. } => true,
            // The caller has waited long enough for one call: it decides what to do next.
            Self::Login { .. } | Self::Timeout(_) | Self::Unsent(_) | Self::Unexpected(_) => false,
        }
    }

    /// [`ServerFault::is_transient`] for the first connection: a wrong name or port is reported at
    /// once, and only errors that the server itself calls transient are retried.
    pub(super) fn is_transient_refusal(&self) -> bool {
        self.is_transient()
            && self.server_number().is_some_and(|number| number != number::NO_SUCH_DATABASE)
    }

    /// The same while connecting: any error but a few of the server's means that there is no
    /// connection. The next step follows a semicolon. `is_login` says that the server was reached.
    pub(super) fn while_connecting(self, login: LoginHint, is_login: bool) -> Self {
        let another = Some("check the port of --server: another service may listen there");
        let foreign =
            |reason: &str| (format!("its reply is not one of SQL Server ({reason})"), another);
        let (reason, hint) = match self {
            Self::Login { .. } => return self,
            Self::Server { number, message } => {
                if let (number::LOGIN_FAILED, Some(hint)) = (number, login.text()) {
                    return Self::Login { message, hint };
                }
                let keeps_its_number = number == number::LOGIN_FAILED
                    || TRANSIENT.contains(&number)
                    || number::NOT_PRIMARY.contains(&number);
                if keeps_its_number {
                    return Self::Server { number, message };
                }
                let hint = (number == number::UNTRUSTED_DOMAIN).then_some(OTHER_LOGIN);
                (format!("{message} ({number})"), hint)
            }
            Self::Account { reason, hint } => (reason, Some(hint)),
            Self::Timeout(reason) | Self::Unsent(reason) => (reason, None),
            Self::Lost(reason) if reason == CLOSED => {
                (format!("{reason} during the login"), another)
            }
            // What the driver calls a reply that ends within a packet.
            Self::Lost(reason) if reason == "bytes remaining on stream" => foreign(&reason),
            // An error of the server's so severe that it closes the connection.
            Self::Lost(reason)
                if login == LoginHint::Account && is_login && !reason.starts_with(TLS) =>
            {
                (reason, Some(OTHER_LOGIN))
            }
            Self::Lost(reason) => (reason, None),
            Self::Unexpected(reason) if reason.contains("encryption level") => (
                format!("it does not encrypt connections ({reason})"),
                Some("turn on encryption on the server, which protects passwords and documents"),
            ),
            Self::Unexpected(reason) => foreign(&reason),
        };
        Self::Lost(match hint {
            Some(hint) => format!("{}; {hint}", reason.replace("; ", ", ")),
            None => reason,
        })
    }

    /// The same before a completion was sent.
    pub(super) fn before_completing(self) -> Self {
        match self {
            Self::Timeout(reason) => Self::Unsent(reason),
            fault => fault,
        }
    }

    pub(super) fn into_store_error(self, location: &str) -> StoreError {
        let location = location.to_owned();
        match self {
            Self::Lost(reason) | Self::Unsent(reason) | Self::Account { reason, .. } => {
                StoreError::Unreachable { location, reason }
            }
            Self::Timeout(reason) => StoreError::Unanswered { location, reason },
            Self::Unexpected(message) => StoreError::Database(message),
            Self::Login { message, hint } => StoreError::Unreachable {
                location,
                reason: format!(
                    "{} ({}); {hint}",
                    message.replace("; ", ", "),
                    number::LOGIN_FAILED
                ),
            },
            Self::Server { number, message } => match number {
                number::LOGIN_FAILED | number::NO_SUCH_DATABASE => {
                    StoreError::Unreachable { location, reason: format!("{message} ({number})") }
                }
                number::NO_SUCH_PROCEDURE => StoreError::NotInstalled {
                    location,
                    reason: format!("{message} ({number}); run {}", command("install")),
                },
                number if number::NOT_PRIMARY.contains(&number) => {
                    StoreError::NotPrimary { location }
                }
                number if number::OWN.contains(&number) => {
                    StoreError::Refused(format!("{message} ({number})"))
                }
                number => StoreError::Database(format!("{message} ({number})")),
            },
        }
    }

    /// Whether the claim is no longer held.
    pub(super) fn is_lost_lease(&self) -> bool {
        self.server_number() == Some(number::LEASE_LOST)
    }

    /// Whether another contract is installed.
    pub(super) fn is_other_contract(&self) -> bool {
        self.server_number() == Some(number::CONTRACT_NOT_INSTALLED)
    }
}

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { number, message } => write!(f, "{message} ({number})"),
            Self::Login { message, .. } => write!(f, "{message} ({})", number::LOGIN_FAILED),
            Self::Lost(message)
            | Self::Account { reason: message, .. }
            | Self::Timeout(message)
            | Self::Unsent(message)
            | Self::Unexpected(message) => f.write_str(message),
        }
    }
}

impl From<Error> for ServerFault {
    fn from(error: Error) -> Self {
        match &error {
            Error::Server(refusal) => {
                let number = (in_use().error_number)(i64::from(refusal.code()), refusal.message());
                // Severity 20 and above ends the connection, but a transient error such as 40501 at
                // login keeps its number.
                if refusal.class() >= 20 && !TRANSIENT.contains(&number) {
                    return Self::Lost(format!("{} ({number})", refusal.message()));
                }
                Self::Server { number, message: refusal.message().to_owned() }
            }
            Error::Io {
                kind:
                    ErrorKind::UnexpectedEof
                    | ErrorKind::ConnectionReset
                    | ErrorKind::ConnectionAborted
                    | ErrorKind::BrokenPipe,
                ..
            } => Self::Lost(CLOSED.to_owned()),
            Error::Io { message, .. } => Self::Lost(message.clone()),
            // As native-tls says it on Windows.
            Error::Tls(message) if message.contains("unexpected EOF during handshake") => {
                Self::Lost(CLOSED.to_owned())
            }
            Error::Tls(message) => Self::Lost(refused_handshake(message)),
            _ => Self::Unexpected(error.to_string()),
        }
    }
}

/// What begins the reason of a handshake that failed.
const TLS: &str = "TLS: ";

/// The driver's message, with our flags instead of the driver's functions as the next step.
fn refused_handshake(message: &str) -> String {
    let reason = message.split(". To connect anyway").next().unwrap_or(message);
    match certificate_hint(reason) {
        Some(hint) => format!("{TLS}{}; {hint}", reason.replace("; ", ", ")),
        None => format!("{TLS}{reason}"),
    }
}

/// The next step if the reason is the certificate. It is known by rustls's words, and on Windows by the number,
/// because the words are in the language of the system.
fn certificate_hint(reason: &str) -> Option<&'static str> {
    /// CERT_E_EXPIRED and those after it.
    const FACILITY_CERT: u32 = 0x800b;
    /// SEC_E_WRONG_PRINCIPAL, CERT_E_CN_NO_MATCH.
    const NAME: [u32; 2] = [0x8009_0322, 0x800b_010f];
    /// SEC_E_CERT_EXPIRED, CERT_E_EXPIRED.
    const EXPIRED: [u32; 2] = [0x8009_0328, 0x800b_0101];
    /// SEC_E_UNTRUSTED_ROOT, SEC_E_CERT_UNKNOWN, CRYPT_E_REVOKED, CRYPT_E_NO_REVOCATION_CHECK,
    /// CRYPT_E_REVOCATION_OFFLINE.
    const OTHERS: [u32; 5] = [0x8009_0325, 0x8009_0327, 0x8009_2010, 0x8009_2012, 0x8009_2013];
    let code = reason.rsplit_once("(os error ").and_then(|(_, rest)| rest.split_once(')'));
    let code = code.and_then(|(code, _)| code.parse().ok()).map(i32::cast_unsigned);
    let is_one_of = |codes: &[u32]| code.is_some_and(|code| codes.contains(&code));
    let says = |words: &[&str]| words.iter().any(|words| reason.contains(words));
    if is_one_of(&NAME) || says(&["NotValidForName", "not valid for name"]) {
        return Some("write in --server the name that the certificate has");
    }
    if is_one_of(&EXPIRED) || says(&["certificate expired", "certificate: Expired"]) {
        return Some("renew the server's certificate");
    }
    let is_other = code.is_some_and(|code| code >> 16 == FACILITY_CERT) || is_one_of(&OTHERS);
    (is_other || says(&["certificate"])).then_some(
        "name the server's certificate authority with --ca-file, or trust any certificate with \
         --trust-server-certificate",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(number: i64, message: &str) -> ServerFault {
        ServerFault::Server { number, message: message.to_owned() }
    }

    #[test]
    fn only_transient_errors_are_retried() {
        for number in [
            615, 701, 802, 921, 922, 926, 927, 983, 1204, 1205, 1222, 4060, 4221, 10053, 10054,
            40197, 40501, 40613, 49918, 49919, 49920, 8645, 8651, 17187, 18401,
        ] {
            assert!(refusal(number, "transient").is_transient(), "{number}");
        }
        assert!(ServerFault::Lost("reset".into()).is_transient());
        assert!(!ServerFault::Timeout("silent".into()).is_transient());
        for number in [547, 976, 978, 2627, 2812, 3906, 18456, 50001, 50010] {
            assert!(!refusal(number, "for good").is_transient(), "{number}");
        }
    }

    #[test]
    fn a_wrong_name_is_reported_at_once_and_a_busy_server_is_retried() {
        assert!(refusal(40501, "busy").is_transient_refusal());
        assert!(refusal(40613, "not available").is_transient_refusal());
        for number in [921, 922, 927, 983, 17187, 18401] {
            assert!(refusal(number, "starting").is_transient_refusal(), "{number}");
        }
        assert!(!refusal(4060, "no such database").is_transient_refusal());
        assert!(!refusal(18456, "login failed").is_transient_refusal());
        assert!(!ServerFault::Lost("no such host".into()).is_transient_refusal());
    }

    #[test]
    fn an_account_that_is_refused_is_told_of_the_other_logins() {
        let told = |number, login| {
            refusal(number, "Login failed.").while_connecting(login, true).into_store_error("s")
        };
        let told = |number, login| told(number, login).to_string();
        let other = OTHER_LOGIN;
        assert!(told(18452, LoginHint::Account).contains(&format!("(18452); {other}")));
        assert!(!told(18470, LoginHint::Account).contains(other));
        assert!(told(18456, LoginHint::Account).contains("(18456); give the account"));
        assert!(told(18456, LoginHint::Token).contains("(18456); write a new token"));
        assert!(told(18456, LoginHint::Blank).contains("(18456); the password ends with a blank"));
        assert!(!told(18456, LoginHint::None).contains("; "));
        let broken = |login, is_login| {
            ServerFault::Lost("denied (os error -2146893044)".into())
                .while_connecting(login, is_login)
                .to_string()
        };
        assert!(broken(LoginHint::Account, true).contains(&format!("; {other}")));
        assert!(!broken(LoginHint::Account, false).contains(other));
        assert!(!broken(LoginHint::Blank, true).contains("; "));
    }

    #[test]
    fn a_refused_login_is_not_repeated() {
        let refused = refusal(18456, "Login failed.").while_connecting(LoginHint::Account, true);
        assert!(!refused.is_transient() && !refused.is_transient_refusal());
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_known_in_every_language() {
        let (authority, name, expired) = ("--ca-file", "in --server the name", "renew");
        for (message, expected) in [
            ("invalid peer certificate: UnknownIssuer", authority),
            ("Eine Zertifikatkette wurde nicht vertraut. (os error -2146762487)", authority),
            (
                "OS Error -2146762487 (FormatMessageW() returned error 317) (os error -2146762487)",
                authority,
            ),
            ("Der Zielprinzipalname ist falsch. (os error -2146893022)", name),
            ("OS Error -2146762481 (os error -2146762481)", name),
            (
                "invalid peer certificate: certificate not valid for name \"a\"; certificate is",
                name,
            ),
            ("Das Zertifikat ist abgelaufen. (os error -2146762495)", expired),
            ("invalid peer certificate: certificate expired: verification time 1", expired),
            ("Die Verbindung wurde getrennt. (os error 10054)", ""),
            ("Das Token ist unzul\u{e4}ssig. (os error -2146893048)", ""),
        ] {
            let told = refused_handshake(message);
            let hint = told.rsplit_once("; ").map_or("", |(_, hint)| hint);
            assert_eq!(hint.is_empty(), expected.is_empty(), "{told}");
            assert!(hint.contains(expected), "{told}");
        }
    }
}
