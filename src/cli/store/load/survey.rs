//! Looks at all documents before one is loaded: what is new, and what the call does not decide.

use std::collections::HashMap;

use clap::ValueEnum;

use super::documents::Documents;
use super::errors::{check_ids, interrupted};
use super::files::Input;
use super::ids::{Ids, KeyCheck};
use super::ranges::Ranges;

use crate::cli::command_error::Result;
use crate::cli::interruption::Interruption;
use crate::id::{AppId, SourceHash};
use crate::split::LeftOut;
use crate::store::{Candidate, Existing, Found, Intake, LoadRules, OtherWay, SourceFile, UnderId};

/// Candidates that a store is asked about at once.
const AT_ONCE: usize = 500;

/// Ids that an error lists.
const LISTED_IDS: usize = 10;

/// What happens to copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Copies {
    Skip,
    Load,
}

/// How a call looks at documents.
pub struct Surveyor<'c> {
    pub documents: &'c Documents,
    pub inputs: &'c [Input],
    pub ids: &'c Ids,
    pub rules: LoadRules,
    pub copies: Option<Copies>,
    /// Whether a file may be loaded in another way than before.
    pub other_records: bool,
    pub interruption: &'c Interruption,
}

/// What is known of all files.
#[derive(Debug, Default)]
pub struct Survey {
    pub files: Vec<FileSurvey>,
    /// Files with the same content as another one of the call.
    pub same: Vec<(usize, usize)>,
    /// Whether documents have ids, and replace what is under them.
    pub has_ids: bool,
    /// Ids in use under which the documents are others.
    in_use: Vec<AppId>,
    in_use_count: u64,
}

/// What is known of a file's documents.
#[derive(Debug, Default)]
pub struct FileSurvey {
    pub documents: u64,
    /// Those that would be loaded.
    pub new: u64,
    /// Those of them that would be new applications.
    pub fresh: u64,
    /// Those of them in whose place another document was processed.
    pub processed: u64,
    /// Those that the store has from this file.
    pub already: u64,
    /// Those that another program has changed since they were loaded, and the first with its application: with
    /// ids they are replaced, and without they stay.
    pub corrected: u64,
    pub first_corrected: Option<(String, AppId)>,
    /// Those in whose place the store has another one, and the first with its application.
    pub changed: u64,
    pub first_changed: Option<(String, AppId)>,
    /// A document that the store has, after one that has changed or with another number.
    pub mixed: Option<(String, AppId)>,
    pub moved: Option<(String, AppId)>,
    /// Whether the store has documents that were taken out of the file as they are now.
    pub is_known: bool,
    /// One that was taken out of it in another way.
    pub other_way: Option<OtherWay>,
    /// The applications of the records at its beginning that the store has.
    leading: Ranges,
    /// The last of these records.
    before: Option<(String, AppId)>,
    /// Those that the store has from elsewhere; the first, its path there, and its application.
    pub copies: u64,
    /// The numbers of these.
    copied: Ranges,
    pub first_copy: Option<(String, String, AppId)>,
    /// The content of the whole file.
    pub hash: Option<SourceHash>,
    pub left_out: LeftOut,
}

impl FileSurvey {
    /// Whether nothing of it is to be loaded.
    pub fn is_done(&self, copies: Option<Copies>) -> bool {
        let skipped = copies == Some(Copies::Skip) && self.copies == self.documents;
        self.new == 0 || skipped
    }

    /// Whether a record that has the content of another one of its file has moved: not if that other
    /// one was loaded when a load of this content began.
    pub fn has_moved(&self, from: AppId) -> bool {
        !self.leading.has(from.0)
    }

    /// Whether the store had this record, or the whole file, from elsewhere before the load: what the load
    /// itself has loaded from another file does not count.
    pub fn is_copy(&self, record: u64) -> bool {
        self.copied.has(number(record))
    }

    /// What the store has from this file.
    fn note_already(&mut self, app_id: AppId, path: impl FnOnce() -> String) {
        self.already += 1;
        match self.changed {
            0 => {
                self.leading.add(app_id.0);
                self.before = Some((path(), app_id));
            }
            _ => drop(self.mixed.get_or_insert_with(|| (path(), app_id))),
        }
    }

    /// A document that the store has from this path, which is elsewhere, or from stdin.
    fn note_copy(&mut self, app_id: AppId, other: &str, file: &SourceFile) {
        self.copies += 1;
        self.copied.add(number(file.record));
        self.first_copy.get_or_insert_with(|| (file.path.clone(), other.to_owned(), app_id));
    }

    fn note_corrected(&mut self, app_id: AppId, path: impl FnOnce() -> String) {
        self.corrected += 1;
        self.first_corrected.get_or_insert_with(|| (path(), app_id));
    }

    /// What the store has in place of a record. Where a load went on that was stopped, it is older than
    /// the record before it; otherwise it is of the same delivery, and the record is corrected.
    fn note_changed(&mut self, app_id: AppId, path: impl FnOnce() -> String) {
        self.changed += 1;
        if self.first_changed.is_some() {
            return;
        }
        self.first_changed = Some((path(), app_id));
        if let Some((before, known)) = self.before.take().filter(|(_, known)| *known < app_id) {
            self.mixed.get_or_insert((before, known));
        }
    }
}

fn number(record: u64) -> i64 {
    i64::try_from(record).unwrap_or(i64::MAX)
}

impl Surveyor<'_> {
    /// Reads every document; asks the store, if there is one yet.
    ///
    /// # Errors
    /// A file cannot be read; documents have no id of their own, or an id that is in use; files are
    /// copies, have changed in part, or were loaded in another way.
    pub fn survey(&self, intake: Option<&mut dyn Intake>) -> Result<Survey> {
        let has_ids = !matches!(self.ids, Ids::Next);
        let mut survey = Survey { has_ids, ..Survey::default() };
        let mut asking = Asking { intake, pending: Vec::new() };
        let mut keys = KeyCheck::default();
        let mut reader = self.ids.reader();
        let mut contents: HashMap<SourceHash, usize> = HashMap::new();
        for (at, input) in self.inputs.iter().enumerate() {
            survey.files.push(FileSurvey::default());
            let ask = self.asks_about(input, &mut asking)?;
            let visited = self.documents.visit(input, &mut |source, document| {
                if self.interruption.is_requested() {
                    return Err(interrupted());
                }
                let (app_id, _) = reader.id(at, document);
                let app_id = match app_id {
                    Ok(app_id) => app_id,
                    Err(problem) => {
                        keys.refuse(&source, &problem);
                        return Ok(());
                    }
                };
                if let (Some(app_id), Ids::Keyed(_)) = (app_id, self.ids) {
                    keys.note(at, &source, app_id)?;
                }
                let candidate = Candidate { app_id, file: source };
                match ask {
                    true => asking.ask(at, candidate, &mut |at, candidate, found| {
                        survey.note(self, at, candidate, found);
                    }),
                    false => {
                        survey.note(self, at, &candidate, Found::default());
                        Ok(())
                    }
                }
            })?;
            survey.files[at].left_out = visited.left_out;
            survey.files[at].hash = Some(visited.hash);
            match contents.get(&visited.hash) {
                Some(other) => survey.same.push((at, *other)),
                None => drop(contents.insert(visited.hash, at)),
            }
        }
        asking.finish(&mut |at, candidate, found| survey.note(self, at, candidate, found))?;
        let paths: Vec<&str> = self.inputs.iter().map(|input| &*input.path).collect();
        keys.finish(&paths)?;
        survey.check_ids()?;
        if !self.rules.again && !self.other_records {
            survey.check_way(&paths, self.documents.division().as_ref())?;
        }
        if matches!(self.ids, Ids::Next) && !self.rules.again {
            survey.check_copies(self.copies)?;
            survey.check_mixed(&paths)?;
        }
        Ok(survey)
    }

    /// Whether the store is asked about this file's documents: not about the many records of a file
    /// of which it has none.
    fn asks_about(&self, input: &Input, asking: &mut Asking) -> Result<bool> {
        let Some(intake) = &mut asking.intake else { return Ok(false) };
        match (self.ids, &self.documents.each) {
            (Ids::Next, _) if self.rules.again => Ok(false),
            (Ids::Next, Some(_)) => Ok(intake.knows_file(input.place, &input.name)?),
            _ => Ok(true),
        }
    }
}

/// Asks a store about many candidates at once.
struct Asking<'s> {
    intake: Option<&'s mut dyn Intake>,
    pending: Vec<(usize, Candidate)>,
}

type Answer<'a> = &'a mut dyn FnMut(usize, &Candidate, Found);

impl Asking<'_> {
    fn ask(&mut self, at: usize, candidate: Candidate, answer: Answer) -> Result<()> {
        self.pending.push((at, candidate));
        match self.pending.len() < AT_ONCE {
            true => Ok(()),
            false => self.finish(answer),
        }
    }

    fn finish(&mut self, answer: Answer) -> Result<()> {
        let Some(intake) = self.intake.as_mut().filter(|_| !self.pending.is_empty()) else {
            return Ok(());
        };
        let (places, candidates): (Vec<usize>, Vec<Candidate>) = self.pending.drain(..).unzip();
        let found = intake.find(&candidates)?;
        for ((at, candidate), found) in places.into_iter().zip(&candidates).zip(found) {
            answer(at, candidate, found);
        }
        Ok(())
    }
}

impl Survey {
    fn note(&mut self, surveyor: &Surveyor, at: usize, candidate: &Candidate, found: Found) {
        let Surveyor { inputs, rules, .. } = surveyor;
        let (file, path) = (&mut self.files[at], || candidate.file.path.clone());
        file.documents += 1;
        file.is_known |= found.same.is_some() || found.changed.is_some();
        if let Some(other_way) = found.other_way.filter(|_| !inputs[at].is_nameless) {
            file.other_way.get_or_insert(other_way);
        }
        match (candidate.app_id, found.under_id, found.same) {
            (Some(_), Some(UnderId::Same), _) if !rules.again => file.already += 1,
            (Some(app_id), Some(_), _) if rules.existing == Existing::Refuse => {
                self.in_use_count += 1;
                if self.in_use.len() < LISTED_IDS {
                    self.in_use.push(app_id);
                }
            }
            (Some(app_id), under_id, _) => {
                if found.is_corrected {
                    file.note_corrected(app_id, path);
                }
                file.new += 1;
                file.fresh += u64::from(under_id.is_none());
                file.processed += u64::from(under_id == Some(UnderId::Other) && found.is_logged);
            }
            // Nothing says whether it is the same once more, or the same from another sender.
            (None, _, same) if inputs[at].is_nameless && same.or(found.earlier).is_some() => {
                file.new += 1;
                if let Some(app_id) = same.or(found.earlier) {
                    file.leading.add(app_id.0);
                    file.note_copy(app_id, "-", &candidate.file);
                }
            }
            (None, _, Some(app_id)) => {
                if found.is_corrected {
                    file.note_corrected(app_id, path);
                }
                file.note_already(app_id, path);
            }
            (None, ..) => {
                file.new += 1;
                file.fresh += 1;
                if let Some(app_id) = found.changed.filter(|_| !inputs[at].is_nameless) {
                    file.note_changed(app_id, path);
                }
                let moved = found.moved.filter(|from| file.has_moved(*from));
                match (found.copy, moved) {
                    (Some((app_id, other)), _) => file.note_copy(app_id, &other, &candidate.file),
                    (None, Some(app_id)) if inputs[at].is_nameless => {
                        file.note_copy(app_id, "-", &candidate.file);
                    }
                    _ => {}
                }
                if let Some(app_id) = moved {
                    file.moved.get_or_insert_with(|| (path(), app_id));
                }
            }
        }
    }

    fn check_ids(&self) -> Result<()> {
        check_ids(&self.in_use, self.in_use_count)
    }
}
