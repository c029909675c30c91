//! From files to rows: load, enqueue, run, status, retry, requeue, reap.

use insta::{assert_snapshot, with_settings};

use super::notes::{finished, queued, workbench, CONTRACT};
use super::workbench::Said;

/// A snapshot without what differs from run to run.
macro_rules! assert_steady {
    ($text:expr) => {
        with_settings!({ filters => vec![
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
            (r"\b[0-9a-f]{64}\b", "[hash]"),
            (r"(\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(\.\d+)?Z?", "[time]"),
            (r"\d[\d,]*(\.\d+)? ?(ms|µs|s|MB|MiB|kB|KiB)\b(/s)?", "[quantity]"),
            (r"\d[\d,]*(\.\d+)?(/s| applications/s| per second)", "[rate]"),
            (r"\S+:\d{3,}\b", "[worker]"),
        ] }, { assert_snapshot!($text) });
    };
}

#[test]
fn files_are_loaded_in_the_order_of_their_names() {
    let bench = workbench();
    assert_snapshot!(bench.run("load docs --store sqlite:work.db").transcript());
}

#[test]
fn loading_goes_on_from_the_highest_id() {
    let bench = workbench();
    bench.run("load docs --store sqlite:work.db");
    let said = bench.run("load docs/note-1.xml --again --store sqlite:work.db");
    assert!(said.stdout.contains("as application 6\n"), "{said:?}");
}

#[test]
fn ids_can_come_from_the_digits_in_the_names() {
    let bench = workbench();
    bench.write("docs/2026-note-000077.xml", "<note title='x'/>");
    let said = bench.run("load docs --app-id-from digits --store sqlite:work.db");
    assert!(said.stdout.contains("with ids from 1 to 77\n"), "{said:?}");
}

#[test]
fn a_document_is_replaced_only_when_asked_to() {
    let bench = workbench();
    let load = "load docs --app-id-from digits --store sqlite:work.db";
    assert_eq!(bench.run(load).status, 0);
    bench.write("docs/note-6.xml", "<note title='six'/>");
    bench.write("docs/note-5.xml", "<note title='other'/>");
    assert_snapshot!(bench.run(load).transcript());
    assert!(bench.run("status --store sqlite:work.db").stdout.contains("source documents  5\n"));
    assert_eq!(bench.run(&format!("{load} --replace")).status, 0);
}

#[test]
fn a_run_ends_with_what_it_did() {
    let said = queued().run("run --workers 1 --worker-name clerk --log-level warn");
    assert_eq!(said.status, 1);
    assert_steady!(said.stdout);
}

#[test]
fn a_run_says_it_in_json_too() {
    let said = queued().run("run --format json --log-level off");
    let summary: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&summary["success"], &summary["failed"]), (&4.into(), &1.into()), "{said:?}");
    assert_eq!(summary["exit_status"], said.status);
}

#[test]
fn a_run_with_nothing_queued_says_what_was_not() {
    let bench = workbench();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    assert_eq!(bench.run("load docs").status, 0);
    let said = bench.run("run");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.contains("\n5 not enqueued  `xmlshred enqueue` adds them to the queue\n"),
        "{said:?}"
    );
    let left = summary(&bench.run("run --format json"))["left"].clone();
    assert_eq!(left["not_enqueued"], 5);
    bench.run("enqueue");
    let left = summary(&bench.run("run --format json"))["left"].clone();
    assert_eq!((&left["not_enqueued"], &left["claimed_elsewhere"]), (&0.into(), &0.into()));
}

/// A claim of all five by a worker that will not come back, its lease over when `expired`.
fn held_by_another(expired: bool) -> super::workbench::Workbench {
    let bench = queued();
    // The first run installs the contract; nothing is taken because claiming is paused.
    bench.run("pause --reason test");
    let said = bench.run("run");
    assert!(
        said.stdout.contains("claiming is paused  `xmlshred resume` ends the pause"),
        "{said:?}"
    );
    bench.run("resume");
    let expires = if expired { 0 } else { i64::MAX };
    let work = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    work.execute_batch(&format!(
        "INSERT INTO processing_claim
             (claim_token, session_id, claimed_at_utc, lease_expires_at_utc, lease_ms, app_count, renewals)
         SELECT '00000000-0000-4000-8000-000000000000', session_id, 0, {expires}, 1000, 5, 0 FROM processing_session LIMIT 1;
         UPDATE processing_queue
         SET state = 1, claim_token = '00000000-0000-4000-8000-000000000000', attempts = 1;"
    ))
    .unwrap();
    bench
}

#[test]
fn a_run_says_what_others_hold() {
    let bench = held_by_another(false);
    let said = bench.run("run");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(
        said.stdout.contains("\n5 claimed elsewhere  `xmlshred reap` returns the claims"),
        "{said:?}"
    );
    assert_eq!(summary(&bench.run("run --format json"))["left"]["claimed_elsewhere"], 5);
    let line = bench.run("run --agent-job 0x6F8D3CF3BD53F64F8A0A92319835E01B --agent-step 1");
    assert!(line.stdout.lines().next().unwrap().ends_with("; 5 claimed elsewhere"), "{line:?}");
}

#[test]
fn quarantining_counts_as_failing() {
    for (flags, status) in [("", 1), ("--fail-on never", 0), ("--fail-on 50%", 0)] {
        let bench = held_by_another(true);
        let work = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
        // All but one were completed before its worker died.
        work.execute_batch(
            "UPDATE processing_queue SET lone_reaps = 2 WHERE app_id = 1;
             UPDATE processing_queue SET state = 0, claim_token = NULL WHERE app_id IN (2, 4);
             DELETE FROM processing_queue WHERE app_id IN (3, 5)",
        )
        .unwrap();
        let said = bench.run(&format!("run --format json {flags}"));
        let summary = summary(&said);
        assert_eq!(
            (&summary["quarantined"], &summary["failed"]),
            (&1.into(), &0.into()),
            "{said:?}"
        );
        assert_eq!(said.status, status, "{flags}: {said:?}");
    }
}

fn summary(said: &Said) -> serde_json::Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|e| panic!("{e}: {said:?}"))
}

#[test]
fn every_limit_has_its_flag_on_run_and_map() {
    let bench = workbench();
    bench.write("deep.xml", "<note title='x'><a><b><c/></b></a></note>");
    bench.write("wide.xml", "<note title='x' price='1' other='2'/>");
    bench.write("long.xml", "<note title='twelve bytes'/>");
    bench.write("many.xml", "<note title='x'><line>a</line><line>b</line></note>");
    for (file, limit, sound, exceeded) in [
        ("deep.xml", "depth", 4, 3),
        ("wide.xml", "attributes", 3, 2),
        ("long.xml", "text-bytes", 12, 11),
        ("many.xml", "rows", 3, 2),
    ] {
        let store = format!("--store sqlite:{limit}.db --contract contract.toml --format json");
        assert_eq!(bench.run(&format!("load {file} --store sqlite:{limit}.db")).status, 0);
        assert_eq!(bench.run(&format!("enqueue --store sqlite:{limit}.db")).status, 0);
        let run = bench.run(&format!("run {store} --max-{limit} {exceeded}"));
        let categories = &summary(&run)["failed_by_category"];
        assert_eq!(categories["limit_exceeded"], 1, "{limit}: {run:?}");
        bench.run(&format!("retry --all --store sqlite:{limit}.db"));
        let run = bench.run(&format!("run {store} --max-{limit} {sound}"));
        assert_eq!((&summary(&run)["success"], run.status), (&1.into(), 0), "{limit}: {run:?}");

        let map = |n| bench.run(&format!("map {file} --contract contract.toml --max-{limit} {n}"));
        let said = map(exceeded);
        assert_eq!(said.status, 1, "{limit}: {said:?}");
        assert!(said.stdout.contains("\"category\":\"limit_exceeded\""), "{limit}: {said:?}");
        assert_eq!(map(sound).status, 0, "{limit}");
    }
}

#[test]
fn a_run_that_may_fail_exits_0() {
    assert_eq!(queued().run("run --fail-on never").status, 0);
    assert_eq!(queued().run("run --fail-on 20%").status, 0);
    assert_eq!(queued().run("run --fail-on 19.9").status, 1);
}

#[test]
fn a_document_over_a_limit_fails_alone() {
    let said = queued().run("run --max-document-bytes 52B --format json --log-level off");
    let summary: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(summary["failed_by_category"]["limit_exceeded"], 1, "{said:?}");
    assert_eq!(summary["success"], 3, "{said:?}");
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let bench = finished();
    let said = bench.run("run --format json --log-level off");
    let summary: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.status, &summary["claimed"]), (0, &0.into()), "{said:?}");
}

#[test]
fn a_limit_stops_a_run_and_the_next_one_goes_on() {
    let bench = queued();
    for expected in [2, 2, 1, 0] {
        let said = bench.run("run --limit 2 --format json --log-level off");
        let summary: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(summary["claimed"], expected, "{said:?}");
    }
}

#[test]
fn partitions_and_ranges_take_their_share() {
    let bench = queued();
    let claimed = |flags: &str| {
        let said = bench.run(&format!("run --format json --log-level off {flags}"));
        serde_json::from_str::<serde_json::Value>(&said.stdout).unwrap()["claimed"].clone()
    };
    assert_eq!(claimed("--instance-id 0 --instance-count 2"), 2);
    assert_eq!(claimed("--app-id-start 4 --app-id-end 5"), 1);
    assert_eq!(claimed(""), 2);
}

#[test]
fn status_shows_where_everything_is() {
    assert_steady!(finished().run("status").transcript());
}

#[test]
fn status_of_an_empty_queue_is_no_error() {
    let bench = workbench();
    bench.run("load docs --store sqlite:work.db");
    assert_steady!(bench.run("status --store sqlite:work.db").transcript());
}

#[test]
fn status_in_json_counts_the_same() {
    let said = finished().run("status --format json");
    let status: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&status["success"], &status["failed"]), (&4.into(), &1.into()), "{said:?}");
}

#[test]
fn a_retry_can_be_looked_at_first() {
    let bench = finished();
    let status = || {
        let said = bench.run("status --format json").stdout;
        let mut status: serde_json::Value = serde_json::from_str(&said).unwrap();
        // It becomes less while time goes by.
        status.as_object_mut().unwrap().remove("apps_per_second");
        status
    };
    let before = status();
    assert_snapshot!(bench.run("retry --all --dry-run").transcript());
    assert_eq!(status(), before);
}

#[test]
fn a_retried_application_runs_again_once_its_cause_is_mended() {
    let bench = finished();
    bench.write("docs/note-3.xml", "<note title='three'><line>d</line></note>");
    bench.run("load docs/note-3.xml --app-id-from digits --replace");
    let said = bench.run("retry --category missing_required --canary 10");
    assert_eq!(said.stdout, "1 application retried\n");
    assert_eq!(bench.run("run").status, 0);
}

#[test]
fn a_named_application_that_is_not_queued_again_is_told_of() {
    let bench = finished();
    let said = bench.run("retry --app-id 1 3 -5");
    assert_eq!(said.stdout, "1 application retried\n", "{said:?}");
    for id in ["1", "-5"] {
        let note = format!("application {id} is not changed; `xmlshred explain {id}` shows why\n");
        assert!(said.stderr.contains(&note), "{said:?}");
        assert!(!bench.run(&format!("explain {id}")).stderr.contains("unexpected"), "{said:?}");
    }
    assert!(!said.stderr.contains("application 3 "), "{said:?}");
}

#[test]
fn what_to_retry_must_be_said() {
    assert_snapshot!(finished().run("retry --dry-run").transcript());
}

#[test]
fn finished_work_is_done_again_only_where_rows_are_replaced() {
    let said = finished().run("requeue --app-id 1");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("replace"), "{said:?}");
}

#[test]
fn finished_work_can_be_done_again_under_a_newer_contract() {
    let bench = finished();
    let replacing =
        CONTRACT.replace("\n[tables.columns]", "\non_existing = \"replace\"\n[tables.columns]");
    bench.write("contract.toml", replacing);
    assert_eq!(bench.run("install").status, 0);
    assert_snapshot!(bench.run("requeue --older-contract --dry-run").transcript());
    let said = bench.run("requeue --app-id-start 1 --app-id-end 2");
    assert_eq!(said.stdout, "2 applications requeued\n", "{said:?}");
    assert_eq!(bench.run("run").status, 0);
}

#[test]
fn another_contract_is_refused_until_it_is_installed() {
    let bench = finished();
    bench.write("contract.toml", CONTRACT.replace("nvarchar(50)", "nvarchar(60)"));
    for command in ["run", "enqueue"] {
        let said = bench.run(command);
        assert_eq!(said.status, 3, "{said:?}");
        assert!(said.stderr.contains("xmlshred install"), "{said:?}");
    }
}

#[test]
fn line_endings_do_not_make_another_contract() {
    let bench = finished();
    bench.write("contract.toml", CONTRACT.replace('\n', "\r\n"));
    assert_eq!(bench.run("run").status, 0);
}

#[test]
fn reaping_is_safe_at_any_time() {
    let said = finished().run("reap");
    assert_eq!(
        said.transcript(),
        "exit status 0\n----- stdout -----\n\
        0 expired claims reaped: 0 applications ready again, 0 quarantined\n"
    );
}

#[test]
fn a_run_can_leave_a_log_file() {
    let bench = queued();
    let said = bench.run("run --log-dir logs --log-format json --format json");
    let summary: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let logs: Vec<_> = std::fs::read_dir(bench.path().join("logs")).unwrap().collect();
    let [log] = logs.as_slice() else { panic!("{logs:?}") };
    let log = log.as_ref().unwrap();
    let name = log.file_name().into_string().unwrap();
    let session = summary["session"].as_str().unwrap();
    assert!(
        name.starts_with("xmlshred_20") && name.ends_with(&format!("Z_{session}.log")),
        "{name}"
    );
    let text = std::fs::read_to_string(log.path()).unwrap();
    assert!(text.lines().count() > 0);
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[test]
fn a_log_that_is_no_terminal_has_no_colours() {
    let said = Said::of(&mut queued().command("run --log-level trace"));
    assert!(!said.stderr.contains('\u{1b}'), "{said:?}");
}

/// Makes the embedded store's `note` table narrower than the contract's.
fn drifted() -> super::workbench::Workbench {
    let bench = finished();
    let work = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    work.execute_batch(
        "ALTER TABLE note DROP COLUMN price; ALTER TABLE line ADD COLUMN extra TEXT",
    )
    .unwrap();
    bench
}

#[test]
fn a_contract_is_compared_with_the_tables_that_are_there() {
    let bench = finished();
    let said = bench.run("contract check contract.toml --against-database");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.ends_with("\nthe tables of the database fit the contract\n"), "{said:?}");
    let said = drifted().run("contract check contract.toml --against-database");
    assert_eq!(said.status, 3, "{said:?}");
    let (_, found) = said.stdout.split_once("\n\n").unwrap();
    assert_eq!(
        found,
        "difference in the database that may refuse or change rows:\n\
         \x20 note: column price does not exist\n\
         \n\
         difference in the database that is harmless:\n\
         \x20 line: column extra is not in the contract\n"
    );
}

#[test]
fn a_run_refuses_to_start_on_drift_unless_told_to() {
    let bench = drifted();
    let said = bench.run("run");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains("note: column price does not exist"), "{said:?}");
    assert!(said.stderr.contains("nothing was claimed"), "{said:?}");
    let said = bench.run("run --allow-drift");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stderr.contains("WARN") && said.stderr.contains("column price"), "{said:?}");
}
