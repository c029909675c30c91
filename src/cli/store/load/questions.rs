//! What the call does not decide, and only a person knows.

use super::survey::{Copies, FileSurvey, Survey};
use crate::cli::command_error::{CommandError, Result};
use crate::figures::{count, counted};
use crate::store::Division;

impl Survey {
    /// # Errors
    /// Files were loaded in another way than they would be now.
    pub fn check_way(&self, paths: &[&str], now: Option<&Division>) -> Result<()> {
        let is_asked = |file: &&FileSurvey| file.fresh > 0 && !file.is_known;
        let files = self.files.iter().zip(paths).filter(|(file, _)| is_asked(file));
        let mut asked =
            files.filter_map(|(file, path)| Some((path, file, file.other_way.as_ref()?)));
        let Some((path, first, before)) = asked.next() else { return Ok(()) };
        let others: Vec<u64> = asked.map(|(_, file, _)| file.fresh).collect();
        let documents = counted(first.fresh + others.iter().sum::<u64>(), "new application");
        let (is_whole, app_id) = (before.is_whole, before.app_id);
        let before = way(is_whole, before.division.as_ref());
        let now = way(now.is_none(), now);
        let also = match others.len() as u64 {
            0 => String::new(),
            1 => " and another file".to_owned(),
            many => format!(" and {} other files", count(many)),
        };
        Err(CommandError::usage(
            format!(
                "{path} was loaded {before} before (application {app_id}); {now}, it{also} would be loaded as \
                 {documents}"
            ),
            "load it as before, or add --other-records to load these documents as well; if the earlier load \
             was a mistake, unload it first",
        ))
    }

    /// # Errors
    /// The store has documents from elsewhere, and nothing says what they are.
    pub fn check_copies(&self, copies: Option<Copies>) -> Result<()> {
        let mut found = self.files.iter().filter(|file| file.copies > 0);
        let Some(first) = found.next().filter(|_| copies.is_none()) else { return Ok(()) };
        let documents = first.copies + found.map(|file| file.copies).sum::<u64>();
        let Some((path, other, app_id)) = &first.first_copy else { return Ok(()) };
        let as_what = format!("as application {app_id}");
        let message = match (other.as_str(), documents) {
            ("-", _) => format!("stdin has content that came from there before, {as_what}"),
            (_, 1) => format!(
                "{path} has name and content of {other}, which was loaded from another place {as_what}"
            ),
            (_, many) => format!(
                "{} documents have name and content of others from another place: {path} those of \
                 {other}, which was loaded {as_what}",
                count(many)
            ),
        };
        Err(CommandError::usage(
            message,
            "add --copies skip if they are the same, or --copies load if they are others",
        ))
    }

    /// # Errors
    /// The records of a file are partly those that the store has.
    pub fn check_mixed(&self, paths: &[&str]) -> Result<()> {
        for (file, path) in self.files.iter().zip(paths) {
            let known = file.mixed.as_ref().or(file.moved.as_ref());
            let (Some((changed, was)), Some((known, app_id))) = (&file.first_changed, known) else {
                continue;
            };
            return Err(CommandError::usage(
                format!(
                    "{path} has changed in part since it was loaded: {changed} is other than application \
                     {was}, and {known} is application {app_id}; {} would be loaded once more or for the \
                     first time",
                    counted(file.new, "record")
                ),
                "use --app-id-from key --replace, or add --again to load every record as a new \
                 application",
            ));
        }
        Ok(())
    }
}

/// How documents are taken out of a file, in the words of the flags.
fn way(is_whole: bool, division: Option<&Division>) -> String {
    match division {
        Some(Division { path, has_envelope: true }) => {
            format!("with --each {path} --keep-envelope")
        }
        Some(Division { path, has_envelope: false }) => format!("with --each {path}"),
        None if is_whole => "without --each".to_owned(),
        None => "with --each".to_owned(),
    }
}
