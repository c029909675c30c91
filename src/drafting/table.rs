//! The tables and columns of a draft, before they are text.

use crate::contract::{OnExisting, TargetTable};
use crate::declared::DeclaredTable;
use crate::profile::{NodeId, SchemaNotes};
use crate::value::SqlType;

/// What a draft may do.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Paths whose elements are left out, with all below them: `/order/scan`.
    pub skip: Vec<String>,
    /// Lists of codes become lookups, to numbers.
    pub lookups: bool,
    /// Numbered siblings are rows of a table of their own.
    pub unpivot: bool,
    /// The ids of applications are in the documents: the draft has `document.key`, if there is a path
    /// to something like it.
    pub key: bool,
    /// What a schema says that no column can say.
    pub schema: Option<SchemaNotes>,
    /// Runs that read the documents; more than one where statistics were kept.
    pub runs: u64,
    /// Tables that exist, which the draft is to fill; empty where it makes its own.
    pub existing: Vec<DeclaredTable>,
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
    /// What its rows are, if there are several of each row element.
    pub(super) siblings: Option<Siblings>,
    /// The rows of each row element; none where each is one.
    pub(super) rows: Vec<Row>,
    /// The column of the application's id.
    pub(super) app: (String, SqlType),
    pub(super) on_existing: OnExisting,
    /// The contract that is updated has it already.
    pub(super) old: Option<Old>,
    /// Its keys, where the table exists.
    pub(super) existing: Option<Existing>,
}

/// The keys of a table that exists.
#[derive(Debug)]
pub(super) struct Existing {
    /// Empty without one, and where the contract does not fill it.
    pub(super) primary_key: Vec<String>,
    /// Its columns, and the table that they refer to.
    pub(super) foreign_key: Option<(Vec<String>, String)>,
    /// The column with the application's id.
    pub(super) app_column: Option<String>,
    /// Columns that exist, with paths that are only likely.
    pub(super) guesses: Vec<Column>,
}

/// A table that a contract has already.
#[derive(Debug)]
pub(super) struct Old {
    /// Its row path.
    pub(super) each: String,
    /// Its columns, in small letters.
    pub(super) columns: Vec<String>,
    /// Its primary key without the application's id; empty where children cannot refer to it.
    pub(super) key: Vec<(String, SqlType)>,
    /// The names of its whole primary key.
    pub(super) primary_key: Vec<String>,
    /// Elements that become one row, so that positions in them are not alone.
    pub(super) joins: bool,
}

impl Old {
    /// What is known of a table of a contract; whether its rows can be referred to, others know.
    pub(super) fn of(each: String, target: &TargetTable, is_linked: bool, joins: bool) -> Self {
        let column = |name: &String| target.columns.iter().find(|column| column.name == *name);
        let key: Vec<_> = target.primary_key.iter().filter_map(column).collect();
        let is_linked = is_linked && !key.is_empty() && key.iter().all(|c| !c.is_generated());
        let app = target.app_column.map(|at| &target.columns[at].name);
        let own = key.iter().filter(|column| is_linked && Some(&column.name) != app);
        Self {
            each,
            columns: target.columns.iter().map(|column| column.name.to_lowercase()).collect(),
            key: own.map(|column| (column.name.clone(), column.sql_type)).collect(),
            primary_key: match is_linked {
                true => target.primary_key.clone(),
                false => Vec::new(),
            },
            joins,
        }
    }
}

/// Elements or attributes of one parent that differ in a number at the end of their names: `score_1`,
/// `score_2`.
#[derive(Debug, Clone)]
pub(super) struct Siblings {
    /// Their name without the number.
    pub(super) stem: String,
    /// Their numbers, and they themselves.
    pub(super) nodes: Vec<(u32, NodeId)>,
}

/// A row of a row element that has several.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) when: String,
    /// Names of columns and their values in this row.
    pub(super) values: Vec<(String, String)>,
}

impl Table {
    /// A table of the rows of this element.
    pub(super) fn of(node: NodeId) -> Self {
        Self {
            name: String::new(),
            node,
            parent: None,
            own_key: None,
            columns: Vec::new(),
            leaves: Vec::new(),
            is_recursive: false,
            siblings: None,
            rows: Vec::new(),
            app: ("app_id".to_owned(), SqlType::BigInt),
            on_existing: OnExisting::Replace,
            old: None,
            existing: None,
        }
    }
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
    /// Empty where only rows have values.
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
    /// There are values that its type does not take.
    pub(super) has_outliers: bool,
    /// These become null, instead of failing their documents.
    pub(super) is_null_on_error: bool,
    /// The codes of its lookup, in their order.
    pub(super) lookup: Vec<String>,
    /// The database numbers it.
    pub(super) identity: bool,
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
            has_outliers: false,
            is_null_on_error: false,
            lookup: Vec::new(),
            identity: false,
        }
    }
}
