//! The schema that `contract init --xsd` reads.

use std::path::Path;

use crate::cli::command_error::{CommandError, Result};
use crate::offline::schema_text;
use crate::runner::ExitStatus;
use crate::schema::{Root, Schema, SchemaError, SchemaFiles};
use crate::shred::Limits;

/// Roots that a message lists.
const MOST_ROOTS: usize = 30;

/// Reads a schema with all that it includes and imports.
pub fn files(path: &Path, limits: &Limits) -> Result<SchemaFiles> {
    SchemaFiles::read(path, &|path| schema_text(path, limits)).map_err(|error| wrong(*error))
}

/// What a schema declares.
pub fn declared(files: &SchemaFiles) -> Result<Schema<'_>> {
    Schema::new(files).map_err(|error| wrong(*error))
}

/// What is wrong with a schema.
pub fn wrong(error: SchemaError) -> CommandError {
    CommandError::new(ExitStatus::Contract, error.to_string(), error.hint)
}

/// The root element of documents: the one that is wanted, or the only one that can be.
pub fn root(schema: &Schema<'_>, wanted: Option<&str>) -> Result<Root> {
    let likely = schema.likely_roots().map_err(|error| wrong(*error))?;
    let fits =
        |root: &&Root| wanted.is_none_or(|wanted| wanted == root.local || wanted == root.written());
    let shown = |roots: &[Root]| {
        let mut names: Vec<String> = roots.iter().take(MOST_ROOTS).map(described).collect();
        if roots.len() > MOST_ROOTS {
            names.push("…".to_owned());
        }
        names
    };
    let mut found: Vec<Root> = likely.iter().filter(fits).cloned().collect();
    if let (Some(wanted), true) = (wanted, found.is_empty()) {
        // Any global element may be one.
        let all = schema.global_elements();
        found = all.iter().filter(fits).cloned().collect();
        if found.is_empty() {
            return Err(CommandError::usage(
                format!(
                    "the schema has no element {wanted} for a root, but {}",
                    shown(&all).join(", ")
                ),
                "name one of these",
            ));
        }
    }
    match found.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(CommandError::usage(
            "the schema declares no element for a root",
            "name the file that declares the root element",
        )),
        several => Err(CommandError::several(
            "documents of this schema have several root elements",
            &shown(several),
            "draft a contract for each: add --root NAME",
        )),
    }
}

fn described(root: &Root) -> String {
    match root.uri.is_empty() || !root.prefix.is_empty() {
        true => root.written(),
        false => format!("{} ({})", root.local, root.uri),
    }
}
