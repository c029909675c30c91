//! Lines on their way to a stream that may be slow, full or dead.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A bounded queue of lines in front of a stream, written by a thread of its own.
///
/// A thread that adds a line never waits for the stream: a pipe that nobody reads, a terminal that is
/// held with Ctrl+S or a network folder that hangs must not hold up work, renewals or the end of
/// the process. What does not fit is dropped and counted.
#[derive(Clone)]
pub struct LineQueue(Arc<Queue>);

struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    stream: Mutex<Box<dyn Write + Send>>,
    capacity: usize,
    /// Tells how many lines were dropped, once the stream accepts lines again.
    tell: fn(dropped: u64),
    /// No thread could be started: lines are written where they are added.
    is_direct: bool,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    is_writing: bool,
    /// The stream ended within a line when it failed.
    is_torn: bool,
    lost: Lost,
    /// How many of the dropped lines were reported.
    told: u64,
}

/// What a stream did not get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// Lines that did not fit into the queue, because the stream was not written fast enough.
    pub dropped: u64,
    /// Lines that the stream refused.
    pub refused: u64,
    /// The first error of the stream.
    pub error: Option<String>,
}

impl Lost {
    /// All lines that are missing.
    pub fn lines(&self) -> u64 {
        self.dropped + self.refused
    }
}

impl LineQueue {
    /// A queue of at most `capacity` bytes in front of `stream`. A longer text is taken if nothing
    /// else waits. `tell` is called after lines were dropped, when the stream accepts lines again.
    pub fn new(
        name: &str,
        capacity: usize,
        stream: impl Write + Send + 'static,
        tell: fn(dropped: u64),
    ) -> Self {
        let queue = |stream, is_direct| {
            Arc::new(Queue {
                state: Mutex::default(),
                changed: Condvar::new(),
                stream: Mutex::new(stream),
                capacity,
                tell,
                is_direct,
            })
        };
        let threaded = queue(Box::new(stream), false);
        let writer = threaded.clone();
        let thread = std::thread::Builder::new().name(format!("xmlshred-{name}"));
        match thread.spawn(move || writer.write_for_ever()) {
            Ok(_) => Self(threaded),
            Err(_) => {
                let stream = std::mem::replace(&mut *threaded.stream(), Box::new(io::sink()));
                Self(queue(stream, true))
            }
        }
    }

    /// Adds text that ends with a line, or drops it where it does not fit.
    pub fn push(&self, text: &[u8]) {
        self.push_within(text, Duration::ZERO);
    }

    /// [`LineQueue::push`] that waits for room, for this time at most.
    pub fn push_within(&self, text: &[u8], patience: Duration) {
        if self.0.is_direct {
            return self.0.write(text);
        }
        let has_room = |state: &State| {
            state.waiting.is_empty() || state.waiting.len() + text.len() <= self.0.capacity
        };
        let mut state = self.0.wait_until(patience, has_room);
        match has_room(&state) {
            true => state.waiting.extend_from_slice(text),
            false => state.lost.dropped += lines(text),
        }
        self.0.changed.notify_all();
    }

    /// Waits until everything is written, for this time at most. Returns whether it is.
    pub fn flush(&self, within: Duration) -> bool {
        let is_written = |state: &State| state.waiting.is_empty() && !state.is_writing;
        is_written(&self.0.wait_until(within, is_written))
    }

    /// What the stream did not get so far.
    pub fn lost(&self) -> Lost {
        self.0.state().lost.clone()
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&self) -> MutexGuard<'_, Box<dyn Write + Send>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(
        &self,
        patience: Duration,
        is_so: impl Fn(&State) -> bool,
    ) -> MutexGuard<'_, State> {
        let since = Instant::now();
        let mut state = self.state();
        while !is_so(&state) {
            let Some(left) = patience.checked_sub(since.elapsed()).filter(|left| !left.is_zero())
            else {
                break;
            };
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// The thread of the queue; it ends with the process.
    fn write_for_ever(&self) {
        loop {
            let mut state = self.state();
            while state.waiting.is_empty() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let text = std::mem::take(&mut state.waiting);
            state.is_writing = true;
            drop(state);
            self.changed.notify_all();
            self.write(&text);
            let mut state = self.state();
            let dropped = state.lost.dropped;
            let news = dropped - std::mem::replace(&mut state.told, dropped);
            state.is_writing = news > 0;
            drop(state);
            if news > 0 {
                // Outside the lock, because it adds a line here.
                (self.tell)(news);
                self.state().is_writing = false;
            }
            self.changed.notify_all();
        }
    }

    fn write(&self, text: &[u8]) {
        let was_torn = std::mem::take(&mut self.state().is_torn);
        let mut stream = self.stream();
        let repaired = if was_torn { write_some(&mut **stream, b"\n").1 } else { Ok(()) };
        let (written, result) = match repaired {
            Ok(()) => write_some(&mut **stream, text),
            failed => (0, failed),
        };
        drop(stream);
        if let Err(error) = result {
            let mut state = self.state();
            state.is_torn = if written == 0 { was_torn } else { text[written - 1] != b'\n' };
            state.lost.refused += lines(&text[written..]);
            state.lost.error.get_or_insert_with(|| error.to_string());
        }
    }
}

/// Writes as much as the stream accepts. Returns how much that is.
fn write_some(stream: &mut dyn Write, text: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < text.len() {
        match stream.write(&text[written..]) {
            Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, stream.flush())
}

/// Lines of a text that ends with one.
fn lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::mpsc::{channel, Receiver, Sender};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A stream that accepts a write only when the test lets it.
    struct Gate {
        open: Receiver<io::Result<()>>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.open.recv().expect("the test")?;
            self.written.send(text.to_vec()).expect("the test");
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (Gate, Sender<io::Result<()>>, Receiver<Vec<u8>>) {
        let (open, opened) = channel();
        let (written, seen) = channel();
        (Gate { open: opened, written }, open, seen)
    }

    static TOLD: AtomicU64 = AtomicU64::new(0);

    fn tell(dropped: u64) {
        TOLD.fetch_add(dropped, Ordering::SeqCst);
    }

    #[test]
    fn a_stream_that_hangs_holds_up_nobody_and_the_lines_that_do_not_fit_are_told_of() {
        let (gate, open, written) = gate();
        let queue = LineQueue::new("test", 100, gate, tell);
        for _ in 0..1000 {
            queue.push(b"123456789\n");
        }
        assert!(!queue.flush(Duration::from_millis(1)));
        let dropped = queue.lost().dropped;
        // A hundred bytes wait, and the thread may have taken as much again.
        assert!((980..=990).contains(&dropped), "{dropped}");
        (0..3).for_each(|_| open.send(Ok(())).expect("open"));
        assert!(queue.flush(MINUTE));
        assert_eq!(TOLD.load(Ordering::SeqCst), dropped);
        let written: usize = written.try_iter().map(|text| text.len()).sum();
        assert_eq!(written as u64, (1000 - dropped) * 10);
    }

    #[test]
    fn what_the_stream_refuses_is_counted_with_the_reason() {
        let (gate, open, written) = gate();
        let queue = LineQueue::new("test", 100, gate, |_| ());
        open.send(Err(io::Error::other("full"))).expect("open");
        queue.push(b"one\ntwo\n");
        assert!(queue.flush(MINUTE));
        let lost = Lost { dropped: 0, refused: 2, error: Some("full".into()) };
        assert_eq!(queue.lost(), lost);
        open.send(Ok(())).expect("open");
        queue.push(b"three\n");
        assert!(queue.flush(MINUTE));
        assert_eq!((queue.lost(), written.recv().expect("written")), (lost, b"three\n".to_vec()));
    }

    #[test]
    fn a_text_longer_than_the_queue_is_taken_when_it_is_alone() {
        let (gate, open, written) = gate();
        let queue = LineQueue::new("test", 10, gate, |_| ());
        queue.push(&[b'x'; 1000]);
        open.send(Ok(())).expect("open");
        assert!(queue.flush(MINUTE));
        assert_eq!(written.recv().expect("written").len(), 1000);
    }
}
