//! The two examples: their documents, and what their contracts make of them.

use std::sync::Arc;

use xmlshred::contract::Contract;
use xmlshred::shred::{Limits, Shredder};

mod cldr;
mod credit_applications;
mod generate;

/// A shredder for an example's contract.
fn shredder(example: &str) -> Shredder {
    let file = format!("{}/examples/{example}/contract.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).expect("a readable contract");
    let (contract, _) =
        Contract::parse(&text, &file).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    Shredder::new(Arc::new(contract), Limits::default())
}
