//! Adds to a contract what documents have that it does not read.

mod edit;
mod listed;
mod owners;
mod wider;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use wider::Wider;

use self::edit::Edits;
use self::listed::Listed;
use super::block::{conflict, note, Blocks};
use super::known::Known;
use super::namespaces::Namespaces;
use super::report::Report;
use super::table::{Column, Old, Options, Table};
use super::tables::{lacking, Begin};
use super::{columns, keys, names};
use crate::contract::model::Model;
use crate::contract::{ParsedContract, TargetTable};
use crate::coverage::{coverage, found, Coverage, Found};
use crate::profile::{NodeId, Profile};
use crate::value::SqlType;

/// A contract with what it lacked, and the report on that.
#[derive(Debug)]
pub struct Updated {
    /// The contract.
    pub toml: String,
    /// What was added, and what needs a look.
    pub report: UpdateReport,
}

/// The report on an update.
#[derive(Debug)]
pub struct UpdateReport {
    /// On what it rests, what its new columns do not take, what is left out now.
    pub draft: Report,
    /// New columns, and new tables with theirs.
    pub added: Vec<Added>,
    /// Prefixes that were declared, and their namespaces.
    pub declared: Vec<(String, String)>,
    /// Columns that do not take all values.
    pub wider: Vec<Wider>,
    /// What the old contract reads of the documents, and what of it does not occur.
    pub coverage: Coverage,
}

/// A new column.
#[derive(Debug)]
pub struct Added {
    /// The path it reads, as documents write it; none for keys.
    pub path: Option<String>,
    /// Its table.
    pub table: String,
    /// Its name and type.
    pub column: String,
    /// The table is new too.
    pub is_table_new: bool,
}

/// Adds to a contract what documents have that it does not read; `text` is what it was read from.
/// `None` where there would have to be a new table, and tables are written in one array.
pub fn update(
    profile: &Profile,
    parsed: &ParsedContract,
    text: &str,
    options: &Options,
) -> Option<Updated> {
    let found = found(parsed, profile);
    let listed = Listed::of(text);
    let owners = owners::owners(parsed.model(), &found);
    let rows = owners.values().flatten().copied();
    let mut known = Known::new(profile, &found, rows, &listed.for_good);
    let all = || found.roots.iter().flat_map(|root| profile.below(*root));
    let rules = &parsed.model().document;
    let needed = all().filter(|node| known.is_needed(*node));
    let namespaces = Namespaces::of_contract(rules, profile, &found.roots, needed);
    known.name(profile, &all().collect::<Vec<_>>(), &namespaces);
    let mut edits = Edits::new(text);
    let formats = edits.date_formats();
    let is_alone = |pattern: &&String| !formats.iter().any(|other| conflict(pattern, other));
    let mut report = Report::new(profile, found.roots[0], options);
    report.documents = found.roots.iter().map(|root| profile[*root].documents).sum();
    report.paths = all().count();
    let targets = &parsed.contract.targets;
    let update = Update {
        model: parsed.model(),
        targets,
        options,
        namespaces: &namespaces,
        shared: formats.iter().filter(is_alone).cloned().collect(),
        names: targets.iter().map(|target| target.name.to_lowercase()).collect(),
        report,
        added: Vec::new(),
        columns: Vec::new(),
        types: HashMap::new(),
        blocks: String::new(),
    };
    let Update { mut report, added, columns, blocks, .. } =
        update.all(profile, owners, &found, &known);
    if !blocks.is_empty() && !edits.has_sections() {
        return None;
    }
    edits.declare(namespaces.declared());
    for NewColumn { table, name, settings, note } in columns {
        edits.add_column(table, &name, &settings, note.as_deref());
    }
    edits.add_tables(&blocks);
    let wider = wider::wider(parsed, &found, profile);
    propose(&wider, &mut edits);
    listed.retain_new(&mut report.left_out);
    listed.add(&report.left_out, text, &mut edits);
    let coverage = coverage(parsed, profile);
    let declared = namespaces.declared().iter();
    let declared = declared.map(|(uri, prefix)| (prefix.clone(), uri.clone())).collect();
    let report = UpdateReport { draft: report, added, declared, wider, coverage };
    Some(Updated { toml: edits.finish(), report })
}

/// Writes proposals above their columns: those of one column in one line, so that it can be replaced.
fn propose(wider: &[Wider], edits: &mut Edits<'_>) {
    let mut all: BTreeMap<(usize, &str), Vec<&str>> = BTreeMap::new();
    for one in wider {
        let of = all.entry((one.table, &one.name)).or_default();
        of.extend(one.proposal.as_deref());
    }
    for ((table, column), proposals) in all.iter().filter(|(_, proposals)| !proposals.is_empty()) {
        edits.propose(*table, column, &proposals.join(", "));
    }
}

/// A column to add to a `[[tables]]` of the contract.
struct NewColumn {
    table: usize,
    name: String,
    settings: Vec<String>,
    note: Option<String>,
}

/// What is being added.
struct Update<'u> {
    model: &'u Model,
    targets: &'u [TargetTable],
    options: &'u Options,
    namespaces: &'u Namespaces,
    /// Patterns of dates that the contract has for all columns.
    shared: BTreeSet<String>,
    /// Names of tables, in small letters.
    names: Vec<String>,
    report: Report,
    added: Vec<Added>,
    columns: Vec<NewColumn>,
    /// The types of the new columns of each target table: several `[[tables]]` may fill one.
    types: HashMap<(usize, String), SqlType>,
    /// The new tables.
    blocks: String,
}

impl Update<'_> {
    fn all(
        mut self,
        profile: &Profile,
        owners: BTreeMap<usize, Vec<NodeId>>,
        found: &Found,
        known: &Known<'_>,
    ) -> Self {
        for (rule, own) in owners {
            if !own.iter().any(|row| known.is_needed(*row)) {
                continue;
            }
            let begin = Begin::Table(Box::new(self.old(profile, rule, own[0])));
            let others = found.rows[rule].iter().filter(|row| !own.contains(row));
            let rows: Vec<NodeId> = own.iter().chain(others).copied().collect();
            if rows.len() == 1 {
                self.add(profile, known, begin, Some(rule));
                continue;
            }
            let mut joined = profile.clone();
            let members = joined.join(&rows);
            let mut known = known.joined(&joined, members, &own);
            known.name(&joined, &joined.below(rows[0])[1..], self.namespaces);
            self.add(&joined, &known, begin, Some(rule));
        }
        for root in &found.roots {
            if !known.is_row(*root) && known.is_needed(*root) {
                self.add(profile, known, Begin::Root(*root), None);
            }
        }
        self
    }

    /// Renames new columns of a table of the contract that another `[[tables]]` of that name gets too,
    /// with another type.
    fn agree(&mut self, rule: usize, table: &mut Table) {
        let target = self.model.tables[rule].target;
        let old = table.old.as_ref().map_or(&[][..], |old| old.columns.as_slice());
        let mut names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
        for (at, column) in table.columns.iter_mut().enumerate() {
            let fits = |name: &String| {
                let known = self.types.get(&(target, name.clone()));
                let is_other = |(other, taken): (usize, &String)| other != at && taken == name;
                known.is_none_or(|known| *known == column.sql_type)
                    && !old.contains(name)
                    && !names.iter().enumerate().any(is_other)
            };
            let others = (2..).map(|number| format!("{}_{number}", column.name));
            let name = std::iter::once(column.name.clone()).chain(others).find(fits);
            column.name = name.expect("there is always another number");
            names[at].clone_from(&column.name);
            self.types.insert((target, column.name.clone()), column.sql_type);
        }
    }

    /// A table of the contract, to look for what it lacks.
    fn old(&self, profile: &Profile, rule: usize, row: NodeId) -> Table {
        let table = &self.model.tables[rule];
        let target = &self.targets[table.target];
        let is_alone = self.model.tables.iter().filter(|t| t.target == table.target).count() == 1;
        let joins = table.distinct.is_some();
        // So that the rows of a new table find theirs.
        let is_alone = is_alone && table.has_row_for_each();
        Table {
            name: target.name.clone(),
            is_recursive: profile[row].recursive > 0,
            old: Some(Old::of(table.each.to_string(), target, is_alone, joins)),
            ..self.table_like(target, row)
        }
    }

    /// A table with the application's id as another has it.
    fn table_like(&self, target: &TargetTable, row: NodeId) -> Table {
        let app = match target.app_column {
            Some(at) => (target.columns[at].name.clone(), target.columns[at].sql_type),
            None => ("app_id".to_owned(), target.app_type(self.targets)),
        };
        Table { app, on_existing: target.on_existing, ..Table::of(row) }
    }

    /// Adds what is lacking, of a table of the contract or of a root element.
    fn add(&mut self, profile: &Profile, known: &Known<'_>, begin: Begin, rule: Option<usize>) {
        let mut tables = lacking(profile, begin, self.options, known, &mut self.report);
        let like = &self.targets[rule.map_or(0, |rule| self.model.tables[rule].target)];
        for table in tables.iter_mut().filter(|table| table.old.is_none()) {
            let Table { app, on_existing, .. } = self.table_like(like, table.node);
            (table.app, table.on_existing) = (app, on_existing);
        }
        names::name_tables(profile, &mut tables, &self.names);
        self.names.extend(tables.iter().map(|table| table.name.to_lowercase()));
        let options = Options { lookups: false, ..self.options.clone() };
        columns::add(profile, self.namespaces, &options, &mut tables, &mut self.report);
        let is_stripped = self.model.document.strip;
        for column in tables.iter_mut().flat_map(|table| &mut table.columns) {
            make_harmless(column, is_stripped);
        }
        if let Some(rule) = rule {
            self.agree(rule, &mut tables[0]);
        }
        keys::add(profile, &mut tables, false);
        let blocks = Blocks {
            profile,
            namespaces: self.namespaces,
            documents: self.report.documents,
            shared: self.shared.clone(),
        };
        for (at, table) in tables.iter().enumerate() {
            let is_new = table.old.is_none();
            self.added.extend(table.columns.iter().map(|column| Added {
                path: column.node.map(|node| known.path(node)),
                table: table.name.clone(),
                column: format!("{} {}", column.name, column.sql_type),
                is_table_new: is_new,
            }));
            if is_new {
                self.blocks.push_str(&blocks.table(&tables, at));
                continue;
            }
            self.columns.extend(table.columns.iter().map(|column| NewColumn {
                table: rule.expect("it is of the contract"),
                name: column.name.clone(),
                settings: blocks.settings(column),
                note: note(column),
            }));
        }
    }
}

/// What the contract maps, it maps with the new column too.
fn make_harmless(column: &mut Column, is_stripped: bool) {
    column.required = false;
    column.is_null_on_error = column.has_outliers;
    if column.is_padded && !is_stripped {
        // White space around it counts.
        column.sql_type = match column.sql_type {
            SqlType::Char(_) | SqlType::VarChar(_) => SqlType::VarChar(None),
            SqlType::NChar(_) | SqlType::NVarChar(_) => SqlType::NVarChar(None),
            other => other,
        };
    }
}
