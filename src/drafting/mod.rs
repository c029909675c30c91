//! Drafts a contract from what occurs in documents: tables for what repeats, columns for the rest, with
//! types, keys and remarks, and a list of what the draft does not follow or leaves out.

mod columns;
mod dates;
mod keys;
mod names;
mod namespaces;
mod report;
mod steps;
mod tables;
mod types;
mod write;

pub use report::{LeftOut, Outlier, Report};

use crate::profile::{NodeId, Profile};
use columns::Column;

/// What a draft may do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Paths whose elements are left out, with all below them: `/order/scan`.
    pub skip: Vec<String>,
    /// Lists of codes become lookups, to numbers.
    pub lookups: bool,
    /// The ids of applications are in the documents: the draft has `document.key`, if there is a path
    /// to something like it.
    pub key: bool,
}

/// A contract, and what is to be told about it.
#[derive(Debug, Clone)]
pub struct Drafted {
    /// The contract.
    pub toml: String,
    /// What it does not follow and leaves out.
    pub report: Report,
    /// A path looks like that of the application's id.
    pub has_key: bool,
}

/// A table of the draft.
#[derive(Debug)]
struct Table {
    name: String,
    /// Its row element.
    node: NodeId,
    /// Position of the nearest table around it.
    parent: Option<usize>,
    /// Its own part of the primary key, behind the application's id and its parent's.
    own_key: Option<String>,
    columns: Vec<Column>,
    /// Nodes that become columns: attributes, and elements with text.
    leaves: Vec<Leaf>,
    /// The row element lies inside itself.
    is_recursive: bool,
}

/// A node that becomes a column.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    node: NodeId,
    kind: LeafKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeafKind {
    /// Its value.
    Value,
    /// The first of several, because others are rare.
    First,
    /// All text inside an element with text and elements.
    String,
    /// Whether there is such an element, which never has a value.
    Presence,
}

/// Drafts a contract for the documents with this root element.
pub fn draft(profile: &Profile, root: NodeId, name: &str, options: &Options) -> Drafted {
    let mut report = Report::new(profile, root);
    let mut tables = tables::tables(profile, root, options, &mut report);
    names::name_tables(profile, &mut tables);
    let namespaces = namespaces::Namespaces::of(profile, &tables);
    columns::add(profile, &namespaces, options, &mut tables, &mut report);
    let key = keys::document_key(profile, root, &tables);
    keys::add(profile, &mut tables);
    report.count(&tables);
    let key = key.map(|node| (steps::absolute(profile, &namespaces, node), options.key));
    let has_key = key.is_some();
    let toml = write::Writer::new(profile, &namespaces, &report, name, key).write(root, &tables);
    Drafted { toml, report, has_key }
}
