//! `cargo bench --bench shred`: the shredder on one core, typed rows included, beside a bare loop
//! over quick-xml's events that reads no attribute. Same documents in memory, same process, turn
//! and turn about; the ratio is what to compare between machines.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use chrono::DateTime;
use quick_xml::events::Event;
use quick_xml::Reader;
use xmlshred::contract::Contract;
use xmlshred::demo::generate::{self, Profile};
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::outcome::AppId;
use xmlshred::shred::{Limits, Shredder};

/// Rounds of both loops; the median round counts.
const ROUNDS: usize = 11;

/// Where Debian's package `unicode-cldr-core` puts the locale documents.
const CLDR: &str = "/usr/share/unicode/cldr/common/main";

fn main() {
    // `cargo test --benches` runs this without `--bench`: there is nothing to assert here.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measured with `cargo bench --bench shred`");
        return;
    }
    compare("credit-applications", generate::CONTRACT, &applications());
    match locales(Path::new(CLDR)) {
        Some(documents) => {
            compare("cldr", include_str!("../examples/cldr/contract.toml"), &documents);
        }
        None => println!("cldr: not measured, {CLDR} is not there (package unicode-cldr-core)"),
    }
}

/// 2,000 applications as the demo makes them, those in UTF-8, which `Reader::from_str` reads.
fn applications() -> Vec<(AppId, Document)> {
    let profile = Profile::DEMO.without_failures();
    let all = (1..=2_000).map(|id| (id, generate::application(1, id, &profile)));
    all.filter(|(_, bytes)| std::str::from_utf8(bytes).is_ok()).map(application).collect()
}

fn locales(folder: &Path) -> Option<Vec<(AppId, Document)>> {
    let mut files: Vec<_> =
        fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    (1..).zip(files).map(|(id, file)| Some(application((id, fs::read(file).ok()?)))).collect()
}

fn application((id, bytes): (i64, Vec<u8>)) -> (AppId, Document) {
    (AppId(id), Document { bytes, encoding: DocumentEncoding::Detect })
}

fn compare(name: &str, contract: &str, documents: &[(AppId, Document)]) {
    let (contract, _) =
        Contract::parse(contract, name).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let bytes: usize = documents.iter().map(|(_, document)| document.bytes.len()).sum();
    let mut shredder = Shredder::new(Arc::new(contract), Limits::default());
    // One round of each is not counted: caches, page faults, the processor's clock.
    shred(&mut shredder, documents);
    read_events(documents);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(seconds(|| shred(&mut shredder, documents)));
        theirs.push(seconds(|| read_events(documents)));
    }
    let rate = |seconds: f64| bytes as f64 / 1e6 / seconds;
    let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours).collect();
    println!(
        "{name}: xmlshred {:.0} MB/s, quick-xml {:.0} MB/s, ratio {:.2} ({} documents, {:.1} MB, {} rows)",
        rate(median(ours)),
        rate(median(theirs)),
        median(ratios),
        documents.len(),
        bytes as f64 / 1e6,
        shred(&mut shredder, documents),
    );
}

fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let began = Instant::now();
    black_box(work());
    began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Shreds every document and counts the rows.
fn shred(shredder: &mut Shredder, documents: &[(AppId, Document)]) -> usize {
    let now = DateTime::UNIX_EPOCH;
    let mut rows = 0;
    for (app_id, document) in documents {
        let outcome = shredder.shred(*app_id, now, Some(document));
        let tables = outcome.expect("a document without failures");
        rows += tables.iter().map(|table| table.len()).sum::<usize>();
        black_box(tables);
    }
    rows
}

/// Reads every document's events, no attribute, and counts the elements.
fn read_events(documents: &[(AppId, Document)]) -> usize {
    let mut elements = 0;
    for (_, document) in documents {
        let text = std::str::from_utf8(&document.bytes).expect("UTF-8");
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event().expect("a well-formed document") {
                Event::Start(_) | Event::Empty(_) => elements += 1,
                Event::Eof => break,
                event => drop(black_box(event)),
            }
        }
    }
    elements
}
