//! Any text as the statistics of earlier runs.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::drafting::statistics(text));
