//! What the values of columns are read from, and a contract that shows it.

use std::sync::Arc;

use super::compiled::Contract;
use super::expr::ast::{Expr, ExprKind, Function, Origin, Path, Read, Span};
use super::model::{ColumnRule, KeyRule, Model, TableRule, TooLong};
use super::parsed::ParsedContract;
use super::target::{Identity, TargetColumn};
use crate::value::SqlType;

/// A place in documents that an expression reads.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcePath {
    /// The path from the root, with the row path before a column's own.
    pub path: String,
    /// What shows its value; `None` where only the expression as a whole does.
    read: Option<Expr>,
}

/// A contract whose rows also have what their columns are read from, and which rule and template they
/// come from.
#[derive(Debug)]
pub(crate) struct SourceProbe {
    pub contract: Arc<Contract>,
    /// One per `[[tables]]`.
    pub rules: Vec<ProbedRule>,
}

/// Where a rule's rows have what is beside their values.
#[derive(Debug)]
pub(crate) struct ProbedRule {
    /// The index of the target table.
    pub target: usize,
    /// The column with the number of the rule; the next has the number of the template, and those after
    /// it have what `sources` read.
    pub first: usize,
    /// The places whose values are shown.
    pub sources: Vec<String>,
}

impl TableRule {
    /// What an expression of this table reads, each place once, in the order of the expression.
    pub fn sources(&self, expr: &Expr, keys: &[KeyRule]) -> Vec<SourcePath> {
        let mut found: Vec<SourcePath> = Vec::new();
        collect(expr, &self.around(), keys, &mut |source| {
            if !found.iter().any(|known| known.path == source.path) {
                found.push(source);
            }
        });
        if let (Some(split), true) = (&self.split, reads_part(expr)) {
            let origin = Origin::Row { up: 0 };
            let list = Path { origin, steps: Vec::new(), read: split.read.clone() };
            let read = Some(call(Function::Part, Vec::new()));
            found.push(SourcePath { path: self.around().joined(&list), read });
        }
        found
    }

    /// The expressions of a column with the number of the row template, from 0, where it has its own.
    pub fn values(&self, column: usize) -> Vec<(Option<usize>, Option<&Expr>)> {
        let own = self.columns[column].value.as_ref();
        let given =
            |row: &super::model::RowTemplate| row.values.iter().any(|(at, _)| *at == column);
        if !self.rows.iter().any(given) {
            return vec![(None, own)];
        }
        let of_row = self.rows.iter().enumerate().map(|(number, row)| {
            let value = row.values.iter().find(|(at, _)| *at == column);
            (Some(number), value.map(|(_, value)| value).or(own))
        });
        of_row.collect()
    }

    fn around(&self) -> Around {
        let row = Path { origin: Origin::Row { up: 0 }, steps: Vec::new(), read: Read::Text };
        Around { text: self.each.to_string(), path: Some(self.each.clone()), from_row: Some(row) }
    }
}

impl ParsedContract {
    /// Shows what columns are read from.
    pub(crate) fn source_probe(&self) -> SourceProbe {
        let mut targets = self.contract.targets.clone();
        let mut tables = self.model.tables.clone();
        let widths: Vec<usize> = targets.iter().map(|target| target.columns.len()).collect();
        let mut rules = Vec::new();
        for (number, table) in self.model.tables.iter().enumerate() {
            let mut sources: Vec<SourcePath> = Vec::new();
            for column in 0..table.columns.len() {
                for (_, value) in table.values(column) {
                    let read = value.map_or_else(Vec::new, |v| table.sources(v, &self.model.keys));
                    for source in read {
                        if !sources.iter().any(|known| known.path == source.path) {
                            sources.push(source);
                        }
                    }
                }
            }
            let target = &mut targets[table.target];
            let first = widths[table.target];
            let wanted = first + 2 + sources.len();
            for at in target.columns.len()..wanted {
                target.columns.push(target_column(at));
            }
            let rule = &mut tables[number];
            for row in rule.rows.iter_mut().enumerate() {
                let (template, row) = row;
                row.values.push((table.columns.len() + 1, integer(template as i64)));
            }
            let reads = sources.iter().map(|source| source.read.clone());
            let shown = [Some(integer(number as i64)), Some(integer(0))].into_iter().chain(reads);
            let columns = (first..).zip(shown).map(|(at, value)| column(at, value));
            rule.columns.extend(columns);
            let sources = sources.into_iter().map(|source| source.path).collect();
            rules.push(ProbedRule { target: table.target, first, sources });
        }
        let model = Model { tables, ..self.model.clone() };
        let contract = Contract::compile(&model, self.contract.hash, targets);
        SourceProbe { contract: Arc::new(contract), rules }
    }
}

/// The element that paths begin at.
struct Around {
    /// The path to it.
    text: String,
    /// The same; `None` above the elements that are known by name.
    path: Option<Path>,
    /// The path to it from the row's own; `None` for elements that are chosen by an id.
    from_row: Option<Path>,
}

impl Around {
    /// The path from the root.
    fn joined(&self, path: &Path) -> String {
        let Origin::Row { up } = path.origin else {
            return path.to_element().to_string() + &end(path);
        };
        let up = up as usize;
        let steps = path.steps.iter().map(|step| format!("/{step}")).collect::<String>();
        let begin = match &self.path {
            Some(around) if around.origin == Origin::Document && up <= around.steps.len() => {
                let kept = &around.steps[..around.steps.len() - up];
                kept.iter().map(|step| format!("/{step}")).collect()
            }
            _ => format!("{}{}", self.text, "/..".repeat(up)),
        };
        format!("{begin}{steps}{}", end(path))
    }

    /// The elements of a path from here.
    fn inside(&self, path: &Path) -> Self {
        let elements = path.to_element();
        Self {
            text: self.joined(&elements),
            path: self.path.as_ref().and_then(|around| continued(around, &elements)),
            from_row: self.from_row.as_ref().and_then(|around| continued(around, &elements)),
        }
    }
}

/// One path behind another; `None` where it leads up out of its steps.
fn continued(around: &Path, path: &Path) -> Option<Path> {
    match path.origin {
        Origin::Document | Origin::Anywhere => Some(path.clone()),
        Origin::Row { up: 0 } => Some(Path {
            origin: around.origin,
            steps: around.steps.iter().chain(&path.steps).cloned().collect(),
            read: path.read.clone(),
        }),
        Origin::Row { .. } => {
            let is_row = around.steps.is_empty() && around.origin == Origin::Row { up: 0 };
            is_row.then(|| path.clone())
        }
    }
}

/// The attribute at the end of a path.
fn end(path: &Path) -> String {
    match &path.read {
        Read::Attribute(name) => format!("/@{name}"),
        Read::Text | Read::String => String::new(),
    }
}

fn collect(expr: &Expr, around: &Around, keys: &[KeyRule], found: &mut dyn FnMut(SourcePath)) {
    let in_row = around.from_row.as_ref().is_some_and(|path| path.steps.is_empty());
    let source = |path: &Path, read: Option<Expr>| SourcePath { path: around.joined(path), read };
    match &expr.kind {
        ExprKind::Path(path) => {
            let from_row = around.from_row.as_ref().and_then(|around| continued(around, path));
            found(source(path, from_row.as_ref().map(shown)));
        }
        ExprKind::Call { function, arguments } => {
            let path = |at: usize| match arguments.get(at).map(|argument| &argument.kind) {
                Some(ExprKind::Path(path)) => Some(path),
                _ => None,
            };
            let (fewest, _) = function.arity();
            match (function, path(0)) {
                (Function::Following, Some(path)) => {
                    let origin = Origin::Row { up: 1 };
                    let sibling = Path { origin, ..path.clone() };
                    found(source(&sibling, Some(expr.clone()).filter(|_| in_row)));
                }
                (Function::InnerXml | Function::String, Some(path)) => {
                    found(source(path, Some(expr.clone()).filter(|_| in_row)));
                }
                (Function::Lookup, _) if arguments.len() == 3 => {
                    collect(&arguments[1], around, keys, found);
                    let ExprKind::Text(name) = &arguments[0].kind else { return };
                    let key = keys.iter().find(|key| key.name.eq_ignore_ascii_case(name));
                    let Some(key) = key else { return };
                    let of_key = Around { from_row: None, ..around.inside(&key.each) };
                    collect(&arguments[2], &of_key, keys, found);
                }
                (_, Some(path)) if function.is_aggregate() && arguments.len() > fewest => {
                    let of_elements = around.inside(path);
                    collect(&arguments[fewest], &of_elements, keys, found);
                }
                _ => arguments.iter().for_each(|x| collect(x, around, keys, found)),
            }
        }
        _ => expr.parts(&mut |part| collect(part, around, keys, found)),
    }
}

/// The first value of a path: all of them would be as many texts in each row.
fn shown(path: &Path) -> Expr {
    let path_itself = Expr { kind: ExprKind::Path(path.clone()), span: Span::default() };
    if path.steps.is_empty() {
        return path_itself;
    }
    call(Function::First, vec![path_itself])
}

fn reads_part(expr: &Expr) -> bool {
    let mut reads = false;
    expr.walk(&mut |part| {
        reads |= matches!(part.kind, ExprKind::Call { function: Function::Part, .. });
    });
    reads
}

fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    Expr { kind: ExprKind::Call { function, arguments }, span: Span::default() }
}

fn integer(number: i64) -> Expr {
    Expr { kind: ExprKind::Integer(number), span: Span::default() }
}

/// A name that no column of a contract has.
fn name(at: usize) -> String {
    format!(" {at}")
}

fn column(at: usize, value: Option<Expr>) -> ColumnRule {
    ColumnRule {
        name: name(at),
        target_column: at,
        sql_type: SqlType::NVarChar(None),
        value,
        default: None,
        required: false,
        too_long: TooLong::Error,
        blank_keep: false,
        on_error_null: true,
        identity: Identity::No,
    }
}

fn target_column(at: usize) -> TargetColumn {
    TargetColumn {
        name: name(at),
        sql_type: SqlType::NVarChar(None),
        required: false,
        identity: Identity::No,
    }
}
