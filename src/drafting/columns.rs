//! The columns of each table: names, types, and remarks.

use super::evidence::{is_declared_always, is_required, typed};
use super::few::Fate;
use super::keys::taken;
use super::names::{distinct, snake, Free, Line};
use super::namespaces::Namespaces;
use super::quoted::string;
use super::report::Report;
use super::siblings;
use super::steps::relative;
use super::table::{Column, Leaf, LeafKind, Options, Table};
use super::typed::Typed;
use super::types::codes;
use crate::figures::count;
use crate::profile::{NodeId, Profile};
use crate::value::convert::Conversion;
use crate::value::{is_blank, SqlType};

/// Last steps that say nothing without the one before: `customer/name`.
const GENERIC: &str = "id no nr num number code name value type text date amount key ref description desc lang \
    language currency unit count status title label uuid guid version seq sequence index position percent rate from to \
    start end begin min max total first last";

pub(super) fn add(
    profile: &Profile,
    namespaces: &Namespaces,
    options: &Options,
    tables: &mut [Table],
    report: &mut Report,
) {
    for at in 0..tables.len() {
        let table = &tables[at];
        let row = table.node;
        let lines: Vec<Vec<NodeId>> =
            table.leaves.iter().map(|leaf| line(profile, row, leaf)).collect();
        if let Some(siblings) = tables[at].siblings.clone() {
            (tables[at].columns, tables[at].rows) =
                siblings::columns(profile, namespaces, tables, at, &siblings, report);
            continue;
        }
        let least: Vec<usize> = lines.iter().map(|line| shortest(profile, line)).collect();
        let taken = taken(tables, at);
        let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
        let free = Free { taken: &taken, if_reserved: "_value" };
        let lines: Vec<Line> = lines.iter().map(|line| Line::of(profile, line)).collect();
        let names = distinct(&lines, &least, &free);
        let lookups = options.lookups.then_some(table.name.as_str());
        let context = Context { profile, namespaces, row, lookups };
        let columns = table.leaves.iter().zip(names);
        let columns = columns.map(|(leaf, name)| context.column(leaf, name, report)).collect();
        tables[at].columns = columns;
    }
}

/// The steps from the row element, which comes first, to a leaf.
fn line(profile: &Profile, row: NodeId, leaf: &Leaf) -> Vec<NodeId> {
    let line = profile.line(leaf.node);
    let begin = line.iter().position(|step| *step == row).expect("it is below its row");
    line[begin..].to_vec()
}

/// How many steps a name has at least. The row's own name is in the table's.
fn shortest(profile: &Profile, line: &[NodeId]) -> usize {
    let leaf = snake(&profile[line[line.len() - 1]].name.local);
    let is_generic = GENERIC.split_whitespace().any(|word| word == leaf);
    if line.len() > 2 && is_generic {
        2
    } else {
        1
    }
}

struct Context<'p> {
    profile: &'p Profile,
    namespaces: &'p Namespaces,
    row: NodeId,
    /// The table's name, where lists of codes become lookups.
    lookups: Option<&'p str>,
}

impl Context<'_> {
    fn column(&self, leaf: &Leaf, name: String, report: &mut Report) -> Column {
        let (profile, node) = (self.profile, leaf.node);
        let rows = profile[self.row].count;
        let path = path_of(profile, self.namespaces, self.row, leaf);
        if leaf.kind == LeafKind::Presence {
            return Column {
                required: true,
                note: (rows > 0)
                    .then(|| format!("in {} of {}", count(profile[node].count), count(rows))),
                node: Some(node),
                ..Column::own(name, SqlType::Bit, path)
            };
        }
        if leaf.kind == LeafKind::String {
            return self.string(name, node, path);
        }
        let values = &profile[node].values;
        let Typed { sql_type, read, note, few } = typed(&profile[node]);
        let has_outliers = few.iter().any(|few| few.fate == Fate::Fails);
        report.few(&profile.path(node), sql_type, values.count(), few);
        let found = values.count();
        let declared = profile[node].declared.as_deref();
        let is_single = leaf.kind == LeafKind::Value;
        let is_always = is_single && is_required(profile, self.row, node);
        let mut notes: Vec<String> = note.into_iter().collect();
        let list = codes(values).filter(|_| declared.is_none());
        notes.extend(list);
        notes.extend(declared.iter().flat_map(|declared| declared.remarks.clone()));
        if rows > 0 && (found != rows || !is_single) {
            notes.insert(0, format!("in {} of {}", count(found.min(rows)), count(rows)));
        }
        if leaf.kind == LeafKind::First {
            notes.insert(0, format!("{}: the first is taken", self.several(node)));
        }
        let value = read.of(path);
        let (dates, has_iso) = read.dates();
        let default = declared.and_then(|declared| declared.default.as_deref());
        let is_for_all = is_single && is_declared_to_be_around(profile, self.row, node);
        let literal = default.filter(|_| is_for_all).and_then(|text| literal(text, sql_type));
        if let (Some(default), None) = (default, &literal) {
            notes.push(format!("where it is absent: {default:?}"));
        }
        let value_type = declared.and_then(|declared| declared.value.as_ref());
        let column = Column {
            required: is_always,
            default: literal,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            node: Some(node),
            dates,
            has_iso,
            is_padded: sql_type.is_character()
                && (values.padded > 0
                    || value_type.is_some_and(|v| v.is_collapsed && has_width(sql_type))),
            has_outliers,
            ..Column::own(name, sql_type, value)
        };
        let list: Vec<String> = match value_type {
            Some(value) if sql_type.is_character() => value.codes.clone(),
            Some(_) => Vec::new(),
            None if codes(values).is_some() => {
                values.codes.iter().flatten().map(|(code, _)| code.clone()).collect()
            }
            None => Vec::new(),
        };
        match self.lookups {
            Some(table) if list.len() > 1 => with_lookup(column, table, list),
            _ => column,
        }
    }

    /// How many rows have several of an element.
    fn several(&self, node: NodeId) -> String {
        let line = self.profile.line(node);
        let repeated = line.iter().rev().find(|step| self.profile[**step].repeated > 0);
        let element = &self.profile[*repeated.unwrap_or(&node)];
        format!("{} of {} have several", count(element.repeated), count(element.parents))
    }

    fn string(&self, name: String, node: NodeId, value: String) -> Column {
        let (some, rows) = (self.profile[node].count, self.profile[self.row].count);
        let note = match rows {
            0 => "text with markup in it".to_owned(),
            _ => format!("text with markup in it; in {} of {}", count(some), count(rows)),
        };
        Column {
            note: Some(note),
            node: Some(node),
            ..Column::own(name, SqlType::NVarChar(None), value)
        }
    }
}

/// What is written for a leaf in rows of an element, before its values are looked at.
pub(super) fn path_of(
    profile: &Profile,
    namespaces: &Namespaces,
    row: NodeId,
    leaf: &Leaf,
) -> String {
    let path = relative(profile, namespaces, row, leaf.node);
    match leaf.kind {
        LeafKind::Value => path,
        LeafKind::First => first(profile, namespaces, row, leaf.node),
        LeafKind::String => format!("STRING({path})"),
        LeafKind::Presence => format!("CASE WHEN EXISTS({path}) THEN 1 ELSE 0 END"),
    }
}

/// The number of a code instead of the code.
fn with_lookup(mut column: Column, table: &str, codes: Vec<String>) -> Column {
    column.sql_type = if codes.len() > 255 { SqlType::SmallInt } else { SqlType::TinyInt };
    column.lookup = codes;
    column.default = None;
    column.value = format!("LOOKUP('{}', {})", lookup_name(table, &column), column.value);
    column
}

/// Whether each row has the element of an attribute, so that an absent one means its default.
fn is_declared_to_be_around(profile: &Profile, row: NodeId, attribute: NodeId) -> bool {
    let parent = profile[attribute].parent;
    profile[attribute].is_attribute
        && parent.is_some_and(|parent| is_declared_always(profile, row, parent))
}

/// A value as TOML, where its type is one that TOML has and takes it.
fn literal(text: &str, sql_type: SqlType) -> Option<String> {
    Conversion::for_column(sql_type).text(text).ok()?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match sql_type {
        SqlType::Bit => match text.trim() {
            "true" | "1" => Some("true".to_owned()),
            "false" | "0" => Some("false".to_owned()),
            _ => None,
        },
        SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt => {
            is_digits(text).then(|| text.parse::<i64>().ok()).flatten().map(|n| n.to_string())
        }
        other if other.is_character() && !is_blank(text) => Some(string(text)),
        _ => None,
    }
}

fn has_width(sql_type: SqlType) -> bool {
    !matches!(sql_type, SqlType::VarChar(None) | SqlType::NVarChar(None))
}

/// The name of a column's lookup.
pub(super) fn lookup_name(table: &str, column: &Column) -> String {
    format!("{table}_{}", column.name)
}

/// The value of the first of several elements: `FIRST(phone)`, `FIRST(phone/@kind)`, and
/// `phone[1]/number` where more elements follow.
fn first(profile: &Profile, namespaces: &Namespaces, row: NodeId, node: NodeId) -> String {
    let line = profile.line(node);
    let below = line.iter().position(|step| *step == row).expect("it is below its row") + 1;
    let repeated = |step: &NodeId| profile[*step].repeated > 0 && !profile[*step].is_attribute;
    let behind = line.iter().rposition(repeated).map_or(0, |at| line.len() - 1 - at);
    let is_last = behind == 0 || behind == 1 && profile[node].is_attribute;
    let several = line[below..].iter().filter(|step| repeated(step)).count();
    if is_last && several == 1 {
        return format!("FIRST({})", relative(profile, namespaces, row, node));
    }
    let steps = line[below..].iter().map(|step| {
        let position = if repeated(step) { "[1]" } else { "" };
        format!("{}{position}", namespaces.step(profile, *step))
    });
    // A step may be named like a keyword.
    format!("./{}", steps.collect::<Vec<_>>().join("/"))
}
