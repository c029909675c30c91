//! TLS of a login with an account: rustls on every system, because the login has to be bound to it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::{aws_lc_rs, CryptoProvider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    SupportedCipherSuite,
};
use tokio_rustls::TlsConnector;

use super::binding::MasterSecret;
use super::handshake::Handshake;
use crate::store::sqlserver::connection::channel::{Account, Encryption, Trust};
use crate::store::sqlserver::fault::{Result, ServerFault};

/// What a login is bound to: `tls-unique` of its connection.
pub(super) type TlsUnique = [u8; 12];

/// Encrypts a stream. TLS 1.2 alone: nobody says what SQL Server binds a login to in 1.3, and TDS 7 has no 1.3.
pub(super) async fn encrypt<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    account: &Account,
) -> Result<(TlsStream<Handshake<S>>, TlsUnique)> {
    let is_strict = account.encryption == Encryption::Strict;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let secret = Arc::new(MasterSecret::default());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS12])
        .map_err(fault)?
        .dangerous()
        .with_custom_certificate_verifier(verifier(&account.trust, provider)?)
        .with_no_client_auth();
    config.key_log = secret.clone();
    // Only a whole handshake has the message that a login is bound to.
    config.resumption = Resumption::disabled();
    if is_strict {
        config.alpn_protocols.push(b"tds/8.0".to_vec());
    }
    let connector = TlsConnector::from(Arc::new(config));
    let handshake = Handshake::new(stream, !is_strict);
    let name = server_name(account)?;
    let mut stream = connector.connect(name, handshake).await.map_err(io_fault)?;
    let (handshake, session) = stream.get_mut();
    let (Some(transcript), Some(SupportedCipherSuite::Tls12(suite))) =
        (handshake.finish(), session.negotiated_cipher_suite())
    else {
        return Err(ServerFault::Unexpected("a handshake that is not of TLS 1.2".to_owned()));
    };
    let binding = transcript.tls_unique(suite, &secret.take());
    Ok((stream, binding))
}

/// The name that the certificate must have.
fn server_name(account: &Account) -> Result<ServerName<'static>> {
    let name = account.certificate_host.as_ref().unwrap_or(&account.host);
    match ServerName::try_from(name.clone()) {
        Ok(name) => Ok(name),
        // It is sent, and nothing compares it.
        Err(_) if account.trust == Trust::Anything => {
            ServerName::try_from("localhost").map_err(|error| tls_fault(&error.to_string()))
        }
        Err(error) => Err(tls_fault(&format!("{name:?} in a certificate: {error}"))),
    }
}

fn verifier(trust: &Trust, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
    Ok(match trust {
        Trust::System => Arc::new(Verifier::new(provider).map_err(fault)?),
        Trust::Authority(file) => {
            let authorities = authorities(file)?;
            Arc::new(Verifier::new_with_extra_roots(authorities, provider).map_err(fault)?)
        }
        Trust::Anything => Arc::new(NoVerifier),
    })
}

/// The certificates of a file, PEM or DER.
fn authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |reason: String| {
        ServerFault::Lost(format!("cannot read the certificates of {}: {reason}", file.display()))
    };
    let bytes = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    if !bytes.windows(10).any(|part| part == b"-----BEGIN") {
        return Ok(vec![CertificateDer::from(bytes)]);
    }
    let pem = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found.map_err(|error| wrong(error.to_string()))? {
        found if found.is_empty() => Err(wrong("it has none".to_owned())),
        found => Ok(found),
    }
}

/// What the handshake ended with: the reason of rustls is inside.
fn io_fault(error: io::Error) -> ServerFault {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(reason)) => tls_fault(&format!(
            "the server's certificate was rejected during the TLS handshake: {reason}"
        )),
        Some(
            reason @ (Error::PeerIncompatible(_)
            | Error::AlertReceived(
                AlertDescription::HandshakeFailure
                | AlertDescription::InsufficientSecurity
                | AlertDescription::ProtocolVersion,
            )),
        ) => ServerFault::Account {
            reason: format!("TLS: {reason}"),
            hint: "allow TLS 1.2 with ECDHE and GCM on the server, or use --user or \
                   --access-token-file",
        },
        Some(reason) => tls_fault(&reason.to_string()),
        // Windows closes a connection for which it has no suite of ciphers.
        None if error.kind() == io::ErrorKind::UnexpectedEof => ServerFault::Account {
            reason: "the server closed the connection during the login".to_owned(),
            hint:
                "check the port of --server: another service may listen there, or the server does \
                   not allow TLS 1.2 with ECDHE and GCM",
        },
        None => tiberius::error::Error::from(error).into(),
    }
}

fn fault(error: Error) -> ServerFault {
    tls_fault(&error.to_string())
}

fn tls_fault(reason: &str) -> ServerFault {
    tiberius::error::Error::Tls(reason.to_owned()).into()
}

/// Of `--trust-server-certificate`.
#[derive(Debug)]
struct NoVerifier;

impl ServerCertVerifier for NoVerifier {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
