//! The stream that the driver is given: during the login it leads to us, and then to the server.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::oneshot::Receiver;

use crate::store::sqlserver::connection::stream::Stream;

/// Leads to us until the last message of the login is read, and then to the session that came.
pub(super) struct Switch {
    /// We close our end with the last message of the login.
    login: Option<DuplexStream>,
    coming: Option<Receiver<Box<dyn Stream>>>,
    session: Option<Box<dyn Stream>>,
}

impl Switch {
    pub(super) fn new(login: DuplexStream, coming: Receiver<Box<dyn Stream>>) -> Self {
        Self { login: Some(login), coming: Some(coming), session: None }
    }

    /// The session, once it has come; an error if the login ended without one.
    fn session(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&mut Box<dyn Stream>>> {
        if let Some(coming) = &mut self.coming {
            let session = ready!(Pin::new(coming).poll(context));
            self.coming = None;
            self.session = session.ok();
        }
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        Poll::Ready(self.session.as_mut().ok_or_else(closed))
    }
}

impl AsyncRead for Switch {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(login) = &mut self.login {
            let before = buffer.filled().len();
            ready!(Pin::new(login).poll_read(context, buffer))?;
            if buffer.filled().len() > before || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            self.login = None;
        }
        Pin::new(ready!(self.session(context))?).poll_read(context, buffer)
    }
}

impl AsyncWrite for Switch {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.session(context)? {
            Poll::Ready(session) => Pin::new(session).poll_write(context, bytes),
            Poll::Pending => match &mut self.login {
                Some(login) => Pin::new(login).poll_write(context, bytes),
                None => Poll::Pending,
            },
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.session {
            Some(session) => Pin::new(session).poll_flush(context),
            // What comes to us is in memory.
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.session {
            Some(session) => Pin::new(session).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}
