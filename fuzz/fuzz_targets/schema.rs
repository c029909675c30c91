//! Any text as an XML Schema.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::drafting::schema(text));
