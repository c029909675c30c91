//! The mapping contract: how one document becomes rows.

mod check;
pub(crate) mod draft;
pub mod expr;
mod lower;
pub mod model;
pub(crate) mod names;
pub(crate) mod plan;
pub(crate) mod probe;
mod read;
mod string_map;

use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::diagnostic::Diagnostics;
use crate::id::ContractHash;
use crate::value::SqlType;

/// A checked contract, compiled and ready to shred with.
#[derive(Debug)]
pub struct Contract {
    /// `contract.name`.
    pub name: String,
    /// Hash of the text it was read from.
    pub hash: ContractHash,
    /// `contract.target_schema`; the embedded store has no schemas and ignores it.
    pub target_schema: String,
    /// The distinct target tables in load order: a table comes after every table it references.
    pub targets: Vec<TargetTable>,
    /// The compiled form.
    plan: plan::Plan,
}

/// A sound contract together with what it was read from, for a closer look at it.
#[derive(Debug)]
pub struct ParsedContract {
    /// The contract.
    pub contract: Arc<Contract>,
    /// Its warnings; a closer look adds to them.
    pub diagnostics: Diagnostics,
    model: model::Model,
    /// Where the places in expressions are in the file.
    maps: Vec<string_map::StringMap>,
    /// For each `[[tables]]` where the types of its columns are written.
    type_places: Vec<Vec<Range<usize>>>,
}

impl ParsedContract {
    /// As [`Contract::parse`].
    pub fn parse(text: &str, file: &str) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::new(file, text);
        let Some(draft) = read::read(text, &mut diagnostics) else { return Err(diagnostics) };
        let targets = check::check(&draft, &mut diagnostics);
        if diagnostics.errors() > 0 {
            return Err(diagnostics);
        }
        let maps = draft.maps.clone();
        let type_places = draft.type_places();
        let Some((model, targets)) = lower::lower(draft, targets) else { return Err(diagnostics) };
        let contract = Arc::new(Contract::compile(&model, text_hash(text), targets));
        Ok(Self { contract, diagnostics, model, maps, type_places })
    }
}

/// The range in the file of a place in an expression.
fn place(maps: &[string_map::StringMap], span: expr::ast::Span) -> Range<usize> {
    let map = maps.iter().find(|map| map.contains(span));
    map.map_or(0..0, |map| map.locate(span))
}

impl Contract {
    /// Reads a contract. `file` is what its diagnostics call it.
    ///
    /// With the contract come its warnings. The error has all mistakes that could be found, and
    /// the warnings with them; its `Display` renders them.
    pub fn parse(text: &str, file: &str) -> Result<(Self, Diagnostics), Diagnostics> {
        let ParsedContract { contract, diagnostics, .. } = ParsedContract::parse(text, file)?;
        Ok((Arc::into_inner(contract).expect("nobody else has it yet"), diagnostics))
    }

    /// Compiles a checked model.
    pub(crate) fn compile(
        model: &model::Model,
        hash: ContractHash,
        targets: Vec<TargetTable>,
    ) -> Self {
        Self {
            name: model.name.clone(),
            hash,
            target_schema: model.target_schema.clone(),
            plan: plan::compile(model, &targets),
            targets,
        }
    }

    /// What the shredder runs.
    pub(crate) fn plan(&self) -> &plan::Plan {
        &self.plan
    }
}

/// SHA-256 of the text with CRLF turned into LF, so that a checkout on Windows is the same
/// contract.
fn text_hash(text: &str) -> ContractHash {
    let normalised = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    ContractHash(Sha256::digest(normalised.as_bytes()).into())
}

/// A table that rows are written to. Several `[[tables]]` of a contract may share one.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetTable {
    /// The table's name, without schema.
    pub name: String,
    /// The columns, in contract order. Names are unique ignoring case.
    pub columns: Vec<TargetColumn>,
    /// Names of the primary key's columns; empty when the contract declares none.
    pub primary_key: Vec<String>,
    /// Index into `columns` of the column that holds the application's id.
    pub app_column: usize,
    /// The parent table, where one is declared.
    pub foreign_key: Option<ForeignKey>,
    /// What to do with rows that are already there for the application.
    pub on_existing: OnExisting,
}

/// One column of a [`TargetTable`].
#[derive(Debug, Clone, PartialEq)]
pub struct TargetColumn {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub sql_type: SqlType,
    /// `required`: NOT NULL in the DDL.
    pub required: bool,
    /// `identity`: the database gives the value, and the rows carry null in its place.
    pub identity: bool,
}

/// `foreign_key = { columns = […], references = "…" }`: to the parent's primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The child's columns, in the order of the parent's primary key.
    pub columns: Vec<String>,
    /// The parent table's name.
    pub references: String,
}

/// `on_existing`: what happens to rows already in the table for this application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExisting {
    /// Insert; a duplicate key fails the application.
    #[default]
    Fail,
    /// Leave the rows that are there; insert none for the application into this table.
    Skip,
    /// Delete the rows that are there first, children before parents.
    Replace,
}
