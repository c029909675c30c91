//! The result grids under the statements of the pages: written by the tests that run the statements.
//!
//! With `XMLSHRED_TEST_WRITE_GRIDS=1` a test writes what a statement returned into its page, between
//! `<!-- grid -->` and `<!-- /grid -->`. Without it, the test compares column names, the number of
//! rows and which cells are NULL with the page. Values that change from run to run are replaced by
//! sample values before they are written.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use regex::Regex;

use crate::database::{locked, Database};
use crate::monday;

const VARIABLE: &str = "XMLSHRED_TEST_WRITE_GRIDS";
const NO_ROWS: &str = "(0 rows)\n";
const END: &str = "<!-- /grid -->";

/// One result set.
#[derive(Debug, Clone)]
pub struct Grid {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

/// Which statement of which page.
#[derive(Debug, Clone)]
pub struct Place {
    pub page: PathBuf,
    /// The number of the ```` ```sql ```` block on the page, from 0.
    pub ordinal: usize,
    /// The situation that the grid shows, such as `healthy`; empty where there is only one.
    pub situation: &'static str,
}

impl Place {
    fn marker(&self) -> String {
        match self.situation {
            "" => "<!-- grid -->".to_owned(),
            situation => format!("<!-- grid: {situation} -->"),
        }
    }
}

pub fn full_path(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(page)
}

/// Runs the statement of a page, holds its grids to the page or writes them there, and returns them.
pub fn shown(database: &Database, statement: &str, place: &Place) -> Vec<Grid> {
    let grids = database.with(|sql| sql.grids(statement));
    let sample: Vec<Grid> = grids.iter().map(|grid| steady(grid, database)).collect();
    if sample.is_empty() {
        return grids;
    }
    let is_empty = sample.iter().all(|grid| grid.rows.is_empty());
    let text = match is_empty && !place.situation.is_empty() {
        // The other situation shows the columns.
        true => NO_ROWS.to_owned(),
        false => sample.iter().map(rendered).collect::<Vec<_>>().join("\n"),
    };
    match std::env::var_os(VARIABLE).is_some() {
        true => write(place, &text),
        false => {
            let page = fs::read_to_string(&place.page).expect("the page").replace("\r\n", "\n");
            let on_page = find(&page, place);
            let mut found = on_page.map(|text| shape(&text));
            let mut expected = shape(&text);
            if std::env::var_os(monday::VARIABLE).is_some() {
                found.iter_mut().chain([&mut expected]).flatten().for_each(|grid| grid.truncate(1));
            }
            assert_eq!(found, Some(expected), "{place:?}: the statement returned\n{text}");
        }
    }
    grids
}

/// Column names, the number of rows, and which cells are NULL, of each grid.
fn shape(text: &str) -> Vec<Vec<Vec<String>>> {
    let mut grids: Vec<Vec<Vec<String>>> = Vec::new();
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    for (at, line) in lines.iter().enumerate() {
        let is_rule = !line.is_empty() && line.iter().all(|c| *c == '-' || *c == ' ');
        if !is_rule || at == 0 {
            continue;
        }
        let mut starts = vec![0];
        starts.extend((2..line.len()).filter(|i| line[*i] == '-' && line[i - 1] == ' '));
        let cells = |line: &[char]| -> Vec<String> {
            let end = |i: usize| starts.get(i + 1).copied().unwrap_or(usize::MAX).min(line.len());
            let cell = |(i, start): (usize, &usize)| {
                let cell = line.get(*start..end(i)).unwrap_or_default();
                cell.iter().collect::<String>().trim().to_owned()
            };
            starts.iter().enumerate().map(cell).collect()
        };
        let rows = lines[at + 1..].iter().take_while(|line| !line.is_empty() && line[0] != '(');
        let is_null = |cell: String| if cell == "NULL" { cell } else { String::new() };
        let rows = rows.map(|row| cells(row).into_iter().map(is_null).collect());
        grids.push([cells(&lines[at - 1])].into_iter().chain(rows).collect());
    }
    grids
}

/// The grid as SSMS prints it to text.
fn rendered(grid: &Grid) -> String {
    let text = |cell: &Option<String>| cell.clone().unwrap_or("NULL".into()).replace('\n', " ");
    let rows: Vec<Vec<String>> =
        grid.rows.iter().map(|row| row.iter().map(text).collect()).collect();
    let length = |text: &String| text.chars().count();
    let widths: Vec<usize> = (0..grid.columns.len())
        .map(|i| rows.iter().map(|row| length(&row[i])).chain([length(&grid.columns[i])]).max())
        .map(Option::unwrap_or_default)
        .collect();
    let line = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let rule = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut all = line(grid.columns.clone()) + &line(rule);
    all.extend(rows.iter().cloned().map(line));
    if rows.is_empty() {
        all += NO_ROWS;
    }
    all
}

/// The grid with sample values for what changes from run to run.
fn steady(grid: &Grid, database: &Database) -> Grid {
    let values = |row: &Vec<Option<String>>| {
        let cells = row.iter().zip(&grid.columns);
        cells.map(|(cell, column)| cell.as_ref().map(|v| sample(column, v, database))).collect()
    };
    Grid { columns: grid.columns.clone(), rows: grid.rows.iter().map(values).collect() }
}

/// Sample values by the name of the column.
const SAMPLES: &[(&str, &str)] = &[
    (r"(_at|_utc)$", "2026-11-30 07:00:00"),
    (r"^age_ms$", "30000"),
    (r"^age_seconds$", "30"),
    (r"^silent_seconds$", "30"),
    (r"^per_minute$", "1250"),
    (r"^minutes_left$", "12"),
    (r"^cpu_seconds$", "21.5"),
    (r"host_name$", "APP01"),
    (r"^paused_by$", r"CONTOSO\dba"),
    (r"^process_id$", "4242"),
    (r"^(event|log)_id$", "1001"),
];

/// The longest cell, except of a statement to run and of what happened.
const LONGEST: usize = 72;

fn sample(column: &str, value: &str, database: &Database) -> String {
    if value.parse() == Ok(0.0) {
        return value.to_owned();
    }
    for (name, sample) in SAMPLES {
        if Regex::new(name).expect("a pattern").is_match(column) {
            return (*sample).to_owned();
        }
    }
    if column.starts_with("remaining_") {
        let unit = if column.ends_with("_ms") { "000" } else { "" };
        let sign = if value.starts_with('-') { "-" } else { "" };
        return format!("{sign}90{unit}");
    }
    let patterns = [
        (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?", "2026-11-30 07:00:00"),
        (
            r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        (r"\b\d+(\.\d+)? (s|ms|seconds|minutes|hours|days)\b", "90 $2"),
        (r"\b[\w-]+:\d{3,}\b", "APP01:4242"),
        (r"\bworker-\d+\b", "worker-1"),
    ];
    let own = value.replace(&database.schema, "sandbox").replace(&database.name, "credit");
    let own = own.replace(&database.schema.to_lowercase(), "sandbox");
    let text = patterns.iter().fold(own, |text, (pattern, sample)| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, *sample).into_owned()
    });
    match text.chars().count() > LONGEST && !["fix", "detail"].contains(&column) {
        true => text.chars().take(LONGEST - 1).chain(['…']).collect(),
        false => text,
    }
}

/// The lines of a page with, for each, the number of the statement that it belongs to: the one that
/// ended last.
fn numbered(page: &str) -> Vec<(Option<usize>, &str)> {
    let (mut ordinal, mut in_sql) = (None, false);
    let number = |line| {
        let trimmed = str::trim(line);
        let before = ordinal;
        if trimmed.starts_with("```sql") {
            in_sql = true;
            ordinal = Some(ordinal.map_or(0, |n| n + 1));
            return (before, line);
        }
        if in_sql {
            in_sql = trimmed != "```";
            return (None, line);
        }
        (ordinal, line)
    };
    page.lines().map(number).collect()
}

/// Where the grid of a place is, markers included.
fn lines_of(lines: &[(Option<usize>, &str)], place: &Place) -> Option<std::ops::Range<usize>> {
    let marker = place.marker();
    let is_start =
        |(of, line): &(Option<usize>, &str)| *of == Some(place.ordinal) && line.trim() == marker;
    let start = lines.iter().position(is_start)?;
    let end = lines[start..].iter().position(|(_, line)| line.trim() == END).expect(END);
    Some(start..start + end + 1)
}

/// The grid of the page, without fences.
fn find(page: &str, place: &Place) -> Option<String> {
    let lines = numbered(page);
    let range = lines_of(&lines, place)?;
    let lines = &lines[range];
    let indentation = lines[0].1.len() - lines[0].1.trim_start().len();
    let mut text: Vec<&str> =
        lines.iter().map(|(_, line)| line.get(indentation..).unwrap_or("")).collect();
    text.retain(|line| !line.starts_with("```") && !line.starts_with("<!--"));
    Some(text.join("\n") + "\n")
}

/// Writes a grid into its page: in the place of the one there, or under the statement.
fn write(place: &Place, text: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = locked(&ONE_AT_A_TIME);
    let page = fs::read_to_string(&place.page).expect("the page").replace("\r\n", "\n");
    let lines = numbered(&page);
    let fence = lines.iter().filter(|(_, line)| line.trim_start().starts_with("```sql"));
    let fence = fence.map(|(_, line)| line).nth(place.ordinal).expect("the statement");
    let indentation = &fence[..fence.len() - fence.trim_start().len()];
    let title = match place.situation {
        "" => String::new(),
        situation => {
            let (first, rest) = situation.split_at(1);
            format!("{}{rest}:", first.to_uppercase())
        }
    };
    let shown = match (text, title.as_str()) {
        (NO_ROWS, _) => format!("{title} no rows."),
        (_, "") => format!("```text\n{text}```"),
        _ => format!("{title}\n\n```text\n{text}```"),
    };
    let block = format!("{}\n{shown}\n{END}", place.marker());
    let block: Vec<String> = block.lines().map(|line| format!("{indentation}{line}")).collect();
    let block: Vec<String> = block.iter().map(|line| line.trim_end().to_owned()).collect();
    let mut all: Vec<String> = lines.iter().map(|(_, line)| (*line).to_owned()).collect();
    match lines_of(&lines, place) {
        Some(range) => drop(all.splice(range, block)),
        None => {
            let belongs = |(of, _): &(Option<usize>, &str)| *of == Some(place.ordinal);
            let first = lines.iter().position(belongs).unwrap_or(all.len());
            // Behind the grids of other situations.
            let is_end = |i: &usize| belongs(&lines[*i]) && lines[*i].1.trim() == END;
            let after = (first..lines.len()).rfind(is_end).map_or(first, |i| i + 1);
            drop(all.splice(after..after, [String::new()].into_iter().chain(block)));
        }
    }
    fs::write(&place.page, all.join("\n") + "\n").expect("write the page");
}
