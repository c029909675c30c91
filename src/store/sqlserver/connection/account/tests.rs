//! A server of the test's own at the other end: what it hears of an account, and what the driver makes of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use super::handshake::Handshake;
use super::*;
use crate::store::sqlserver::connection::channel::Trust;

const ACCEPTED: &[u8] = &[0xad, 10, 0, 1, 0x74, 0, 0, 4, 0, 16, 0, 0, 0];
const DONE: &[u8] = &[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// An error with this number and one letter.
fn refusal(number: i32) -> Vec<u8> {
    let [a, b, c, d] = number.to_le_bytes();
    [&[0xaa, 16, 0, a, b, c, d, 1, 14, 1, 0, b'x', 0, 0, 0, 1, 0, 0, 0], DONE].concat()
}

/// How a server answers.
#[derive(Clone)]
struct Answers {
    encryption: u8,
    /// After the login, one message each; after one that is a token, a token is read.
    login: Vec<Vec<u8>>,
    /// To what is asked in the session.
    question: Vec<u8>,
}

fn answers(login: &[&[u8]]) -> Answers {
    let login = login.iter().map(|message| message.to_vec()).collect();
    Answers { encryption: encryption::ON, login, question: refusal(50_001) }
}

/// What the server has heard.
#[derive(Default)]
struct Heard {
    wish: u8,
    login: Vec<u8>,
    tokens: Vec<Vec<u8>>,
}

async fn tls<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    in_packets: bool,
) -> Box<dyn Stream> {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["db1".to_owned()]).expect("a certificate");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .expect("TLS 1.2")
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(cert.der().to_vec())], key(&signing_key))
        .expect("a certificate and its key");
    config.alpn_protocols.push(b"tds/8.0".to_vec());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let handshake = Handshake::new(stream, in_packets);
    let mut stream = acceptor.accept(handshake).await.expect("a handshake");
    stream.get_mut().0.finish();
    Box::new(stream)
}

fn key(pair: &KeyPair) -> tokio_rustls::rustls::pki_types::PrivateKeyDer<'static> {
    PrivatePkcs8KeyDer::from(pair.serialize_der()).into()
}

/// Serves one connection.
async fn serve(
    stream: DuplexStream,
    is_strict: bool,
    answers: Answers,
    heard: Rc<RefCell<Heard>>,
) -> std::io::Result<()> {
    let mut line: Box<dyn Stream> = Box::new(stream);
    if is_strict {
        line = tls(line, false).await;
    }
    let mut prelogin = packets::read(&mut line, PRELOGIN).await?;
    let wish = encryption_of(&mut prelogin).expect("a wish");
    heard.borrow_mut().wish = *wish;
    *wish = answers.encryption;
    packets::write(&mut line, ANSWER, &prelogin).await?;
    if !is_strict && answers.encryption != encryption::NOT_SUPPORTED {
        line = tls(line, true).await;
    }
    let login = packets::read(&mut line, LOGIN).await?;
    heard.borrow_mut().login = login;
    for message in answers.login {
        packets::write(&mut line, ANSWER, &message).await?;
        if Answer::of(&message).token.is_some_and(|token| token != [b'!']) {
            let token = packets::read(&mut line, SSPI).await?;
            heard.borrow_mut().tokens.push(token);
        }
    }
    const BATCH: u8 = 1;
    packets::read(&mut line, BATCH).await?;
    packets::write(&mut line, ANSWER, &answers.question).await
}

/// An account that answers with the token of the server; `!` is the last word.
struct Echo(Option<TlsUnique>);

impl Source for Echo {
    fn next(&mut self, answer: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        match answer {
            None => Ok(Some([b"binding ".as_slice(), &self.0.unwrap_or_default()].concat())),
            Some(b"!") => Ok(None),
            Some(b"?") => Err(ServerFault::Account { reason: "no".into(), hint: "ask" }),
            Some(answer) => Ok(Some(answer.to_vec())),
        }
    }
}

/// What the login ends with, and what the server has heard.
fn log_in_to(answers: Answers, encryption: Encryption) -> (String, Heard) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let heard = Rc::new(RefCell::new(Heard::default()));
    let said = runtime.expect("a runtime").block_on(async {
        let (client, server) = tokio::io::duplex(1000);
        let account = Account { encryption, ..Account::of("db1", Trust::Anything) };
        let is_strict = encryption == Encryption::Strict;
        let serving = serve(server, is_strict, answers, heard.clone());
        let asking = async {
            let start = |binding| Ok(Echo(binding));
            let client = connect_with(Config::new(), Box::new(client), &account, start).await;
            let error = match client {
                Ok(Ok(mut client)) => match client.simple_query("SELECT 1").await {
                    Ok(stream) => stream.into_results().await.expect_err("an error"),
                    Err(error) => error,
                },
                Ok(Err(error)) => error,
                Err(fault) => return format!("{fault:?}"),
            };
            match error {
                Error::Server(refusal) => refusal.code().to_string(),
                other => other.to_string(),
            }
        };
        let (said, _ended_with_it) = futures_util::future::join(asking, serving).await;
        said
    });
    (said, Rc::try_unwrap(heard).ok().expect("the server has ended").into_inner())
}

/// The account's first token.
fn token(login: &[u8]) -> &[u8] {
    &login[usize::from(u16::from_le_bytes([login[78], login[79]]))..]
}

#[test]
fn an_account_logs_in_and_the_driver_goes_on_in_the_same_session() {
    let accepted = [ACCEPTED, DONE].concat();
    for encryption in [Encryption::Always, Encryption::IfRequired, Encryption::Strict] {
        for login in [
            answers(&[&[0xed, 2, 0, 8, 9], &[0xed, 1, 0, b'!'], &accepted]),
            answers(&[&[0xed, 2, 0, 8, 9], &[&[0xed, 1, 0, b'!'], accepted.as_slice()].concat()]),
        ] {
            let (said, heard) = log_in_to(login, encryption);
            assert_eq!(said, "50001", "{encryption:?}");
            assert_eq!(heard.tokens, [[8, 9]], "{encryption:?}");
            let token = token(&heard.login);
            assert!(token.starts_with(b"binding ") && token.len() == 20, "{token:?}");
            assert_ne!(token[8..], [0; 12], "bound to TLS");
        }
    }
}

#[test]
fn a_server_that_does_not_encrypt_is_refused_unless_that_was_meant() {
    let plain =
        Answers { encryption: encryption::NOT_SUPPORTED, ..answers(&[&[ACCEPTED, DONE].concat()]) };
    let (said, heard) = log_in_to(plain.clone(), Encryption::Always);
    assert!(said.contains("encryption level"), "{said}");
    assert_eq!((heard.wish, heard.login.as_slice()), (encryption::ON, [].as_slice()));
    let (said, heard) = log_in_to(plain, Encryption::IfRequired);
    assert_eq!((said.as_str(), heard.wish), ("50001", encryption::NOT_SUPPORTED));
    assert_eq!(token(&heard.login)[8..], [0; 12], "bound to nothing");
}

#[test]
fn the_driver_is_told_how_the_server_decides() {
    let (said, _) = log_in_to(answers(&[&refusal(18_452)]), Encryption::Always);
    assert_eq!(said, "18452");
    // To db2, port 1500.
    let routing = [0xe3, 14, 0, 20, 11, 0, 0, 0xdc, 5, 3, 0, b'd', 0, b'b', 0, b'2', 0];
    let routing = [&routing, [0, 0].as_slice()].concat();
    let routing = [ACCEPTED, &[&[0xe3, 16], &routing[2..]].concat(), DONE].concat();
    let (said, _) = log_in_to(answers(&[&routing]), Encryption::Always);
    assert!(said.contains("db2") && said.contains("1500"), "{said}");
}

#[test]
fn what_the_account_lacks_ends_the_login() {
    let (said, heard) = log_in_to(answers(&[&[0xed, 1, 0, b'?']]), Encryption::Always);
    assert_eq!(said, r#"Account { reason: "no", hint: "ask" }"#);
    assert_eq!(heard.tokens, Vec::<Vec<u8>>::new());
}
