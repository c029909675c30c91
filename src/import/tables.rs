//! The tables: which rows they have, how they refer to each other, and their columns.

use super::conversion::Converter;
use super::layout::{self, Layout, Rows, CONTACT_ID};
use super::legacy::{self, DataType, Legacy, Mapping, Steps};
use super::output::{Column, Distinct, Kept, Table, Test};
use super::report::Difference;
use super::{build, row_makers};
use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind, Function, Origin, Path, Read};
use crate::contract::identifier::same_name;
use crate::value::SqlType;

/// Why a mapping is not in the contract.
pub(super) struct Untranslated {
    pub(super) mapping: usize,
    pub(super) reason: String,
}

/// All that came of translating the tables.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) tables: Vec<Table>,
    pub(super) translated: Vec<usize>,
    pub(super) different: Vec<(Difference, usize)>,
    /// Differences of whole tables.
    pub(super) tables_differ: Vec<(Difference, String)>,
    pub(super) failed: Vec<Untranslated>,
}

/// A mapping and its index.
pub(super) type Numbered<'l> = (usize, &'l Mapping);

/// The column of the application's id: what refers to a table that has no parent itself.
pub(super) fn app_column(legacy: &Legacy) -> &str {
    let relationships = &legacy.relationships;
    let is_child = |name: &str| relationships.iter().any(|r| same_name(&r.child, name));
    let to_base = relationships.iter().find(|r| !is_child(&r.parent));
    to_base.map_or("app_id", |r| r.column.as_str())
}

/// Translates all mappings, table by table.
pub(super) fn translate(legacy: &Legacy, layout: &Layout<'_>) -> Tables {
    let app_column = app_column(legacy);
    let mut translator = Translator {
        legacy,
        layout,
        converter: Converter { legacy, layout },
        app_column,
        app_type: app_type(legacy, app_column),
        made: Tables::default(),
    };
    for (name, mappings) in by_table(legacy) {
        let table = translator.table(name, &mappings);
        translator.made.tables.extend(table);
    }
    translator.references();
    translator.made
}

/// The mappings of each table, in the order in which the tables were inserted.
fn by_table(legacy: &Legacy) -> Vec<(&str, Vec<Numbered<'_>>)> {
    let mut tables: Vec<(&str, Vec<Numbered<'_>>)> = Vec::new();
    for (index, mapping) in legacy.mappings.iter().enumerate() {
        match tables.iter_mut().find(|(name, _)| same_name(name, &mapping.table)) {
            Some((_, mappings)) => mappings.push((index, mapping)),
            None => tables.push((&mapping.table, vec![(index, mapping)])),
        }
    }
    let place = |name: &str| legacy.table_order.iter().position(|other| same_name(other, name));
    tables.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    tables
}

/// The type of the application's id, as the first table that has it says.
fn app_type(legacy: &Legacy, app_column: &str) -> SqlType {
    let mut mappings = legacy.mappings.iter().filter(|m| same_name(&m.column, app_column));
    let whole = mappings.find(|m| m.data_type.is_integer() && m.data_type != DataType::TinyInt);
    whole.map_or(SqlType::Int, Mapping::sql_type)
}

struct Translator<'l> {
    legacy: &'l Legacy,
    layout: &'l Layout<'l>,
    converter: Converter<'l>,
    app_column: &'l str,
    app_type: SqlType,
    made: Tables,
}

impl Translator<'_> {
    fn table(&mut self, name: &str, mappings: &[Numbered<'_>]) -> Option<Table> {
        let makers =
            |(_, m): &&Numbered<'_>| m.chain.iter().any(|link| legacy::row_maker(link).is_some());
        let table = if mappings.iter().any(|mapping| makers(&mapping)) {
            self.made_rows(name, mappings)
        } else {
            self.ordinary(name, mappings)
        };
        let columns = table.columns.iter().filter(|c| !same_name(&c.name, self.app_column));
        let is_empty = columns.count() == 0 && !self.is_parent(name);
        (!is_empty).then_some(table)
    }

    fn is_parent(&self, name: &str) -> bool {
        self.legacy.relationships.iter().any(|r| same_name(&r.parent, name))
    }

    fn is_child(&self, name: &str) -> bool {
        self.legacy.relationships.iter().any(|r| same_name(&r.child, name))
    }

    /// Whether the earlier contract says nothing of the application's column in this table.
    fn is_new_in(&self, name: &str, mappings: &[Numbered<'_>]) -> bool {
        let relationships = self.legacy.relationships.iter();
        let mut own = relationships.filter(|r| same_name(&r.child, name));
        let refers = own.any(|r| same_name(&r.column, self.app_column));
        let maps = mappings.iter().any(|(_, m)| same_name(&m.column, self.app_column));
        !refers && !maps && self.is_child(name)
    }

    fn fail(&mut self, table: &mut Table, mapping: Numbered<'_>, reason: String) {
        table.missing.push(format!("{}: {reason}", mapping.1.name()));
        self.made.failed.push(Untranslated { mapping: mapping.0, reason });
    }

    /// A table without columns yet, except the application's id.
    fn begun(&self, name: &str, each: &str, about: String) -> Table {
        let id = build::call(Function::AppId, []);
        Table {
            about,
            name: name.to_owned(),
            each: each.to_owned(),
            primary_key: Vec::new(),
            app_column: self.app_column.to_owned(),
            foreign_key: None,
            where_: None,
            distinct: None,
            keep_when: Vec::new(),
            columns: vec![Column::new(self.app_column, self.app_type, Some(id))],
            rows: Vec::new(),
            missing: Vec::new(),
        }
    }

    fn made_rows(&mut self, name: &str, mappings: &[Numbered<'_>]) -> Table {
        let rows = Rows::Application(self.layout.request.clone());
        let each = absolute(&self.layout.request);
        let mut table = self.begun(name, &each, String::new());
        let (own, makers): (Vec<_>, Vec<_>) =
            mappings.iter().partition(|(_, m)| same_name(&m.column, self.app_column));
        self.made.translated.extend(own.iter().map(|(index, _)| *index));
        let made = row_makers::fill(&mut table, self.converter, &rows, &makers);
        for (mapping, reason) in made.failed {
            let mapping = (mapping, &self.legacy.mappings[mapping]);
            self.fail(&mut table, mapping, reason);
        }
        self.made.translated.extend(made.translated);
        self.made.different.extend(made.different);
        self.made.tables_differ.push((Difference::MakerTypes, name.to_owned()));
        table
    }

    fn ordinary(&mut self, name: &str, mappings: &[Numbered<'_>]) -> Table {
        let rows = self.rows(name, mappings);
        let mut table = match &rows {
            Rows::Application(each) if *each == self.layout.request => {
                self.begun(name, &absolute(each), "One row for the application.".to_owned())
            }
            Rows::Application(each) => {
                let element = each.last().map_or("", |element| element);
                let about = format!("One row, from the last `{element}`.");
                self.begun(name, &format!("{}[last()]", absolute(each)), about)
            }
            _ => self.of_elements(name, &rows),
        };
        for mapping in mappings {
            self.column(&mut table, &rows, *mapping);
        }
        if self.is_new_in(name, mappings) {
            self.made.tables_differ.push((Difference::AppColumn, name.to_owned()));
            if let Some(remark) = Difference::AppColumn.remark() {
                table.columns[0].remark(remark);
            }
        }
        if matches!(rows, Rows::Application(_)) && self.is_child(name) {
            self.drop_empty(&mut table);
        }
        match &rows {
            Rows::Application(each) if *each != self.layout.request => {
                let by = vec![build::call(Function::AppId, [])];
                table.distinct = Some(Distinct { by, keep: "last", prefer: None });
            }
            Rows::Address => keep_meaningful(
                &mut table,
                &["street", "address_line", "city", "state", "zip"],
                &[],
            ),
            Rows::Employment => {
                let words = ["business", "title", "city", "zip"];
                keep_meaningful(&mut table, &words, &["salary"]);
            }
            _ => {}
        }
        table
    }

    /// What a table's rows are made from: the innermost of what its mappings speak of.
    fn rows(&self, name: &str, mappings: &[Numbered<'_>]) -> Rows {
        // These name an element that is not the row's.
        let from_elsewhere = [
            "last_valid_pr_contact",
            "last_valid_sec_contact",
            "authu_contact",
            "curr_address_only",
        ];
        let own = mappings.iter().map(|(_, m)| *m);
        let own = own.filter(|m| !from_elsewhere.iter().any(|name| m.has_type(name)));
        let kinds: Vec<Rows> = own.map(|m| self.layout.rows_of(&m.path)).collect();
        let innermost = [Rows::Address, Rows::Employment, Rows::Contact];
        let found = innermost.into_iter().find(|rows| kinds.contains(rows));
        found.unwrap_or_else(|| Rows::Application(self.application_element(name, mappings)))
    }

    /// The row element of a table with one row: the request, or the one element that all its
    /// columns read, where they say nothing when that is not there.
    fn application_element(&self, name: &str, mappings: &[Numbered<'_>]) -> Steps {
        let request = self.layout.request.clone();
        let others = mappings.iter().filter(|(_, m)| !same_name(&m.column, self.app_column));
        let mut others = others.map(|(_, m)| *m).peekable();
        let Some(first) = others.peek().map(|m| m.path.clone()) else { return request };
        let silent = |m: &Mapping| {
            let rows = Rows::Application(first.clone());
            let converted = self.converter.convert(&rows, m);
            m.path == first
                && !m.has_type("calculated_field")
                && !m.has_type("last_valid_pr_contact")
                && !m.has_type("last_valid_sec_contact")
                && !m.has_type("authu_contact")
                && converted.is_ok_and(|converted| !converted.always)
        };
        let below = first.len() > request.len() && first.starts_with(&request);
        match below && self.is_child(name) && others.all(silent) {
            true => first,
            false => request,
        }
    }

    fn of_elements(&self, name: &str, rows: &Rows) -> Table {
        let contact = self.layout.contact.map_or("contact", layout::name_of);
        let Some(filter) = self.layout.filter(rows) else {
            return self.begun(name, &absolute(&self.layout.request), String::new());
        };
        let element = layout::name_of(filter);
        if *rows == Rows::Contact {
            let about = format!("One row for each valid `{contact}`, wherever it stands.");
            let mut table = self.begun(name, &format!("//{contact}"), about);
            table.where_ = self.layout.valid_contact(filter, build::attribute);
            table.distinct = Some(Distinct {
                by: vec![build::attribute(CONTACT_ID)],
                keep: "last",
                prefer: filter
                    .attributes
                    .listed
                    .first()
                    .and_then(|(name, roles)| by_rank(name, roles)),
            });
            return table;
        }
        let about = format!("The `{element}` of those contacts, the first of each type.");
        let mut table = self.begun(name, &format!("//{contact}/{element}"), about);
        let filled = filter
            .attributes
            .filled
            .iter()
            .map(|name| build::is_empty(build::attribute(name), true));
        let listed = filter.attributes.listed.iter();
        let listed = listed.map(|(name, types)| build::is_one_of(build::attribute(name), types));
        table.where_ = build::joined(BinaryOp::And, filled.chain(listed));
        let types = filter.attributes.listed.iter().map(|(name, _)| build::attribute(name));
        table.distinct = Some(Distinct {
            by: std::iter::once(build::parent_attribute(CONTACT_ID)).chain(types).collect(),
            keep: "first",
            prefer: None,
        });
        table
    }

    fn column(&mut self, table: &mut Table, rows: &Rows, mapping: Numbered<'_>) {
        let (index, own) = mapping;
        if same_name(&own.column, self.app_column) {
            self.made.translated.push(index);
            table.app_column.clone_from(&own.column);
            table.columns[0].name.clone_from(&own.column);
            table.columns[0].mapping = Some(index);
            return;
        }
        let (mut column, differences) = match self.converter.column(rows, index, own) {
            Ok(made) => made,
            Err(reason) => return self.fail(table, mapping, reason),
        };
        for difference in differences {
            self.made.different.push((difference, index));
            if let Some(remark) = difference.remark() {
                column.remark(remark);
            }
        }
        self.made.translated.push(index);
        let known = table.columns.iter_mut().find(|c| same_name(&c.name, &column.name));
        match known {
            None => table.columns.push(column),
            Some(known) => {
                self.made.different.push((Difference::EarlierValue, index));
                merge(known, column);
            }
        }
    }

    /// A row of nothing but defaults is left out.
    fn drop_empty(&self, table: &mut Table) {
        let keys: Vec<&str> = self
            .legacy
            .relationships
            .iter()
            .filter(|r| same_name(&r.child, &table.name))
            .map(|r| r.column.as_str())
            .chain([self.app_column, CONTACT_ID])
            .collect();
        let own = |c: &&Column| !keys.iter().any(|key| same_name(key, &c.name));
        if table.columns.iter().filter(own).any(|c| c.always) {
            return;
        }
        let kept = table.columns.iter().filter(own).filter(|c| c.value.is_some());
        table.keep_when =
            kept.map(|c| Kept { column: c.name.clone(), test: Test::NotNull }).collect();
    }

    /// Foreign keys, and the primary keys that they refer to.
    fn references(&mut self) {
        for relationship in &self.legacy.relationships {
            let position = |tables: &[Table], name: &str| {
                tables.iter().position(|table| same_name(&table.name, name))
            };
            let parent = position(&self.made.tables, &relationship.parent);
            let child = position(&self.made.tables, &relationship.child);
            let (Some(parent), Some(child)) = (parent, child) else { continue };
            if parent == child || self.made.tables[child].foreign_key.is_some() {
                continue;
            }
            let Some(key) = self.parent_key(parent, &relationship.column) else { continue };
            self.child_key(child, &relationship.column, &key);
            let parent_name = self.made.tables[parent].name.clone();
            let table = &mut self.made.tables[child];
            let own = table.columns.iter().find(|c| same_name(&c.name, &relationship.column));
            let own = own.map(|column| column.name.clone());
            table.foreign_key = own.map(|column| (column, parent_name));
        }
        self.contacts_without_table();
        self.inserted_otherwise();
    }

    /// Rows below contacts that do not refer to a table of contacts ask for a valid one themselves.
    fn contacts_without_table(&mut self) {
        let Some(contact) = self.layout.contact else { return };
        let below = format!("//{}/", layout::name_of(contact));
        let contacts = format!("//{}", layout::name_of(contact));
        let tables = &self.made.tables;
        let is_contact_table =
            |name: &String| tables.iter().any(|t| t.name == *name && t.each == contacts);
        let alone: Vec<usize> = (0..tables.len())
            .filter(|index| tables[*index].each.starts_with(&below))
            .filter(|index| {
                let parent = tables[*index].foreign_key.as_ref().map(|(_, parent)| parent);
                !parent.is_some_and(is_contact_table)
            })
            .collect();
        for index in alone {
            let valid = self.layout.valid_contact(contact, build::parent_attribute);
            let table = &mut self.made.tables[index];
            let both = valid.into_iter().chain(table.where_.take());
            table.where_ = build::joined(BinaryOp::And, both);
        }
    }

    /// The parent's column of that name, as its primary key.
    fn parent_key(&mut self, parent: usize, name: &str) -> Option<Column> {
        let contact_rows = self.is_contact_table(&self.made.tables[parent]);
        let table = &mut self.made.tables[parent];
        if !table.has_column(name) && contact_rows && same_name(name, CONTACT_ID) {
            let value = Some(build::attribute(CONTACT_ID));
            table.columns.push(Column::new(name, SqlType::Int, value));
        }
        let column = table.columns.iter().find(|c| same_name(&c.name, name))?.clone();
        if table.primary_key.is_empty() {
            table.primary_key = vec![column.name.clone()];
        }
        (table.primary_key == [column.name.clone()]).then_some(column)
    }

    fn is_contact_table(&self, table: &Table) -> bool {
        let contact = self.layout.contact.map_or("contact", layout::name_of);
        table.each == format!("//{contact}")
    }

    /// The child's column with which it refers to its parent, with the parent's type.
    fn child_key(&mut self, child: usize, name: &str, key: &Column) {
        let contact = self.layout.contact.map_or("contact", layout::name_of);
        let table = &mut self.made.tables[child];
        if let Some(own) = table.columns.iter_mut().find(|c| same_name(&c.name, name)) {
            own.sql_type = key.sql_type;
            return;
        }
        if !same_name(name, CONTACT_ID) {
            return;
        }
        let below_contact = table.each.starts_with(&format!("//{contact}/"));
        let value = below_contact.then(|| build::parent_attribute(CONTACT_ID));
        if value.is_some() {
            table.columns.insert(1, Column::new(name, key.sql_type, value));
        }
    }

    /// Notes children that `table_insertion_order` puts before their parents.
    fn inserted_otherwise(&mut self) {
        let place = |name: &str| self.legacy.table_order.iter().position(|t| same_name(t, name));
        for relationship in &self.legacy.relationships {
            let (parent, child) = (place(&relationship.parent), place(&relationship.child));
            if parent.zip(child).is_some_and(|(parent, child)| child < parent) {
                let name = relationship.child.clone();
                self.made.tables_differ.push((Difference::LoadOrder, name));
            }
        }
    }
}

/// Another mapping for a column that has one: the later counts where it is not null.
fn merge(known: &mut Column, later: Column) {
    known.value = match (known.value.take(), later.value) {
        (Some(first), Some(second)) => Some(build::call(Function::Coalesce, [second, first])),
        (first, second) => second.or(first),
    };
    known.default = later.default.or(known.default.take());
    known.required |= later.required;
    known.on_error_null |= later.on_error_null;
    known.always |= later.always;
    if let Some(remark) = Difference::EarlierValue.remark() {
        known.remark(remark);
    }
}

/// Rows of addresses and employments that say nothing are left out.
fn keep_meaningful(table: &mut Table, words: &[&str], numbers: &[&str]) {
    let named = |column: &Column, words: &[&str]| {
        let name = column.name.to_ascii_lowercase();
        words.iter().any(|word| name.contains(word))
    };
    let columns = table.columns.iter().filter(|c| c.value.is_some() && !c.always);
    table.keep_when = columns
        .filter_map(|column| {
            let number = named(column, numbers);
            (number || named(column, words) && column.sql_type.is_character()).then(|| Kept {
                column: column.name.clone(),
                test: match number && !column.sql_type.is_character() {
                    true => Test::NotZero,
                    false => Test::NotNull,
                },
            })
        })
        .collect();
}

/// A rank that is lowest for the preferred role; none is needed for one role.
fn by_rank(attribute: &str, roles: &[String]) -> Option<Expr> {
    let (_, ranked) = roles.split_last().filter(|(_, ranked)| !ranked.is_empty())?;
    let whens =
        ranked.iter().zip(0..).map(|(role, rank)| (build::text(role), build::integer(rank)));
    Some(build::expr(ExprKind::Case {
        operand: Some(Box::new(build::attribute(attribute))),
        whens: whens.collect(),
        otherwise: Some(Box::new(build::integer(ranked.len() as i64))),
    }))
}

/// A path from the document, as it is written.
pub(super) fn absolute(steps: &Steps) -> String {
    let path = Path { origin: Origin::Document, steps: build::steps(steps), read: Read::Text };
    path.to_string()
}
