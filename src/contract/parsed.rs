//! From the text of a contract to the contract.

use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::compiled::Contract;
use super::expr::ast::Span;
use super::model::Model;
use super::string_map::StringMap;
use super::{check, lower, read};
use crate::diagnostic::Diagnostics;
use crate::id::ContractHash;

/// A sound contract together with what it was read from, for a closer look at it.
#[derive(Debug)]
pub struct ParsedContract {
    /// The contract.
    pub contract: Arc<Contract>,
    /// Its warnings; a closer look adds to them.
    pub diagnostics: Diagnostics,
    /// What reads nothing and was computed, with a value that is not blank.
    pub(crate) filled: Vec<Span>,
    pub(super) model: Model,
    /// Where the places in expressions are in the file.
    maps: Vec<StringMap>,
    /// For each `[[tables]]` where the types of its columns are written.
    pub(super) type_places: Vec<Vec<Range<usize>>>,
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
        Ok(Self { contract, diagnostics, filled: Vec::new(), model, maps, type_places })
    }

    /// The contract as it was written.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The range in the file of a place in an expression.
    pub(super) fn place(&self, span: Span) -> Range<usize> {
        let map = self.maps.iter().find(|map| map.contains(span));
        map.map_or(0..0, |map| map.locate(span))
    }
}

impl Contract {
    /// Reads a contract. `file` is what its diagnostics call it.
    ///
    /// With the contract come its warnings. The error has all mistakes that could be found, and
    /// the warnings with them; its `Display` renders them.
    pub fn parse(text: &str, file: &str) -> Result<(Self, Diagnostics), Diagnostics> {
        let ParsedContract { contract, diagnostics, .. } = ParsedContract::parse(text, file)?;
        Ok((Arc::into_inner(contract).expect("the only owner"), diagnostics))
    }
}

/// SHA-256 of the text with CRLF turned into LF, so that a checkout on Windows is the same
/// contract.
fn text_hash(text: &str) -> ContractHash {
    let normalised = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    ContractHash(Sha256::digest(normalised.as_bytes()).into())
}
