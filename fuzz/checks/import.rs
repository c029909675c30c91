//! Any text as a JSON contract of the earlier system.

use xmlshred::contract::Contract;
use xmlshred::import::import;

/// No text makes the importer panic, and the TOML that it prints is a contract without mistakes.
pub fn check(text: &str) {
    match import(text, "fuzz.json", None) {
        Ok(imported) => {
            let _ = imported.report.to_string();
            if let Err(mistakes) = Contract::parse(&imported.toml, "fuzz.toml") {
                panic!("imported with mistakes:\n{mistakes}\n{}", imported.toml);
            }
        }
        Err(mistakes) => {
            assert!(mistakes.errors() > 0, "refused without a reason");
            assert!(!mistakes.to_string().is_empty());
        }
    }
}
