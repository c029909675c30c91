//! Any text as an expression of a contract.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::expression::check(text));
