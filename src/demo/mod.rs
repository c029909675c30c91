//! The demonstration: made-up applications, several workers, one of them killed.

pub mod generate;
