//! Tokens to a tree: SQL's precedence, XPath's locations.
//!
//! The parser never gives up at a mistake. It reports it, puts NULL where an expression is
//! missing, and continues, so that several mistakes in one expression are found at once.

mod call;
mod case;
mod cursor;
mod operand;
mod operator;
mod path;

use self::cursor::Parser;
pub use self::cursor::{Names, Parsed};
use super::ast::{Expr, Path};
use super::lexer::TokenKind;

/// Parses a whole expression.
pub fn parse(text: &str, names: Names<'_>) -> Parsed<Expr> {
    parse_at(text, 0, names)
}

/// Parses a whole expression whose spans count from `base`, so that no two expressions
/// of a contract share one.
pub(crate) fn parse_at(text: &str, base: u32, names: Names<'_>) -> Parsed<Expr> {
    let mut parser = Parser::new(text, base, names);
    if parser.peek() == &TokenKind::End {
        parser.fail_here("missing expression", "for example `@name`, `'text'` or `NULL`");
    }
    let tree = parser.expression();
    parser.expect_end();
    Parsed { tree: tree.expr, mistakes: parser.mistakes }
}

/// Parses a path without an expression, as in `each`, with spans that count from `base`. None when the
/// text is something else.
pub(crate) fn parse_path_at(text: &str, base: u32) -> Parsed<Option<Path>> {
    let mut parser = Parser::new(text, base, Names::Paths);
    let path = parser.single_path();
    if path.is_some() {
        parser.expect_end();
    }
    Parsed { tree: path, mistakes: parser.mistakes }
}
