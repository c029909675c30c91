//! Foreign keys, and the primary keys that they refer to.

use super::difference::Difference;
use super::draft::{Column, Table};
use super::layout::{Layout, CONTACT_ID};
use super::report::Report;
use super::sql;
use crate::contract::identifier::same_name;
use crate::value::SqlType;

/// Adds the relationships to the tables.
pub(super) fn add(tables: &mut [Table], layout: &Layout<'_>, report: &mut Report) {
    for relationship in &layout.legacy.relationships {
        let position = |name: &str| tables.iter().position(|table| same_name(&table.name, name));
        let places = position(&relationship.parent_table).zip(position(&relationship.child_table));
        let Some((parent, child)) = places.filter(|(parent, child)| parent != child) else {
            continue;
        };
        if tables[child].foreign_key.is_some() {
            continue;
        }
        let name = &relationship.foreign_key_column;
        let Some(key) = parent_key(&mut tables[parent], name, layout) else { continue };
        let parent = tables[parent].name.clone();
        add_child_key(&mut tables[child], name, &key, layout);
        let own = tables[child].columns.iter().find(|c| same_name(&c.name, name));
        tables[child].foreign_key = own.map(|column| (column.name.clone(), parent));
    }
    for table in tables.iter_mut().filter(|table| table.is_app_column_new) {
        if table.foreign_key.is_some() {
            // Its rows are found through the parent's.
            table.columns.remove(0);
            table.app_column = None;
        } else {
            report.differs_in(Difference::AppColumn, &table.name);
            table.columns[0].remark(Difference::AppColumn.remark());
        }
    }
    require_contacts(tables, layout);
    // Children that `table_insertion_order` puts before their parents.
    for relationship in &layout.legacy.relationships {
        let order = |name: &str| layout.legacy.order_of(name);
        let both = order(&relationship.parent_table).zip(order(&relationship.child_table));
        if both.is_some_and(|(parent, child)| child < parent) {
            report.differs_in(Difference::LoadOrder, &relationship.child_table);
        }
    }
}

/// The parent's column of that name, as its primary key.
fn parent_key(parent: &mut Table, name: &str, layout: &Layout<'_>) -> Option<Column> {
    let is_contacts = parent.each == format!("//{}", layout.contact_element());
    let exists = parent.columns.iter().any(|column| same_name(&column.name, name));
    if !exists && is_contacts && same_name(name, CONTACT_ID) {
        let value = Some(format!("@{CONTACT_ID}"));
        parent.columns.push(Column::new(name, SqlType::Int, value));
    }
    let column = parent.columns.iter().find(|c| same_name(&c.name, name))?.clone();
    if parent.primary_key.is_empty() {
        parent.primary_key = vec![column.name.clone()];
    }
    (parent.primary_key == [column.name.clone()]).then_some(column)
}

/// The child's column that refers to its parent, with the parent's type.
fn add_child_key(child: &mut Table, name: &str, key: &Column, layout: &Layout<'_>) {
    let is_below_contact = child.each.starts_with(&format!("//{}/", layout.contact_element()));
    if let Some(own) = child.columns.iter_mut().find(|c| same_name(&c.name, name)) {
        own.sql_type = key.sql_type;
    } else if is_below_contact && same_name(name, CONTACT_ID) {
        let value = Some(format!("../@{CONTACT_ID}"));
        child.columns.insert(1, Column::new(name, key.sql_type, value));
    }
}

/// Rows below contacts that do not refer to a table of contacts require a valid contact themselves.
fn require_contacts(tables: &mut [Table], layout: &Layout<'_>) {
    let Some(contact) = layout.contact else { return };
    let contacts = format!("//{}", contact.element());
    let of_contacts = tables.iter().filter(|table| table.each == contacts);
    let parents: Vec<String> = of_contacts.map(|table| table.name.clone()).collect();
    for table in tables.iter_mut().filter(|t| t.each.starts_with(&format!("{contacts}/"))) {
        let parent = table.foreign_key.as_ref().map(|(_, parent)| parent);
        if !parent.is_some_and(|parent| parents.contains(parent)) {
            let valid = layout.valid_contact(contact, "../");
            table.where_ = sql::joined("AND", valid.into_iter().chain(table.where_.take()));
        }
    }
}
