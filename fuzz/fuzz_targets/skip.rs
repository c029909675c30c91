//! Any text as a document of which nothing is read, held against quick-xml.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| checks::skip::check(text));
