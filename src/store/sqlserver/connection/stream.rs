//! The byte stream of a connection: TCP, or a named pipe on Windows.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tiberius::{Config, SqlBrowser};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::compat::Compat;

use super::settings::{ServerName, ServerSettings};
use crate::store::sqlserver::fault::{Result, ServerFault};

/// A byte stream to the server.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What the driver is given.
pub(super) type Session = Compat<Box<dyn Stream>>;

/// Opens the stream that the settings name, and returns the server's port, if it has one.
pub(super) async fn open(
    settings: &ServerSettings,
    config: &Config,
) -> Result<(Box<dyn Stream>, Option<u16>)> {
    match &settings.name {
        Some(ServerName::Pipe(path)) => match open_pipe(path).await {
            Ok(stream) => Ok((stream, None)),
            Err(error) => {
                Err(ServerFault::Lost(format!("cannot open the named pipe {path}: {error}")))
            }
        },
        name => match TcpStream::connect_named(config).await {
            Ok(stream) => {
                let stream = kept_alive(stream)?;
                let address = stream.peer_addr();
                let address = address.map_err(|error| ServerFault::Lost(error.to_string()))?;
                Ok((Box::new(stream), Some(address.port())))
            }
            Err(error) => match open_local_pipe(name.as_ref()).await {
                Some(stream) => Ok((stream, None)),
                None => Err(match error {
                    // SQL Browser does not know the instance: an error of the server, not of ours.
                    tiberius::error::Error::Conversion(reason) => {
                        ServerFault::Lost(reason.into_owned())
                    }
                    other => other.into(),
                }),
            },
        },
    }
}

/// As SQL Server's own drivers: a vanished server is noticed while a call waits for its reply.
fn kept_alive(stream: TcpStream) -> Result<TcpStream> {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(30))
        .with_interval(Duration::from_secs(1));
    SockRef::from(&stream)
        .set_tcp_keepalive(&keepalive)
        .map_err(|error| ServerFault::Lost(error.to_string()))?;
    Ok(stream)
}

/// Express does not listen on TCP by default; on its own machine it is reached by its pipe.
#[cfg(windows)]
async fn open_local_pipe(name: Option<&ServerName>) -> Option<Box<dyn Stream>> {
    match name {
        Some(ServerName::Tcp { host, instance, port: None }) if host == "localhost" => {
            open_pipe(&super::settings::pipe_of(host, instance.as_deref())).await.ok()
        }
        _ => None,
    }
}

#[cfg(not(windows))]
async fn open_local_pipe(_: Option<&ServerName>) -> Option<Box<dyn Stream>> {
    None
}

#[cfg(windows)]
async fn open_pipe(path: &str) -> io::Result<Box<dyn Stream>> {
    use tokio::net::windows::named_pipe::ClientOptions;

    /// All instances of the pipe are busy.
    const ERROR_PIPE_BUSY: i32 = 231;
    loop {
        match ClientOptions::new().open(path) {
            Ok(pipe) => return Ok(Box::new(pipe)),
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(not(windows))]
async fn open_pipe(_: &str) -> io::Result<Box<dyn Stream>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "named pipes are reached from Windows only"))
}
