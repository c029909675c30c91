//! Columns of a contract that do not take all values of the documents.

use crate::contract::model::{ColumnRule, Model, TableRule, TooLong};
use crate::contract::ParsedContract;
use crate::coverage::{Found, PlainColumn};
use crate::drafting::block::parse_date;
use crate::drafting::few::{few, few_read_by, Fate, Few};
use crate::drafting::read::Read;
use crate::drafting::typed::Typed;
use crate::drafting::types::typed;
use crate::figures::count;
use crate::profile::{Example, Profile, Values};

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
        let are_all_rows = table.has_row_for_each() && table.distinct.is_none();
        if column.required && column.default.is_none() && !is_key && are_all_rows {
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
    let formats = model.document.date_formats.clone().into();
    let own = not_kept(few_read_by(column.sql_type, &Read::Plain, formats, values, false));
    let Few { examples, fate, .. } = own.first()?;
    let Typed { sql_type, read, .. } = typed(values, false);
    let left = total(&not_kept(few(sql_type, &read, values, false)));
    let path = match &read {
        Read::Date(patterns, has_iso) => parse_date(&plain.path, sql_type, patterns, *has_iso),
        other => other.of(plain.path.clone()),
    };
    let is_new = sql_type != column.sql_type || path != plain.path;
    let proposal = (left < total(&own) && is_new).then(|| match path == plain.path {
        true => sql_type.to_string(),
        false => format!("{sql_type} of {path}"),
    });
    let of = count(values.count());
    let some = own.iter().filter(|few| few.fate == *fate);
    let some = count(some.map(|few| few.count).sum());
    let what = match fate {
        Fate::Loses(part) => format!("{some} of {of} without {part}"),
        _ => format!("{some} of {of} not {}", column.sql_type),
    };
    Some((what, proposal, examples.clone()))
}

/// What is not kept, the worst first: what fails.
fn not_kept(few: Vec<Few>) -> Vec<Few> {
    let mut wrong: Vec<Few> = few.into_iter().filter(|few| few.fate.is_wrong()).collect();
    wrong.sort_by_key(|few| few.fate != Fate::Fails);
    wrong
}

fn total(few: &[Few]) -> u64 {
    few.iter().map(|few| few.count).sum()
}
