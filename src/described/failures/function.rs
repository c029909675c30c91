//! Functions: what they become, and in which cases they fail. A new one does not compile before it is here.

use super::conversion::{any_number, held};
use super::effect::Effect;
use super::possible::{Piece, Possible};
use super::reading::{any_many, computed, Reading};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Path};
use crate::contract::expr::fails::Fails;
use crate::contract::expr::kind::Kind;
use crate::contract::model::{LookupValue, OnMissing, TableRule};
use crate::outcome::FailureCategory::{ManyValues, UnmappedLookup};
use crate::value::datetime::parse_offset;
use crate::value::functions::DatePart;
use crate::value::Value;

impl Reading<'_> {
    pub fn call(&mut self, function: Function, arguments: &[Expr]) -> Possible {
        if function.is_aggregate() {
            return self.aggregate(function, arguments);
        }
        let given = match function {
            Function::Coalesce => return self.coalesce(arguments),
            Function::Lookup if arguments.len() == 3 => return self.of_key(arguments),
            Function::Lookup => return self.lookup(arguments),
            Function::Parent => return self.parent(&arguments[0]),
            Function::Following => return self.following(&arguments[0]),
            _ => self.given(function, arguments),
        };
        match function.fails() {
            Fails::Compared => self.compare(&given[0], &given[1]),
            Fails::BadValue(_)
                if function == Function::DateDiff && !counts_nanoseconds(arguments) => {}
            fails => self.fails(fails),
        }
        let null = given.iter().any(|value| value.null);
        let is_blank = |at: usize| given.get(at).is_some_and(Possible::is_blank);
        let text =
            |blank: bool, most: usize| Possible::of(Piece::Text { blank, most }).or_null(null);
        let longest = |at: usize| given.get(at).map_or(usize::MAX, Possible::longest);
        let integer = |low: i64, high: i64| Possible::of(Piece::Integer(low, high)).or_null(null);
        match function {
            Function::NullIf => given[0].clone().or_null(true),
            Function::Upper
            | Function::Lower
            | Function::Trim
            | Function::LTrim
            | Function::RTrim
            | Function::InnerXml
            | Function::String => text(is_blank(0), longest(0)),
            Function::Left | Function::Right => text(true, longest(0).min(length(&given[1]))),
            Function::Substring => text(true, longest(0).min(length(&given[2]))),
            Function::Replace => text(true, usize::MAX),

            Function::Len => Possible::count(0).or_null(null),
            Function::Concat => Possible::of(Piece::Text {
                blank: given.iter().all(Possible::is_blank),
                most: given.iter().map(Possible::longest).fold(0, usize::saturating_add),
            }),
            Function::Abs | Function::Round | Function::Floor | Function::Ceiling => {
                let pieces = given[0].pieces.iter().map(computed).collect();
                Possible { null, pieces }
            }
            Function::Power => any_number().or_null(null),
            Function::DateAdd => Possible::of(Piece::Moment(Kind::Any)).or_null(null),
            Function::DateDiff => integer(i64::MIN, i64::MAX),
            Function::Year => integer(1, 9999),
            Function::Month => integer(1, 12),
            Function::Day => integer(1, 31),
            Function::SwitchOffset => {
                Possible::of(Piece::Moment(Kind::DateTimeOffset)).or_null(null)
            }
            Function::ParseDate => Possible::of(Piece::Moment(Kind::Any)).or_null(is_blank(0)),
            Function::FromBase64 | Function::FromHex => {
                Possible::of(Piece::Bytes).or_null(is_blank(0))
            }
            Function::Flag => Possible::of(Piece::Integer(0, 1)),
            Function::Digits => {
                Possible::of(Piece::Text { blank: false, most: longest(0) }).or_null(true)
            }
            Function::Number | Function::FirstNumber => Possible::of(Piece::Decimal).or_null(true),
            Function::AppId => integer(i64::MIN, i64::MAX),
            Function::Ordinal | Function::Position => Possible::count(1),
            Function::Part | Function::Name | Function::LocalName => text(false, usize::MAX),
            Function::NowUtc => Possible::of(Piece::Now),
            // In `each` only.
            Function::Split => Possible::default(),
            Function::Coalesce
            | Function::Lookup
            | Function::Parent
            | Function::Following
            | Function::First
            | Function::Last
            | Function::Join
            | Function::Count
            | Function::Exists
            | Function::Sum
            | Function::Min
            | Function::Max => Possible::default(),
        }
    }

    /// What the arguments become that a function's parameters ask for.
    fn given(&mut self, function: Function, arguments: &[Expr]) -> Vec<Possible> {
        let parameters = function.parameters().chain(std::iter::repeat("…"));
        let given = arguments.iter().zip(parameters).map(|(argument, parameter)| match parameter {
            "n" => {
                let length = self.whole(argument);
                let is_counted = |piece: &Piece| piece.range().is_some_and(|(low, _)| low >= 0);
                if !length.pieces.iter().all(is_counted) {
                    self.bad("a length below 0");
                }
                length
            }
            "start" | "digits" => self.whole(argument),
            "number" if function == Function::DateAdd => self.whole(argument),
            "number" | "exponent" => self.number(argument),
            "date" | "from" | "to" => self.date(argument),
            "offset" => {
                let offset = self.value(argument);
                let is_known = |piece: &Piece| match piece {
                    Piece::Constant(Value::Text(text)) => parse_offset(text).is_some(),
                    piece => piece.range().is_some_and(|(low, high)| -840 <= low && high <= 840),
                };
                if !offset.pieces.iter().all(is_known) {
                    self.bad("text that is not an offset from UTC");
                }
                offset
            }
            _ => self.value(argument),
        });
        given.collect()
    }

    /// A number without its fraction.
    fn whole(&mut self, argument: &Expr) -> Possible {
        let number = self.number(argument);
        if number.pieces.iter().any(|piece| piece.range().is_none()) {
            self.bad("a number that bigint cannot hold");
        }
        number
    }

    fn coalesce(&mut self, arguments: &[Expr]) -> Possible {
        let mut result = Possible::null();
        for argument in arguments {
            let before = self.cases.len();
            let value = self.value(argument);
            if result.null {
                result = Possible { null: false, ..result }.or(value);
                continue;
            }
            // It is never computed, but its paths are followed.
            let computed = self.cases.split_off(before);
            self.cases.extend(computed.into_iter().filter(|case| case.in_predicate));
        }
        result
    }

    fn lookup(&mut self, arguments: &[Expr]) -> Possible {
        let text = self.value(&arguments[1]);
        let lookups = &self.facts.model.lookups;
        let Some(lookup) = named(&arguments[0], lookups, |lookup| &lookup.name) else {
            return Possible::null();
        };
        let constant = |value: &LookupValue| {
            Possible::constant(match value {
                LookupValue::Integer(number) => Value::Int(*number),
                LookupValue::Decimal(number) => Value::Decimal(*number),
                LookupValue::Text(text) => Value::Text(text.into()),
            })
        };
        let mut result = Possible::default();
        for (_, value) in &lookup.values {
            result = result.or(constant(value));
        }
        let lists_blank = lookup.values.iter().any(|(code, _)| code.trim().is_empty());
        let blank = (text.is_blank() && !lists_blank).then_some((&lookup.on_blank, "no code"));
        let other = (!text.pieces.is_empty())
            .then_some((&lookup.on_unmapped, "a code that the lookup lacks"));
        for (missing, case) in blank.into_iter().chain(other) {
            result = match missing {
                OnMissing::Null => result.or_null(true),
                OnMissing::Value(value) => result.or(constant(value)),
                OnMissing::Error => {
                    self.add(case.to_owned(), Effect::Fails(UnmappedLookup));
                    result
                }
            };
        }
        result
    }

    /// What an element has that a text refers to: the first that does looks for the ids of all.
    fn of_key(&mut self, arguments: &[Expr]) -> Possible {
        self.value(&arguments[1]);
        if let Some(key) = named(&arguments[0], &self.facts.model.keys, |key| &key.name) {
            self.predicates(&key.each.steps);
            self.value(&key.key);
            if key.must_be_found {
                let case = "an id that no element of the key has".to_owned();
                self.add(case, Effect::Fails(UnmappedLookup));
            }
        }
        self.value(&arguments[2]).or_null(true)
    }

    fn following(&mut self, sibling: &Expr) -> Possible {
        let ExprKind::Path(Path { steps, read, .. }) = &sibling.kind else {
            return Possible::null();
        };
        self.predicates(steps);
        // Of the siblings it is the next one.
        let many = any_many(steps.get(1..).unwrap_or_default()) || self.has_many(read);
        self.plain(many)
    }

    fn parent(&mut self, argument: &Expr) -> Possible {
        let ExprKind::Column(name) = &argument.kind else { return Possible::null() };
        let (model, targets) = (self.facts.model, self.facts.targets);
        let Some(parent) = targets[self.facts.rule.target].parent(targets) else {
            return Possible::null();
        };
        let is_it = |known: &str| known.eq_ignore_ascii_case(name);
        let rules: Vec<&TableRule> =
            model.tables.iter().filter(|rule| targets[rule.target].name == parent.name).collect();
        let differs = |rule: &TableRule| {
            let Some(at) = rule.columns.iter().position(|column| is_it(&column.name)) else {
                return false;
            };
            rule.split.is_some() || rule.rows.len() > 1 && differs_in_templates(rule, at)
        };
        if rules.iter().any(|rule| differs(rule)) {
            let case = "rows of the parent's element that differ".to_owned();
            self.add(case, Effect::Fails(ManyValues));
        }
        let has_value = |rule: &&TableRule| {
            let column = rule.columns.iter().find(|column| is_it(&column.name));
            column.is_some_and(|column| column.required || column.default.is_some())
        };
        match parent.columns.iter().find(|column| is_it(&column.name)) {
            None => Possible::null(),
            // A row that lies in no row of the parent is left out.
            Some(column) => held(column.sql_type).or_null(!rules.iter().all(has_value)),
        }
    }

    /// A function over all nodes of a path.
    fn aggregate(&mut self, function: Function, arguments: &[Expr]) -> Possible {
        let (fewest, _) = function.arity();
        let (first, expression) = (&arguments[0], arguments.get(fewest));
        let outside = std::mem::replace(&mut self.of_node, true);
        let nodes = self.value(first);
        self.of_node = outside;
        let is_path = expression.is_none() && matches!(first.kind, ExprKind::Path(_));
        let each = expression.map_or(nodes, |expression| self.value(expression));
        arguments[1..fewest].iter().for_each(|separator| drop(self.value(separator)));
        match function {
            Function::Count => return Possible::count(0),
            Function::Exists => return Possible::default(),
            Function::Join => return Possible::text().or_null(true),
            Function::Sum => {
                let number = self.as_number(&each);
                self.fails(function.fails());
                let pieces = number.pieces.iter().map(computed).collect();
                return Possible { null: true, pieces };
            }
            _ => {}
        }
        // The nodes of a plain path are compared as numbers.
        let each = match function.fails() {
            Fails::Compared if is_path => self.as_number(&each),
            _ => each,
        };
        if function.fails() == Fails::Compared {
            self.compare(&each, &each);
        }
        each.or_null(true)
    }
}

/// The greatest of these lengths.
fn length(lengths: &Possible) -> usize {
    let high = |piece: &Piece| {
        piece.range().map_or(usize::MAX, |(_, high)| high.try_into().unwrap_or_default())
    };
    lengths.pieces.iter().map(high).max().unwrap_or_default()
}

/// What a literal names.
fn named<'n, T>(name: &Expr, known: &'n [T], name_of: fn(&T) -> &String) -> Option<&'n T> {
    let ExprKind::Text(name) = &name.kind else { return None };
    known.iter().find(|known| name_of(known).eq_ignore_ascii_case(name))
}

fn counts_nanoseconds(arguments: &[Expr]) -> bool {
    arguments.first().is_some_and(|first| first.kind == ExprKind::DatePart(DatePart::Nanosecond))
}

/// Whether rows of one element may have different values in a column.
fn differs_in_templates(rule: &TableRule, column: usize) -> bool {
    rule.values(column).into_iter().any(|(template, value)| {
        let mut is_numbered = false;
        if let Some(value) = value {
            value.walk(&mut |part| {
                is_numbered |=
                    matches!(part.kind, ExprKind::Call { function: Function::Ordinal, .. });
            });
        }
        template.is_some() || is_numbered
    })
}
