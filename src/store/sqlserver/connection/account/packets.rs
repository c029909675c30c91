//! Messages of TDS, and the packets that carry them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The answer of a server.
pub(super) const ANSWER: u8 = 0x04;
/// LOGIN7.
pub(super) const LOGIN: u8 = 0x10;
/// A token of the account.
pub(super) const SSPI: u8 = 0x11;
/// The first message, and what carries the handshake of TLS.
pub(super) const PRELOGIN: u8 = 0x12;

/// The bytes before the content of a packet.
pub(super) const HEADER: usize = 8;
/// The size of packets until a login has agreed on another one.
const PACKET: usize = 4096;
/// The bit of a message's last packet.
const IS_LAST: u8 = 1;
/// Messages of a login are a few KB: more comes from another service.
const LONGEST: usize = 1 << 20;

/// The length of a packet's content.
///
/// # Errors
/// It is shorter than its header.
pub(super) fn length(header: &[u8; HEADER]) -> io::Result<usize> {
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    length.checked_sub(HEADER).ok_or_else(|| invalid("a packet shorter than its header"))
}

/// A message in packets.
pub(super) fn pack(kind: u8, body: &[u8]) -> Vec<u8> {
    let parts = body.chunks(PACKET - HEADER);
    let last = parts.len();
    let mut packed = Vec::with_capacity(body.len() + last * HEADER);
    for (number, part) in (1..).zip(parts) {
        let status = if number == last { IS_LAST } else { 0 };
        // Neither is longer than a packet, and numbers of packets begin again after 255.
        let ([high, low], number) = (((part.len() + HEADER) as u16).to_be_bytes(), number as u8);
        packed.extend_from_slice(&[kind, status, high, low, 0, 0, number, 0]);
        packed.extend_from_slice(part);
    }
    packed
}

/// Sends a message.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    kind: u8,
    body: &[u8],
) -> io::Result<()> {
    stream.write_all(&pack(kind, body)).await?;
    stream.flush().await
}

/// Reads the next message, and not a byte more: it has to be one of this kind.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), kind: u8) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header).await?;
        if header[0] != kind {
            return Err(invalid("a message of another kind"));
        }
        let begin = body.len();
        body.resize(begin + length(&header)?, 0);
        if body.len() > LONGEST {
            return Err(invalid("a message that does not end"));
        }
        stream.read_exact(&mut body[begin..]).await?;
        if header[1] & IS_LAST != 0 {
            return Ok(body);
        }
    }
}

/// What another service says.
pub(super) fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_in_packets_of_4096_bytes_and_is_read_as_it_was() {
        let body: Vec<u8> = (0..10_000).map(|n| n as u8).collect();
        let packed = pack(LOGIN, &body);
        assert_eq!(packed.len(), body.len() + 3 * HEADER);
        assert_eq!(packed[..HEADER], [LOGIN, 0, 0x10, 0, 0, 0, 1, 0]);
        assert_eq!(packed[2 * 4096..][..HEADER], [LOGIN, 1, 0x07, 0x28, 0, 0, 3, 0]);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (mut first, mut other) = (packed.as_slice(), packed.as_slice());
        assert_eq!(runtime.block_on(read(&mut first, LOGIN)).expect("a message"), body);
        assert!(runtime.block_on(read(&mut other, ANSWER)).is_err(), "another kind");
    }
}
