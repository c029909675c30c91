//! The worst moment to stop a worker: documents of two megabytes, a large batch, and a server that is slow or
//! does not answer.

use super::stage::Stage;
use super::stop_request::{end_within_agents_limit, StopRequest};
use super::worker::{wait_until, Worker};
use crate::chaos::wire::Wire;

/// What was not finished within the time has the claim of a dead worker, which is reaped; no application is
/// lost, and none is done twice.
pub fn a_worker_whose_server_is_slow_or_silent_stops_within_ten_seconds() {
    let worst: [fn(&Wire); 2] = [Wire::slow_down, Wire::hold];
    for disturb in worst {
        let stage = Stage::with_apps(12);
        stage.bench.pad_apps(2_000_000);
        let stop = StopRequest::new();
        let flags = "--batch-size 400 --workers 2 --lease 6s --fail-on never";
        let mut worker = Worker::start(&mut stage.run(&format!("{flags} {}", stop.flags())));
        let claimed = "SELECT COUNT(*) FROM pipeline.processing_queue WHERE state = 1";
        wait_until("it works", || stage.bench.number(claimed) > 0);
        disturb(&stage.wire);
        stop.send(&mut worker);
        assert_eq!(end_within_agents_limit(&mut worker).code(), Some(130));

        stage.calm();
        wait_until("its claims are reaped", || {
            stage.reap();
            stage.bench.number(claimed) == 0
        });
        stage.finish();
        stage.assert_all_concluded();
    }
}
