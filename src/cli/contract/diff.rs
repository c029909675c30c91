//! `xmlshred contract diff`: the rows that a new contract changes.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use clap::Args;

use super::file;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::Result;
use crate::cli::map::threads;
use crate::cli::{console, document_files};
use crate::contract::Contract;
use crate::offline::diff;
use crate::offline::Mapping;

/// Shred samples with two contracts, and show which rows appear, disappear or change
#[derive(Debug, Args)]
pub struct Arguments {
    /// Old contract
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// New contract
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// XML files, folders of *.xml and zip archives to shred
    #[arg(long, value_name = "FILES", num_args = 1.., required = true)]
    sample: Vec<PathBuf>,

    #[command(flatten)]
    search: document_files::Search,

    /// Number of examples of each kind of difference
    #[arg(long, value_name = "N", default_value_t = 3)]
    show: usize,

    /// Print text for people or JSON for programs
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    #[arg(value_name = "text|json", hide_possible_values = true)]
    format: String,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let sources = document_files::samples(&self.sample, self.search)?;
        let now = Utc::now();
        let mapping = |contract: Contract| Mapping {
            contract: Arc::new(contract),
            limits: call.settings.limits,
            now,
            id_from_key: true,
        };
        let old = mapping(file::read_file(&self.old)?);
        let new = mapping(file::read_file(&self.new)?);
        let threads = threads(call)?;
        let found = diff::diff(&old, &new, &sources, &threads, self.show);
        let found = found.map_err(|e| console::unwritable(&e))?;
        match self.format.as_str() {
            "json" => console::print_data(&format!("{:#}\n", serde_json::json!(found))),
            _ => console::print(&found.to_string()),
        }
    }
}
