//! Loading into an embedded store: files all or none, records in portions; but what is loaded once more all or
//! none, too.

use std::cell::Cell;
use std::path::Path;

use super::errors::{interrupted, not_loaded};
use super::fill::Portion;
use super::report::Loaded;
use super::request::Load;
use super::survey::Survey;

use crate::cli::command_error::Result;
use crate::store::sqlite::{Loader, NewStore, SqliteStore};
use crate::store::{Added, LoadRules};

/// Opens the store at `path`, or starts one there and discards it.
pub fn check(path: &Path) -> Result<()> {
    match path.exists() {
        true => drop(SqliteStore::open(path)?),
        false => drop(NewStore::create(path)?),
    }
    Ok(())
}

/// Loads into the store at `path`; creates it if it does not exist.
pub fn load(load: &Load, path: &Path, loaded: &mut Loaded) -> Result<Survey> {
    let survey = match path.exists() {
        true => load.survey(Some(&mut SqliteStore::open(path)?))?,
        false => load.survey(None)?,
    };
    let is_done = survey.files.iter().all(|file| file.is_done(load.copies));
    match &load.documents.each {
        _ if is_done => load.filling().fill(&survey, loaded, &mut |_, _| Ok(Vec::new()))?,
        // Nothing would tell a repetition of what it loads once more from what a stopped load has loaded.
        Some(_) if !load.is_repeating => fill_in_portions(load, path, &survey, loaded)?,
        _ => *loaded = fill_file(load, path, &survey)?,
    }
    Ok(survey)
}

/// A missing store is created together with its documents.
fn fill_file(load: &Load, path: &Path, survey: &Survey) -> Result<Loaded> {
    if !path.exists() {
        let mut new = NewStore::create(path)?;
        let loaded = fill_at_once(load, new.store(), survey)?;
        if new.put_in_place().map_err(not_loaded)? {
            return Ok(loaded);
        }
        // Another process created the store meanwhile: this one is discarded.
        load.interruption.reopen();
    }
    fill_at_once(load, &mut SqliteStore::open(path)?, survey)
}

/// All files in one transaction.
fn fill_at_once(load: &Load, store: &mut SqliteStore, survey: &Survey) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    let mut loader = loader(load, store)?;
    load.filling().fill(survey, &mut loaded, &mut |portion, rules| {
        loader.add_documents(portion, rules).map_err(not_loaded)
    })?;
    if !load.interruption.decide() {
        return Err(interrupted());
    }
    loader.finish().map_err(not_loaded)?;
    store.check_place().map_err(not_loaded)?;
    Ok(loaded)
}

/// Each portion in a transaction of its own, so that workers get their turn in between.
fn fill_in_portions(load: &Load, path: &Path, survey: &Survey, loaded: &mut Loaded) -> Result<()> {
    let mut store = SqliteStore::open_or_create(path)?;
    let mut started = None;
    load.filling().fill(survey, loaded, &mut |portion, rules| {
        let mut loader = loader(load, &mut store)?;
        // What counts is when the load started, for all that it loads.
        loader.set_start(*started.get_or_insert(loader.start_ms()));
        add(loader, portion, rules)
    })
}

fn add(mut loader: Loader, portion: Portion, rules: LoadRules) -> Result<Vec<Added>> {
    let added = loader.add_documents(portion, rules).map_err(not_loaded)?;
    if !added.iter().any(|added| matches!(added, Added::Refused(_))) {
        loader.finish().map_err(not_loaded)?;
    }
    Ok(added)
}

/// Takes the store's lock, for which it waits.
fn loader<'s>(load: &Load, store: &'s mut SqliteStore) -> Result<Loader<'s>> {
    let warned = Cell::new(false);
    let while_locked = || {
        if !warned.replace(true) {
            tracing::warn!("waiting for the store: another process is writing to it");
        }
        load.interruption.is_requested()
    };
    let loader = store.loader_unless(load.rules.existing, while_locked).map_err(not_loaded)?;
    loader.ok_or_else(interrupted)
}
