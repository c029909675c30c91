//! Mapping types that make rows of their own: each becomes a row template.

use super::build;
use super::conversion::Converter;
use super::layout::Rows;
use super::legacy::{text_type, DataType, Mapping};
use super::output::{Column, Kept, Row, Table, Test};
use super::report::Difference;
use super::tables::Numbered;
use crate::contract::expr::ast::{Expr, Function};
use crate::value::SqlType;

/// What came of the row makers of one table.
#[derive(Default)]
pub(super) struct Made {
    pub(super) translated: Vec<usize>,
    pub(super) different: Vec<(Difference, usize)>,
    /// Mappings and why they are left out.
    pub(super) failed: Vec<(usize, String)>,
}

/// Fills a table that has its application column only.
pub(super) fn fill(
    table: &mut Table,
    converter: Converter<'_>,
    rows: &Rows,
    mappings: &[Numbered<'_>],
) -> Made {
    let first = mappings.iter().find_map(|(_, mapping)| maker_of(mapping));
    let maker = first.map_or("", |(maker, _)| maker);
    let mut filler = Filler { table, converter, rows, made: Made::default() };
    let mut own: Vec<Own<'_>> = Vec::new();
    for &(index, mapping) in mappings {
        match maker_of(mapping) {
            Some((found, argument)) if found == maker => own.push(Own { index, mapping, argument }),
            Some((found, _)) => {
                let reason = format!("`{found}` stands in a table of `{maker}`");
                filler.made.failed.push((index, reason));
            }
            None => {
                let reason =
                    format!("it makes no row, and the rows of its table are made by `{maker}`");
                filler.made.failed.push((index, reason));
            }
        }
    }
    match maker {
        "add_score" => filler.scores(&own),
        "add_indicator" => filler.indicators(&own),
        "add_history" => filler.history(&own),
        "add_report_lookup" => filler.report_lookups(&own),
        "policy_exceptions" => filler.policy_exceptions(&own),
        "warranty_field" => filler.warranties(&own),
        _ => filler.collateral(&own),
    }
    // A mapping that is read twice fails twice for the same reason.
    filler.made.failed.dedup();
    filler.made
}

fn maker_of(mapping: &Mapping) -> Option<(&'static str, &str)> {
    mapping.maker()
}

/// A mapping of the table's maker.
struct Own<'l> {
    index: usize,
    mapping: &'l Mapping,
    /// What stands in the parentheses.
    argument: &'l str,
}

struct Filler<'t, 'l> {
    table: &'t mut Table,
    converter: Converter<'l>,
    rows: &'t Rows,
    made: Made,
}

/// Names of things in a document and identifiers that the contract makes up.
const NAME: SqlType = SqlType::NVarChar(Some(128));

impl Filler<'_, '_> {
    fn add(&mut self, name: &str, sql_type: SqlType) -> &mut Column {
        self.table.columns.push(Column::new(name, sql_type, None));
        self.table.columns.last_mut().expect("a column was just added")
    }

    /// The widest text that these mappings give.
    fn text_type(own: &[Own<'_>]) -> SqlType {
        let lengths: Option<Vec<i64>> = own.iter().map(|own| own.mapping.length).collect();
        let longest =
            lengths.filter(|all| !all.contains(&-1)).and_then(|all| all.into_iter().max());
        text_type(longest)
    }

    /// What the mapping reads, as text cut to its own length.
    fn text(&mut self, own: &Own<'_>, column: SqlType) -> Option<Expr> {
        let source = self.source(own)?;
        let mapping = own.mapping;
        let cut = mapping.length.filter(|length| *length > 0);
        let cut = cut.filter(|length| i64::from(column.max_chars().unwrap_or(u16::MAX)) > *length);
        Some(match cut {
            Some(length) => build::call(Function::Left, [source, build::integer(length)]),
            None => source,
        })
    }

    /// What the mapping reads, its conversions applied. None when that failed.
    fn source(&mut self, own: &Own<'_>) -> Option<Expr> {
        let converted = match self.converter.convert(self.rows, own.mapping) {
            Ok(converted) => converted,
            Err(reason) => {
                self.made.failed.push((own.index, reason));
                return None;
            }
        };
        let differences = converted.differences.into_iter();
        self.made.different.extend(differences.map(|difference| (difference, own.index)));
        if converted.expr.is_none() {
            let reason = "it reads nothing: it has no xml_path".to_owned();
            self.made.failed.push((own.index, reason));
        }
        converted.expr
    }

    fn attribute(&mut self, own: &Own<'_>) -> Option<String> {
        let name = own.mapping.attribute.clone();
        if name.is_none() {
            self.made.failed.push((own.index, "it names no xml_attribute".to_owned()));
        }
        name
    }

    fn row(&mut self, own: &Own<'_>, when: Option<Expr>, values: Vec<(&str, Expr)>) {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.table.rows.push(Row { when, values, mappings: vec![own.index] });
        self.made.translated.push(own.index);
    }

    fn argument<'o>(&mut self, own: &Own<'o>) -> Option<&'o str> {
        if own.argument.is_empty() {
            let reason = "nothing stands in its parentheses".to_owned();
            self.made.failed.push((own.index, reason));
            return None;
        }
        Some(own.argument)
    }

    fn number(&mut self, own: &Own<'_>) -> Option<i64> {
        let argument = self.argument(own)?;
        let number = argument.parse().ok();
        if number.is_none() {
            let reason = format!("`{argument}` in its parentheses is no whole number");
            self.made.failed.push((own.index, reason));
        }
        number
    }

    fn scores(&mut self, own: &[Own<'_>]) {
        self.table.about = "One row for each score that is a number.".to_owned();
        self.table.keep_when = vec![Kept { column: "score".to_owned(), test: Test::NotNull }];
        self.add("score_identifier", NAME);
        let numeric = own.iter().find(|own| own.mapping.data_type != DataType::Text);
        let sql_type = numeric.map_or(SqlType::Int, |own| own.mapping.sql_type());
        self.add("score", sql_type).on_error_null = true;
        for own in own {
            let (Some(identifier), Some(_)) = (self.argument(own), self.source(own)) else {
                continue;
            };
            let Ok(converted) = self.converter.convert(self.rows, own.mapping) else { continue };
            let (Some(score), _) = converted.typed_for(own.mapping) else { continue };
            let values = vec![("score_identifier", build::text(identifier)), ("score", score)];
            self.row(own, None, values);
        }
    }

    fn indicators(&mut self, own: &[Own<'_>]) {
        self.table.about = "One row for each indicator that is set.".to_owned();
        self.add("indicator", NAME);
        self.add("value", SqlType::NVarChar(Some(1)));
        for own in own {
            let (Some(indicator), Some(source)) = (self.argument(own), self.source(own)) else {
                continue;
            };
            let yes = ["y", "yes", "true", "t", "1"].map(str::to_owned);
            let when = build::is_one_of(build::call(Function::Lower, [source]), &yes);
            let values = vec![("indicator", build::text(indicator)), ("value", build::text("1"))];
            self.row(own, Some(when), values);
        }
    }

    fn history(&mut self, own: &[Own<'_>]) {
        self.table.about = "One row for each value that says something.".to_owned();
        self.add("name", NAME);
        self.add("source", NAME);
        let sql_type = Self::text_type(own);
        self.add("value", sql_type).truncate = sql_type.max_chars().is_some();
        for own in own {
            let Some(name) = self.attribute(own) else { continue };
            let (Some(source), Some(text)) = (self.source(own), self.text(own, sql_type)) else {
                continue;
            };
            let mut values = vec![("name", build::text(format!("[{name}]")))];
            let segment = own.mapping.path.last();
            values.extend(segment.map(|s| ("source", build::text(format!("[{s}]")))));
            values.push(("value", text));
            self.row(own, Some(build::is_meaningful(source)), values);
        }
    }

    fn report_lookups(&mut self, own: &[Own<'_>]) {
        self.table.about = "One row for each report value that says something.".to_owned();
        self.add("name", NAME);
        let sql_type = Self::text_type(own);
        self.add("value", sql_type).truncate = sql_type.max_chars().is_some();
        self.add("source_report_key", NAME);
        for own in own {
            let Some(name) = self.attribute(own) else { continue };
            let (Some(source), Some(text)) = (self.source(own), self.text(own, sql_type)) else {
                continue;
            };
            let mut values = vec![("name", build::text(name)), ("value", text)];
            if !own.argument.is_empty() {
                values.push(("source_report_key", build::text(own.argument)));
            }
            self.row(own, Some(build::is_meaningful(source)), values);
        }
    }

    fn policy_exceptions(&mut self, own: &[Own<'_>]) {
        self.table.about = "One row for each policy exception that has a reason.".to_owned();
        let (notes, reasons): (Vec<_>, Vec<_>) =
            own.iter().partition(|own| own.argument.is_empty());
        let length = |own: &[&Own<'_>]| own.iter().filter_map(|own| own.mapping.length).max();
        let sql_type = text_type(length(&reasons));
        self.add("policy_exception_type_enum", SqlType::SmallInt);
        self.add("reason_code", sql_type).truncate = sql_type.max_chars().is_some();
        let notes_type = text_type(length(&notes));
        self.add("notes", notes_type).truncate = notes_type.max_chars().is_some();
        let shared = notes.first().and_then(|own| self.source(own));
        self.table.columns[3].value.clone_from(&shared);
        self.table.columns[3].mapping = notes.first().map(|own| own.index);
        if shared.is_some() {
            self.made.translated.extend(notes.first().map(|own| own.index));
        }
        for own in notes.iter().skip(1) {
            let reason = "another `policy_exceptions()` gives the notes".to_owned();
            self.made.failed.push((own.index, reason));
        }
        for own in reasons {
            let (Some(number), Some(source)) = (self.number(own), self.source(own)) else {
                continue;
            };
            let when = build::is_meaningful(source.clone());
            let number = build::integer(number);
            let values = vec![("policy_exception_type_enum", number), ("reason_code", source)];
            self.row(own, Some(when), values);
        }
    }

    fn warranties(&mut self, own: &[Own<'_>]) {
        self.table.about = "One row for each warranty of which something is known.".to_owned();
        self.add("warranty_type_enum", SqlType::SmallInt);
        let flags = self.grouped("warranty_type_enum", own);
        for column in self.table.columns.iter_mut().skip(2) {
            if flags.contains(&column.name) {
                column.default = Some("0".to_owned());
            } else {
                let kept = Kept { column: column.name.clone(), test: Test::NotNull };
                self.table.keep_when.push(kept);
            }
        }
    }

    fn collateral(&mut self, own: &[Own<'_>]) {
        self.table.about = "One row for each collateral of which something is known.".to_owned();
        self.add("sort_order", SqlType::SmallInt);
        let flags = self.grouped("sort_order", own);
        for column in self.table.columns.iter().skip(2) {
            let calculated = own.iter().any(|own| {
                own.mapping.column == column.name && own.mapping.has_type("calculated_field")
            });
            if calculated || flags.contains(&column.name) {
                continue;
            }
            let test = match column.name.to_ascii_lowercase().contains("wholesale") {
                true => Test::AboveZero,
                false => Test::NotNull,
            };
            self.table.keep_when.push(Kept { column: column.name.clone(), test });
        }
    }

    /// One row for each number, with a column for each target column of the mappings. Returns
    /// the names of the columns that are bits.
    fn grouped(&mut self, number_column: &str, own: &[Own<'_>]) -> Vec<String> {
        let mut flags = Vec::new();
        let mut groups: Vec<(i64, Row)> = Vec::new();
        for own in own {
            let Some(number) = self.number(own) else { continue };
            if own.mapping.column.is_empty() {
                self.made.failed.push((own.index, "it names no target_column".to_owned()));
                continue;
            }
            let (column, differences) =
                match self.converter.column(self.rows, own.index, own.mapping) {
                    Ok(made) => made,
                    Err(reason) => {
                        self.made.failed.push((own.index, reason));
                        continue;
                    }
                };
            self.made.translated.push(own.index);
            self.made.different.extend(differences.into_iter().map(|d| (d, own.index)));
            if column.sql_type == SqlType::Bit && !flags.contains(&column.name) {
                flags.push(column.name.clone());
            }
            let row = match groups.iter_mut().find(|(known, _)| *known == number) {
                Some((_, row)) => row,
                None => {
                    let values = vec![(number_column.to_owned(), build::integer(number))];
                    groups.push((number, Row { when: None, values, mappings: Vec::new() }));
                    &mut groups.last_mut().expect("a group was just added").1
                }
            };
            row.mappings.push(own.index);
            row.values.extend(column.value.clone().map(|value| (column.name.clone(), value)));
            self.widen(column);
        }
        self.table.rows.extend(groups.into_iter().map(|(_, row)| row));
        flags
    }

    /// A column as wide as the widest of the mappings that fill it.
    fn widen(&mut self, column: Column) {
        let column = Column { value: None, always: false, ..column };
        let Some(known) = self.table.columns.iter_mut().find(|c| c.name == column.name) else {
            self.table.columns.push(column);
            return;
        };
        let (own, other) = (known.sql_type.max_chars(), column.sql_type.max_chars());
        if known.sql_type.is_character() && column.sql_type.is_character() {
            let wider = own.zip(other).map(|(own, other)| own.max(other));
            known.sql_type = text_type(wider.map(i64::from));
        }
        known.default = known.default.take().or(column.default);
        known.required &= column.required;
        known.on_error_null |= column.on_error_null;
    }
}
