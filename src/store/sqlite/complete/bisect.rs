//! A refused batch is bisected until the applications that the database refuses are alone.

use rusqlite::Connection;

use super::conclude::{Completion, Conclusion};
use super::refuse::Verdict;
use super::rejection::Rejection;
use crate::outcome::AppOutcome;
use crate::store::sqlite::fault::{Cause, Step};
use crate::store::sqlite::transaction::write;
use crate::store::Completed;

/// What was found so far, by place in the batch.
#[derive(Default)]
struct Found {
    completed: Vec<(usize, Completed)>,
    /// Refused alone, not for their data, and still held.
    rejected: Vec<(usize, Rejection)>,
}

/// Completes a batch, in as few transactions as its refused applications allow.
pub fn complete(
    completion: &Completion,
    connection: &mut Connection,
    outcomes: &[AppOutcome],
) -> Step<Vec<Completed>> {
    let mut found = Found::default();
    complete_part(completion, connection, outcomes, 0, &mut found)?;
    let Found { mut completed, rejected } = found;
    if !rejected.is_empty() {
        let succeeded = completed.iter().any(|(_, app)| app.is_success());
        let verdict = match succeeded || rejected.len() == 1 {
            true => Verdict::Alone,
            false => Verdict::Together { apps: rejected.len() },
        };
        let rejected: Vec<_> = rejected
            .iter()
            .map(|(place, rejection)| (*place, &outcomes[*place], rejection))
            .collect();
        completed.extend(write(connection, |tx| completion.refuse(tx, &rejected, verdict))?);
    }
    completed.sort_by_key(|(place, _)| *place);
    Ok(completed.into_iter().map(|(_, app)| app).collect())
}

/// Completes the part of the batch that starts at `place`: in one transaction, or else each half
/// of it by itself. With `k` refused applications of `n`, that makes about `k * log2(n)`
/// transactions.
fn complete_part(
    completion: &Completion,
    connection: &mut Connection,
    part: &[AppOutcome],
    place: usize,
    found: &mut Found,
) -> Step<()> {
    let whole: Vec<Conclusion> = part.iter().map(Conclusion::of).collect();
    let fault = match write(connection, |tx| completion.conclude(tx, &whole)) {
        Ok(completed) => {
            found.completed.extend((place..).zip(completed));
            return Ok(());
        }
        Err(fault) => fault,
    };
    let rejection = Rejection::of(fault)?;
    if let [app] = part {
        return reject(completion, connection, app, place, rejection, found);
    }
    let (first, second) = part.split_at(part.len() / 2);
    complete_part(completion, connection, first, place, found)?;
    complete_part(completion, connection, second, place + first.len(), found)
}

/// Logs one application as failed if its data is the cause.
fn reject(
    completion: &Completion,
    connection: &mut Connection,
    app: &AppOutcome,
    place: usize,
    rejection: Rejection,
    found: &mut Found,
) -> Step<()> {
    let rejection = match rejection.cause {
        Cause::Data => {
            let failed = [Conclusion::rejected(app, &rejection)];
            match write(connection, |tx| completion.conclude(tx, &failed)) {
                Ok(completed) => {
                    found.completed.extend((place..).zip(completed));
                    return Ok(());
                }
                // Not even the log takes it.
                Err(fault) => Rejection::of(fault)?,
            }
        }
        _ => rejection,
    };
    found.rejected.push((place, rejection));
    Ok(())
}
