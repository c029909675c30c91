//! What is verified, and how.

use std::sync::Arc;

use super::selection::Selection;
use crate::contract::Contract;
use crate::id::AppId;
use crate::shred::Limits;

/// What is verified, and how.
#[derive(Debug, Clone)]
pub struct Verification {
    /// The installed contract.
    pub contract: Arc<Contract>,
    /// Columns that this login sees masked, which are not compared: their tables and columns in the contract.
    pub masked: Vec<(usize, usize)>,
    /// The limits of a document.
    pub limits: Limits,
    /// Which applications.
    pub selection: Selection,
    /// Only ids above this.
    pub after: Option<AppId>,
    /// Threads that shred and compare, each with its own session.
    pub threads: usize,
    /// Examples of each kind of difference that are kept.
    pub examples: usize,
}
