//! The demonstration.

use super::workbench::Workbench;

#[test]
fn the_demo_loses_and_doubles_nothing_and_offers_queries_that_work() {
    let bench = Workbench::new();
    let said = bench.run("demo --apps 150 --dir demo");
    assert_eq!(said.status, 0, "{said:?}");
    let checked = said.stdout.lines().find(|line| line.starts_with("CHECKED: ")).unwrap();
    assert!(checked.starts_with("CHECKED: 150 enqueued = "), "{checked}");
    assert!(checked.ends_with("; 0 lost, 0 duplicated"), "{checked}");

    let (_, offers) = said.stdout.split_once("Look around:\n").unwrap();
    let store = rusqlite::Connection::open(bench.path().join("demo/demo.db")).unwrap();
    let queries = offers.lines().filter(|line| line.contains("sqlite3 "));
    let queries: Vec<&str> = queries.filter_map(|line| line.split('"').nth_back(1)).collect();
    assert!(!queries.is_empty(), "{offers}");
    for query in queries {
        store.prepare(query).unwrap_or_else(|e| panic!("{query}: {e}"));
    }
    assert_eq!(bench.run("status --store sqlite:demo/demo.db").status, 0);

    let again = bench.run("demo --apps 150 --dir demo");
    assert_eq!((again.status, again.stdout.as_str()), (2, ""), "{again:?}");
    assert!(again.stderr.contains("--dir"), "{again:?}");
}
