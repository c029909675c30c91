//! Any document and any paths, held against an evaluation that has the whole tree.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    checks::paths::check(data);
});
