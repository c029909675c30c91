//! A column in words.

use super::facts::Facts;
use super::failures::{consequences, Consequence};
use super::words;
use crate::contract::expr::ast::{Expr, ExprKind, Function};
use crate::contract::model::ColumnRule;
use crate::contract::{Identity, SourcePath};
use crate::value::to_text;

/// A column of a target table, as one rule fills it.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its position in the target table, from 0.
    pub position: usize,
    /// Its type as T-SQL writes it.
    pub sql_type: String,
    /// It is never null.
    pub required: bool,
    /// The database numbers it.
    pub is_generated: bool,
    /// It may be an identity column, and gets its values from documents.
    pub is_explicit: bool,
    /// What takes the place of null.
    pub default: Option<String>,
    /// `blank = "keep"`: blank text stays.
    pub keeps_blank: bool,
    /// Its value; where the rule has row templates, one for each that has its own.
    pub values: Vec<ColumnValue>,
}

/// How a value is made.
#[derive(Debug, Clone)]
pub struct ColumnValue {
    /// The row template, from 0; `None` for all.
    pub template: Option<usize>,
    /// What is read, from the root of the document.
    pub sources: Vec<SourcePath>,
    /// The expression as the contract has it.
    pub expression: Option<String>,
    /// The same in words, one sentence for each case.
    pub words: Vec<String>,
    /// Lookups and keys that it uses.
    pub lookups: Vec<String>,
    /// What can go wrong, and what happens then.
    pub consequences: Vec<Consequence>,
    /// A value of the samples.
    pub example: Option<Example>,
}

/// A value of a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The name of the document.
    pub document: String,
    /// What was read.
    pub read: Vec<Shown>,
    /// What it became.
    pub value: String,
}

/// A value that was read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// One of the [`ColumnValue::sources`].
    pub path: String,
    /// The text there.
    pub text: String,
}

impl Column {
    pub(super) fn of(facts: Facts<'_>, at: usize) -> Self {
        let column = &facts.rule.columns[at];
        let values = facts.rule.values(at).into_iter();
        Self {
            name: column.name.clone(),
            position: column.target_column,
            sql_type: column.sql_type.to_string(),
            required: column.required,
            is_generated: column.identity == Identity::Generated,
            is_explicit: column.identity == Identity::Explicit,
            default: column
                .default
                .as_ref()
                .and_then(|default| to_text(default, column.sql_type))
                .map(Into::into),
            keeps_blank: column.blank_keep,
            values: values
                .map(|(template, value)| column_value(facts, column, template, value))
                .collect(),
        }
    }
}

fn column_value(
    facts: Facts<'_>,
    column: &ColumnRule,
    template: Option<usize>,
    value: Option<&Expr>,
) -> ColumnValue {
    let words = match value {
        Some(value) => words::sentences(value),
        None if column.identity == Identity::Generated => {
            vec!["numbered by the database".to_owned()]
        }
        None if column.default.is_some() => vec!["always the default".to_owned()],
        None => vec!["always null".to_owned()],
    };
    ColumnValue {
        template,
        sources: value.map_or_else(Vec::new, |value| facts.rule.sources(value, &facts.model.keys)),
        expression: value.map(ToString::to_string),
        words,
        lookups: value.map_or_else(Vec::new, lookups),
        consequences: consequences(column, value, facts),
        example: None,
    }
}

/// The names of lookups and keys, each once.
fn lookups(value: &Expr) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    value.walk(&mut |part| {
        let ExprKind::Call { function: Function::Lookup, arguments } = &part.kind else { return };
        let Some(ExprKind::Text(name)) = arguments.first().map(|first| &first.kind) else { return };
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.clone());
        }
    });
    names
}
