//! Any text as a contract.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::readable(text));
