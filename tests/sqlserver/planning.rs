//! What a plan says of a database is what an installation then does with it, and so does a run that installs.

use serde_json::Value;

use crate::bench::Bench;
use crate::program::{create_login, drop_login};

crate::trials! {
    what_a_plan_says_is_what_install_does,
    a_run_says_what_it_has_installed,
}

/// How many objects the database has, and when one was altered last.
fn objects(bench: &Bench) -> String {
    bench.value("SELECT CONCAT(COUNT(*), ' ', SUM(o.object_id % 1000)) FROM sys.objects AS o")
}

/// Plans, installs, and compares: 0 is nothing to do, 1 is changed, and 3 is refused in the words of the plan.
fn assert_planned(bench: &Bench, flags: &str, expected: i32) -> Value {
    let before = objects(bench);
    let said = bench.run(&format!("install --plan --json {flags}"));
    assert_eq!(said.status, expected, "{flags}: {said:?}");
    assert_eq!(objects(bench), before, "{flags}: a plan changes nothing");
    let plan: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let done = bench.run(&format!("install {flags}"));
    match expected {
        0 => assert!(done.stdout.ends_with("\nnothing was changed\n"), "{flags}: {done:?}"),
        1 => {
            assert_eq!(done.status, 0, "{flags}: {done:?}");
            let again = bench.run(&format!("install --plan {flags}"));
            assert_eq!((again.status, again.stdout.as_str()), (0, "nothing to do\n"), "{flags}");
        }
        _ => {
            assert!(matches!(done.status, 2 | 3), "{flags}: {done:?}");
            assert_eq!(objects(bench), before, "{flags}: what is refused changes nothing");
            let steps = plan["steps"].as_array().expect("steps").iter();
            let mut refusals = steps.flat_map(|step| {
                let refusals = step["refusals"].as_array().expect("refusals").iter();
                refusals.map(move |refused| (&step["object"], refused))
            });
            let is_said = |(object, refused): (&Value, &Value)| {
                let has = |text: &Value| done.stderr.contains(text.as_str().expect("a text"));
                (has(object) || has(&refused["reason"])) && has(&refused["next_step"])
            };
            assert!(refusals.any(is_said), "{flags}: {plan:#} is not in {done:?}");
        }
    }
    plan
}

fn what_a_plan_says_is_what_install_does() {
    let bench = Bench::with_apps(0);
    let login = create_login(&bench);
    let contract = std::fs::read_to_string(bench.path("contract.toml")).expect("read");
    let with_schema = |schema: &str| {
        contract.replace("target_schema = \"sandbox\"", &format!("target_schema = \"{schema}\""))
    };
    bench.write("nowhere.toml", &with_schema("nowhere"));
    bench.write("theirs.toml", &with_schema("theirs"));
    bench.execute(&format!("CREATE SCHEMA theirs AUTHORIZATION [{login}];"));
    bench.execute(
        "CREATE TABLE theirs.documents (app_id bigint NOT NULL PRIMARY KEY, xml xml NULL);",
    );
    bench.execute("CREATE TABLE dbo.unindexed (app_id bigint NOT NULL, xml xml NULL);");
    let refused = |flags: &str| assert_planned(&bench, flags, 3);

    // Nothing is installed yet.
    refused("--source-table dbo.missing");
    let plan = refused("--source-table dbo.unindexed");
    let next = plan["steps"][0]["refusals"][0]["next_step"].as_str().expect("a text").to_owned();
    assert!(next.starts_with("create it with CREATE UNIQUE INDEX "), "{next}");
    refused("--source-table dbo.unindexed --source-document-column document");
    refused("--source-table theirs.documents");
    refused("--contract nowhere.toml");
    refused("--contract theirs.toml");
    bench.execute("CREATE VIEW sandbox.app_base AS SELECT 1 AS app_id;");
    refused("--contract contract.toml");
    bench.execute("DROP VIEW sandbox.app_base;");

    // Without a contract, and with one.
    assert_planned(&bench, "", 1);
    assert_planned(&bench, "", 0);
    assert_planned(&bench, "--contract contract.toml", 1);
    assert_planned(&bench, "--contract contract.toml", 0);

    // What was changed since.
    bench.execute(
        "UPDATE pipeline.processing_install_file SET file_checksum = 0x00
         WHERE file_name IN (N'procs/usp_ClaimBatch.sql', N'contract/usp_LoadApps.sql');",
    );
    let plan = assert_planned(&bench, "--contract contract.toml", 1);
    assert_eq!(plan["steps"].as_array().expect("steps").len(), 2, "{plan:#}");
    let column = bench.value(
        "SELECT TOP (1) c.name FROM sys.columns AS c
         WHERE c.object_id = OBJECT_ID('sandbox.app_base') AND c.is_nullable = 1
             AND TYPE_NAME(c.user_type_id) = 'varchar' AND c.max_length > 1
         ORDER BY c.column_id",
    );
    bench.execute(&format!("ALTER TABLE sandbox.app_base ALTER COLUMN {column} varchar(1);"));
    assert_planned(&bench, "--contract contract.toml", 1);
    bench.execute(&format!("ALTER TABLE sandbox.app_base DROP COLUMN {column};"));
    bench.execute(&format!("ALTER TABLE sandbox.app_base ADD {column} date NULL;"));
    refused("--contract contract.toml");
    // Everything is current, but the owner of the source is another.
    bench.execute(&format!("ALTER AUTHORIZATION ON OBJECT::dbo.app_xml TO [{login}];"));
    refused("");
    bench.execute("ALTER AUTHORIZATION ON OBJECT::dbo.app_xml TO SCHEMA OWNER;");
    assert_planned(&bench, "", 0);
    bench.execute("DROP TABLE theirs.documents; DROP SCHEMA theirs;");
    drop_login(&bench, &login);
}

fn a_run_says_what_it_has_installed() {
    let bench = Bench::ready(1);
    bench.execute(
        "UPDATE pipeline.processing_install_file SET file_checksum = 0x00
                   WHERE file_name = N'procs/usp_ClaimBatch.sql';",
    );
    let said = bench.run("run --contract contract.toml --install --format json");
    assert_eq!(said.status, 0, "{said:?}");
    serde_json::from_str::<Value>(&said.stdout).expect("the summary alone");
    let changes = "target tables\n  replaced 1 procedure: usp_ClaimBatch (older)\n";
    assert!(said.stderr.contains(changes), "{said:?}");
    let said = bench.run("run --contract contract.toml --install");
    assert!(!said.stderr.contains(" is installed: "), "{said:?}");
}
