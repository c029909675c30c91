//! Applications, one after the other: document, rows, comparison.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::compare::Rows;
use super::report::{AppExample, Report, Table, Verdict};
use super::scope::{exceptions, scope, Scope};
use super::selection::Chunk;
use super::verification::Verification;
use crate::contract::Contract;
use crate::id::{AppId, SourceHash};
use crate::outcome::{FailureCategory, TableRows};
use crate::shred::Shredder;
use crate::store::{Result, Store, WrittenApp, WrittenPage};

/// Verifies the applications of chunks in its own session.
pub(super) struct Verifier {
    store: Box<dyn Store>,
    contract: Arc<Contract>,
    shredder: Shredder,
    examples: usize,
    /// Where the log knows the time of the claim, and where it does not.
    timed: Comparison,
    untimed: Comparison,
}

/// What is compared, and a report without findings that says what is not.
struct Comparison {
    scope: Scope,
    blank: Report,
}

impl Comparison {
    fn new(contract: &Contract, has_time: bool, masked: &[(usize, usize)]) -> Self {
        let mut blank = Report::new(contract);
        for (table, column, why) in exceptions(contract, has_time, masked) {
            let columns = blank.tables[table].columns.iter_mut().enumerate();
            columns
                .filter(|(at, _)| column.is_none_or(|column| column == *at))
                .for_each(|(_, column)| column.exception = Some(why));
        }
        Self { scope: scope(contract, has_time, masked), blank }
    }
}

impl Verifier {
    pub fn new(store: Box<dyn Store>, verification: &Verification) -> Self {
        let contract = verification.contract.clone();
        Self {
            store,
            shredder: Shredder::new(contract.clone(), verification.limits),
            examples: verification.examples,
            timed: Comparison::new(&contract, true, &verification.masked),
            untimed: Comparison::new(&contract, false, &verification.masked),
            contract,
        }
    }

    /// A difference counts if it is found again when everything is read a second time: a worker may
    /// have written between reading the log, the document and the tables.
    pub fn verify(&mut self, chunk: &Chunk) -> Result<Report> {
        let mut report = Report::new(&self.contract);
        for app_id in &chunk.unwritten {
            let verdict = match self.store.read_document(*app_id)? {
                Some(_) => Verdict::NotFinished,
                None => Verdict::NoDocument,
            };
            report.add(self.not_compared(*app_id, verdict, None), self.examples);
        }
        let mut differing = HashSet::new();
        for found in self.compare(&chunk.apps)? {
            match found.count(Verdict::Different) {
                0 => report.add(found, self.examples),
                _ => differing.extend(found.after),
            }
        }
        if !differing.is_empty() {
            let ids = chunk.apps.iter().map(|app| app.app_id);
            let page = WrittenPage {
                app_ids: Some(ids.filter(|id| differing.contains(id)).collect()),
                unlogged: true,
                after: None,
                size: differing.len() as u32,
            };
            let again = self.store.list_written(&page)?;
            for found in self.compare(&again)? {
                report.add(found, self.examples);
            }
        }
        Ok(report)
    }

    /// What is found of each application, whose id is [`Report::after`].
    fn compare(&mut self, apps: &[WrittenApp]) -> Result<Vec<Report>> {
        let ids: Vec<AppId> = apps.iter().map(|app| app.app_id).collect();
        let rows = self.store.read_rows(&self.contract.clone(), &ids)?;
        apps.iter().zip(rows).map(|(app, rows)| self.compare_app(app, &rows)).collect()
    }

    fn compare_app(&mut self, app: &WrittenApp, found: &[TableRows]) -> Result<Report> {
        let Some(document) = self.store.read_document(app.app_id)? else {
            return Ok(self.not_compared(app.app_id, Verdict::NoDocument, None));
        };
        let logged = app.logged.as_ref();
        let hash = logged.and_then(|logged| logged.source_hash);
        if hash.is_some_and(|hash| hash != SourceHash(Sha256::digest(&document.bytes).into())) {
            return Ok(self.not_compared(app.app_id, Verdict::Changed, None));
        }
        let claimed = logged.filter(|logged| !logged.is_adopted());
        let now: DateTime<Utc> = claimed.map_or_else(Utc::now, |claimed| claimed.claimed_at);
        let expected = match self.shredder.shred(app.app_id, now, Some(&document)) {
            Ok(expected) => expected,
            Err(failure) => {
                let verdict = match failure.category {
                    FailureCategory::MissingDocument => Verdict::NoDocument,
                    _ => Verdict::NotShredded,
                };
                let reason = format!("{}: {}", failure.category, failure.reason);
                return Ok(self.not_compared(app.app_id, verdict, Some(reason)));
            }
        };
        let mut report = self.compare_rows(app.app_id, &expected, found, claimed.is_some());
        report.unlogged = u64::from(logged.is_none());
        report.other_contract =
            u64::from(claimed.is_some_and(|claimed| claimed.contract != self.contract.hash));
        report.adopted = u64::from(logged.is_some_and(|logged| logged.is_adopted()));
        Ok(report)
    }

    fn compare_rows(
        &self,
        app_id: AppId,
        expected: &[TableRows],
        found: &[TableRows],
        has_time: bool,
    ) -> Report {
        let Comparison { scope, blank } = if has_time { &self.timed } else { &self.untimed };
        let mut report = Report { after: Some(app_id), ..blank.clone() };
        for (at, (table, scope)) in self.contract.targets.iter().zip(scope).enumerate() {
            let Some(scope) = scope else { continue };
            let rows = Rows { app_id, at, table, scope };
            let examples = rows.compare(&expected[at], &found[at], &mut report.tables[at]);
            report.examples.extend(examples);
        }
        let differs = |table: &Table| table.different + table.missing + table.surplus > 0;
        let verdict = match report.tables.iter().any(differs) {
            true => Verdict::Different,
            false => Verdict::Equal,
        };
        report.apps[verdict as usize] = 1;
        let none_found = found.iter().all(TableRows::is_empty);
        report.without_rows = u64::from(verdict == Verdict::Different && none_found);
        report
    }

    fn not_compared(&self, app_id: AppId, verdict: Verdict, reason: Option<String>) -> Report {
        let mut report = Report { after: Some(app_id), ..Report::default() };
        report.apps[verdict as usize] = 1;
        report.not_compared.push(AppExample { app_id, verdict, reason });
        report
    }
}
