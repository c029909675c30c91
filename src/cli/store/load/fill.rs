//! Hands the documents that are to be loaded to a store, in portions.

use super::documents::Documents;
use super::errors::{check_ids, interrupted};
use super::files::Input;
use super::ids::Ids;
use super::report::Loaded;
use super::survey::{Copies, Survey};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::interruption::Interruption;
use crate::store::{Added, Candidate, Intake, LoadRules};

/// Documents of a portion, at most, and their bytes.
const PORTION: usize = 1000;
const PORTION_BYTES: usize = 8 << 20;

/// Documents of a portion.
pub type Portion = Vec<(Candidate, Vec<u8>)>;

/// What adds a portion, and says what became of each document.
pub type Add<'a> = &'a mut dyn FnMut(Portion, LoadRules) -> Result<Vec<Added>>;

/// Documents on their way to a store.
pub struct Filling<'c> {
    pub documents: &'c Documents,
    pub inputs: &'c [Input],
    pub ids: &'c Ids,
    pub rules: LoadRules,
    pub copies: Option<Copies>,
    pub interruption: &'c Interruption,
}

impl Filling<'_> {
    /// Adds what the survey says is new, and counts.
    ///
    /// # Errors
    /// A file has changed since the survey, a signal came, or adding fails.
    pub fn fill(&self, survey: &Survey, loaded: &mut Loaded, add: Add) -> Result<()> {
        let mut reader = self.ids.reader();
        let mut portion = Portion::new();
        let mut bytes = 0;
        let mut rules = self.rules;
        for (at, (input, file)) in self.inputs.iter().zip(&survey.files).enumerate() {
            if file.is_done(self.copies) {
                loaded.already += file.documents;
                continue;
            }
            let is_again = input.is_nameless && self.copies == Some(Copies::Load);
            let wanted = LoadRules { again: self.rules.again || is_again, ..self.rules };
            if wanted != rules {
                hand_over(&mut portion, rules, loaded, add)?;
                rules = wanted;
            }
            self.documents.visit(input, &mut |source, document| {
                if self.interruption.is_requested() {
                    return Err(interrupted());
                }
                if source.record == 0 && file.hash != Some(source.hash) {
                    return Err(has_changed(&source.path));
                }
                let (app_id, document) = reader.id(at, document);
                let app_id = app_id.map_err(|_| has_changed(&source.path))?;
                bytes += document.len();
                portion.push((Candidate { app_id, file: source }, document));
                if portion.len() < PORTION && bytes < PORTION_BYTES {
                    return Ok(());
                }
                bytes = 0;
                hand_over(&mut portion, rules, loaded, add)
            })?;
        }
        hand_over(&mut portion, rules, loaded, add)
    }
}

fn hand_over(portion: &mut Portion, rules: LoadRules, loaded: &mut Loaded, add: Add) -> Result<()> {
    if portion.is_empty() {
        return Ok(());
    }
    let portion = std::mem::take(portion);
    let bytes: Vec<u64> = portion.iter().map(|(candidate, _)| candidate.file.bytes).collect();
    for (added, bytes) in add(portion, rules)?.into_iter().zip(bytes) {
        if let Added::Refused(app_id) = added {
            return check_ids(&[app_id], 1);
        }
        loaded.count(added, bytes);
    }
    Ok(())
}

/// Which documents of the portion the store has from elsewhere.
///
/// # Errors
/// The store fails.
pub fn copies(portion: &Portion, intake: &mut dyn Intake) -> Result<Vec<bool>> {
    let candidates: Vec<Candidate> =
        portion.iter().map(|(candidate, _)| candidate.clone()).collect();
    Ok(intake.find(&candidates)?.into_iter().map(|found| found.copy.is_some()).collect())
}

/// Adds those of a portion that are not copies, and counts copies as what the store has already.
///
/// # Errors
/// Those of `add`.
pub fn add_but(
    copies: &[bool],
    portion: Portion,
    add: impl FnOnce(Portion) -> Result<Vec<Added>>,
) -> Result<Vec<Added>> {
    let kept = portion.into_iter().zip(copies).filter(|(_, is_copy)| !**is_copy);
    let mut added = add(kept.map(|(document, _)| document).collect())?.into_iter();
    let each = copies.iter().map(|is_copy| match is_copy {
        true => Some(Added::Already),
        false => added.next(),
    });
    Ok(each.flatten().collect())
}

fn has_changed(path: &str) -> CommandError {
    let hint = "run again when no other program changes it";
    CommandError::usage(format!("{path} was changed while it was loaded"), hint)
}
