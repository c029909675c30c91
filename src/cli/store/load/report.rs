//! What a load did, in words.

use super::files::Input;
use super::survey::{Copies, FileSurvey, Survey};
use crate::cli::command_error::CommandError;
use crate::command::command;
use crate::figures::{bytes, count, counted};
use crate::id::AppId;
use crate::runner::ExitStatus;
use crate::store::Added;

/// What a load did.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Documents that were loaded.
    pub documents: u64,
    /// Their size in bytes.
    bytes: u64,
    /// Their lowest and highest application.
    ids: Option<(AppId, AppId)>,
    /// Documents that the store had already.
    pub already: u64,
    /// Documents of which a server did not say whether it has loaded them.
    pub in_doubt: u64,
    /// Documents that only a full enqueue finds.
    pub behind: u64,
}

impl Loaded {
    /// Counts a document, which has so many bytes.
    pub fn count(&mut self, added: Added, bytes: u64) {
        let Added::Loaded(app_id) = added else {
            self.already += 1;
            return;
        };
        self.documents += 1;
        self.bytes += bytes;
        let (low, high) = self.ids.unwrap_or((app_id, app_id));
        self.ids = Some((low.min(app_id), high.max(app_id)));
    }

    /// `803 documents loaded (4.5 MB), as applications 1 to 803`, or `803 documents: 3 loaded (0.1 MB)
    /// as applications 801 to 803, 800 already loaded`, with what loads these once more.
    pub fn line(&self, again: &str) -> String {
        let (loaded, bytes, span) = (self.documents, bytes(self.bytes), self.span());
        if self.already == 0 {
            return format!("{} loaded ({bytes}), {span}\n", counted(loaded, "document"));
        }
        let documents = counted(loaded + self.already, "document");
        let loaded = match loaded {
            0 => "0 loaded".to_owned(),
            _ => format!("{} loaded ({bytes}) {span}", count(loaded)),
        };
        format!("{documents}: {loaded}, {} already loaded{again}\n", count(self.already))
    }

    /// The error that stopped it, with what stays; `is_repeating`: the same command would load that once more.
    pub fn stopped_by(&self, error: CommandError, is_repeating: bool) -> CommandError {
        let (loaded, in_doubt) = (self.documents, self.in_doubt);
        let doubted = counted(in_doubt, "document");
        let stays = format!("{} loaded before it, which stay", counted(loaded, "document"));
        let so_far = match (loaded, in_doubt) {
            (0, 0) => "nothing was loaded".to_owned(),
            (0, _) => format!("whether {doubted} were loaded is unknown"),
            (_, 0) => stays,
            _ => format!("{stays}; whether {doubted} more were loaded is unknown"),
        };
        let hint = match is_repeating && loaded + in_doubt > 0 {
            true => format!(
                "take these back before you run the same command again, which would load them once more: {} \
                 lists them",
                command("unload --loaded-since 1h --dry-run")
            ),
            false => error.hint,
        };
        let status = match error.status {
            // Nothing was written, it says.
            ExitStatus::Usage if loaded > 0 => ExitStatus::Aborted,
            status => status,
        };
        let separator = if error.message.contains('\n') { "\n" } else { "; " };
        let message = format!("{}{separator}{so_far}", error.message);
        CommandError { message, hint, status }
    }

    /// `as application 7`, `as applications 1 to 803` or, if ids between are missing, `with ids from 5
    /// to 12`.
    fn span(&self) -> String {
        let Some((first, last)) = self.ids else { return "as no application".to_owned() };
        match last.0.abs_diff(first.0) {
            0 => format!("as application {first}"),
            between if between == self.documents - 1 => {
                format!("as applications {first} to {last}")
            }
            _ => format!("with ids from {first} to {last}"),
        }
    }
}

/// What a person should know of the files, a line each.
pub struct Notes {
    /// What was not loaded.
    pub left_out: String,
    /// What was.
    pub others: String,
}

impl Survey {
    /// What a person should know of the files; `is_divided`: each record was loaded.
    pub fn notes(&self, inputs: &[Input], is_divided: bool, copies: Option<Copies>) -> Notes {
        let mut notes = String::new();
        let is_changed = |file: &&FileSurvey| file.changed > 0 && !file.is_done(copies);
        let mut changed = self.files.iter().filter(is_changed);
        if let Some((path, app_id)) = changed.next().and_then(|file| file.first_changed.as_ref()) {
            let kind = if is_divided { "record" } else { "file" };
            let count = self.files.iter().filter(is_changed).map(|file| file.changed).sum::<u64>();
            let (have, was) = if count == 1 { ("has", "it was") } else { ("have", "they were") };
            notes += &format!(
                "{} {have} changed since {was} loaded: {path} was application {app_id}; each is now a new \
                 application\n",
                counted(count, kind)
            );
        }
        let corrected = self.files.iter().map(|file| file.corrected).sum::<u64>();
        let first = self.files.iter().find_map(|file| file.first_corrected.as_ref());
        if let Some((path, app_id)) = first {
            let documents = match corrected {
                1 => {
                    "1 document was changed in the source table since it was loaded, and".to_owned()
                }
                many => format!(
                    "{} documents were changed in the source table since they were loaded, and",
                    count(many)
                ),
            };
            let fate = match (self.has_ids, corrected) {
                (true, 1) => "was replaced",
                (true, _) => "were replaced",
                (false, 1) => "stays so",
                (false, _) => "stay so",
            };
            notes += &format!("{documents} {fate}: {path} is application {app_id}\n");
        }
        let processed = self.files.iter().map(|file| file.processed).sum::<u64>();
        if processed > 0 {
            notes += &format!(
                "{} processed before with other documents, of which the rows stay until {}\n",
                match processed {
                    1 => "1 application was".to_owned(),
                    many => format!("{} applications were", count(many)),
                },
                command("requeue --changed")
            );
        }
        let same = self.same.iter().filter(|(file, _)| self.files[*file].new > 0);
        let same: Vec<_> =
            same.map(|(file, other)| (&inputs[*file].path, &inputs[*other].path)).collect();
        if let Some((file, other)) = same.first() {
            let (count, have) = (counted(same.len(), "file"), has(same.len()));
            notes += &format!(
                "{count} {have} the same content as another one: {file} and {other}; all were loaded\n"
            );
        }
        let mut left_out = String::new();
        let elements = self.files.iter().map(|file| file.left_out.elements).sum::<u64>();
        let first = self.files.iter().find(|file| file.left_out.elements > 0);
        if let Some(first) = first.and_then(|file| file.left_out.first.as_ref()) {
            let count = counted(elements, "element");
            left_out += &format!("{count} beside the records not loaded, such as {first}\n");
        }
        if self.files.iter().any(|file| file.left_out.text) {
            left_out += "text beside the records not loaded\n";
        }
        Notes { left_out, others: notes }
    }
}

fn has(count: usize) -> &'static str {
    if count == 1 {
        "has"
    } else {
        "have"
    }
}
