//! A document that is neither queued nor logged is missing from the sums.

use xmlshred::store::{EnqueueMode, ReportQuery};

use super::SqliteHarness;
use crate::store::harness::{Harness, Worker};

#[test]
fn a_document_that_is_lost_is_found_and_queued() {
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
    let lost = |worker: &mut Worker| {
        let findings = worker.store.health_check().expect("findings");
        let lost = findings.into_iter().filter(|finding| finding.finding == "lost documents");
        lost.map(|finding| (finding.detail, finding.fix)).collect::<Vec<_>>()
    };
    assert_eq!(
        lost(&mut worker),
        [("1 document: 1".to_owned(), "xmlshred enqueue --full".to_owned())]
    );
    worker.store.enqueue_apps(EnqueueMode::New).expect("enqueue");
    assert_eq!(lost(&mut worker).len(), 1, "that one is not new");
    worker.store.enqueue_apps(EnqueueMode::Full).expect("enqueue");
    assert_eq!(lost(&mut worker).len(), 0);
    assert_eq!(store.count("processing_queue", "app_id = 1"), 1);
}

/// As many documents that are gone as are lost would hide these if only the sums of queue and log were compared.
#[test]
fn a_document_that_is_gone_hides_none_that_is_lost() {
    let store = SqliteHarness::fresh();
    let contract = store.prepare(3);
    let mut worker = Worker::start(&store, &contract);
    worker.claim(2);
    let shown = |worker: &mut Worker| {
        let view = store
            .query_as_is("SELECT difference FROM vw_Reconciliation WHERE subject = 'source rows'")
            .concat();
        let report = worker.store.get_report(&ReportQuery::PAGE).expect("report");
        let findings = worker.store.health_check().expect("findings");
        let lost = findings.into_iter().find(|finding| finding.finding == "lost documents");
        (view, report.reconciliation[0].difference, lost.map(|finding| finding.detail))
    };
    let one_is_lost = (vec![Some("-1".to_owned())], Some(-1), Some("1 document: 1".to_owned()));
    store.execute("DELETE FROM processing_queue WHERE app_id = 1");
    assert_eq!(shown(&mut worker), one_is_lost);
    store.execute("DELETE FROM app_xml WHERE app_id = 2");
    assert_eq!(shown(&mut worker), one_is_lost);
    store.execute("DELETE FROM app_xml WHERE app_id = 3");
    assert_eq!(shown(&mut worker), one_is_lost);
    store.execute("DELETE FROM app_xml WHERE app_id = 1");
    assert_eq!(shown(&mut worker), (vec![Some("0".to_owned())], Some(0), None));
}
