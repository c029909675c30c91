//! What a call is to load, for either store.

use super::documents::Documents;
use super::files::Input;
use super::fill::Filling;
use super::ids::Ids;
use super::survey::{Copies, Survey, Surveyor};
use crate::cli::command_error::Result;
use crate::cli::interruption::Interruption;
use crate::store::{Intake, LoadRules};

/// What a call is to load, and how.
pub struct Load {
    pub inputs: Vec<Input>,
    pub ids: Ids,
    pub documents: Documents,
    pub rules: LoadRules,
    pub copies: Option<Copies>,
    /// Whether a file may be loaded in another way than before.
    pub other_records: bool,
    /// Whether a repetition would load everything once more.
    #[cfg_attr(not(feature = "embedded"), allow(dead_code))]
    pub is_repeating: bool,
    pub interruption: Interruption,
}

impl Load {
    /// # Errors
    /// As [`Surveyor::survey`].
    pub fn survey(&self, intake: Option<&mut dyn Intake>) -> Result<Survey> {
        let surveyor = Surveyor {
            documents: &self.documents,
            inputs: &self.inputs,
            ids: &self.ids,
            rules: self.rules,
            copies: self.copies,
            other_records: self.other_records,
            interruption: &self.interruption,
        };
        surveyor.survey(intake)
    }

    /// What hands the documents over.
    pub fn filling(&self) -> Filling<'_> {
        let Self { inputs, ids, documents, rules, copies, interruption, .. } = self;
        let (rules, copies) = (*rules, *copies);
        Filling { documents, inputs, ids, rules, copies, interruption }
    }
}
