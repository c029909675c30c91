//! Installing in an embedded store, and looking first.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::notes::{finished, queued, workbench, CONTRACT};
use super::workbench::Workbench;

/// What is in the folder once the write-ahead log that a run left is back in the store's file.
fn settled(bench: &Workbench) -> BTreeMap<PathBuf, Vec<u8>> {
    assert_eq!(bench.run("status").status, 0);
    bench.contents()
}

/// The contract with one more column, another one to the store.
fn with_a_column(bench: &Workbench) {
    let column = "remark = { type = \"nvarchar(50)\", value = \"@remark\" }\n";
    bench.write(
        "newer.toml",
        CONTRACT.replace(
            "\n\n[[tables]]\nname = \"line\"",
            &format!("\n{column}\n[[tables]]\nname = \"line\""),
        ),
    );
}

#[test]
fn a_dry_run_prints_what_would_run_and_leaves_the_store_as_it_is() {
    let bench = finished();
    with_a_column(&bench);
    let before = settled(&bench);
    let said = bench.run("install --dry-run --contract newer.toml");
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.stdout, "ALTER TABLE \"note\" ADD COLUMN \"remark\" TEXT;\n");
    assert!(said.stderr.contains(" would be installed in place of "), "{said:?}");
    assert!(said.stderr.ends_with("; nothing was changed\n"), "{said:?}");
    assert_eq!(bench.contents(), before);
    let said = bench.run("run --log-level warn");
    assert_eq!(said.status, 0, "the contract from before is no longer installed: {said:?}");
}

#[test]
fn a_run_installs_the_contract_when_asked() {
    let bench = finished();
    with_a_column(&bench);
    bench.run("retry --all");
    let said = bench.run("run --contract newer.toml");
    assert_eq!(said.status, 3, "{said:?}");
    let said = bench.run("run --contract newer.toml --install");
    assert_eq!(said.status, 1, "one document fails: {said:?}");
    // What `install` prints on stdout.
    let changes =
        " is installed: 2 target tables\n  added 1 column: note.remark\n  replaced the contract ";
    assert!(said.stderr.contains(changes), "{said:?}");
    assert!(!said.stdout.contains("note.remark"), "{said:?}");
    assert!(!said.stderr.contains(" INFO contract "), "said twice: {said:?}");
    let said = bench.run("run --contract newer.toml --install");
    assert_eq!((said.status, said.stderr.contains(" is installed: ")), (0, false), "{said:?}");
}

#[test]
fn programs_and_log_files_get_what_a_run_has_installed_as_a_line() {
    let bench = finished();
    with_a_column(&bench);
    let older = "install --contract contract.toml";
    let run = "run --contract newer.toml --install --log-dir log --format json";
    let line = "; added 1 column: note.remark; replaced the contract ";
    let said = bench.run(&format!("{run} --log-format json"));
    assert_eq!(said.status, 0, "{said:?}");
    serde_json::from_str::<serde_json::Value>(&said.stdout).expect("the summary alone");
    let mut lines = said.stderr.lines().map(|line| {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|_| panic!("{said:?}"))
    });
    let found = lines.find(|line| line["changes"] == 2).expect("a line");
    assert!(found["message"].as_str().unwrap().contains(line), "{found}");

    assert_eq!(bench.run(older).status, 0);
    let said = bench.run(&format!("{run} -q"));
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
    let logs: String = bench
        .contents()
        .into_iter()
        .filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("log")))
        .map(|(_, log)| String::from_utf8(log).unwrap())
        .collect();
    assert_eq!(logs.matches("replaced the contract ").count(), 2, "{logs}");
}

#[test]
fn a_dry_run_makes_no_store() {
    let bench = workbench();
    let before = bench.contents();
    let said = bench.run("install --dry-run --store sqlite:new.db --contract contract.toml");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.starts_with("CREATE TABLE \"note\" ( -- created by xmlshred\n"),
        "{said:?}"
    );
    assert!(said.stdout.contains("CREATE TABLE \"line\" ( -- created by xmlshred\n"), "{said:?}");
    assert!(said.stderr.contains(" would be installed; nothing was changed"), "{said:?}");
    assert_eq!(bench.contents(), before);
}

#[test]
fn what_a_dry_run_prints_is_what_install_does() {
    let bench = workbench();
    let store = "--store sqlite:new.db --contract contract.toml";
    let script = bench.run(&format!("install --dry-run {store}")).stdout;
    let by_hand = rusqlite::Connection::open_in_memory().unwrap();
    by_hand.execute_batch(&script).unwrap();
    assert_eq!(bench.run(&format!("install {store}")).status, 0);
    let installed = rusqlite::Connection::open(bench.path().join("new.db")).unwrap();
    let tables = |connection: &rusqlite::Connection| -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE tbl_name IN ('note', 'line') AND sql IS NOT NULL")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(tables(&installed), tables(&by_hand));
    assert_eq!(tables(&installed).len(), 2);
    let said = bench.run(&format!("install --dry-run {store}"));
    assert_eq!(said.stdout, "", "{said:?}");
    assert!(said.stderr.contains(" is the installed one; nothing was changed"), "{said:?}");
}

#[test]
fn a_dry_run_meets_the_differences_that_install_would_meet() {
    let bench = finished();
    bench.write("other.toml", CONTRACT.replace("nvarchar(20)", "int"));
    let said = bench.run("install --dry-run --contract other.toml");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains("column title is TEXT, which cannot hold every int"), "{said:?}");
}

/// The tables of version 7.
pub const VERSION_7: &str = include_str!("../store/sqlite/version_7.sql");

/// A store with these tables.
pub fn old_store(bench: &Workbench, name: &str, version: u32, tables: &str) {
    let old = rusqlite::Connection::open(bench.path().join(name)).unwrap();
    let application = u32::from_be_bytes(*b"xmls");
    old.execute_batch(&format!(
        "PRAGMA application_id = {application}; PRAGMA user_version = {version}; {tables}"
    ))
    .unwrap();
}

#[test]
fn a_store_of_an_earlier_version_is_refused_with_the_command_that_upgrades_it() {
    let bench = workbench();
    old_store(&bench, "old.db", 7, VERSION_7);
    let said = bench.run("status --store sqlite:old.db");
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.stderr.contains("have version 7 and this program uses version "), "{said:?}");
    assert!(
        said.stderr.contains("; run `xmlshred install --store sqlite:old.db` to upgrade it"),
        "{said:?}"
    );
    let install = "install --store sqlite:old.db --contract contract.toml";
    let before = bench.contents();
    let said = bench.run(&format!("{install} --dry-run"));
    assert!(said.stdout.starts_with("-- the store's own tables, from version 7 to "), "{said:?}");
    assert!(said.stdout.contains("CREATE TABLE \"note\""), "{said:?}");
    assert_eq!(bench.contents(), before);
    let said = bench.run(install);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.starts_with("the store's own tables are upgraded from version 7 to "),
        "{said:?}"
    );
    assert_eq!(bench.run("status --store sqlite:old.db").status, 0);
}

#[test]
fn the_command_that_upgrades_a_store_needs_no_contract() {
    let bench = workbench();
    old_store(&bench, "old.db", 7, VERSION_7);
    let said = bench.run("install --store sqlite:old.db");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.starts_with("the store's own tables are upgraded from version 7 to "),
        "{said:?}"
    );
    assert_eq!(bench.run("status --store sqlite:old.db").status, 0);
    let said = bench.run("install --store sqlite:old.db");
    assert!(said.stderr.contains("no contract is named"), "{said:?}");
}

#[test]
fn info_names_the_installed_contract_and_changes_nothing() {
    let bench = finished();
    with_a_column(&bench);
    let before = settled(&bench);
    let said = bench.run("install --info --contract newer.toml");
    assert_eq!(said.status, 0, "{said:?}");
    let checked = bench.run("contract check contract.toml").stdout;
    let hash = checked.lines().find_map(|line| line.strip_prefix("hash ")).unwrap();
    let contract = format!("contract notes ({hash}) is installed since ");
    assert!(said.stdout.starts_with(&contract), "{said:?}");
    assert!(said.stdout.contains("the store's own tables have version "), "{said:?}");
    assert_eq!(bench.contents(), before);
}

#[test]
fn info_says_where_no_contract_is_installed_and_makes_no_store() {
    let bench = workbench();
    let before = bench.contents();
    assert_eq!(bench.run("install --info --store sqlite:new.db").status, 4);
    assert_eq!(bench.contents(), before);
    assert_eq!(bench.run("load docs --store sqlite:new.db").status, 0);
    let said = bench.run("install --info --store sqlite:new.db");
    assert!(said.stdout.starts_with("no contract is installed\n"), "{said:?}");
}

/// The store with the table `note` as others would have created it, which has a row.
fn with_a_table_of_others(bench: &Workbench) -> rusqlite::Connection {
    assert_eq!(bench.run("install").status, 0);
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    let sql: String = store
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'note'", [], |row| row.get(0))
        .unwrap();
    let (ours, of_others) = ("( -- created by xmlshred", "(");
    assert!(sql.contains(ours), "{sql}");
    let sql = sql.replace(ours, of_others);
    store.execute_batch(&format!("DROP TABLE line; DROP TABLE note; {sql};")).unwrap();
    store
}

#[test]
fn a_table_of_others_is_altered_only_when_asked() {
    let bench = queued();
    let store = with_a_table_of_others(&bench);
    with_a_column(&bench);
    let declared = || -> String {
        let sql = "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE tbl_name = 'note'";
        store.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let before = declared();
    let alter = "ALTER TABLE \"note\" ADD COLUMN \"remark\" TEXT;";
    for dry_run in ["", " --dry-run"] {
        let said = bench.run(&format!("install --contract newer.toml{dry_run}"));
        assert_eq!(said.status, 3, "{said:?}");
        for part in [
            "table note does not fit the contract: column remark does not exist",
            "xmlshred did not create the table\nhint: run `",
            alter,
            "or install with --alter-tables",
        ] {
            assert!(said.stderr.contains(part), "{part} is not in {said:?}");
        }
        assert_eq!(declared(), before);
    }
    let said = bench.run("install --contract newer.toml --alter-tables --dry-run");
    assert!(said.stdout.contains(&format!("{alter}\n")), "{said:?}");
    assert_eq!(declared(), before);
    let said = bench.run("install --contract newer.toml --alter-tables");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("target tables of others are altered:\n"), "{said:?}");
    assert!(said.stdout.contains(&format!("\n  {alter}\n")), "{said:?}");
    assert!(declared().contains("remark"), "{}", declared());
    // What fits is not touched, not even by an index.
    let said = bench.run("install --contract newer.toml --alter-tables");
    assert!(said.stdout.starts_with("no target table of others is altered\n"), "{said:?}");
}

#[test]
fn names_of_target_tables_that_are_taken_are_refused_all_at_once() {
    let bench = workbench();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    assert_eq!(bench.run("load docs").status, 0);
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    store
        .execute_batch(
            "CREATE TABLE theirs (a);
             INSERT INTO theirs VALUES (1);
             CREATE VIEW note AS SELECT a FROM theirs;
             CREATE INDEX line ON theirs (a);",
        )
        .unwrap();
    let declared = || -> String {
        let sql = "SELECT group_concat(coalesce(sql, name), ';') FROM sqlite_schema";
        store.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let before = declared();
    let said = bench.run("install");
    assert_eq!(said.status, 2, "{said:?}");
    for part in ["\n  view note\n", "\n  index line of theirs\n", "\nhint: rename these objects"] {
        assert!(said.stderr.contains(part), "{part} is not in {said:?}");
    }
    assert_eq!(declared(), before);
}

#[test]
fn a_plan_lists_each_change_and_changes_nothing() {
    let bench = finished();
    with_a_column(&bench);
    let before = settled(&bench);
    let said = bench.run("install --plan");
    assert_eq!((said.status, said.stdout.as_str()), (0, "nothing to do\n"), "{said:?}");

    let said = bench.run("install --plan --contract newer.toml");
    assert_eq!(said.status, 1, "something would change: {said:?}");
    let lines: Vec<Vec<&str>> =
        said.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["action", "object", "column", "now", "then"], "{said:?}");
    assert_eq!(lines[1], ["add", "table", "note", "remark", "TEXT"], "{said:?}");
    assert_eq!(lines[2][..3], ["register", "contract", "notes"], "{said:?}");
    assert_eq!(lines.len(), 3, "{said:?}");
    assert!(said.stderr.contains("2 changes; nothing was changed"), "{said:?}");

    let said = bench.run("install --plan --json --contract newer.toml");
    assert_eq!((said.status, said.stderr.as_str()), (1, ""), "{said:?}");
    let plan: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&plan["changes"], &plan["refused"]), (&2.into(), &0.into()), "{plan}");
    let add = &plan["steps"][0];
    assert_eq!(add["statement"], "ALTER TABLE \"note\" ADD COLUMN \"remark\" TEXT");
    assert_eq!(add["refused"], false);
    assert!(bench.contents() == before);

    // What it lists is what is done.
    assert_eq!(bench.run("install --contract newer.toml").status, 0);
    assert_eq!(bench.run("install --plan --contract newer.toml").stdout, "nothing to do\n");
}

#[test]
fn a_plan_lists_everything_that_is_refused_with_a_next_step() {
    let bench = queued();
    drop(with_a_table_of_others(&bench));
    let other = CONTRACT.replace("nvarchar(20)", "int").replace("\"decimal(9,2)\"", "\"float\"");
    let column = "\nremark = { type = \"nvarchar(50)\", value = \"@remark\" }\n\n[[tables]]\nname = \"line\"";
    bench.write("other.toml", other.replace("\n\n[[tables]]\nname = \"line\"", column));
    let before = settled(&bench);
    let said = bench.run("install --plan --contract other.toml");
    assert_eq!(said.status, 3, "{said:?}");
    for part in [
        "REFUSE    table note",
        "  table note, column title: column title is TEXT, which cannot hold every int of the contract\n    next: ",
        "  table note, column price: column price is TEXT, which cannot hold every float",
        "xmlshred did not create the table\n    next: run `ALTER TABLE \"note\" ADD COLUMN \"remark\" TEXT;`, or install \
         with --alter-tables\n",
        "create    table line",
    ] {
        assert!(said.stdout.contains(part), "{part} is not in {said:?}");
    }
    assert!(said.stderr.contains("3 steps refused, "), "{said:?}");
    let said = bench.run("install --plan --alter-tables --contract other.toml --json");
    let plan: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.status, &plan["refused"]), (3, &2.into()), "{plan}");
    let of = |action: &str| -> Vec<&serde_json::Value> {
        let steps = plan["steps"].as_array().unwrap().iter();
        steps.filter(|step| step["action"] == action).collect()
    };
    assert_eq!(of("add")[0]["refusals"], serde_json::json!([]), "{plan}");
    assert!(of("decide").iter().all(|step| step["refusals"][0]["next_step"] != ""), "{plan}");
    assert!(bench.contents() == before);
}

#[test]
fn a_plan_makes_no_store_and_names_what_is_in_the_way() {
    let bench = workbench();
    let before = bench.contents();
    let said = bench.run("install --plan --store sqlite:new.db --contract contract.toml");
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stdout.contains("create    store new.db\n"), "{said:?}");
    assert!(bench.contents() == before);

    assert_eq!(bench.run("load docs --store sqlite:work.db").status, 0);
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    store.execute_batch("CREATE INDEX line ON app_xml (xml);").unwrap();
    let said = bench.run("install --plan --store sqlite:work.db --contract contract.toml");
    assert_eq!(said.status, 3, "{said:?}");
    let refused = "  index line of app_xml: xmlshred did not create it, and needs its name\n    next: rename these objects, or the tables of the contract";
    assert!(said.stdout.contains(refused), "{said:?}");
    let said = bench.run("install --json --store sqlite:work.db --contract contract.toml");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("hint: add --plan"), "{said:?}");
}

#[test]
fn an_installation_says_what_it_changed() {
    let bench = workbench();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    let lines = |call: &str| -> Vec<String> {
        let said = bench.run(call);
        assert_eq!(said.status, 0, "{said:?}");
        let hash = regex::Regex::new("[0-9a-f]{64}").unwrap();
        hash.replace_all(&said.stdout, "HASH").lines().map(str::to_owned).collect()
    };
    let installed = "contract notes (HASH) is installed: 2 target tables";
    assert_eq!(
        lines("install"),
        [installed, "  created 1 store, 2 tables, 2 views: work.db, note, line, vw_TargetRows, vw_TargetCounts"]
    );
    assert_eq!(lines("install"), [installed, "nothing was changed"]);
    with_a_column(&bench);
    assert_eq!(
        lines("install --contract newer.toml"),
        [installed, "  added 1 column: note.remark", "  replaced the contract HASH"]
    );
}
