//! Drafts a contract from what occurs in documents, and what a schema says of them: tables for what
//! repeats, columns for the rest, with types, keys and remarks, and a list of what the draft does not
//! follow or leaves out.

mod block;
mod columns;
mod dates;
mod declared;
mod evidence;
mod existing;
mod few;
mod keys;
mod known;
mod names;
mod namespaces;
mod quoted;
mod read;
mod report;
mod siblings;
mod steps;
mod table;
mod tables;
mod typed;
mod types;
mod update;
mod wide;
mod write;

pub use few::Fate;
pub use report::{schema_lines, LeftOut, Outlier, Report, Unfilled};
pub use table::Options;
pub use update::{update, Added, UpdateReport, Updated, Wider};

use crate::profile::{NodeId, Profile};

/// A contract, and the report on it.
#[derive(Debug, Clone)]
pub struct Drafted {
    /// The contract.
    pub toml: String,
    /// What it does not follow and leaves out.
    pub report: Report,
    /// A path looks like that of the application's id.
    pub has_key: bool,
}

/// Drafts a contract for the documents with this root element.
pub fn draft(profile: &Profile, root: NodeId, name: &str, options: &Options) -> Drafted {
    let mut report = Report::new(profile, root, options);
    let mut tables = tables::tables(profile, root, options, &mut report);
    names::name_tables(profile, &mut tables, &[]);
    let namespaces = namespaces::Namespaces::of(profile, &tables);
    let key = keys::document_key(profile, root, &tables);
    if options.existing.is_empty() {
        columns::add(profile, &namespaces, options, &mut tables, &mut report);
        keys::add(profile, &mut tables, true);
    } else {
        let declared = &options.existing;
        tables = existing::tables(profile, &namespaces, &tables, declared, &mut report);
    }
    report.count(&tables);
    let key = key.map(|node| (steps::absolute(profile, &namespaces, node), options.key));
    let has_key = key.is_some();
    let mut schemas = options.existing.iter().map(|table| table.schema.as_str());
    let schema = schemas.find(|schema| !schema.is_empty());
    let writer = write::Writer::new(profile, &namespaces, &report, name, key).in_schema(schema);
    let toml = writer.write(root, &tables);
    Drafted { toml, report, has_key }
}
