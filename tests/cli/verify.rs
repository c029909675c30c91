//! `verify`: documents shredded again and compared with the rows.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{json, Value};
use xmlshred::contract::Contract;
use xmlshred::demo::generate::{self, application, Profile};
use xmlshred::shred::Limits;
use xmlshred::store::sqlite::SqliteStore;
use xmlshred::store::Store;
use xmlshred::verify::{verify, Selection, Verdict, Verification};

use super::notes::{self, finished};
use super::workbench::{Said, Workbench};

const TYPES: &str = include_str!("../verify/types.toml");
const LINEAGE: &str = include_str!("../verify/lineage.toml");

/// A folder with a contract and documents 1, 2, …, all of them finished.
fn run_of(contract: &str, documents: &[impl AsRef<[u8]>]) -> Workbench {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    bench.write("contract.toml", contract);
    for (document, number) in documents.iter().zip(1..) {
        bench.write(&format!("docs/{number:04}.xml"), document);
    }
    assert_eq!(bench.run("load docs").status, 0);
    assert_eq!(bench.run("enqueue").status, 0);
    let said = bench.run("run --log-level warn");
    assert_eq!(said.status, 0, "{said:?}");
    bench
}

fn types() -> Workbench {
    let documents = [
        include_str!("../verify/types-1.xml"),
        include_str!("../verify/types-2.xml"),
        include_str!("../verify/types-3.xml"),
    ];
    run_of(TYPES, &documents)
}

/// Changes the store behind the program's back.
fn plant(bench: &Workbench, sql: &str) {
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

fn json_of(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// The verdicts that are not 0.
fn verdicts(bench: &Workbench, flags: &str) -> Value {
    let said = bench.run(&format!("verify {flags} --format json --log-level off"));
    let mut found = json_of(&said)["applications"].clone();
    found.as_object_mut().unwrap().retain(|_, number| *number != 0);
    let differs = found.get("different").is_some();
    assert_eq!(said.status, i32::from(differs), "{said:?}");
    found
}

#[test]
fn the_rows_of_a_run_are_those_of_its_documents_and_nothing_is_written() {
    let bench = finished();
    // Closes what the run left open.
    assert_eq!(bench.run("status").status, 0);
    let before = bench.contents();
    let said = bench.run("verify --all --log-level off");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.stderr, "");
    let expected = "\
applications
equal         4
different     0

table  rows of documents  rows in the table  equal  different  missing  surplus
note                   4                  4      4          0        0        0
line                   4                  4      4          0        0        0
";
    assert_eq!(said.stdout, expected);
    assert!(bench.contents() == before, "a file was changed: {:?}", bench.files());
}

/// Each kind of difference, one in each application.
fn planted() -> Workbench {
    let bench = finished();
    plant(
        &bench,
        "UPDATE note SET title = 'One', price = '1.51' WHERE app_id = 1;
         DELETE FROM line WHERE app_id = 2 AND number = 2;
         INSERT INTO line VALUES (4, 7, 'of another, \"quoted\"');
         DELETE FROM line WHERE app_id = 5;
         DELETE FROM note WHERE app_id = 5;",
    );
    bench
}

#[test]
fn every_kind_of_difference_is_found() {
    insta::assert_snapshot!(planted().run("verify --all --log-level off").transcript());
}

#[test]
fn a_spreadsheet_reads_the_examples() {
    let said = planted().run("verify --all --format csv --log-level off");
    insta::assert_snapshot!(said.transcript());
}

#[test]
fn programs_read_what_is_found() {
    let found = json_of(&planted().run("verify --all --format json --log-level off"));
    insta::assert_snapshot!(format!("{found:#}"));
}

#[test]
fn so_many_examples_of_a_kind_are_shown() {
    let bench = finished();
    plant(&bench, "UPDATE line SET text = 'other'");
    for (flags, shown) in [("", 3), ("--examples 1", 1), ("--examples 0", 0), ("--examples 9", 4)] {
        let found = json_of(&bench.run(&format!("verify --all --format json {flags}")));
        assert_eq!(found["examples"].as_array().unwrap().len(), shown, "{flags}: {found:#}");
        assert_eq!(found["tables"][1]["columns"][2]["different"], 4);
        assert_eq!(found["applications"]["different"], 3);
    }
}

#[test]
fn no_more_of_a_value_is_shown_than_in_the_log() {
    let bench = finished();
    plant(&bench, &format!("UPDATE line SET text = '{}' WHERE app_id = 1", "x".repeat(5_000)));
    let found = json_of(&bench.run("verify --all --format json"));
    assert_eq!(found["examples"][0]["found"], format!("{}…", "x".repeat(200)));
}

#[test]
fn every_type_is_read_as_it_was_written() {
    let bench = types();
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 3 }));
    let found = json_of(&bench.run("verify --all --format json"));
    let rows: Vec<&Value> =
        found["tables"].as_array().unwrap().iter().map(|t| &t["equal"]).collect();
    assert_eq!(rows, [3, 3, 3]);
}

#[test]
fn a_difference_in_any_type_is_found() {
    let bench = types();
    plant(&bench, "CREATE TABLE kept AS SELECT * FROM typed");
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    let mut columns = store.prepare("SELECT name FROM pragma_table_info('typed')").unwrap();
    let columns = columns.query_map([], |row| row.get(0)).unwrap();
    let columns: Vec<String> = columns.map(Result::unwrap).collect();
    for column in columns.iter().filter(|c| !matches!(c.as_str(), "app_id" | "loaded_at")) {
        plant(&bench, &format!("UPDATE typed SET {column} = (SELECT {column} FROM typed WHERE app_id = 2) WHERE app_id = 1"));
        let found = json_of(&bench.run("verify --app-id 1 --format json"));
        assert_eq!(found["applications"]["different"], 1, "{column}: {found:#}");
        assert_eq!(found["examples"][0]["column"], column.as_str(), "{found:#}");
        assert_eq!(found["examples"].as_array().unwrap().len(), 1, "{column}: {found:#}");
        plant(&bench, &restored(column));
    }
}

/// Takes the values of a column from the copy of the table.
fn restored(column: &str) -> String {
    format!("UPDATE typed SET {column} = (SELECT k.{column} FROM kept AS k WHERE k.app_id = typed.app_id)")
}

#[test]
fn how_the_server_keeps_a_value_makes_no_difference() {
    let bench = types();
    plant(
        &bench,
        "UPDATE typed
         SET c_char = 'Ann       ', c_nchar = 'é         ', c_nvarchar = c_nvarchar || '  ',
             c_numeric = '12.5000', c_datetime2 = rtrim(c_datetime2, '0'), c_time = '23:59:59.9999999',
             c_xml = '<a c=''&lt;'' b=''1''></a>x &#38; y', c_guid = lower(c_guid)
         WHERE app_id = 1",
    );
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 3 }));
    plant(&bench, "UPDATE typed SET c_char = 'ANN' WHERE app_id = 1");
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 2, "different": 1 }));
}

#[test]
fn rows_without_a_key_are_compared_as_a_set() {
    let bench = types();
    // Another order, and other numbers.
    plant(
        &bench,
        "CREATE TEMP TABLE kept AS SELECT * FROM numbered; DELETE FROM numbered;
         INSERT INTO numbered (app_id, kind, amount, note)
         SELECT app_id, kind, amount, note FROM kept ORDER BY item_id DESC",
    );
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 3 }));
    let found = json_of(&bench.run("verify --all --format json"));
    let columns = &found["tables"][1]["columns"];
    assert_eq!(columns[0]["not_compared"], "the database numbers it", "{columns:#}");

    // The most similar row is the one that was changed.
    plant(&bench, "UPDATE numbered SET note = 'other' WHERE kind = 'B'");
    let found = json_of(&bench.run("verify --all --format json"));
    assert_eq!(found["tables"][1]["different"], 1, "{found:#}");
    assert_eq!(found["examples"][0]["expected"], "n");
    // One of two equal rows is gone.
    plant(
        &bench,
        "DELETE FROM numbered WHERE item_id = (SELECT max(item_id) FROM numbered WHERE kind = 'A')",
    );
    let found = json_of(&bench.run("verify --all --format json"));
    assert_eq!(
        (&found["tables"][1]["missing"], &found["tables"][1]["surplus"]),
        (&json!(1), &json!(0))
    );
}

#[test]
fn what_the_clock_decides_is_compared_where_the_log_knows_the_time() {
    let bench = types();
    plant(&bench, "UPDATE typed SET loaded_at = '2001-01-01T00:00:00.000' WHERE app_id = 2");
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 2, "different": 1 }));
    // Nothing is known of 2 any more.
    plant(
        &bench,
        "DELETE FROM processing_log WHERE app_id = 2; DELETE FROM recent WHERE app_id = 2",
    );
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 3, "unlogged": 1 }));
    let said = bench.run("verify --app-id 2 --log-level off");
    let why = "NOW_UTC() decides it, and the log does not know the time";
    assert_eq!(said.stdout.matches(why).count(), 2, "{said:?}");
    assert!(said.stdout.contains("NOW_UTC() decides which rows there are"), "{said:?}");
}

#[test]
fn rows_are_found_through_their_parents() {
    let call = "<call minutes='3'/><call minutes='4'/>";
    let document = |id| {
        format!(
            "<a><contact id='{id}'><phone kind='1'>{call}</phone><phone kind='2'/></contact></a>"
        )
    };
    let documents: Vec<String> = (1..=3).map(document).collect();
    let bench = run_of(LINEAGE, &documents);
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 3 }));
    plant(&bench, "UPDATE app_call SET minutes = 9 WHERE con_id = 2 AND minutes = 3");
    let found = json_of(&bench.run("verify --all --format json"));
    assert_eq!(found["examples"][0]["app_id"], 2, "{found:#}");
    assert_eq!(
        (&found["examples"][0]["expected"], &found["examples"][0]["found"]),
        (&json!("3"), &json!("9"))
    );
    plant(&bench, "DELETE FROM app_call WHERE con_id = 3; INSERT INTO app_phone VALUES (3, 9)");
    let found = json_of(&bench.run("verify --all --format json"));
    assert_eq!(
        (&found["tables"][3]["missing"], &found["tables"][2]["surplus"]),
        (&json!(2), &json!(1))
    );
}

#[test]
fn what_cannot_be_compared_is_counted_by_its_cause() {
    let bench = finished();
    plant(
        &bench,
        "UPDATE app_xml SET xml = '<note title=''new''/>' WHERE app_id = 1;
         UPDATE app_xml SET xml = NULL WHERE app_id = 2;
         UPDATE app_xml SET xml = '<note/>' WHERE app_id = 4;
         UPDATE processing_log SET source_hash = NULL WHERE app_id = 4;",
    );
    let expected =
        json!({ "document_changed": 1, "no_document": 1, "not_shredded": 1, "equal": 1 });
    assert_eq!(verdicts(&bench, "--all"), expected);
    let shown = bench.run("verify --app-id 1,2,3,4,99 --log-level off");
    insta::assert_snapshot!(shown.transcript());
}

/// Between others, before all and after all, and more than are read at a time.
#[test]
fn an_application_whose_source_row_is_gone_is_reported() {
    let bench = run_of(notes::CONTRACT, &vec!["<note title='x'/>"; 120]);
    plant(&bench, "DELETE FROM app_xml WHERE app_id IN (1, 60, 120)");
    let expected = json!({ "equal": 117, "no_document": 3 });
    assert_eq!(verdicts(&bench, "--all"), expected);
    assert_eq!(verdicts(&bench, "--sample 200"), expected);
    assert_eq!(verdicts(&bench, "--all --after 60"), json!({ "equal": 59, "no_document": 1 }));
    plant(&bench, "DELETE FROM app_xml WHERE app_id > 20");
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 19, "no_document": 101 }));
    plant(&bench, "DELETE FROM app_xml");
    assert_eq!(verdicts(&bench, "--all"), json!({ "no_document": 120 }));
}

#[test]
fn rows_that_the_log_does_not_know_are_verified_when_all_are() {
    let bench = finished();
    plant(
        &bench,
        "DELETE FROM processing_log WHERE app_id IN (1, 2); DELETE FROM line WHERE app_id = 2",
    );
    assert_eq!(verdicts(&bench, "--sample 9"), json!({ "equal": 2 }));
    let all = json!({ "equal": 3, "different": 1, "unlogged": 2 });
    assert_eq!(verdicts(&bench, "--all"), all);
    assert_eq!(verdicts(&bench, "--app-id 1"), json!({ "equal": 1, "unlogged": 1 }));
}

#[test]
fn a_sample_can_be_drawn_again() {
    let documents = vec!["<note title='x'/>"; 200];
    let bench = run_of(notes::CONTRACT, &documents);
    let drawn = |flags: &str| {
        plant(&bench, "UPDATE note SET title = 'other'");
        let found = json_of(&bench.run(&format!("verify {flags} --format json --examples 999")));
        let examples = found["examples"].as_array().unwrap().clone();
        let ids: Vec<i64> = examples.iter().map(|e| e["app_id"].as_i64().unwrap()).collect();
        (found["seed"].clone(), ids)
    };
    let (seed, first) = drawn("--sample 20");
    assert_eq!(first.len(), 20);
    assert_eq!(drawn(&format!("--sample 20 --seed {seed}")).1, first);
    assert_ne!(drawn("--sample 20 --seed 1").1, drawn("--sample 20 --seed 2").1);
    let (_, rest) = drawn(&format!("--sample 20 --seed {seed} --after {}", first[11]));
    assert_eq!(rest, first[12..]);
    assert_eq!(drawn("--sample 500 --seed 1").1.len(), 200);
}

#[test]
fn it_goes_on_after_an_id() {
    let bench = finished();
    assert_eq!(verdicts(&bench, "--all --after 2"), json!({ "equal": 2 }));
    assert_eq!(verdicts(&bench, "--app-id 1 2 4 --after 1"), json!({ "equal": 2 }));
    assert_eq!(verdicts(&bench, "--all --after 5"), json!({}));
    assert_eq!(verdicts(&bench, "--all --after -9"), json!({ "equal": 4 }));
}

#[cfg(unix)]
#[test]
fn an_interruption_says_how_to_go_on() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    const DOCUMENTS: usize = 400;
    let bench = run_of(notes::CONTRACT, &vec!["<note title='x'><line>a</line></note>"; DOCUMENTS]);
    // Reading takes long.
    plant(
        &bench,
        "ALTER TABLE line RENAME TO stored;
         CREATE VIEW line AS SELECT * FROM stored
         WHERE (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
                SELECT count(*) FROM n) > stored.app_id * 0",
    );
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("xmlshred"))
        .args(["verify", "--sample", "400", "--workers", "2", "--format", "json"])
        .args(["--log-level", "off"])
        .current_dir(bench.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("the sample is drawn with --seed "), "{line}");
    // SAFETY: a signal to a process that this test started and has not waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{rest}");
    let first: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(first["complete"], false);
    let done = first["applications"]["equal"].as_u64().unwrap() as usize;
    assert!(done < DOCUMENTS, "{done}");

    let flags = rest.split_once("interrupted: add ").expect("how to go on").1;
    let flags = flags.split_once(" to the command").unwrap().0;
    plant(&bench, "DROP VIEW line; ALTER TABLE stored RENAME TO line");
    let expected = json!({ "equal": DOCUMENTS - done });
    assert_eq!(verdicts(&bench, &format!("--sample 400 {flags}")), expected, "{flags}");
}

#[test]
fn another_contract_than_the_installed_one_is_refused() {
    let bench = finished();
    bench.write("contract.toml", notes::CONTRACT.replace("nvarchar(20)", "nvarchar(21)"));
    let said = bench.run("verify --all");
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(said.stdout, "");
}

#[test]
fn applications_of_an_earlier_contract_are_counted() {
    let bench = finished();
    let wider = notes::CONTRACT.replace("nvarchar(20)", "nvarchar(21)");
    bench.write("contract.toml", wider.replace("name = \"notes\"", "name = \"notes\" # wider"));
    assert_eq!(bench.run("install").status, 0);
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 4, "other_contract": 4 }));
}

#[test]
fn a_missing_column_is_an_error() {
    let bench = finished();
    plant(&bench, "ALTER TABLE line DROP COLUMN text");
    let said = bench.run("verify --all --log-level off");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains("line") && said.stderr.contains("text"), "{said:?}");
}

#[test]
fn the_rows_of_generated_documents_are_equal() {
    for seed in 1..=3 {
        let profile = Profile::SMALL.without_failures();
        let documents: Vec<Vec<u8>> =
            (1..=60).map(|app_id| application(seed, app_id, &profile)).collect();
        let bench = run_of(generate::CONTRACT, &documents);
        assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 60 }), "seed {seed}");
    }
}

/// Masks are on a server only; what is done about them is the same on both stores.
#[test]
fn a_column_that_this_login_sees_masked_is_not_compared() {
    let bench = finished();
    plant(&bench, "UPDATE note SET title = 'xxxx' WHERE app_id = 1");
    let contract = Arc::new(Contract::parse(notes::CONTRACT, "contract.toml").unwrap().0);
    let verification = |masked| Verification {
        contract: contract.clone(),
        masked,
        limits: Limits::default(),
        selection: Selection::All,
        after: None,
        threads: 1,
        examples: 1,
    };
    let path = bench.path().join("work.db");
    let connect =
        || -> xmlshred::store::Result<Box<dyn Store>> { Ok(Box::new(SqliteStore::open(&path)?)) };
    let found = |masked| {
        let report = verify(&verification(masked), &connect, &|| false, |_| ()).report;
        (report.count(Verdict::Different), report.tables[0].columns[1].exception)
    };
    assert_eq!(found(vec![]), (1, None));
    assert_eq!(found(vec![(0, 1)]), (0, Some("it is masked for this login")));
}
