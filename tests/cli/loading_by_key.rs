//! Ids from the documents: `load --app-id-from key`.

use rusqlite::Connection;

use super::notes::CONTRACT;
use super::workbench::Workbench;

/// A folder with a contract whose documents have a key, and these documents.
fn bench(documents: &[(&str, &str)]) -> Workbench {
    let bench = Workbench::new();
    let keyed = CONTRACT.replace("root = \"note\"", "root = \"note\"\nkey = \"/note/@id\"");
    bench.write("contract.toml", keyed);
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    for (name, content) in documents {
        bench.write(&format!("docs/{name}"), content);
    }
    bench
}

fn note(id: &str) -> String {
    format!("<note id='{id}' title='t'/>")
}

fn ids(bench: &Workbench) -> Vec<i64> {
    let store = Connection::open(bench.path().join("work.db")).unwrap();
    let mut select = store.prepare("SELECT app_id FROM app_xml ORDER BY app_id").unwrap();
    let ids = select.query_map([], |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

const LOAD: &str = "load docs --app-id-from key";

#[test]
fn the_key_of_each_document_is_its_id() {
    let bench = bench(&[("a.xml", &note("700")), ("b.xml", &note(" -3 ")), ("c.xml", &note("12"))]);
    let said = bench.run(LOAD);
    assert_eq!(said.stdout, "3 documents loaded (0.1 kB), with ids from -3 to 700\n", "{said:?}");
    assert_eq!(ids(&bench), [-3, 12, 700]);
    assert_eq!(bench.run("enqueue").status, 0);
    assert_eq!(bench.run("run --log-level warn").status, 0);
}

#[test]
fn loaded_documents_are_skipped_and_changed_ones_replaced() {
    let bench = bench(&[("a.xml", &note("7")), ("b.xml", &note("8"))]);
    assert_eq!(bench.run(LOAD).status, 0);
    assert_eq!(bench.run(LOAD).stdout, "2 documents: 0 loaded, 2 already loaded\n");
    bench.write("docs/a.xml", "<note id='7' title='other'/>");
    let refused = bench.run(LOAD);
    assert!(refused.stderr.contains("already has other documents with the ids 7"), "{refused:?}");
    let said = bench.run(&format!("{LOAD} --replace"));
    let expected = "2 documents: 1 loaded (0.0 kB) as application 7, 1 already loaded\n";
    assert_eq!(said.stdout, expected, "{said:?}");
}

#[test]
fn every_document_without_a_key_of_its_own_is_named_and_none_is_loaded() {
    let bench = bench(&[
        ("1.xml", &note("7")),
        ("2.xml", "<note title='t'/>"),
        ("3.xml", &note("x7")),
        ("4.xml", &note("7")),
        ("5.xml", "<note\n id=7/>"),
        ("6.xml", &note("99999999999999999999")),
        ("7.xml", "<order id='1'/>"),
    ]);
    let said = bench.run(LOAD);
    insta::assert_snapshot!(said.transcript().replace('\\', "/"));
    assert!(!bench.path().join("work.db").exists());
}

#[test]
fn ids_from_keys_need_a_contract_that_has_one() {
    let bench = bench(&[("1.xml", &note("7"))]);
    bench.write("contract.toml", CONTRACT);
    insta::assert_snapshot!(bench.run(LOAD).transcript());
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\n");
    let said = bench.run(LOAD);
    assert!(said.stderr.contains("no contract is named; nothing was loaded"), "{said:?}");
}
