//! What must hold for any input. The fuzz targets call these with random input, and
//! `tests/replays/` with inputs that broke one of them or reach what others do not.

pub mod drafting;
pub mod expression;
pub mod import;
pub mod output;
pub mod paths;
#[cfg(feature = "sqlserver")]
pub mod settings;
pub mod shred;
pub mod skip;

use std::sync::Arc;

use chrono::DateTime;
use xmlshred::contract::Contract;
use xmlshred::document::{Document, DocumentEncoding};
use xmlshred::id::AppId;
use xmlshred::outcome::Outcome;
use xmlshred::shred::{Limits, Shredder};

/// No text makes the reader of contracts panic, and it explains what it refuses.
pub fn readable(text: &str) {
    match Contract::parse(text, "fuzz.toml") {
        Ok((_, warnings)) => assert_eq!(warnings.errors(), 0),
        // A mistake is shown with the text around it, also when that is binary.
        Err(mistakes) => {
            assert!(mistakes.errors() > 0, "refused without a reason");
            let shown = mistakes.to_string();
            assert!(!shown.is_empty());
            let raw = |c: char| c.is_control() && c != '\n';
            assert!(!shown.contains(raw), "a control character is shown: {shown:?}");
        }
    }
}

fn contract(text: &str) -> Arc<Contract> {
    let parsed = Contract::parse(text, "fuzz.toml");
    Arc::new(parsed.unwrap_or_else(|mistakes| panic!("{mistakes}")).0)
}

fn outcome_of(contract: &Arc<Contract>, bytes: &[u8], encoding: DocumentEncoding) -> Outcome {
    let limits = Limits { depth: 64, rows: 10_000, ..Limits::default() };
    let document = Document { bytes: bytes.to_vec(), encoding };
    Shredder::new(contract.clone(), limits).shred(AppId(1), DateTime::UNIX_EPOCH, Some(&document))
}
