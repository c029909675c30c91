//! The login with the account of the process, by Kerberos, or on Windows by what Negotiate finds, bound to the
//! connection's TLS as Extended Protection wants it. The driver has no such login, and gives nobody a hold on
//! its TLS. So TLS and the account's tokens are ours: for the driver the server has no
//! encryption: it sends a login without a password, into a pipe whose other end we hold. When the server has
//! decided, the driver is given its answer, and then the stream itself.

mod binding;
mod handshake;
mod messages;
mod packets;
mod service;
mod switch;
mod tls;
#[cfg_attr(windows, path = "sspi.rs")]
#[cfg_attr(all(unix, feature = "kerberos"), path = "gss.rs")]
#[cfg_attr(not(any(windows, all(unix, feature = "kerberos"))), path = "none.rs")]
mod tokens;

use std::pin::pin;

use futures_util::future::{select, Either};
use tiberius::error::Error;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel};
use tokio::io::DuplexStream;
use tokio::sync::oneshot;
use tokio_util::compat::TokioAsyncWriteCompatExt;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::channel::{Account, Encryption};
use super::stream::{Session, Stream};
use crate::store::sqlserver::fault::{Result, ServerFault};
use messages::{encryption, encryption_of, with_token, Answer};
use packets::{ANSWER, LOGIN, PRELOGIN, SSPI};
use service::Service;
use switch::Switch;
use tls::TlsUnique;
use tokens::Tokens;

#[cfg(test)]
mod tests;

/// Logs in over a stream that has this port, if it has one. The driver's own errors are left as they are: the
/// server may lead to another one.
pub(super) async fn connect(
    config: Config,
    stream: Box<dyn Stream>,
    port: Option<u16>,
    account: &Account,
) -> Result<std::result::Result<Client<Session>, Error>> {
    let start = |binding: Option<TlsUnique>| {
        let service = Service::of(account, port);
        Tokens::new(&service, binding.as_ref())
    };
    connect_with(config, stream, account, start).await
}

/// [`connect`] with the tokens that `start` gives for a connection that they are bound to.
async fn connect_with<S: Source>(
    mut config: Config,
    stream: Box<dyn Stream>,
    account: &Account,
    start: impl FnOnce(Option<TlsUnique>) -> Result<S>,
) -> Result<std::result::Result<Client<Session>, Error>> {
    config.encryption(EncryptionLevel::NotSupported);
    config.authentication(AuthMethod::None);
    let (driver, ours) = tokio::io::duplex(1 << 16);
    let (hand_over, coming) = oneshot::channel();
    let switch: Box<dyn Stream> = Box::new(Switch::new(driver, coming));
    let login = async {
        // The pipe is closed before the session is handed over, so that the driver finds its end.
        let session = log_in(ours, stream, account, start).await?;
        Ok::<_, ServerFault>(hand_over.send(session))
    };
    let client = Client::connect(config, switch.compat_write());
    let both = async {
        match select(pin!(client), pin!(login)).await {
            Either::Left((client, _)) => Ok(client),
            Either::Right((Ok(_), client)) => Ok(client.await),
            Either::Right((Err(fault), _)) => Err(fault),
        }
    };
    match account.encryption {
        Encryption::IfRequired => both.await,
        // The driver would warn that nothing is encrypted. What goes wrong is in the result.
        Encryption::Strict | Encryption::Always => both.with_subscriber(NoSubscriber::new()).await,
    }
}

/// Where the tokens of an account come from.
trait Source {
    /// The next token, after that of the server; `None` if nothing is left to say.
    fn next(&mut self, answer: Option<&[u8]>) -> Result<Option<Vec<u8>>>;
}

/// Passes the driver's login on to the server, encrypted and with the account's tokens, and the answer back.
async fn log_in<S: Source>(
    mut driver: DuplexStream,
    stream: Box<dyn Stream>,
    account: &Account,
    start: impl FnOnce(Option<TlsUnique>) -> Result<S>,
) -> Result<Box<dyn Stream>> {
    let (mut server, mut binding) = match account.encryption {
        Encryption::Strict => encrypted(stream, account).await?,
        _ => (stream, None),
    };
    let mut prelogin = packets::read(&mut driver, PRELOGIN).await.map_err(line_fault)?;
    let mut answer = pass_on(&mut server, account, &mut prelogin).await?;
    let offered = encryption_of(&mut answer).ok_or_else(|| foreign("a PRELOGIN without a word"))?;
    let is_offered = [encryption::ON, encryption::REQUIRED].contains(offered);
    *offered = encryption::NOT_SUPPORTED;
    if account.encryption != Encryption::Strict {
        if is_offered {
            (server, binding) = encrypted(server, account).await?;
        } else if account.encryption == Encryption::Always {
            return Err(foreign("the encryption level is not the requested one"));
        }
    }
    packets::write(&mut driver, ANSWER, &answer).await.map_err(line_fault)?;

    let mut login = packets::read(&mut driver, LOGIN).await.map_err(line_fault)?;
    let mut tokens = start(binding)?;
    let token = tokens.next(None)?.unwrap_or_default();
    with_token(&mut login, &token).ok_or_else(|| foreign("a login that is too short"))?;
    packets::write(&mut server, LOGIN, &login).await.map_err(line_fault)?;
    let mut decision = Vec::new();
    loop {
        let message = packets::read(&mut server, ANSWER).await.map_err(line_fault)?;
        let Answer { token, rest, is_decision } = Answer::of(&message);
        decision.extend_from_slice(&rest);
        if let Some(token) = token {
            // The last one of the server may need no answer, but proves to us who it is.
            if let Some(token) = tokens.next(Some(&token))?.filter(|token| !token.is_empty()) {
                packets::write(&mut server, SSPI, &token).await.map_err(line_fault)?;
            }
        }
        if is_decision {
            break;
        }
    }
    packets::write(&mut driver, ANSWER, &decision).await.map_err(line_fault)?;
    Ok(server)
}

/// Sends the driver's first message with the wish for encryption, and returns the answer.
async fn pass_on(
    server: &mut Box<dyn Stream>,
    account: &Account,
    prelogin: &mut [u8],
) -> Result<Vec<u8>> {
    let wish = encryption_of(prelogin).ok_or_else(|| foreign("a PRELOGIN without a wish"))?;
    *wish = match account.encryption {
        Encryption::IfRequired => encryption::NOT_SUPPORTED,
        Encryption::Strict | Encryption::Always => encryption::ON,
    };
    packets::write(server, PRELOGIN, prelogin).await.map_err(line_fault)?;
    packets::read(server, ANSWER).await.map_err(line_fault)
}

async fn encrypted(
    stream: Box<dyn Stream>,
    account: &Account,
) -> Result<(Box<dyn Stream>, Option<TlsUnique>)> {
    let (stream, binding) = tls::encrypt(stream, account).await?;
    Ok((Box::new(stream), Some(binding)))
}

/// Of the connection, in the driver's words.
fn line_fault(error: std::io::Error) -> ServerFault {
    match error.kind() {
        std::io::ErrorKind::InvalidData => foreign(&error.to_string()),
        _ => Error::from(error).into(),
    }
}

/// What SQL Server does not say.
fn foreign(what: &str) -> ServerFault {
    ServerFault::Unexpected(what.to_owned())
}
