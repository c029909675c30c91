//! A line to the server on which requests are counted, as the TDS protocol divides them: a message is
//! what the client sends before it waits for an answer.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::database::{connection_string_of, locked, parts_of_connection_string};

/// What a client asks for: the type in a packet's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Login,
    Batch,
    Call,
    Rows,
    Other,
}

impl Kind {
    fn of(packet_type: u8) -> Self {
        match packet_type {
            0x01 => Self::Batch,
            0x03 => Self::Call,
            0x07 => Self::Rows,
            // The negotiation before a login is a round trip of its own.
            0x10 | 0x12 => Self::Login,
            _ => Self::Other,
        }
    }
}

/// One request, and the bytes of its answer.
#[derive(Debug, Clone)]
pub struct Message {
    pub kind: Kind,
    /// The beginning of what it says, for the message of a test that fails.
    #[allow(dead_code)]
    pub text: String,
    pub sent: usize,
    pub received: usize,
}

/// What was asked since the last [`Meter::take`].
#[derive(Debug, Clone, Default)]
pub struct Reading(pub Vec<Message>);

impl Reading {
    pub fn round_trips(&self) -> usize {
        self.0.len()
    }

    /// How many of each kind, for a table.
    pub fn kinds(&self) -> BTreeMap<Kind, usize> {
        let mut kinds = BTreeMap::new();
        self.0.iter().for_each(|message| *kinds.entry(message.kind).or_default() += 1);
        kinds
    }

    pub fn sent(&self) -> usize {
        self.0.iter().map(|message| message.sent).sum()
    }

    pub fn received(&self) -> usize {
        self.0.iter().map(|message| message.received).sum()
    }
}

/// A port that leads to the server. The connection must not be encrypted.
pub struct Meter {
    port: u16,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Meter {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
        let counted = messages.clone();
        // It ends with the process.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                lead(client, &counted);
            }
        });
        Self { port, messages }
    }

    /// The connection string that leads here.
    pub fn connection_string(&self, database: &str) -> String {
        let text = connection_string_of(database);
        let parts = text.split(';').filter(|part| {
            let key = part.split('=').next().unwrap_or("").trim().to_lowercase();
            key != "server" && key != "data source"
        });
        let rest: Vec<&str> = parts.collect();
        format!("Server=127.0.0.1,{};{}", self.port, rest.join(";"))
    }

    /// What was asked since the last time.
    pub fn take(&self) -> Reading {
        Reading(std::mem::take(&mut *locked(&self.messages)))
    }
}

fn lead(client: TcpStream, messages: &Arc<Mutex<Vec<Message>>>) {
    let server = parts_of_connection_string();
    let port = server.port.parse().expect("a port");
    let server = TcpStream::connect((server.host.as_str(), port)).expect("the server");
    // Waiting for more to send would cost more than what is measured.
    client.set_nodelay(true).and(server.set_nodelay(true)).expect("a socket");
    let twin = |stream: &TcpStream| stream.try_clone().expect("another handle");
    let (from_client, to_server) = (twin(&client), twin(&server));
    // Where the answer to the last request of this connection is counted.
    let last = Arc::new(Mutex::new(None));
    let (asked, counted) = (last.clone(), messages.clone());
    std::thread::spawn(move || {
        let mut packets = Packets::default();
        pass_on(from_client, to_server, |bytes| {
            for message in packets.read(bytes) {
                let mut all = locked(&counted);
                all.push(message);
                *locked(&asked) = Some(all.len() - 1);
            }
        });
    });
    let counted = messages.clone();
    std::thread::spawn(move || {
        pass_on(server, client, |bytes| {
            let at = *locked(&last);
            let mut all = locked(&counted);
            if let Some(message) = at.and_then(|at| all.get_mut(at)) {
                message.received += bytes.len();
            }
        });
    });
}

/// Passes on what comes; it is counted first, so that an answer is never before its request.
fn pass_on(mut from: TcpStream, mut to: TcpStream, mut count: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        count(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Bytes of a header: type, status, length (two bytes, the highest first), and four that say nothing.
const HEADER: usize = 8;

/// The status of the last packet of a message.
const END_OF_MESSAGE: u8 = 1;

/// Finds messages in a stream of packets.
#[derive(Default)]
struct Packets {
    bytes: Vec<u8>,
    sent: usize,
    start: Vec<u8>,
}

impl Packets {
    fn read(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.bytes.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some(header) = self.bytes.get(..HEADER) {
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let (kind, ends) = (Kind::of(header[0]), header[1] & END_OF_MESSAGE != 0);
            assert!(length >= HEADER, "not a packet: is the connection encrypted?");
            if self.bytes.len() < length {
                break;
            }
            let packet: Vec<u8> = self.bytes.drain(..length).collect();
            self.sent += length;
            if self.start.is_empty() {
                self.start = packet[HEADER..].to_vec();
            }
            if ends {
                let text = text(&std::mem::take(&mut self.start));
                let sent = std::mem::take(&mut self.sent);
                messages.push(Message { kind, text, sent, received: 0 });
            }
        }
        messages
    }
}

/// What can be read of a request in UTF-16.
fn text(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
    let is_read = |c: &char| c.is_ascii_graphic() || *c == ' ';
    let text = String::from_utf16_lossy(&units).replace('\n', " ");
    let read: String = text.chars().filter(is_read).collect();
    read.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(90).collect()
}
