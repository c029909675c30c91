//! Functions in words. A new one does not compile before it has some.

use super::phrases::{listed, literal, one_of, Of, Words};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Path, Read};

impl Words {
    pub(super) fn call(self, function: Function, arguments: &[Expr]) -> String {
        let part = |at: usize| arguments.get(at).map_or_else(String::new, |x| self.part(x));
        let operand = |at: usize| arguments.get(at).map_or_else(String::new, |x| self.operand(x));
        let whole = |at: usize| arguments.get(at).map_or_else(String::new, |x| self.whole(x));
        let parts = |from: usize| -> Vec<String> {
            arguments.iter().skip(from).map(|argument| self.part(argument)).collect()
        };
        match function {
            Function::Coalesce if arguments.len() == 2 => {
                format!("{}, or {} where that is null", operand(0), part(1))
            }
            Function::Coalesce => {
                format!("the first of these that is not null: {}", parts(0).join("; "))
            }
            Function::NullIf => format!("{}, but null where it equals {}", operand(0), part(1)),
            Function::Upper => format!("{} in upper case", operand(0)),
            Function::Lower => format!("{} in lower case", operand(0)),
            Function::Trim => format!("{} without blanks at both ends", operand(0)),
            Function::LTrim => format!("{} without blanks at its start", operand(0)),
            Function::RTrim => format!("{} without blanks at its end", operand(0)),
            Function::Left => {
                format!("the first {} of {}", self.characters(&arguments[1]), part(0))
            }
            Function::Right => {
                format!("the last {} of {}", self.characters(&arguments[1]), part(0))
            }
            Function::Substring => {
                let count = match arguments[2].kind {
                    ExprKind::Integer(1) => "1 character".to_owned(),
                    _ => self.characters(&arguments[2]),
                };
                format!("{count} of {} from character {} on", operand(0), operand(1))
            }
            Function::Replace => {
                format!("{} with {} in the place of every {}", operand(0), part(2), part(1))
            }
            Function::Len => {
                format!("the number of characters of {}, without blanks at its end", part(0))
            }
            Function::Concat => {
                format!("{}, joined without the null ones", listed(&parts(0), "and"))
            }
            Function::Abs => format!("the absolute value of {}", part(0)),
            Function::Round => {
                format!("{} rounded to {} after the point", operand(0), digits(&part(1)))
            }
            Function::Floor => format!("{} rounded down to a whole number", operand(0)),
            Function::Ceiling => format!("{} rounded up to a whole number", operand(0)),
            Function::Power => format!("{} to the power of {}", operand(0), part(1)),
            Function::DateAdd => match arguments[1].kind {
                ExprKind::Integer(1) => format!("{} moved by 1 {}", operand(2), part(0)),
                _ => format!("{} moved by {} {}s", operand(2), operand(1), part(0)),
            },
            Function::DateDiff => {
                format!("the number of {} boundaries from {} to {}", part(0), part(1), part(2))
            }
            Function::Year => format!("the year of {}", part(0)),
            Function::Month => format!("the month of {}, as a number", part(0)),
            Function::Day => format!("the day of the month of {}", part(0)),
            Function::SwitchOffset => format!("{} at the offset {}", operand(0), part(1)),
            Function::ParseDate => {
                format!("the date in {}, written as {}", part(0), listed(&parts(1), "or"))
            }
            Function::Lookup => {
                let name = arguments.first().and_then(literal).unwrap_or_default();
                match arguments.get(2) {
                    None => format!("the value that the lookup {name} has for {}", part(1)),
                    Some(value) => format!(
                        "{} in the element of the key {name} that has the id {}",
                        self.part(value),
                        part(1)
                    ),
                }
            }
            Function::FromBase64 => format!("the bytes of the base64 text in {}", part(0)),
            Function::FromHex => format!("the bytes of the hexadecimal digits in {}", part(0)),
            Function::Flag => format!("1 if {} is {}, else 0", operand(0), one_of(&parts(1))),
            Function::Digits => format!("the digits of {}", part(0)),
            Function::Number => format!("the number in {}", part(0)),
            Function::FirstNumber => format!("the first number in {}", part(0)),
            Function::AppId => "the application's id".to_owned(),
            Function::Ordinal => {
                "the row's number among those that its row path makes of the document, from 1"
                    .to_owned()
            }
            Function::Position => {
                "the number of the row's element among those that the row path finds in its parent, \
                 or of the row's part in its list, from 1"
                    .to_owned()
            }
            Function::Parent => format!("{} of the parent's row", whole(0)),
            Function::Split => format!("each part of {} between {}", part(0), part(1)),
            Function::Part => "the row's part of the list".to_owned(),
            Function::NowUtc => "the time of the claim, in UTC, by the database's clock".to_owned(),
            Function::InnerXml => {
                format!("the markup inside {}", self.inside(arguments.first(), self.of))
            }
            Function::Following => match arguments.first().map(|argument| &argument.kind) {
                Some(ExprKind::Path(path)) => following(path),
                _ => whole(0),
            },
            Function::String => {
                format!("all text inside {}", self.inside(arguments.first(), self.of))
            }
            Function::First | Function::Last => self.over(function, arguments, 1),
            Function::Join => {
                format!("{}, joined by {}", self.over(function, arguments, 2), part(1))
            }
            Function::Count => self.count(arguments),
            Function::Exists => match arguments.first().map(|argument| &argument.kind) {
                Some(ExprKind::Path(path)) if path.read == Read::Text => {
                    format!(
                        "there is an element {}",
                        Words { of: Of::One }.element(path).unwrap_or_default()
                    )
                }
                _ => format!("there is {}", whole(0)),
            },
            Function::Sum => format!("the sum of {}", self.over(function, arguments, 1)),
            Function::Min => format!("the least of {}", self.over(function, arguments, 1)),
            Function::Max => format!("the greatest of {}", self.over(function, arguments, 1)),
            Function::Name => "the row element's name".to_owned(),
            Function::LocalName => "the row element's name without its prefix".to_owned(),
        }
    }

    /// The number of nodes, or of those that have a value.
    fn count(self, arguments: &[Expr]) -> String {
        let one = Words { of: Of::One };
        match (arguments.first().map(|first| &first.kind), arguments.get(1)) {
            (_, Some(value)) => {
                let elements = self.inside(arguments.first(), Of::One);
                format!(
                    "the number of elements {elements} where {} is not null",
                    one.operand(value)
                )
            }
            (Some(ExprKind::Path(path)), None) => match &path.read {
                Read::Attribute(_) => format!("how often there is {}", one.path(path)),
                Read::Text | Read::String => {
                    format!("the number of elements {}", one.element(path).unwrap_or_default())
                }
            },
            _ => format!("how often there is {}", self.over(Function::Count, arguments, 1)),
        }
    }

    /// A number of characters: `3 characters`, `character` for one.
    fn characters(self, count: &Expr) -> String {
        match count.kind {
            ExprKind::Integer(1) => "character".to_owned(),
            _ => format!("{} characters", self.operand(count)),
        }
    }

    /// The nodes of an aggregate's path, or the expression at `at` for each.
    fn over(self, function: Function, arguments: &[Expr], at: usize) -> String {
        let of = match function {
            Function::First => Of::First,
            Function::Last => Of::Last,
            _ => Of::Every,
        };
        let Some(first) = arguments.first() else { return String::new() };
        match arguments.get(at).filter(|_| at > 0) {
            Some(expression) => {
                let each = Words { of: Of::One }.part(expression);
                format!("{each} for {}", self.inside(Some(first), of))
            }
            None => Words { of }.part(first),
        }
    }

    fn inside(self, path: Option<&Expr>, of: Of) -> String {
        match path.map(|path| &path.kind) {
            Some(ExprKind::Path(path)) => {
                Words { of }.element(path).unwrap_or_else(|| "the element".to_owned())
            }
            Some(_) => path.map_or_else(String::new, |other| self.whole(other)),
            None => String::new(),
        }
    }
}

/// What the next sibling has.
fn following(path: &Path) -> String {
    let words = Words { of: Of::One }.path(path);
    let sibling = path.steps.first().map_or("", |step| step.name.as_str());
    format!("{words} (the next {sibling} behind this element)")
}

fn digits(count: &str) -> String {
    match count {
        "1" => "1 digit".to_owned(),
        _ => format!("{count} digits"),
    }
}

/// Whether its words end with an argument, or have no end that could belong to what follows.
pub(super) fn is_closed(function: Function) -> bool {
    match function {
        Function::Left
        | Function::Right
        | Function::Year
        | Function::Day
        | Function::Abs
        | Function::FromBase64
        | Function::FromHex
        | Function::Digits
        | Function::FirstNumber
        | Function::Number
        | Function::AppId
        | Function::Parent
        | Function::Part
        | Function::InnerXml
        | Function::String
        | Function::First
        | Function::Last
        | Function::Sum
        | Function::Min
        | Function::Max
        | Function::Name
        | Function::LocalName
        | Function::Lookup => true,
        Function::Coalesce
        | Function::NullIf
        | Function::Upper
        | Function::Lower
        | Function::Trim
        | Function::LTrim
        | Function::RTrim
        | Function::Substring
        | Function::Replace
        | Function::Len
        | Function::Concat
        | Function::Round
        | Function::Floor
        | Function::Ceiling
        | Function::Power
        | Function::DateAdd
        | Function::DateDiff
        | Function::Month
        | Function::SwitchOffset
        | Function::ParseDate
        | Function::Flag
        | Function::Ordinal
        | Function::Position
        | Function::Split
        | Function::NowUtc
        | Function::Following
        | Function::Join
        | Function::Count
        | Function::Exists => false,
    }
}
