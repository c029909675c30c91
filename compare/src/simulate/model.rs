//! Workers that claim, shred and complete, event by event.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::costs::{Costs, Layout};
use super::resource::{Log, Resource};

/// What a simulation found.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Applications per second, on all pipelines together.
    pub per_second: f64,
    /// The part of the time that each was busy, from 0 to 1, of the busiest pipeline.
    pub processors: f64,
    pub log: f64,
    pub heads: f64,
    pub shredders: f64,
    /// How long a batch takes from its claim to its completion, on average, in seconds.
    pub batch_seconds: f64,
}

impl Outcome {
    /// The busiest of them.
    pub fn bound_by(&self) -> &'static str {
        [
            ("the server's processors", self.processors),
            ("the transaction log's disk", self.log),
            ("the head of the queue", self.heads),
            ("shredding", self.shredders),
        ]
        .into_iter()
        .filter(|(_, used)| *used > 0.9)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map_or("round trips", |(name, _)| name)
    }
}

/// What a batch does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Claim,
    /// The claim is at the head of its share.
    Head,
    ClaimCommit,
    Shred,
    Complete,
    CompleteCommit,
    Done,
}

/// Microseconds as an order that a heap understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    nanos: u64,
    batch: u32,
    step: Step,
}

struct Server {
    processors: Resource,
    log: Log,
    heads: Vec<Resource>,
}

/// Runs `layout` until `applications` are done.
pub fn simulate(costs: &Costs, layout: Layout, applications: u64) -> Outcome {
    let Layout { workers, batch, shares, pipelines } = layout;
    let server = || Server {
        processors: Resource::new(costs.processors),
        log: Log::new(costs.log_flush, costs.log_bytes_per_micro),
        heads: (0..shares).map(|_| Resource::new(1)).collect(),
    };
    let mut servers: Vec<Server> = (0..pipelines).map(|_| server()).collect();
    let mut shredders: Vec<Resource> =
        (0..workers).map(|_| Resource::new(costs.shredders)).collect();
    let mut events = BinaryHeap::new();
    let mut began = vec![0.0; workers * costs.in_flight];
    for batch in 0..began.len() as u32 {
        // They do not start at once.
        let nanos = u64::from(batch) * 17_000;
        events.push(Reverse(Event { nanos, batch, step: Step::Claim }));
    }
    let (apps, mut left) = (batch as f64, applications.div_ceil(batch as u64));
    let (mut done, mut spent, mut now) = (0u64, 0.0, 0.0);
    let mut random = Random(1);
    while let Some(Reverse(event)) = events.pop() {
        now = event.nanos as f64 / 1_000.0;
        let at = event.batch as usize;
        let worker = at / costs.in_flight;
        let pipeline = worker % pipelines;
        let server = &mut servers[pipeline];
        let share = (worker / pipelines) % shares;
        let end = match event.step {
            Step::Claim => {
                if left == 0 {
                    continue;
                }
                left -= 1;
                began[at] = now;
                now + costs.round_trip
            }
            Step::Head => {
                let held = costs.claim_head + costs.claim_head_app * apps;
                let held = server.heads[share].serve(now, random.around(held));
                server.processors.serve(held, random.around(costs.claim + costs.claim_app * apps))
            }
            Step::ClaimCommit => {
                server.log.commit(now, costs.log_app_bytes / 3.0 * apps)
                    + costs.document_bytes * apps / costs.line_bytes_per_micro
            }
            Step::Shred => {
                // Its documents are shredded side by side.
                let each = costs.document_bytes * apps
                    / costs.shred_bytes_per_micro
                    / costs.shredders as f64;
                let ends = (0..costs.shredders)
                    .map(|_| shredders[worker].serve(now, random.around(each)))
                    .fold(0.0, f64::max);
                ends + costs.round_trip
            }
            Step::Complete => {
                let work =
                    costs.complete + apps * (costs.complete_app + costs.rows * costs.complete_row);
                server.processors.serve(now, random.around(work))
            }
            Step::CompleteCommit => {
                let bytes = costs.log_app_bytes * 2.0 / 3.0 + costs.rows * costs.log_row_bytes;
                server.log.commit(now, bytes * apps)
            }
            Step::Done => {
                done += 1;
                spent += now - began[at];
                now
            }
        };
        let step = match event.step {
            Step::Claim => Step::Head,
            Step::Head => Step::ClaimCommit,
            Step::ClaimCommit => Step::Shred,
            Step::Shred => Step::Complete,
            Step::Complete => Step::CompleteCommit,
            Step::CompleteCommit => Step::Done,
            Step::Done => Step::Claim,
        };
        let nanos = (end * 1_000.0) as u64;
        events.push(Reverse(Event { nanos, batch: event.batch, step }));
    }
    let busiest = |of: &dyn Fn(&Server) -> f64| servers.iter().map(of).fold(0.0, f64::max);
    Outcome {
        per_second: done as f64 * apps / now * 1e6,
        processors: busiest(&|server| server.processors.use_until(now)),
        log: busiest(&|server| server.log.use_until(now)),
        heads: busiest(&|server| {
            server.heads.iter().map(|head| head.use_until(now)).fold(0.0, f64::max)
        }),
        shredders: shredders.iter().map(|of| of.use_until(now)).fold(0.0, f64::max),
        batch_seconds: spent / done as f64 / 1e6,
    }
}

/// The same numbers every time.
struct Random(u64);

impl Random {
    /// A time about this long: half as long to half as long again.
    fn around(&mut self, micros: f64) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        micros * (0.5 + (self.0 >> 11) as f64 / (1u64 << 53) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Layout = Layout { workers: 1, batch: 100, shares: 1, pipelines: 1 };

    #[test]
    fn more_workers_do_more_until_something_is_used_up() {
        let of = |workers| simulate(&Costs::USUAL, Layout { workers, ..ONE }, 200_000);
        let (one, two, many) = (of(1), of(2), of(64));
        assert!(two.per_second > 1.7 * one.per_second);
        assert!(many.processors > 0.9 || many.log > 0.9 || many.heads > 0.9, "{many:?}");
        assert!(of(128).per_second < 1.1 * many.per_second);
    }

    #[test]
    fn a_second_pipeline_doubles_what_a_full_server_does() {
        let of = |pipelines| {
            simulate(&Costs::USUAL, Layout { workers: 64, pipelines, ..ONE }, 400_000).per_second
        };
        assert!(of(2) > 1.8 * of(1));
    }
}
