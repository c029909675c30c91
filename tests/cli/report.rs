//! `xmlshred report`: one page about a store, for people and programs.

use std::fs;

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;
use xmlshred::id::{AppId, ContractHash, SessionId};
use xmlshred::outcome::FailureCategory;
use xmlshred::report::{overview_json, overview_page, Overview};
use xmlshred::store::{
    FailureCause, FailureCauses, Incidents, Report, SessionState, SessionSummary, Slice, Status,
};

use super::workbench::{Said, Workbench};

const CONTRACT: &str = r#"
[contract]
name = "orders & <b>more"
target_schema = "main"

[document]
root = "order"

[[tables]]
name = "orders"
each = "/order"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "bigint", value = "APP_ID()" }
amount = { type = "decimal(9,2)", value = "@amount" }
"#;

/// A value and a worker's name that would end the page's elements.
const EVIL: &str = "</script><b onclick='x'>&";

/// Ten orders, of which two fail on an amount with markup, and a purge.
fn worked() -> Workbench {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = \"sqlite:orders.db\"\ncontract = \"orders.toml\"\n");
    bench.write("orders.toml", CONTRACT);
    for number in 1..=10 {
        let amount = match number {
            3 | 7 => EVIL.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;"),
            _ => number.to_string(),
        };
        bench.write(&format!("docs/{number}.xml"), format!("<order amount='{amount}'/>"));
    }
    for command in ["load docs", "install", "enqueue"] {
        assert_eq!(bench.run(command).status, 0, "{command}");
    }
    let mut run = bench.command("run --worker-name");
    assert_eq!(Said::of(run.arg(EVIL)).status, 1);
    assert_eq!(bench.run("purge --older-than 1h").status, 0);
    bench
}

fn json(bench: &Workbench, flags: &str) -> Value {
    let said = bench.run(&format!("report --format json {flags}"));
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

fn page(bench: &Workbench, flags: &str) -> String {
    let said = bench.run(&format!("report --out report.html {flags}"));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stdout.starts_with("report.html: a report of "), "{said:?}");
    fs::read_to_string(bench.path().join("report.html")).unwrap()
}

/// The JSON in a page.
fn inside(page: &str) -> &str {
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"report\">").unwrap();
    rest.split_once("</script>").unwrap().0
}

/// Every element is closed by its own end tag, as a parser of XML sees it.
fn assert_well_formed(page: &str) {
    const EMPTY: [&str; 3] = ["meta", "wbr", "br"];
    let mut reader = quick_xml::Reader::from_str(page);
    reader.config_mut().check_end_names = false;
    let mut open: Vec<String> = Vec::new();
    loop {
        use quick_xml::events::Event;
        match reader.read_event().expect("markup") {
            Event::Start(tag) => {
                let name = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                tag.attributes().for_each(|attribute| drop(attribute.expect("an attribute")));
                if !EMPTY.contains(&name.as_str()) {
                    open.push(name);
                }
            }
            Event::End(tag) => {
                let name = String::from_utf8(tag.name().as_ref().to_vec()).unwrap();
                assert_eq!(open.pop().as_deref(), Some(name.as_str()));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn a_page_has_the_json_of_the_same_report_and_no_markup_of_others() {
    let bench = worked();
    let page = page(&bench, "");
    assert_well_formed(&page);
    let without_time = |mut report: Value| {
        report["taken_at"] = Value::Null;
        report["settings"] = Value::Null;
        report
    };
    let found: Value = serde_json::from_str(inside(&page)).unwrap();
    assert_eq!(without_time(found), without_time(json(&bench, "")));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script").count(), 1);
    assert!(!page.contains("<b onclick") && !page.contains("<b>more"), "{page}");
    let shown = "&lt;/script&gt;&lt;b onclick=&#39;x&#39;&gt;&amp;";
    assert!(page.matches(shown).count() >= 2, "{page}");
    for other in [" style=\"", " src=", "@import", "url(", "http://", "https://"] {
        assert!(!page.contains(other), "{other}");
    }
    assert!(page.contains("script-src 'none'"), "{page}");
}

#[test]
fn a_report_says_what_was_done_what_failed_and_by_whom() {
    let bench = worked();
    let report = json(&bench, "");
    assert_eq!(report["verdict"]["kind"], "failed");
    assert_eq!(report["verdict"]["heading"], "2 applications need a decision");
    assert_eq!(report["states"]["success"], 8);
    assert_eq!(report["states"]["enqueued"], 10);
    assert_eq!(report["failures"]["listed"][0]["values"][0]["value"], EVIL);
    assert_eq!(report["throughput"]["slices"][0]["failed"], 2);
    assert_eq!(report["shred_times"]["attempts"], 10);
    assert_eq!(report["slowest"].as_array().unwrap().len(), 10);
    assert_eq!(report["sessions"][0]["worker"], EVIL);
    assert_eq!(report["sessions"][0]["exit_status"], 1);
    assert_eq!(report["reconciliation"][1]["subject"], "orders");
    assert_eq!(report["reconciliation"][1]["difference"], 0);
    assert_eq!(report["contracts"][0]["name"], "orders & <b>more");
    let page = page(&bench, "--store sqlite:orders.db");
    for part in [
        "10 enqueued = 8 success + 2 failed + 0 quarantined + 0 to do; 0 not enqueued",
        "<code>xmlshred explain --store sqlite:orders.db 7</code>",
        "xmlshred retry --store sqlite:orders.db --fingerprint ",
        "ended with exit status 1",
        "<code>store</code>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn a_report_ends_with_the_verdict_of_what_is_left() {
    let bench = worked();
    let kind = |bench: &Workbench| json(bench, "")["verdict"]["kind"].clone();
    bench.run("retry --all");
    assert_eq!(kind(&bench), "to_do");
    bench.write("docs/3.xml", "<order amount='3'/>");
    bench.write("docs/7.xml", "<order amount='7'/>");
    bench.run("load docs/3.xml docs/7.xml --replace --app-id-from digits");
    bench.run("run");
    let report = json(&bench, "");
    assert_eq!(report["verdict"]["kind"], "done", "{report}");
    assert_eq!(report["verdict"]["heading"], "All 10 applications done");
    let connection = rusqlite::Connection::open(bench.path().join("orders.db")).unwrap();
    connection.execute_batch("DELETE FROM orders WHERE app_id = 5").unwrap();
    let report = json(&bench, "");
    assert_eq!(report["verdict"]["kind"], "wrong");
    assert_eq!(report["verdict"]["heading"], "Something is wrong: 1 row missing in orders");
}

#[test]
fn a_report_of_a_session_or_a_time_has_only_that() {
    let bench = worked();
    bench.run("retry --all");
    bench.run("run --worker-name second");
    let all = json(&bench, "");
    let sessions = all["sessions"].as_array().unwrap();
    assert_eq!((sessions.len(), &sessions[0]["worker"]), (2, &"second".into()));
    let of_first = json(&bench, &format!("--session {}", sessions[1]["session"].as_str().unwrap()));
    assert_eq!(of_first["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(of_first["shred_times"]["attempts"], 10);
    assert_eq!(json(&bench, "--since 1h")["all_sessions"], 2);
    let said = bench.run("report --session 00000000-0000-0000-0000-000000000000");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("there is no session 00000000-"), "{said:?}");
    assert_eq!(bench.run("report --since 1h --session x").status, 2);
}

/// What a store with ten million applications reports, every list as long as it gets.
fn large() -> Overview {
    let at = |second: i64| DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap();
    let sessions: Vec<SessionId> = (0..25).map(|n| SessionId(Uuid::from_u128(n))).collect();
    let long = "<&é\"".repeat(50);
    let cause = |n: i64| FailureCause {
        fingerprint: Some(format!("{n:016x}")),
        applications: 12_345,
        category: FailureCategory::BadValue,
        table: Some("t".repeat(128)),
        column: Some("c".repeat(128)),
        path_shape: Some("/element".repeat(125)),
        error_number: Some(2627),
        first_at: at(0),
        last_at: at(1),
        example: AppId(n),
        reason: long.repeat(3),
        values: vec![(long.clone(), 3); 5],
    };
    let session = |session: &SessionId| SessionSummary {
        session: *session,
        worker_name: "w".repeat(128),
        host_name: "h".repeat(128),
        state: SessionState::Working,
        started_at: at(0),
        last_seen_at: at(400_000),
        ended_at: None,
        exit_status: None,
        claimed: 400_000,
        success: 399_000,
        failed: 1_000,
        released: 5,
        reaped: 5,
        refused: 5,
        holds: 5,
        program_version: "1.2.3".into(),
        contract_hash: ContractHash([255; 32]),
    };
    let incidents = |number: i64, session: &SessionId| Incidents {
        session: *session,
        at: at(number * 5_000),
        renewed: 1_000,
        released: 1_000,
        reaped: 1_000,
        refused: 1_000,
        quarantined: 1_000,
    };
    let report = Report {
        taken_at: at(400_000),
        span: Some((at(0), at(400_000))),
        slice_minutes: 84,
        slices: (0..80)
            .map(|number| Slice {
                at: at(number * 5_000),
                claimed: 125_000,
                success: 124_000,
                failed: 1_000,
                rows_written: 2_000_000,
                document_bytes: 9_000_000_000,
                shred_micros: 999_999_999,
            })
            .collect(),
        sessions: sessions.iter().map(session).collect(),
        all_sessions: 5_000,
        incidents: (0..80)
            .flat_map(|number| sessions.iter().map(move |one| incidents(number, one)))
            .collect(),
        ..Report::default()
    };
    Overview {
        status: Status { success: 9_753_100, failed: 246_900, ..Status::default() },
        causes: FailureCauses {
            causes: (0..20).map(cause).collect(),
            all_causes: 500,
            all_applications: 246_900,
        },
        findings: Vec::new(),
        report,
        settings: Vec::new(),
        scope: "all sessions and failures".into(),
    }
}

#[test]
fn a_report_of_ten_million_applications_is_less_than_a_megabyte() {
    let page = overview_page(&large());
    assert_well_formed(&page);
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert_eq!(inside(&page), overview_json(&large()));
    assert!(page.contains("480 rarer causes not shown"));
    assert!(page.contains("4,975 earlier sessions not shown"));
}
