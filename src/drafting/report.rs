//! What a draft does not follow, and what it leaves out.

use std::fmt;

use super::few::{Fate, Few};
use super::table::{Options, Siblings, Table};
use crate::figures::{count, counted};
use crate::profile::{Example, NodeId, Profile, SchemaNotes};
use crate::value::SqlType;

/// Why paths are left out that other documents may bring back.
pub(super) const ALWAYS_BLANK: &str = "always blank";
pub(super) const ALWAYS_EMPTY: &str = "always there and always empty";
pub(super) const BESIDE_ELEMENTS: &str =
    "text beside elements: the column has the element's own text only";
pub(super) const INSIDE_ITSELF: &str =
    "it lies inside itself, and elements of its name are elsewhere too";
pub(super) const NOT_DECLARED: &str = "its prefix is not declared in the documents";
pub(super) const NO_NAME: &str = "the contract has no name that means it alone";

/// The report on a draft.
#[derive(Debug, Clone)]
pub struct Report {
    /// Documents it rests on.
    pub documents: u64,
    /// Runs that read them, where there were several.
    pub runs: u64,
    /// Tables and columns that were drafted.
    pub tables: usize,
    /// Columns of all tables.
    pub columns: usize,
    /// Different paths below the root.
    pub paths: usize,
    /// Values that their column does not have as they are, or whose type is wider for them alone.
    pub outliers: Vec<Outlier>,
    /// Paths that no column reads.
    pub left_out: Vec<LeftOut>,
    /// What the schema says that no column can say, where there is a schema.
    pub schema: Option<SchemaNotes>,
    /// The first and the last path of numbered siblings that are columns.
    pub numbered: Vec<(String, String)>,
    /// Tables and columns that exist and that no path fills.
    pub unfilled: Vec<Unfilled>,
}

/// A table or a column that exists and that no path fills.
#[derive(Debug, Clone)]
pub struct Unfilled {
    /// The table, or `table.column`.
    pub place: String,
    /// Why, and paths that it might have.
    pub why: String,
}

impl std::fmt::Display for Unfilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

/// Values that their column does not have as they are, or whose type is wider for them alone.
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
    /// What becomes of them.
    pub fate: Fate,
}

impl fmt::Display for Outlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, sql_type, .. } = self;
        let (some, of) = (count(self.count), count(self.of));
        match self.fate {
            Fate::Fails => write!(f, "{path}: {some} of {of} not {sql_type}"),
            Fate::Loses(what) => write!(f, "{path}: {some} of {of} in {sql_type} without {what}"),
            Fate::Gains(what) => write!(f, "{path}: {some} of {of} in {sql_type} with {what}"),
            Fate::Widens(other) => {
                write!(f, "{path}: {sql_type} for {some} of {of}, {other} for the others")
            }
        }
    }
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
    pub(super) fn new(profile: &Profile, root: NodeId, options: &Options) -> Self {
        Self {
            documents: profile[root].documents,
            runs: options.runs,
            tables: 0,
            columns: 0,
            paths: profile.below(root).len(),
            outliers: Vec::new(),
            left_out: Vec::new(),
            schema: options.schema.clone(),
            numbered: Vec::new(),
            unfilled: Vec::new(),
        }
    }

    pub(super) fn count(&mut self, tables: &[Table]) {
        self.tables = tables.len();
        self.columns = tables.iter().map(|table| table.columns.len()).sum();
    }

    /// Numbered siblings that are columns.
    pub(super) fn numbered(&mut self, profile: &Profile, siblings: &Siblings) {
        let path = |(_, node): &(u32, NodeId)| profile.path(*node);
        self.numbered.extend(siblings.nodes.first().map(path).zip(siblings.nodes.last().map(path)));
    }

    /// Values that a column does not have as they are, or whose type is wider for them alone.
    pub(super) fn few(&mut self, path: &str, sql_type: SqlType, of: u64, few: Vec<Few>) {
        self.outliers.extend(few.into_iter().map(|Few { count, examples, fate }| Outlier {
            path: path.to_owned(),
            sql_type: sql_type.to_string(),
            count,
            of,
            examples,
            fate,
        }));
    }

    pub(super) fn left_out(&mut self, profile: &Profile, node: NodeId, why: &str) {
        let path = profile.path(node);
        self.left_out.push(LeftOut { path, count: profile[node].count, why: why.to_owned() });
    }
}

impl Report {
    /// The outliers in three lists, each with the end of its title: documents that fail, values that a column
    /// has otherwise, types that are wider for them alone.
    pub fn fates(&self) -> [(&'static str, Vec<&Outlier>); 3] {
        let of = |is_it: fn(Fate) -> bool| {
            self.outliers.iter().filter(|outlier| is_it(outlier.fate)).collect()
        };
        [
            ("does not take; such documents fail", of(|fate| fate == Fate::Fails)),
            ("does not keep as they are", of(|f| matches!(f, Fate::Loses(_) | Fate::Gains(_)))),
            ("is wider for", of(|fate| matches!(fate, Fate::Widens(_)))),
        ]
    }

    /// What the draft rests on: `orders.xsd and 12 documents`.
    pub fn rests(&self) -> String {
        let documents = match self.runs {
            0 | 1 => counted(self.documents, "document"),
            runs => format!("{} in {}", counted(self.documents, "document"), counted(runs, "run")),
        };
        match &self.schema {
            None => documents,
            Some(schema) if self.documents == 0 => schema.file.clone(),
            Some(schema) => format!("{} and {documents}", schema.file),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            // A schema declares it, and no document shows it.
            0 => write!(f, "{}: {}", self.path, self.why),
            times => write!(f, "{} ({}): {}", self.path, count(times), self.why),
        }
    }
}

/// What a schema says that no column can say, in lists with a title.
pub fn schema_lines(notes: &SchemaNotes) -> Vec<(&'static str, Vec<String>)> {
    let not_followed = notes.not_followed.iter().map(|(path, why)| format!("{path}: {why}"));
    let unseen = notes.unseen.iter().map(|(path, names)| format!("{path}: {}", names.join(", ")));
    let lists = vec![
        ("In the schema, and not drafted", not_followed.collect::<Vec<_>>()),
        ("In the samples, and not in the schema", notes.undeclared.clone()),
        ("In the schema, and in no sample", unseen.collect()),
    ];
    lists.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}
