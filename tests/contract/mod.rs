//! The contract's front end: what it accepts, and what it says about what it does not.

use xmlshred::contract::Contract;

#[test]
fn the_examples_have_neither_errors_nor_warnings() {
    for name in ["credit-applications", "cldr"] {
        let path = format!("{}/examples/{name}/contract.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("the example is there");
        let (_, warnings) = Contract::parse(&text, &path).unwrap_or_else(|e| panic!("{e}"));
        assert!(warnings.is_empty(), "{warnings}");
    }
}
