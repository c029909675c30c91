//! Mapping types that make rows of their own: each becomes a row template.

use super::conversion::{self, Converted};
use super::draft::{Column, Row, Table};
use super::layout::{Layout, Rows};
use super::legacy::{text_type, DataType, Mapping};
use super::report::Report;
use super::sql;
use crate::value::SqlType;

/// Fills a table that has its application column only.
pub(super) fn fill(table: &mut Table, layout: &Layout<'_>, report: &mut Report, own: &[&Mapping]) {
    let maker = own.iter().find_map(|mapping| mapping.maker()).map_or("", |(maker, _)| maker);
    let rows = Rows::Application(layout.request.clone());
    let mut filler = Filler { table, layout, rows, report };
    let mut makers: Vec<Maker<'_>> = Vec::new();
    for mapping in own {
        match mapping.maker() {
            Some((found, argument)) if found == maker => makers.push(Maker { mapping, argument }),
            Some((found, _)) => {
                let reason = format!("`{found}` is in a table of `{maker}`");
                filler.report.failed(mapping.index, reason);
            }
            None => {
                let reason = format!("it makes no row, and `{maker}` makes the rows of its table");
                filler.report.failed(mapping.index, reason);
            }
        }
    }
    match maker {
        "add_score" => filler.scores(&makers),
        "add_indicator" => filler.indicators(&makers),
        "add_history" => filler.history(&makers),
        "add_report_lookup" => filler.report_lookups(&makers),
        "policy_exceptions" => filler.policy_exceptions(&makers),
        "warranty_field" => filler.warranties(&makers),
        _ => filler.collateral(&makers),
    }
}

/// A mapping of the table's maker.
#[derive(Clone, Copy)]
struct Maker<'l> {
    mapping: &'l Mapping,
    /// What is in the parentheses.
    argument: &'l str,
}

impl<'l> Maker<'l> {
    fn argument(self) -> Result<&'l str, String> {
        match self.argument {
            "" => Err("its parentheses are empty".to_owned()),
            argument => Ok(argument),
        }
    }

    fn number(self) -> Result<i64, String> {
        let argument = self.argument()?;
        let number = argument.parse();
        number.map_err(|_| format!("`{argument}` in its parentheses is not a whole number"))
    }

    fn is_flag_of(self, column: &Column) -> bool {
        self.mapping.column == column.name && self.mapping.data_type == DataType::Bit
    }

    fn attribute(self) -> Result<&'l str, String> {
        self.mapping.attribute.as_deref().ok_or_else(|| "it names no xml_attribute".to_owned())
    }
}

struct Filler<'t, 'l> {
    table: &'t mut Table,
    layout: &'t Layout<'l>,
    rows: Rows,
    report: &'t mut Report,
}

/// Columns of a row with their values.
type Values = Vec<(&'static str, String)>;

/// The condition of a row, and its values.
type Template = (Option<String>, Values);

/// Names of things in a document, and identifiers that the contract contains.
const NAME: SqlType = SqlType::NVarChar(Some(128));

/// The widest text of these mappings.
fn widest(makers: &[Maker<'_>]) -> SqlType {
    let lengths: Option<Vec<i64>> = makers.iter().map(|maker| maker.mapping.length).collect();
    let lengths = lengths.filter(|all| !all.contains(&-1));
    text_type(lengths.and_then(|all| all.into_iter().max()))
}

impl Filler<'_, '_> {
    fn add(&mut self, name: &str, sql_type: SqlType) -> &mut Column {
        self.table.columns.push(Column::new(name, sql_type, None));
        self.table.columns.last_mut().expect("a column was just added")
    }

    /// A column of text that is cut where it is too long.
    fn add_text(&mut self, name: &str, sql_type: SqlType) {
        self.add(name, sql_type).truncate = sql_type.max_chars().is_some();
    }

    fn convert(&mut self, maker: Maker<'_>) -> Result<Converted, String> {
        let converted = conversion::convert(self.layout, &self.rows, maker.mapping)?;
        for difference in &converted.differences {
            self.report.differs(*difference, maker.mapping.index);
        }
        Ok(converted)
    }

    /// What the mapping reads, its conversions applied.
    fn source(&mut self, maker: Maker<'_>) -> Result<String, String> {
        let sql = self.convert(maker)?.sql;
        sql.ok_or_else(|| "it reads nothing: it has no xml_path".to_owned())
    }

    /// One row for each of these mappings.
    fn rows(
        &mut self,
        makers: &[Maker<'_>],
        template: impl Fn(&mut Self, Maker<'_>) -> Result<Template, String>,
    ) {
        for maker in makers {
            let index = maker.mapping.index;
            match template(self, *maker) {
                Ok((when, values)) => {
                    let values = values.into_iter().map(|(name, sql)| (name.to_owned(), sql));
                    let row = Row { when, values: values.collect(), mappings: vec![index] };
                    self.table.rows.push(row);
                    self.report.translated(index);
                }
                Err(reason) => self.report.failed(index, reason),
            }
        }
    }

    fn scores(&mut self, makers: &[Maker<'_>]) {
        self.table.about = "One row for each score that is a number.".to_owned();
        self.table.keep_when = vec![("score".to_owned(), "IS NOT NULL")];
        self.add("score_identifier", NAME);
        let numeric = makers.iter().find(|maker| maker.mapping.data_type != DataType::Text);
        let sql_type = numeric.map_or(SqlType::Int, |maker| maker.mapping.sql_type());
        self.add("score", sql_type).on_error_null = true;
        self.rows(makers, |filler, maker| {
            let identifier = sql::text(maker.argument()?);
            let (score, _) = filler.convert(maker)?.typed_for(maker.mapping);
            let score = score.ok_or("it reads nothing: it has no xml_path")?;
            Ok((None, vec![("score_identifier", identifier), ("score", score)]))
        });
    }

    fn indicators(&mut self, makers: &[Maker<'_>]) {
        self.table.about = "One row for each indicator that is set.".to_owned();
        self.add("indicator", NAME);
        self.add("value", SqlType::NVarChar(Some(1)));
        self.rows(makers, |filler, maker| {
            let indicator = sql::text(maker.argument()?);
            let lower = format!("LOWER({})", filler.source(maker)?);
            let when = sql::is_one_of(&lower, &["y", "yes", "true", "t", "1"]);
            Ok((Some(when), vec![("indicator", indicator), ("value", "'1'".to_owned())]))
        });
    }

    fn history(&mut self, makers: &[Maker<'_>]) {
        self.named_values(makers, ["name", "source", "value"], |maker| {
            let in_brackets = |name: &str| sql::text(&format!("[{name}]"));
            let source = maker.mapping.path.last().map(|last| ("source", in_brackets(last)));
            Ok([("name", in_brackets(maker.attribute()?))].into_iter().chain(source).collect())
        });
    }

    fn report_lookups(&mut self, makers: &[Maker<'_>]) {
        self.named_values(makers, ["name", "value", "source_report_key"], |maker| {
            let key = maker.argument().ok().map(|key| ("source_report_key", sql::text(key)));
            Ok([("name", sql::text(maker.attribute()?))].into_iter().chain(key).collect())
        });
    }

    /// A row of texts for each value that is not blank.
    fn named_values(
        &mut self,
        makers: &[Maker<'_>],
        columns: [&str; 3],
        texts: fn(Maker<'_>) -> Result<Values, String>,
    ) {
        self.table.about = "One row for each value that is not blank, null or none.".to_owned();
        let sql_type = widest(makers);
        for column in columns {
            match column {
                "value" => self.add_text(column, sql_type),
                _ => self.table.columns.push(Column::new(column, NAME, None)),
            }
        }
        self.rows(makers, |filler, maker| {
            let mut values = texts(maker)?;
            let source = filler.source(maker)?;
            values.push(("value", cut(&source, maker.mapping, sql_type)));
            Ok((Some(sql::is_meaningful(&source)), values))
        });
    }

    fn policy_exceptions(&mut self, makers: &[Maker<'_>]) {
        self.table.about = "One row for each policy exception that has a reason.".to_owned();
        let (notes, reasons): (Vec<_>, Vec<_>) =
            makers.iter().partition(|maker| maker.argument.is_empty());
        let widest = |makers: &[Maker<'_>]| {
            text_type(makers.iter().filter_map(|maker| maker.mapping.length).max())
        };
        self.add("policy_exception_type_enum", SqlType::SmallInt);
        self.add_text("reason_code", widest(&reasons));
        self.add_text("notes", widest(&notes));
        if let Some((first, others)) = notes.split_first() {
            let index = first.mapping.index;
            match self.source(*first) {
                Ok(source) => {
                    self.report.translated(index);
                    let column = self.table.columns.last_mut().expect("notes were just added");
                    (column.value, column.mapping) = (Some(source), Some(index));
                }
                Err(reason) => self.report.failed(index, reason),
            }
            for other in others {
                let reason = "another `policy_exceptions()` has the notes";
                self.report.failed(other.mapping.index, reason);
            }
        }
        self.rows(&reasons, |filler, maker| {
            let number = maker.number()?.to_string();
            let source = filler.source(maker)?;
            let when = sql::is_meaningful(&source);
            let values = vec![("policy_exception_type_enum", number), ("reason_code", source)];
            Ok((Some(when), values))
        });
    }

    fn warranties(&mut self, makers: &[Maker<'_>]) {
        self.table.about = "One row for each warranty with a value.".to_owned();
        self.add("warranty_type_enum", SqlType::SmallInt);
        self.grouped("warranty_type_enum", makers);
        for column in self.table.columns.iter_mut().skip(2) {
            let is_flag = |maker: &Maker<'_>| maker.is_flag_of(column);
            match makers.iter().any(is_flag) {
                true => column.default = Some("0".to_owned()),
                false => self.table.keep_when.push((column.name.clone(), "IS NOT NULL")),
            }
        }
    }

    fn collateral(&mut self, makers: &[Maker<'_>]) {
        self.table.about = "One row for each collateral with a value.".to_owned();
        self.add("sort_order", SqlType::SmallInt);
        self.grouped("sort_order", makers);
        for column in self.table.columns.iter().skip(2) {
            let is_ignored = |maker: &Maker<'_>| {
                let is_calculated = maker.mapping.has_type("calculated_field");
                maker.is_flag_of(column) || maker.mapping.column == column.name && is_calculated
            };
            if !makers.iter().any(is_ignored) {
                let is_value = column.name.to_ascii_lowercase().contains("wholesale");
                let test = if is_value { "> 0" } else { "IS NOT NULL" };
                self.table.keep_when.push((column.name.clone(), test));
            }
        }
    }

    /// One row for each number, with a column for each target column of the mappings.
    fn grouped(&mut self, number_column: &str, makers: &[Maker<'_>]) {
        let mut groups: Vec<(i64, Row)> = Vec::new();
        for maker in makers {
            if let Err(reason) = self.add_to_group(&mut groups, number_column, *maker) {
                self.report.failed(maker.mapping.index, reason);
            }
        }
        self.table.rows.extend(groups.into_iter().map(|(_, row)| row));
    }

    fn add_to_group(
        &mut self,
        groups: &mut Vec<(i64, Row)>,
        number_column: &str,
        maker: Maker<'_>,
    ) -> Result<(), String> {
        let (number, index) = (maker.number()?, maker.mapping.index);
        if maker.mapping.column.is_empty() {
            return Err("it names no target_column".to_owned());
        }
        let (column, differences) = conversion::column(self.layout, &self.rows, maker.mapping)?;
        self.report.translated(index);
        for difference in differences {
            self.report.differs(difference, index);
        }
        let group = groups.iter().position(|(known, _)| *known == number);
        let group = group.unwrap_or_else(|| {
            let values = vec![(number_column.to_owned(), number.to_string())];
            groups.push((number, Row { when: None, values, mappings: Vec::new() }));
            groups.len() - 1
        });
        let row = &mut groups[group].1;
        row.mappings.push(index);
        row.values.extend(column.value.clone().map(|value| (column.name.clone(), value)));
        self.widen(column);
        Ok(())
    }

    /// A column as wide as the widest of the mappings that fill it.
    fn widen(&mut self, column: Column) {
        let column = Column { value: None, always: false, ..column };
        let Some(known) = self.table.columns.iter_mut().find(|c| c.name == column.name) else {
            self.table.columns.push(column);
            return;
        };
        if known.sql_type.is_character() && column.sql_type.is_character() {
            let both = known.sql_type.max_chars().zip(column.sql_type.max_chars());
            known.sql_type = text_type(both.map(|(own, other)| own.max(other).into()));
        }
        known.default = known.default.take().or(column.default);
        known.required &= column.required;
        known.on_error_null |= column.on_error_null;
    }
}

/// A text, cut to its mapping's own length where the column is longer.
fn cut(source: &str, mapping: &Mapping, column: SqlType) -> String {
    let longest = column.max_chars().map_or(i64::MAX, i64::from);
    match mapping.length.filter(|length| (1..longest).contains(length)) {
        Some(length) => format!("LEFT({source}, {length})"),
        None => source.to_owned(),
    }
}
