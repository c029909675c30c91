//! Any bytes as a document.

use std::sync::{Arc, OnceLock};

use xmlshred::contract::Contract;
use xmlshred::document::DocumentEncoding;

use super::{contract, outcome_of};

/// A document never makes the shredder panic, in whichever encoding its bytes are read. The first byte
/// chooses how they are read.
pub fn check(data: &[u8]) {
    static CONTRACT: OnceLock<Arc<Contract>> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| contract(include_str!("../contract.toml")));
    let Some((choice, bytes)) = data.split_first() else { return };
    let encoding = match choice % 3 {
        0 => DocumentEncoding::Detect,
        1 => DocumentEncoding::Utf8,
        _ => DocumentEncoding::Utf16Le,
    };
    let outcome = outcome_of(contract, bytes, encoding);
    // A row that is not as wide as its table would be written into the wrong columns.
    for (rows, target) in outcome.iter().flatten().zip(&contract.targets) {
        assert!(rows.width == 0 || rows.width == target.columns.len());
        assert_eq!(rows.values.len() % rows.width.max(1), 0);
    }
}
