//! Two executables and somebody who reaps by hand, on one queue.

use std::fs::File;
use std::time::{Duration, Instant};

use super::stage::Stage;
use super::worker::{wait_until, Worker};

/// Applications that are added at a time, as long as the test goes on.
const AT_A_TIME: i64 = 10;

/// How long work is added: `XMLSHRED_TEST_SIDE_BY_SIDE_SECONDS`, or eight seconds.
fn duration() -> Duration {
    let text = std::env::var("XMLSHRED_TEST_SIDE_BY_SIDE_SECONDS");
    let seconds = text.map_or(8, |text| text.parse().expect("a number of seconds"));
    Duration::from_secs(seconds)
}

pub fn two_executables_and_a_reaper_by_hand_lose_and_double_nothing() {
    let stage = Stage::with_apps(AT_A_TIME);
    let log = |name: &str| stage.bench.path(&format!("{name}.log"));
    let start = |name: &str| {
        let mut command = stage.run(&format!(
            "--follow --poll 200ms --lease 60s --batch-size 4 --workers 1 --fail-on never \
             --worker-name {name} --log-level info"
        ));
        Worker::start(command.stderr(File::create(log(name)).expect("a log")))
    };
    let mut workers = ["one", "two"].map(|name| (name, start(name)));

    let began = Instant::now();
    while began.elapsed() < duration() {
        stage.reap();
        // Each turn there is something to fight for, and the queue stays short.
        if stage.unfinished() < 2 * AT_A_TIME {
            stage.bench.add_apps(AT_A_TIME);
            stage.bench.execute("EXEC pipeline.usp_EnqueueApps;");
        }
    }
    wait_until("the rest is done", || {
        stage.reap();
        stage.unfinished() == 0
    });

    for (name, worker) in &mut workers {
        assert!(!worker.has_ended(), "worker {name} ended by itself");
        stop(worker);
        let said = std::fs::read_to_string(log(name)).expect("a log");
        let errors: Vec<&str> = said.lines().filter(|line| is_error(line)).collect();
        assert!(errors.is_empty(), "{errors:#?} in\n{said}");
    }
    stage.assert_all_concluded();
    let both = "SELECT COUNT(DISTINCT l.session_id) FROM pipeline.processing_log AS l";
    assert_eq!(stage.bench.number(both), 2, "one of the two did nothing");
    let spent = "SELECT COUNT(*) FROM pipeline.processing_log WHERE attempt > 1";
    assert_eq!(stage.bench.number(spent), 0, "nobody died, and an attempt was spent");
}

/// Babelfish has another number for a lock that was waited for too long, which no CATCH sees; the
/// worker tries such a renewal again.
const LOCK_TIMEOUT_OF_BABELFISH: &str = "canceling statement due to lock timeout code=33557097";

fn is_error(line: &str) -> bool {
    line.contains("ERROR") && !line.ends_with(LOCK_TIMEOUT_OF_BABELFISH)
}

/// As SQL Server Agent stops it.
#[cfg(unix)]
fn stop(worker: &mut Worker) {
    worker.signal(libc::SIGTERM);
    assert_eq!(worker.wait().code(), Some(130));
}

#[cfg(not(unix))]
fn stop(worker: &mut Worker) {
    worker.kill();
}
