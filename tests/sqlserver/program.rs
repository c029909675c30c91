//! The executable against a server, command by command.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use xmlshred::store::sqlserver::install::{Kind, FILES};

use crate::bench::{Bench, Said};
use crate::crash::worker::{wait_until, Worker};
use crate::database::{parts_of_connection_string, Server, Sql};

crate::trials! {
    the_whole_job_runs_by_the_flags_of_the_command_line,
    a_certificate_that_nobody_vouches_for_is_refused,
    a_password_may_come_from_a_file,
    a_session_is_named_to_the_dba,
    what_a_person_asks_is_answered,
    the_doctor_looks_at_the_server,
    installing_again_changes_nothing,
    two_pipelines_of_one_database_know_nothing_of_each_other,
    every_object_is_listed_as_what_it_is,
    a_dry_run_prints_the_script_and_runs_nothing,
    what_is_uninstalled_with_its_data_kept_goes_on_when_it_is_installed_again,
    uninstalling_all_leaves_source_and_targets,
    an_older_executable_refuses_newer_objects,
    a_newer_executable_refuses_older_objects,
    a_server_without_the_objects_is_told_apart,
    a_source_table_that_is_not_there_is_named,
    tables_of_another_owner_are_refused,
    a_database_that_may_not_be_written_is_no_error,
    a_login_that_may_only_work_runs_the_whole_job,
}

fn the_whole_job_runs_by_the_flags_of_the_command_line() {
    const APPS: i64 = 60;
    let bench = Bench::with_apps(APPS);
    let said = bench.succeed("install --contract contract.toml");
    assert!(said.contains("is installed") && said.contains("target tables"), "{said}");
    assert_eq!(bench.succeed("enqueue"), format!("{APPS} applications enqueued\n"));
    assert_eq!(bench.succeed("enqueue"), "0 applications enqueued\n");

    let server = parts_of_connection_string();
    let flags = format!(
        "run --contract contract.toml --server {},{} --database {} --schema {} --user {} \
         --trust-server-certificate --workers 2 --batch-size 25 --limit 40 --fail-on never \
         --log-level info --log-dir logs --format json",
        server.host, server.port, bench.database.name, bench.database.schema, server.user
    );
    let said = Said::of(
        bench
            .command(&flags)
            .env_remove("XMLSHRED_CONNECTION_STRING")
            .env("XMLSHRED_PASSWORD", &server.password),
    );
    assert_eq!(said.status, 0, "{said:?}");
    assert!(!said.stderr.contains(&server.password) && !said.stdout.contains(&server.password));
    let concluded = "SELECT COUNT(*) FROM pipeline.processing_log";
    assert_eq!(bench.number(concluded), 40);

    // The rest, and then nothing.
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.assert_all_concluded();
    bench.succeed("run --contract contract.toml --fail-on never");
    assert_eq!(bench.number(concluded), APPS);
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_claim"), 0);

    let status: serde_json::Value =
        serde_json::from_str(&bench.succeed("status --format json")).expect("JSON");
    let failed =
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log WHERE status = 'failed'");
    assert!(failed > 0, "no document of the sample is wrong");
    assert_eq!(status["failed"], failed, "{status:#}");
    assert_eq!(status["success"], APPS - failed, "{status:#}");
    assert!(bench.succeed("reap").starts_with("0 expired claims reaped"));

    // A failed application is retried, after a preview, and fails again.
    let preview = bench.succeed("retry --all --dry-run");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 0, "{preview}");
    bench.succeed("retry --all --canary 1");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 1);
    let said = bench.run("run --contract contract.toml");
    assert_eq!(said.status, 1, "{said:?}");
    assert_eq!(bench.number(concluded), APPS + 1);
    bench.assert_all_concluded();
}

/// A command that names the server by flags, which trust no certificate by default.
fn by_flags(bench: &Bench, command: &str) -> Command {
    let server = parts_of_connection_string();
    let mut command = bench.command(&format!(
        "{command} --server {},{} --database {} --schema {} --user {}",
        server.host, server.port, bench.database.name, bench.database.schema, server.user
    ));
    command.env_remove("XMLSHRED_CONNECTION_STRING");
    command
}

fn a_certificate_that_nobody_vouches_for_is_refused() {
    let bench = Bench::with_apps(0);
    let password = parts_of_connection_string().password;
    let said = Said::of(by_flags(&bench, "status").env("XMLSHRED_PASSWORD", password));
    assert_eq!(said.status, 4, "{said:?}");
    for part in ["certificate", "--ca-file", "--trust-server-certificate"] {
        assert!(said.stderr.contains(part), "{part} is missing: {said:?}");
    }
}

fn a_password_may_come_from_a_file() {
    let bench = Bench::ready(0);
    let status = "status --trust-server-certificate --password-file password.txt";
    bench.write("password.txt", &format!("{}\r\n", parts_of_connection_string().password));
    let said = Said::of(&mut by_flags(&bench, status));
    assert_eq!(said.status, 0, "{said:?}");
    bench.write("password.txt", "not the password");
    let said = Said::of(&mut by_flags(&bench, status));
    assert_eq!(said.status, 4, "{said:?}");
    assert!(!said.stderr.contains("not the password"), "{said:?}");
}

fn a_session_is_named_to_the_dba() {
    let bench = Bench::ready(1);
    let sessions = |host: &str| {
        bench.number(&format!(
            "SELECT COUNT(*) FROM sys.dm_exec_sessions AS s
             WHERE s.program_name = 'xmlshred' AND s.host_name LIKE '{host}'
                 AND s.database_id = DB_ID()"
        ))
    };
    assert_eq!(sessions("%"), 0);
    let mut run = bench.command("run --contract contract.toml --follow");
    let mut run = Worker::start(run.stdout(Stdio::null()).stderr(Stdio::null()));
    wait_until("the application is done", || {
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log") == 1
    });
    let id =
        bench.value("SELECT CONVERT(varchar(36), session_id) FROM pipeline.processing_session");
    assert!(sessions("%") <= 4, "{}", sessions("%"));
    assert!(sessions(&format!("_% {id}")) >= 3, "no session is named after {id}");
    run.kill();
    wait_until("its sessions have ended", || sessions("%") == 0);
}

fn what_a_person_asks_is_answered() {
    let bench = Bench::ready(60);
    bench.succeed("contract check contract.toml --against-database");
    assert!(bench.succeed("pause --reason maintenance").contains("paused"));
    bench.succeed("run --contract contract.toml");
    let concluded = "SELECT COUNT(*) FROM pipeline.processing_log";
    assert_eq!(bench.number(concluded), 0, "claimed while claiming was paused");
    bench.succeed("resume");
    bench.succeed("run --contract contract.toml --fail-on never");
    assert_eq!(bench.number(concluded), 60);

    let failed = "FROM pipeline.processing_log WHERE status = 'failed'";
    let app_id = bench.number(&format!("SELECT MIN(app_id) {failed}"));
    let life = bench.succeed(&format!("explain {app_id}"));
    assert!(life.contains("failed"), "{life}");
    let category = bench.value(&format!("SELECT failure_category {failed} AND app_id = {app_id}"));
    let mapped = bench.run(&format!(
        "map --app-id {app_id} --contract contract.toml --format json --fail-on never"
    ));
    let replay: serde_json::Value = serde_json::from_str(&mapped.stdout).expect("JSON");
    let constraint = category == "constraint_violation";
    assert!(constraint || replay["failure"]["category"] == category, "{replay:#}");

    bench.succeed("export-failed out");
    let files = std::fs::read_dir(bench.path("out")).expect("a folder").count() as i64;
    assert_eq!(files, 2 * bench.number(&format!("SELECT COUNT(*) {failed}")));
}

fn the_doctor_looks_at_the_server() {
    let bench = Bench::ready(0);
    let well = bench.run("doctor --contract contract.toml");
    assert_eq!(well.status, 0, "{well:?}");
    for part in ["connection", "TLS", "clock", "may call what a worker calls", "fit the contract"] {
        assert!(well.stdout.contains(part), "{part} is missing: {well:?}");
    }
    bench.execute("DROP PROCEDURE pipeline.usp_RenewLease;");
    let ill = bench.run("doctor --contract contract.toml");
    assert_eq!(ill.status, 4, "{ill:?}");
    assert!(ill.stdout.contains("no permission to execute usp_RenewLease"), "{ill:?}");
}

fn installing_again_changes_nothing() {
    let bench = Bench::with_apps(0);
    let before = "SELECT COUNT(*) FROM pipeline.processing_install";
    let install = "install --contract contract.toml";
    let said = bench.succeed(install);
    assert!(said.contains(" is installed\n"), "{said}");
    let kinds = ["\n  created ", " tables, ", " functions", " views", " procedures"];
    assert!(kinds.iter().all(|kind| said.contains(kind)), "{said}");
    let modules =
        "SELECT CONVERT(varchar(20), o.object_id) FROM sys.objects AS o ORDER BY o.object_id";
    let (runs, objects) = (bench.number(before), bench.database.query(modules));
    for again in [install, "install"] {
        let said = bench.succeed(again);
        assert!(said.contains(" is up to date\n"), "{said}");
        assert!(said.ends_with("nothing was changed\n"), "{said}");
    }
    assert_eq!((bench.number(before), bench.database.query(modules)), (runs, objects));
}

fn two_pipelines_of_one_database_know_nothing_of_each_other() {
    let bench = Bench::ready(3);
    let second = format!("{}_2", bench.database.schema);
    let by_second = |arguments: &str| {
        let said = Said::of(bench.command(arguments).env("XMLSHRED_SCHEMA", &second));
        assert_eq!(said.status, 0, "{arguments}: {said:?}");
        said.stdout
    };
    by_second("install");
    assert_eq!(by_second("enqueue"), "3 applications enqueued\n");
    bench.succeed("run --contract contract.toml --fail-on never");
    let queued =
        |schema: &str| bench.number(&format!("SELECT COUNT(*) FROM [{schema}].[processing_queue]"));
    assert_eq!((queued(&bench.database.schema), queued(&second)), (0, 3));
    by_second("uninstall --all");
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), 3);
}

fn every_object_is_listed_as_what_it_is() {
    let bench = Bench::with_apps(0);
    let states = || {
        let mut counts = std::collections::BTreeMap::<String, Vec<String>>::new();
        for line in bench.succeed("install --info").lines() {
            let (state, file) = line.split_once(' ').expect("a state and a file");
            counts.entry(state.to_owned()).or_default().push(file.trim().to_owned());
        }
        counts
    };
    let before = states();
    assert!(before.keys().all(|state| ["missing", "older"].contains(&state.as_str())));
    assert!(before["missing"].contains(&"procs/usp_ClaimBatch.sql".to_owned()));

    bench.succeed("install --contract contract.toml");
    assert_eq!(states().keys().collect::<Vec<_>>(), ["current"]);

    bench.execute("DROP VIEW pipeline.vw_Quarantine;");
    bench.execute("DROP PROCEDURE pipeline.usp_GetStatus;");
    bench.execute("CREATE PROCEDURE pipeline.usp_GetStatus AS SELECT 1 AS by_hand;");
    bench.execute(
        "UPDATE pipeline.processing_install_file SET file_checksum = HASHBYTES('SHA2_256', 'x')
         WHERE file_name = 'procs/usp_ReapExpired.sql';",
    );
    let changed = states();
    assert_eq!(changed["missing"], ["views/vw_Quarantine.sql"]);
    assert_eq!(changed["edited"], ["procs/usp_GetStatus.sql"]);
    assert_eq!(changed["older"], ["procs/usp_ReapExpired.sql"]);

    assert!(bench.succeed("install").contains(" is installed\n"));
    assert_eq!(states().keys().collect::<Vec<_>>(), ["current"]);
    let hash = "SELECT COUNT(*) FROM pipeline.processing_contract WHERE retired_at_utc IS NULL";
    assert_eq!(bench.number(hash), 1, "the contract is still the installed one");
}

fn a_dry_run_prints_the_script_and_runs_nothing() {
    let bench = Bench::with_apps(0);
    let script = bench.succeed("install --contract contract.toml --dry-run");
    let schema = &bench.database.schema;
    for part in [
        ":on error exit\n",
        &format!("CREATE OR ALTER PROCEDURE [{schema}].[usp_ClaimBatch]"),
        &format!("CREATE OR ALTER PROCEDURE [{schema}].[usp_LoadApps]"),
        "COMMIT TRANSACTION;\nGO\n",
    ] {
        assert!(script.contains(part), "{part} is not in\n{script}");
    }
    assert!(!script.contains("$("), "a placeholder is left in\n{script}");
    let made = format!("SELECT COUNT(*) FROM sys.objects WHERE schema_id = SCHEMA_ID('{schema}')");
    assert_eq!(bench.number(&made), 0);
}

fn what_is_uninstalled_with_its_data_kept_goes_on_when_it_is_installed_again() {
    let bench = Bench::ready(8);
    bench.succeed("run --contract contract.toml --limit 3 --fail-on never");
    let said = bench.succeed("uninstall --keep-data");
    assert!(said.contains("its tables are kept"), "{said}");
    let modules = format!(
        "SELECT COUNT(*) FROM sys.objects
         WHERE schema_id = SCHEMA_ID('{}') AND type IN ('P', 'V', 'IF', 'TF', 'FN')",
        bench.database.schema
    );
    assert_eq!(bench.number(&modules), 0);
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), 3);
    bench.succeed("install --contract contract.toml");
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.assert_all_concluded();
}

fn uninstalling_all_leaves_source_and_targets() {
    let bench = Bench::ready(3);
    bench.succeed("run --contract contract.toml --fail-on never");
    let rows = bench.number("SELECT COUNT(*) FROM sandbox.app_base");
    assert!(rows > 0);
    bench.succeed("uninstall --all");
    let schema = &bench.database.schema;
    assert_eq!(bench.value(&format!("SELECT SCHEMA_ID('{schema}')")), "null");
    assert_eq!(bench.number("SELECT COUNT(*) FROM sandbox.app_base"), rows);
    assert_eq!(bench.number("SELECT COUNT(*) FROM dbo.app_xml"), 3);
    // Nothing to remove is nothing wrong.
    bench.succeed("uninstall --all");
}

/// Writes another version into the record of the installation.
fn installed_as(version: i32) -> Bench {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    bench.execute(&format!(
        "INSERT INTO pipeline.processing_install (schema_version, program_version)
         VALUES ({version}, N'9.8.7');"
    ));
    bench
}

fn an_older_executable_refuses_newer_objects() {
    let bench = installed_as(1000);
    for command in ["status", "run --contract contract.toml", "install", "uninstall --all"] {
        let (status, said) = bench.fail(command);
        assert_eq!(status, 4, "{command}: {said}");
        assert!(said.contains("version 1000") && said.contains("9.8.7"), "{command}: {said}");
        assert!(
            said.contains("hint: use the version of xmlshred that installed them"),
            "{command}: {said}"
        );
    }
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 0);
}

fn a_newer_executable_refuses_older_objects() {
    let bench = installed_as(0);
    for command in ["status", "run --contract contract.toml"] {
        let (status, said) = bench.fail(command);
        assert_eq!(status, 4, "{command}: {said}");
        // With the flags of the call, where it has any.
        assert!(
            said.contains("version 0") && said.contains("hint: run `xmlshred install"),
            "{said}"
        );
    }
}

fn a_server_without_the_objects_is_told_apart() {
    let bench = Bench::with_apps(0);
    let (status, said) = bench.fail("status");
    assert_eq!(status, 4, "{said}");
    let missing = format!("no procedure [{}].[usp_GetContract]", bench.database.schema);
    assert!(said.contains(&missing) && said.contains("`xmlshred install`"), "{said}");
}

fn a_source_table_that_is_not_there_is_named() {
    let bench = Bench::with_apps(0);
    let (status, said) = bench.fail("install --source-table dbo.documents");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("[dbo].[documents]") && said.contains("--source-table"), "{said}");
}

pub const PASSWORD: &str = "Another-1433";

/// A login of the test's own with a user in its database.
pub fn create_login(bench: &Bench) -> String {
    let login = format!("login_{}", bench.database.name);
    bench.execute(&format!("CREATE LOGIN [{login}] WITH PASSWORD = '{PASSWORD}';"));
    bench.execute(&format!("CREATE USER [{login}] FOR LOGIN [{login}];"));
    login
}

pub fn drop_login(bench: &Bench, login: &str) {
    bench.execute(&format!("DROP USER [{login}];"));
    // A server may see only after a while that a process which has ended is gone.
    let (since, drop) = (Instant::now(), format!("DROP LOGIN [{login}];"));
    while let Err(error) = bench.database.with(|sql| sql.try_query(&drop)) {
        let is_logged_in = error.to_string().contains("currently logged in");
        assert!(is_logged_in && since.elapsed() < Duration::from_secs(60), "{error}");
        thread::sleep(Duration::from_millis(100));
    }
}

fn tables_of_another_owner_are_refused() {
    let bench = Bench::with_apps(0);
    let login = create_login(&bench);
    bench.execute(&format!("CREATE SCHEMA elsewhere AUTHORIZATION [{login}];"));
    bench.execute(
        "CREATE TABLE elsewhere.documents (app_id bigint PRIMARY KEY, xml nvarchar(max));",
    );
    let (status, said) = bench.fail("install --source-table elsewhere.documents");
    bench.execute("DROP TABLE elsewhere.documents;");
    bench.execute("DROP SCHEMA elsewhere;");
    drop_login(&bench, &login);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains(&format!("[elsewhere].[documents] is {login}")), "{said}");
    assert!(said.contains("ALTER AUTHORIZATION ON OBJECT::"), "{said}");
    let made = format!("SELECT SCHEMA_ID('{}')", bench.database.schema);
    assert_eq!(bench.value(&made), "null", "nothing stays of an installation that was refused");
}

fn a_database_that_may_not_be_written_is_no_error() {
    let bench = Bench::ready(1);
    let name = &bench.database.name;
    bench.execute(&format!("ALTER DATABASE [{name}] SET READ_ONLY WITH ROLLBACK IMMEDIATE;"));
    let said = bench.run("run --contract contract.toml --log-level off");
    bench.execute(&format!("ALTER DATABASE [{name}] SET READ_WRITE;"));
    assert_eq!(said.status, 0, "{said:?}");
    assert_eq!(said.stderr.lines().count(), 1, "{said:?}");
    assert!(said.stderr.ends_with("is not the primary, nothing to do\n"), "{said:?}");
}

fn a_login_that_may_only_work_runs_the_whole_job() {
    const APPS: i64 = 20;
    let bench = Bench::with_apps(APPS);
    bench.succeed("install --contract contract.toml");
    let login = create_login(&bench);
    bench.execute(&format!("ALTER ROLE shred_worker ADD MEMBER [{login}];"));
    let said = |arguments: &str| {
        let mut command = bench.command(arguments);
        Said::of(
            command.env("XMLSHRED_CONNECTION_STRING", bench.connection_string_as(&login, PASSWORD)),
        )
    };
    if is_babelfish() {
        grant_what_one_owner_grants(&bench, "shred_worker");
    }
    let job = ["enqueue", "run --contract contract.toml --fail-on never", "reap", "status"]
        .map(|arguments| (arguments, said(arguments)));
    // Nothing but the job.
    let refused =
        ["install", "uninstall --all", "retry --all"].map(|arguments| (arguments, said(arguments)));
    let mut worker = Sql::connect_as(&bench.connection_string_as(&login, PASSWORD));
    let touched = [
        "SELECT COUNT(*) FROM pipeline.processing_queue",
        "DELETE FROM pipeline.processing_claim",
        "SELECT COUNT(*) FROM dbo.app_xml",
        "SELECT COUNT(*) FROM sandbox.app_base",
    ]
    .map(|sql| (sql, worker.try_query(&bench.database.own(sql)).is_ok()));
    drop(worker);
    drop_login(&bench, &login);
    for (arguments, said) in job {
        assert_eq!(said.status, 0, "{arguments}: {said:?}");
    }
    for (arguments, said) in refused {
        assert_ne!(said.status, 0, "{arguments}: {said:?}");
    }
    for (sql, could) in touched {
        assert!(is_babelfish() || !could, "{sql}");
    }
    bench.assert_all_concluded();
}

pub fn is_babelfish() -> bool {
    Server::from_environment().expect("a server").is_babelfish
}

/// On Babelfish a procedure needs the permissions of its caller: what the procedures reach, but not
/// what may be executed from outside, which stays to be shown.
pub fn grant_what_one_owner_grants(bench: &Bench, role: &str) {
    let tables = bench.database.query(&bench.database.own(
        "SELECT CONCAT('[', s.name, '].[', o.name, ']')
         FROM sys.objects AS o
         INNER JOIN sys.schemas AS s ON o.schema_id = s.schema_id
         WHERE o.type IN ('U', 'V') AND s.name NOT IN ('sys', 'information_schema')",
    ));
    for table in tables.iter().flatten().flatten() {
        let all = "SELECT, INSERT, UPDATE, DELETE";
        bench.execute(&format!("GRANT {all} ON OBJECT::{table} TO {role};"));
    }
    let grants = FILES.iter().find(|file| file.name == "security/grants.sql").expect("grants");
    let is_inner = |object: &&str| !grants.text.contains(&format!("[{object}]"));
    let modules = FILES
        .iter()
        .filter(|file| matches!(file.kind(), Kind::Module("PROCEDURE") | Kind::Module("FUNCTION")));
    for inner in modules
        .map(|file| file.object())
        .filter(is_inner)
        .chain(["usp_LoadApps", "usp_BackfillRows"])
    {
        bench.execute(&format!("GRANT EXECUTE ON OBJECT::pipeline.{inner} TO {role};"));
    }
}
