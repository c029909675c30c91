//! `cargo bench --bench shred`: the shredder on one core, typed rows included, beside a bare loop
//! over quick-xml's events that reads no attribute. Both read the same documents in memory, in one
//! process and alternately. Compare the ratio between machines.

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
use xmlshred::id::AppId;
use xmlshred::shred::{Limits, Shredder};

/// Rounds of both loops; the result is the median round.
const ROUNDS: usize = 11;

const CLDR_CONTRACT: &str = include_str!("../examples/cldr/contract.toml");

/// Where Debian's package `unicode-cldr-core` puts the locale documents.
const CLDR: &str = "/usr/share/unicode/cldr/common/main";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this without `--bench`: there is nothing to assert here.
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("measured with `cargo bench --bench shred [-- NAME]`");
        return;
    }
    let only = arguments.iter().find(|argument| !argument.starts_with('-'));
    let is_wanted = |name: &str| only.is_none_or(|part| name.contains(part.as_str()));
    if is_wanted("credit-applications, 20 KB") {
        compare("credit-applications, 20 KB", generate::CONTRACT, &applications());
    }
    if is_wanted("credit-applications, 5 KB to 2 MB") {
        let all_sizes = applications_of_all_sizes();
        compare("credit-applications, 5 KB to 2 MB", generate::CONTRACT, &all_sizes);
    }
    if is_wanted("cldr") {
        match locales(Path::new(CLDR)) {
            Some(documents) => compare("cldr", CLDR_CONTRACT, &documents),
            None => println!("cldr: not measured, {CLDR} is missing (package unicode-cldr-core)"),
        }
    }
}

/// One document in the form that each side reads.
struct Sample {
    app_id: AppId,
    document: Document,
    text: String,
}

impl Sample {
    /// `None` for a document that is not in UTF-8, which `Reader::from_str` does not read.
    fn new(app_id: i64, bytes: Vec<u8>) -> Option<Sample> {
        let text = String::from_utf8(bytes.clone()).ok()?;
        let document = Document { bytes, encoding: DocumentEncoding::Detect };
        Some(Sample { app_id: AppId(app_id), document, text })
    }
}

/// The demonstration's documents: small, and most of their content becomes rows.
fn applications() -> Vec<Sample> {
    generated(2_000, Profile::DEMO)
}

/// All sizes from 5 KB to 2 MB, mostly content that the contract does not read.
fn applications_of_all_sizes() -> Vec<Sample> {
    generated(200, Profile { usual_bytes: (5_000, 2_000_000), ..Profile::DEMO })
}

/// The first `count` applications of a profile without failures, those in UTF-8.
fn generated(count: i64, profile: Profile) -> Vec<Sample> {
    let profile = profile.without_failures();
    (1..=count).filter_map(|id| Sample::new(id, generate::application(1, id, &profile))).collect()
}

fn locales(folder: &Path) -> Option<Vec<Sample>> {
    let mut files: Vec<_> =
        fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    (1..).zip(files).map(|(id, file)| Sample::new(id, fs::read(file).ok()?)).collect()
}

fn compare(name: &str, contract: &str, samples: &[Sample]) {
    let (contract, _) =
        Contract::parse(contract, name).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let mut shredder = Shredder::new(Arc::new(contract), Limits::default());
    // One round of each is not counted: caches, page faults, the processor's clock.
    let rows = shred(&mut shredder, samples);
    read_events(samples);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(seconds(|| shred(&mut shredder, samples)));
        theirs.push(seconds(|| read_events(samples)));
    }
    let megabytes = samples.iter().map(|sample| sample.text.len()).sum::<usize>() as f64 / 1e6;
    let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours).collect();
    println!(
        "{name}: xmlshred {:.0} MB/s, quick-xml {:.0} MB/s, ratio {:.2} \
         ({} documents, {megabytes:.1} MB, {rows} rows)",
        megabytes / median(ours),
        megabytes / median(theirs),
        median(ratios),
        samples.len(),
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
fn shred(shredder: &mut Shredder, samples: &[Sample]) -> usize {
    let mut rows = 0;
    for Sample { app_id, document, .. } in samples {
        let outcome = shredder.shred(*app_id, DateTime::UNIX_EPOCH, Some(document));
        let tables = outcome.unwrap_or_else(|failure| panic!("{app_id}: {failure:?}"));
        rows += tables.iter().map(|table| table.len()).sum::<usize>();
        black_box(tables);
    }
    rows
}

/// Reads every document's events, no attribute, and counts the elements.
fn read_events(samples: &[Sample]) -> usize {
    let mut elements = 0;
    for Sample { text, .. } in samples {
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
