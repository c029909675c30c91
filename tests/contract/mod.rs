//! The contract's front end: what it accepts, and what it says about what it does not.

mod diagnostics;
mod expressions;
mod functions;
mod mutations;
mod places;
mod sizes;
#[cfg(feature = "embedded")]
mod sqlite;
mod whole;

use xmlshred::contract::Contract;
use xmlshred::diagnostic::Diagnostics;

/// A contract that has everything the language has, and no mistakes.
const COMPLETE: &str = include_str!("complete.toml");

/// The errors and warnings of a contract.
fn diagnostics(text: &str) -> Diagnostics {
    match Contract::parse(text, "contract.toml") {
        Ok((_, warnings)) => warnings,
        Err(mistakes) => mistakes,
    }
}

/// The rendered errors and warnings of a contract.
fn said(text: &str) -> String {
    diagnostics(text).to_string()
}

/// A contract with one table and one lookup, in which `body` goes on with the columns.
fn with_columns(body: &str) -> String {
    format!("{HEAD}{body}")
}

const HEAD: &str = r#"[contract]
name = "test"
[document]
root = "r"
[lookups.colour]
values = { red = 1, green = 2 }
[[tables]]
name = "t"
each = "/r/row"
app_column = "id"
[tables.columns]
id = { type = "int", value = "APP_ID()" }
colour = { type = "tinyint", value = "LOOKUP('colour', @colour)" }
"#;
