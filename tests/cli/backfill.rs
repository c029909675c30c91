//! `backfill`: finished applications get what a contract has learned.

use rusqlite::Connection;
use serde_json::{json, Value};

use super::workbench::{Said, Workbench};

pub const SMALL: &str = include_str!("../backfill/small.toml");
pub const LEARNED: &str = include_str!("../backfill/learned.toml");

/// An amount, two contacts with a phone each, and a remark.
fn document(id: u32) -> String {
    let contact = |n: u32| {
        format!(
            "<contact id='{}' label='home'><phone kind='work' number='555'/></contact>",
            id * 10 + n
        )
    };
    format!("<a name='n{id}' amount='1.50'>{}{}<remark>seen</remark></a>", contact(1), contact(2))
}

/// Documents 1 to `n` were finished with the small contract, and the other is installed now.
fn learned(n: u32) -> Workbench {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    bench.write("contract.toml", SMALL);
    for id in 1..=n {
        bench.write(&format!("docs/{id:04}.xml"), document(id));
    }
    for command in ["load docs", "enqueue", "run --log-level warn"] {
        let said = bench.run(command);
        assert_eq!(said.status, 0, "{said:?}");
    }
    bench.write("contract.toml", LEARNED);
    let said = bench.run("install");
    assert_eq!(said.status, 0, "{said:?}");
    bench
}

const ALL: &str = "backfill --table person,contact,phone,remark --all --log-level off";

fn store(bench: &Workbench) -> Connection {
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    store.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    store
}

fn counts(bench: &Workbench) -> [i64; 4] {
    let store = store(bench);
    ["person", "contact", "phone", "remark"].map(|table| {
        store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    })
}

fn json_of(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// Rows and values that were missing of `n` applications.
fn missing(n: u32) -> Value {
    json!([
        {"table": "contact", "column": null, "count": 2 * n},
        {"table": "person", "column": "amount", "count": n},
        {"table": "person", "column": "seen", "count": n},
        {"table": "phone", "column": null, "count": 2 * n},
        {"table": "remark", "column": null, "count": n},
    ])
}

#[test]
fn what_a_contract_learned_is_counted_then_added_and_equals_the_documents() {
    let bench = learned(3);
    let said = bench.run(&format!("{ALL} --dry-run"));
    assert_eq!((said.status, counts(&bench)), (0, [3, 0, 0, 0]), "{said:?}");
    let expected = "\
table    column  rows  values
contact             6
person   amount             3
person   seen               3
phone               6
remark              3
";
    assert_eq!(said.stdout, expected);
    let expected = "\
table remark has no key that the documents decide: only an application without a row in it gets rows
15 rows and 6 values of 3 applications are missing; nothing was changed; 0 applications lack nothing
";
    assert_eq!(said.stderr, expected);
    let said = bench.run(&format!("{ALL} --format json"));
    assert_eq!((said.status, counts(&bench)), (0, [3, 6, 6, 3]), "{said:?}");
    let found = json_of(&said);
    assert_eq!((&found["executed"], &found["missing"]), (&json!(true), &missing(3)));

    // The time too is that of the run, not of the backfill.
    let said = bench.run("verify --all --format json --log-level off");
    let found = json_of(&said);
    assert_eq!((said.status, &found["applications"]["equal"]), (0, &json!(3)), "{said:?}");
    let said = bench.run(&format!("{ALL} --format json"));
    let found = json_of(&said);
    assert_eq!(
        (&found["missing"], &found["applications_lacking_nothing"]),
        (&json!([]), &json!(3))
    );
}

#[test]
fn only_the_named_tables_columns_and_applications_are_backfilled() {
    let bench = learned(3);
    let said = bench.run("backfill --table contact --app-id 1,3 --log-level off");
    assert_eq!((said.status, counts(&bench)), (0, [3, 4, 0, 0]), "{said:?}");
    let said = bench.run("backfill --table person --column amount --all --log-level off");
    assert_eq!((said.status, counts(&bench)), (0, [3, 4, 0, 0]), "{said:?}");
    let filled = "SELECT count(amount), count(seen) FROM person";
    let filled: (i64, i64) = store(&bench).query_row(filled, [], |row| row.try_into()).unwrap();
    assert_eq!(filled, (3, 0));
    let said = bench.run("backfill --table contact --all --after 2 --dry-run --log-level off");
    assert_eq!(said.stdout, "", "3 has its contacts, and 2 is not above 2: {said:?}");

    for (flags, problem, hint) in [
        ("--table contacts", "no target table contacts", "hint: its tables are person, contact"),
        ("--table person --column app_id", "a column app_id that can be filled", "hint: name a"),
        ("--table remark --column remark", "a column remark that can be filled", "hint: name a"),
    ] {
        let said = bench.run(&format!("backfill {flags} --all"));
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains(problem) && said.stderr.contains(hint), "{said:?}");
    }
}

#[test]
fn what_cannot_be_backfilled_is_listed_with_its_next_step_and_stops_nothing() {
    let bench = learned(6);
    let requeued = bench.run("requeue --app-id 6");
    assert_eq!(requeued.status, 0, "{requeued:?}");
    let broken = document(3).replace("1.50", "much");
    let store = store(&bench);
    store
        .execute_batch(
            "DELETE FROM app_xml WHERE app_id = 1;
             UPDATE app_xml SET xml = CAST('<a name=''other''/>' AS BLOB) WHERE app_id = 2;
             INSERT INTO contact (con_id, app_id) VALUES (41, 99);",
        )
        .unwrap();
    store.execute("UPDATE app_xml SET xml = ?1 WHERE app_id = 3", [broken.as_bytes()]).unwrap();
    let digest = {
        use sha2::Digest;
        sha2::Sha256::digest(broken.as_bytes())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    store.execute("UPDATE processing_log SET source_hash = ?1 WHERE app_id = 3", [digest]).unwrap();
    drop(store);
    let said =
        bench.run(&format!("{} --format json", ALL.replace("--all", "--app-id 1 2 3 4 5 6 7")));
    assert_eq!(said.status, 1, "{said:?}");
    let found = json_of(&said);
    let left_out = json!({
        "not_finished": 2, "missing_document": 1, "changed_document": 1, "not_shredded": 1, "refused": 1,
    });
    assert_eq!((&found["left_out"], &found["complete"]), (&left_out, &json!(true)), "{said:?}");
    assert_eq!(found["missing"], missing(1), "5 is done: {said:?}");
    for step in [
        "xmlshred explain",
        "put it back",
        "requeue --changed",
        "xmlshred map",
        "correct the cause",
    ] {
        assert!(said.stderr.contains(step), "{step}: {said:?}");
    }
    assert!(said.stderr.contains("bad_value"), "{said:?}");
    // All in one: the same, without those that are not finished.
    let said = bench.run(&format!("{ALL} --format json"));
    assert_eq!((said.status, &json_of(&said)["left_out"]["not_finished"]), (1, &json!(0)));
}

#[test]
fn another_contract_than_the_installed_one_is_not_backfilled() {
    let bench = learned(1);
    bench.write("contract.toml", LEARNED.replace("nvarchar(20)", "nvarchar(30)"));
    let said = bench.run(ALL);
    assert_eq!((said.status, counts(&bench)), (3, [1, 0, 0, 0]), "{said:?}");
}

#[test]
fn a_backfill_that_is_killed_is_repeated() {
    let bench = learned(5);
    let said = Said::of(bench.command(ALL).env("XMLSHRED_FAILPOINT", "amid_backfill:3"));
    assert_ne!(said.status, 0, "{said:?}");
    assert_eq!(counts(&bench), [5, 4, 4, 2], "two applications, the third not committed");
    let said = bench.run(ALL);
    assert_eq!((said.status, counts(&bench)), (0, [5, 10, 10, 5]), "{said:?}");
    let said = bench.run("verify --all --log-level off");
    assert_eq!(said.status, 0, "{said:?}");
}

#[test]
fn two_backfills_and_a_worker_beside_add_nothing_twice() {
    let bench = learned(40);
    for id in 41..=80 {
        bench.write(&format!("more/{id:04}.xml"), document(id));
    }
    for command in ["load more", "enqueue", "requeue --app-id-start 1 --app-id-end 20"] {
        let said = bench.run(command);
        assert_eq!(said.status, 0, "{said:?}");
    }
    let bench = &bench;
    std::thread::scope(|scope| {
        for command in [ALL, ALL, "run --log-level warn --batch-size 3"] {
            scope.spawn(move || {
                let said = bench.run(command);
                assert!(said.status <= 1, "{said:?}");
            });
        }
    });
    let said = bench.run(ALL);
    assert_eq!((said.status, counts(bench)), (0, [80, 160, 160, 80]), "{said:?}");
    let said = bench.run("verify --all --log-level off");
    assert_eq!(said.status, 0, "{said:?}");
}
