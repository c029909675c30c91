//! A line to the server that can be cut, reset, closed on one side, silenced and slowed down.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::crash::dice::Dice;
use crate::database::{locked, parts_of_connection_string};

/// What passes.
const OPEN: u8 = 0;
/// Nothing, either way; what was sent arrives when it opens again.
const HELD: u8 = 1;
/// Requests alone: the server does what it is asked, and its answers are lost.
const MUTE: u8 = 2;
/// Everything, late.
const SLOW: u8 = 3;

/// A port that leads to the server.
pub struct Wire {
    pub port: u16,
    passes: Arc<AtomicU8>,
    /// Both ends of every connection.
    ends: Arc<Mutex<Vec<(TcpStream, TcpStream)>>>,
}

impl Wire {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let wire = Self { port, passes: Arc::default(), ends: Arc::default() };
        let (passes, ends) = (wire.passes.clone(), wire.ends.clone());
        // It ends with the process.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                lead(client, &passes, &ends);
            }
        });
        wire
    }

    /// Does something to the line; what it was.
    pub fn disturb(&self, dice: &mut Dice) -> &'static str {
        match dice.within(0..6) {
            0 => {
                self.each(|client, server| {
                    close(client, Shutdown::Both);
                    close(server, Shutdown::Both);
                });
                self.open();
                "lines cut"
            }
            1 => {
                self.each(|client, _| close(client, Shutdown::Read));
                "lines closed towards the server"
            }
            2 => {
                self.each(|client, _| close(client, Shutdown::Write));
                "lines closed towards the workers"
            }
            3 => self.set(HELD, "lines held"),
            4 => self.set(MUTE, "answers swallowed"),
            _ => self.set(SLOW, "lines slowed down"),
        }
    }

    /// Holds everything until it is opened.
    pub fn hold(&self) {
        self.set(HELD, "");
    }

    /// Makes everything late until it is opened.
    pub fn slow_down(&self) {
        self.set(SLOW, "");
    }

    fn set(&self, passes: u8, name: &'static str) -> &'static str {
        self.open();
        self.passes.store(passes, Ordering::SeqCst);
        name
    }

    /// Lets everything pass again. After answers were swallowed no connection is of use.
    pub fn open(&self) {
        if self.passes.swap(OPEN, Ordering::SeqCst) == MUTE {
            self.each(|client, server| {
                close(client, Shutdown::Both);
                close(server, Shutdown::Both);
            });
        }
    }

    fn each(&self, act: impl Fn(&TcpStream, &TcpStream)) {
        locked(&self.ends).iter().for_each(|(client, server)| act(client, server));
    }
}

fn close(stream: &TcpStream, side: Shutdown) {
    // It may be closed already.
    stream.shutdown(side).ok();
}

fn lead(client: TcpStream, passes: &Arc<AtomicU8>, ends: &Mutex<Vec<(TcpStream, TcpStream)>>) {
    let parts = parts_of_connection_string();
    let port = parts.port.parse().expect("a port");
    // The server may be restarting.
    let Ok(server) = TcpStream::connect((parts.host.as_str(), port)) else { return };
    let twin = |stream: &TcpStream| stream.try_clone().expect("another handle");
    locked(ends).push((twin(&client), twin(&server)));
    let (requests, answers) = (passes.clone(), passes.clone());
    let (from_client, to_server) = (twin(&client), twin(&server));
    std::thread::spawn(move || pass_on(from_client, to_server, &requests, false));
    std::thread::spawn(move || pass_on(server, client, &answers, true));
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, passes: &AtomicU8, are_answers: bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        while passes.load(Ordering::SeqCst) == HELD {
            std::thread::sleep(Duration::from_millis(10));
        }
        match passes.load(Ordering::SeqCst) {
            MUTE if are_answers => continue,
            SLOW => std::thread::sleep(Duration::from_millis(200)),
            _ => {}
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    close(&to, Shutdown::Both);
    close(&from, Shutdown::Both);
}
