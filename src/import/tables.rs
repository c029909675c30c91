//! The tables, with their rows and columns.

use super::difference::Difference;
use super::draft::{Column, Distinct, Table};
use super::layout::{self, Layout, Rows, CONTACT_ID};
use super::legacy::{DataType, Legacy, Mapping, Steps};
use super::report::Report;
use super::{conversion, row_makers, sql};
use crate::contract::identifier::same_name;
use crate::value::SqlType;

/// Translates all mappings, table by table.
pub(super) fn translate(layout: &Layout<'_>, report: &mut Report) -> Vec<Table> {
    let mut translator = Translator { layout, app_type: app_type(layout), report };
    let tables = by_table(layout.legacy).into_iter();
    tables.filter_map(|(name, mappings)| translator.table(name, &mappings)).collect()
}

/// The mappings of each table, in the order in which the tables were inserted.
fn by_table(legacy: &Legacy) -> Vec<(&str, Vec<&Mapping>)> {
    let mut tables: Vec<(&str, Vec<&Mapping>)> = Vec::new();
    for mapping in &legacy.mappings {
        match tables.iter_mut().find(|(name, _)| same_name(name, &mapping.table)) {
            Some((_, mappings)) => mappings.push(mapping),
            None => tables.push((&mapping.table, vec![mapping])),
        }
    }
    tables.sort_by_key(|(name, _)| legacy.order_of(name).unwrap_or(usize::MAX));
    tables
}

/// The type of the application's id in the first table that has it.
fn app_type(layout: &Layout<'_>) -> SqlType {
    let mut mappings =
        layout.legacy.mappings.iter().filter(|m| same_name(&m.column, layout.app_column));
    let whole = mappings.find(|m| m.data_type.is_integer() && m.data_type != DataType::TinyInt);
    whole.map_or(SqlType::Int, Mapping::sql_type)
}

struct Translator<'l> {
    layout: &'l Layout<'l>,
    app_type: SqlType,
    report: &'l mut Report,
}

impl Translator<'_> {
    fn table(&mut self, name: &str, mappings: &[&Mapping]) -> Option<Table> {
        let table = match mappings.iter().any(|mapping| mapping.maker().is_some()) {
            true => self.made_rows(name, mappings),
            false => self.ordinary(name, mappings),
        };
        let has_columns = table.columns.iter().any(|c| !self.is_app_column(&c.name));
        (has_columns || self.layout.legacy.is_parent(name)).then_some(table)
    }

    fn is_app_column(&self, name: &str) -> bool {
        same_name(name, self.layout.app_column)
    }

    /// Whether the earlier contract does not have the application's column in this table.
    fn is_app_column_new(&self, name: &str, mappings: &[&Mapping]) -> bool {
        let mut own = self.layout.legacy.parents_of(name).peekable();
        let is_child = own.peek().is_some();
        let refers = own.any(|r| self.is_app_column(&r.foreign_key_column));
        is_child && !refers && !mappings.iter().any(|m| self.is_app_column(&m.column))
    }

    /// A table without columns yet, except the application's id.
    fn started(&self, name: &str, each: String, about: String) -> Table {
        let app_column = self.layout.app_column;
        let id = Column::new(app_column, self.app_type, Some("APP_ID()".to_owned()));
        Table {
            about,
            name: name.to_owned(),
            each,
            app_column: Some(app_column.to_owned()),
            columns: vec![id],
            ..Table::default()
        }
    }

    fn made_rows(&mut self, name: &str, mappings: &[&Mapping]) -> Table {
        let mut table =
            self.started(name, sql::path("", &self.layout.request, None), String::new());
        let (own, makers): (Vec<&Mapping>, Vec<&Mapping>) =
            mappings.iter().partition(|m| self.is_app_column(&m.column));
        own.iter().for_each(|mapping| self.report.translated(mapping.index));
        row_makers::fill(&mut table, self.layout, self.report, &makers);
        self.report.differs_in(Difference::MakerTypes, name);
        table
    }

    fn ordinary(&mut self, name: &str, mappings: &[&Mapping]) -> Table {
        let rows = self.rows(name, mappings);
        let mut table = self.of_rows(name, &rows);
        for mapping in mappings {
            self.column(&mut table, &rows, mapping);
        }
        table.is_app_column_new = self.is_app_column_new(name, mappings);
        match &rows {
            Rows::Application(_) if self.layout.legacy.is_child(name) => {
                self.drop_empty(&mut table)
            }
            Rows::Address => {
                keep_meaningful(
                    &mut table,
                    &["street", "address_line", "city", "state", "zip"],
                    "",
                );
            }
            Rows::Employment => {
                keep_meaningful(&mut table, &["business", "title", "city", "zip"], "salary");
            }
            _ => {}
        }
        table
    }

    /// The rows of a table: the innermost of those to which its mappings belong.
    fn rows(&self, name: &str, mappings: &[&Mapping]) -> Rows {
        let own = mappings.iter().filter(|m| !layout::reads_elsewhere(m));
        let kinds: Vec<Rows> = own.map(|m| self.layout.rows_of(&m.path)).collect();
        let innermost = [Rows::Address, Rows::Employment, Rows::Contact];
        let found = innermost.into_iter().find(|rows| kinds.contains(rows));
        found.unwrap_or_else(|| Rows::Application(self.application_element(name, mappings)))
    }

    /// The row element of a table with one row: the request, or the one element that all its
    /// columns read, where they are null when that is absent.
    fn application_element(&self, name: &str, mappings: &[&Mapping]) -> Steps {
        let request = &self.layout.request;
        let mut others = mappings.iter().filter(|m| !self.is_app_column(&m.column)).peekable();
        let Some(first) = others.peek().map(|m| m.path.clone()) else { return request.clone() };
        let rows = Rows::Application(first.clone());
        let is_silent = |m: &&Mapping| {
            m.path == first
                && !m.has_type("calculated_field")
                && !layout::reads_last_contact(m)
                && conversion::convert(self.layout, &rows, m).is_ok_and(|value| !value.always)
        };
        let below = first.len() > request.len() && first.starts_with(request);
        match below && self.layout.legacy.is_child(name) && others.all(is_silent) {
            true => first,
            false => request.clone(),
        }
    }

    /// A table with the rows' element, filter and order.
    fn of_rows(&self, name: &str, rows: &Rows) -> Table {
        let contact = self.layout.contact_element();
        match (rows, self.layout.filter(rows)) {
            (Rows::Application(each), _) if *each != self.layout.request => {
                let element = each.last().map_or("", String::as_str);
                let about = format!("One row, from the last `{element}`.");
                let by = vec!["APP_ID()".to_owned()];
                Table {
                    distinct: Some(Distinct { by, keep: "last", prefer: None }),
                    ..self.started(name, sql::path("", each, None) + "[last()]", about)
                }
            }
            (Rows::Contact, Some(filter)) => {
                let about =
                    format!("One row for each valid `{contact}`, anywhere in the document.");
                let prefer = filter.attributes.listed.first();
                Table {
                    where_: self.layout.valid_contact(filter, ""),
                    distinct: Some(Distinct {
                        by: vec![format!("@{CONTACT_ID}")],
                        keep: "last",
                        prefer: prefer.and_then(|(name, roles)| by_rank(name, roles)),
                    }),
                    ..self.started(name, format!("//{contact}"), about)
                }
            }
            (_, Some(filter)) => {
                let element = filter.element();
                let about = format!("The `{element}` of those contacts, the first of each type.");
                let types = filter.attributes.listed.iter().map(|(name, _)| format!("@{name}"));
                let by = std::iter::once(format!("../@{CONTACT_ID}")).chain(types).collect();
                Table {
                    where_: sql::joined("AND", filter.conditions("")),
                    distinct: Some(Distinct { by, keep: "first", prefer: None }),
                    ..self.started(name, format!("//{contact}/{element}"), about)
                }
            }
            _ => {
                let each = sql::path("", &self.layout.request, None);
                self.started(name, each, "One row for the application.".to_owned())
            }
        }
    }

    fn column(&mut self, table: &mut Table, rows: &Rows, mapping: &Mapping) {
        if self.is_app_column(&mapping.column) {
            self.report.translated(mapping.index);
            table.app_column = Some(mapping.column.clone());
            table.columns[0].name.clone_from(&mapping.column);
            table.columns[0].identity = mapping.is_identity_insert();
            table.columns[0].mapping = Some(mapping.index);
            return;
        }
        let (mut column, differences) = match conversion::column(self.layout, rows, mapping) {
            Ok(made) => made,
            Err(reason) => return self.report.failed(mapping.index, reason),
        };
        for difference in differences {
            self.report.differs(difference, mapping.index);
            column.remark(difference.remark());
        }
        self.report.translated(mapping.index);
        match table.columns.iter_mut().find(|c| same_name(&c.name, &column.name)) {
            None => table.columns.push(column),
            Some(known) => {
                self.report.differs(Difference::EarlierValue, mapping.index);
                merge(known, column);
            }
        }
    }

    /// A row of nothing but defaults is left out.
    fn drop_empty(&self, table: &mut Table) {
        let keys =
            self.layout.legacy.parents_of(&table.name).map(|r| r.foreign_key_column.as_str());
        let keys: Vec<&str> = keys.chain([self.layout.app_column, CONTACT_ID]).collect();
        let is_own = |c: &&Column| !keys.iter().any(|key| same_name(key, &c.name));
        let own: Vec<&Column> = table.columns.iter().filter(is_own).collect();
        if !own.iter().any(|c| c.always) {
            let kept = own.iter().filter(|c| c.value.is_some());
            table.keep_when = kept.map(|c| (c.name.clone(), "IS NOT NULL")).collect();
        }
    }
}

/// Another mapping for a column that has one: the later counts where it is not null.
fn merge(known: &mut Column, later: Column) {
    known.value = match (known.value.take(), later.value) {
        (Some(first), Some(second)) => Some(format!("COALESCE({second}, {first})")),
        (first, second) => second.or(first),
    };
    known.default = later.default.or(known.default.take());
    known.required |= later.required;
    known.on_error_null |= later.on_error_null;
    known.identity |= later.identity;
    known.always |= later.always;
    known.remark(Difference::EarlierValue.remark());
}

/// A row stays when a text column named by one of these words, or the number column, has a value.
fn keep_meaningful(table: &mut Table, words: &[&str], number: &str) {
    for column in table.columns.iter().filter(|c| c.value.is_some() && !c.always) {
        let name = column.name.to_ascii_lowercase();
        let is_number = !number.is_empty() && name.contains(number);
        let test = match column.sql_type.is_character() {
            true if is_number || words.iter().any(|word| name.contains(word)) => "IS NOT NULL",
            false if is_number => "<> 0",
            _ => continue,
        };
        table.keep_when.push((column.name.clone(), test));
    }
}

/// A rank that is lowest for the preferred role; none is needed for one role.
fn by_rank(attribute: &str, roles: &[String]) -> Option<String> {
    let (_, ranked) = roles.split_last().filter(|(_, ranked)| !ranked.is_empty())?;
    let whens: String = (0..)
        .zip(ranked)
        .map(|(rank, role)| format!(" WHEN {} THEN {rank}", sql::text(role)))
        .collect();
    Some(format!("CASE @{attribute}{whens} ELSE {} END", ranked.len()))
}
