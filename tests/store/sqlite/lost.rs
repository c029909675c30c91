//! A document that is neither queued nor logged is missing from the sums.

use xmlshred::store::ReportQuery;

use super::SqliteHarness;
use crate::store::harness::{Harness, Worker};

#[test]
fn a_document_that_is_lost_is_missing_from_the_reconciliation() {
    let store = SqliteHarness::fresh();
    let contract = store.prepare(3);
    let mut worker = Worker::start(&store, &contract);
    worker.claim(1);
    store.execute("DELETE FROM processing_queue WHERE state = 1");
    let shown = store.query_as_is(
        "SELECT expected, actual, difference FROM vw_Reconciliation WHERE subject = 'source rows'",
    );
    assert_eq!(shown.concat(), ["3", "2", "-1"].map(|cell| Some(cell.to_owned())));
    let report = store.connect().get_report(&ReportQuery::PAGE).expect("report");
    assert_eq!(report.reconciliation[0].difference, Some(-1));
}
