//! The pages for a DBA, each followed on a server in the situation that it speaks of.

use std::process::Command;

use crate::agent;
use crate::babelfish;
use crate::bench::{Bench, Said};
use crate::database::parts_of_connection_string;
use crate::monday;
use crate::page::Page;

crate::trials! {
    the_quick_start_is_followed,
    the_cheat_sheet_is_followed,
    the_page_on_installing_is_followed,
    the_page_on_agent_is_followed,
    the_runbooks_are_followed,
    the_page_on_upgrading_is_followed,
}

/// The settings file of the page, for this server instead of `db1`.
fn settings(bench: &Bench, page: &str) -> String {
    let server = parts_of_connection_string();
    let said = page
        .replace("'db1'", &format!("'{},{}'", server.host, server.port))
        .replace("'credit'", &format!("'{}'", bench.database.name));
    assert!(!said.contains("db1"), "{said}");
    format!("{said}\nuser = '{}'\ntrust_server_certificate = true\n", server.user)
}

fn the_quick_start_is_followed() {
    let bench = Bench::with_apps(0);
    bench.execute("DROP TABLE dbo.app_xml;");
    let by_the_settings_file = |command: &mut Command| {
        command.env_remove("XMLSHRED_CONNECTION_STRING");
        command.env("XMLSHRED_PASSWORD", parts_of_connection_string().password);
    };
    let page = Page::new(&bench, "docs/quick-start.md");
    let mut page = page.preparing(by_the_settings_file);
    for (n, document) in page.documents().iter().enumerate() {
        bench.write(&format!("orders/order-{}.xml", n + 1), document);
    }
    let contract = page.take("toml");
    bench.write("contract.toml", &contract);
    page.follow_console();
    assert!(page.take("toml").contains("store = "), "the embedded store's settings");
    bench.write("xmlshred.toml", &settings(&bench, &page.take("toml")));
    page.ask();
    assert_eq!(bench.number("SELECT COUNT(*) FROM dbo.app_xml"), 3);
    page.follow_console();
    page.follow_console();
    assert_eq!(page.ask().len(), 2, "lines of order 1");
    assert_eq!(page.ask().len(), 2, "failures");
    page.ask();
    bench.write("contract.toml", &contract.replace("SHIPPED = 2", "SHIPPED = 2, RETURNED = 3"));
    page.follow_console();
    page.follow_console();
    page.follow_console();
    assert_eq!(bench.number("SELECT COUNT(*) FROM sandbox.order_lines"), 4);
    page.inline("xmlshred run");
    page.inline("xmlshred failures");
    page.end();
}

fn the_cheat_sheet_is_followed() {
    let bench = Bench::ready(20);
    let settings = format!("contract = 'contract.toml'\nbatch_size = {}\n", babelfish::BATCH_SIZE);
    bench.write("xmlshred.toml", &settings);
    let document = bench.value("SELECT TOP (1) xml FROM dbo.app_xml ORDER BY app_id");
    bench.write("orders/1.xml", &unhexed(&document));
    let page = Page::new(&bench, "docs/cheat-sheet.md");
    let commands = page.inline_in_order();
    assert_eq!(commands.len(), 20, "{commands:?}");
    let mut page = page;
    for command in commands {
        match command.as_str() {
            // One in seven of the applications fails, and so does the run.
            "xmlshred run" => {
                page.leave_out(&command);
                page.run_line(&command, 1);
            }
            "xmlshred explain 4711" => {
                page.inline_with(&command, &[("4711", "7")]);
            }
            _ => {
                page.inline(&command);
            }
        }
    }
    page.end();
}

/// The text of a binary value.
fn unhexed(digits: &str) -> String {
    let byte = |i| u8::from_str_radix(&digits[i..i + 2], 16).expect("two digits");
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

fn the_page_on_installing_is_followed() {
    let bench = Bench::with_apps(3);
    let mut page = Page::section(&bench, "docs/install.md", "Install");
    let server = parts_of_connection_string();
    let command = page.take("text");
    let given = ["--server db1", "--database credit", "--user installer"];
    assert!(given.iter().all(|flag| command.contains(flag)), "{command}");
    let flags = command
        .replace("--server db1", &format!("--server {},{}", server.host, server.port))
        .replace("--database credit", &format!("--database {}", bench.database.name))
        .replace("--user installer", &format!("--user {}", server.user));
    let mut command = bench.command(flags.strip_prefix("xmlshred ").expect("a command"));
    command.arg("--trust-server-certificate").env_remove("XMLSHRED_CONNECTION_STRING");
    let said = Said::of(command.env("XMLSHRED_PASSWORD", &server.password));
    assert_eq!(said.status, 0, "{said:?}");
    page.take("text");

    page.inline("xmlshred install --plan");
    page.inline("xmlshred install --dry-run");
    let info = page.inline("xmlshred install --info");
    assert!(info.lines().all(|line| line.starts_with("current")), "{info}");
    page.inline("xmlshred enqueue");
    page.inline("xmlshred enqueue --full");
    // The filegroup LOGS is one of the reader's own.
    assert!(page.take("text").contains("--log-filegroup LOGS"));
    page.inline("xmlshred install --script --out install.sql");
    page.inline("xmlshred install --script --contract contract.toml --out install.sql");
    let script = std::fs::read_to_string(bench.path("install.sql")).expect("the script");
    assert!(script.contains("usp_LoadApps"), "the contract is in it");
    page.inline("xmlshred install --alter-tables");
    // The log of an earlier system is in tests/sqlserver/adoption.rs and takeover.rs.
    page.leave_out("xmlshred install --adopt-log");
    page.inline("xmlshred uninstall --keep-data");
    page.inline("xmlshred install");
    page.inline("xmlshred uninstall --all");
    page.end();
}

fn the_page_on_agent_is_followed() {
    let bench = Bench::ready(0);
    agent::stand_in(&bench.database);
    bench.execute("INSERT INTO dbo.sysoperators (id, name) VALUES (7, N'DBA on call');");
    let run = |file: &str| {
        let script = std::fs::read_to_string(bench.path(file)).expect(file);
        let script = script.trim_start_matches('\u{feff}');
        let made = agent::try_run(&bench.database, script).expect(file);
        made.into_iter().map(|row| row.first().cloned().unwrap_or_default()).collect::<Vec<_>>()
    };
    let jobs = "SELECT COUNT(*) FROM dbo.sysjobs WHERE notify_email_operator_id = 7";
    let mut page = Page::section(&bench, "docs/operate.md", "Jobs in SQL Server Agent");
    let make = page.take("text");
    let (print, sqlcmd) = make.split_once('\n').expect("two commands");
    page.run_line(print, 0);
    // The scripts run as sqlcmd would run them, in the pipeline's database.
    assert_eq!(sqlcmd, "sqlcmd -S db1 -b -I -x -i jobs.sql");
    assert_eq!(run("jobs.sql").len(), 8, "a category, three jobs, four workers");
    assert_eq!(bench.number(jobs), 7);
    assert_eq!(run("jobs.sql"), [""; 0]);
    page.run();
    run("view.sql");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.vw_AgentJobs"), 7);
    bench.execute("UPDATE dbo.sysjobs SET enabled = 0 WHERE name LIKE N'%Nightly';");
    let told = bench.database.query(&bench.database.own("EXEC pipeline.usp_HealthCheck;"));
    let told: Vec<_> = told.iter().map(|row| row[2].as_deref().unwrap_or_default()).collect();
    assert!(told.iter().any(|told| told.ends_with(" - nightly: is disabled")), "{told:?}");
    page.leave_out("xmlshred agent-jobs --remove");
    page.leave_out("xmlshred - ");
    page.leave_out("xmlshred SCHEMA - ");
    let database = &bench.database.name;
    page.run_line(
        &format!("xmlshred agent-jobs --database {database} --remove --out remove.sql"),
        0,
    );
    run("remove.sql");
    assert_eq!(bench.number("SELECT COUNT(*) FROM dbo.sysjobs"), 0);
    page.leave_out("xmlshred <schema>: <what>");
    page.end();
}

fn the_runbooks_are_followed() {
    const APPS: i64 = 40;
    let right = monday::corrected().replace("each =", "on_existing = \"replace\"\neach =");
    let bench = monday::orders(APPS);
    bench.write("orders.toml", &right);
    bench.succeed("install --contract orders.toml");
    bench.succeed("enqueue");
    let count = |state: &str| {
        bench.number(&format!("SELECT COUNT(*) FROM pipeline.processing_queue WHERE {state}"))
    };
    let finished = "SELECT COUNT(*) FROM pipeline.processing_log
         WHERE is_latest = 1 AND status = 'success'";
    let work = "run --contract orders.toml --fail-on never";
    let mut page = Page::section(&bench, "docs/operate.md", "Runbooks");

    // The server restarts.
    assert_eq!(page.ask(), Vec::<Vec<String>>::new());

    // A worker machine is lost.
    monday::killed(&bench, "--batch-size 5");
    monday::night_passes(&bench);
    let claims = page.ask();
    assert_eq!((claims.len(), claims[0][0].as_str(), claims[0][2].as_str()), (1, "lost", "5"));
    assert!(claims[0][3].starts_with('-'), "the lease has ended: {claims:?}");
    assert_eq!(page.ask(), [["1", "5", "0"]]);
    assert_eq!(count("state = 0"), APPS);

    // A bad contract was deployed, and a quarter of the work was done under it.
    let bad = right.replace("HELD = 3", "").replace("OPEN = 1", "");
    bench.write("orders.toml", &bad);
    bench.succeed("install --contract orders.toml");
    bench.succeed(&format!("{work} --limit 10"));
    assert_eq!(page.ask()[0][0], "paused");
    bench.write("orders.toml", &right);
    page.inline_with("xmlshred install --contract FILE", &[("FILE", "orders.toml")]);
    assert_eq!(page.ask()[0][0], "resumed");
    assert_eq!(page.ask().len(), 10, "those that failed");
    bench.succeed("retry --all");
    bench.succeed(work);
    assert_eq!(bench.number(finished), APPS);
    page.leave_out("xmlshred requeue --older-contract");
    bench.write("newer.toml", &right.replace("DONE = 2", "DONE = 4"));
    bench.succeed("install --contract newer.toml");
    let older = "requeue --older-contract --contract newer.toml";
    bench.succeed(&format!("{older} --dry-run"));
    assert_eq!(count("1 = 1"), 0);
    bench.succeed(older);
    bench.succeed("run --contract newer.toml");
    assert_eq!(bench.number(finished), APPS);

    // A poison document.
    bench.succeed("requeue --app-id 7 --contract newer.toml");
    bench.write("orders.toml", &right.replace("DONE = 2", "DONE = 4"));
    for _ in 0..3 {
        monday::killed(&bench, "--batch-size 1");
        monday::night_passes(&bench);
        bench.execute("EXEC pipeline.usp_ReapExpired;");
    }
    assert_eq!(page.ask()[0][..4], ["7", "reaped", "3", "lost"]);
    assert_eq!(page.ask().len(), 1);
    assert_eq!(count("state = 2"), 1, "a preview changes nothing");
    bench.execute("EXEC pipeline.usp_RetryFailed @quarantined = 'Y';");
    bench.succeed(work);
    assert_eq!((count("1 = 1"), bench.number(finished)), (0, APPS));
    page.leave_out("xmlshred map");
    page.run_line("xmlshred map --app-id 7 --contract orders.toml", 0);

    // Reprocess everything.
    let again = "xmlshred requeue --app-id-start 1 --app-id-end 1000000";
    page.leave_out(again);
    page.run_line(&format!("{again} --contract orders.toml"), 0);
    assert_eq!(count("state = 0"), APPS);
    bench.succeed(work);
    assert_eq!(bench.number("SELECT COUNT(*) FROM sandbox.orders"), APPS);

    // A contract learned a table or a column: these applications lack nothing.
    let backfill = "xmlshred backfill --table orders --all --dry-run";
    page.leave_out(backfill);
    page.run_line(&format!("{backfill} --contract orders.toml"), 0);

    // Rows of an earlier success.
    bench.execute("UPDATE dbo.app_xml SET xml = NULL WHERE app_id = 7;");
    bench.succeed("requeue --app-id 7 --contract orders.toml");
    bench.succeed(work);
    let told = page.ask();
    assert_eq!((told.len(), told[0][0].as_str()), (1, "7"), "{told:?}");
    assert_eq!(
        bench.number("SELECT COUNT(*) FROM sandbox.orders"),
        APPS,
        "a preview changes nothing"
    );
    page.leave_out("xmlshred delete-stale-rows");
    page.run_line("xmlshred delete-stale-rows --contract orders.toml", 0);
    bench.execute("EXEC pipeline.usp_DeleteStaleRows;");
    assert_eq!(bench.number("SELECT COUNT(*) FROM sandbox.orders"), APPS - 1);

    // What is not processed.
    page.inline("xmlshred unprocessed");
    page.inline("xmlshred enqueue --full");

    // Erase an application: not while its document is there.
    let told = page.ask();
    assert!(told.iter().all(|row| row[4].starts_with("its document is still in")), "{told:?}");
    page.leave_out("xmlshred erase 7 8");
    page.run_line("xmlshred erase 7 8 --contract orders.toml", 1);
    assert_eq!(bench.number("SELECT COUNT(*) FROM sandbox.orders"), APPS - 1);

    // Stop everything now.
    assert_eq!(page.ask()[0][0], "paused");
    assert_eq!(page.ask()[0][0], "resumed");

    // The log grows.
    bench.execute(
        "UPDATE pipeline.processing_event SET occurred_at_utc = DATEADD(DAY, -31, occurred_at_utc);",
    );
    let events = bench.number("SELECT COUNT(*) FROM pipeline.processing_event");
    let told = page.ask();
    assert!(told[0].contains(&events.to_string()), "{events} events, {told:?}");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_event"), events);
    page.inline("xmlshred purge --orphans");
    page.end();
}

fn the_page_on_upgrading_is_followed() {
    let bench = monday::orders(4);
    let contract = monday::corrected().replace("each =", "on_existing = \"replace\"\neach =");
    bench.write("old.toml", &contract);
    bench.write("new.toml", &contract.replace("DONE = 2", "DONE = 4"));
    bench.succeed("install --contract old.toml");
    bench.succeed("enqueue");
    let mut page = Page::section(&bench, "docs/install.md", "Upgrade");
    assert_eq!(page.ask()[0][0], "paused");
    assert_eq!(page.ask(), [["0"]]);
    page.inline("xmlshred install --dry-run");
    page.inline("xmlshred install");
    page.leave_out("xmlshred doctor");
    page.run_line("xmlshred doctor --contract old.toml", 0);
    assert_eq!(page.ask()[0][0], "resumed");
    bench.succeed("run --contract old.toml");

    bench.write("sample/1.xml", "<order title='a' status='DONE' amount='1'/>");
    page.inline_with("xmlshred contract diff old.toml new.toml --sample DIR", &[("DIR", "sample")]);
    page.leave_out("xmlshred install --plan --contract new.toml");
    page.run_line("xmlshred install --plan --contract new.toml", 1);
    page.inline("xmlshred install --contract new.toml");
    // It installs what this page has installed in steps: tests/sqlserver/planning.rs has it.
    page.leave_out("xmlshred run --install");
    let (status, _) = bench.fail("run --contract old.toml");
    assert_eq!(status, 3, "workers with the old one are refused");
    let requeue = "requeue --older-contract";
    page.leave_out(&format!("xmlshred {requeue} --dry-run"));
    let listed = bench.run(&format!("{requeue} --dry-run --contract new.toml"));
    assert!(listed.stderr.contains("4 applications would be requeued"), "{listed:?}");
    page.leave_out(&format!("xmlshred {requeue} --canary 10"));
    page.leave_out(&format!("xmlshred {requeue}"));
    bench.succeed(&format!("{requeue} --contract new.toml"));
    bench.succeed("run --contract new.toml");
    let newest = "SELECT COUNT(*) FROM pipeline.processing_log AS l
         INNER JOIN pipeline.processing_contract AS c ON l.contract_hash = c.contract_hash
         WHERE l.is_latest = 1 AND c.retired_at_utc IS NULL";
    assert_eq!(bench.number(newest), 4);
    page.end();
    bench.succeed("uninstall --all");
}
