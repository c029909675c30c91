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

/// The next step of a Windows account that the server does not take.
const OTHER_LOGIN: &str =
    "Windows accounts log in with NTLM here, which the domain or the server may \
                           refuse: use --user or --access-token-file";

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerFault {
    /// The server's error.
    Server { number: i64, message: String },
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
            _ => None,
        }
    }

    /// The same call may succeed later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Server { number, .. } => TRANSIENT.contains(number),
            Self::Lost(_) => true,
            // The caller has waited long enough for one call: it decides what to do next.
            Self::Timeout(_) | Self::Unsent(_) | Self::Unexpected(_) => false,
        }
    }

    /// [`ServerFault::is_transient`] for the first connection: a wrong name or port is reported at
    /// once, and only errors that the server itself calls transient are retried.
    pub(super) fn is_transient_refusal(&self) -> bool {
        self.is_transient()
            && self.server_number().is_some_and(|number| number != number::NO_SUCH_DATABASE)
    }

    /// The same while connecting: any error but a few of the server's means that there is no
    /// connection. The next step follows a semicolon.
    pub(super) fn while_connecting(self) -> Self {
        let another = Some("check the port of --server: another service may listen there");
        let foreign =
            |reason: &str| (format!("its reply is not one of SQL Server ({reason})"), another);
        let (reason, hint) = match self {
            Self::Server { number, message } => {
                let keeps_its_number = number == number::LOGIN_FAILED
                    || TRANSIENT.contains(&number)
                    || number::NOT_PRIMARY.contains(&number);
                if keeps_its_number {
                    return Self::Server { number, message };
                }
                let hint = (number == number::UNTRUSTED_DOMAIN).then_some(OTHER_LOGIN);
                (format!("{message} ({number})"), hint)
            }
            Self::Timeout(reason) | Self::Unsent(reason) => (reason, None),
            Self::Lost(reason) if reason == CLOSED => {
                (format!("{reason} during the login"), another)
            }
            // What the driver calls a reply that ends within a packet.
            Self::Lost(reason) if reason == "bytes remaining on stream" => foreign(&reason),
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
            Self::Lost(reason) | Self::Unsent(reason) => {
                StoreError::Unreachable { location, reason }
            }
            Self::Timeout(reason) => StoreError::Unanswered { location, reason },
            Self::Unexpected(message) => StoreError::Database(message),
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
            Self::Lost(message)
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
            Error::Tls(message) => Self::Lost(refused_handshake(message)),
            _ => Self::Unexpected(error.to_string()),
        }
    }
}

/// The driver's message, with our flags instead of the driver's functions as the next step.
fn refused_handshake(message: &str) -> String {
    let reason = message.split(". To connect anyway").next().unwrap_or(message);
    match reason.contains("certificate") || has_certificate_code(reason) {
        true => format!(
            "TLS: {reason}; name the server's certificate authority with --ca-file, or trust any \
             certificate with --trust-server-certificate"
        ),
        false => format!("TLS: {reason}"),
    }
}

/// Whether the message has a number of Windows that means the certificate: its words are in the
/// language of the system.
fn has_certificate_code(reason: &str) -> bool {
    /// CERT_E_EXPIRED and those after it.
    const FACILITY_CERT: u32 = 0x800b;
    /// SEC_E_WRONG_PRINCIPAL, SEC_E_UNTRUSTED_ROOT, SEC_E_CERT_UNKNOWN, SEC_E_CERT_EXPIRED,
    /// CRYPT_E_REVOKED, CRYPT_E_NO_REVOCATION_CHECK, CRYPT_E_REVOCATION_OFFLINE.
    const OTHERS: [u32; 7] =
        [0x8009_0322, 0x8009_0325, 0x8009_0327, 0x8009_0328, 0x8009_2010, 0x8009_2012, 0x8009_2013];
    let code = reason.rsplit_once("(os error ").and_then(|(_, rest)| rest.split_once(')'));
    let code = code.and_then(|(code, _)| code.parse().ok()).map(i32::cast_unsigned);
    code.is_some_and(|code| code >> 16 == FACILITY_CERT || OTHERS.contains(&code))
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
    fn a_windows_account_that_is_refused_is_told_of_the_other_logins() {
        let told = |number| refusal(number, "Login failed.").while_connecting().to_string();
        assert!(told(18452).contains("(18452); Windows accounts log in with NTLM"));
        assert!(!told(18470).contains("NTLM"));
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_known_in_every_language() {
        for (message, is_certificate) in [
            ("invalid peer certificate: UnknownIssuer", true),
            ("Eine Zertifikatkette wurde nicht vertraut. (os error -2146762487)", true),
            (
                "OS Error -2146762487 (FormatMessageW() returned error 317) (os error -2146762487)",
                true,
            ),
            ("Der Zielprinzipalname ist falsch. (os error -2146893022)", true),
            ("Die Verbindung wurde getrennt. (os error 10054)", false),
            ("Das Token ist unzul\u{e4}ssig. (os error -2146893048)", false),
        ] {
            let told = refused_handshake(message).contains("--ca-file");
            assert_eq!(told, is_certificate, "{message}");
        }
    }
}
