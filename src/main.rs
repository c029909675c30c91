//! The `xmlshred` executable.

fn main() {}
