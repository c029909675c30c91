//! Tokens of Windows: Negotiate, which takes Kerberos where the domain knows the service, and NTLM elsewhere.

use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    SEC_E_DOWNGRADE_DETECTED, SEC_E_LOGON_DENIED, SEC_E_NO_AUTHENTICATING_AUTHORITY,
    SEC_E_NO_CREDENTIALS, SEC_E_OK, SEC_E_TARGET_UNKNOWN, SEC_E_TIME_SKEW,
    SEC_E_UNSUPPORTED_FUNCTION, SEC_E_WRONG_PRINCIPAL, SEC_I_COMPLETE_AND_CONTINUE,
    SEC_I_COMPLETE_NEEDED, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, CompleteAuthToken, DeleteSecurityContext, FreeCredentialsHandle,
    InitializeSecurityContextW, SecBuffer, SecBufferDesc, ISC_REQ_INTEGRITY, ISC_REQ_MUTUAL_AUTH,
    SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_TOKEN, SECBUFFER_VERSION, SECPKG_CRED_OUTBOUND,
    SECURITY_NATIVE_DREP,
};
use windows_sys::Win32::Security::Credentials::SecHandle;

use super::service::Service;
use super::tls::TlsUnique;
use super::Source;
use crate::store::sqlserver::fault::{Result, ServerFault, OTHER_LOGIN};

/// The longest token that Windows can be configured to make.
const LONGEST: usize = 65_535;

/// A login that is under way.
pub(super) struct Tokens {
    credentials: SecHandle,
    /// From the first token on.
    context: Option<SecHandle>,
    binding: Option<Vec<u8>>,
    service: String,
}

impl Tokens {
    pub(super) fn new(service: &Service, binding: Option<&TlsUnique>) -> Result<Self> {
        let service = service.to_string();
        let (package, mut credentials) = (wide("Negotiate"), SecHandle::default());
        let mut expiry = 0;
        // SAFETY: the package's name ends with a zero, and the other pointers are null or valid for writing.
        let status = unsafe {
            AcquireCredentialsHandleW(
                null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                null(),
                null(),
                None,
                null(),
                &mut credentials,
                &mut expiry,
            )
        };
        match status {
            SEC_E_OK => {
                let binding = binding.map(channel_bindings);
                Ok(Self { credentials, context: None, binding, service })
            }
            status => Err(fault(&service, status)),
        }
    }
}

impl Source for Tokens {
    fn next(&mut self, answer: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        let part = |kind, bytes: &[u8]| SecBuffer {
            cbBuffer: bytes.len() as u32,
            BufferType: kind,
            // It is only read.
            pvBuffer: bytes.as_ptr().cast_mut().cast(),
        };
        let answer = answer.map(|answer| part(SECBUFFER_TOKEN, answer));
        let binding = self.binding.as_deref();
        let binding = binding.map(|binding| part(SECBUFFER_CHANNEL_BINDINGS, binding));
        let mut said: Vec<SecBuffer> = answer.into_iter().chain(binding).collect();
        let said = list(&mut said);
        let mut room = vec![0; LONGEST];
        let mut token = [SecBuffer {
            cbBuffer: LONGEST as u32,
            BufferType: SECBUFFER_TOKEN,
            pvBuffer: room.as_mut_ptr().cast(),
        }];
        let mut filled = list(&mut token);
        let old = self.context;
        let (mut new, mut attributes, mut expiry) = (old.unwrap_or_default(), 0, 0);
        let service = wide(&self.service);
        // SAFETY: the handles are valid until they are dropped; the name ends with a zero; both lists and what
        // they point to outlive the call.
        let mut status = unsafe {
            InitializeSecurityContextW(
                &self.credentials,
                old.as_ref().map_or(null(), |old| old),
                service.as_ptr(),
                ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY,
                0,
                SECURITY_NATIVE_DREP,
                if said.cBuffers == 0 { null() } else { &said },
                0,
                &mut new,
                &mut filled,
                &mut attributes,
                &mut expiry,
            )
        };
        let has_started = status >= SEC_E_OK;
        if has_started {
            self.context = Some(new);
        }
        if [SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE].contains(&status) {
            // SAFETY: the context has started, and the token is the one that it has just made.
            status = unsafe { CompleteAuthToken(&new, &filled) };
        }
        room.truncate(token[0].cbBuffer as usize);
        match status {
            SEC_E_OK | SEC_I_CONTINUE_NEEDED => Ok((!room.is_empty()).then_some(room)),
            status => Err(fault(&self.service, status)),
        }
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        // SAFETY: each handle is freed once.
        unsafe {
            if let Some(context) = &self.context {
                DeleteSecurityContext(context);
            }
            FreeCredentialsHandle(&self.credentials);
        }
    }
}

/// The buffers as a list.
fn list(buffers: &mut [SecBuffer]) -> SecBufferDesc {
    SecBufferDesc {
        ulVersion: SECBUFFER_VERSION,
        cBuffers: buffers.len() as u32,
        pBuffers: if buffers.is_empty() { null_mut() } else { buffers.as_mut_ptr() },
    }
}

/// `SEC_CHANNEL_BINDINGS`: eight numbers, of which the last two are the length and place of what follows.
fn channel_bindings(binding: &TlsUnique) -> Vec<u8> {
    const HEADER: u32 = 32;
    let data = [b"tls-unique:".as_slice(), binding].concat();
    let numbers = [0, 0, 0, 0, 0, 0, data.len() as u32, HEADER];
    let header = numbers.into_iter().flat_map(u32::to_le_bytes);
    header.chain(data).collect()
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// What Windows says, in its own language, and the next step by its number.
fn fault(service: &str, status: i32) -> ServerFault {
    let hint = match status {
        SEC_E_TARGET_UNKNOWN => {
            "name the server by its full name in DNS, or the service with --server-spn; if the domain has none, \
             register it with setspn -S for the account that SQL Server runs as"
        }
        SEC_E_WRONG_PRINCIPAL => {
            "the name of the service belongs to another account than the one SQL Server runs as: look with \
             setspn -Q"
        }
        SEC_E_NO_CREDENTIALS | SEC_E_LOGON_DENIED => {
            "run this process as an account of the domain, or use --user or --access-token-file"
        }
        SEC_E_NO_AUTHENTICATING_AUTHORITY | SEC_E_DOWNGRADE_DETECTED => {
            "check that a domain controller can be reached from here"
        }
        SEC_E_TIME_SKEW => "set the clock of this machine by that of the domain",
        SEC_E_UNSUPPORTED_FUNCTION => {
            "a policy refuses NTLM here, and the domain does not know this name: register it with setspn -S \
             for the account that SQL Server runs as"
        }
        _ => OTHER_LOGIN,
    };
    let reason = io::Error::from_raw_os_error(status).to_string();
    ServerFault::Account { reason: format!("Negotiate, for {service}: {reason}"), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channel_bindings_are_laid_out_as_windows_reads_them() {
        let bindings = channel_bindings(&[7; 12]);
        assert_eq!(bindings.len(), 32 + 23);
        assert_eq!(bindings[..24], [0; 24], "there are no addresses");
        assert_eq!(bindings[24..32], [23, 0, 0, 0, 32, 0, 0, 0]);
        assert_eq!(bindings[32..], *b"tls-unique:\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07");
    }
}
