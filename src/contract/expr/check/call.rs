//! Function calls: how many arguments, of which kinds, and where.

use super::checker::Checker;
use super::scope::{Parent, Place, Scope};
use crate::contract::expr::ast::{Expr, ExprKind, Function, Origin, Path, Read};
use crate::contract::expr::kind::Kind;
use crate::contract::expr::mistake::Mistake;
use crate::contract::identifier::same_name;
use crate::contract::target::Identity;
use crate::diagnostic::spelling;
use crate::value::datetime::{parse_offset, DatePattern};

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &Expr, function: Function, arguments: &[Expr]) -> Kind {
        if !self.allowed_here(call, function) || !self.counted(call, function, arguments) {
            return Kind::Any;
        }
        if function.is_aggregate() {
            return self.aggregate(function, arguments);
        }
        match function {
            Function::Coalesce => return self.alternatives(arguments.iter()),
            Function::NullIf => return self.null_if(arguments),
            Function::ParseDate => self.parse_date(arguments),
            Function::Lookup if arguments.len() == 3 => return self.of_key(call, arguments),
            Function::Lookup => return self.lookup(arguments),
            Function::InnerXml | Function::String => self.element_path(function, &arguments[0]),
            Function::Following => self.following(call, &arguments[0]),
            Function::Parent => return self.parent(call, &arguments[0]),
            _ => return self.plain(function, arguments),
        }
        function.kind()
    }

    /// A function whose parameters decide what its arguments must be.
    fn plain(&mut self, function: Function, arguments: &[Expr]) -> Kind {
        let name = function.name();
        let mut kind = function.kind();
        let moves_by_time = match &arguments.first().map(|first| &first.kind) {
            Some(ExprKind::DatePart(part)) if function == Function::DateAdd && part.is_time() => {
                Some(part.name())
            }
            _ => None,
        };
        let parameters = function.parameters().chain(std::iter::repeat("…"));
        for (argument, parameter) in arguments.iter().zip(parameters) {
            let given = match parameter {
                "part" => continue,
                "n" | "start" | "digits" => self.count(argument, name),
                "number" | "exponent" => self.number(argument, name),
                "date" | "from" | "to" => self.date(argument, name),
                "offset" => self.offset(argument, name),
                _ => self.text(argument, name),
            };
            if let (Some(part), Kind::Date, "date") = (moves_by_time, given, parameter) {
                let hint = "convert it first: `CAST(… AS datetime2)`";
                self.error(argument, format!("a date has no {part}"), hint);
            }
            if function.kind() == Kind::Any && matches!(parameter, "number" | "date") {
                kind = given;
            }
        }
        kind
    }

    /// Reports a function that has no meaning in the place of the expression.
    fn allowed_here(&mut self, call: &Expr, function: Function) -> bool {
        let name = function.name();
        let of_element = matches!(
            function,
            Function::Name
                | Function::LocalName
                | Function::InnerXml
                | Function::Position
                | Function::Following
        );
        let reads_document = function.is_aggregate() || of_element;
        let hint = match (self.scope.place, function) {
            (_, Function::Split) => {
                "use it as a row source: `each = \"SPLIT(/root/item/@tags, ',')\"`"
            }
            (Place::Value | Place::Document, Function::Part) if !self.scope.of_parts => {
                "write `each = \"SPLIT(path, ',')\"`: rows are then the parts of a list"
            }
            (Place::Row | Place::Predicate | Place::Element, Function::Part) => {
                "use it in a column's value, or in `where`"
            }
            (Place::Element, Function::Ordinal | Function::Parent) => {
                "an aggregate's expression sees the element's attributes, its text, and elements \
                 inside it"
            }
            (Place::Document | Place::Row | Place::Predicate, Function::Ordinal) => {
                "use it in a column's value: rows are numbered after some are left out"
            }
            (Place::Document | Place::Row | Place::Predicate, Function::Parent) => {
                "use it in a column's value: the parent's rows are known after some are left out"
            }
            (Place::Row, _) if reads_document => {
                "this condition sees the row's columns by their names; `where` sees the document"
            }
            (Place::Element, _) if of_element && function != Function::InnerXml => {
                "an aggregate's expression sees the element's attributes, its text, and elements \
                 inside it"
            }
            (Place::Predicate, _) if of_element => {
                "a predicate sees the element's attributes, its text, and elements inside it"
            }
            _ => return true,
        };
        self.error(call, format!("`{name}` is not allowed here"), hint);
        false
    }

    fn counted(&mut self, call: &Expr, function: Function, arguments: &[Expr]) -> bool {
        let (fewest, most) = function.arity();
        if (fewest..=most).contains(&arguments.len()) {
            return true;
        }
        let takes = match (fewest, most) {
            (0, 0) => "no arguments".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (fewest, most) if most == fewest + 1 => format!("{fewest} or {most} arguments"),
            (_, usize::MAX) => format!("at least {fewest} arguments"),
            _ => format!("{fewest} arguments"),
        };
        let message = format!("{} takes {takes}, not {}", function.name(), arguments.len());
        self.error(call, message, usage(function));
        false
    }

    fn aggregate(&mut self, function: Function, arguments: &[Expr]) -> Kind {
        let name = function.name();
        let first = &arguments[0];
        if function == Function::Join {
            self.text(&arguments[1], name);
        }
        let (fewest, _) = function.arity();
        if let Some(expression) = arguments.get(fewest) {
            return self.over_elements(function, first, expression);
        }
        let kind = match &first.kind {
            ExprKind::Path(path) => {
                self.path(path, first.span);
                Kind::Any
            }
            ExprKind::Null => Kind::Any,
            _ if function == Function::Sum => self.number(first, name),
            _ => self.value(first),
        };
        self.over_one_path(function, first);
        match function.kind() {
            Kind::Any => kind,
            known => known,
        }
    }

    /// `SUM(line, quantity * price)`: the second is evaluated for each element of the first.
    fn over_elements(&mut self, function: Function, elements: &Expr, expression: &Expr) -> Kind {
        let name = function.name();
        match &elements.kind {
            ExprKind::Path(path) if path.read == Read::Text && !path.steps.is_empty() => {
                self.path(path, elements.span);
            }
            _ => {
                self.value(elements);
                let message = format!("{name} takes a path to elements before the expression");
                self.error(elements, message, format!("for example `{name}(line, @a * @b)`"));
            }
        }
        let outer = self.scope;
        self.scope = Scope { place: Place::Element, ..outer };
        let kind = match function {
            Function::Sum => self.number(expression, name),
            Function::Join => self.text(expression, name),
            _ => self.value(expression),
        };
        self.scope = outer;
        match function.kind() {
            _ if matches!(function, Function::First | Function::Last) => kind,
            Kind::Any => kind,
            known => known,
        }
    }

    /// The argument of an aggregate has one path. Where an element is chosen or tested, it is
    /// nothing but that path.
    fn over_one_path(&mut self, function: Function, first: &Expr) {
        if matches!(first.kind, ExprKind::Path(_) | ExprKind::Null) {
            return;
        }
        let name = function.name();
        if matches!(function, Function::First | Function::Last | Function::Exists) {
            let message = format!("{name} takes a path");
            return self.error(first, message, usage(function));
        }
        let mut paths: Vec<&Path> = Vec::new();
        let mut inner = None;
        first.walk_outside_predicates(&mut |part| match &part.kind {
            ExprKind::Path(path) if !paths.iter().any(|known| known.same(path)) => paths.push(path),
            ExprKind::Call { function, arguments }
                if function.is_aggregate()
                    || matches!(function, Function::InnerXml | Function::Following)
                    || (*function == Function::Lookup && arguments.len() == 3) =>
            {
                inner = Some((part, function.name()));
            }
            _ => {}
        });
        let (at, message) = match (inner, paths.as_slice()) {
            (Some((part, inner)), _) => (part, format!("{inner} is not allowed inside {name}")),
            (None, []) => (first, format!("{name} takes a path")),
            (None, [_]) => return,
            (None, [one, two, ..]) => {
                let message = format!("{name} takes one path, found `{one}` and `{two}`");
                let hint = "name the elements first, then the expression for each: \
                            `SUM(line, @a * @b)`";
                let hint = hint.replace("SUM", name);
                return self.error(first, message, hint);
            }
        };
        self.error(at, message, usage(function));
    }

    fn null_if(&mut self, arguments: &[Expr]) -> Kind {
        let kinds = [self.value(&arguments[0]), self.value(&arguments[1])];
        self.comparable(&arguments[0], kinds[0], &arguments[1], kinds[1]);
        kinds[0]
    }

    /// A whole number, such as a length.
    fn count(&mut self, expr: &Expr, user: &str) -> Kind {
        let kind = self.number(expr, user);
        if matches!(expr.kind, ExprKind::Decimal(_)) {
            let message = format!("{user} takes a whole number");
            self.error(expr, message, "write it without a point");
        }
        kind
    }

    /// A path that begins at a sibling of the row element.
    fn following(&mut self, call: &Expr, sibling: &Expr) {
        match &sibling.kind {
            ExprKind::Path(path)
                if path.origin == (Origin::Row { up: 0 }) && !path.steps.is_empty() =>
            {
                self.path(path, sibling.span);
            }
            _ => {
                self.value(sibling);
                let hint = "for example `FOLLOWING(value)`, `FOLLOWING(*)` or `FOLLOWING(dd/@id)`";
                self.error(sibling, "FOLLOWING takes a path that begins at a sibling", hint);
            }
        }
        if self.scope.depth == Some(1) {
            let hint = "use it where the row path leads further down";
            self.error(call, "the root element has no siblings", hint);
        }
    }

    /// An offset from UTC: text such as `+02:00`, or minutes.
    fn offset(&mut self, argument: &Expr, user: &str) -> Kind {
        if let ExprKind::Text(text) = &argument.kind {
            if parse_offset(text).is_none() {
                let message = format!("`{text}` is not an offset from UTC");
                self.error(argument, message, "write it as `'+02:00'`, at most 14 hours");
            }
            return Kind::Text;
        }
        self.text(argument, user)
    }

    /// A column of the parent's row, and its kind.
    fn parent(&mut self, call: &Expr, argument: &Expr) -> Kind {
        let ExprKind::Column(column) = &argument.kind else { return Kind::Any };
        let (name, columns, apart) = match self.scope.parent {
            Parent::Table { name, columns, apart, .. } => (name, columns, apart),
            Parent::Unknown => return Kind::Any,
            Parent::None => {
                let hint = "declare `foreign_key = { columns = […], references = \"…\" }`";
                self.error(call, "this table has no parent table", hint);
                return Kind::Any;
            }
        };
        if apart {
            let message = format!("the row path does not lie in the row path of `{name}`");
            let hint = format!("begin `each` with that of `{name}`, or read the value by a path");
            self.error(call, message, hint);
        }
        let Some(found) = columns.iter().find(|known| same_name(&known.name, column)) else {
            let hint = spelling::suggestion(column, columns.iter().map(|c| c.name.as_str()));
            let message = format!("unknown column `{column}` of the table `{name}`");
            self.mistakes.push(Mistake::error(argument.span, message).maybe_hint(hint));
            return Kind::Any;
        };
        if found.identity == Identity::Generated {
            let message = format!("the database gives `{name}.{column}` its value");
            let hint = "refer to a column that has a `value`";
            self.error(argument, message, hint);
        }
        Kind::of(found.sql_type)
    }

    fn parse_date(&mut self, arguments: &[Expr]) {
        self.text(&arguments[0], "PARSE_DATE");
        for pattern in &arguments[1..] {
            let ExprKind::Text(text) = &pattern.kind else {
                self.value(pattern);
                let hint = "write it in single quotes, such as `'MM/dd/yyyy'`";
                self.error(pattern, "a date pattern must be a text literal", hint);
                continue;
            };
            if let Err(error) = DatePattern::new(text) {
                self.error(pattern, error.to_string(), DATE_PATTERN);
            }
        }
    }

    /// `LOOKUP('key', text, expression)`: what the element has that the text refers to.
    fn of_key(&mut self, call: &Expr, arguments: &[Expr]) -> Kind {
        if !matches!(self.scope.place, Place::Value | Place::Document) {
            let hint = "use it in a column's value: elements are found when the document has ended";
            self.error(call, "`LOOKUP` of a key is not allowed here", hint);
        }
        self.text(&arguments[1], "LOOKUP");
        let outer = self.scope;
        self.scope = Scope { place: Place::Element, ..outer };
        let kind = self.value(&arguments[2]);
        self.scope = outer;
        let ExprKind::Text(name) = &arguments[0].kind else {
            let hint = "write it in single quotes: `LOOKUP('name', text, expression)`";
            self.error(&arguments[0], "a key's name must be a text literal", hint);
            return kind;
        };
        let keys = self.scope.keys;
        match keys.iter().position(|known| known.eq_ignore_ascii_case(name)) {
            Some(index) => {
                self.keys.insert(index);
            }
            None => {
                let hint = spelling::suggestion(name, keys.iter().copied()).unwrap_or_else(|| {
                    format!("declare it as `[keys.{name}]` with `each` and `key`")
                });
                self.error(&arguments[0], format!("unknown key `{name}`"), hint);
            }
        }
        kind
    }

    fn lookup(&mut self, arguments: &[Expr]) -> Kind {
        self.text(&arguments[1], "LOOKUP");
        let ExprKind::Text(name) = &arguments[0].kind else {
            let hint = "write it in single quotes: `LOOKUP('name', text)`";
            self.error(&arguments[0], "a lookup's name must be a text literal", hint);
            return Kind::Any;
        };
        if self.scope.keys.iter().any(|key| key.eq_ignore_ascii_case(name)) {
            let message = format!("`{name}` is a key, which finds an element");
            let hint = format!("add what to read of it: `LOOKUP('{name}', text, path)`");
            self.error(&arguments[0], message, hint);
            return Kind::Any;
        }
        let lookups = self.scope.lookups;
        let Some(index) = lookups.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))
        else {
            let hint = spelling::suggestion(name, lookups.iter().map(|(known, _)| known.as_str()))
                .unwrap_or_else(|| format!("declare it as `[lookups.{name}]`"));
            let message = format!("unknown lookup `{name}`");
            self.mistakes.push(Mistake::error(arguments[0].span, message).hint(hint));
            return Kind::Any;
        };
        self.lookups.insert(index);
        lookups[index].1
    }

    fn element_path(&mut self, function: Function, expr: &Expr) {
        match &expr.kind {
            ExprKind::Path(path) if path.read == Read::Text => self.path(path, expr.span),
            _ => {
                self.value(expr);
                let name = function.name();
                let message = format!("{name} takes a path to an element");
                self.error(expr, message, format!("for example `{name}(notes)`, or `{name}(.)`"));
            }
        }
    }
}

/// What a date pattern is made of.
pub(crate) const DATE_PATTERN: &str =
    "use a .NET pattern such as `yyyy-MM-dd HH:mm:ss.FFF` or `MM/dd/yyyy`";

/// How a call is written, and what it returns.
fn usage(function: Function) -> String {
    format!("write `{}`: {}", function.form(), function.meaning())
}
