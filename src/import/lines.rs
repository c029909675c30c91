//! Expressions and lists on lines that are not too long.

use crate::contract::expr::ast::{BinaryOp, Expr, ExprKind};
use crate::contract::expr::parser::{parse, Names};

/// Lines are broken where they grow longer than this.
pub(super) const WIDTH: usize = 100;

/// An expression without needless parentheses: on one line of this width, or on several.
pub(super) fn expression(sql: &str, names: Names<'_>, width: usize) -> Vec<String> {
    let parsed = parse(sql, names);
    if !parsed.mistakes.is_empty() {
        return vec![sql.to_owned()];
    }
    let one_line = parsed.tree.to_string();
    match one_line.chars().count() <= width {
        true => vec![one_line],
        false => broken(&parsed.tree),
    }
}

/// A CASE or a chain of conditions on several lines; anything else on one.
fn broken(expr: &Expr) -> Vec<String> {
    match &expr.kind {
        ExprKind::Case { operand, whens, otherwise } => {
            let operand = operand.as_ref().map_or(String::new(), |e| format!(" {e}"));
            let mut lines = vec![format!("CASE{operand}")];
            for (when, then) in whens {
                lines.extend(branch(when, then));
            }
            if let Some(otherwise) = otherwise {
                lines.extend(nested("  ELSE", otherwise));
            }
            lines.push("END".to_owned());
            lines
        }
        ExprKind::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => {
            let mut parts = Vec::new();
            operands(expr, *op, &mut parts);
            let words = parts.iter().enumerate().map(|(number, part)| match number {
                0 => beside(part, *op),
                _ => format!("{} {}", op.symbol(), beside(part, *op)),
            });
            filled(words, WIDTH - 4)
        }
        ExprKind::Call { function, arguments } if arguments.iter().any(is_case) => {
            let mut lines = vec![format!("{}(", function.name())];
            for (number, argument) in arguments.iter().enumerate() {
                let comma = if number + 1 < arguments.len() { "," } else { "" };
                let argument = broken(argument).join("\n") + comma;
                lines.extend(argument.lines().map(|line| format!("  {line}")));
            }
            lines.push(")".to_owned());
            lines
        }
        _ => vec![expr.to_string()],
    }
}

fn is_case(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Case { .. })
}

/// `WHEN … THEN …`: on one line, or with its conditions below each other.
fn branch(when: &Expr, then: &Expr) -> Vec<String> {
    let one_line = format!("  WHEN {when} THEN");
    if one_line.chars().count() + then.to_string().chars().count() <= WIDTH {
        return nested(&one_line, then);
    }
    let conditions = broken(when);
    let [first, rest @ ..] = conditions.as_slice() else { return nested(&one_line, then) };
    let mut lines = vec![format!("  WHEN {first}")];
    lines.extend(rest.iter().map(|line| format!("    {line}")));
    lines.extend(nested("    THEN", then));
    lines
}

/// A CASE inside another begins on the line of its WHEN only when that stays short.
fn nested(before: &str, expr: &Expr) -> Vec<String> {
    let one_line = format!("{before} {expr}");
    if one_line.chars().count() <= WIDTH || !is_case(expr) {
        return vec![one_line];
    }
    let inner = broken(expr).into_iter().map(|line| format!("    {line}"));
    std::iter::once(before.to_owned()).chain(inner).collect()
}

/// The operands of a chain of one operator.
fn operands<'e>(expr: &'e Expr, wanted: BinaryOp, parts: &mut Vec<&'e Expr>) {
    match &expr.kind {
        ExprKind::Binary { op, left, right } if *op == wanted => {
            operands(left, wanted, parts);
            parts.push(right);
        }
        _ => parts.push(expr),
    }
}

/// An operand, in parentheses where the other operator binds less tightly.
fn beside(expr: &Expr, op: BinaryOp) -> String {
    match &expr.kind {
        ExprKind::Binary { op: BinaryOp::Or, .. } => format!("({expr})"),
        ExprKind::Binary { op: BinaryOp::And, .. } if op == BinaryOp::And => format!("({expr})"),
        _ => expr.to_string(),
    }
}

/// Words in lines of at most so many characters.
pub(super) fn filled(words: impl Iterator<Item = impl AsRef<str>>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        let word = word.as_ref();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
