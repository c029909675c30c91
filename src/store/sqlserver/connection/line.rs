//! The line to the server, on which silence is measured: a server that is working sends something
//! now and then, be it only the messages of `usp_ReportProgress`, which the driver does not pass on.

use std::future::Future;
use std::io;
use std::pin::{pin, Pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{ready, Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::stream::Stream;
use crate::store::sqlserver::fault::{Result, ServerFault};

/// A byte stream to the server that is listened to.
pub(super) struct Line {
    stream: Box<dyn Stream>,
    ear: Ear,
}

impl Line {
    pub(super) fn new(stream: Box<dyn Stream>, ear: &Ear) -> Self {
        Self { stream, ear: ear.clone() }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.ear.hear();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// When the server was heard last.
#[derive(Clone)]
pub(super) struct Ear(Arc<Mutex<Instant>>);

impl Ear {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn hear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn heard_at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the server may be silent while it does `what`.
    pub(super) fn patience<'a>(&'a self, bound: Duration, what: &'a str) -> Patience<'a> {
        Patience { ear: self, bound, what }
    }
}

/// How long the server may be silent.
pub(super) struct Patience<'a> {
    ear: &'a Ear,
    bound: Duration,
    what: &'a str,
}

impl Patience<'_> {
    /// Waits for `work` until nothing has come for the bound.
    pub(super) async fn wait<T, E: Into<ServerFault>>(
        &self,
        work: impl Future<Output = std::result::Result<T, E>>,
    ) -> Result<T> {
        let (mut work, mut silent_since) = (pin!(work), Instant::now());
        loop {
            let rest = self.bound.saturating_sub(silent_since.elapsed());
            if let Ok(result) = tokio::time::timeout(rest, &mut work).await {
                return result.map_err(Into::into);
            }
            let heard_at = self.ear.heard_at();
            if heard_at <= silent_since {
                let bound = humantime::format_duration(self.bound);
                return Err(ServerFault::Timeout(format!(
                    "{} sent nothing for {bound}",
                    self.what
                )));
            }
            silent_since = heard_at;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    use tokio::runtime::Builder;

    use super::*;

    /// Waits with a bound of 100 ms for ten bytes, which a server sends one at a time.
    fn hear_ten_bytes(pause: Duration) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
        client.set_nonblocking(true).expect("not blocking");
        // It ends with the connection, or with the process.
        std::thread::spawn(move || {
            let (mut server, _) = listener.accept().expect("a client");
            while server.write_all(&[1]).is_ok() {
                std::thread::sleep(pause);
            }
        });
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let client = tokio::net::TcpStream::from_std(client).expect("a stream");
            let ear = Ear::new();
            let mut line = Line::new(Box::new(client), &ear);
            let hearing = async {
                for _ in 0..10 {
                    let (mut byte, line) = ([0], &mut line);
                    let mut buffer = ReadBuf::new(&mut byte);
                    poll_fn(|context| Pin::new(&mut *line).poll_read(context, &mut buffer)).await?;
                }
                Ok::<_, tiberius::error::Error>(())
            };
            ear.patience(Duration::from_millis(100), "usp_EnqueueApps").wait(hearing).await
        })
    }

    #[test]
    fn a_server_that_says_something_is_waited_for() {
        assert_eq!(hear_ten_bytes(Duration::from_millis(20)), Ok(()));
    }

    #[test]
    fn a_server_that_says_nothing_is_not_waited_for() {
        let reason = "usp_EnqueueApps sent nothing for 100ms".to_owned();
        assert_eq!(hear_ten_bytes(Duration::from_secs(60)), Err(ServerFault::Timeout(reason)));
    }
}
