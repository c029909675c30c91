//! Expressions that read nothing of a document, to be computed before any comes.

use std::ops::Range;

use super::compiled::Contract;
use super::expr::ast::{BinaryOp, Expr, ExprKind, Function, Origin, Path, Predicate, Read, Step};
use super::model::{ColumnRule, DocumentRules, Model, TableRule, TooLong};
use super::parsed::ParsedContract;
use super::target::{Identity, TargetColumn, TargetTable};
use crate::id::ContractHash;
use crate::value::SqlType;

/// What of a contract is the same for every document.
#[derive(Debug)]
pub(crate) struct Constants {
    /// Each expression, and its place in the contract's file.
    pub all: Vec<(Expr, Range<usize>)>,
    model: Model,
    hash: ContractHash,
}

/// The root element of a document for [`Constants::contract`].
pub(crate) const ROOT: &str = "x";

impl ParsedContract {
    /// What of the contract is the same for every document, without literals.
    pub(crate) fn constants(&self) -> Constants {
        let mut found = Vec::new();
        for table in &self.model.tables {
            let columns = table.columns.iter().filter(|column| !column.on_error_null);
            let values = columns.filter_map(|column| column.value.as_ref());
            let rows = table
                .rows
                .iter()
                .flat_map(|row| row.when.iter().chain(row.values.iter().map(|(_, value)| value)));
            let distinct = table.distinct.iter().flat_map(|d| d.by.iter().chain(&d.prefer));
            let conditions = table.where_.iter().chain(&table.keep_when).chain(distinct);
            values.chain(rows).chain(conditions).for_each(|expr| collect(expr, &mut found));
        }
        self.model.keys.iter().for_each(|key| collect(&key.key, &mut found));
        let all = found.into_iter().map(|expr| (expr.clone(), self.place(expr.span))).collect();
        let document = DocumentRules {
            roots: vec![ROOT.to_owned()],
            require: Vec::new(),
            key: None,
            unwrap: None,
            namespaces: Vec::new(),
            ignore_namespaces: false,
            ..self.model.document.clone()
        };
        let model = Model {
            document,
            keys: Vec::new(),
            tables: Vec::new(),
            name: self.model.name.clone(),
            target_schema: self.model.target_schema.clone(),
            lookups: self.model.lookups.clone(),
        };
        Constants { all, model, hash: self.contract.hash }
    }
}

impl Constants {
    /// A contract that computes these of the constants, each in the column that has its number.
    pub(crate) fn contract(&self, numbers: &[usize]) -> Contract {
        let app_id = ExprKind::Call { function: Function::AppId, arguments: Vec::new() };
        let app_id = Expr { kind: app_id, span: Default::default() };
        let values = numbers.iter().map(|number| (number.to_string(), &self.all[*number].0));
        let values = [("app_id".to_owned(), &app_id)].into_iter().chain(values);
        let columns: Vec<ColumnRule> = values.enumerate().map(column).collect();
        let steps =
            vec![Step { name: ROOT.to_owned(), predicates: Vec::new(), span: Default::default() }];
        let target = TargetTable {
            name: "constants".into(),
            columns: columns.iter().map(target_column).collect(),
            primary_key: Vec::new(),
            app_column: Some(0),
            foreign_key: None,
            on_existing: Default::default(),
        };
        let table = TableRule {
            name: target.name.clone(),
            target: 0,
            each: Path { origin: Origin::Document, steps, read: Read::Text },
            split: None,
            where_: None,
            distinct: None,
            keep_when: None,
            columns,
            rows: Vec::new(),
        };
        let model = Model { tables: vec![table], ..self.model.clone() };
        Contract::compile(&model, self.hash, vec![target])
    }
}

fn column((at, (name, value)): (usize, (String, &Expr))) -> ColumnRule {
    ColumnRule {
        name,
        target_column: at,
        sql_type: SqlType::NVarChar(None),
        value: Some(value.clone()),
        default: None,
        required: false,
        too_long: TooLong::Error,
        blank_keep: true,
        on_error_null: false,
        identity: Identity::No,
    }
}

fn target_column(column: &ColumnRule) -> TargetColumn {
    TargetColumn {
        name: column.name.clone(),
        sql_type: column.sql_type,
        required: false,
        identity: Identity::No,
    }
}

/// The largest parts of an expression that are computed and read nothing.
fn collect<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
    if is_computed_once(expr) {
        return found.push(expr);
    }
    if let ExprKind::Path(path) = &expr.kind {
        for predicate in path.steps.iter().flat_map(|step| &step.predicates) {
            if let Predicate::Condition(condition) = predicate {
                collect(condition, found);
            }
        }
    }
    expr.parts(&mut |part| collect(part, found));
}

/// Whether it is computed and reads nothing, so that the check of a contract has computed it: in a valid
/// contract it does not fail. A column with `on_error = "null"` is not checked like this.
pub(crate) fn is_computed_once(expr: &Expr) -> bool {
    computes(expr) && reads_nothing(expr)
}

/// Whether it is a value that is more than a literal.
fn computes(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call { .. } | ExprKind::Case { .. } | ExprKind::Cast { or_null: false, .. } => {
            true
        }
        ExprKind::Binary { op, .. } => op.is_arithmetic() || *op == BinaryOp::Concat,
        _ => false,
    }
}

fn reads_nothing(expr: &Expr) -> bool {
    let own = match &expr.kind {
        ExprKind::Path(_) | ExprKind::Column(_) => false,
        ExprKind::Call { function, arguments } => {
            let of_key = *function == Function::Lookup && arguments.len() == 3;
            !of_key && !function.is_aggregate() && !READS.contains(function)
        }
        _ => true,
    };
    let mut all = own;
    expr.parts(&mut |part| all &= reads_nothing(part));
    all
}

/// Functions that depend on more than their arguments.
const READS: [Function; 12] = [
    Function::AppId,
    Function::Ordinal,
    Function::Position,
    Function::Parent,
    Function::Split,
    Function::Part,
    Function::NowUtc,
    Function::InnerXml,
    Function::String,
    Function::Following,
    Function::Name,
    Function::LocalName,
];
