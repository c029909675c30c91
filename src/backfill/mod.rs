//! Finished applications shredded again, so that target tables get the rows and columns that they lack.

mod report;
mod wanted;

use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use sha2::{Digest, Sha256};

pub use report::{Report, Skipped, Why, MOST_SKIPPED};
pub use wanted::{Unwanted, Wanted};

use crate::contract::Contract;
use crate::id::{AppId, SourceHash};
use crate::outcome::{AppOutcome, FailureCategory};
use crate::shred::{Limits, Shredder};
use crate::store::{self, BackfillRequest, FinishedPage, Store, StoreError, WrittenApp};

/// Which applications are backfilled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every finished one.
    All,
    /// Those of which an earlier attempt failed with this cause.
    Fingerprint(String),
    /// These.
    Apps(Vec<AppId>),
}

/// What is backfilled, and how.
#[derive(Debug, Clone)]
pub struct Backfill {
    /// The installed contract.
    pub contract: Arc<Contract>,
    /// The limits of a document.
    pub limits: Limits,
    /// Which rows and columns.
    pub wanted: Wanted,
    /// Which applications.
    pub selection: Selection,
    /// Only ids above this.
    pub after: Option<AppId>,
    /// `false` only counts.
    pub execute: bool,
    /// Who requests it, for the events.
    pub requested_by: String,
}

/// What was done, and the error that ended it early.
#[derive(Debug)]
pub struct Done {
    /// What was found missing.
    pub report: Report,
    /// Why the rest was not done.
    pub error: Option<StoreError>,
}

/// Applications that are in memory together.
const CHUNK: u32 = 50;

impl Backfill {
    /// Backfills in order of ids until everything is done or `stop` says so; `progress` is called after
    /// each chunk. What is above [`Report::after`] is left to another call.
    pub fn run(
        &self,
        store: &mut dyn Store,
        stop: &dyn Fn() -> bool,
        mut progress: impl FnMut(&Report),
    ) -> Done {
        let mut report = Report { after: self.after, ..Report::default() };
        let mut shredder = Shredder::new(self.contract.clone(), self.limits);
        let mut named = self.named();
        let error = loop {
            if stop() {
                break None;
            }
            let next = match &mut named {
                None => self.chunk(store, &mut shredder, None, &mut report),
                Some(ids) => {
                    let part: Vec<AppId> = ids.drain(..ids.len().min(CHUNK as usize)).collect();
                    self.chunk(store, &mut shredder, Some(part), &mut report)
                }
            };
            match next {
                Ok(Some(last)) => report.after = Some(last),
                Ok(None) => {
                    report.is_complete = true;
                    break None;
                }
                Err(error) => break Some(error),
            }
            progress(&report);
        };
        Done { report, error }
    }

    /// The ids that were named, ascending, each once.
    fn named(&self) -> Option<Vec<AppId>> {
        let Selection::Apps(ids) = &self.selection else { return None };
        let mut ids = ids.clone();
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| self.after.is_none_or(|after| *id > after));
        Some(ids)
    }

    /// Backfills the next applications, and returns the last one; `None` if there is none.
    fn chunk(
        &self,
        store: &mut dyn Store,
        shredder: &mut Shredder,
        named: Option<Vec<AppId>>,
        report: &mut Report,
    ) -> store::Result<Option<AppId>> {
        if named.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        let fingerprint = match &self.selection {
            Selection::Fingerprint(fingerprint) => Some(fingerprint.clone()),
            _ => None,
        };
        let after = if named.is_some() { None } else { report.after };
        let page = FinishedPage { app_ids: named.clone(), fingerprint, after, size: CHUNK };
        let listed = store.list_finished(&page)?;
        let unfinished =
            named.iter().flatten().filter(|id| listed.iter().all(|a| a.app_id != **id));
        unfinished.for_each(|id| report.skip(*id, Why::NotFinished, None));
        let last = named.as_ref().and_then(|ids| ids.last().copied());
        let last = last.or_else(|| listed.last().map(|app| app.app_id));
        let mut apps = Vec::with_capacity(listed.len());
        for app in &listed {
            match self.shred(store, shredder, app)? {
                Ok(outcome) => apps.push(outcome),
                Err((why, reason)) => report.skip(app.app_id, why, reason),
            }
        }
        if !apps.is_empty() {
            let request = BackfillRequest {
                apps,
                insert_rows: self.wanted.rows,
                execute: self.execute,
                requested_by: self.requested_by.clone(),
            };
            let done = store.backfill_apps(&self.contract, &request)?;
            done.into_iter().for_each(|app| report.add(app));
        }
        Ok(last)
    }

    /// The rows that an application should have, or why they are not known. They are of the time of
    /// the attempt that they complete, where the log knows it.
    fn shred(
        &self,
        store: &mut dyn Store,
        shredder: &mut Shredder,
        app: &WrittenApp,
    ) -> store::Result<Result<AppOutcome, (Why, Option<String>)>> {
        let Some(logged) = &app.logged else { return Ok(Err((Why::NotFinished, None))) };
        let Some(document) = store.read_document(app.app_id)? else {
            return Ok(Err((Why::NoDocument, None)));
        };
        let source_hash = SourceHash(Sha256::digest(&document.bytes).into());
        if logged.source_hash.is_some_and(|hash| hash != source_hash) {
            return Ok(Err((Why::Changed, None)));
        }
        let now = if logged.is_adopted() { Utc::now() } else { logged.claimed_at };
        let began = Instant::now();
        let mut rows = match shredder.shred(app.app_id, now, Some(&document)) {
            Ok(rows) => rows,
            Err(failure) => {
                let why = match failure.category {
                    FailureCategory::MissingDocument => Why::NoDocument,
                    _ => Why::NotShredded,
                };
                let reason = format!("{}: {}", failure.category, failure.reason);
                return Ok(Err((why, Some(reason))));
            }
        };
        self.wanted.restrict(&mut rows);
        Ok(Ok(AppOutcome {
            app_id: app.app_id,
            attempt: logged.attempt,
            outcome: Ok(rows),
            shred_micros: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            source_hash: Some(source_hash),
            document_bytes: document.bytes.len() as u64,
        }))
    }
}
