//! What an installation would do, without doing it.

use super::{Difference, DifferenceKind, StoreError};
use crate::command::split_step;
use crate::contract::Contract;
use crate::id::ContractHash;

/// Everything that an installation would change, and what it would refuse; empty if there is nothing to
/// do. Where anything is refused, an installation changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstallPlan {
    /// In the order of the installation.
    pub steps: Vec<PlannedStep>,
}

/// What an installation would do with one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedStep {
    /// What is done, or would be if nothing were in its way.
    pub action: PlannedAction,
    /// The object, such as `table sandbox.note` or `procs/usp_ClaimBatch.sql`.
    pub object: String,
    /// The column.
    pub column: Option<String>,
    /// What there is now: a column's type, an object's state, a contract's hash.
    pub old: Option<String>,
    /// What there would be.
    pub new: Option<String>,
    /// The statement, where it is one on a target table.
    pub statement: Option<String>,
    /// Why it is refused, each reason with what a person can do; empty if it is not.
    pub refusals: Vec<Refused>,
    /// The target table, where the step is on one.
    pub table: Option<String>,
    /// The table exists, and xmlshred did not create it.
    pub of_others: bool,
    /// The object is of others, and has a name that the installation needs.
    pub takes_name: bool,
}

/// Why an installation refuses something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// A sentence that starts in lower case.
    pub reason: String,
    /// The next step.
    pub next_step: String,
}

/// What an installation does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlannedAction {
    /// Creates a table, an index, a view or a procedure.
    #[default]
    Create,
    /// Adds a column.
    Add,
    /// Gives a column a longer type, or lets it be NULL.
    Widen,
    /// Puts a module in place of an older or edited one.
    Replace,
    /// Runs a migration of the tables.
    Migrate,
    /// Runs a script that leaves no object, such as the grants.
    Run,
    /// Makes the contract the installed one.
    Register,
    /// Nothing: a person must change a table or the contract.
    Decide,
}

impl PlannedAction {
    /// Its word in the output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Add => "add",
            Self::Widen => "widen",
            Self::Replace => "replace",
            Self::Migrate => "migrate",
            Self::Run => "run",
            Self::Register => "register",
            Self::Decide => "decide",
        }
    }
}

impl InstallPlan {
    /// Whether an installation would change nothing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What is refused.
    pub fn refused(&self) -> impl Iterator<Item = &PlannedStep> {
        self.steps.iter().filter(|step| step.is_refused())
    }

    /// The error of an installation that has this plan; `None` where nothing is refused. `place` is what
    /// has the objects with names that are needed.
    pub(super) fn error(&self, place: &str) -> Option<StoreError> {
        let taken: Vec<&PlannedStep> = self.steps.iter().filter(|step| step.takes_name).collect();
        let next_step = taken.iter().flat_map(|step| &step.refusals).next();
        let Some(Refused { next_step, .. }) = next_step else {
            return self.steps.iter().find_map(PlannedStep::error);
        };
        let names: Vec<&str> = taken.iter().map(|step| step.object.as_str()).collect();
        Some(StoreError::Refused(format!(
            "{place} has objects that xmlshred did not create, with names that it needs; nothing was \
             changed:\n  {}; {next_step}",
            names.join("\n  ")
        )))
    }

    /// The statements that change target tables of others.
    pub fn alterations(&self) -> Vec<String> {
        let altered = self.steps.iter().filter(|step| step.of_others && !step.is_refused());
        altered.filter_map(|step| step.statement.clone()).collect()
    }
}

impl PlannedStep {
    /// The object of the step that gives an embedded store of an earlier version this one's tables.
    pub const OWN_TABLES: &str = "the store's own tables";

    /// A step on an object that nothing is in the way of.
    pub(super) fn new(action: PlannedAction, object: impl Into<String>) -> Self {
        Self { action, object: object.into(), ..Self::default() }
    }

    /// The contract that becomes the installed one.
    pub(super) fn register(contract: &Contract, installed: Option<ContractHash>) -> Self {
        Self {
            old: installed.map(|hash| hash.to_string()),
            new: Some(contract.hash.to_string()),
            ..Self::new(PlannedAction::Register, format!("contract {}", contract.name))
        }
    }

    /// A difference of a target table that an installation refuses.
    pub(super) fn decide(object: String, difference: &Difference) -> Self {
        Self {
            column: difference.column.clone(),
            table: Some(difference.table.clone()),
            refusals: vec![Refused::split(&difference.what, difference.kind.next_step())],
            ..Self::new(PlannedAction::Decide, object)
        }
    }

    /// Something of others that has a name which the installation needs.
    pub(super) fn takes_name(object: impl Into<String>, next_step: &str) -> Self {
        let reason = "xmlshred did not create it, and needs its name".to_owned();
        Self {
            takes_name: true,
            refusals: vec![Refused { reason, next_step: next_step.to_owned() }],
            ..Self::new(PlannedAction::Decide, object)
        }
    }

    /// The error of an installation that meets it first, where it is refused.
    fn error(&self) -> Option<StoreError> {
        let Refused { reason, next_step } = self.refusals.first()?;
        let Some(table) = &self.table else {
            return Some(StoreError::Refused(format!("{reason}; {next_step}")));
        };
        let column = self.column.as_deref().unwrap_or_default();
        let reason = match (self.action, &self.old, &self.new) {
            (PlannedAction::Add, ..) => format!("column {column} does not exist, and {reason}"),
            (PlannedAction::Widen, Some(old), Some(new)) => {
                format!("column {column} is {old} and needs {new}, but {reason}")
            }
            _ => reason.clone(),
        };
        let reason = format!("{reason}; {next_step}");
        Some(StoreError::Drift { table: table.clone(), reason })
    }

    /// Whether it is refused.
    pub fn is_refused(&self) -> bool {
        !self.refusals.is_empty()
    }
}

impl Refused {
    /// A message that names the next step after its last semicolon, where it knows one.
    pub(super) fn split(message: &str, next_step: &str) -> Self {
        let (reason, next_step) = split_step(message).unwrap_or((message, next_step));
        Self { reason: reason.to_owned(), next_step: next_step.to_owned() }
    }
}

impl DifferenceKind {
    /// What a person can do about a difference that no statement of an installation ends.
    fn next_step(self) -> &'static str {
        match self {
            Self::Missing => {
                "add the column to the table, or let the contract not require it and install again"
            }
            Self::Type => "change the type of the column, or write the table's in the contract",
            Self::Null => "let the column be NULL, or require it in the contract",
            Self::Other => "change the table or the contract",
        }
    }
}
