//! Any document, mapped to CSV and JSON, and read back.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::output::check(text));
