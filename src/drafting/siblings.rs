//! Numbered siblings, such as `score_1` and `score_2`: rows of a table of their own.

use std::collections::{BTreeMap, HashMap};

use super::evidence::{has_value, is_mixed, may_repeat, typed_together};
use super::few::Fate;
use super::keys::taken;
use super::names::{distinct, Free, Line};
use super::namespaces::Namespaces;
use super::read::Read;
use super::report::Report;
use super::steps::relative;
use super::table::{Column, Row, Siblings, Table};
use super::typed::Typed;
use super::types::codes;
use crate::figures::count;
use crate::profile::{NodeId, Profile, Values};
use crate::value::SqlType;

/// The numbered siblings among these children of an element.
pub(super) fn groups(profile: &Profile, children: &[NodeId]) -> Vec<Siblings> {
    let mut groups: Vec<Siblings> = Vec::new();
    let mut places: HashMap<(bool, &str, &str), usize> = HashMap::new();
    for child in children {
        let node = &profile[*child];
        let Some((stem, number)) = numbered(&node.name.local) else { continue };
        let at = *places.entry((node.is_attribute, &node.name.uri, stem)).or_insert_with(|| {
            let stem = stem.trim_end_matches(['_', '-', '.']).to_owned();
            groups.push(Siblings { stem, nodes: Vec::new() });
            groups.len() - 1
        });
        groups[at].nodes.push((number, *child));
    }
    let groups = groups.into_iter().map(|mut siblings| {
        siblings.nodes.sort_by_key(|(number, _)| *number);
        siblings
    });
    groups.filter(|siblings| are_rows(profile, siblings)).collect()
}

/// Whether a name ends with a number.
pub(super) fn is_numbered(profile: &Profile, node: NodeId) -> bool {
    numbered(&profile[node].name.local).is_some()
}

/// `score_` and 1 of `score_1`.
fn numbered(name: &str) -> Option<(&str, u32)> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name[stem.len()..].parse().ok()?;
    stem.contains(char::is_alphabetic).then_some((stem, number))
}

/// Whether the numbers count something, and each has values that are columns.
fn are_rows(profile: &Profile, siblings: &Siblings) -> bool {
    let numbers: Vec<u32> = siblings.nodes.iter().map(|(number, _)| *number).collect();
    let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
    let is_count = numbers.len() >= 2
        && first <= 1
        && last as usize <= 2 * numbers.len() + 1
        && numbers.windows(2).all(|pair| pair[0] < pair[1]);
    let below = || siblings.nodes.iter().flat_map(|(_, node)| profile.below(*node));
    let is_plain = |node: NodeId| {
        let node = &profile[node];
        let is_one = node.is_attribute || !may_repeat(node) && node.recursive == 0;
        is_one && !is_mixed(node) && (!node.name.uri.is_empty() || node.name.prefix.is_empty())
    };
    is_count && below().all(is_plain) && below().any(|node| has_value(&profile[node]))
}

/// What is behind a sibling: the same for the values of one column.
type Behind<'p> = Vec<(bool, &'p str, &'p str)>;

/// The columns of the siblings' table, and its rows.
pub(super) fn columns(
    profile: &Profile,
    namespaces: &Namespaces,
    tables: &[Table],
    at: usize,
    siblings: &Siblings,
    report: &mut Report,
) -> (Vec<Column>, Vec<Row>) {
    let (table, row) = (&tables[at], tables[at].node);
    let path = |node| relative(profile, namespaces, row, node);
    // Then those that are always blank so far are columns too.
    let have_values = siblings.nodes.iter().any(|(_, node)| has_value(&profile[*node]));
    let is_plain = |node| have_values && profile.children(node).is_empty();
    let mut found: Vec<(Behind<'_>, Vec<(u32, NodeId)>)> = Vec::new();
    for (number, sibling) in &siblings.nodes {
        for node in profile.below(*sibling) {
            let is_wanted = match node == *sibling {
                true => is_plain(node),
                false => is_empty(profile, node),
            };
            if !has_value(&profile[node]) && !is_wanted {
                continue;
            }
            let behind = behind(profile, *sibling, node);
            match found.iter_mut().find(|(known, _)| *known == behind) {
                Some((_, nodes)) => nodes.push((*number, node)),
                None => found.push((behind, vec![(*number, node)])),
            }
        }
    }
    let number = format!("{}_no", table.name);
    let names = names(profile, tables, at, siblings, &found);
    let of = siblings.nodes.iter().map(|(_, node)| profile[*node].count).sum();
    let mut rows: BTreeMap<u32, Vec<(String, String)>> = BTreeMap::new();
    let mut columns = Vec::new();
    for ((_, nodes), name) in found.iter().zip(names) {
        let (column, read) = column(profile, name, nodes, of, report);
        for (number, node) in nodes {
            let value = match &read {
                Some(read) => read.of(path(*node)),
                None => format!("CASE WHEN EXISTS({}) THEN 1 ELSE 0 END", path(*node)),
            };
            rows.entry(*number).or_default().push((column.name.clone(), value));
        }
        columns.push(column);
    }
    let row_of = |(place, sibling): &(u32, NodeId)| {
        let mut values = vec![(number.clone(), place.to_string())];
        // One that has no value in any document may have one later.
        values.extend(rows.remove(place).unwrap_or_default());
        let path = path(*sibling);
        let when = match is_plain(*sibling) {
            true => format!("{path} IS NOT EMPTY"),
            false => format!("EXISTS({path})"),
        };
        Row { when, values }
    };
    let rows = siblings.nodes.iter().map(row_of).collect();
    (columns, rows)
}

fn behind(profile: &Profile, sibling: NodeId, node: NodeId) -> Behind<'_> {
    let line = profile.line(node);
    let steps = line.into_iter().skip_while(|step| *step != sibling).skip(1);
    let step = |step| {
        let node = &profile[step];
        (node.is_attribute, node.name.uri.as_str(), node.name.local.as_str())
    };
    steps.map(step).collect()
}

/// The siblings' own value is named after them, others by what they are called in them.
fn names(
    profile: &Profile,
    tables: &[Table],
    at: usize,
    siblings: &Siblings,
    found: &[(Behind<'_>, Vec<(u32, NodeId)>)],
) -> Vec<String> {
    let lines: Vec<Line> = found
        .iter()
        .map(|(behind, nodes)| match behind.is_empty() {
            true => Line::named(&siblings.stem),
            false => {
                let line = profile.line(nodes[0].1);
                Line::of(profile, &line[line.len() - behind.len()..])
            }
        })
        .collect();
    let taken = taken(tables, at);
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    distinct(&lines, &vec![1; lines.len()], &Free { taken: &taken, if_reserved: "_value" })
}

/// Whether an element has nothing, so that only its presence tells something.
fn is_empty(profile: &Profile, node: NodeId) -> bool {
    let is_blank = !has_value(&profile[node]);
    !profile[node].is_attribute && is_blank && profile.children(node).is_empty()
}

/// One column of all siblings, and how it is read; `None` where elements never have a value.
fn column(
    profile: &Profile,
    name: String,
    nodes: &[(u32, NodeId)],
    of: u64,
    report: &mut Report,
) -> (Column, Option<Read>) {
    let values = Values::of_all(nodes.iter().map(|(_, node)| &profile[*node].values));
    if !nodes.iter().any(|(_, node)| has_value(&profile[*node])) {
        let some = nodes.iter().map(|(_, node)| profile[*node].count).sum();
        let column = Column {
            note: (of > 0).then(|| format!("in {} of {}", count(some), count(of))),
            node: Some(nodes[0].1),
            ..Column::own(name, SqlType::Bit, String::new())
        };
        return (column, None);
    }
    let Typed { sql_type, read, note, few } = {
        let nodes: Vec<NodeId> = nodes.iter().map(|(_, node)| *node).collect();
        typed_together(profile, &nodes, &values)
    };
    let has_outliers = few.iter().any(|few| few.fate == Fate::Fails);
    report.few(&profile.path(nodes[0].1), sql_type, values.count(), few);
    let found = (of > 0).then(|| format!("in {} of {}", count(values.count()), count(of)));
    let list = codes(&values).filter(|_| profile[nodes[0].1].declared.is_none());
    let notes: Vec<String> = [found, note, list].into_iter().flatten().collect();
    let (dates, has_iso) = match &read {
        Read::Date(patterns, also_iso) => (patterns.clone(), *also_iso),
        _ => (Vec::new(), false),
    };
    let column = Column {
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        node: Some(nodes[0].1),
        dates,
        has_iso,
        is_padded: sql_type.is_character() && values.padded > 0,
        has_outliers,
        ..Column::own(name, sql_type, String::new())
    };
    (column, Some(read))
}
