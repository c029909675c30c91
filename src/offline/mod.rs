//! Documents through a contract without writing to a store: in parallel, in order, and a bad
//! document never stops the rest.

pub mod constants;
mod csv;
pub mod diff;
mod duplicates;
mod examples;
mod json_line;
mod mapping;
mod profiling;
mod real_paths;
pub mod sample;
mod schema_file;
mod shown_rows;
mod source;
mod statistics;
mod summary;

use std::io::{self, Write};
use std::time::Instant;

use rayon::ThreadPool;

pub use self::csv::{put_line, CsvFolder, Formulas};
pub use self::examples::add_examples;
pub use self::json_line::JsonLine;
use self::mapping::{counts, in_order};
pub use self::mapping::{Mapped, Mapping};
pub use self::profiling::{profile, profile_new, Profiled};
pub use self::schema_file::schema_text;
pub use self::source::{Content, Source};
pub use self::statistics::{Statistics, StatisticsError};
pub use self::summary::MapSummary;
use crate::screen::Screen;
use crate::shred::Shredder;

impl Mapping {
    /// Maps all documents and only counts the results.
    ///
    /// # Errors
    /// None that come from documents: what cannot be read is a failed document.
    pub fn count(&self, sources: &[Source], threads: &ThreadPool) -> io::Result<MapSummary> {
        self.each(sources, threads, |_, _| (), |()| Ok(()))
    }

    /// Maps all documents and writes a line of JSON for each, in their order.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write_json(
        &self,
        sources: &[Source],
        threads: &ThreadPool,
        out: &mut impl Write,
    ) -> io::Result<MapSummary> {
        let line = |source: &Source, mapped: &Mapped| self.line(source, mapped);
        let summary = self.each(sources, threads, line, |line| out.write_all(&line))?;
        out.flush()?;
        Ok(summary)
    }

    /// Maps all documents and writes the rows of each for people, in their order.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write_tables(
        &self,
        sources: &[Source],
        threads: &ThreadPool,
        screen: Screen,
        out: &mut impl Write,
    ) -> io::Result<MapSummary> {
        let text = |source: &Source, mapped: &Mapped| self.shown(source, mapped, screen);
        let summary = self.each(sources, threads, text, |text| {
            out.write_all(screen.shown(&text).as_bytes())?;
            out.write_all(b"\n")
        })?;
        out.flush()?;
        Ok(summary)
    }

    /// Maps all documents and writes their rows to the files of the tables, in their order.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write_csv(
        &self,
        sources: &[Source],
        threads: &ThreadPool,
        mut folder: CsvFolder,
    ) -> io::Result<MapSummary> {
        let formulas = folder.formulas();
        let rows =
            |source: &Source, mapped: &Mapped| csv::rows(&self.contract, source, mapped, formulas);
        let summary = self.each(sources, threads, rows, |rows| folder.write(&rows))?;
        folder.put_in_place()?;
        Ok(summary)
    }

    /// Maps all documents; `prepare` runs in parallel, `take` in the order of `sources`.
    fn each<T: Send>(
        &self,
        sources: &[Source],
        threads: &ThreadPool,
        prepare: impl Fn(&Source, &Mapped) -> T + Sync + Send,
        mut take: impl FnMut(T) -> io::Result<()>,
    ) -> io::Result<MapSummary> {
        let began = Instant::now();
        let mut summary = MapSummary::new(&self.contract);
        let work = |shredder: &mut Shredder, source: &Source| {
            let mapped = self.map(shredder, source);
            let prepared = prepare(source, &mapped);
            (mapped.bytes, counts(&mapped.outcome), prepared)
        };
        in_order(
            sources,
            threads,
            || self.shredder(),
            work,
            |(bytes, rows, prepared)| {
                summary.add(bytes, &rows);
                take(prepared)
            },
        )?;
        summary.elapsed = began.elapsed();
        Ok(summary)
    }

    fn line(&self, source: &Source, mapped: &Mapped) -> Vec<u8> {
        let (app_id, outcome) = (mapped.app_id, &mapped.outcome);
        let json = JsonLine { file: &source.name, app_id, outcome, contract: &self.contract };
        let mut line = serde_json::to_vec(&json).expect("memory can be written, keys are text");
        line.push(b'\n');
        line
    }
}
