//! Pausing, explaining, handing failures on, and looking whether all is well.

use serde_json::Value;

use super::notes::{finished, queued, workbench};
use super::workbench::Workbench;

fn json(bench: &Workbench, command: &str) -> Value {
    let said = bench.run(command);
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn while_claiming_is_paused_a_run_ends_with_nothing_done() {
    let bench = queued();
    let said = bench.command("pause --reason").arg("storage is being moved").output().unwrap();
    let stdout = String::from_utf8(said.stdout).unwrap();
    assert!(stdout.ends_with(": storage is being moved\n"), "{stdout}");
    let said = bench.run("run --format json --log-level warn");
    let summary: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.status, &summary["claimed"]), (0, &0.into()), "{said:?}");
    assert!(said.stderr.contains("claiming is paused"), "{said:?}");
    assert!(bench.run("status").stdout.contains("storage is being moved"));
    let said = bench.run("resume");
    assert!(said.stdout.contains("storage is being moved"), "{said:?}");
    assert_eq!(json(&bench, "run --format json --log-level off")["claimed"], 5);
    assert_eq!(bench.run("resume").stdout, "claiming was not paused\n");
}

#[test]
fn the_status_says_what_all_adds_up_to() {
    let bench = finished();
    let said = bench.run("status");
    let balance = "5 enqueued = 4 success + 1 failed + 0 quarantined + 0 to do; 0 not enqueued";
    assert!(said.stdout.contains(&format!("\n{balance}\n")), "{said:?}");
    assert!(said.stdout.contains(" applications/s in the last 10 minutes; nothing to do\n"));
    let lines = bench.run("status --format csv").stdout;
    assert!(
        lines.starts_with("state,applications\nsource,5\nnot_enqueued,0\nready,0\n"),
        "{lines}"
    );
}

#[test]
fn a_pause_without_a_reason_is_refused() {
    let bench = queued();
    assert_eq!(bench.run("pause").status, 2);
    let said = bench.command("pause --reason").arg(" ").output().unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert_eq!(json(&bench, "status --format json")["paused"], Value::Null);
}

#[test]
fn an_applications_life_is_told_from_the_first_day_to_now() {
    let bench = finished();
    let life = json(&bench, "explain 3 --format json");
    let events: Vec<_> = life.as_array().unwrap().iter().map(|e| e["event"].as_str()).collect();
    assert_eq!(events, ["loaded", "enqueued", "claimed", "failed", "now"].map(Some));
    let failed = life[3]["detail"].as_str().unwrap();
    assert!(failed.starts_with("missing_required: "), "{failed}");
    assert!(failed.contains("column note.title"), "{failed}");
    let said = bench.run("explain 3");
    assert!(said.stdout.contains("xmlshred retry --app-id 3"), "{said:?}");
}

#[test]
fn an_application_that_is_nowhere_is_said_to_be_unknown() {
    let said = finished().run("explain 4711");
    assert_eq!(said.status, 0);
    assert!(said.stdout.contains("unknown: not in the source table"), "{said:?}");
}

#[test]
fn a_failed_document_is_handed_on_with_its_failure() {
    let bench = finished();
    let said = bench.run("export-failed for-the-sender");
    assert_eq!(said.stdout, "1 failed document written to for-the-sender\n", "{said:?}");
    let folder = bench.path().join("for-the-sender");
    let document = std::fs::read(bench.path().join("docs/note-3.xml")).unwrap();
    assert_eq!(std::fs::read(folder.join("3.xml")).unwrap(), document);
    let failure: Value =
        serde_json::from_slice(&std::fs::read(folder.join("3.json")).unwrap()).unwrap();
    assert_eq!(failure["category"], "missing_required");
    assert_eq!((&failure["document"], &failure["column"]), (&"3.xml".into(), &"title".into()));
    assert_eq!(failure["line"], 1);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn what_an_earlier_export_left_is_told_and_deleted_when_asked() {
    let bench = finished();
    let ours = |id: i64, document: &str| {
        format!(r#"{{"app_id": {id}, "document": {document}, "store": "sqlite:work.db"}}"#)
    };
    bench.write("out/1.json", ours(1, r#""1.xml""#));
    bench.write("out/1.xml", "<note/>");
    bench.write("out/2.json", ours(7, r#""2.xml""#));
    bench.write("out/4.json", r#"{"app_id": 4, "document": "4.xml", "store": "sqlite:other.db"}"#);
    bench.write("out/9.xml", "<mine/>");
    let said = bench.run("export-failed out");
    assert!(said.stderr.contains("the folder has 1 failure of an earlier export: add --clean"));
    assert!(bench.path().join("out/1.xml").exists());
    let said = bench.run("export-failed out --clean");
    assert!(said.stderr.contains("1 failure of an earlier export deleted"), "{said:?}");
    let mut left: Vec<_> = std::fs::read_dir(bench.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["2.json", "3.json", "3.xml", "4.json", "9.xml"]);
}

#[test]
fn the_doctor_counts_what_has_failed_and_speaks_json() {
    let bench = finished();
    let said = bench.run("doctor");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("1 application failed, for 1 cause; `xmlshred failures`"));
    let checked = json(&bench, "doctor --format json");
    assert_eq!((&checked["exit_status"], &checked["problems"]), (&0.into(), &0.into()));
    let verdicts: Vec<_> = checked["checks"].as_array().unwrap().iter().collect();
    let of = |subject: &str| verdicts.iter().find(|check| check["subject"] == subject).unwrap();
    assert_eq!(of("applications")["verdict"], "warning");
    assert_eq!(of("contract")["verdict"], "ok");
    bench.write("contract.toml", "[contract]\n");
    let said = bench.run("doctor --format json");
    let checked: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(checked["exit_status"], 3);
}

#[test]
fn what_is_handed_on_can_be_chosen() {
    let bench = finished();
    let failure = json(&bench, "explain 3 --format json")[3]["detail"].as_str().unwrap().to_owned();
    let (_, fingerprint) = failure.split_once("fingerprint ").unwrap();
    let exported = |flags: &str| bench.run(&format!("export-failed out {flags}")).stdout;
    assert!(exported(&format!("--fingerprint {fingerprint}")).starts_with("1 failed"));
    assert_eq!(exported("--fingerprint 0000000000000000"), "");
    assert!(exported("--category missing_required --limit 1").starts_with("1 failed"));
    assert!(exported("--category too_long").starts_with("0 failed"));
}

#[test]
fn handing_on_that_stops_half_way_says_what_stays() {
    let bench = finished();
    std::fs::create_dir_all(bench.path().join("out/3.json")).unwrap();
    let said = bench.run("export-failed out");
    assert_eq!(said.status, 5, "{said:?}");
    assert!(said.stderr.contains("files written before it are kept"), "{said:?}");
    assert!(bench.path().join("out/3.xml").exists());
}

#[test]
fn what_was_handed_on_maps_as_it_did() {
    let bench = finished();
    bench.run("export-failed out");
    let said = bench.run("map out/3.xml --format none");
    assert_eq!(said.status, 1, "{said:?}");
    let shown = format!("{}{}", said.stdout, said.stderr);
    assert!(shown.contains("missing_required"), "{said:?}");
}

#[test]
fn where_all_is_well_the_doctor_says_so() {
    let bench = queued();
    assert_eq!(bench.run("install").status, 0);
    let said = bench.run("doctor");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("no findings"), "{said:?}");
    assert!(!said.stdout.contains("problem"), "{said:?}");
}

/// Rows of another program, one of them half an application, and a table of its own that is broken.
#[test]
fn what_others_write_is_no_matter_of_the_doctor_or_of_verify() {
    let bench = finished();
    let ask = || {
        ["doctor", "verify --all", "contract check contract.toml --against-database"].map(|call| {
            let said = bench.run(call);
            (said.status, said.stdout)
        })
    };
    let alone = ask();
    let store = rusqlite::Connection::open(bench.path().join("work.db")).unwrap();
    store
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO note (app_id, title) VALUES (900, 'of another'), (901, 'of another');
             INSERT INTO line (app_id, number, text) VALUES (900, 1, 'of another');
             CREATE TABLE theirs (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES note (app_id));
             INSERT INTO theirs VALUES (1, 77);",
        )
        .unwrap();
    assert_eq!(ask(), alone);
    assert_eq!(alone.map(|(status, _)| status), [0, 0, 0]);
}

#[test]
fn the_doctor_names_another_contract_as_a_problem() {
    let bench = finished();
    let contract = std::fs::read_to_string(bench.path().join("contract.toml")).unwrap();
    bench.write("contract.toml", contract + "\n# another one\n");
    let said = bench.run("doctor");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stdout.contains("is not the installed contract"), "{said:?}");
}

#[test]
fn the_doctor_goes_on_after_a_problem() {
    let bench = workbench();
    let said = bench.run("doctor --store sqlite:nowhere.db --contract no.toml");
    assert_eq!(said.status, 2, "{said:?}");
    for part in ["no.toml", "nowhere.db", "2 problems"] {
        assert!(format!("{}{}", said.stdout, said.stderr).contains(part), "{said:?}");
    }
}

#[test]
fn the_doctor_tells_of_a_pause() {
    let bench = finished();
    bench.run("pause --reason lunch");
    let said = bench.run("doctor");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.contains("claiming is paused"), "{said:?}");
}

const JOB: &str = "--agent-job 0x6F8D3CF3BD53F64F8A0A92319835E01B --agent-step 1";

#[test]
fn a_step_of_agent_says_in_its_first_line_what_it_did() {
    let said = queued().run(&format!("run {JOB} --fail-on never --log-dir logs"));
    let line = format!("{}{}", said.stdout, said.stderr);
    let first = line.lines().next().unwrap_or_default();
    let told = "done: 5 claimed, 4 success, 1 failed, 0 released, in ";
    assert!(first.starts_with(told), "{said:?}");
    assert!(!said.stderr.contains("INFO"), "{said:?}");
}

#[test]
fn a_job_id_that_is_none_is_refused() {
    for flags in ["--agent-job 4711 --agent-step 1", "--agent-step 1", "--agent-job 0x1"] {
        assert_eq!(queued().run(&format!("run {flags}")).status, 2, "{flags}");
    }
}

#[cfg(feature = "sqlserver")]
#[test]
fn the_jobs_are_printed_as_they_would_be_made() {
    let said = queued().run("agent-jobs --database Credit --workers 4 --operator O'Hara");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("USE [Credit];\nGO\n"), "{said:?}");
    for part in ["N'4'", "N'O''Hara'", "N'sandbox'", "DECLARE @execute nvarchar(2) = N'Y'"] {
        assert!(said.stdout.contains(part), "{part} is missing");
    }
    let remove = queued().run("agent-jobs --database Credit --remove --dry-run").stdout;
    assert!(remove.contains("sp_delete_job") && remove.contains("N'N'"), "{remove}");
    assert!(queued().run("agent-jobs --database Credit --view").stdout.contains("vw_AgentJobs"));
    assert_eq!(queued().run("agent-jobs").status, 2);
}

/// Where others may write to the folder, a link in it could lead to any file of the one who exports.
#[cfg(unix)]
#[test]
fn exported_files_replace_links() {
    let bench = finished();
    let other = bench.write("other", "old");
    std::fs::create_dir(bench.path().join("out")).unwrap();
    std::fs::hard_link(&other, bench.path().join("out/3.json")).unwrap();
    std::os::unix::fs::symlink(bench.path().join("absent"), bench.path().join("out/3.xml"))
        .unwrap();
    assert_eq!(bench.run("export-failed out").status, 0);
    assert_eq!(std::fs::read_to_string(other).unwrap(), "old");
    assert!(!bench.path().join("absent").exists());
    for name in ["out/3.json", "out/3.xml"] {
        assert!(std::fs::symlink_metadata(bench.path().join(name)).unwrap().is_file(), "{name}");
    }
}
