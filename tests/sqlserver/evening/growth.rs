//! What the finished applications cost those that are to come: the first load of a large table.

use std::collections::BTreeMap;
use std::time::Instant;

use super::plans::reads;
use super::{Evening, Verdict};
use crate::bench::Bench;

/// Whose reads may not grow with the number of finished applications.
const HOT: [&str; 5] =
    ["usp_EnqueueApps", "usp_ClaimBatch", "usp_CompleteBatch", "usp_ApplyOutcomes", "usp_LoadApps"];

/// Calls and logical reads of each procedure.
type Reads = BTreeMap<String, (i64, i64)>;

/// The same work beside no finished application, a fifth of them, and all of them. The verdict is by
/// reads, which a busy machine does not change; the times are in the file.
pub(super) fn the_first_load_is_linear(evening: &Evening) -> Verdict {
    let bench = Bench::ready(0);
    let mut figures = String::from("finished,applications,enqueue ms each,run ms each");
    HOT.iter().for_each(|procedure| figures += &format!(",{procedure} reads a call"));
    figures.push('\n');
    let mut levels: Vec<Vec<i64>> = Vec::new();
    let mut finished = 0;
    for level in [0, evening.finished / 5, evening.finished] {
        add_finished(&bench, finished, level);
        finished = level;
        bench.add_apps(evening.documents);
        let before = counted(evening, &bench);
        let each = |began: Instant| began.elapsed().as_secs_f64() * 1e3 / evening.documents as f64;
        let began = Instant::now();
        bench.succeed("enqueue");
        let enqueue = each(began);
        let began = Instant::now();
        bench.succeed(&format!("{} --workers 1", evening.worker()));
        let run = each(began);
        let per_call = per_call(&before, &counted(evening, &bench));
        let row: String = per_call.iter().map(|reads| format!(",{reads}")).collect();
        figures += &format!("{level},{},{enqueue:.2},{run:.2}{row}\n", evening.documents);
        levels.push(per_call);
    }
    evening.write("growth.csv", &figures);
    let (first, last) = (&levels[0], &levels[levels.len() - 1]);
    let grown: Vec<String> = HOT
        .iter()
        .zip(first.iter().zip(last))
        // A level more in each B-tree is not growth with the number of rows.
        .filter(|(_, (early, late))| **late > **early * 3 / 2 + 500)
        .map(|(procedure, (early, late))| format!("{procedure}: {early} reads a call, then {late}"))
        .collect();
    match grown.is_empty() {
        true => Verdict::Passed(format!("up to {finished} finished; growth.csv")),
        false => Verdict::Failed(grown.join("; ")),
    }
}

/// Nothing on Babelfish, which counts no reads.
fn counted(evening: &Evening, bench: &Bench) -> Reads {
    match evening.is_babelfish() {
        true => Reads::new(),
        false => reads(bench),
    }
}

fn per_call(before: &Reads, after: &Reads) -> Vec<i64> {
    let of = |reads: &Reads, procedure: &str| reads.get(procedure).copied().unwrap_or((0, 0));
    let between = |procedure: &&str| {
        let (calls_before, reads_before) = of(before, procedure);
        let (calls, reads) = of(after, procedure);
        (reads - reads_before) / (calls - calls_before).max(1)
    };
    HOT.iter().map(between).collect()
}

/// Log rows of applications that have finished and left the source: their ids are below 0.
fn add_finished(bench: &Bench, from: i64, to: i64) {
    const CHUNK: i64 = 10_000;
    for start in (from..to).step_by(CHUNK as usize) {
        let count = CHUNK.min(to - start);
        bench.execute(&format!(
            "INSERT INTO pipeline.processing_log
             (
                 app_id, attempt, is_latest, status, session_id, claim_token, enqueued_at_utc,
                 claimed_at_utc, processed_at_utc, shred_micros, document_bytes, rows_written,
                 contract_hash
             )
             SELECT -1 - n.number, 1, 1, 'success', '{NOBODY}', '{NOBODY}', SYSUTCDATETIME(),
                 SYSUTCDATETIME(), SYSUTCDATETIME(), 0, 0, 0,
                 (SELECT c.contract_hash FROM pipeline.processing_contract AS c)
             FROM
                 (
                     SELECT {start} + a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS number
                     FROM {DIGITS} AS a(d) CROSS JOIN {DIGITS} AS b(d)
                     CROSS JOIN {DIGITS} AS c(d) CROSS JOIN {DIGITS} AS e(d)
                 ) AS n
             WHERE n.number < {start} + {count};"
        ));
    }
}

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";
const DIGITS: &str = "(VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9))";
