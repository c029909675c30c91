//! Tokens to a tree: SQL's precedence, XPath's locations.
//!
//! The parser never gives up at a mistake. It reports it, puts NULL where an expression is
//! missing, and goes on, so that several mistakes in one expression are found at once.

mod case;
mod path;

use super::ast::{BinaryOp, Expr, ExprKind, Function, Path, Span};
use super::function::foreign_function;
use super::keyword::is_keyword;
use super::lexer::{tokenize, Token, TokenKind};
use super::mistake::Mistake;
use crate::diagnostic::spelling;
use crate::value::functions::DatePart;
use crate::value::SqlType;

/// What a bare name means.
#[derive(Debug, Clone, Copy)]
pub enum Names<'a> {
    /// The beginning of a path.
    Paths,
    /// One of these columns, ignoring case; paths are mistakes. `[a name]` quotes a column's name.
    Columns(&'a [String]),
}

/// What came of parsing: a tree, and what was wrong. With an error among the mistakes, NULL
/// stands in the tree where something could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed<T> {
    /// The tree.
    pub tree: T,
    /// What was wrong, in the order of its discovery.
    pub mistakes: Vec<Mistake>,
}

/// Parses a whole expression.
pub fn parse(text: &str, names: Names<'_>) -> Parsed<Expr> {
    parse_at(text, 0, names)
}

/// Parses a whole expression whose spans count from `base`, so that the spans of all expressions
/// of a contract can be told apart.
pub(crate) fn parse_at(text: &str, base: u32, names: Names<'_>) -> Parsed<Expr> {
    let mut parser = Parser::new(text, base, names);
    if parser.peek() == &TokenKind::End {
        let hint = "for example `@name`, `'text'` or `NULL`";
        parser.fail(Mistake::error(parser.span(), "an expression is missing").hint(hint));
    }
    let tree = parser.expression();
    parser.expect_end();
    Parsed { tree: tree.expr, mistakes: parser.mistakes }
}

/// Parses a path that stands alone, as in `each`, with spans that count from `base`. None when the
/// text is something else.
pub(crate) fn parse_path_at(text: &str, base: u32) -> Parsed<Option<Path>> {
    let mut parser = Parser::new(text, base, Names::Paths);
    let path = parser.lone_path();
    if path.is_some() {
        parser.expect_end();
    }
    Parsed { tree: path, mistakes: parser.mistakes }
}

/// Parentheses, NOT, arguments and the like within each other.
const DEEPEST_NESTING: u32 = 64;
/// Levels of the tree, so that whoever walks it needs little stack.
const DEEPEST_TREE: u32 = 256;

/// An expression and the number of levels below it.
struct Node {
    expr: Expr,
    height: u32,
}

struct Parser<'a> {
    text: &'a str,
    base: u32,
    names: Names<'a>,
    tokens: Vec<Token>,
    at: usize,
    nesting: u32,
    mistakes: Vec<Mistake>,
    /// The token at which the last mistake was reported: one mistake per token is enough.
    failed_at: Option<usize>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, base: u32, names: Names<'a>) -> Self {
        let (tokens, mistakes) = tokenize(text, base, matches!(names, Names::Columns(_)));
        Self { text, base, names, tokens, at: 0, nesting: 0, mistakes, failed_at: None }
    }

    fn token(&self) -> &Token {
        &self.tokens[self.at]
    }

    fn peek(&self) -> &TokenKind {
        &self.token().kind
    }

    fn peek_at(&self, ahead: usize) -> &TokenKind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)].kind
    }

    fn span(&self) -> Span {
        self.token().span
    }

    /// The end of the token before this one.
    fn last_end(&self) -> u32 {
        self.at.checked_sub(1).map_or(self.base, |last| self.tokens[last].span.end)
    }

    fn since(&self, start: u32) -> Span {
        Span { start, end: self.last_end().max(start) }
    }

    /// Whether no blank stands before the token `ahead`.
    fn touches(&self, ahead: usize) -> bool {
        let at = (self.at + ahead).min(self.tokens.len() - 1);
        at > 0 && self.tokens[at - 1].span.end == self.tokens[at].span.start
    }

    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn accept(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.advance();
        }
        found
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), TokenKind::Name(name) if name.eq_ignore_ascii_case(word))
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        if found {
            self.advance();
        }
        found
    }

    fn slice(&self, span: Span) -> &'a str {
        &self.text[(span.start - self.base) as usize..(span.end - self.base) as usize]
    }

    /// The token as the author wrote it.
    fn found(&self) -> String {
        match self.peek() {
            TokenKind::End => "the end".to_owned(),
            _ => format!("`{}`", self.slice(self.span())),
        }
    }

    /// Reports a mistake, unless one is already reported at this token.
    fn fail(&mut self, mistake: Mistake) {
        let already = self.failed_at == Some(self.at) || self.peek() == &TokenKind::Bad;
        self.failed_at = Some(self.at);
        if !already {
            self.mistakes.push(mistake);
        }
    }

    fn expect(&mut self, kind: &TokenKind, what: &str) {
        if self.accept(kind) {
            return;
        }
        let message = format!("expected {what}, found {}", self.found());
        let hint = self.operator_hint();
        self.fail(Mistake::error(self.span(), message).maybe_hint(hint));
    }

    fn expect_end(&mut self) {
        if self.peek() == &TokenKind::End {
            return;
        }
        let message = format!("expected an operator or the end, found {}", self.found());
        let hint = self.operator_hint();
        self.fail(Mistake::error(self.span(), message).maybe_hint(hint));
    }

    /// Why an operator may be missing before this token.
    fn operator_hint(&self) -> Option<String> {
        let minus = self.at > 0
            && matches!(&self.tokens[self.at - 1].kind, TokenKind::Name(name) if name.ends_with('-'));
        match self.peek() {
            _ if minus => {
                Some("`-` is part of the name before it: put a blank between them".into())
            }
            TokenKind::Slash | TokenKind::DoubleSlash => Some(BLANKS_DIVIDE.into()),
            TokenKind::Text(_) => {
                Some("text is joined with `||`; a quote inside text is doubled: `'it''s'`".into())
            }
            TokenKind::LeftBracket => Some(
                "a predicate stands after a name: `name[…]`; of all that a path finds, \
                 `FIRST(path)` and `LAST(path)` choose"
                    .into(),
            ),
            _ => None,
        }
    }

    fn node(&mut self, kind: ExprKind, start: u32, height: u32) -> Node {
        let span = self.since(start);
        if height > DEEPEST_TREE {
            self.too_deep(span);
            return Node { expr: Expr { kind: ExprKind::Null, span }, height: 0 };
        }
        Node { expr: Expr { kind, span }, height }
    }

    fn too_deep(&mut self, span: Span) {
        let hint =
            "split it: `IN (…)`, `CONCAT(…)` and `CASE` take any number of parts side by side";
        self.fail(Mistake::error(span, "this expression is nested too deeply").hint(hint));
        self.at = self.tokens.len() - 1;
        self.failed_at = Some(self.at);
    }

    fn leaf(&mut self, kind: ExprKind, start: u32) -> Node {
        self.node(kind, start, 1)
    }

    /// Stands in for what could not be read.
    fn nothing(&mut self) -> Node {
        let start = self.span().start;
        Node { expr: Expr { kind: ExprKind::Null, span: Span { start, end: start } }, height: 1 }
    }

    /// Runs `inner` one level deeper.
    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Node) -> Node {
        if self.nesting == DEEPEST_NESTING {
            self.too_deep(self.span());
            return self.nothing();
        }
        self.nesting += 1;
        let node = inner(self);
        self.nesting -= 1;
        node
    }

    fn expression(&mut self) -> Node {
        self.nested(Self::or)
    }

    fn or(&mut self) -> Node {
        self.chain(Self::and, |p| p.accept_word("OR").then_some(BinaryOp::Or))
    }

    fn and(&mut self) -> Node {
        self.chain(Self::not, |p| p.accept_word("AND").then_some(BinaryOp::And))
    }

    /// Left-associative operators of one precedence.
    fn chain(
        &mut self,
        operand: impl Fn(&mut Self) -> Node,
        operator: impl Fn(&mut Self) -> Option<BinaryOp>,
    ) -> Node {
        let start = self.span().start;
        let mut left = operand(self);
        while let Some(op) = operator(self) {
            let right = operand(self);
            left = self.binary(op, left, right, start);
        }
        left
    }

    fn binary(&mut self, op: BinaryOp, left: Node, right: Node, start: u32) -> Node {
        let height = left.height.max(right.height) + 1;
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        self.node(ExprKind::Binary { op, left, right }, start, height)
    }

    fn not(&mut self) -> Node {
        let start = self.span().start;
        if !self.accept_word("NOT") {
            return self.predicate();
        }
        let operand = self.nested(Self::not);
        self.node(ExprKind::Not(Box::new(operand.expr)), start, operand.height + 1)
    }

    fn predicate(&mut self) -> Node {
        let start = self.span().start;
        let operand = self.additive();
        if !self.at_predicate() {
            return operand;
        }
        let mut node = self.predicate_of(operand, start);
        while self.at_predicate() {
            let message = format!("a comparison cannot go on with {}", self.found());
            let hint = "join comparisons with `AND`, or put one into parentheses";
            self.fail(Mistake::error(self.span(), message).hint(hint));
            node = self.predicate_of(node, start);
        }
        node
    }

    /// Whether a comparison, IS, IN, LIKE or BETWEEN follows.
    fn at_predicate(&self) -> bool {
        let ahead = usize::from(self.is_word(0, "NOT"));
        let words = ["IN", "LIKE", "BETWEEN"];
        words.iter().any(|word| self.is_word(ahead, word))
            || self.is_word(0, "IS")
            || comparison(self.peek()).is_some()
    }

    fn predicate_of(&mut self, operand: Node, start: u32) -> Node {
        if let Some(op) = comparison(self.peek()) {
            self.advance();
            let right = self.additive();
            return self.binary(op, operand, right, start);
        }
        if self.accept_word("IS") {
            return self.is(operand, start);
        }
        let negated = self.accept_word("NOT");
        if self.accept_word("IN") {
            return self.in_list(operand, negated, start);
        }
        if self.accept_word("LIKE") {
            let pattern = self.additive();
            self.no_escape();
            let height = operand.height.max(pattern.height) + 1;
            let (operand, pattern) = (Box::new(operand.expr), Box::new(pattern.expr));
            return self.node(ExprKind::Like { operand, pattern, negated }, start, height);
        }
        self.advance();
        self.between(operand, negated, start)
    }

    /// `LIKE … ESCAPE …` of other dialects: said once, and skipped.
    fn no_escape(&mut self) {
        if self.is_word(0, "ESCAPE") {
            let hint = "write the character in brackets, such as `[_]`";
            let mistake = Mistake::error(self.span(), "`LIKE` has no ESCAPE here").hint(hint);
            self.fail(mistake);
            self.advance();
            self.additive();
        }
    }

    fn is(&mut self, operand: Node, start: u32) -> Node {
        let negated = self.accept_word("NOT");
        let height = operand.height + 1;
        let operand = Box::new(operand.expr);
        if self.accept_word("NULL") {
            return self.node(ExprKind::IsNull { operand, negated }, start, height);
        }
        if !self.accept_word("EMPTY") {
            let message = format!("expected `NULL` or `EMPTY`, found {}", self.found());
            let hint = "`IS` tests for `NULL` and `EMPTY` only; compare with `=`";
            self.fail(Mistake::error(self.span(), message).hint(hint));
            if matches!(self.peek(), TokenKind::Text(_) | TokenKind::Integer(_) | TokenKind::At) {
                self.additive();
            }
        }
        self.node(ExprKind::IsEmpty { operand, negated }, start, height)
    }

    fn in_list(&mut self, operand: Node, negated: bool, start: u32) -> Node {
        let (list, height) = match self.accept(&TokenKind::LeftParen) {
            true => self.list(),
            false => self.bare_list(),
        };
        let height = height.max(operand.height) + 1;
        let operand = Box::new(operand.expr);
        self.node(ExprKind::In { operand, list, negated }, start, height)
    }

    /// What stands after `IN` without parentheses.
    fn bare_list(&mut self) -> (Vec<Expr>, u32) {
        let message = format!("expected `(` and a list after `IN`, found {}", self.found());
        self.fail(Mistake::error(self.span(), message).hint("write `x IN ('a', 'b')`"));
        let mut list = Vec::new();
        loop {
            list.push(self.additive().expr);
            if !self.accept(&TokenKind::Comma) {
                return (list, 0);
            }
        }
    }

    fn between(&mut self, operand: Node, negated: bool, start: u32) -> Node {
        let low = self.additive();
        if !self.accept_word("AND") {
            let message = format!("expected `AND` and the upper bound, found {}", self.found());
            let hint = "a range is written `BETWEEN low AND high`";
            self.fail(Mistake::error(self.span(), message).hint(hint));
            self.accept_word("OR");
        }
        let high = self.additive();
        let height = operand.height.max(low.height).max(high.height) + 1;
        let operand = Box::new(operand.expr);
        let (low, high) = (Box::new(low.expr), Box::new(high.expr));
        self.node(ExprKind::Between { operand, low, high, negated }, start, height)
    }

    fn additive(&mut self) -> Node {
        self.chain(Self::multiplicative, |p| {
            let op = match p.peek() {
                TokenKind::Plus => BinaryOp::Add,
                TokenKind::Minus => BinaryOp::Subtract,
                TokenKind::Concat => BinaryOp::Concat,
                _ => return None,
            };
            p.advance();
            Some(op)
        })
    }

    fn multiplicative(&mut self) -> Node {
        self.chain(Self::unary, |p| {
            let op = match p.peek() {
                TokenKind::Star => BinaryOp::Multiply,
                TokenKind::Percent => BinaryOp::Modulo,
                TokenKind::Slash => {
                    p.check_division();
                    BinaryOp::Divide
                }
                _ => return None,
            };
            p.advance();
            Some(op)
        })
    }

    /// `/` divides only with a blank on both sides.
    fn check_division(&mut self) {
        if self.touches(0) || self.touches(1) {
            let message = "`/` without a blank on both sides is part of a path";
            self.fail(Mistake::error(self.span(), message).hint(BLANKS_DIVIDE));
        }
    }

    fn unary(&mut self) -> Node {
        let start = self.span().start;
        if self.accept(&TokenKind::Plus) {
            return self.nested(Self::unary);
        }
        if !self.accept(&TokenKind::Minus) {
            return self.primary();
        }
        let operand = self.nested(Self::unary);
        self.node(ExprKind::Negate(Box::new(operand.expr)), start, operand.height + 1)
    }

    fn primary(&mut self) -> Node {
        let start = self.span().start;
        match self.peek().clone() {
            TokenKind::Text(text) => {
                self.advance();
                self.leaf(ExprKind::Text(text), start)
            }
            TokenKind::Integer(integer) => {
                self.advance();
                self.leaf(ExprKind::Integer(integer), start)
            }
            TokenKind::Decimal(decimal) => {
                self.advance();
                self.leaf(ExprKind::Decimal(decimal), start)
            }
            TokenKind::LeftParen => {
                self.advance();
                let inner = self.expression();
                self.expect(&TokenKind::RightParen, "`)`");
                let span = self.since(start);
                Node { expr: Expr { kind: inner.expr.kind, span }, height: inner.height }
            }
            TokenKind::Name(name) => self.word(&name),
            TokenKind::QuotedName(name) => {
                self.advance();
                self.column(&name, start)
            }
            TokenKind::At
            | TokenKind::Dot
            | TokenKind::DotDot
            | TokenKind::Slash
            | TokenKind::DoubleSlash => self.path_expression(),
            TokenKind::Bad => {
                self.advance();
                self.failed_at = Some(self.at);
                self.nothing()
            }
            _ => self.missing(),
        }
    }

    /// No expression begins here.
    fn missing(&mut self) -> Node {
        let message = match self.peek() {
            TokenKind::End => "an expression is missing at the end".to_owned(),
            _ => format!("an expression is missing before {}", self.found()),
        };
        let hint = match self.peek() {
            TokenKind::Name(name) if is_keyword(name) => match name.to_ascii_uppercase().as_str() {
                "NOT" => Some("put `NOT …` into parentheses".to_owned()),
                "TRUE" | "FALSE" => Some(
                    "there are no truth values: compare with `1`, `0` or text such as `'true'`"
                        .to_owned(),
                ),
                _ => self.element_hint(name),
            },
            TokenKind::LeftBracket => Some("a predicate stands after a name: `name[…]`".to_owned()),
            TokenKind::Star => {
                Some("count elements by their path, such as `COUNT(contact)`".to_owned())
            }
            _ => None,
        };
        self.fail(Mistake::error(self.span(), message).maybe_hint(hint));
        if matches!(self.peek(), TokenKind::LeftBracket | TokenKind::RightBracket | TokenKind::Star)
        {
            self.advance();
        }
        if self.is_word(0, "TRUE") || self.is_word(0, "FALSE") {
            self.advance();
        }
        self.nothing()
    }

    /// How an element or a column that is named like a keyword is written.
    fn element_hint(&self, name: &str) -> Option<String> {
        Some(match self.names {
            Names::Paths => format!("an element of that name is written `./{name}`"),
            Names::Columns(_) => format!("a column of that name is written `[{name}]`"),
        })
    }

    /// What a name at the beginning of an operand is.
    fn word(&mut self, name: &str) -> Node {
        let start = self.span().start;
        let called = self.peek_at(1) == &TokenKind::LeftParen;
        match name.to_ascii_uppercase().as_str() {
            "CAST" if called => return self.cast(false),
            "TRY_CAST" if called => return self.cast(true),
            "CASE" => return self.nested(Self::case),
            "NULL" => {
                self.advance();
                return self.leaf(ExprKind::Null, start);
            }
            _ if is_keyword(name) => return self.missing(),
            _ => {}
        }
        if called {
            return self.nested(|p| p.call(name));
        }
        if let Names::Columns(_) = self.names {
            self.advance();
            return self.column(name, start);
        }
        self.path_expression()
    }

    fn column(&mut self, name: &str, start: u32) -> Node {
        let span = self.since(start);
        let Names::Columns(columns) = self.names else { return self.nothing() };
        let known = columns.iter().find(|column| same_name(column, name));
        if let Some(column) = known {
            return self.leaf(ExprKind::Column(column.clone()), start);
        }
        let hint = match Function::from_name(name) {
            Some(function) => {
                Some(format!("a function is called with parentheses: `{}(…)`", function.name()))
            }
            None => spelling::suggestion(name, columns.iter().map(String::as_str)),
        };
        let message = format!("the table has no column `{name}`");
        self.mistakes.push(Mistake::error(span, message).maybe_hint(hint));
        self.nothing()
    }

    fn call(&mut self, name: &str) -> Node {
        let start = self.span().start;
        let name_span = self.span();
        self.advance();
        self.advance();
        let Some(function) = Function::from_name(name) else {
            let hint = foreign_function(name).map(|ours| format!("write it with `{ours}`"));
            let near = spelling::nearest(name, Function::names().chain(["CAST", "TRY_CAST"]));
            let hint = hint.or(near.map(|near| format!("did you mean `{near}`?")));
            let hint = hint.unwrap_or_else(|| "docs/contract.md lists the functions".into());
            let mistake = Mistake::error(name_span, format!("there is no function `{name}`"));
            self.mistakes.push(mistake.hint(hint));
            if !self.accept(&TokenKind::RightParen) {
                self.list();
            }
            return self.nothing();
        };
        let (arguments, height) = self.arguments(function);
        self.node(ExprKind::Call { function, arguments }, start, height + 1)
    }

    fn arguments(&mut self, function: Function) -> (Vec<Expr>, u32) {
        if self.accept(&TokenKind::RightParen) {
            return (Vec::new(), 0);
        }
        if !matches!(function, Function::DateAdd | Function::DateDiff) {
            return self.list();
        }
        let mut arguments = vec![self.date_part()];
        let mut height = 1;
        if self.accept(&TokenKind::Comma) {
            let (rest, rest_height) = self.list();
            arguments.extend(rest);
            height = rest_height;
        } else {
            self.expect(&TokenKind::RightParen, "`,`");
        }
        (arguments, height)
    }

    fn date_part(&mut self) -> Expr {
        let span = self.span();
        let (name, hint) = match self.peek().clone() {
            TokenKind::Name(name) => (name, None),
            TokenKind::Text(name) => (name, Some("a part of a date is written without quotes")),
            _ => (String::new(), None),
        };
        let part = DatePart::from_name(&name);
        if let (Some(part), None) = (part, hint) {
            self.advance();
            return Expr { kind: ExprKind::DatePart(part), span };
        }
        let message = format!("expected a part of a date, found {}", self.found());
        let hint = match hint {
            Some(hint) if part.is_some() => Some(hint.to_owned()),
            _ => spelling::nearest(&name, DatePart::names())
                .map(|near| format!("did you mean `{near}`?"))
                .or(Some("one of `year`, `quarter`, `month`, `week`, `day`, `hour`, `minute`, `second`, `millisecond`".to_owned())),
        };
        self.fail(Mistake::error(span, message).maybe_hint(hint));
        if !matches!(self.peek(), TokenKind::Comma | TokenKind::RightParen | TokenKind::End) {
            self.expression();
        }
        Expr { kind: ExprKind::DatePart(part.unwrap_or(DatePart::Day)), span }
    }

    /// Expressions up to and with the closing parenthesis. Never empty.
    fn list(&mut self) -> (Vec<Expr>, u32) {
        let mut list = Vec::new();
        let mut height = 0;
        loop {
            let item = self.expression();
            height = height.max(item.height);
            list.push(item.expr);
            if !matches!(self.peek(), TokenKind::Comma | TokenKind::RightParen) {
                self.expect(&TokenKind::RightParen, "`,` or `)`");
                self.skip_to_separator();
            }
            if !self.accept(&TokenKind::Comma) {
                break;
            }
        }
        self.accept(&TokenKind::RightParen);
        (list, height)
    }

    /// Goes to the `,` or `)` that ends the argument in which something was wrong.
    fn skip_to_separator(&mut self) {
        let mut open = 0u32;
        loop {
            match self.peek() {
                TokenKind::End => return,
                TokenKind::Comma | TokenKind::RightParen if open == 0 => return,
                TokenKind::LeftParen => open += 1,
                TokenKind::RightParen => open -= 1,
                _ => {}
            }
            self.advance();
        }
    }

    /// `CAST(x AS type)`
    fn cast(&mut self, or_null: bool) -> Node {
        let start = self.span().start;
        self.advance();
        self.advance();
        let operand = self.expression();
        if !self.accept_word("AS") {
            let message = format!("expected `AS` and a type, found {}", self.found());
            let hint = "a conversion is written `CAST(x AS type)`";
            self.fail(Mistake::error(self.span(), message).hint(hint));
            self.skip_to_separator();
            self.accept(&TokenKind::Comma);
        }
        let sql_type = self.sql_type();
        self.expect(&TokenKind::RightParen, "`)`");
        let kind = ExprKind::Cast { operand: Box::new(operand.expr), sql_type, or_null };
        self.node(kind, start, operand.height + 1)
    }

    /// A type's name with its length, up to the parenthesis that closes the CAST.
    fn sql_type(&mut self) -> SqlType {
        let start = self.span().start;
        if !matches!(self.peek(), TokenKind::RightParen) {
            self.advance();
            if self.accept(&TokenKind::LeftParen) {
                self.skip_to_closing();
            }
        }
        let span = self.since(start);
        SqlType::parse_in_cast(self.slice(span)).unwrap_or_else(|error| {
            self.fail(Mistake::error(span, error.to_string()).hint(error.hint()));
            SqlType::NVarChar(None)
        })
    }

    fn skip_to_closing(&mut self) {
        while !matches!(self.peek(), TokenKind::RightParen | TokenKind::End) {
            self.advance();
        }
        self.accept(&TokenKind::RightParen);
    }
}

const BLANKS_DIVIDE: &str = "to divide, put a blank on both sides of `/`; a path has none";

fn comparison(kind: &TokenKind) -> Option<BinaryOp> {
    Some(match kind {
        TokenKind::Equal => BinaryOp::Equal,
        TokenKind::NotEqual => BinaryOp::NotEqual,
        TokenKind::Less => BinaryOp::Less,
        TokenKind::LessOrEqual => BinaryOp::LessOrEqual,
        TokenKind::Greater => BinaryOp::Greater,
        TokenKind::GreaterOrEqual => BinaryOp::GreaterOrEqual,
        _ => return None,
    })
}

/// Whether two column, table or lookup names are the same: case does not matter.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}
