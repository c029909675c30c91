//! Applications that the database refuses alone, not for their data: they return to the queue behind
//! the others and are counted, so that in the end they are quarantined.

use rusqlite::named_params;

use super::conclude::{Completion, Held};
use super::rejection::Rejection;
use crate::figures;
use crate::outcome::AppOutcome;
use crate::store::sqlite::claim::reason_for_quarantine;
use crate::store::sqlite::fault::{Cause, Step};
use crate::store::sqlite::install::check_installed;
use crate::store::sqlite::session::Tally;
use crate::store::sqlite::statement::statement;
use crate::store::sqlite::transaction::Work;
use crate::store::{failpoint, Completed, Fate, Refusal, StoreError};

const COMPLETE_BATCH: &str = include_str!("../complete_batch.sql");
const REFUSE: &str = statement(COMPLETE_BATCH, "refuse");
const EVENT: &str = statement(COMPLETE_BATCH, "event");
const HAS_SUCCESS: &str = statement(COMPLETE_BATCH, "has_success");

/// How the applications count that were refused alone.
#[derive(Clone, Copy)]
pub enum Verdict {
    /// Each as the only possible cause: others passed, or there is only this one.
    Alone,
    /// Like a worker that died with all of them: nothing passed.
    Together {
        /// How many.
        apps: usize,
    },
    /// Not towards quarantine: the server may be the cause.
    NotCounted,
}

impl Completion<'_> {
    /// Returns applications to the queue, with their place in the batch.
    pub fn refuse(
        &self,
        tx: &Work,
        rejected: &[(usize, &AppOutcome, &Rejection)],
        verdict: Verdict,
    ) -> Step<Vec<(usize, Completed)>> {
        let held = self.hold(tx)?.ok_or(StoreError::LeaseLost(self.token))?;
        check_installed(tx, self.contract.hash)?;
        // The server works if it took anything of this session.
        let works = tx.exists(HAS_SUCCESS, named_params! {":session": held.session})?;
        let mut refused = Vec::with_capacity(rejected.len());
        for (place, app, rejection) in rejected {
            let verdict = match rejection.cause {
                Cause::Server if !works => Verdict::NotCounted,
                _ => verdict,
            };
            let fate = self.refuse_app(tx, &held, app, rejection, verdict)?;
            let (app_id, attempt) = (app.app_id, app.attempt);
            refused.push((*place, Completed { app_id, attempt, fate }));
        }
        self.drop_claim(tx)?;
        Tally { refused: refused.len() as u64, ..Tally::default() }.record(tx, held.session)?;
        failpoint::hit(failpoint::BETWEEN_STAGE_AND_COMMIT);
        Ok(refused)
    }

    fn refuse_app(
        &self,
        tx: &Work,
        held: &Held,
        app: &AppOutcome,
        rejection: &Rejection,
        verdict: Verdict,
    ) -> Step<Fate> {
        let alone = matches!(verdict, Verdict::Alone);
        let counted = !matches!(verdict, Verdict::NotCounted);
        let parameters = named_params! {
            ":app_id": app.app_id, ":attempt": app.attempt, ":token": self.token,
            ":alone": alone, ":max_reaps": self.max_reaps,
        };
        let counts: Option<(u32, u32, bool)> = tx.find(REFUSE, parameters, |row| row.try_into())?;
        let (reaps, lone_reaps, quarantined) = counts.ok_or(StoreError::LeaseLost(self.token))?;
        let record = |event_type: &str, cause: Option<(i32, bool)>, detail: &str| {
            tx.run(
                EVENT,
                named_params! {
                    ":now": tx.now, ":event_type": event_type, ":app_id": app.app_id,
                    ":attempt": app.attempt, ":token": self.token, ":session": held.session,
                    ":error_number": cause.map(|(number, _)| number),
                    ":is_counted": cause.map(|(_, counted)| counted), ":detail": detail,
                },
            )
        };
        let message = format!(
            "{}; reaped or refused {}, {}",
            rejection.failure.reason,
            figures::counted(reaps, "time"),
            match verdict {
                Verdict::Alone => format!("{lone_reaps} of them alone"),
                Verdict::Together { apps } => {
                    format!(
                        "now with {} of its batch, of which none succeeded",
                        figures::counted(apps, "application")
                    )
                }
                Verdict::NotCounted => "not counted, because nothing of this run succeeded".into(),
            },
        );
        record("refused", Some((rejection.number, counted)), &message)?;
        let refusal = Refusal { number: rejection.number.into(), message, reaps, counted };
        if !quarantined {
            return Ok(Fate::Refused(refusal));
        }
        record("quarantined", None, &reason_for_quarantine(tx, app.app_id, lone_reaps)?)?;
        Ok(Fate::Quarantined(refusal))
    }
}
