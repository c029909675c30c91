//! Checks a contract against sample documents: paths that no sample has, columns too narrow for their
//! values.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use rayon::ThreadPool;

use super::mapping::{counts, in_order, Mapping};
use super::profiling;
use super::real_paths::RealPaths;
use super::source::{Content, Source};
use super::summary::MapSummary;
use crate::contract::probe::{PathCounts, PathProbe, Width, WidthProbe};
use crate::contract::{Contract, ParsedContract, WrittenNames, MOST_KEY_BYTES};
use crate::coverage::{coverage, Coverage};
use crate::diagnostic::Diagnostic;
use crate::figures::counted;
use crate::outcome::{Failure, TableRows};
use crate::profile::{Profile, Profiler};
use crate::shred::Shredder;
use crate::value::convert::ConversionFault::TooLong;
use crate::value::datetime::{parse_date_text, DatePattern};
use crate::value::{trim_xml, SqlType, Value};

/// The result of the samples.
#[derive(Debug)]
pub struct SampleReport {
    /// The counts of all samples.
    pub summary: MapSummary,
    /// What the contract reads of those that are well-formed.
    pub coverage: Coverage,
    /// The first documents that failed, at most [`SampleReport::MOST_FAILURES`], and why.
    pub failures: Vec<(String, Failure)>,
}

impl SampleReport {
    /// Failures that are kept.
    pub const MOST_FAILURES: usize = 5;
}

/// Maps the samples with the contract and adds the findings to its diagnostics.
///
/// # Errors
/// None that come from documents: what cannot be read is a failed document.
pub fn examine(
    parsed: &mut ParsedContract,
    mapping: &Mapping,
    sources: &[Source],
    threads: &ThreadPool,
) -> io::Result<SampleReport> {
    let began = Instant::now();
    let (paths, widths) = (parsed.path_probe(), parsed.width_probe());
    let names = parsed.written_names();
    let mut report = SampleReport {
        summary: MapSummary::new(&mapping.contract),
        coverage: Coverage::default(),
        failures: Vec::new(),
    };
    let mut seen = Seen::new(&paths, &widths);
    let shredders = || Shredders {
        own: mapping.shredder(),
        paths: Shredder::new(paths.contract.clone(), mapping.limits),
        widths: Shredder::new(widths.contract.clone(), mapping.limits),
        names: names.clone(),
    };
    let work = |shredders: &mut Shredders, source: &Source| {
        let look = shredders.look(mapping, source, &widths);
        (source.name.clone(), look)
    };
    in_order(sources, threads, shredders, work, |(name, look)| {
        report.summary.add(look.mapped.bytes, &counts(&look.mapped.outcome));
        seen.add(&name, look.counts, look.lengths, look.names);
        if let Ok(tables) = &look.mapped.outcome {
            seen.add_keys(&name, &mapping.contract, tables);
        }
        seen.profile.merge(look.profile);
        if let (Err(failure), true) =
            (look.mapped.outcome, report.failures.len() < SampleReport::MOST_FAILURES)
        {
            report.failures.push((name, *failure));
        }
        Ok(())
    })?;
    report.summary.elapsed = began.elapsed();
    seen.report(parsed, &paths, &widths);
    seen.report_keys(parsed, &widths);
    report.coverage = coverage(parsed, &seen.profile);
    Ok(report)
}

/// The shredders of one thread.
struct Shredders {
    own: Shredder,
    paths: Shredder,
    widths: Shredder,
    names: WrittenNames,
}

/// The findings of one sample.
struct Look {
    mapped: super::Mapped,
    /// Per table of the path probe: rows, then the matches of each path; none where it failed.
    counts: Option<Vec<Vec<u64>>>,
    /// Per table and column of the width probe: the longest text that does not fit.
    lengths: Vec<Vec<usize>>,
    names: RealPaths,
    /// Nothing of a document that cannot be read.
    profile: Profile,
}

impl Shredders {
    fn look(&mut self, mapping: &Mapping, source: &Source, widths: &WidthProbe) -> Look {
        let source = source.in_memory(mapping.limits.document_bytes);
        let mapped = mapping.map(&mut self.own, &source);
        let Content::Stored(Some(document)) = &source.content else {
            return Look {
                mapped,
                counts: None,
                lengths: Vec::new(),
                names: RealPaths::default(),
                profile: Profile::default(),
            };
        };
        let probe = |shredder: &mut Shredder| {
            shredder.shred(mapped.app_id, mapping.now, Some(document)).ok()
        };
        let counts = probe(&mut self.paths);
        let counts = counts.map(|tables| tables.iter().map(sums).collect());
        let texts = probe(&mut self.widths).unwrap_or_default();
        let texts = texts.iter().zip(&widths.tables);
        let lengths = texts.map(|(rows, of_table)| excess(rows, of_table, widths)).collect();
        let names = RealPaths::of(&document.bytes, &self.names);
        let mut profiler = Profiler::new(mapping.limits.depth);
        let text = self.own.text(document);
        let profile = text.and_then(|text| profiling::add(&mut profiler, &text, 0));
        let profile = profile.map(|()| profiler.finish()).unwrap_or_default();
        Look { mapped, counts, lengths, names, profile }
    }
}

/// The number of rows, and the sum of each column from the second on.
fn sums(rows: &TableRows) -> Vec<u64> {
    let mut sums = vec![rows.len() as u64];
    sums.resize(rows.width.max(1), 0);
    for row in rows.iter() {
        for (sum, value) in sums.iter_mut().zip(row).skip(1) {
            if let Value::Int(count) = value {
                *sum += *count as u64;
            }
        }
    }
    sums
}

/// For each column the length of the longest text that does not fit, in UTF-16 units, or 1 where an
/// offset is lost; 0 where all fit.
fn excess(rows: &TableRows, widths: &[Width], probe: &WidthProbe) -> Vec<usize> {
    let mut longest = vec![0; widths.len()];
    for row in rows.iter() {
        for ((longest, width), value) in longest.iter_mut().zip(widths).zip(row) {
            let Value::Text(text) = value else { continue };
            if width.without_offset.is_some() && *longest == 0 {
                *longest = usize::from(has_offset(text, &probe.date_formats));
            }
            let Some(conversion) = &width.conversion else { continue };
            let length = text.trim_end_matches(' ').encode_utf16().count();
            if length > *longest
                && conversion.text(text).is_err_and(|error| matches!(error.fault, TooLong(_)))
            {
                *longest = length;
            }
        }
    }
    longest
}

/// Whether a text is a date or time with an offset from UTC.
fn has_offset(text: &str, date_formats: &[DatePattern]) -> bool {
    let found = parse_date_text(trim_xml(text), date_formats);
    found.and_then(|found| found.offset).is_some_and(|offset| offset.local_minus_utc() != 0)
}

/// The findings of all samples together.
struct Seen {
    /// Whether any document was counted.
    counted: bool,
    counts: Vec<Vec<u64>>,
    /// The longest text that does not fit, and the sample that has it.
    lengths: Vec<Vec<(usize, String)>>,
    /// Per target: the bytes of the longest primary key, and the sample that has it.
    keys: Vec<(usize, String)>,
    names: RealPaths,
    profile: Profile,
}

impl Seen {
    fn new(paths: &PathProbe, widths: &WidthProbe) -> Self {
        let (counts, widths) = (&paths.tables, &widths.tables);
        Self {
            counted: false,
            counts: counts
                .iter()
                .map(|t| vec![0; t.paths.len() + t.skips.len() + t.lost.len() + 1])
                .collect(),
            lengths: widths.iter().map(|w| vec![(0, String::new()); w.len()]).collect(),
            keys: Vec::new(),
            names: RealPaths::default(),
            profile: Profile::default(),
        }
    }

    /// Notes the longest key of each target whose keys can be too long.
    fn add_keys(&mut self, name: &str, contract: &Contract, tables: &[TableRows]) {
        self.keys.resize(contract.targets.len(), (0, String::new()));
        for ((target, rows), longest) in contract.targets.iter().zip(tables).zip(&mut self.keys) {
            if target.most_key_bytes() <= MOST_KEY_BYTES {
                continue;
            }
            let bytes = rows.iter().map(|row| target.key_bytes(row)).max().unwrap_or(0);
            if bytes > longest.0 {
                *longest = (bytes, name.to_owned());
            }
        }
    }

    fn report_keys(&self, parsed: &mut ParsedContract, widths: &WidthProbe) {
        let contract = Arc::clone(&parsed.contract);
        for (target, (bytes, sample)) in contract.targets.iter().zip(&self.keys) {
            let of_key = |width: &&Width| {
                width.table == target.name && target.primary_key.contains(&width.column)
            };
            let Some(width) = widths.tables.iter().flatten().find(of_key).filter(|_| *bytes > 0)
            else {
                continue;
            };
            let message = format!(
                "the longest key of {} among the samples has {bytes} bytes (in {sample}), and SQL Server \
                 refuses rows with more than {MOST_KEY_BYTES} in a clustered index",
                target.name
            );
            let hint = "use shorter columns, or a number such as POSITION()";
            parsed.diagnostics.push(Diagnostic::warning(width.span.clone(), message).hint(hint));
        }
    }

    fn add(
        &mut self,
        name: &str,
        counts: Option<Vec<Vec<u64>>>,
        lengths: Vec<Vec<usize>>,
        names: RealPaths,
    ) {
        self.counted |= counts.is_some();
        let both = self.counts.iter_mut().zip(counts.unwrap_or_default());
        for (sum, count) in both.flat_map(|(sums, counts)| sums.iter_mut().zip(counts)) {
            *sum += count;
        }
        let both = self.lengths.iter_mut().zip(lengths);
        for (longest, length) in both.flat_map(|(all, new)| all.iter_mut().zip(new)) {
            if length > longest.0 {
                *longest = (length, name.to_owned());
            }
        }
        self.names.add(names);
    }

    fn report(&self, parsed: &mut ParsedContract, paths: &PathProbe, widths: &WidthProbe) {
        let tables = if self.counted { &paths.tables[..] } else { &[] };
        for (PathCounts { each, paths, .. }, counts) in tables.iter().zip(&self.counts) {
            let rows = counts[0];
            let row_path = each.as_ref().map(|each| &each.path);
            if let (Some(each), 0) = (each, rows) {
                let message = format!("no sample has an element `{}`", each.path);
                let warning = Diagnostic::warning(each.span.clone(), message);
                parsed.diagnostics.push(warning.hint(self.names.advice(&each.path, None)));
            }
            for (place, _) in paths.iter().zip(&counts[1..]).filter(|(_, n)| rows > 0 && **n == 0) {
                let message = format!("no sample has `{}`", place.path);
                let warning = Diagnostic::warning(place.span.clone(), message);
                parsed.diagnostics.push(warning.hint(self.names.advice(&place.path, row_path)));
            }
        }
        for (PathCounts { paths, skips, lost, .. }, counts) in tables.iter().zip(&self.counts) {
            let counts = &counts[paths.len() + 1..];
            let of_references = lost.iter().zip(&counts[skips.len()..]);
            for (span, count) in of_references.filter(|(_, count)| **count > 0) {
                let rows = counted(*count as usize, "row");
                let message =
                    format!("{rows} of the samples refer to an element that is not there");
                let warning = Diagnostic::warning(span.clone(), message);
                let hint = "they become null: compare the ids with `key`";
                parsed.diagnostics.push(warning.hint(hint));
            }
            for (place, count) in skips.iter().zip(counts).filter(|(_, count)| **count > 0) {
                let elements = counted(*count as usize, "element");
                let message = format!("`{}` skips the text inside {elements}", place.path);
                let hint = format!("`STRING({})` reads all text in it", place.path);
                let warning = Diagnostic::warning(place.span.clone(), message);
                parsed.diagnostics.push(warning.hint(hint));
            }
        }
        let widths = widths.tables.iter().flatten();
        for (width, (length, sample)) in widths.zip(self.lengths.iter().flatten()) {
            if let (Some(sql_type), 1..) = (width.without_offset, *length) {
                parsed.diagnostics.push(lost_offset(width, sql_type, sample));
            }
            if let (Some(conversion), 1..) = (&width.conversion, *length) {
                let warning = too_narrow(width, conversion.sql_type(), *length, sample);
                parsed.diagnostics.push(warning);
            }
        }
    }
}

fn lost_offset(width: &Width, sql_type: SqlType, sample: &str) -> Diagnostic {
    let message = format!(
        "{}.{} is {sql_type}, which drops the offsets from UTC that samples have (in {sample})",
        width.table, width.column
    );
    let hint =
        "keep them in a datetimeoffset, or write `SWITCHOFFSET(…, '+00:00')` for the time in UTC";
    Diagnostic::warning(width.span.clone(), message).hint(hint)
}

fn too_narrow(width: &Width, sql_type: SqlType, length: usize, sample: &str) -> Diagnostic {
    let message = format!(
        "{}.{} is {sql_type}, and the longest value among the samples has {length} characters \
         (in {sample})",
        width.table, width.column
    );
    let hint = "widen the column, or write `too_long = \"truncate\"`";
    Diagnostic::warning(width.span.clone(), message).hint(hint)
}
