//! Tokens of MIT Kerberos: a ticket of `kinit`, or a keytab that it takes one with. It waits for a domain
//! controller as long as its configuration says, however short the timeout of connecting is.

use libgssapi::context::{ClientCtx, CtxFlags};
use libgssapi::error::{Error, MajorFlags};
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE, GSS_NT_KRB5_PRINCIPAL};

use super::service::Service;
use super::tls::TlsUnique;
use super::Source;
use crate::store::sqlserver::fault::{Result, ServerFault, OTHER_LOGIN};

/// A login that is under way.
pub(super) struct Tokens {
    context: ClientCtx,
    binding: Option<Vec<u8>>,
    service: String,
}

impl Tokens {
    pub(super) fn new(service: &Service, binding: Option<&TlsUnique>) -> Result<Self> {
        let name = match service {
            Service::Given(name) => Name::new(name.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL)),
            // A host's service, so that the library finds the host's full name, and its realm.
            Service::Of { host, suffix } => {
                let name = format!("MSSQLSvc@{host}{suffix}");
                Name::new(name.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))
            }
        };
        let service = service.to_string();
        let name = name.map_err(|error| fault(&service, error, false))?;
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_SEQUENCE_FLAG;
        let context = ClientCtx::new(None, name, flags, Some(GSS_MECH_KRB5));
        let binding = binding.map(|binding| [b"tls-unique:".as_slice(), binding].concat());
        Ok(Self { context, binding, service })
    }
}

impl Source for Tokens {
    fn next(&mut self, answer: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        let token = self.context.step(answer, self.binding.as_deref());
        let token = token.map_err(|error| fault(&self.service, error, answer.is_some()))?;
        Ok(token.map(|token| token.to_vec()))
    }
}

/// What Kerberos says, and the next step by its number (RFC 4120, section 7.5.9, and MIT's own after these).
/// `is_answered` says that the server has seen a ticket.
fn fault(service: &str, error: Error, is_answered: bool) -> ServerFault {
    /// Where MIT's numbers begin.
    const BASE: i32 = -1_765_328_384;
    let hint = match error.minor.cast_signed().wrapping_sub(BASE) {
        7 => {
            "name the server by its full name in DNS, or the service with --server-spn; if the domain has none, \
             register it with setspn -S for the account that SQL Server runs as"
        }
        32 => "get a new ticket with kinit",
        37 => "set the clock of this machine by that of the domain",
        154 | 156 => "check that a domain controller of the realm in krb5.conf can be reached",
        _ if error.major.contains(MajorFlags::GSS_S_NO_CRED) => {
            "get a ticket with kinit, name a keytab with KRB5_CLIENT_KTNAME, or use --user or \
             --access-token-file"
        }
        _ if is_answered => OTHER_LOGIN,
        _ => "look with klist for a ticket, or use --user or --access-token-file",
    };
    let text = error.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // What GSSAPI says is for every mechanism; in parentheses is what has happened.
    let own = text.split_once(" (").and_then(|(_, own)| own.strip_suffix(')'));
    let reason = format!("Kerberos, for {service}: {}", own.unwrap_or(&text));
    ServerFault::Account { reason, hint }
}
