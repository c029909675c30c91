//! The tables and their keys as a picture: a tree, because a table refers to at most one other.

use std::fmt::Write as _;

use crate::described::{Described, Table};
use crate::report::page::Text;

/// Between the edges of two tables, from top to top.
const PITCH: usize = 58;
const HEIGHT: usize = 44;
/// How far a table is to the right of that which it refers to.
const INDENT: usize = 30;
/// Of a character of the font, at most.
const NAME: usize = 9;
const KEYS: usize = 7;
const MARGIN: usize = 2;
/// Tables in one picture: a page is printed from picture to picture.
const PART: usize = 14;

/// A table in the picture.
struct Place<'d> {
    table: &'d Table,
    number: usize,
    depth: usize,
    /// The row of the table that it refers to.
    parent: Option<usize>,
}

/// The pictures, one below the other.
pub(super) fn diagram(described: &Described, page: &mut String) {
    let places = places(&described.tables);
    let width = places.iter().map(right).max().unwrap_or_default() + MARGIN;
    for (part, places_of_part) in places.chunks(PART).enumerate() {
        let (first, end) = (part * PART, part * PART + places_of_part.len());
        let (top, height) = (first * PITCH, places_of_part.len() * PITCH);
        let _ = write!(
            page,
            "<svg class=\"diagram\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 {top} {width} {height}\" role=\"group\" \
             aria-label=\"Tables {} to {end} of {}\">",
            first + 1,
            places.len(),
        );
        for (row, place) in places.iter().enumerate() {
            line(row, place, first..end, page);
        }
        for (row, place) in (first..).zip(places_of_part) {
            table(row, place, page);
        }
        page.push_str("</svg>\n");
    }
}

/// Parents before their children, and the children of one below each other.
fn places(tables: &[Table]) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for number in (0..tables.len()).filter(|number| parent(tables, *number).is_none()) {
        place(tables, number, 0, None, &mut places);
    }
    places
}

fn place<'d>(
    tables: &'d [Table],
    number: usize,
    depth: usize,
    above: Option<usize>,
    places: &mut Vec<Place<'d>>,
) {
    let row = places.len();
    places.push(Place { table: &tables[number], number, depth, parent: above });
    for child in (0..tables.len()).filter(|child| parent(tables, *child) == Some(number)) {
        place(tables, child, depth + 1, Some(row), places);
    }
}

/// The other table that one refers to.
fn parent(tables: &[Table], number: usize) -> Option<usize> {
    let wanted = &tables[number].foreign_key.as_ref()?.references;
    let found = tables.iter().position(|table| table.name.eq_ignore_ascii_case(wanted))?;
    (found != number).then_some(found)
}

fn left(place: &Place<'_>) -> usize {
    MARGIN + place.depth * INDENT
}

fn width(place: &Place<'_>) -> usize {
    let name = place.table.name.chars().count() * NAME;
    let keys = keys(place.table).chars().count() * KEYS;
    24 + name.max(keys).max(120)
}

fn right(place: &Place<'_>) -> usize {
    left(place) + width(place)
}

/// The line to the table that it refers to, as far as it is in these rows.
fn line(row: usize, place: &Place<'_>, shown: std::ops::Range<usize>, page: &mut String) {
    let Some(parent) = place.parent else { return };
    if row < shown.start || parent >= shown.end {
        return;
    }
    let x = left(place) - INDENT / 2;
    let from = parent * PITCH + MARGIN + HEIGHT;
    let to = row * PITCH + MARGIN + HEIGHT / 2;
    let _ =
        write!(page, "<path class=\"line\" d=\"M{x} {from}V{to}H{}\" fill=\"none\"/>", left(place));
}

fn table(row: usize, place: &Place<'_>, page: &mut String) {
    let (x, y, width) = (left(place), row * PITCH + MARGIN, width(place));
    let Table { name, .. } = place.table;
    let keys = keys(place.table);
    let _ = write!(
        page,
        "<a href=\"#t{}\"><rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" \
         height=\"{HEIGHT}\" rx=\"5\"/><text class=\"name\" x=\"{}\" y=\"{}\">{}</text>\
         <text class=\"keys\" x=\"{}\" y=\"{}\">{}</text></a>",
        place.number + 1,
        x + 12,
        y + 18,
        Text(name),
        x + 12,
        y + 35,
        Text(&keys),
    );
}

/// `key con_id · app_id → app_base`
fn keys(table: &Table) -> String {
    let own = match table.primary_key.as_slice() {
        [] => "no primary key".to_owned(),
        key => format!("key {}", key.join(", ")),
    };
    match &table.foreign_key {
        None => own,
        Some(key) => format!("{own} · {} → {}", key.columns.join(", "), key.references),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ForeignKey;

    fn named(name: &str, parent: Option<&str>) -> Table {
        let references = |parent: &str| ForeignKey {
            columns: vec!["app_id".to_owned()],
            references: parent.to_owned(),
        };
        Table {
            name: name.to_owned(),
            primary_key: Vec::new(),
            app_column: None,
            foreign_key: parent.map(references),
            on_existing: "",
            rules: Vec::new(),
        }
    }

    #[test]
    fn a_table_is_below_that_which_it_refers_to() {
        let tables =
            [named("a", None), named("b", Some("A")), named("c", None), named("d", Some("b"))];
        let places = places(&tables);
        let shown: Vec<_> =
            places.iter().map(|p| (p.table.name.as_str(), p.depth, p.parent)).collect();
        assert_eq!(shown, [("a", 0, None), ("b", 1, Some(0)), ("d", 2, Some(1)), ("c", 0, None)]);
    }

    #[test]
    fn ninety_tables_are_divided_into_pictures_that_join() {
        let mut tables = vec![named("root", None)];
        let names: Vec<String> = (1..90).map(|number| format!("child_{number}")).collect();
        tables.extend(names.iter().map(|name| named(name, Some("root"))));
        let described = Described {
            name: String::new(),
            hash: String::new(),
            schema: String::new(),
            settings: Vec::new(),
            tables,
            lookups: Vec::new(),
            keys: Vec::new(),
            samples: None,
        };
        let mut page = String::new();
        diagram(&described, &mut page);
        assert_eq!(page.matches("<svg").count(), 7);
        assert_eq!(page.matches("<rect").count(), 90);
        for name in names {
            assert_eq!(page.matches(&format!(">{name}<")).count(), 1, "{name}");
        }
        // The line of the last table begins at the first one and passes through every picture.
        assert_eq!(page.matches(&format!("V{}H", 89 * PITCH + MARGIN + HEIGHT / 2)).count(), 7);
    }
}
