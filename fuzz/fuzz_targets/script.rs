//! Any text as a script with CREATE TABLE statements.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::drafting::script(text));
