//! What each step costs, and where each figure is from.

/// Service times and sizes. Times are in microseconds.
///
/// Those of the worker are measured by `cargo bench --bench shred`. Those of the server are assumed:
/// nothing here runs SQL Server. They are of the order that a server with 16 cores and its log on an
/// SSD shows, and `tests/sqlserver/evening` prints what to put in their place.
#[derive(Debug, Clone, Copy)]
pub struct Costs {
    /// Bytes of a document.
    pub document_bytes: f64,
    /// Rows that a document becomes.
    pub rows: f64,
    /// Bytes that a core of a worker shreds in a microsecond: 430 MB/s, the dense documents of the bench.
    pub shred_bytes_per_micro: f64,
    /// From a worker to the server and back.
    pub round_trip: f64,
    /// Bytes that the line between a worker and the server carries in a microsecond: 10 Gbit/s.
    pub line_bytes_per_micro: f64,
    /// Processor time of the server for a claim, and for each application of it.
    pub claim: f64,
    pub claim_app: f64,
    /// How long a claim keeps the head of its share of the queue: others of the share wait, because they
    /// would read past its rows.
    pub claim_head: f64,
    pub claim_head_app: f64,
    /// Processor time of the server for a completion, for each application of it and for each of its rows:
    /// bulk load into a temp table, and the INSERT into the target with an index besides the key.
    pub complete: f64,
    pub complete_app: f64,
    pub complete_row: f64,
    /// Bytes of the transaction log for an application, which the queue, the log and the claim take
    /// together, and for a row.
    pub log_app_bytes: f64,
    pub log_row_bytes: f64,
    /// Bytes that the log's disk takes in a microsecond: 400 MB/s; and how long a flush takes.
    pub log_bytes_per_micro: f64,
    pub log_flush: f64,
    /// Processors of the server.
    pub processors: usize,
    /// Cores of a worker that shred.
    pub shredders: usize,
    /// Batches that a worker has in flight: one is claimed, one shredded, one completed.
    pub in_flight: usize,
}

impl Costs {
    /// Documents of 20 KB that become 20 rows.
    pub const USUAL: Costs = Costs {
        document_bytes: 20_000.0,
        rows: 20.0,
        shred_bytes_per_micro: 430.0,
        round_trip: 300.0,
        line_bytes_per_micro: 1_250.0,
        claim: 1_500.0,
        claim_app: 40.0,
        claim_head: 150.0,
        claim_head_app: 3.0,
        complete: 4_000.0,
        complete_app: 80.0,
        complete_row: 12.0,
        log_app_bytes: 1_500.0,
        log_row_bytes: 350.0,
        log_bytes_per_micro: 400.0,
        log_flush: 400.0,
        processors: 16,
        shredders: 2,
        in_flight: 3,
    };
}

/// How the work is divided.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Worker processes, on all pipelines together.
    pub workers: usize,
    /// Applications of a batch.
    pub batch: usize,
    /// Shares of a pipeline's queue (`--instance-count`); 1: all workers claim at one head.
    pub shares: usize,
    /// Pipelines, each on a server of its own with a range of ids.
    pub pipelines: usize,
}
