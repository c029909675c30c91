//! What does a contract do, in words? The mapping from source to target, for people who do not read
//! contracts.

mod column;
mod document;
mod facts;
mod failures;
mod lookup;
mod words;

use self::facts::Facts;
pub use column::{Column, ColumnValue, Example, Shown};
pub use document::Setting;
pub use failures::{Consequence, Effect};
pub use lookup::{Entries, ReferencedKey};

use crate::contract::expr::ast::Function;
use crate::contract::model::{Keep, TableRule};
use crate::contract::{ForeignKey, OnExisting, ParsedContract, TargetTable};

/// A contract in words.
#[derive(Debug, Clone)]
pub struct Described {
    /// `contract.name`
    pub name: String,
    /// The hash of its text, in hexadecimal digits.
    pub hash: String,
    /// The schema of the target tables.
    pub schema: String,
    /// `[document]`
    pub settings: Vec<Setting>,
    /// The target tables in load order.
    pub tables: Vec<Table>,
    /// `[lookups.…]`
    pub lookups: Vec<Entries>,
    /// `[keys.…]`
    pub keys: Vec<ReferencedKey>,
    /// The documents that the examples are from, where there are any.
    pub samples: Option<Samples>,
}

/// The documents that examples are from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Samples {
    /// All of them.
    pub documents: u64,
    /// Those that become rows.
    pub mapped: u64,
}

/// A target table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Names of the columns of its primary key.
    pub primary_key: Vec<String>,
    /// The column with the application's id.
    pub app_column: Option<String>,
    /// The table that its rows hang on.
    pub foreign_key: Option<ForeignKey>,
    /// What happens to rows that an application already has.
    pub on_existing: &'static str,
    /// Each `[[tables]]` that fills it.
    pub rules: Vec<Rule>,
}

/// One `[[tables]]`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its number in the contract, from 0.
    pub number: usize,
    /// The row path.
    pub row_path: String,
    /// What becomes a row, and which rows are left out or chosen.
    pub rows: Vec<(&'static str, String)>,
    /// Its columns, in the order of the target table.
    pub columns: Vec<Column>,
}

impl Described {
    /// Describes a contract; there are no examples yet.
    pub fn of(parsed: &ParsedContract) -> Self {
        let (contract, model) = (&parsed.contract, parsed.model());
        let table = |index: usize| table(index, &contract.targets, parsed);
        Self {
            name: contract.name.clone(),
            hash: contract.hash.to_string(),
            schema: contract.target_schema.clone(),
            settings: document::settings(&model.document),
            tables: (0..contract.targets.len()).map(table).collect(),
            lookups: model.lookups.iter().map(Entries::of).collect(),
            keys: model.keys.iter().map(ReferencedKey::of).collect(),
            samples: None,
        }
    }

    /// Where the example of a value belongs: the number of a rule, the position of a column in its target
    /// table, and the number of a row template.
    pub fn value_mut(
        &mut self,
        rule: usize,
        position: usize,
        template: usize,
    ) -> Option<&mut ColumnValue> {
        let rules = self.tables.iter_mut().flat_map(|table| &mut table.rules);
        let rule = rules.into_iter().find(|known| known.number == rule)?;
        let column = rule.columns.iter_mut().find(|column| column.position == position)?;
        column.values.iter_mut().find(|value| value.template.is_none_or(|own| own == template))
    }
}

fn table(index: usize, targets: &[TargetTable], parsed: &ParsedContract) -> Table {
    let (model, filled) = (parsed.model(), parsed.filled.as_slice());
    let target = &targets[index];
    let rules = model.tables.iter().enumerate().filter(|(_, rule)| rule.target == index);
    Table {
        name: target.name.clone(),
        primary_key: target.primary_key.clone(),
        app_column: target.app_column.map(|column| target.columns[column].name.clone()),
        foreign_key: target.foreign_key.clone(),
        on_existing: on_existing(target.on_existing),
        rules: rules
            .map(|(number, rule)| rule_of(number, Facts { model, targets, rule, filled }))
            .collect(),
    }
}

fn on_existing(on_existing: OnExisting) -> &'static str {
    match on_existing {
        OnExisting::Fail => "rows are inserted; one that exists already fails the application",
        OnExisting::Skip => "the existing rows stay, and none is inserted",
        OnExisting::Replace => "the existing rows are deleted first",
    }
}

fn rule_of(number: usize, facts: Facts<'_>) -> Rule {
    let rule = facts.rule;
    let mut columns: Vec<Column> =
        (0..rule.columns.len()).map(|at| Column::of(facts, at)).collect();
    columns.sort_by_key(|column| column.position);
    Rule { number, row_path: rule.each.to_string(), rows: rows(rule), columns }
}

/// Which rows a rule makes.
fn rows(rule: &TableRule) -> Vec<(&'static str, String)> {
    let element = words::elements(&rule.each);
    let mut rows = match &rule.split {
        None => vec![("a row for", element)],
        Some(split) => vec![(
            "a row for",
            format!(
                "each part between '{}' of {} of {element}",
                split.separator,
                words::read(&split.read)
            ),
        )],
    };
    if !rule.rows.is_empty() {
        rows.push(("rows of each", rule.rows.len().to_string()));
    }
    for (number, row) in (1..).zip(&rule.rows) {
        if let Some(when) = &row.when {
            rows.push(("only if", format!("row {number}: {}", words::words(when))));
        }
    }
    if let Some(condition) = &rule.where_ {
        rows.push(("only where", words::words(condition)));
    }
    if let Some(condition) = &rule.keep_when {
        rows.push(("kept if", words::words(condition)));
    }
    if let Some(distinct) = &rule.distinct {
        let key: Vec<String> = distinct.by.iter().map(words::words).collect();
        let prefer = distinct.prefer.as_ref().map_or_else(String::new, |prefer| {
            format!("the one with the least value of ({}), then ", words::words(prefer))
        });
        let keep = match distinct.keep {
            Keep::First => "the first",
            Keep::Last => "the last",
        };
        let text = format!("of rows with the same {}: {prefer}{keep}", key.join(" and "));
        rows.push(("one row", text));
    }
    rows
}

/// Every function of the language with an example of its words, so that a test can read them all.
pub fn words_of_functions() -> Vec<(&'static str, String)> {
    Function::ALL.iter().map(|function| (function.name(), words::example(*function))).collect()
}
