//! Documents in, rows or failures out.

mod against_dom;
mod bounds;
mod causes;
mod encodings;
mod failures;
mod linear;
mod paths;
mod rows;
mod skipping;
mod well_formed;

use std::sync::Arc;

use chrono::DateTime;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::{Failure, Outcome};
use xmlshred::shred::{Limits, Shredder};
use xmlshred::value::to_text;

/// A contract that has no mistakes.
fn contract(text: &str) -> Arc<Contract> {
    match Contract::parse(text, "contract.toml") {
        Ok((contract, _)) => Arc::new(contract),
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}

/// `[contract]` and `[document]` for documents whose root is `r`.
fn with_root(tables: &str) -> Arc<Contract> {
    contract(&format!(
        "[contract]\nname = \"t\"\ntarget_schema = \"dbo\"\n[document]\nroot = \"r\"\n{tables}"
    ))
}

/// One table `t` with one nvarchar(max) column `v` beside `app_id`.
fn one_column(each: &str, value: &str) -> Arc<Contract> {
    with_root(&format!(
        "[[tables]]\nname = \"t\"\neach = '''{each}'''\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         v = {{ type = \"nvarchar(max)\", value = '''{value}''' }}\n"
    ))
}

fn text(document: &str) -> Document {
    Document { bytes: document.as_bytes().to_vec(), encoding: DocumentEncoding::Utf8 }
}

fn shred_document(contract: &Arc<Contract>, document: &Document) -> Outcome {
    let mut shredder = Shredder::new(Arc::clone(contract), Limits::default());
    shredder.shred(AppId(7), DateTime::UNIX_EPOCH, Some(document))
}

fn shred(contract: &Arc<Contract>, document: &str) -> Outcome {
    shred_document(contract, &text(document))
}

fn failure(contract: &Arc<Contract>, document: &str) -> Failure {
    *shred(contract, document).expect_err("the document fails")
}

/// The rows of a target as text, `-` for null, columns joined by `|`.
fn rows_of(contract: &Arc<Contract>, outcome: &Outcome, table: &str) -> Vec<String> {
    let outcome = outcome.as_ref().unwrap_or_else(|failure| panic!("{failure:?}"));
    let index = contract.targets.iter().position(|t| t.name == table).expect("a target");
    let columns = &contract.targets[index].columns;
    let row = |row: &[xmlshred::value::Value]| {
        let cells = row.iter().zip(columns).map(|(value, column)| {
            to_text(value, column.sql_type).map_or("-".to_owned(), |text| text.to_string())
        });
        cells.collect::<Vec<_>>().join("|")
    };
    outcome[index].iter().map(row).collect()
}

/// The values of column `v` of [`one_column`].
fn values(each: &str, value: &str, document: &str) -> Vec<String> {
    let contract = one_column(each, value);
    let outcome = shred(&contract, document);
    let rows = rows_of(&contract, &outcome, "t");
    rows.iter().map(|row| row.strip_prefix("7|").expect("the id").to_owned()).collect()
}
