//! The parser's way through the tokens, and what it reports on it.

use crate::contract::expr::ast::{Expr, ExprKind, Span};
use crate::contract::expr::lexer::{tokenize, Token, TokenKind};
use crate::contract::expr::mistake::Mistake;

/// What a bare name means.
#[derive(Debug, Clone, Copy)]
pub enum Names<'a> {
    /// The beginning of a path.
    Paths,
    /// One of these columns, ignoring case; paths are mistakes. `[a name]` quotes a column's name.
    Columns(&'a [String]),
}

/// A parsed tree, and what was wrong. With an error among the mistakes, NULL is in the tree where
/// something could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<T> {
    /// The tree.
    pub tree: T,
    /// What was wrong, in the order of its discovery.
    pub mistakes: Vec<Mistake>,
}

/// Parentheses, NOT, arguments and the like within each other.
const DEEPEST_NESTING: u32 = 64;
/// Levels of the tree, so that walking it needs little stack.
const DEEPEST_TREE: u32 = 256;

/// An expression and the number of levels below it.
pub(super) struct Node {
    pub(super) expr: Expr,
    pub(super) height: u32,
}

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) base: u32,
    pub(super) names: Names<'a>,
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) nesting: u32,
    pub(super) mistakes: Vec<Mistake>,
    /// The token at which the last mistake was reported: one mistake per token is enough.
    pub(super) failed_at: Option<usize>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, base: u32, names: Names<'a>) -> Self {
        let (tokens, mistakes) = tokenize(text, base, matches!(names, Names::Columns(_)));
        Self { text, base, names, tokens, at: 0, nesting: 0, mistakes, failed_at: None }
    }

    pub(super) fn token(&self) -> &Token {
        &self.tokens[self.at]
    }

    pub(super) fn peek(&self) -> &TokenKind {
        &self.token().kind
    }

    pub(super) fn peek_at(&self, ahead: usize) -> &TokenKind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)].kind
    }

    pub(super) fn span(&self) -> Span {
        self.token().span
    }

    /// The end of the token before this one.
    pub(super) fn last_end(&self) -> u32 {
        self.at.checked_sub(1).map_or(self.base, |last| self.tokens[last].span.end)
    }

    pub(super) fn since(&self, start: u32) -> Span {
        Span { start, end: self.last_end().max(start) }
    }

    /// Whether there is no blank before the token `ahead`.
    pub(super) fn touches(&self, ahead: usize) -> bool {
        let at = (self.at + ahead).min(self.tokens.len() - 1);
        at > 0 && self.tokens[at - 1].span.end == self.tokens[at].span.start
    }

    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub(super) fn accept(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), TokenKind::Name(name) if name.eq_ignore_ascii_case(word))
    }

    pub(super) fn accept_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn slice(&self, span: Span) -> &'a str {
        &self.text[(span.start - self.base) as usize..(span.end - self.base) as usize]
    }

    /// The token as the author wrote it.
    pub(super) fn found(&self) -> String {
        match self.peek() {
            TokenKind::End => "the end".to_owned(),
            _ => format!("`{}`", self.slice(self.span())),
        }
    }

    /// Reports a mistake, unless one is already reported at this token.
    pub(super) fn fail(&mut self, mistake: Mistake) {
        let already = self.failed_at == Some(self.at) || self.peek() == &TokenKind::Bad;
        self.failed_at = Some(self.at);
        if !already {
            self.mistakes.push(mistake);
        }
    }

    /// Reports a mistake at this token.
    pub(super) fn fail_here(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        self.fail(Mistake::error(self.span(), message).hint(hint));
    }

    /// Reports that this token is not what is expected.
    pub(super) fn unexpected(&mut self, expected: &str, hint: Option<String>) {
        let message = format!("expected {expected}, found {}", self.found());
        self.fail(Mistake::error(self.span(), message).maybe_hint(hint));
    }

    pub(super) fn expect(&mut self, kind: &TokenKind, what: &str) {
        if !self.accept(kind) {
            self.unexpected(what, self.operator_hint());
        }
    }

    pub(super) fn expect_end(&mut self) {
        if self.peek() != &TokenKind::End {
            self.unexpected("an operator or the end", self.operator_hint());
        }
    }

    /// Why an operator may be missing before this token.
    pub(super) fn operator_hint(&self) -> Option<String> {
        let minus = self.at > 0
            && matches!(&self.tokens[self.at - 1].kind, TokenKind::Name(name) if name.ends_with('-'));
        let hint = match self.peek() {
            _ if minus => "`-` is part of the name before it: put a blank between them",
            TokenKind::Slash | TokenKind::DoubleSlash => BLANKS_DIVIDE,
            TokenKind::Text(_) => {
                "join text with `||`; double a quote inside text: `'it''s'`"
            }
            TokenKind::LeftBracket => {
                "put a predicate after a name: `name[…]`; `FIRST(path)` and `LAST(path)` choose one \
                 of several nodes"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }

    pub(super) fn node(&mut self, kind: ExprKind, start: u32, height: u32) -> Node {
        let span = self.since(start);
        if height > DEEPEST_TREE {
            self.too_deep(span);
            return Node { expr: Expr { kind: ExprKind::Null, span }, height: 0 };
        }
        Node { expr: Expr { kind, span }, height }
    }

    pub(super) fn too_deep(&mut self, span: Span) {
        let hint =
            "split it: `IN (…)`, `CONCAT(…)` and `CASE` take any number of parts side by side";
        self.fail(Mistake::error(span, "this expression is nested too deeply").hint(hint));
        self.at = self.tokens.len() - 1;
        self.failed_at = Some(self.at);
    }

    pub(super) fn leaf(&mut self, kind: ExprKind, start: u32) -> Node {
        self.node(kind, start, 1)
    }

    /// In the place of what could not be read.
    pub(super) fn nothing(&mut self) -> Node {
        let start = self.span().start;
        Node { expr: Expr { kind: ExprKind::Null, span: Span { start, end: start } }, height: 1 }
    }

    /// Runs `inner` one level deeper.
    pub(super) fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Node) -> Node {
        if self.nesting == DEEPEST_NESTING {
            self.too_deep(self.span());
            return self.nothing();
        }
        self.nesting += 1;
        let node = inner(self);
        self.nesting -= 1;
        node
    }
}

pub(super) const BLANKS_DIVIDE: &str =
    "to divide, put a blank on both sides of `/`; a path has none";
