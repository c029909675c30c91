//! What a run concludes from the refusals of the database.

use crate::store::{Completed, Refusal};

/// Applications that a message names.
const NAMED: usize = 10;

/// Why the run stops after a completion, if it does: nothing of it succeeded, and the database
/// refused an application for the first time, or by a number of the server before it has taken
/// anything of this run. The cause may be the database, which a person should see; a run that
/// continued would use up the attempts of everything that is ready.
///
/// An application that is refused is claimed after those that were not. So the next run goes further:
/// what it completes shows that the server works, and in the end the applications that are refused
/// are quarantined and all others done, also if nobody looks.
pub(super) fn stop_reason(completed: &[Completed]) -> Option<String> {
    if completed.iter().any(Completed::is_success) {
        return None;
    }
    let refused: Vec<(i64, &Refusal)> =
        completed.iter().filter_map(|app| Some((app.app_id.0, app.refusal()?))).collect();
    let (_, first) = refused.iter().find(|(_, refusal)| refusal.reaps == 1 || !refusal.counted)?;
    let ids: Vec<String> = refused.iter().take(NAMED).map(|(id, _)| id.to_string()).collect();
    let more = match refused.len() - ids.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "no application of a batch succeeded, and the database refused {} with error {}: {}; the \
         applications: {}{more}",
        refused.len(),
        first.number,
        first.message,
        ids.join(", "),
    ))
}

#[cfg(test)]
mod tests {
    use crate::id::AppId;
    use crate::outcome::FailureCategory;
    use crate::store::Fate;

    use super::*;

    fn completed(fates: Vec<Fate>) -> Vec<Completed> {
        let with_id = |(id, fate)| Completed { app_id: AppId(id), attempt: 1, fate };
        (1..).zip(fates).map(with_id).collect()
    }

    fn refused(reaps: u32) -> Fate {
        let message = "more than one value".into();
        Fate::Refused(Refusal { number: 512, message, reaps, counted: true })
    }

    fn not_counted(reaps: u32) -> Fate {
        let message = "the transaction log is full".into();
        Fate::Refused(Refusal { number: 9002, message, reaps, counted: false })
    }

    fn success() -> Fate {
        Fate::Success { rows: vec![1] }
    }

    #[test]
    fn a_first_refusal_stops_a_run_in_which_nothing_passed() {
        let reason = stop_reason(&completed(vec![refused(1), refused(1)])).expect("a reason");
        for part in ["512", "more than one value", "applications: 1, 2"] {
            assert!(reason.contains(part), "{reason}");
        }
        let failed = Fate::Failed(FailureCategory::BadValue);
        let reason = stop_reason(&completed(vec![failed, refused(2), refused(1)]));
        assert!(reason.expect("a reason").contains("applications: 2, 3"));
    }

    #[test]
    fn a_refusal_that_is_not_counted_stops_a_run_every_time() {
        let reason = stop_reason(&completed(vec![refused(2), not_counted(7)])).expect("a reason");
        assert!(reason.contains("9002") && reason.contains("log is full"), "{reason}");
        assert_eq!(stop_reason(&completed(vec![success(), not_counted(7)])), None);
    }

    #[test]
    fn a_later_refusal_or_a_success_beside_it_does_not() {
        assert_eq!(stop_reason(&completed(vec![refused(2), refused(3)])), None);
        assert_eq!(stop_reason(&completed(vec![refused(1), success()])), None);
        assert_eq!(stop_reason(&completed(vec![Fate::Failed(FailureCategory::BadValue)])), None);
        assert_eq!(stop_reason(&[]), None);
    }

    #[test]
    fn a_message_names_at_most_ten_applications() {
        let reason = stop_reason(&completed(vec![refused(1); 25])).expect("a reason");
        assert!(reason.contains("9, 10 and 15 more"), "{reason}");
    }
}
