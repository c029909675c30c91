//! docs/monday.md, followed: the situation is built, and then only what the page says is done.

use crate::babelfish;
use crate::bench::Bench;
use crate::database::Server;
use crate::page::Page;

crate::trials! { a_monday_morning_ends_with_nothing_missing }

const PAGE: &str = "docs/monday.md";

/// How many orders there are: 200 on the page.
pub const VARIABLE: &str = "XMLSHRED_TEST_MONDAY";
const USUALLY: i64 = 200;

const CONTRACT: &str = r#"
[contract]
name = "orders"
target_schema = "sandbox"

[document]
root = "order"

[lookups.status]
on_unmapped = "error"
[lookups.status.values]
OPEN = 1
DONE = 2

[[tables]]
name = "orders"
each = "/order"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
title  = { type = "nvarchar(10)", value = "@title", too_long = "error" }
status = { type = "smallint", value = "LOOKUP('status', @status)" }
amount = { type = "decimal(12,2)", value = "@amount" }
"#;

/// What the page says the contract learns.
pub fn corrected() -> String {
    CONTRACT
        .replace("\"@amount\"", "\"NUMBER(@amount)\"")
        .replace("DONE = 2", "DONE = 2\nHELD = 3")
        .replace("too_long = \"error\"", "too_long = \"truncate\"")
}

/// One in fifty fails, for one of three reasons in turn.
fn document(app_id: i64) -> String {
    let (mut title, mut status, mut amount) = ("a title", "OPEN", "12.50");
    if app_id % 50 == 0 {
        match app_id / 50 % 3 {
            0 => title = "a title that is too long",
            1 => status = "HELD",
            _ => amount = "$12.50",
        }
    }
    format!("<order title='{title}' status='{status}' amount='{amount}'/>")
}

/// Orders 1 to `apps` in the source table.
pub fn orders(apps: i64) -> Bench {
    let bench = Bench::with_apps(0);
    let ids: Vec<i64> = (1..=apps).collect();
    for some in ids.chunks(500) {
        let row = |id: &i64| {
            format!("({id}, CONVERT(varbinary(max), '{}'))", document(*id).replace('\'', "''"))
        };
        let rows: Vec<String> = some.iter().map(row).collect();
        bench
            .execute(&format!("INSERT INTO dbo.app_xml (app_id, xml) VALUES {};", rows.join(", ")));
    }
    match Server::from_environment().is_some_and(|server| server.is_babelfish) {
        true => bench.write("xmlshred.toml", &format!("batch_size = {}\n", babelfish::BATCH_SIZE)),
        // Off in a new database, which would be a finding.
        false => bench.execute(&format!(
            "ALTER DATABASE [{}] SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;",
            bench.database.name
        )),
    }
    bench
}

/// A worker that claims and is killed.
pub fn killed(bench: &Bench, flags: &str) {
    let run = format!("run --contract orders.toml --worker-name lost {flags}");
    let status = bench.command(&run).env("XMLSHRED_FAILPOINT", "after_claim").status();
    assert!(!status.expect("start").success(), "the worker was to be killed");
}

/// Leases end.
pub fn night_passes(bench: &Bench) {
    bench.execute(
        "UPDATE pipeline.processing_claim SET lease_expires_at_utc = DATEADD(HOUR, -1, claimed_at_utc);",
    );
}

/// Orders as they are on Monday: two in a hundred failed, the last one is quarantined, ten are held
/// by a worker that is gone.
fn situation(apps: i64) -> Bench {
    let bench = orders(apps);
    bench.write("orders.toml", CONTRACT);
    bench.succeed("install --contract orders.toml");
    bench.succeed("enqueue");
    for _ in 0..3 {
        killed(&bench, &format!("--batch-size 1 --app-id-start {apps} --app-id-end {apps}"));
        night_passes(&bench);
        bench.execute("EXEC pipeline.usp_ReapExpired;");
    }
    // Its lease must outlast the work of the others, who would reap it.
    killed(&bench, "--batch-size 10 --lease 1h");
    bench.succeed("run --contract orders.toml --fail-on never --worker-name weekend");
    night_passes(&bench);
    bench
}

fn a_monday_morning_ends_with_nothing_missing() {
    let apps = std::env::var(VARIABLE).map_or(USUALLY, |n| n.parse().expect("a number"));
    let bench = situation(apps);
    // The quarantined order is the last one, which is one of the fiftieths.
    let failing = apps / 50 - 1;
    let mut page = Page::new(&bench, PAGE);

    let found = page.ask();
    let told: Vec<_> = found.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(told, [("1", "expired leases"), ("2", "quarantined applications")]);
    assert_eq!(page.ask(), [["1", "10", "0"]], "the lost worker's claim");

    let done = apps - failing - 11;
    let standing = [
        ["claimed".to_owned(), "0".to_owned()],
        ["failed".to_owned(), failing.to_string()],
        ["not_enqueued".to_owned(), "0".to_owned()],
        ["quarantined".to_owned(), "1".to_owned()],
        ["ready".to_owned(), "10".to_owned()],
        ["success".to_owned(), done.to_string()],
    ];
    assert_eq!(page.ask(), standing);

    let causes = page.ask();
    let mut told: Vec<_> = causes.iter().map(|row| row[1].as_str()).collect();
    told.sort_unstable();
    let expected = ["bad_value", "too_long", "unmapped_lookup"];
    assert_eq!(told, expected, "{causes:?}");
    let counted: i64 = causes.iter().map(|row| row[0].parse::<i64>().expect("a number")).sum();
    assert_eq!(counted, failing);

    let life = page.ask();
    let events: Vec<_> = life.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(events, ["enqueued", "claimed", "failed", "now"]);
    assert!(life[2][5].contains("value $12.50"), "{life:?}");

    let quarantine = page.ask();
    assert_eq!(quarantine, [[apps.to_string(), "3".into(), "3".into(), "lost".into()]]);
    // What kills its worker here is a switch: its document does nothing but fail.
    bench.write("poison.xml", &document(apps));
    page.leave_out("xmlshred map");
    page.run_line("xmlshred map poison.xml --contract orders.toml", 1);

    assert_eq!(page.ask()[0][0], "paused");
    bench.succeed("run --contract orders.toml");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue WHERE state = 0"), 10);
    bench.write("orders.toml", &corrected());
    page.leave_out("xmlshred contract check");
    page.run_line("xmlshred contract check orders.toml", 0);
    page.run();
    assert_eq!(page.ask()[0][0], "resumed");

    let preview = page.ask().len();
    assert!(preview > 0);
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 11);
    page.ask();
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 14);
    page.run();
    assert_eq!(page.ask(), [["0"]]);
    page.ask();
    page.run();

    let reconciled = page.ask();
    let all = apps.to_string();
    for (line, subject) in reconciled.iter().zip(["source rows", "sandbox.orders"]) {
        assert_eq!(line[..5], [subject, &all, &all, "0", "0"].map(str::to_owned));
    }
    assert_eq!(page.ask(), Vec::<Vec<String>>::new());
    page.end();
    assert_eq!(
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log WHERE status = 'success'"),
        apps
    );
}
