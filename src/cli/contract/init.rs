//! `xmlshred contract init`: a contract drafted from documents, from a schema, or from both.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use clap::Args;
use rayon::ThreadPool;

use super::schema;
use crate::cli::call::{Call, Execute};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::{console, document_files, map};
use crate::contract::ParsedContract;
use crate::drafting::{draft, Drafted, Options};
use crate::figures::counted;
use crate::offline::{profile, MapSummary, Mapping, Profiled, Source};
use crate::outcome::FailureCategory;
use crate::profile::{NodeId, Profile, SchemaNotes};
use crate::report::DraftReport;
use crate::runner::ExitStatus;

/// Draft a contract from documents, or from their schema: tables, columns, types and keys
///
/// The contract goes to stdout. A report on stderr lists what it leaves out, and the values that do
/// not have the form of most.
#[derive(Debug, Args)]
pub struct Arguments {
    /// XML files and folders of *.xml
    #[arg(value_name = "SAMPLES", required_unless_present = "xsd")]
    samples: Vec<PathBuf>,

    /// Take types, lengths and cardinalities from an XML Schema; with SAMPLES, only paths that they have
    #[arg(long, value_name = "FILE")]
    xsd: Option<PathBuf>,

    /// Draft for the documents with this root element, if there are several kinds
    #[arg(long, value_name = "NAME")]
    root: Option<String>,

    /// The contract's name [default: the root element's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Leave an element out, with all that is in it, such as /order/scan; may be repeated
    #[arg(long, value_name = "PATH")]
    skip: Vec<String>,

    /// Make lookups of the lists of codes, to numbers
    #[arg(long)]
    lookups: bool,
}

impl Execute for Arguments {
    fn execute(&self, call: &Call) -> Result {
        let (sources, has_ids) = document_files::samples_with_ids(&self.samples)?;
        let threads = map::threads(call)?;
        let Profiled { profile, unreadable } =
            profile(&sources, None, &call.settings.limits, &threads);
        if let (true, Some((position, failure))) = (profile.is_empty(), unreadable.first()) {
            return Err(CommandError::new(
                ExitStatus::Contract,
                format!("no document can be read; {}: {}", sources[*position].name, failure.reason),
                "name XML files that are well-formed",
            ));
        }
        let subject = self.subject(call, profile)?;
        self.check_skipped(&subject)?;
        let attempt = |key| self.attempt(call, &subject, key, &sources, &threads);
        let (mut drafted, mut summary) = attempt(has_ids)?;
        if summary.failures.contains_key(&FailureCategory::KeyMismatch) {
            // What looks like the application's id is another.
            (drafted, summary) = attempt(false)?;
        }
        console::print_data(&drafted.toml)?;
        console::note(&DraftReport {
            report: &drafted.report,
            bytes: subject.profile.bytes,
            names: sources.iter().map(|source| source.name.as_str()).collect(),
            unreadable: &unreadable,
            mapped: summary.documents - summary.failed(),
        });
        Ok(ExitStatus::Success)
    }
}

/// What a draft is made from.
struct Subject {
    profile: Profile,
    root: NodeId,
    schema: Option<SchemaNotes>,
}

impl Arguments {
    /// What occurs and what the schema says, if there is one.
    fn subject(&self, call: &Call, mut profile: Profile) -> Result<Subject> {
        let Some(xsd) = &self.xsd else {
            let root = self.root(&profile)?;
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
        let root = self.root(&profile)?;
        let notes = declared.describe(&mut profile, root, &self.skip);
        let notes = notes.map_err(|error| schema::wrong(*error))?;
        Ok(Subject { profile, root, schema: Some(notes) })
    }

    /// A draft, and what it makes of its own samples.
    fn attempt(
        &self,
        call: &Call,
        subject: &Subject,
        key: bool,
        sources: &[Source],
        threads: &ThreadPool,
    ) -> Result<(Drafted, MapSummary)> {
        let Subject { profile, root, schema } = subject;
        let (skip, schema) = (self.skip.clone(), schema.clone());
        let options = Options { skip, lookups: self.lookups, key, schema };
        let name = self.name.as_deref().unwrap_or(&profile[*root].name.local);
        let drafted = draft(profile, *root, name, &options);
        let parsed = ParsedContract::parse(&drafted.toml, "the draft").map_err(|mistakes| {
            console::diagnose(&mistakes);
            CommandError::new(
                ExitStatus::Contract,
                "the documents need a contract that SQL Server does not take",
                "leave parts out with --skip PATH; if the messages above are not about limits, report \
                 them as a defect",
            )
        })?;
        let mapping = Mapping {
            contract: Arc::clone(&parsed.contract),
            limits: call.settings.limits,
            now: Utc::now(),
            id_from_key: false,
        };
        let summary = mapping.count(sources, threads).map_err(|e| console::unwritable(&e))?;
        Ok((drafted, summary))
    }

    /// The root element that the contract is for.
    fn root(&self, profile: &Profile) -> Result<NodeId> {
        let roots = profile.roots();
        let fits = |root: &&NodeId| match &self.root {
            Some(wanted) => {
                let name = &profile[**root].name;
                *wanted == name.written() || *wanted == name.local || *wanted == name.uri
            }
            None => true,
        };
        let found: Vec<&NodeId> = roots.iter().filter(fits).collect();
        let shown: Vec<String> = roots.iter().map(|root| described(profile, *root)).collect();
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

    fn check_skipped(&self, Subject { profile, root, .. }: &Subject) -> Result<()> {
        let paths: Vec<String> =
            profile.below(*root).into_iter().map(|node| profile.path(node)).collect();
        match self.skip.iter().find(|skipped| !paths.contains(skipped)) {
            None => Ok(()),
            Some(unknown) => Err(CommandError::usage(
                format!("no document has the element {unknown} of --skip"),
                format!("write a whole path, such as {}", paths[paths.len() / 2]),
            )),
        }
    }
}

/// A root element, its namespace, and how many documents have it.
fn described(profile: &Profile, root: NodeId) -> String {
    let root = &profile[root];
    let namespace = match root.name.uri.is_empty() {
        true => String::new(),
        false => format!(" ({})", root.name.uri),
    };
    format!("{}{namespace} in {}", root.name.written(), counted(root.documents, "document"))
}
