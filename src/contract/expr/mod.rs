//! The expression language: text to tokens to a tree with spans, checked and printed again.

pub mod ast;
pub mod check;
pub mod kind;
pub(crate) mod lexer;
pub mod mistake;
mod names;
pub mod parser;
pub mod print;
mod walk;
