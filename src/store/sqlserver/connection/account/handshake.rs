//! The stream under TLS: it keeps the handshake's messages and puts them into packets, as TDS 7 wants them.

use std::io;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::binding::Transcript;
use super::packets::{self, HEADER, PRELOGIN};

/// A stream to the server, and what is the matter with it during the handshake.
pub(super) struct Handshake<S> {
    stream: S,
    /// `None` after the handshake, when every byte is passed on.
    state: Option<State>,
}

struct State {
    transcript: Transcript,
    in_packets: bool,
    /// Said by TLS, but not sent yet.
    unpacked: Vec<u8>,
    /// In packets, with how much of it is sent.
    packed: (Vec<u8>, usize),
    /// The header of the packet that comes, and how much of it has come.
    header: ([u8; HEADER], usize),
    /// How much of that packet's content is still to come.
    left: usize,
}

impl<S> Handshake<S> {
    /// Before a handshake, in packets or without.
    pub(super) fn new(stream: S, in_packets: bool) -> Self {
        let state = State {
            transcript: Transcript::default(),
            in_packets,
            unpacked: Vec::new(),
            packed: (Vec::new(), 0),
            header: ([0; HEADER], 0),
            left: 0,
        };
        Self { stream, state: Some(state) }
    }

    /// After it.
    pub(super) fn finish(&mut self) -> Option<Transcript> {
        self.state.take().map(|state| state.transcript)
    }
}

impl State {
    /// Reads a packet's header, unless its content is being read.
    fn poll_header<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.left == 0 {
            let (header, read) = &mut self.header;
            let mut buffer = ReadBuf::new(&mut header[*read..]);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            *read += buffer.filled().len();
            if *read == HEADER {
                *read = 0;
                self.left = packets::length(header)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends what is packed.
    fn poll_send<S: AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unpacked.is_empty() {
            let (packed, _) = &mut self.packed;
            packed.extend_from_slice(&packets::pack(PRELOGIN, &self.unpacked));
            self.unpacked.clear();
        }
        let (packed, sent) = &mut self.packed;
        while *sent < packed.len() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, &packed[*sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *sent += written;
        }
        self.packed = (Vec::new(), 0);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Handshake<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, state } = &mut *self;
        let Some(state) = state else { return Pin::new(stream).poll_read(context, buffer) };
        let begin = buffer.filled().len();
        if state.in_packets {
            ready!(state.poll_header(stream, context))?;
            let mut part = buffer.take(state.left);
            ready!(Pin::new(stream).poll_read(context, &mut part))?;
            let read = part.filled().len();
            // Safe code has no other way to say that a part of a buffer is filled.
            let content = part.filled().to_vec();
            buffer.put_slice(&content);
            state.left -= read;
        } else {
            ready!(Pin::new(stream).poll_read(context, buffer))?;
        }
        state.transcript.receive(&buffer.filled()[begin..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Handshake<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, state } = &mut *self;
        let Some(state) = state else { return Pin::new(stream).poll_write(context, bytes) };
        let written = match state.in_packets {
            true => {
                state.unpacked.extend_from_slice(bytes);
                bytes.len()
            }
            false => ready!(Pin::new(stream).poll_write(context, bytes))?,
        };
        state.transcript.send(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, state } = &mut *self;
        if let Some(state) = state {
            ready!(state.poll_send(stream, context))?;
        }
        Pin::new(stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
