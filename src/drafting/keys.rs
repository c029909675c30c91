//! Primary and foreign keys: ids that documents have, and numbers where they have none.

use super::evidence::typed;
use super::names::{is_bare_id, is_id};
use super::read::Read;
use super::table::{Column, LeafKind, Table};
use crate::figures::count;
use crate::profile::{NodeId, Profile, Shape};
use crate::value::SqlType;

/// Characters of a text that is a key; an index key has at most 900 bytes.
const WIDEST: u16 = 50;

/// The path to the application's id: a whole number that each document has, and no two the same.
pub(super) fn document_key(profile: &Profile, root: NodeId, tables: &[Table]) -> Option<NodeId> {
    let documents = profile[root].documents;
    let table = tables.first().filter(|table| table.node == root && documents > 1)?;
    let mut found = table.leaves.iter().filter(|leaf| {
        let values = &profile[leaf.node].values;
        leaf.kind == LeafKind::Value
            && values.count() == documents
            && values.shapes.iter().all(|seen| seen.shape == Shape::Whole)
            && values.in_all.are_none()
            && is_id(&profile[leaf.node])
    });
    found.next().map(|leaf| leaf.node)
}

/// Gives each table its key, parents first. Ids of documents are keys only where that is wanted: that
/// no two are the same is known of a sample of them.
pub(super) fn add(profile: &Profile, tables: &mut [Table], with_ids: bool) {
    for at in 0..tables.len() {
        if tables[at].old.is_some() {
            continue;
        }
        let is_root = tables[at].parent.is_none() && profile[tables[at].node].parent.is_none();
        let mut key = vec![app_id(&tables[at])];
        if !tables[at].is_recursive {
            key.extend(inherited(tables, at));
        }
        if !is_root {
            let natural = natural(profile, &tables[at]).filter(|_| with_ids);
            let own = match natural {
                Some(column) => take(profile, &mut tables[at], column),
                None => numbered(tables, at),
            };
            tables[at].own_key = Some(own.name.clone());
            key.push(own);
        }
        key.append(&mut tables[at].columns);
        tables[at].columns = key;
    }
}

/// The names of a table's primary key.
pub(super) fn primary_key(tables: &[Table], at: usize) -> Vec<String> {
    if let Some(old) = &tables[at].old {
        return old.primary_key.clone();
    }
    let mut names = vec![tables[at].app.0.clone()];
    names.extend(chain(tables, at));
    names
}

/// Names that keys will have: the application's id, and the numbers of this table and those around it;
/// and the columns that it has already.
pub(super) fn taken(tables: &[Table], at: usize) -> Vec<String> {
    let mut taken = vec![tables[at].app.0.to_lowercase()];
    taken.extend(tables[at].old.iter().flat_map(|old| old.columns.clone()));
    let mut around = Some(at);
    while let Some(table) = around {
        taken.push(format!("{}_no", tables[table].name));
        let keys = tables[table].old.iter().flat_map(|old| &old.key);
        taken.extend(keys.map(|(name, _)| name.to_lowercase()));
        around = tables[table].parent;
    }
    taken
}

/// The keys of the tables around a table, and its own, outermost first.
fn chain(tables: &[Table], at: usize) -> Vec<String> {
    let table = &tables[at];
    if let Some(old) = &table.old {
        return old.key.iter().map(|(name, _)| name.clone()).collect();
    }
    let mut names = match table.parent {
        Some(parent) if !table.is_recursive => chain(tables, parent),
        _ => Vec::new(),
    };
    names.extend(table.own_key.clone());
    names
}

fn app_id(table: &Table) -> Column {
    let (name, sql_type) = table.app.clone();
    Column::own(name, sql_type, "APP_ID()".to_owned())
}

/// The columns of the keys around a table.
fn inherited(tables: &[Table], at: usize) -> Vec<Column> {
    let Some(parent) = tables[at].parent else { return Vec::new() };
    let names = chain(tables, parent).into_iter();
    let column = |name: String| {
        let old = tables[parent].old.iter().flat_map(|old| old.key.clone());
        let columns = tables[parent].columns.iter();
        let mut above = old.chain(columns.map(|column| (column.name.clone(), column.sql_type)));
        let (_, sql_type) = above.find(|(above, _)| *above == name).expect("a key's column");
        Column::own(name.clone(), sql_type, format!("PARENT({})", bracketed(&name)))
    };
    names.map(column).collect()
}

fn bracketed(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.chars().all(is_plain) {
        true => name.to_owned(),
        false => format!("[{name}]"),
    }
}

/// Its number: among those of one parent, or of the document where they lie inside each other.
fn numbered(tables: &[Table], at: usize) -> Column {
    let table = &tables[at];
    let around = table.parent.and_then(|parent| tables[parent].old.as_ref());
    let is_alone = around.is_none_or(|old| !old.joins && !old.primary_key.is_empty());
    let value = match () {
        () if table.siblings.is_some() => "",
        () if table.is_recursive || table.parent.is_none() || !is_alone => "ORDINAL()",
        () => "POSITION()",
    };
    Column::own(format!("{}_no", table.name), SqlType::Int, value.to_owned())
}

/// The column with an id that each row has, and no two of one document the same.
fn natural(profile: &Profile, table: &Table) -> Option<usize> {
    let row = &profile[table.node];
    // Where no document has two rows, nothing shows that they would differ.
    if row.count < row.documents + 10 {
        return None;
    }
    table.columns.iter().position(|column| {
        let Some(node) = column.node else { return false };
        let parent = profile[node].parent;
        let is_near = node == table.node || parent == Some(table.node);
        let values = &profile[node].values;
        if !is_near || !column.required || !is_id(&profile[node]) || values.count() == 0 {
            return false;
        }
        let typed = typed(&profile[node]);
        values.in_document.are_none()
            && typed.wrong() == 0
            && typed.read == Read::Plain
            // A list of codes differs within a document by chance.
            && !(typed.sql_type.is_character() && values.codes.is_some())
            && is_narrow(typed.sql_type)
    })
}

fn is_narrow(sql_type: SqlType) -> bool {
    match sql_type {
        SqlType::SmallInt | SqlType::Int | SqlType::BigInt | SqlType::UniqueIdentifier => true,
        SqlType::TinyInt | SqlType::Char(_) => true,
        SqlType::VarChar(width) | SqlType::NVarChar(width) => {
            width.is_some_and(|width| width <= WIDEST)
        }
        _ => false,
    }
}

/// Takes an id out of the columns, as the key; a name that says nothing gets the table's.
fn take(profile: &Profile, table: &mut Table, at: usize) -> Column {
    let mut column = table.columns.remove(at);
    let longer = format!("{}_{}", table.name, column.name);
    if is_bare_id(&column.name) && table.columns.iter().all(|other| other.name != longer) {
        column.name = longer;
    }
    let row = &profile[table.node];
    let note = format!("no two the same in {} documents", count(row.documents));
    column.note = Some(column.note.map_or(note.clone(), |old| format!("{note}; {old}")));
    column.required = false;
    column
}
