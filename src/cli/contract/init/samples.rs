//! The samples of a run, and what earlier runs have seen.

use rayon::ThreadPool;

use super::arguments::Arguments;
use crate::cli::call::Call;
use crate::cli::command_error::{CommandError, Result};
use crate::cli::store::open;
use crate::cli::{document_files, map};
use crate::contract::ParsedContract;
use crate::document_file::DocumentFile;
use crate::offline::{profile, profile_new, Content, Profiled, Source, Statistics};
use crate::outcome::Failure;
use crate::profile::{NodeId, Profile};
use crate::report::RunReport;
use crate::runner::ExitStatus;

/// The samples of a run, and what all runs have seen.
pub(super) struct Samples {
    /// This run's documents.
    pub(super) sources: Vec<Source>,
    pub(super) threads: ThreadPool,
    /// What this run and earlier ones have seen.
    pub(super) statistics: Statistics,
    /// Positions of documents that cannot be read, and why.
    unreadable: Vec<(usize, Failure)>,
    /// This run's documents that earlier runs have read.
    known: u64,
}

impl Samples {
    /// Reads the samples; for a contract as that does.
    pub(super) fn read(
        arguments: &Arguments,
        call: &Call,
        parsed: Option<&ParsedContract>,
    ) -> Result<Self> {
        let mut statistics = earlier(arguments)?;
        let unwrapped = parsed.and_then(|parsed| Statistics::unwrapping(&parsed.model().document));
        if statistics.runs > 0 && statistics.unwrapped != unwrapped {
            return Err(read_otherwise(arguments, &statistics.unwrapped, &unwrapped));
        }
        statistics.unwrapped = unwrapped;
        let contract = parsed.map(|parsed| &parsed.contract);
        let (sources, has_ids) = match arguments.from_store {
            Some(count) => (stored(call, count)?, true),
            None if arguments.samples.is_empty() => (Vec::new(), statistics.has_ids),
            None => files(arguments, call)?,
        };
        let threads = map::threads(call)?;
        let limits = &call.settings.limits;
        let Profiled { profile, unreadable, contents, known } = match arguments.stats {
            Some(_) => profile_new(&sources, contract, limits, &threads, &statistics),
            None => profile(&sources, contract, limits, &threads),
        };
        statistics.has_ids = has_ids && (statistics.runs == 0 || statistics.has_ids);
        statistics.add(profile, contents, &sources);
        if let (true, Some((position, failure))) =
            (statistics.profile.is_empty(), unreadable.first())
        {
            return Err(CommandError::new(
                ExitStatus::Contract,
                format!("no document can be read; {}: {}", sources[*position].name, failure.reason),
                "name XML files that are well-formed",
            ));
        }
        if statistics.profile.is_empty() && arguments.xsd.is_none() {
            return Err(CommandError::usage(
                "no document has been read",
                "name samples, or the schema again with --xsd",
            ));
        }
        Ok(Self { sources, threads, statistics, unreadable, known })
    }

    /// What all runs have seen.
    pub(super) fn profile(&self) -> &Profile {
        &self.statistics.profile
    }

    /// What the report on this run tells of its samples.
    pub(super) fn report(&self) -> RunReport<'_> {
        RunReport {
            bytes: self.profile().bytes,
            names: self.sources.iter().map(|source| source.name.as_str()).collect(),
            of_examples: &self.statistics.names,
            known: self.known,
            runs: self.statistics.runs,
            unreadable: &self.unreadable,
        }
    }

    /// Writes what this run and earlier ones have seen, if that is wanted.
    pub(super) fn keep(&self, arguments: &Arguments) -> Result<()> {
        let Some(path) = &arguments.stats else { return Ok(()) };
        self.statistics.write(path).map_err(|error| {
            let message = format!("cannot write the statistics {}: {error}", path.display());
            CommandError::usage(message, "name a file that can be written")
        })
    }
}

/// The files that are named, and whether their names have ids.
fn files(arguments: &Arguments, call: &Call) -> Result<(Vec<Source>, bool)> {
    let (sources, has_ids) =
        document_files::samples_with_ids(&arguments.samples, arguments.search)?;
    // They are read more than once, and stdin can be read once.
    let most = call.settings.limits.document_bytes;
    let is_stdin = |source: &Source| matches!(source.content, Content::File(DocumentFile::Stdin));
    let kept = sources.into_iter().map(|source| match is_stdin(&source) {
        true => source.in_memory(most),
        false => source,
    });
    Ok((kept.collect(), has_ids))
}

/// Documents of the source table.
fn stored(call: &Call, count: u32) -> Result<Vec<Source>> {
    let rows = open::samples(call, count)?;
    if rows.is_empty() {
        return Err(CommandError::usage(
            "the source table has no rows",
            "name files with documents instead of --from-store",
        ));
    }
    let source = |(app_id, document)| Source {
        app_id,
        name: format!("app_id {app_id}"),
        content: Content::Stored(document),
    };
    Ok(rows.into_iter().map(source).collect())
}

/// Refuses paths of --skip that are not below these root elements.
pub(super) fn check_skipped(skip: &[String], profile: &Profile, roots: &[NodeId]) -> Result<()> {
    let nodes = roots.iter().flat_map(|root| profile.below(*root));
    let paths: Vec<String> = nodes.map(|node| profile.path(node)).collect();
    match skip.iter().find(|skipped| !paths.contains(skipped)) {
        None => Ok(()),
        Some(unknown) => Err(CommandError::usage(
            format!("no document has the element {unknown} of --skip"),
            format!("write a whole path, such as {}", paths[paths.len() / 2]),
        )),
    }
}

/// The statistics are of other paths than this run would add.
fn read_otherwise(
    arguments: &Arguments,
    earlier: &Option<String>,
    own: &Option<String>,
) -> CommandError {
    let shown =
        arguments.stats.as_ref().map_or_else(String::new, |path| path.display().to_string());
    let of = |unwrapped: &Option<String>| match unwrapped {
        Some(path) => format!("documents in which {path} is unwrapped"),
        None => "documents in which nothing is unwrapped".to_owned(),
    };
    let (earlier, own) = (of(earlier), of(own));
    CommandError::usage(
        format!("the statistics {shown} are of {earlier}, and this run reads {own}"),
        "name another file with --stats",
    )
}

/// What earlier runs have seen.
fn earlier(arguments: &Arguments) -> Result<Statistics> {
    let Some(path) = &arguments.stats else { return Ok(Statistics::default()) };
    let shown = path.display();
    match Statistics::read(path) {
        Ok(Some(statistics)) => Ok(statistics),
        Ok(None)
            if arguments.samples.is_empty()
                && arguments.xsd.is_none()
                && arguments.from_store.is_none() =>
        {
            Err(CommandError::usage(
                format!("there are neither samples nor the statistics {shown}"),
                "name samples: the file is made of them",
            ))
        }
        Ok(None) => Ok(Statistics::default()),
        Err(error) => Err(CommandError::usage(
            format!("cannot use {shown} as statistics: {error}"),
            "name another file, or delete this one and name all samples again",
        )),
    }
}
