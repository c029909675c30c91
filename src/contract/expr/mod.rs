//! The expression language: text to tokens to a tree with spans, checked and printed again.

pub mod ast;
pub mod check;
pub mod fails;
pub mod function;
pub(crate) mod keyword;
pub mod kind;
pub(crate) mod lexer;
pub mod mistake;
pub mod parser;
pub mod print;
mod walk;
mod within;
