//! The expression language: text to tokens to a tree with spans.

pub mod ast;
