//! The page says which exit statuses each command has: each is provoked, and no other comes.

use std::collections::BTreeMap;

use crate::cli::{finished_notes, Said, Workbench};

use super::tables::{page, rows};

/// Calls of each command that open a store and read a contract, where the command ever does; `STORE` and
/// `CONTRACT` are the flags that name them.
const CALLS: &[(&str, &str)] = &[
    ("demo", "demo --apps 1 --dir work.db"),
    ("load", "load docs STORE CONTRACT"),
    ("load", "load docs --app-id-from key STORE CONTRACT"),
    ("unload", "unload 1 STORE CONTRACT"),
    ("install", "install STORE CONTRACT"),
    ("uninstall", "uninstall --all STORE CONTRACT"),
    ("enqueue", "enqueue STORE CONTRACT"),
    ("run", "run STORE CONTRACT"),
    ("status", "status STORE CONTRACT"),
    ("failures", "failures STORE CONTRACT"),
    ("report", "report --out report.html STORE CONTRACT"),
    ("explain", "explain 1 STORE CONTRACT"),
    ("reap", "reap STORE CONTRACT"),
    ("retry", "retry --all STORE CONTRACT"),
    ("requeue", "requeue --app-id 1 STORE CONTRACT"),
    ("delete-stale-rows", "delete-stale-rows STORE CONTRACT"),
    ("erase", "erase 1 STORE CONTRACT"),
    ("backfill", "backfill --table line --all STORE CONTRACT"),
    ("verify", "verify --all STORE CONTRACT"),
    ("export-failed", "export-failed out STORE CONTRACT"),
    ("unprocessed", "unprocessed STORE CONTRACT"),
    ("purge", "purge STORE CONTRACT"),
    ("pause", "pause --reason x STORE CONTRACT"),
    ("resume", "resume STORE CONTRACT"),
    ("backup", "backup copy.db STORE CONTRACT"),
    ("doctor", "doctor STORE CONTRACT"),
    ("agent-jobs", "agent-jobs STORE CONTRACT"),
    ("service", "service install STORE CONTRACT"),
    ("map", "map --app-id 1 STORE CONTRACT"),
    ("contract init", "contract init --from-store 5 --update FILE STORE"),
    ("contract check", "contract check --against-database STORE CONTRACT"),
    ("contract coverage", "contract coverage --sample docs STORE CONTRACT"),
    ("contract docs", "contract docs STORE CONTRACT"),
    ("contract diff", "contract diff FILE FILE --sample docs STORE"),
    ("contract import", "contract import FILE STORE"),
    ("contract sql", "contract sql FILE STORE"),
    ("settings", "settings STORE CONTRACT"),
    ("man", "man STORE CONTRACT"),
    ("completions", "completions bash STORE CONTRACT"),
];

/// Calls that end with status 1, in a folder in which one application of five has failed.
const ONES: &[(&str, &str)] = &[
    ("install", "install --plan --store sqlite:new.db"),
    ("unload", "unload 1"),
    ("run", "run"),
    ("backfill", "backfill --table line --app-id 3"),
    ("delete-stale-rows", "delete-stale-rows --app-id 1 --execute"),
    ("erase", "erase 1 --execute"),
    ("map", "map docs"),
    ("verify", "verify --all"),
    ("contract check", "contract check --sample docs"),
    ("contract coverage", "contract coverage --sample docs --fail-under 100"),
    ("contract docs", "contract docs --sample docs"),
];

/// The row of each command: whether it has the statuses 1, 3, 4 and 130.
fn documented() -> BTreeMap<String, [bool; 4]> {
    let page = page("docs/errors.md");
    let row = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let name = cells[1].replace('`', "");
        (name, [2, 3, 4, 5].map(|column| !cells[column].is_empty()))
    };
    rows(&page, "Exit statuses of each command").map(row).collect()
}

/// The commands of the program.
fn commands() -> Vec<String> {
    let bench = Workbench::new();
    let of = |call: &str| -> Vec<String> {
        let said = bench.run(&format!("{call} --help"));
        let (_, list) = said.stdout.split_once("Commands:\n").unwrap();
        let list = list.split("\n\n").next().unwrap().lines();
        let names = list.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let mut names = of("");
    names.extend(of("contract").into_iter().map(|name| format!("contract {name}")));
    names.retain(|name| name != "contract" && !name.ends_with("help"));
    names
}

#[test]
fn the_page_has_every_command_and_nothing_else() {
    let mut expected = commands();
    expected.sort();
    assert_eq!(documented().into_keys().collect::<Vec<_>>(), expected);
    let mut called: Vec<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    called.sort_unstable();
    called.dedup();
    assert_eq!(called, expected);
}

#[test]
fn each_command_has_the_exit_statuses_of_the_page() {
    let mut provoked: BTreeMap<&str, [bool; 2]> = BTreeMap::new();
    for (name, call) in CALLS {
        let bench = finished_notes();
        bench.write("wrong.toml", "[contract\n");
        bench.write("other.txt", "no store and no contract");
        std::fs::remove_file(bench.path().join("xmlshred.toml")).unwrap();
        let status = |store: &str, contract: &str| {
            let call = call.replace("STORE", store).replace("FILE", contract);
            let call = call.replace("CONTRACT", &format!("--contract {contract}"));
            Said::of(bench.command(&call).env("XMLSHRED_PASSWORD", "x")).status
        };
        let server = "--server 127.0.0.1,1 --database d --user u --connect-timeout 1s";
        let unreachable = ["--store sqlite:other.txt", server];
        let [has_3, has_4] = provoked.entry(name).or_default();
        *has_3 |= status("--store sqlite:work.db", "wrong.toml") == 3;
        *has_4 |= unreachable.iter().any(|store| status(store, "contract.toml") == 4);
    }
    let provoked = provoked.into_iter().map(|(name, has)| (name.to_owned(), has));
    let documented =
        documented().into_iter().map(|(name, [_, has_3, has_4, _])| (name, [has_3, has_4]));
    assert_eq!(provoked.collect::<Vec<_>>(), documented.collect::<Vec<_>>());
}

#[test]
fn status_1_comes_from_the_commands_of_the_page() {
    let says: Vec<String> =
        documented().into_iter().filter(|(_, says)| says[0]).map(|(name, _)| name).collect();
    let mut names: Vec<&str> = ONES.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, says);
    for (name, call) in ONES {
        let bench = match *name {
            "run" | "erase" => crate::cli::queued_notes(),
            "delete-stale-rows" => crate::cli::stale_notes(),
            _ => finished_notes(),
        };
        let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
        match *name {
            "erase" => {
                let claim = "INSERT INTO processing_claim VALUES ('t', 's', 0, 0, 1, 1, 0);
                             UPDATE processing_queue SET state = 1, claim_token = 't';";
                store.execute_batch(claim).unwrap();
            }
            "delete-stale-rows" => {
                let others = "PRAGMA foreign_keys = ON; CREATE TABLE other
                              (app_id INTEGER REFERENCES note (app_id));
                              INSERT INTO other VALUES (1);";
                store.execute_batch(others).unwrap();
            }
            "verify" => drop(store.execute("UPDATE line SET text = 'other'", []).unwrap()),
            "contract coverage" => {
                drop(bench.write("docs/note-9.xml", "<note title='x' unread='y'/>"))
            }
            _ => {}
        }
        let said = bench.run(call);
        assert_eq!(said.status, 1, "{call}: {said:?}");
    }
}
