//! Any bytes as a document, in each of the three encodings a store may name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::shred::check(data));
