//! A contract drafted from documents, from a schema, or from both.

use super::arguments::Arguments;
use super::attempt::attempt;
use super::samples::{check_skipped, Samples};
use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::cli::console;
use crate::cli::contract::{declared, schema};
use crate::drafting::{self, Options, Report};
use crate::figures::counted;
use crate::outcome::FailureCategory;
use crate::profile::{NodeId, Profile, SchemaNotes};
use crate::report::DraftReport;
use crate::runner::ExitStatus;

/// Prints a contract for the samples.
pub(super) fn draft(arguments: &Arguments, call: &Call) -> Result {
    let mut samples = Samples::read(arguments, call, None)?;
    let Subject { profile, root, schema } = arguments.subject(call, &samples)?;
    check_skipped(&arguments.skip, &profile, &[root])?;
    let name = &profile[root].name.local;
    let name = arguments.name.as_ref().unwrap_or(name);
    let existing = match arguments.ddl.is_some() || arguments.against_database {
        true => declared::wanted(call, arguments.ddl.as_deref(), &arguments.tables)?,
        false => Vec::new(),
    };
    let attempt = |key| {
        let options = Options {
            skip: arguments.skip.clone(),
            lookups: arguments.lookups,
            unpivot: arguments.unpivot,
            key,
            runs: samples.statistics.runs,
            schema: schema.clone(),
            existing: existing.clone(),
        };
        let drafted = drafting::draft(&profile, root, name, &options);
        if drafted.report.tables == 0 {
            return Err(nothing_fits(&drafted.report));
        }
        let (_, summary) = attempt(call, &drafted.toml, "the draft", &samples)?;
        Ok::<_, CommandError>((drafted, summary))
    };
    let (mut drafted, mut summary) = attempt(samples.statistics.has_ids)?;
    let is_other_id = summary.failures.contains_key(&FailureCategory::KeyMismatch);
    if is_other_id {
        // What looks like the application's id is another.
        (drafted, summary) = attempt(false)?;
    }
    samples.statistics.has_ids &= !is_other_id;
    let mapped = summary.documents - summary.failed();
    let other_root = summary.failures.get(&FailureCategory::WrongDocument).copied().unwrap_or(0);
    let run = samples.report();
    let report = DraftReport { report: &drafted.report, run, mapped, other_root };
    samples.keep(arguments)?;
    console::print_to(arguments.out.as_deref(), &drafted.toml)?;
    console::note(report);
    Ok(ExitStatus::Success)
}

/// What a draft is made from.
struct Subject {
    profile: Profile,
    root: NodeId,
    schema: Option<SchemaNotes>,
}

impl Arguments {
    /// What occurs and what the schema says, if there is one.
    fn subject(&self, call: &Call, samples: &Samples) -> Result<Subject> {
        let mut profile = samples.profile().clone();
        let Some(xsd) = &self.xsd else {
            let root = self.root(samples)?;
            return Ok(Subject { profile, root, schema: None });
        };
        let files = schema::files(xsd, &call.settings.limits)?;
        let declared = schema::declared(&files)?;
        if profile.is_empty() {
            let root = schema::root(&declared, self.root.as_deref())?;
            let found = declared.paths(&root, &self.skip);
            let (profile, root, notes) = found.map_err(|error| schema::wrong(*error))?;
            return Ok(Subject { profile, root, schema: Some(notes) });
        }
        let root = self.root(samples)?;
        let notes = declared.describe(&mut profile, root, &self.skip);
        let notes = notes.map_err(|error| schema::wrong(*error))?;
        Ok(Subject { profile, root, schema: Some(notes) })
    }

    /// The root element that the contract is for.
    fn root(&self, samples: &Samples) -> Result<NodeId> {
        let profile = samples.profile();
        let roots = profile.roots();
        let fits = |root: &&NodeId| match &self.root {
            Some(wanted) => {
                let name = &profile[**root].name;
                *wanted == name.written() || *wanted == name.local || *wanted == name.uri
            }
            None => true,
        };
        let found: Vec<&NodeId> = roots.iter().filter(fits).collect();
        let shown: Vec<String> = roots.iter().map(|root| described(samples, *root)).collect();
        match (found.as_slice(), &self.root) {
            ([only], _) => Ok(**only),
            ([], Some(wanted)) => Err(CommandError::usage(
                format!("no document has the root element {wanted}, but {}", shown.join(", ")),
                "name one of these",
            )),
            _ => Err(CommandError::several(
                "the documents have several root elements",
                &shown,
                "draft a contract for each: add --root NAME, or its namespace",
            )),
        }
    }
}

/// None of the tables that exist has anything in common with the documents.
fn nothing_fits(report: &Report) -> CommandError {
    let lines: Vec<String> = report.unfilled.iter().map(ToString::to_string).collect();
    CommandError::several(
        "no table fits the documents",
        &lines,
        "name other tables, or draft new ones without --ddl and --against-database",
    )
}

/// A root element, its namespace, and how many documents have it, of which the first is named.
fn described(samples: &Samples, root: NodeId) -> String {
    let root = &samples.profile()[root];
    let namespace = match root.name.uri.is_empty() {
        true => String::new(),
        false => format!(" ({})", root.name.uri),
    };
    let name = root.name.written();
    let first = samples.statistics.names.get(&root.first.0);
    let first = first.map_or(String::new(), |first| format!(", such as {first}"));
    format!("{name}{namespace} in {}{first}", counted(root.documents, "document"))
}
