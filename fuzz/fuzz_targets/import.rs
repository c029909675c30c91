//! Any text as a JSON contract of the earlier system.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::import::check(text));
