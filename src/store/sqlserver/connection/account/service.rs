//! The name of the server's service in the domain: `MSSQLSvc/HOST:PORT`.

use std::fmt;

use crate::store::sqlserver::connection::channel::Account;

/// The service that SQL Server registers, when it may, for the account that it runs as.
pub(super) enum Service {
    /// As `--server-spn` says.
    Given(String),
    /// The server's own.
    Of {
        host: String,
        /// A colon and the port, or the instance of a pipe; nothing for the pipe of the default instance.
        suffix: String,
    },
}

impl Service {
    /// Of the server, whose stream has this port.
    pub(super) fn of(account: &Account, port: Option<u16>) -> Self {
        if let Some(name) = &account.service {
            return Self::Given(name.clone());
        }
        let suffix = match (port, &account.instance) {
            (Some(port), _) => format!(":{port}"),
            (None, Some(instance)) => format!(":{instance}"),
            (None, None) => String::new(),
        };
        Self::Of { host: full_name(&account.host), suffix }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => f.write_str(name),
            Self::Of { host, suffix } => write!(f, "MSSQLSvc/{host}{suffix}"),
        }
    }
}

/// The host's full name in DNS: a domain knows no other one. MIT Kerberos looks for it itself, as its
/// configuration says.
#[cfg(not(windows))]
fn full_name(host: &str) -> String {
    host.to_owned()
}

#[cfg(windows)]
fn full_name(host: &str) -> String {
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    if is_address || host.eq_ignore_ascii_case("localhost") {
        return host.to_owned();
    }
    canonical_name(host).filter(|name| name.contains('.')).unwrap_or_else(|| host.to_owned())
}

/// What DNS calls a host, as SQL Server's own drivers ask.
#[cfg(windows)]
fn canonical_name(host: &str) -> Option<String> {
    use std::ptr::{null, null_mut};

    use windows_sys::Win32::Networking::WinSock::{
        FreeAddrInfoW, GetAddrInfoW, ADDRINFOW, AI_CANONNAME,
    };

    let host: Vec<u16> = host.encode_utf16().chain([0]).collect();
    let hints = ADDRINFOW { ai_flags: AI_CANONNAME as i32, ..ADDRINFOW::default() };
    let mut found: *mut ADDRINFOW = null_mut();
    // SAFETY: `host` ends with a zero, the hints are initialised, and `found` is freed below. The stream to
    // the server is open, so that sockets are started.
    let failed = unsafe { GetAddrInfoW(host.as_ptr(), null(), &hints, &mut found) } != 0;
    if failed || found.is_null() {
        return None;
    }
    // SAFETY: the list has an entry, and its name ends with a zero unless it is null.
    let name = unsafe {
        let name = (*found).ai_canonname;
        let length = (0..).take_while(|at| !name.is_null() && *name.add(*at) != 0).count();
        (length > 0).then(|| String::from_utf16_lossy(std::slice::from_raw_parts(name, length)))
    };
    // SAFETY: it came from GetAddrInfoW, and nothing points into it any more.
    unsafe { FreeAddrInfoW(found) };
    name.map(|name| name.trim_end_matches('.').to_owned())
}
