//! Documents and questions that people have reported to makers of other tools, each with the contract
//! that answers it and the rows it must give. The numbers are those of the collection they come from.

mod aggregates;
mod lists;
mod names;
mod nested;
mod references;
mod text;
mod values;
mod wrapped;
mod xml;

use std::sync::Arc;

use chrono::DateTime;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::{Failure, Outcome};
use xmlshred::shred::{Limits, Shredder};
use xmlshred::value::to_text;

/// The contract and its warnings.
fn parsed(text: &str) -> (Arc<Contract>, String) {
    match Contract::parse(text, "contract.toml") {
        Ok((contract, warnings)) => (Arc::new(contract), warnings.to_string()),
        Err(mistakes) => panic!("{mistakes}"),
    }
}

/// A contract that is worth no warning.
fn contract(text: &str) -> Arc<Contract> {
    let (contract, warnings) = parsed(text);
    assert_eq!(warnings, "");
    contract
}

/// What is wrong with a contract.
fn mistakes(text: &str) -> String {
    match Contract::parse(text, "contract.toml") {
        Ok(_) => panic!("the contract has no mistakes"),
        Err(mistakes) => mistakes.to_string(),
    }
}

fn shred(contract: &Arc<Contract>, document: &str) -> Outcome {
    let document = Document { bytes: document.into(), encoding: DocumentEncoding::Utf8 };
    let mut shredder = Shredder::new(Arc::clone(contract), Limits::default());
    shredder.shred(AppId(7), DateTime::UNIX_EPOCH, Some(&document))
}

fn failure(contract: &Arc<Contract>, document: &str) -> Failure {
    *shred(contract, document).expect_err("the document fails")
}

/// The rows of a table without the application's id, which is the first column: `-` for null,
/// columns joined by `|`.
fn rows(contract: &Arc<Contract>, document: &str, table: &str) -> Vec<String> {
    let outcome = shred(contract, document).unwrap_or_else(|failure| panic!("{failure:?}"));
    let index = contract.targets.iter().position(|t| t.name == table).expect("a target");
    let columns = &contract.targets[index].columns;
    let row = |row: &[xmlshred::value::Value]| {
        let cells = row.iter().zip(columns).skip(1).map(|(value, column)| {
            to_text(value, column.sql_type).map_or("-".to_owned(), |text| text.to_string())
        });
        cells.collect::<Vec<_>>().join("|")
    };
    outcome[index].iter().map(row).collect()
}
