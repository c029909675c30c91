//! Hands the documents that are to be loaded to a store, in portions.

use super::documents::Documents;
use super::errors::{check_ids, interrupted};
use super::files::Input;
use super::ids::Ids;
use super::report::Loaded;
use super::survey::{Copies, Survey};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::interruption::Interruption;
use crate::store::{Added, Candidate, LoadRules};

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
            let visited = self.documents.visit(input, &mut |source, document| {
                if self.interruption.is_requested() {
                    return Err(interrupted());
                }
                if source.record == 0 && file.hash != Some(source.hash) {
                    return Err(has_changed(&source.path));
                }
                if self.copies == Some(Copies::Skip) && file.is_copy(source.record) {
                    loaded.already += 1;
                    return Ok(());
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
            if file.hash != Some(visited.hash) {
                return Err(has_changed(&input.path));
            }
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
    let added = add(portion, rules)?;
    let refused = added.iter().find_map(|added| match added {
        Added::Refused(app_id) => Some(*app_id),
        _ => None,
    });
    if let Some(app_id) = refused {
        return check_ids(&[app_id], 1);
    }
    added.into_iter().zip(bytes).for_each(|(added, bytes)| loaded.count(added, bytes));
    Ok(())
}

fn has_changed(path: &str) -> CommandError {
    let hint = "run again when no other program changes it";
    CommandError::usage(format!("{path} was changed while it was loaded"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{AppId, SourceHash};
    use crate::store::{PlaceId, SourceFile};

    #[test]
    fn nothing_of_a_portion_that_is_refused_counts_as_loaded() {
        let document = |n: i64| {
            let (path, name) = (n.to_string(), n.to_string());
            let (place, hash) = (PlaceId(n), SourceHash([0; 32]));
            let file = SourceFile { path, name, place, record: 0, division: None, bytes: 4, hash };
            (Candidate { app_id: Some(AppId(n)), file }, b"<a/>".to_vec())
        };
        let mut loaded = Loaded::default();
        let refused = hand_over(
            &mut vec![document(1), document(2)],
            LoadRules::default(),
            &mut loaded,
            &mut |_, _| Ok(vec![Added::Loaded(AppId(1)), Added::Refused(AppId(2))]),
        );
        assert!(refused.is_err());
        assert_eq!(loaded.documents, 0);
    }
}
