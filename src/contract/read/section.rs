//! A TOML table with a name to call it by.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::contract::draft::Located;

/// A TOML value and its place.
pub(super) type Value<'a> = toml::Spanned<DeValue<'a>>;

pub(super) struct Section<'a> {
    table: &'a DeTable<'a>,
    /// Its header, or the inline table.
    pub(super) span: Range<usize>,
    /// What messages call it.
    pub(super) title: String,
}

impl<'a> Section<'a> {
    pub(super) fn new(table: &'a DeTable<'a>, span: Range<usize>, title: &str) -> Self {
        Self { table, span, title: title.to_owned() }
    }

    pub(super) fn titled(&self, title: String) -> Self {
        Self { title, table: self.table, span: self.span.clone() }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value<'a>> {
        self.table.get(key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Keys and values in the order of the file.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Located<String>, &'a Value<'a>)> + 'a {
        self.table.iter().map(|(key, value)| {
            (Located { value: key.get_ref().clone().into_owned(), span: key.span() }, value)
        })
    }
}

/// How a key is written.
pub(super) fn example(key: &str) -> Option<String> {
    let example = match key {
        "contract" => "[contract]` with `name = \"…\"",
        "document" => "[document]` with `root = \"…\"",
        "name" => "name = \"app_base\"",
        "target_schema" => "target_schema = \"sandbox\"",
        "root" => "root = \"Provenir\"",
        "require" => "require = [\"/root/child/@name\"]",
        "key" => "key = \"/root/child/@id\"",
        "values" => "[lookups.name.values]` with `CODE = 1",
        "each" => "each = \"/root/child\"",
        "primary_key" => "primary_key = [\"app_id\"]",
        "app_column" => "app_column = \"app_id\"",
        "columns" => "[tables.columns]` with `name = { type = \"int\", value = \"@name\" }",
        "references" => "foreign_key = { columns = [\"app_id\"], references = \"app_base\" }",
        "by" => "distinct = { by = [\"@id\"], keep = \"last\" }",
        "type" => "type = \"nvarchar(50)\"",
        "blank_value" => "on_blank = \"value\"` and `blank_value = 0",
        "unmapped_value" => "on_unmapped = \"value\"` and `unmapped_value = 0",
        _ => return None,
    };
    Some(format!("for example `{example}`"))
}
