//! Any text as settings and as a connection string.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::settings::check(data));
