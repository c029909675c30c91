//! A contract, ready to shred with.

use super::clock::{clocks, Clock};
use super::compile;
use super::model::Model;
use super::plan::Plan;
use super::target::TargetTable;
use crate::id::ContractHash;

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
    /// What the time of the claim decides in each of `targets`.
    pub clocks: Vec<Clock>,
    /// The compiled form.
    plan: Plan,
}

impl Contract {
    /// Compiles a checked model.
    pub(crate) fn compile(model: &Model, hash: ContractHash, targets: Vec<TargetTable>) -> Self {
        Self {
            name: model.name.clone(),
            hash,
            target_schema: model.target_schema.clone(),
            clocks: clocks(model, &targets),
            plan: compile::compile(model, &targets),
            targets,
        }
    }

    /// What the shredder runs.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }
}
