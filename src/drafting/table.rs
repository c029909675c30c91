//! The tables and columns of a draft, before they are text.

use crate::profile::{NodeId, SchemaNotes};
use crate::value::SqlType;

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
    /// What a schema says that no column can say.
    pub schema: Option<SchemaNotes>,
}

/// A table of the draft.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// Its row element.
    pub(super) node: NodeId,
    /// Position of the nearest table around it.
    pub(super) parent: Option<usize>,
    /// Its own part of the primary key, behind the application's id and its parent's.
    pub(super) own_key: Option<String>,
    pub(super) columns: Vec<Column>,
    /// Nodes that become columns: attributes, and elements with text.
    pub(super) leaves: Vec<Leaf>,
    /// The row element lies inside itself.
    pub(super) is_recursive: bool,
}

/// A node that becomes a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    pub(super) node: NodeId,
    pub(super) kind: LeafKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafKind {
    /// Its value.
    Value,
    /// The first of several, because others are rare.
    First,
    /// All text inside an element with text and elements.
    String,
    /// Whether there is such an element, which never has a value.
    Presence,
}

/// A column of the draft.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sql_type: SqlType,
    pub(super) value: String,
    pub(super) required: bool,
    pub(super) note: Option<String>,
    /// The node it reads; none for keys that are numbers of the draft's own.
    pub(super) node: Option<NodeId>,
    /// The .NET patterns of its dates, besides ISO 8601.
    pub(super) dates: Vec<String>,
    /// Some are written as in ISO 8601.
    pub(super) has_iso: bool,
    /// Its text has white space around it.
    pub(super) is_padded: bool,
    /// What stands for null, as TOML.
    pub(super) default: Option<String>,
    /// The codes of its lookup, in their order.
    pub(super) lookup: Vec<String>,
}

impl Column {
    /// A column that no path fills.
    pub(super) fn own(name: String, sql_type: SqlType, value: String) -> Self {
        Self {
            name,
            sql_type,
            value,
            required: false,
            note: None,
            node: None,
            dates: Vec::new(),
            has_iso: false,
            is_padded: false,
            default: None,
            lookup: Vec::new(),
        }
    }
}
