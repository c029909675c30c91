//! What a backfill did, or would do.

use std::collections::BTreeMap;

use crate::command::command;
use crate::id::AppId;
use crate::store::{Backfilled, Missing};

/// Applications that got nothing which a report names.
pub const MOST_SKIPPED: usize = 20;

/// What was missing, and which applications got nothing.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The last application that was looked at; everything up to it is done.
    pub after: Option<AppId>,
    /// Whether all were.
    pub is_complete: bool,
    /// Applications that lack nothing.
    pub complete: u64,
    /// Applications that lacked something, and got it.
    pub backfilled: u64,
    /// Rows and values that were missing, in order of tables and columns; rows first.
    pub missing: BTreeMap<(String, Option<String>), u64>,
    /// How many applications got nothing, and why.
    pub skipped: BTreeMap<Why, u64>,
    /// The first of them, at most [`MOST_SKIPPED`] of each kind.
    pub examples: Vec<Skipped>,
}

/// An application that got nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The application.
    pub app_id: AppId,
    /// Why.
    pub why: Why,
    /// The failure or the refusal.
    pub reason: Option<String>,
}

/// Why an application gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its last attempt did not succeed, or it is queued.
    NotFinished,
    /// Its source row is gone, or the document is null.
    NoDocument,
    /// Its document is not the one that its rows are of.
    Changed,
    /// Its document cannot be shredded with this contract.
    NotShredded,
    /// It changed meanwhile, or the database refused the rows.
    Refused,
}

impl Why {
    /// The name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotFinished => "not_finished",
            Self::NoDocument => "missing_document",
            Self::Changed => "changed_document",
            Self::NotShredded => "not_shredded",
            Self::Refused => "refused",
        }
    }

    /// What to do about it.
    pub fn next_step(self) -> String {
        match self {
            Self::NotFinished => {
                let explain = command("explain ID");
                format!("not finished: {explain} says why; its next success writes everything")
            }
            Self::NoDocument => {
                "the document is gone: put it back and backfill again, or erase the application"
                    .into()
            }
            Self::Changed => {
                let requeue = command("requeue --changed");
                format!("the document was changed since: {requeue} does it again")
            }
            Self::NotShredded => {
                let map = command("map --app-id ID");
                format!(
                    "the document cannot be shredded: {map} shows where; correct contract or \
                     document, and backfill again"
                )
            }
            Self::Refused => "refused: correct the cause and backfill again".into(),
        }
    }
}

impl Report {
    pub(super) fn add(&mut self, app: Backfilled) {
        if let Some(refusal) = app.refusal {
            return self.skip(app.app_id, Why::Refused, Some(refusal));
        }
        match app.missing.is_empty() {
            true => self.complete += 1,
            false => self.backfilled += 1,
        }
        for Missing { table, column, count } in app.missing {
            *self.missing.entry((table, column)).or_default() += count;
        }
    }

    pub(super) fn skip(&mut self, app_id: AppId, why: Why, reason: Option<String>) {
        let number = self.skipped.entry(why).or_default();
        *number += 1;
        if *number <= MOST_SKIPPED as u64 {
            self.examples.push(Skipped { app_id, why, reason });
        }
    }

    /// Whether no application was looked at.
    pub fn is_blank(&self) -> bool {
        self.complete == 0 && self.backfilled == 0 && self.skipped.is_empty()
    }

    /// Rows that were missing.
    pub fn rows(&self) -> u64 {
        let rows = self.missing.iter().filter(|((_, column), _)| column.is_none());
        rows.map(|(_, count)| count).sum()
    }

    /// Values that were missing in rows.
    pub fn values(&self) -> u64 {
        self.missing.values().sum::<u64>() - self.rows()
    }
}
