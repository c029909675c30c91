//! A line to the server that is cut, or falls silent, at an answer of one's choice: the server has
//! done what it was asked, and the store does not know.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xmlshred::contract::Contract;
use xmlshred::store::sqlserver::{ServerSettings, SqlServerStore};
use xmlshred::store::{Batch, EnqueueMode, Enqueued, Renewal, Store, StoreError};

use crate::database::{connection_string_of, locked, parts_of_connection_string};
use crate::harness::SqlServerHarness;
use crate::store::harness::{ids, success, Harness, Worker, LEASE};

crate::trials! {
    a_completion_whose_answers_are_lost_one_after_the_other_is_done_once,
    a_claim_whose_answer_is_lost_is_the_same_claim,
    an_enqueueing_whose_answer_is_lost_queues_each_application_once,
    a_server_that_falls_silent_is_not_waited_for,
}

/// What becomes of the answer that was chosen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The line is cut instead of passing it on.
    Cut,
    /// It is kept, and so is all that follows on this connection.
    Silence,
}

/// The number of a connection, and bytes that were sent on it.
type Request = (usize, Vec<u8>);

/// A port that leads to the server.
#[derive(Clone)]
pub struct Line {
    port: u16,
    /// Answers to go until the fateful one, counting it; below one nothing happens.
    answers_to_go: Arc<AtomicI64>,
    /// The answer to the next request that contains this text is the fateful one.
    request: Arc<Mutex<Option<Vec<u8>>>>,
    /// What was sent to the server.
    requests: Arc<Mutex<Vec<Request>>>,
    fate: Fate,
}

impl Line {
    pub fn new(fate: Fate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let line = Self {
            port,
            answers_to_go: Arc::default(),
            request: Arc::default(),
            requests: Arc::default(),
            fate,
        };
        let accepting = line.clone();
        // It ends with the process, as the test's other ends of it do.
        std::thread::spawn(move || {
            for (number, client) in listener.incoming().map_while(Result::ok).enumerate() {
                accepting.lead(number, client);
            }
        });
        line
    }

    /// The answer to the next request that contains this text meets its fate. The connection must not
    /// be encrypted.
    pub fn trip_on(&self, text: &str) {
        *locked(&self.request) = Some(utf16(text));
    }

    /// Whether that request has come.
    pub fn has_tripped_on(&self) -> bool {
        locked(&self.request).is_none()
    }

    /// The connections on which a request that contains this text was sent, in the order of requests.
    pub fn connections_of(&self, text: &str) -> Vec<usize> {
        let text = utf16(text);
        let requests = locked(&self.requests);
        let sent = requests.iter().filter(|(_, request)| contains(request, &text));
        sent.map(|(number, _)| *number).collect()
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

    /// The `n`th answer from now, on any connection, meets its fate.
    fn trip_at(&self, n: i64) {
        self.answers_to_go.store(n, Ordering::SeqCst);
    }

    /// Whether the fateful answer has come; it does not any more afterwards.
    fn has_tripped(&self) -> bool {
        self.answers_to_go.swap(0, Ordering::SeqCst) < 1
    }

    fn lead(&self, number: usize, client: TcpStream) {
        let server = parts_of_connection_string();
        let port = server.port.parse().expect("a port");
        let server = TcpStream::connect((server.host.as_str(), port)).expect("the server");
        let asked = Arc::new(AtomicBool::new(false));
        let (from_client, to_server) = (twin(&client), twin(&server));
        let is_fateful = Arc::new(AtomicBool::new(false));
        let (line, asking, fateful) = (self.clone(), Arc::clone(&asked), Arc::clone(&is_fateful));
        std::thread::spawn(move || {
            pass_on(from_client, to_server, |bytes| {
                let mut request = locked(&line.request);
                if request.as_ref().is_some_and(|text| contains(bytes, text)) {
                    *request = None;
                    fateful.store(true, Ordering::SeqCst);
                }
                locked(&line.requests).push((number, bytes.to_vec()));
                asking.store(true, Ordering::SeqCst);
                true
            });
        });
        let line = self.clone();
        std::thread::spawn(move || {
            let mut is_silent = false;
            pass_on(twin(&server), twin(&client), |_| {
                let is_answer = asked.swap(false, Ordering::SeqCst);
                let is_counted =
                    is_answer && line.answers_to_go.fetch_sub(1, Ordering::SeqCst) == 1;
                let trips = is_counted || is_fateful.swap(false, Ordering::SeqCst);
                match line.fate {
                    Fate::Cut if trips => {
                        let _ = client.shutdown(Shutdown::Both);
                        let _ = server.shutdown(Shutdown::Both);
                    }
                    Fate::Cut => {}
                    Fate::Silence => is_silent |= trips,
                }
                !trips && !is_silent
            });
        });
    }

    /// A session that comes by this line.
    fn connect(&self, harness: &SqlServerHarness, command_timeout: Duration) -> SqlServerStore {
        let text = self.connection_string(&harness.database().name);
        let settings = ServerSettings::from_ado_string(&text)
            .and_then(|settings| settings.schema(&harness.database().schema))
            .expect("settings");
        SqlServerStore::connect(settings.command_timeout(command_timeout), "line").expect("connect")
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|some| some == text)
}

fn twin(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("another handle")
}

/// Passes on what comes, unless `passes` says no.
fn pass_on(mut from: TcpStream, mut to: TcpStream, mut passes: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if passes(&buffer[..read]) && to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// Longer than a new session may need to compile what it calls.
const PATIENCE: Duration = Duration::from_secs(120);

/// Completes a batch by a line that loses its `n`th answer; whether it came to that.
fn complete_losing(
    n: i64,
    line: &Line,
    store: &mut SqlServerStore,
    contract: &Contract,
    batch: &Batch,
) -> bool {
    let outcomes: Vec<_> = batch.apps.iter().map(success).collect();
    line.trip_at(n);
    let completed = store.complete_batch(batch.token, contract, &outcomes, 3).expect("complete");
    let tripped = line.has_tripped();
    assert!(completed.iter().all(|app| app.failure().is_none()), "answer {n}: {completed:?}");
    assert_eq!(completed.len(), outcomes.len(), "answer {n}");
    tripped
}

fn a_completion_whose_answers_are_lost_one_after_the_other_is_done_once() {
    const MOST: i64 = 30;
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(MOST);
    let mut worker = Worker::start(&harness, &contract);
    let line = Line::new(Fate::Cut);
    let mut done = 0;
    let mut complete = |store: &mut SqlServerStore, n: i64| {
        let batch = worker.claim(1);
        let tripped = complete_losing(n, &line, store, &contract, &batch);
        done += 1;
        assert_eq!(harness.count("processing_log", "status = 'success'"), done, "answer {n}");
        assert_eq!(harness.count("app_base", "1 = 1"), done, "answer {n}");
        harness.assert_invariants();
        tripped
    };
    for n in 1..MOST {
        // A session that has not completed anything yet makes its temp tables first.
        let mut store = line.connect(&harness, PATIENCE);
        if !complete(&mut store, n) {
            assert!(n > 3, "a first completion has only {} answers", n - 1);
            // The only answer of the next one: that of staging, completing and clearing.
            assert!(complete(&mut store, 1), "a completion has no answer");
            drop((store, worker));
            return harness.leave();
        }
    }
    panic!("a first completion has more than {MOST} answers");
}

fn a_claim_whose_answer_is_lost_is_the_same_claim() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(4);
    let mut worker = Worker::start(&harness, &contract);
    let line = Line::new(Fate::Cut);
    worker.store = Box::new(line.connect(&harness, PATIENCE));
    line.trip_at(1);
    let batch = worker.claim(2);
    assert!(line.has_tripped());
    assert_eq!(ids(&batch), [1, 2]);
    assert!(batch.apps.iter().all(|app| app.attempt == 1 && app.document.is_some()));
    assert_eq!(harness.count("processing_claim", "1 = 1"), 1);
    assert_eq!(harness.count("processing_queue", "state = 1 AND attempts = 1"), 2);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn an_enqueueing_whose_answer_is_lost_queues_each_application_once() {
    let harness = SqlServerHarness::fresh();
    harness.prepare(1);
    harness.put_documents(3);
    let line = Line::new(Fate::Cut);
    let mut store = line.connect(&harness, PATIENCE);
    line.trip_at(1);
    // The number went with the answer that was lost: the second asking finds nothing to add.
    assert_eq!(store.enqueue_apps(EnqueueMode::New).expect("enqueue"), Enqueued::Added(0));
    assert!(line.has_tripped());
    assert_eq!(harness.count("processing_queue", "state = 0"), 3);
    harness.assert_invariants();
    drop(store);
    harness.leave();
}

fn a_server_that_falls_silent_is_not_waited_for() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(1);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(1);
    let line = Line::new(Fate::Silence);
    let mut store = line.connect(&harness, Duration::from_secs(15));
    line.trip_at(1);
    // The worker decides when to call again; the session connects again for it.
    let silent = store.renew_lease(batch.token, LEASE);
    assert!(matches!(silent, Err(StoreError::Unanswered { .. })), "{silent:?}");
    assert!(line.has_tripped());
    assert_eq!(store.renew_lease(batch.token, LEASE).expect("renew"), Renewal::Renewed);
    drop((store, worker));
    harness.leave();
}
