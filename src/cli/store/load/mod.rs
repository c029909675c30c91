//! `xmlshred load`: XML files into the source table.

mod destination;
mod distinct;
mod documents;
#[cfg(feature = "embedded")]
mod embedded;
mod errors;
mod files;
mod fill;
mod ids;
mod problems;
mod questions;
mod ranges;
mod report;
mod request;
#[cfg(feature = "sqlserver")]
mod server;
mod survey;

use std::path::PathBuf;

use clap::Args;

use self::destination::Destination;
use self::documents::Documents;
use self::errors::interrupted;
use self::files::{check_files, Input, Keeping};
use self::ids::{IdFrom, Ids};
use self::report::{Loaded, Notes};
use self::request::Load;
use self::survey::Copies;
use super::open;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::interruption::Interruption;
use crate::cli::{console, document_files};
use crate::command::command;
use crate::figures::counted;
use crate::settings::StoreLocation;
use crate::split::EachPath;
use crate::store::{Existing, LoadRules};

/// Load XML files into the source table
///
/// All files are read before one is loaded, and none is loaded if one of them cannot be. A file that was loaded
/// before from the same place with the same content is skipped and counted; with --app-id-from digits or key, so
/// is one whose application has this content.
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, folders of *.xml, and zip archives, in the order of their names, 2 before 10; - for stdin
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    search: document_files::Search,

    /// Divide each file into records, and load each as a document: the path of their elements, such as
    /// /orders/order
    #[arg(long, value_name = "PATH")]
    each: Option<EachPath>,

    /// Keep the start tags of the elements around each record around it
    #[arg(long, requires = "each")]
    keep_envelope: bool,

    /// Take application ids from the order of the files, after the highest id in the store; from the
    /// last digits in each file's name; or from the contract's `key` in each document
    #[arg(long, value_enum, default_value_t = IdFrom::Order)]
    #[arg(value_name = "order|digits|key", hide_possible_values = true)]
    app_id_from: IdFrom,

    /// Replace documents with the same ids; requires --app-id-from digits or key
    #[arg(long)]
    replace: bool,

    /// Load also the files that were loaded before
    #[arg(long)]
    again: bool,

    /// Skip or load files with name and content of files that were loaded from another place; without
    /// this they are refused
    #[arg(long, value_enum, value_name = "skip|load", hide_possible_values = true)]
    #[arg(conflicts_with = "again")]
    copies: Option<Copies>,

    /// Load also files that were loaded before in another way: with another --each, with or without
    /// --keep-envelope, or as a whole; without this they are refused
    #[arg(long, conflicts_with = "again")]
    other_records: bool,

    /// Name for what comes from stdin, by which it is known when it comes again
    #[arg(long, value_name = "NAME")]
    stdin_name: Option<String>,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let mut loaded = Loaded::default();
        let notes = self
            .load(call, &mut loaded)
            .map_err(|error| loaded.stopped_by(error, self.is_repeating()))?;
        console::tell(notes.left_out);
        console::note(notes.others);
        let again = match self.app_id_from {
            IdFrom::Order => " (add --again to load them once more)",
            IdFrom::Digits | IdFrom::Key => "",
        };
        if loaded.behind > 0 {
            console::note(format!(
                "{} below the watermark: run {}\n",
                counted(loaded.behind, "id"),
                command("enqueue --full")
            ));
        }
        console::print(&loaded.line(again))
    }
}

impl Arguments {
    /// Returns what a person should know besides.
    fn load(&self, call: &Call, loaded: &mut Loaded) -> Result<Notes> {
        let location = open::location(&call.settings)?;
        let existing = self.existing()?;
        let interruption = Interruption::on_signals()?;
        let stopped = || interruption.is_requested();
        let files = document_files::expand_unless(&self.files, self.search, &stopped)?;
        let files = files.ok_or_else(interrupted)?;
        let limit = call.settings.limits.document_bytes;
        let ids = Ids::new(self.app_id_from, &files, call)?;
        let host: Option<String> = match location {
            StoreLocation::Sqlite(_) => None,
            #[cfg(feature = "sqlserver")]
            StoreLocation::SqlServer(_) => Some(crate::runner::host_name()),
        };
        let input = |file| Input::new(file, self.stdin_name.as_deref(), host.as_deref());
        let mut inputs: Vec<Input> = files.into_iter().map(input).collect();
        let check = |inputs: &mut dyn Iterator<Item = &Input>| match check_files(
            inputs,
            self.each.is_none().then_some(limit),
            &stopped,
        )? {
            true => Ok(()),
            false => Err(interrupted()),
        };
        check(&mut inputs.iter())?;
        // Whether anything can be loaded at all, before all is read.
        let destination = Destination::check(location, call)?;
        let keeping = Keeping {
            folder: &destination.folder(),
            most: if self.each.is_some() { u64::MAX } else { limit },
        };
        let mut from_stdin = inputs.iter_mut().filter(|input| input.is_stdin());
        from_stdin.try_for_each(|input| input.keep(&keeping))?;
        check(&mut inputs.iter().filter(|input| input.is_kept()))?;
        let load = Load {
            inputs,
            ids,
            documents: Documents {
                each: self.each.clone(),
                keep_envelope: self.keep_envelope,
                is_text: destination.takes_text(),
                limit,
            },
            rules: LoadRules { existing, again: self.again },
            copies: self.copies,
            other_records: self.other_records,
            is_repeating: self.is_repeating(),
            interruption,
        };
        let survey = destination.load(&load, loaded)?;
        Ok(survey.notes(&load.inputs, self.each.is_some(), self.copies))
    }

    /// Whether what was loaded before is loaded once more, so that nothing tells a repetition of this
    /// load from it.
    fn is_repeating(&self) -> bool {
        let is_nameless =
            self.stdin_name.is_none() && self.files.iter().any(|file| file.as_os_str() == "-");
        self.again || (is_nameless && self.copies == Some(Copies::Load))
    }

    fn existing(&self) -> Result<Existing> {
        match (self.replace, self.app_id_from, &self.each) {
            (_, IdFrom::Digits, Some(_)) => Err(CommandError::usage(
                "--each makes many documents of a file, and its name has one id",
                "add --app-id-from key, or leave --app-id-from out",
            )),
            (false, ..) => Ok(Existing::Refuse),
            (true, IdFrom::Digits | IdFrom::Key, _) => Ok(Existing::Replace),
            (true, IdFrom::Order, _) => Err(CommandError::usage(
                "--replace requires ids from the file names or the documents",
                "add --app-id-from digits, or --app-id-from key",
            )),
        }
    }
}
