//! Columns of a contract that do not take all values of the documents.

use encoding_rs::WINDOWS_1252;

use crate::contract::model::{ColumnRule, Model, TableRule, TooLong};
use crate::contract::ParsedContract;
use crate::coverage::{Found, PlainColumn};
use crate::drafting::typed::Typed;
use crate::drafting::types::typed;
use crate::figures::count;
use crate::profile::{DateShape, Example, Profile, Seen, Shape, Values};
use crate::value::SqlType;

/// A column that does not take all values of the documents.
#[derive(Debug, Clone)]
pub struct Wider {
    /// The place of its `[[tables]]`.
    pub table: usize,
    /// Its table and its name.
    pub column: String,
    /// What is not taken.
    pub what: String,
    /// What would take it, where a type does.
    pub proposal: Option<String>,
    /// The first values that are not taken.
    pub examples: Vec<Example>,
    /// Its name.
    pub(super) name: String,
}

/// The columns that do not take all values.
pub(super) fn wider(parsed: &ParsedContract, found: &Found, profile: &Profile) -> Vec<Wider> {
    let model = parsed.model();
    let mut all = Vec::new();
    for plain in &found.plain {
        let table = &model.tables[plain.table];
        let column = &table.columns[plain.column];
        let values = Values::of_all(plain.nodes.iter().map(|node| &profile[*node].values));
        let new = |what, proposal, examples| Wider {
            table: plain.table,
            column: format!("{}.{}", table.name, column.name),
            what,
            proposal,
            examples,
            name: column.name.clone(),
        };
        all.extend(
            too_narrow(model, column, plain, &values)
                .map(|(what, proposal, examples)| new(what, proposal, examples)),
        );
        let rows = found.rows[plain.table].iter().map(|row| profile[*row].count).sum();
        let is_key = is_key(parsed, table, column);
        if column.required && column.default.is_none() && !is_key && are_all_rows(table) {
            let lacking = u64::saturating_sub(rows, values.count());
            if lacking > 0 && !column.blank_keep {
                let what = format!("no value in {} of {} rows", count(lacking), count(rows));
                all.push(new(what, Some("without `required`".to_owned()), Vec::new()));
            }
        }
    }
    all
}

fn is_key(parsed: &ParsedContract, table: &TableRule, column: &ColumnRule) -> bool {
    let target = &parsed.contract.targets[table.target];
    let is_it = |name: &String| name.eq_ignore_ascii_case(&column.name);
    target.primary_key.iter().any(is_it)
}

/// Whether all elements of the row path are rows, as far as that is known without their values.
fn are_all_rows(table: &TableRule) -> bool {
    let has_predicates = table.each.steps.iter().any(|step| !step.predicates.is_empty());
    table.where_.is_none()
        && table.distinct.is_none()
        && table.rows.is_empty()
        && !has_predicates
        && table.split.is_none()
        && table.keep_when.is_none()
}

/// What a column does not take, what would, and examples.
fn too_narrow(
    model: &Model,
    column: &ColumnRule,
    plain: &PlainColumn,
    values: &Values,
) -> Option<(String, Option<String>, Vec<Example>)> {
    let is_cut = column.sql_type.is_character() && column.too_long == TooLong::Truncate;
    if values.count() == 0 || is_cut {
        return None;
    }
    let has_formats = !model.document.date_formats.is_empty();
    let takes = Takes { sql_type: column.sql_type, has_formats };
    let Missed { some, examples, range } = takes.missed(values)?;
    let Typed { sql_type, read, .. } = typed(values, false);
    let better = Takes { sql_type, has_formats: true }.missed(values);
    let path = read.of(plain.path.clone());
    let proposal = (better.is_none_or(|left| left.some < some) && sql_type != column.sql_type)
        .then(|| match path == plain.path {
            true => sql_type.to_string(),
            false => format!("{sql_type} of {path}"),
        });
    let (some, of) = (count(some), count(values.count()));
    let what = range.unwrap_or_else(|| format!("{some} of {of}"));
    Some((format!("{what} not {}", column.sql_type), proposal, examples))
}

/// Values that a type does not take.
struct Missed {
    some: u64,
    examples: Vec<Example>,
    /// Where only some numbers are too large, all that is known.
    range: Option<String>,
}

/// The values that a type takes.
struct Takes {
    sql_type: SqlType,
    /// The contract has patterns of dates; which values they read is not known here.
    has_formats: bool,
}

impl Takes {
    /// The values that it does not take.
    fn missed(&self, values: &Values) -> Option<Missed> {
        let missed = |some, examples| Some(Missed { some, examples, range: None });
        let (mut some, mut examples) = (0, Vec::new());
        for seen in values.shapes.iter().filter(|seen| !self.takes(seen)) {
            if let Some(range) = range(self.sql_type, seen) {
                return Some(Missed { some: seen.count, examples, range: Some(range) });
            }
            some += seen.count;
            examples.extend(seen.examples.clone());
        }
        examples.sort();
        examples.truncate(3);
        if some > 0 {
            return missed(some, examples);
        }
        let width = match self.sql_type {
            SqlType::Char(width) | SqlType::NChar(width) => Some(width),
            SqlType::VarChar(width) | SqlType::NVarChar(width) => width,
            _ => None,
        };
        let width = width.map_or(u32::MAX, u32::from);
        let above = values.lengths.above(width);
        let is_long = |e: &&Example| e.text.encode_utf16().count() > width as usize;
        if above > 0 && values.lengths.longest > width {
            return missed(above, values.longest.iter().filter(is_long).cloned().collect());
        }
        if matches!(self.sql_type, SqlType::Char(_) | SqlType::VarChar(_)) {
            let all = values.shapes.iter().flat_map(|seen| &seen.examples);
            let is_foreign = |e: &&Example| WINDOWS_1252.encode(e.text.trim_end_matches('…')).2;
            let foreign: Vec<Example> = all.filter(is_foreign).cloned().collect();
            if !foreign.is_empty() {
                return missed(values.not_ascii, foreign);
            }
        }
        None
    }

    fn takes(&self, seen: &Seen) -> bool {
        let (low, high) = seen.range();
        let is_in = |least: i64, greatest: i64| low >= least && high <= greatest;
        let digits = |whole: u32, fraction: u32| {
            seen.whole.most() <= whole && seen.fraction.most() <= fraction
        };
        let date = |fits: fn(&DateShape) -> bool| match seen.shape {
            Shape::Date(date) => fits(&date),
            Shape::Whole => self.has_formats || seen.compact_dates == seen.count,
            _ => self.has_formats,
        };
        match (self.sql_type, seen.shape) {
            (SqlType::Bit, shape) => matches!(shape, Shape::Truth | Shape::Whole | Shape::Digits),
            (SqlType::TinyInt, Shape::Whole) => is_in(0, 255),
            (SqlType::SmallInt, Shape::Whole) => is_in(i64::from(i16::MIN), i64::from(i16::MAX)),
            (SqlType::Int, Shape::Whole) => is_in(i64::from(i32::MIN), i64::from(i32::MAX)),
            (SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt, shape) => {
                matches!(shape, Shape::Whole | Shape::Digits)
            }
            (SqlType::Decimal { precision, scale }, Shape::Whole | Shape::Decimal) => {
                digits(u32::from(precision - scale), u32::from(scale))
            }
            (SqlType::Decimal { .. }, shape) => shape == Shape::Digits,
            (SqlType::Money, Shape::Whole | Shape::Decimal) => digits(14, 4),
            (SqlType::Money, shape) => shape == Shape::Digits,
            (SqlType::Float | SqlType::Real, shape) => {
                let numbers = [Shape::Whole, Shape::Digits, Shape::Decimal, Shape::Exponent];
                numbers.contains(&shape)
            }
            (SqlType::Date, _) => date(|date| date.time.is_none()),
            (SqlType::DateTime | SqlType::SmallDateTime | SqlType::DateTime2(_), _) => {
                date(|date| date.time.is_none_or(|time| !time.zone))
            }
            (SqlType::DateTimeOffset(_), _) => date(|_| true),
            (SqlType::Time(_), shape) => shape == Shape::Time || self.has_formats,
            _ => true,
        }
    }
}

/// What is known of numbers of which a type takes some: not which it does not.
fn range(sql_type: SqlType, seen: &Seen) -> Option<String> {
    let is_decimal = matches!(sql_type, SqlType::Decimal { .. } | SqlType::Money);
    match seen.shape {
        Shape::Whole if sql_type.is_integer() => {
            let (least, greatest) = seen.range();
            Some(format!("from {least} to {greatest}:"))
        }
        Shape::Whole | Shape::Decimal if is_decimal => {
            let (whole, fraction) = (seen.whole.most(), seen.fraction.most());
            Some(format!("up to {whole} digits before the point and {fraction} after it:"))
        }
        _ => None,
    }
}
