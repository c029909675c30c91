//! `xmlshred contract docs`: the mapping from source to target, as a document for people.

use std::path::PathBuf;

use chrono::Utc;
use clap::{Args, ValueEnum};

use super::file;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::{console, document_files, map};
use crate::command::command;
use crate::contract::ParsedContract;
use crate::described::{Described, Samples};
use crate::figures::counted;
use crate::offline::{add_examples, put_line, Formulas, Mapping};
use crate::report::{mapping_lines, mapping_markdown, mapping_page, MAPPING_HEADING};
use crate::runner::ExitStatus;

/// Write what a contract maps to what, in words: the document that auditors ask for
#[derive(Debug, Args)]
pub struct Arguments {
    /// Contract [default: the one of --contract]
    #[arg(value_name = "CONTRACT")]
    file: Option<PathBuf>,

    /// XML files and folders of *.xml to take an example of each value from; the document then has values
    /// of theirs
    #[arg(long, value_name = "FILES", num_args = 1..)]
    sample: Vec<PathBuf>,

    #[command(flatten)]
    search: document_files::Search,

    /// Write one page of HTML that needs no other file, Markdown, or one line of CSV for each value of a
    /// column
    #[arg(long, value_enum, default_value_t = Format::Html)]
    #[arg(value_name = "html|markdown|csv", hide_possible_values = true)]
    format: Format,

    /// File for the document; one of that name is replaced [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Write an apostrophe before text that a spreadsheet would run as a formula
    #[arg(long)]
    spreadsheet_safe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Html,
    Markdown,
    Csv,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        if self.spreadsheet_safe && self.format != Format::Csv {
            return Err(CommandError::usage(
                "--spreadsheet-safe requires --format csv",
                "add --format csv, or leave it out",
            ));
        }
        let parsed = match &self.file {
            Some(file) => file::parse_file(file)?,
            None => file::parse_file(file::named(&call.settings)?)?,
        };
        console::diagnose(&parsed.diagnostics);
        let mut described = Described::of(&parsed);
        if !self.sample.is_empty() {
            self.add_examples(call, &parsed, &mut described)?;
        }
        let text = match self.format {
            Format::Html => mapping_page(&described),
            Format::Markdown => mapping_markdown(&described),
            Format::Csv => csv(&described, self.formulas()),
        };
        match &self.out {
            None => console::print_data(&text)?,
            Some(path) => {
                console::write_file(path, &text)?;
                let tables = counted(described.tables.len(), "table");
                console::print(&format!(
                    "{}: the mapping of {}, {tables}\n",
                    path.display(),
                    described.name
                ))?
            }
        };
        let Some(Samples { documents, mapped }) = described.samples else {
            return Ok(ExitStatus::Success);
        };
        Ok(map::status(call, documents - mapped, documents))
    }
}

impl Arguments {
    fn add_examples(
        &self,
        call: &Call,
        parsed: &ParsedContract,
        described: &mut Described,
    ) -> Result<()> {
        let sources = document_files::samples(&self.sample, self.search)?;
        let mapping = Mapping {
            contract: parsed.contract.clone(),
            limits: call.settings.limits,
            now: Utc::now(),
            id_from_key: true,
        };
        let threads = map::threads(call)?;
        add_examples(described, parsed, &mapping, &sources, &threads)
            .map_err(|e| console::unwritable(&e))?;
        let Some(Samples { documents, mapped }) = described.samples else { return Ok(()) };
        if mapped < documents {
            let failed = counted(documents - mapped, "sample");
            console::tell(format!(
                "{failed} failed and gave no examples; {} shows why\n",
                command("contract check --sample FILES")
            ));
        }
        Ok(())
    }

    fn formulas(&self) -> Formulas {
        match self.spreadsheet_safe {
            true => Formulas::Disarm,
            false => Formulas::Keep,
        }
    }
}

/// RFC 4180, as `map --format csv` writes it.
fn csv(described: &Described, formulas: Formulas) -> String {
    let mut text = Vec::new();
    put_line(&mut text, MAPPING_HEADING.map(|name| Some(name.into())));
    for line in mapping_lines(described) {
        let cell = |cell: Option<String>| Some(formulas.text(cell?.into()));
        put_line(&mut text, line.map(cell));
    }
    String::from_utf8(text).expect("made of text")
}
