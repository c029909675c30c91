//! `delete-stale-rows`: rows of applications that failed after a success.

use serde_json::{json, Value};

use super::notes::{finished, CONTRACT};
use super::workbench::Workbench;

/// Five applications, of which 1 and 2 were processed again after their title was lost.
pub fn stale() -> Workbench {
    let bench = finished();
    let replacing = CONTRACT.replace("app_column =", "on_existing = \"replace\"\napp_column =");
    bench.write("contract.toml", replacing);
    assert_eq!(bench.run("install").status, 0);
    bench.write("new/note-1.xml", "<note><line>a</line></note>");
    bench.write("new/note-2.xml", "<note/>");
    assert_eq!(bench.run("load new --replace --app-id-from digits").status, 0);
    assert_eq!(bench.run("requeue --changed").stdout, "2 applications requeued\n");
    assert_eq!(bench.run("run --log-level warn").status, 1);
    bench
}

fn rows(bench: &Workbench) -> Vec<i64> {
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    let mut rows = store.prepare("SELECT app_id FROM note ORDER BY 1").unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn stale_rows_are_shown_and_deleted_only_when_that_is_asked_for() {
    let bench = stale();
    let preview = bench.run("delete-stale-rows");
    assert_eq!(preview.status, 0, "{preview:?}");
    let table = "\
app_id  rows of attempt  failed attempt  failure           table  rows
     1                1               2  missing_required  note      1
     1                1               2  missing_required  line      1
     2                1               2  missing_required  note      1
     2                1               2  missing_required  line      2
";
    assert_eq!(preview.stdout, table);
    let note = "5 rows of 2 applications would be deleted; nothing was changed\n\
                add --execute to delete them\n";
    assert_eq!(preview.stderr, note);
    assert_eq!(rows(&bench), [1, 2, 4, 5]);

    let first = bench.run("delete-stale-rows --canary 1 --execute");
    assert_eq!((first.status, first.stdout.as_str()), (0, "2 rows of 1 application deleted\n"));
    assert_eq!(rows(&bench), [2, 4, 5]);
    let named = bench.run("delete-stale-rows --app-id 2,4 --execute");
    assert_eq!(named.stdout, "3 rows of 1 application deleted\n", "{named:?}");
    assert_eq!(rows(&bench), [4, 5]);
    let again = bench.run("delete-stale-rows --execute");
    assert_eq!((again.status, again.stdout.as_str()), (0, "0 rows of 0 applications deleted\n"));
}

#[test]
fn status_and_explain_name_the_stale_rows() {
    let bench = stale();
    let status = bench.run("status").stdout;
    assert!(status.contains("failed, with rows of an earlier success"), "{status}");
    let explained = bench.run("explain 1").stdout;
    assert!(explained.contains("its rows are those of attempt 1"), "{explained}");
    assert_eq!(bench.run("delete-stale-rows --execute").status, 0);
    let status = bench.run("status").stdout;
    assert!(!status.contains("earlier success"), "{status}");
    let explained = bench.run("explain 1").stdout;
    assert!(explained.contains("rows_deleted"), "{explained}");
}

#[test]
fn programs_read_stale_rows_as_json() {
    let bench = stale();
    let said = bench.run("delete-stale-rows --app-id 2 --format json");
    let found: Value = serde_json::from_str(&said.stdout).unwrap();
    let application = json!({
        "app_id": 2, "attempt": 1, "failed_attempt": 2, "failure": "missing_required",
        "rows": { "note": 1, "line": 2 }, "refusal": null
    });
    assert_eq!(found, json!({ "executed": false, "applications": [application] }));
}

#[test]
fn rows_that_others_refer_to_are_kept_and_named() {
    let bench = stale();
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    store
        .execute_batch(
            "CREATE TABLE letter (app_id INTEGER REFERENCES note (app_id));
             INSERT INTO letter VALUES (1)",
        )
        .unwrap();
    drop(store);
    let said = bench.run("delete-stale-rows --execute");
    assert_eq!(said.status, 1, "{said:?}");
    assert_eq!(said.stdout, "3 rows of 1 application deleted\n");
    assert!(said.stderr.contains("application 1 keeps its rows: "), "{said:?}");
    assert!(said.stderr.contains("FOREIGN KEY"), "{said:?}");
    assert_eq!(rows(&bench), [1, 4, 5]);
}
