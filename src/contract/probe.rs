//! Contracts derived from a contract, which measure what it reads of documents.

use std::ops::Range;
use std::sync::Arc;

use super::compiled::Contract;
use super::expr::ast::{
    BinaryOp, Expr, ExprKind, Function, Origin, Path, Predicate, Read, Span, Step, ANY_NAME,
};
use super::model::{ColumnRule, KeyRule, Model, TableRule, TooLong};
use super::parsed::ParsedContract;
use super::target::{Identity, TargetColumn, TargetTable};
use super::written::WrittenNames;
use crate::value::convert::Conversion;
use crate::value::datetime::DatePattern;
use crate::value::SqlType;

/// A path of the contract, and its place.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// As a person writes it.
    pub path: Path,
    /// In the contract's file.
    pub span: Range<usize>,
}

/// A contract that counts what every path finds.
#[derive(Debug)]
pub(crate) struct PathProbe {
    pub contract: Arc<Contract>,
    /// One per target. The last is for the paths of `[document]`.
    pub tables: Vec<PathCounts>,
}

/// What the columns of a target from the second on count.
#[derive(Debug)]
pub(crate) struct PathCounts {
    /// None for the paths of `[document]`.
    pub each: Option<Place>,
    /// What these paths find.
    pub paths: Vec<Place>,
    /// After that, where there is text in the elements inside those that these paths read the text of.
    pub skips: Vec<Place>,
    /// After that, the references by an id that find no element.
    pub lost: Vec<Range<usize>>,
}

/// A contract whose text columns hold any text.
#[derive(Debug)]
pub(crate) struct WidthProbe {
    pub contract: Arc<Contract>,
    /// One per target, and in it one per column.
    pub tables: Vec<Vec<Width>>,
    /// How the documents write dates.
    pub date_formats: Vec<DatePattern>,
}

/// How wide a column is.
#[derive(Debug)]
pub(crate) struct Width {
    pub table: String,
    pub column: String,
    /// `None` for a column that is not text, or truncates it.
    pub conversion: Option<Conversion>,
    /// A type without an offset, to which an offset in a text is lost.
    pub without_offset: Option<SqlType>,
    /// The place of its type in the contract's file.
    pub span: Range<usize>,
}

impl ParsedContract {
    /// Counts what the paths find.
    pub(crate) fn path_probe(&self) -> PathProbe {
        let mut rules: Vec<Counted> =
            self.model.tables.iter().map(|table| Counted::of(table, &self.model.keys)).collect();
        let document = &self.model.document;
        let whole = document.require.iter().chain(&document.key);
        let paths = whole.map(|path| (path.clone(), span(path))).collect();
        rules.push(Counted { each: root(), paths, skips: Vec::new(), lost: Vec::new() });
        let placed = |path: &Path, span| Place { path: path.clone(), span: self.place(span) };
        let all = |paths: &[(Path, Span)]| paths.iter().map(|(p, at)| placed(p, *at)).collect();
        let tables = rules.iter().enumerate().map(|(at, rule)| PathCounts {
            each: (at < self.model.tables.len()).then(|| placed(&rule.each, span(&rule.each))),
            paths: all(&rule.paths),
            skips: all(&rule.skips),
            lost: rule.lost.iter().map(|(_, span)| self.place(*span)).collect(),
        });
        let tables = tables.collect();
        let (rules, targets) = rules.into_iter().map(counting_table).unzip();
        let rules = numbered(rules);
        PathProbe { contract: self.derived(rules, targets), tables }
    }

    /// How it writes the names of documents.
    pub(crate) fn written_names(&self) -> WrittenNames {
        WrittenNames::of(&self.model.document)
    }

    /// Lets text be as long as it is.
    pub(crate) fn width_probe(&self) -> WidthProbe {
        let mut tables = Vec::new();
        let (mut rules, mut targets) = (Vec::new(), Vec::new());
        for (table, places) in self.model.tables.iter().zip(&self.type_places) {
            tables.push(
                (0..table.columns.len()).zip(places).map(|(c, p)| width(table, c, p)).collect(),
            );
            let without_offset: Vec<_> =
                (0..table.columns.len()).map(|at| without_offset(table, at)).collect();
            let mut table = table.clone();
            for (at, column) in table.columns.iter_mut().enumerate() {
                column.target_column = at;
                widen(column, without_offset[at].is_some());
            }
            targets.push(target(&table));
            rules.push(table);
        }
        let date_formats = self.model.document.date_formats.clone();
        WidthProbe { contract: self.derived(numbered(rules), targets), tables, date_formats }
    }

    /// The contract with other tables and no conditions on the whole document.
    fn derived(&self, tables: Vec<TableRule>, targets: Vec<TargetTable>) -> Arc<Contract> {
        let mut document = self.model.document.clone();
        document.require.clear();
        document.key = None;
        let model = Model { tables, document, ..self.model.clone() };
        Arc::new(Contract::compile(&model, self.contract.hash, targets))
    }
}

/// Each rule with its own target.
fn numbered(mut rules: Vec<TableRule>) -> Vec<TableRule> {
    for (at, rule) in rules.iter_mut().enumerate() {
        rule.target = at;
    }
    rules
}

/// The root element of any name.
fn root() -> Path {
    let step = Step { name: ANY_NAME.to_owned(), predicates: Vec::new(), span: Span::default() };
    Path { origin: Origin::Document, steps: vec![step], read: Read::Text }
}

/// From the first step to the last: the place of a path without an expression.
fn span(path: &Path) -> Span {
    match (path.steps.first(), path.steps.last()) {
        (Some(first), Some(last)) => Span { start: first.span.start, end: last.span.end },
        _ => Span::default(),
    }
}

/// Every path of a table's expressions, once, with its first place.
fn paths_of(table: &TableRule, keys: &[KeyRule]) -> Vec<(Path, Span)> {
    let columns = table.columns.iter().flat_map(|column| &column.value);
    let rows = table.rows.iter().flat_map(|row| {
        let values = row.values.iter().map(|(_, expr)| expr);
        row.when.iter().chain(values)
    });
    let distinct = table.distinct.iter().flat_map(|d| d.by.iter().chain(&d.prefer));
    let mut found: Vec<(Path, Span)> = Vec::new();
    for expr in table.where_.iter().chain(columns).chain(rows).chain(distinct) {
        collect_paths(expr, None, keys, &mut |path, span| {
            let own = path.steps.is_empty() && path.read == Read::Text;
            if !own && !found.iter().any(|(known, _)| known.same(&path)) {
                found.push((path, span));
            }
        });
    }
    found
}

/// Calls `visit` with every path of an expression as the row sees it. `around` leads to the elements
/// that the expression is about, where it is not about the row's own.
fn collect_paths(
    expr: &Expr,
    around: Option<&Path>,
    keys: &[KeyRule],
    visit: &mut dyn FnMut(Path, Span),
) {
    let joined = |path: &Path| match around {
        None => path.clone(),
        Some(around) => Path {
            origin: around.origin,
            steps: around.steps.iter().chain(&path.steps).cloned().collect(),
            read: path.read.clone(),
        },
    };
    match &expr.kind {
        ExprKind::Path(path) if path.read == Read::String => {
            visit(joined(&path.to_element()), expr.span);
        }
        ExprKind::Path(path) => visit(joined(path), expr.span),
        ExprKind::Call { function, arguments } => {
            let path = |at: usize| match arguments.get(at).map(|argument| &argument.kind) {
                Some(ExprKind::Path(path)) => Some(path),
                _ => None,
            };
            let (fewest, _) = function.arity();
            let own = match function {
                Function::Following => match path(0) {
                    Some(path) => {
                        let origin = Origin::Row { up: 1 };
                        return visit(Path { origin, ..path.clone() }, expr.span);
                    }
                    None => arguments.len(),
                },
                Function::Lookup => 2,
                _ if function.is_aggregate() => fewest,
                _ => arguments.len(),
            };
            let (own, of_element) = arguments.split_at(own.min(arguments.len()));
            own.iter().for_each(|argument| collect_paths(argument, around, keys, visit));
            let elements = match (function, arguments.first().map(|first| &first.kind)) {
                (Function::Lookup, Some(ExprKind::Text(name))) => {
                    let key = keys.iter().find(|key| key.name.eq_ignore_ascii_case(name));
                    key.map(|key| key.each.clone())
                }
                _ => path(0).map(joined),
            };
            let Some(elements) = elements else { return };
            of_element.iter().for_each(|e| collect_paths(e, Some(&elements), keys, visit));
        }
        _ => expr.parts(&mut |part| collect_paths(part, around, keys, visit)),
    }
}

/// References by an id: what is sought, where it finds nothing.
fn references_of(table: &TableRule) -> Vec<(Expr, Span)> {
    let mut found = Vec::new();
    for value in table.columns.iter().filter_map(|column| column.value.as_ref()) {
        value.walk_outside_predicates(&mut |part| {
            let ExprKind::Call { function: Function::Lookup, arguments } = &part.kind else {
                return;
            };
            let [name, text, _] = arguments.as_slice() else { return };
            let of = |kind| Expr { kind, span: part.span };
            let operand = Box::new(text.clone());
            let given = of(ExprKind::IsEmpty { operand, negated: true });
            let one = || of(ExprKind::Integer(1));
            let lookup = call(Function::Lookup, vec![name.clone(), text.clone(), one()]);
            let lost = of(ExprKind::IsNull { operand: Box::new(lookup), negated: false });
            let (left, right) = (Box::new(given), Box::new(lost));
            let both = of(ExprKind::Binary { op: BinaryOp::And, left, right });
            let whens = vec![(both, one())];
            found.push((of(ExprKind::Case { operand: None, whens, otherwise: None }), part.span));
        });
    }
    found
}

/// What is counted for a table.
struct Counted {
    each: Path,
    paths: Vec<(Path, Span)>,
    skips: Vec<(Path, Span)>,
    lost: Vec<(Expr, Span)>,
}

impl Counted {
    fn of(table: &TableRule, keys: &[KeyRule]) -> Self {
        let each = table.each.clone();
        let (paths, skips) = (paths_of(table, keys), texts_of(table));
        Self { each, paths, skips, lost: references_of(table) }
    }
}

/// Every path whose text goes into a text column, with its first place.
fn texts_of(table: &TableRule) -> Vec<(Path, Span)> {
    let mut found: Vec<(Path, Span)> = Vec::new();
    for (index, column) in table.columns.iter().enumerate() {
        let given = table.rows.iter().flat_map(|row| &row.values);
        let given = given.filter(|(at, _)| *at == index).map(|(_, value)| value);
        for value in column.value.iter().chain(given).filter(|_| column.sql_type.is_character()) {
            texts_of_value(value, &mut |path, span| {
                if !found.iter().any(|(known, _)| known.same(path)) {
                    found.push((path.clone(), span));
                }
            });
        }
    }
    found
}

/// The paths that give an expression its text: not those that are only tested or counted.
pub(crate) fn texts_of_value<'e>(expr: &'e Expr, found: &mut dyn FnMut(&'e Path, Span)) {
    match &expr.kind {
        ExprKind::Path(path) if path.read == Read::Text => found(path, expr.span),
        ExprKind::Binary { op: BinaryOp::Concat, left, right } => {
            texts_of_value(left, found);
            texts_of_value(right, found);
        }
        ExprKind::Case { whens, otherwise, .. } => {
            whens.iter().for_each(|(_, then)| texts_of_value(then, found));
            otherwise.iter().for_each(|otherwise| texts_of_value(otherwise, found));
        }
        ExprKind::Call { function, arguments } => {
            let read = match function {
                Function::First | Function::Last if arguments.len() == 1 => &arguments[..1],
                Function::Join if arguments.len() == 2 => &arguments[..1],
                Function::Coalesce
                | Function::Concat
                | Function::Trim
                | Function::LTrim
                | Function::RTrim
                | Function::Upper
                | Function::Lower
                | Function::Left
                | Function::Replace => arguments.as_slice(),
                _ => &[],
            };
            read.iter().for_each(|argument| texts_of_value(argument, found));
        }
        _ => {}
    }
}

/// Counts the elements of a path that have text in the elements inside them.
fn counting_skips(path: Path, span: Span) -> Expr {
    let of = |kind| Expr { kind, span };
    let origin = Origin::Row { up: 0 };
    let whole = Path { origin, steps: Vec::new(), read: Read::String };
    let operand = Box::new(of(ExprKind::Path(whole)));
    let has_text = of(ExprKind::IsEmpty { operand, negated: true });
    let inside =
        Step { name: ANY_NAME.to_owned(), predicates: vec![Predicate::Condition(has_text)], span };
    let inside = Path { origin, steps: vec![inside], read: Read::Text };
    let exists = call(Function::Exists, vec![of(ExprKind::Path(inside))]);
    let mut path = path;
    match path.steps.last_mut() {
        Some(step) => {
            step.predicates.push(Predicate::Condition(exists));
            call(Function::Count, vec![of(ExprKind::Path(path))])
        }
        // The row element itself.
        None => {
            let one = of(ExprKind::Integer(1));
            of(ExprKind::Case { operand: None, whens: vec![(exists, one)], otherwise: None })
        }
    }
}

fn counting_table(counted: Counted) -> (TableRule, TargetTable) {
    let Counted { each, paths, skips, lost } = counted;
    let app_id = call(Function::AppId, Vec::new());
    let counts = paths
        .into_iter()
        .map(|(path, span)| call(Function::Count, vec![Expr { kind: ExprKind::Path(path), span }]));
    let counts = counts.chain(skips.into_iter().map(|(path, span)| counting_skips(path, span)));
    let counts = counts.chain(lost.into_iter().map(|(expr, _)| expr));
    let columns: Vec<_> = [app_id].into_iter().chain(counts).enumerate().map(counting).collect();
    let table = TableRule {
        name: "counts".into(),
        target: 0,
        each,
        split: None,
        where_: None,
        distinct: None,
        keep_when: None,
        columns,
        rows: Vec::new(),
    };
    let target = target(&table);
    (table, target)
}

fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    Expr { kind: ExprKind::Call { function, arguments }, span: Span::default() }
}

fn counting((at, value): (usize, Expr)) -> ColumnRule {
    ColumnRule {
        name: format!("c{at}"),
        target_column: at,
        sql_type: SqlType::BigInt,
        value: Some(value),
        default: None,
        required: false,
        too_long: TooLong::Error,
        blank_keep: false,
        on_error_null: true,
        identity: Identity::No,
    }
}

/// The type of a column, if it is a date or time without an offset, and no value chooses one.
fn without_offset(table: &TableRule, at: usize) -> Option<SqlType> {
    let column = &table.columns[at];
    let chooses = |value: &Expr| {
        let mut chooses = false;
        value.walk(&mut |part| {
            let function = Function::SwitchOffset;
            chooses |= matches!(&part.kind, ExprKind::Call { function: f, .. } if *f == function);
        });
        chooses
    };
    let has_none = column.sql_type.is_temporal()
        && !matches!(column.sql_type, SqlType::DateTimeOffset(_))
        && !table.values(at).into_iter().filter_map(|(_, value)| value).any(chooses);
    has_none.then_some(column.sql_type)
}

fn width(table: &TableRule, at: usize, place: &Range<usize>) -> Width {
    let column = &table.columns[at];
    let limited = column.sql_type.is_character() && column.too_long == TooLong::Error;
    let conversion = || Conversion::for_column(column.sql_type).keep_blank(column.blank_keep);
    Width {
        table: table.name.clone(),
        column: column.name.clone(),
        conversion: limited.then(conversion),
        without_offset: without_offset(table, at),
        span: place.clone(),
    }
}

fn widen(column: &mut ColumnRule, as_text: bool) {
    if as_text || column.sql_type.is_character() {
        column.sql_type = SqlType::NVarChar(None);
    }
    column.default = None;
    column.required = false;
    column.on_error_null = true;
}

fn target(table: &TableRule) -> TargetTable {
    let columns = table.columns.iter().map(|column| TargetColumn {
        name: column.name.clone(),
        sql_type: column.sql_type,
        required: false,
        identity: Identity::No,
    });
    TargetTable {
        name: table.name.clone(),
        columns: columns.collect(),
        primary_key: Vec::new(),
        app_column: Some(0),
        foreign_key: None,
        on_existing: Default::default(),
    }
}
