//! `xmlshred contract coverage`: what a contract leaves out of documents.

use std::path::PathBuf;

use clap::Args;

use super::file;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::{console, document_files, map};
use crate::coverage::{coverage, Coverage};
use crate::figures::counted;
use crate::offline::{profile, put_line, Profiled};
use crate::report::{
    coverage_cells, coverage_json, list_unreadable, render_coverage, ListFormat, COVERAGE_HEADING,
};
use crate::runner::ExitStatus;

/// Show which paths of documents a contract reads, by which columns, and what it leaves out
#[derive(Debug, Args)]
pub struct Arguments {
    /// Contract [default: the one of --contract]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// XML files, folders of *.xml and zip archives to compare with the contract
    #[arg(long, value_name = "FILES", num_args = 1.., required = true)]
    sample: Vec<PathBuf>,

    #[command(flatten)]
    search: document_files::Search,

    /// Print tables for people, JSON, or one line of CSV for each path
    #[arg(long, value_enum, default_value_t)]
    #[arg(value_name = "table|json|csv", hide_possible_values = true)]
    format: ListFormat,

    /// Exit with status 1 if fewer than this percentage of the paths that have a value are read
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_under: Option<f64>,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let parsed = match &self.file {
            Some(file) => file::parse_file(file)?,
            None => file::parse_file(file::named(&call.settings)?)?,
        };
        console::diagnose(&parsed.diagnostics);
        let sources = document_files::samples(&self.sample, self.search)?;
        let threads = map::threads(call)?;
        let limits = &call.settings.limits;
        let Profiled { profile, unreadable, .. } =
            profile(&sources, Some(&parsed.contract), limits, &threads);
        let coverage = coverage(&parsed, &profile);
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let unreadable_list = list_unreadable(&names, &unreadable);
        if !unreadable_list.is_empty() {
            console::tell(unreadable_list);
        }
        if coverage.documents == 0 {
            return Err(no_document(&coverage));
        }
        match self.format {
            ListFormat::Table => console::print(&render_coverage(&coverage))?,
            ListFormat::Json => console::print_data(&coverage_json(&coverage))?,
            ListFormat::Csv => console::print_data(&csv(&coverage))?,
        };
        if self.fail_under.is_some_and(|percent| coverage.share().is_below(percent)) {
            return Ok(ExitStatus::SomeFailed);
        }
        let failed = coverage.refused() + unreadable.len() as u64;
        Ok(map::status(call, failed, sources.len() as u64))
    }
}

/// The samples are all for other contracts, or none could be read.
fn no_document(coverage: &Coverage) -> CommandError {
    let mut message = "the contract is for no document of the samples".to_owned();
    for (root, documents) in &coverage.other_roots {
        message += &format!("\n  the root element {root} in {}", counted(*documents, "document"));
    }
    let hint = "name well-formed documents that have the contract's root element";
    CommandError::new(ExitStatus::Contract, message, hint)
}

/// RFC 4180, as `map --format csv` writes it.
fn csv(coverage: &Coverage) -> String {
    let mut text = Vec::new();
    put_line(&mut text, COVERAGE_HEADING.map(|name| Some(name.into())));
    for path in &coverage.paths {
        put_line(&mut text, coverage_cells(path).map(|cell| cell.map(Into::into)));
    }
    String::from_utf8(text).expect("made of text")
}

fn percent(text: &str) -> std::result::Result<f64, String> {
    let number = text.trim_end_matches('%').trim().parse().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| "write a percentage from 0 to 100, such as 95".to_owned())
}
