//! What is logged, where to, and when not.

use std::path::PathBuf;

use serde_json::Value;

use super::notes::{finished, queued};
use super::workbench::{Said, Workbench};

/// The files in the log folder.
fn logs(bench: &Workbench) -> Vec<PathBuf> {
    match std::fs::read_dir(bench.path().join("logs")) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    }
}

/// What the only log file says.
fn logged(bench: &Workbench) -> String {
    let logs = logs(bench);
    let [log] = logs.as_slice() else { panic!("{logs:?}") };
    std::fs::read_to_string(log).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// Runs that cannot begin, each with its exit status and category.
const FUTILE: [(&str, i32, &str); 3] = [
    ("run --store sqlite:nowhere.db", 4, "store"),
    ("run --contract broken.toml", 3, "contract"),
    ("run --contract other.toml", 3, "contract"),
];

fn futile() -> Workbench {
    let bench = finished();
    bench.write("broken.toml", "[contract]\n");
    let contract = std::fs::read_to_string(bench.path().join("contract.toml")).unwrap();
    bench.write("other.toml", contract.replace("'notes'", "'other'").replace("(20)", "(21)"));
    bench
}

#[test]
fn what_stopped_a_run_is_in_its_log_file_and_once_on_stderr() {
    for (call, status, category) in FUTILE {
        let bench = futile();
        let said = bench.run(&format!("{call} --log-dir logs"));
        assert_eq!(said.status, status, "{said:?}");
        let log = logged(&bench);
        assert!(
            log.contains("ERROR") && log.contains(&format!("category=\"{category}\"")),
            "{log}"
        );
        let errors: Vec<_> = said.stderr.lines().filter(|l| l.starts_with("error: ")).collect();
        let [error] = errors.as_slice() else { panic!("{said:?}") };
        let reason = error.trim_start_matches("error: ");
        assert!(log.contains(reason), "{reason} is not in {log}");
        assert_eq!(said.stderr.matches(reason).count(), 1, "{said:?}");
    }
}

#[test]
fn lines_for_programs_say_what_stopped_a_run_too() {
    for level in ["info", "off"] {
        for (call, status, category) in
            FUTILE.into_iter().filter(|(call, ..)| !call.contains("broken"))
        {
            let bench = futile();
            let said =
                bench.run(&format!("{call} --log-dir logs --log-format json --log-level {level}"));
            assert_eq!(said.status, status, "{said:?}");
            for text in [&said.stderr, &logged(&bench)] {
                let lines = lines(text);
                let last = lines.last().unwrap();
                assert_eq!(last["level"], "ERROR", "{last}");
                assert_eq!(
                    (&last["exit_status"], &last["category"]),
                    (&status.into(), &category.into())
                );
                assert!(last["message"].is_string() && last["hint"].is_string(), "{last}");
            }
        }
    }
}

#[test]
fn a_command_with_nothing_to_log_leaves_no_file() {
    let bench = finished();
    for call in ["status", "settings", "contract check contract.toml", "map docs/note-1.xml"] {
        let said = bench.run(&format!("{call} --log-dir logs"));
        assert_eq!(said.status, 0, "{said:?}");
    }
    assert_eq!(logs(&bench), Vec::<PathBuf>::new());
    assert_eq!(bench.run("run --log-dir logs --log-level error").status, 0);
    assert_eq!(logs(&bench), Vec::<PathBuf>::new());
    assert_eq!(bench.run("run --log-dir logs").status, 0);
    assert!(logged(&bench).contains("run starts"));
}

#[test]
fn a_run_that_could_not_be_logged_does_not_begin() {
    let bench = queued();
    bench.write("logs", "no folder");
    let said = bench.run("run --log-dir logs");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("cannot write the log file"), "{said:?}");
    assert!(bench.run("status").stdout.contains("ready             5\n"));
    let said = bench.run("status --log-dir logs");
    assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{said:?}");
}

#[test]
fn a_line_that_cannot_be_logged_is_told_of_once_and_stops_nothing() {
    let bench = queued();
    bench.write("logs", "no folder");
    let mut command = bench.command("status --log-dir logs");
    let said = Said::of(command.env("XMLSHRED_WORKER", "4").env("XMLSHRED_LEASES", "2m"));
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.stderr.matches("cannot write the log file").count(), 1, "{said:?}");
}

/// A log line quotes names and values of others, and is read on a terminal.
#[test]
fn a_log_line_does_not_command_the_terminal() {
    for format in ["text", "json"] {
        let bench = finished();
        // A path with a control character is refused before anything is logged.
        let store = "--store=sqlite:a\u{202e}\u{2066}b.db";
        let mut run = bench.command(&format!("run --log-dir logs --log-format {format}"));
        let said = Said::of(run.arg(store));
        assert_eq!(said.status, 4, "{said:?}");
        for text in [said.stderr.clone(), logged(&bench)] {
            assert!(text.contains("b.db"), "{text:?}");
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{2066}']), "{text:?}");
        }
    }
}

/// A scheduled worker would fill the folder otherwise. What is not a log file, or young, or a folder,
/// stays.
#[test]
fn old_log_files_are_deleted_and_nothing_else() {
    let bench = finished();
    let session = "2c24fd55-6b3e-4b54-9a8b-5a1d1e6a1d11";
    let old = format!("logs/xmlshred_20200101T020304Z_{session}.log");
    let young = format!("logs/xmlshred_20200101T020305Z_{session}.log");
    let others = ["logs/xmlshred.log", "logs/xmlshred_2020_mine.log", "logs/other.txt"];
    for name in [&old, &young].into_iter().map(String::as_str).chain(others) {
        bench.write(name, "x");
    }
    let folder = bench.path().join(format!("logs/xmlshred_20200101T020306Z_{session}.log"));
    std::fs::create_dir(&folder).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 86_400);
    for name in [old.as_str()].into_iter().chain(others) {
        let file = std::fs::File::options().write(true).open(bench.path().join(name)).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    let there = |name: &str| bench.path().join(name).exists();
    assert_eq!(bench.run("run --log-dir logs --log-days 9").status, 0);
    assert!(there(&old));
    assert_eq!(bench.run("run --log-dir logs --log-days 7").status, 0);
    assert!(!there(&old));
    assert!(there(&young) && folder.exists() && others.into_iter().all(there));
}
