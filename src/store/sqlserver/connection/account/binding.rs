//! `tls-unique`, to which SQL Server binds a login of Extended Protection (RFC 5929, section 3): the client's
//! message Finished, by which both ends prove that they have seen the same handshake. rustls does not give it
//! away, but all that it is made of: until it, a handshake of TLS 1.2 is in clear, and `KeyLog` gets the
//! master secret. So Finished is computed once more (RFC 5246, section 7.4.9).

use std::fmt;
use std::mem::take;
use std::sync::{Mutex, PoisonError};

use tokio_rustls::rustls::{KeyLog, Tls12CipherSuite};
use zeroize::Zeroizing;

/// The messages of a handshake, in the order of the line.
#[derive(Default)]
pub(super) struct Transcript {
    messages: Vec<u8>,
    /// What has come of a record that is not complete.
    sent: Vec<u8>,
    received: Vec<u8>,
    /// The client encrypts from here on, beginning with its Finished.
    is_complete: bool,
}

impl Transcript {
    /// Bytes to the server.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        if !self.is_complete {
            self.sent.extend_from_slice(bytes);
            self.is_complete = take_records(&mut self.sent, &mut self.messages);
        }
    }

    /// Bytes from the server.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        if !self.is_complete {
            self.received.extend_from_slice(bytes);
            take_records(&mut self.received, &mut self.messages);
        }
    }

    /// `tls-unique` of the session whose handshake this is.
    pub(super) fn tls_unique(&self, suite: &Tls12CipherSuite, master_secret: &[u8]) -> [u8; 12] {
        let hash = suite.common.hash_provider.hash(&self.messages);
        let mut finished = [0; 12];
        let label = b"client finished";
        suite.prf_provider.for_secret(&mut finished, master_secret, label, hash.as_ref());
        finished
    }
}

/// Moves the content of handshake records to `messages`, and returns whether encryption begins after them.
fn take_records(bytes: &mut Vec<u8>, messages: &mut Vec<u8>) -> bool {
    const CHANGE_CIPHER_SPEC: u8 = 20;
    const HANDSHAKE: u8 = 22;
    let mut left = bytes.as_slice();
    let mut changes = false;
    while let [kind, _, _, high, low, after @ ..] = left {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((content, next)) = after.split_at_checked(length) else { break };
        match *kind {
            HANDSHAKE if !changes => messages.extend_from_slice(content),
            CHANGE_CIPHER_SPEC => changes = true,
            _ => {}
        }
        left = next;
    }
    *bytes = left.to_vec();
    changes
}

/// What `KeyLog` gets, until it is taken.
#[derive(Default)]
pub(super) struct MasterSecret(Mutex<Zeroizing<Vec<u8>>>);

impl MasterSecret {
    pub(super) fn take(&self) -> Zeroizing<Vec<u8>> {
        take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl KeyLog for MasterSecret {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        if self.will_log(label) {
            let secret = Zeroizing::new(secret.to_vec());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = secret;
        }
    }

    fn will_log(&self, label: &str) -> bool {
        // What NSS's format calls the master secret of TLS 1.2.
        label == "CLIENT_RANDOM"
    }
}

#[cfg(test)]
mod tests {
    use tokio_rustls::rustls::crypto::aws_lc_rs::cipher_suite::{
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    };
    use tokio_rustls::rustls::SupportedCipherSuite;

    use super::*;

    fn from_hex(hex: &str) -> Vec<u8> {
        let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("digits");
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    /// Recorded with OpenSSL by tools/kerberos/record.py, and seen in pieces of this many bytes.
    fn check(recorded: &str, suite: SupportedCipherSuite, piece: usize) {
        let mut transcript = Transcript::default();
        let (mut secret, mut unique) = (Vec::new(), Vec::new());
        for (what, hex) in recorded.lines().map(|line| line.split_once(' ').expect("two words")) {
            let bytes = from_hex(hex);
            match what {
                "sent" => bytes.chunks(piece).for_each(|piece| transcript.send(piece)),
                "received" => bytes.chunks(piece).for_each(|piece| transcript.receive(piece)),
                "secret" => secret = bytes,
                _ => unique = bytes,
            }
        }
        let SupportedCipherSuite::Tls12(suite) = suite else { panic!("a suite of TLS 1.2") };
        assert_eq!(unique.len(), 12);
        assert_eq!(transcript.tls_unique(suite, &secret).as_slice(), unique, "pieces of {piece}");
    }

    #[test]
    fn tls_unique_is_what_openssl_says_it_is() {
        let sha256 = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
        let sha384 = TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
        for piece in [1, 7, 4096] {
            check(include_str!("handshake-sha256.txt"), sha256, piece);
            check(include_str!("handshake-sha384.txt"), sha384, piece);
        }
    }
}
