//! Any documents to draft a contract from.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::drafting::documents(text));
