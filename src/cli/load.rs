//! `xmlshred load`: XML files into the source table of an embedded store.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::document_files;
use super::setting_flags::{FlagSet, SettingFlags};
use super::{console, open_store, Call, CommandError, Execute, ExitStatus};
use crate::outcome::AppId;
use crate::report;
use crate::settings::keys::{self, Key};
use crate::store::sqlite::{Existing, NewDocument, SqliteStore};

/// Load XML files into the embedded store, as its source documents
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files, and folders of *.xml
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,

    /// Where application ids come from: the order of the files, on from the highest id there is;
    /// or the last digits in each file's name
    #[arg(long, value_enum, default_value_t = IdFrom::Order, value_name = "order|digits", hide_possible_values = true)]
    app_id_from: IdFrom,

    /// Put a document in the place of the one that has its id already
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    loading: SettingFlags<Loading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum IdFrom {
    Order,
    Digits,
}

/// What loading heeds.
#[derive(Debug, Clone)]
struct Loading;

impl FlagSet for Loading {
    const KEYS: &'static [&'static Key] = &[&keys::MAX_DOCUMENT_BYTES];
}

impl Execute for Arguments {
    fn given(&self) -> &[(&'static Key, String)] {
        &self.loading.given
    }

    fn execute(&self, call: &Call) -> Result<ExitStatus, CommandError> {
        let files = document_files::expand(&self.files)?;
        check_sizes(&files, call.settings.limits.document_bytes)?;
        let ids_in_names = match self.app_id_from {
            IdFrom::Digits => Some(document_files::ids_in_names(&files)?),
            IdFrom::Order => None,
        };
        let mut store = open_store::embedded(&call.settings)?;
        let ids = match ids_in_names {
            Some(ids) => ids,
            None => document_files::ids_from(store.next_free_app_id()?, files.len()),
        };
        if !self.replace {
            check_ids(&store.existing_app_ids(&ids)?)?;
        }
        let bytes = load(&mut store, &ids, &files, self.existing())?;
        console::print(&format!(
            "{} loaded ({}), as {}\n",
            counted(files.len() as u64),
            report::bytes(bytes),
            span(&ids)
        ))?;
        Ok(ExitStatus::Success)
    }
}

impl Arguments {
    fn existing(&self) -> Existing {
        match self.replace {
            true => Existing::Replace,
            false => Existing::Refuse,
        }
    }
}

/// The largest value SQLite keeps in a row.
const LARGEST_VALUE: u64 = 1_000_000_000;

/// Refuses what could never become rows, before anything is written and without reading it.
fn check_sizes(files: &[PathBuf], limit: u64) -> Result<(), CommandError> {
    let problems: Vec<String> = files.iter().filter_map(|file| size_problem(file, limit)).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(CommandError::several("not every document can be loaded", &problems)
        .hint("nothing was loaded; leave these files out, or mend them"))
}

fn size_problem(file: &Path, limit: u64) -> Option<String> {
    let shown = file.display();
    match std::fs::metadata(file).map(|metadata| metadata.len()) {
        Err(e) => Some(format!("cannot read {shown}: {e}")),
        Ok(0) => Some(format!("{shown} is empty")),
        Ok(bytes) if bytes > LARGEST_VALUE => Some(format!(
            "{shown} has {bytes} bytes, and the embedded store holds at most {LARGEST_VALUE} in a \
             document"
        )),
        Ok(bytes) if bytes > limit => Some(format!(
            "{shown} has {bytes} bytes, and the limit is {limit}: raise --max-document-bytes if \
             such documents are right"
        )),
        Ok(_) => None,
    }
}

/// Refuses to load when applications of these ids are there already.
fn check_ids(existing: &[AppId]) -> Result<(), CommandError> {
    if existing.is_empty() {
        return Ok(());
    }
    let mut ids: Vec<String> = existing.iter().take(10).map(AppId::to_string).collect();
    if existing.len() > ids.len() {
        ids.push(format!("{} more", existing.len() - ids.len()));
    }
    let message = format!("the store has documents with these ids already: {}", ids.join(", "));
    Err(CommandError::usage(message)
        .hint("nothing was loaded; add --replace to put these documents in their place"))
}

/// Loads the files and returns their size in bytes.
fn load(
    store: &mut SqliteStore,
    ids: &[AppId],
    files: &[PathBuf],
    existing: Existing,
) -> Result<u64, CommandError> {
    let mut loader = store.loader(existing);
    let mut bytes = 0;
    for (app_id, file) in ids.iter().zip(files) {
        let document = std::fs::read(file).map_err(|e| unreadable(file, &e))?;
        bytes += document.len() as u64;
        loader.add(*app_id, NewDocument::Bytes(document))?;
    }
    loader.finish()?;
    Ok(bytes)
}

/// `application 7` or `applications 1 to 803`.
fn span(ids: &[AppId]) -> String {
    match (ids.iter().min(), ids.iter().max()) {
        (Some(first), Some(last)) if first != last => format!("applications {first} to {last}"),
        (Some(only), _) => format!("application {only}"),
        _ => "nothing".to_owned(),
    }
}

/// `1 document`, `803 documents`.
fn counted(documents: u64) -> String {
    match documents {
        1 => "1 document".to_owned(),
        many => format!("{} documents", report::count(many)),
    }
}

/// A file that could be found, but not read.
fn unreadable(file: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot read {}: {error}", file.display()))
        .hint("see who may read the file, and whether it is still there")
}
