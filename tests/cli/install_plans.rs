//! What a plan says of a store is what an installation then does with it, in stores of every kind.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde_json::Value;

use super::install::{old_store, VERSION_7};
use super::notes::{workbench, CONTRACT};
use super::workbench::Workbench;

/// A store `s.db`, and the flags of the installation.
struct Case {
    name: &'static str,
    prepare: fn(&Workbench),
    flags: &'static str,
    /// The exit status of the plan.
    planned: i32,
}

const WITH: &str = "--contract contract.toml";

const CASES: &[Case] = &[
    Case { name: "a new store", prepare: |_| (), flags: WITH, planned: 1 },
    Case { name: "no contract", prepare: |_| (), flags: "", planned: 2 },
    Case { name: "a folder is missing", prepare: |_| (), flags: "in a folder", planned: 4 },
    Case {
        name: "a reserved name",
        prepare: |bench| {
            drop(bench.write("contract.toml", CONTRACT.replace("\"line\"", "\"app_xml_line\"")))
        },
        flags: WITH,
        planned: 3,
    },
    Case { name: "documents alone", prepare: loaded, flags: WITH, planned: 1 },
    Case { name: "the installed contract", prepare: installed, flags: WITH, planned: 0 },
    Case { name: "installed, and no contract", prepare: installed, flags: "", planned: 2 },
    Case { name: "a contract with a column", prepare: with_a_column, flags: WITH, planned: 1 },
    Case { name: "other types", prepare: with_other_types, flags: WITH, planned: 3 },
    Case { name: "a column for a table of others", prepare: of_others, flags: WITH, planned: 3 },
    Case {
        name: "a column for a table of others that may be altered",
        prepare: of_others,
        flags: "--contract contract.toml --alter-tables",
        planned: 1,
    },
    Case {
        name: "names that are taken",
        prepare: |bench| {
            loaded(bench);
            execute(
                bench,
                "CREATE VIEW note AS SELECT 1 AS a; CREATE INDEX line ON app_xml (xml);",
            );
        },
        flags: WITH,
        planned: 3,
    },
    Case {
        name: "a view of others",
        prepare: |bench| {
            loaded(bench);
            execute(bench, "CREATE VIEW vw_TargetRows AS SELECT 1 AS mine;");
        },
        flags: WITH,
        planned: 3,
    },
    Case {
        name: "a view and an index are gone",
        prepare: |bench| {
            installed(bench);
            execute(bench, "DROP VIEW vw_TargetRows; DROP VIEW vw_TargetCounts;");
        },
        flags: WITH,
        planned: 1,
    },
    Case { name: "an earlier version", prepare: version_7, flags: WITH, planned: 1 },
    Case { name: "an earlier version, no contract", prepare: version_7, flags: "", planned: 1 },
    Case {
        name: "an earlier version with a view of others",
        prepare: |bench| {
            version_7(bench);
            execute(bench, "CREATE VIEW VW_SESSIONS AS SELECT 1 AS mine;");
        },
        flags: "",
        planned: 3,
    },
    Case {
        name: "an earlier version that was never released",
        prepare: |bench| {
            let tables = VERSION_7
                .replace(
                    "    lowest_new INTEGER,\n    highest    INTEGER\n",
                    "    lowest_new INTEGER\n",
                )
                .replace(
                    "(only_row, lowest_new, highest) VALUES (1, NULL, NULL)",
                    "VALUES (1, NULL)",
                );
            old_store(bench, "s.db", 7, &tables);
            execute(bench, "DROP TRIGGER app_xml_deleted; DROP TRIGGER app_xml_changed;");
        },
        flags: WITH,
        planned: 3,
    },
    Case {
        name: "an earlier version that is upgraded by half",
        prepare: |bench| {
            version_7(bench);
            execute(bench, "ALTER TABLE processing_session ADD COLUMN instance_id INTEGER;");
        },
        flags: WITH,
        planned: 3,
    },
    Case {
        name: "an earlier version in which a name is taken",
        prepare: |bench| {
            version_7(bench);
            execute(bench, "CREATE VIEW note AS SELECT 1 AS a;");
        },
        flags: WITH,
        planned: 3,
    },
    Case {
        name: "an earlier version with a contract",
        prepare: |bench| {
            version_7(bench);
            execute(
                bench,
                "CREATE TABLE kept (a INTEGER);
                 INSERT INTO processing_contract (contract_hash, contract_name, installed_at_utc)
                 VALUES (printf('%064d', 1), 'old', 1);
                 INSERT INTO processing_contract_table (contract_hash, table_ordinal, table_name, on_existing)
                 VALUES (printf('%064d', 1), 0, 'kept', 'fail');",
            );
        },
        flags: WITH,
        planned: 1,
    },
    Case {
        name: "a version that is too old",
        prepare: |bench| old_store(bench, "s.db", 6, VERSION_7),
        flags: WITH,
        planned: 4,
    },
    Case {
        name: "a database of another program",
        prepare: |bench| execute(bench, "CREATE TABLE theirs (a);"),
        flags: WITH,
        planned: 4,
    },
    Case {
        name: "an empty file",
        prepare: |bench| drop(bench.write("s.db", "")),
        flags: WITH,
        planned: 4,
    },
];

fn execute(bench: &Workbench, sql: &str) {
    Connection::open(bench.path().join("s.db")).unwrap().execute_batch(sql).unwrap();
}

fn loaded(bench: &Workbench) {
    assert_eq!(bench.run("load docs --store sqlite:s.db").status, 0);
}

fn installed(bench: &Workbench) {
    loaded(bench);
    assert_eq!(bench.run("install --store sqlite:s.db --contract contract.toml").status, 0);
}

fn newer() -> String {
    let column = "remark = { type = \"nvarchar(50)\", value = \"@remark\" }\n";
    CONTRACT.replace(
        "\n\n[[tables]]\nname = \"line\"",
        &format!("\n{column}\n[[tables]]\nname = \"line\""),
    )
}

fn with_a_column(bench: &Workbench) {
    installed(bench);
    bench.write("contract.toml", newer());
}

fn with_other_types(bench: &Workbench) {
    installed(bench);
    bench.write("contract.toml", CONTRACT.replace("nvarchar(20)", "int"));
}

fn of_others(bench: &Workbench) {
    with_a_column(bench);
    let sql: String = Connection::open(bench.path().join("s.db"))
        .unwrap()
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'note'", [], |row| row.get(0))
        .unwrap();
    let theirs = sql.replace("( -- created by xmlshred", "(");
    execute(bench, &format!("DROP TABLE line; DROP TABLE note; {theirs};"));
}

fn version_7(bench: &Workbench) {
    old_store(bench, "s.db", 7, VERSION_7);
}

/// Everything that a store declares, by kind and name, with its version and its contracts.
fn declared(bench: &Workbench) -> BTreeMap<String, String> {
    let path = bench.path().join("s.db");
    if std::fs::read(&path).unwrap_or_default().len() < 100 {
        return BTreeMap::new();
    }
    let store = Connection::open(path).unwrap();
    let version: u32 = store.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let mut all = BTreeMap::from([("version".to_owned(), version.to_string())]);
    let mut read = |sql: &str| {
        let Ok(mut statement) = store.prepare(sql) else { return };
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        all.extend(rows.map(Result::unwrap));
    };
    read("SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
    read("SELECT 'registered ' || contract_hash, coalesce('' || retired_at_utc, 'now') FROM processing_contract");
    all
}

/// The objects that two states of a store do not have in common.
fn changed(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    let differs = |name: &&String| before.get(*name) != after.get(*name);
    before.keys().chain(after.keys()).filter(differs).cloned().collect()
}

/// What has a name of others is refused, and nothing else is said of it.
fn assert_taken_once(name: &str, steps: &[Value]) {
    let name_of =
        |step: &Value| step["object"].as_str().unwrap().split(' ').nth(1).map(str::to_owned);
    let is_taken = |step: &&Value| step["refusals"].to_string().contains("and needs its name");
    for taken in steps.iter().filter(is_taken) {
        let same = steps.iter().filter(|step| name_of(step) == name_of(taken)).count();
        assert_eq!(same, 1, "{name}: {taken} in {steps:?}");
    }
}

#[test]
fn what_a_plan_says_is_what_install_does() {
    for Case { name, prepare, flags, planned } in CASES {
        let bench = workbench();
        prepare(&bench);
        let flags = match *flags {
            "in a folder" => "--store sqlite:nowhere/s.db --contract contract.toml".to_owned(),
            flags => format!("--store sqlite:s.db {flags}"),
        };
        let (before, files) = (declared(&bench), bench.files());
        let plan = bench.run(&format!("install --plan --json {flags}"));
        assert_eq!(plan.status, *planned, "{name}: {plan:?}");
        assert_eq!((declared(&bench), bench.files()), (before.clone(), files), "{name}");
        let done = bench.run(&format!("install {flags}"));
        let after = declared(&bench);
        if !matches!(planned, 0 | 1 | 3) {
            assert_eq!((done.status, &done.stderr), (plan.status, &plan.stderr), "{name}");
            assert_eq!(after, before, "{name}");
            continue;
        }
        let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
        let steps = plan["steps"].as_array().unwrap();
        assert_taken_once(name, steps);
        match planned {
            0 => {
                assert!(done.stdout.ends_with("\nnothing was changed\n"), "{name}: {done:?}");
                assert_eq!(after, before, "{name}");
            }
            1 => {
                assert_eq!(done.status, 0, "{name}: {done:?}");
                assert_named(name, steps, &changed(&before, &after));
                let again = bench.run(&format!("install --plan {flags}"));
                // An upgrade alone leaves nothing to do without a contract.
                let expected = if flags.contains("--contract") { 0 } else { 2 };
                assert_eq!(again.status, expected, "{name}: {again:?}");
            }
            _ => {
                assert!(matches!(done.status, 2 | 3), "{name}: {done:?}");
                assert_eq!(after, before, "{name}: something was changed");
                assert_same_words(name, steps, &done.stderr);
            }
        }
    }
}

/// Each object that an installation changed is a step of the plan, and each step on an object is a change.
fn assert_named(name: &str, steps: &[Value], changed: &BTreeSet<String>) {
    let planned: BTreeSet<String> =
        steps.iter().map(|step| step["object"].as_str().unwrap().to_owned()).collect();
    let is_upgrade = planned.contains("the store's own tables");
    let is_store = planned.iter().any(|object| object.starts_with("store "));
    let registered = changed.iter().any(|object| object.starts_with("registered "));
    assert_eq!(registered, planned.contains("contract notes"), "{name}: {changed:?}");
    for object in changed.iter().filter(|object| !object.starts_with("registered ")) {
        let is_own = is_upgrade || is_store;
        assert!(planned.contains(object) || is_own, "{name}: {object} is not in {planned:?}");
    }
    let is_object = |object: &&String| {
        ["table ", "index ", "view "].iter().any(|kind| object.starts_with(kind))
    };
    for object in planned.iter().filter(is_object) {
        assert!(changed.contains(object), "{name}: {object} did not change: {changed:?}");
    }
}

/// What an installation is refused for is a refusal of its plan, in the same words.
fn assert_same_words(name: &str, steps: &[Value], said: &str) {
    let refusals = steps.iter().flat_map(|step| {
        let object = step["object"].as_str().unwrap();
        step["refusals"].as_array().unwrap().iter().map(move |refused| (object, refused))
    });
    let mut found = 0;
    for (object, refused) in refusals {
        let text = |of: &str| refused[of].as_str().unwrap().to_owned();
        let names = said.contains(&format!("\n  {object}\n"));
        if names || said.contains(&text("reason")) {
            found += usize::from(said.contains(&format!("\nhint: {}\n", text("next_step"))));
        }
    }
    assert!(found > 0, "{name}: none of {steps:?} is in {said}");
}
