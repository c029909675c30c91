//! What a draft does not follow, and what it leaves out.

use super::table::Table;
use crate::profile::{Example, NodeId, Profile};

/// The report on a draft.
#[derive(Debug, Clone)]
pub struct Report {
    /// Documents it rests on.
    pub documents: u64,
    /// Tables and columns that were drafted.
    pub tables: usize,
    /// Columns of all tables.
    pub columns: usize,
    /// Different paths below the root.
    pub paths: usize,
    /// Values that the type of their column does not take.
    pub outliers: Vec<Outlier>,
    /// Paths that no column reads.
    pub left_out: Vec<LeftOut>,
}

/// Values that the type of their column does not take.
#[derive(Debug, Clone)]
pub struct Outlier {
    /// The path as documents write it.
    pub path: String,
    /// The column's type.
    pub sql_type: String,
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The first ones.
    pub examples: Vec<Example>,
}

/// A path that no column reads.
#[derive(Debug, Clone)]
pub struct LeftOut {
    /// The path as documents write it.
    pub path: String,
    /// How often it occurs.
    pub count: u64,
    /// Why.
    pub why: String,
}

impl Report {
    pub(super) fn new(profile: &Profile, root: NodeId) -> Self {
        Self {
            documents: profile[root].documents,
            tables: 0,
            columns: 0,
            paths: profile.below(root).len(),
            outliers: Vec::new(),
            left_out: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, tables: &[Table]) {
        self.tables = tables.len();
        self.columns = tables.iter().map(|table| table.columns.len()).sum();
    }

    pub(super) fn left_out(&mut self, profile: &Profile, node: NodeId, why: &str) {
        let path = profile.path(node);
        self.left_out.push(LeftOut { path, count: profile[node].count, why: why.to_owned() });
    }
}
