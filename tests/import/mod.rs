//! Contracts of the earlier system: imported, checked, and run over documents whose rows were
//! derived by hand from the description of that system.

mod contacts;
mod conversions;
mod existing;
mod expressions;
mod many;
mod mistakes;
mod output;
mod row_makers;

use std::sync::Arc;

use chrono::DateTime;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::import::{import, Imported};
use xmlshred::outcome::Outcome;
use xmlshred::shred::{Limits, Shredder};
use xmlshred::value::to_text;

const APPLICATION: &str = "/Provenir/Request/CustData/application";

/// What all contracts here have in common; mappings, enums and the like are put in.
fn legacy(mappings: &str, enums: &str) -> String {
    format!(
        r#"{{
  "xml_root_element": "Provenir",
  "xml_application_path": "/Provenir/Request/CustData/application",
  "source_table": "app_xml", "source_column": "xml",
  "source_application_table": "application",
  "target_schema": "migration",
  "table_insertion_order": ["base", "contact", "extra", "address", "employment"],
  "element_filtering": {{ "filter_rules": [
    {{ "element_type": "contact",
      "xml_parent_path": "/Provenir/Request/CustData/application",
      "xml_child_path": "/Provenir/Request/CustData/application/contact",
      "required_attributes": {{ "con_id": true, "role": ["PR", "AUTHU"] }} }},
    {{ "element_type": "address",
      "xml_parent_path": "/Provenir/Request/CustData/application/contact",
      "xml_child_path": "/Provenir/Request/CustData/application/contact/contact_address",
      "required_attributes": {{ "kind": ["CURR", "PREV"] }} }},
    {{ "element_type": "employment",
      "xml_parent_path": "/Provenir/Request/CustData/application/contact",
      "xml_child_path": "/Provenir/Request/CustData/application/contact/contact_employment",
      "required_attributes": {{ "kind": ["CURR", "PREV"] }} }}
  ] }},
  "relationships": [
    {{ "parent_table": "base", "child_table": "contact", "foreign_key_column": "app_id",
      "xml_parent_path": "/Provenir/Request", "xml_child_path": "{APPLICATION}/contact" }},
    {{ "parent_table": "base", "child_table": "extra", "foreign_key_column": "app_id",
      "xml_parent_path": "/Provenir/Request", "xml_child_path": "/Provenir/Request" }},
    {{ "parent_table": "contact", "child_table": "address", "foreign_key_column": "con_id",
      "xml_parent_path": "{APPLICATION}/contact",
      "xml_child_path": "{APPLICATION}/contact/contact_address" }},
    {{ "parent_table": "contact", "child_table": "employment", "foreign_key_column": "con_id",
      "xml_parent_path": "{APPLICATION}/contact",
      "xml_child_path": "{APPLICATION}/contact/contact_employment" }}
  ],
  "enum_mappings": {{ {enums} }},
  "bit_conversions": {{
    "char_to_bit": {{ "Y": 1, "N": 0, "": 0 }},
    "boolean_to_bit": {{ "true": 1, "false": 0 }}
  }},
  "mappings": [
    {{ "xml_path": "/Provenir/Request", "xml_attribute": "ID", "target_table": "base",
      "target_column": "app_id", "data_type": "int", "nullable": false, "required": true,
      "mapping_type": ["identity_insert"] }},
{mappings}
  ]
}}"#
    )
}

/// One mapping; `keys` are JSON pairs and may be empty.
fn mapping(table: &str, column: &str, below: &str, attribute: &str, keys: &str) -> String {
    let data_type = if keys.contains("\"data_type\"") { "" } else { r#""data_type": "string","# };
    let keys = if keys.is_empty() { r#""nullable": true"# } else { keys };
    format!(
        r#"{{ "xml_path": "{APPLICATION}{below}", "xml_attribute": "{attribute}",
  "target_table": "{table}", "target_column": "{column}", {data_type} {keys} }}"#
    )
}

/// A contract with one column `v` of the base table, read from `application/@v`.
fn one_column(keys: &str, enums: &str) -> String {
    legacy(&mapping("base", "v", "", "v", keys), enums)
}

fn imported(json: &str) -> Imported {
    import(json, "legacy.json", None).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

fn contract(json: &str) -> Arc<Contract> {
    let toml = imported(json).toml;
    match Contract::parse(&toml, "contract.toml") {
        Ok((contract, _)) => Arc::new(contract),
        Err(diagnostics) => panic!("{diagnostics}\n{toml}"),
    }
}

fn shred(contract: &Arc<Contract>, document: &str) -> Outcome {
    let bytes = document.as_bytes().to_vec();
    let document = Document { bytes, encoding: DocumentEncoding::Utf8 };
    let mut shredder = Shredder::new(Arc::clone(contract), Limits::default());
    let now = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
    shredder.shred(AppId(7), now, Some(&document))
}

/// The rows of a table as text without the application's id: `-` for null, columns joined by `|`.
fn rows_of(contract: &Arc<Contract>, document: &str, table: &str) -> Vec<String> {
    let tables = shred(contract, document).unwrap_or_else(|failure| panic!("{failure:?}"));
    let index = contract.targets.iter().position(|t| t.name == table).expect("the table");
    let target = &contract.targets[index];
    let row = |row: &[xmlshred::value::Value]| {
        let cells = row.iter().zip(&target.columns).enumerate();
        let cells =
            cells.filter(|(at, _)| Some(*at) != target.app_column).map(|(_, (value, column))| {
                to_text(value, column.sql_type).map_or("-".to_owned(), |text| text.to_string())
            });
        cells.collect::<Vec<_>>().join("|")
    };
    tables[index].iter().map(row).collect()
}

/// A document with an application and what is in it.
fn document(attributes: &str, inside: &str) -> String {
    format!(
        "<Provenir><Request ID='7'><CustData><application {attributes}>{inside}</application>\
         </CustData></Request></Provenir>"
    )
}

/// The value of `application/@v` in the one column of [`one_column`], `-` for null.
fn value(keys: &str, enums: &str, text: &str) -> String {
    let contract = contract(&one_column(keys, enums));
    let document = document(&format!("v='{text}'"), "");
    let rows = rows_of(&contract, &document, "base");
    assert_eq!(rows.len(), 1);
    rows[0].clone()
}
