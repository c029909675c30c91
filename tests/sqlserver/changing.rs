//! Changing a contract: what an installation gives the columns of target tables, what it refuses, and what
//! `install --plan` says of it before.

use serde_json::Value;

use crate::babelfish;
use crate::bench::Bench;
use crate::database::Sql;
use crate::script::batches_of_sqlcmd;

crate::trials! {
    a_plan_of_a_new_installation_and_of_a_current_one,
    a_plan_lists_columns_with_their_types_and_executes_nothing,
    a_longer_text_may_be_in_an_index_and_in_a_check,
    a_key_that_refers_to_a_column_is_named_before_the_server_refuses,
    an_expression_of_a_column_is_named_before_the_server_refuses,
    the_script_alone_refuses_with_the_names_too,
    a_column_that_should_be_null_is_refused_for_its_constraint,
    the_table_of_another_pipeline_is_not_widened,
    what_waits_too_long_for_a_table_changes_nothing,
    what_the_plan_refuses_is_not_up_to_date,
}

/// The plan as the executable prints it, with its exit status.
fn plan(bench: &Bench, flags: &str) -> (i32, Value) {
    let said = bench.run(&format!("install --contract contract.toml --plan --json{flags}"));
    (said.status, serde_json::from_str(&said.stdout).expect("JSON"))
}

/// The step on a column of `app_base`.
fn step_of<'p>(plan: &'p Value, column: &str) -> &'p Value {
    let steps = plan["steps"].as_array().expect("steps");
    let is_it =
        |step: &&Value| step["object"] == "table sandbox.app_base" && step["column"] == column;
    steps.iter().find(is_it).unwrap_or_else(|| panic!("{column} is not in {plan:#}"))
}

/// The reasons and next steps of a step that is refused, in one text.
fn refusals(step: &Value) -> String {
    assert_eq!(step["refused"], true, "{step:#}");
    let refusals = step["refusals"].as_array().expect("refusals").iter();
    let lines = refusals.map(|r| {
        let text = |name: &str| r[name].as_str().expect("a text").to_owned();
        format!("{}; {}\n", text("reason"), text("next_step")).to_lowercase()
    });
    lines.collect()
}

/// An optional text column, shortened as an earlier contract would have made it.
fn shortened(bench: &Bench) -> String {
    let column = bench.value(
        "SELECT TOP (1) c.name FROM sys.columns AS c
         WHERE c.object_id = OBJECT_ID('sandbox.app_base') AND c.is_nullable = 1
             AND TYPE_NAME(c.user_type_id) = 'varchar' AND c.max_length > 1
         ORDER BY c.column_id",
    );
    bench.execute(&format!("ALTER TABLE sandbox.app_base ALTER COLUMN {column} varchar(1);"));
    column
}

fn length(bench: &Bench, column: &str) -> i64 {
    bench.number(&format!(
        "SELECT c.max_length FROM sys.columns AS c
         WHERE c.object_id = OBJECT_ID('sandbox.app_base') AND c.name = '{column}'"
    ))
}

fn a_plan_of_a_new_installation_and_of_a_current_one() {
    let bench = Bench::with_apps(0);
    let (status, all) = plan(&bench, "");
    assert_eq!((status, &all["refused"]), (1, &0.into()), "{all:#}");
    let steps = all["steps"].as_array().expect("steps");
    let has = |action: &str, object: &str| {
        assert!(
            steps.iter().any(|step| step["action"] == action && step["object"] == object),
            "{action} {object} is not in {all:#}"
        );
    };
    has("create", "procs/usp_ClaimBatch.sql");
    has("migrate", "migrations/0001_refusals_and_stale_rows.sql");
    has("create", "table sandbox.app_base");
    has("create", "contract/usp_LoadApps.sql");
    assert_eq!(steps.last().expect("a step")["action"], "register", "{all:#}");
    let made = format!("SELECT SCHEMA_ID('{}')", bench.database.schema);
    assert_eq!(bench.value(&made), "null", "nothing was installed");

    bench.succeed("install --contract contract.toml");
    let (status, all) = plan(&bench, "");
    assert_eq!((status, &all["steps"]), (0, &serde_json::json!([])), "{all:#}");
    assert_eq!(bench.succeed("install --contract contract.toml --plan"), "nothing to do\n");

    bench.execute("UPDATE pipeline.processing_install_file SET file_checksum = 0x00;");
    let (status, all) = plan(&bench, "");
    assert_eq!(status, 1, "{all:#}");
    let steps = all["steps"].as_array().expect("steps");
    let claim = steps.iter().find(|step| step["object"] == "procs/usp_ClaimBatch.sql");
    let claim = claim.expect("a step");
    assert_eq!((&claim["action"], &claim["old"]), (&"replace".into(), &"older".into()));
}

fn a_plan_lists_columns_with_their_types_and_executes_nothing() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let longer = shortened(&bench);
    let missing = bench.value(
        "SELECT TOP (1) c.name FROM sys.columns AS c
         WHERE c.object_id = OBJECT_ID('sandbox.app_base') AND c.is_nullable = 1
         ORDER BY c.column_id DESC",
    );
    bench.execute(&format!("ALTER TABLE sandbox.app_base DROP COLUMN {missing};"));
    let (status, all) = plan(&bench, "");
    assert_eq!((status, &all["refused"], &all["changes"]), (1, &0.into(), &2.into()), "{all:#}");
    let step = step_of(&all, &longer);
    assert_eq!((&step["action"], &step["old"]), (&"widen".into(), &"varchar(1) NULL".into()));
    let step = step_of(&all, &missing);
    assert_eq!((&step["action"], &step["old"]), (&"add".into(), &Value::Null));
    assert_eq!(length(&bench, &longer), 1, "nothing was executed");

    // The contract is the installed one: its tables are made to fit all the same.
    bench.succeed("install --contract contract.toml");
    assert!(length(&bench, &longer) > 1);
    assert_eq!(plan(&bench, "").0, 0);
}

fn a_longer_text_may_be_in_an_index_and_in_a_check() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    bench.execute(&format!(
        "CREATE INDEX IX_theirs ON sandbox.app_base ({column});
         ALTER TABLE sandbox.app_base ADD CONSTRAINT CK_theirs CHECK ({column} <> '?');"
    ));
    let (status, all) = plan(&bench, "");
    assert_eq!(status, 1, "{all:#}");
    bench.succeed("install --contract contract.toml");
    assert!(length(&bench, &column) > 1);
}

/// A foreign key of others to a table of others.
fn with_a_key_of_others(bench: &Bench, column: &str) {
    bench.execute("CREATE TABLE sandbox.theirs (a varchar(1) NOT NULL PRIMARY KEY);");
    bench.execute(&format!(
        "ALTER TABLE sandbox.app_base ADD CONSTRAINT FK_theirs FOREIGN KEY ({column})
             REFERENCES sandbox.theirs (a);"
    ));
}

fn a_key_that_refers_to_a_column_is_named_before_the_server_refuses() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    with_a_key_of_others(&bench, &column);
    let (status, all) = plan(&bench, "");
    assert_eq!(status, 3, "{all:#}");
    let said = refusals(step_of(&all, &column));
    let reason =
        "the foreign key [fk_theirs] depends on it; drop it, install, and create it again\n";
    assert_eq!(said, reason);

    let (status, said) = bench.fail("install --contract contract.toml");
    assert_eq!(status, 3, "{said}");
    let reason = format!("column {column} is varchar(1) NULL and needs varchar(");
    assert!(said.contains(&reason), "{said}");
    assert!(
        said.to_lowercase().contains("[fk_theirs] depends on it\nhint: drop it, install"),
        "{said}"
    );
    assert_eq!(length(&bench, &column), 1);
    bench.execute("ALTER TABLE sandbox.app_base DROP CONSTRAINT FK_theirs;");
    bench.succeed("install --contract contract.toml");
    assert!(length(&bench, &column) > 1);
}

fn an_expression_of_a_column_is_named_before_the_server_refuses() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    bench.execute(&format!("ALTER TABLE sandbox.app_base ADD shouted AS UPPER({column});"));
    bench.execute(&format!(
        "CREATE VIEW sandbox.bound WITH SCHEMABINDING AS SELECT b.{column} FROM sandbox.app_base AS b;"
    ));
    let (status, all) = plan(&bench, "");
    assert_eq!(status, 3, "{all:#}");
    let said = refusals(step_of(&all, &column));
    for reason in
        ["the computed column [shouted] depends", "the schema-bound view [sandbox].[bound] depends"]
    {
        assert!(said.contains(reason), "{reason} is not in {said}");
    }
    assert_eq!(bench.fail("install --contract contract.toml").0, 3);
    assert_eq!(length(&bench, &column), 1);
}

/// A DBA may run the script without the program.
fn the_script_alone_refuses_with_the_names_too() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    with_a_key_of_others(&bench, &column);
    let script = bench.succeed("install --script --contract contract.toml");
    let refused = batches_of_sqlcmd(&script, &bench.database.schema).iter().find_map(|batch| {
        let batches = match crate::program::is_babelfish() {
            true => babelfish::installation(batch),
            false => vec![batch.clone()],
        };
        let run = |sql: &String| bench.database.with(|connection| connection.try_query(sql)).err();
        batches.iter().find_map(run)
    });
    let refused = refused.expect("a refusal").to_string();
    let named = format!("the column [app_base].[{column}] needs varchar(");
    assert!(refused.contains(&named), "{refused}");
    assert!(refused.to_lowercase().contains("[fk_theirs] depends on it; drop it"), "{refused}");
    bench.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;");
    assert_eq!(length(&bench, &column), 1);
}

fn a_column_that_should_be_null_is_refused_for_its_constraint() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    bench.execute(&format!("ALTER TABLE sandbox.app_base DROP COLUMN {column};"));
    bench.execute(&format!(
        "ALTER TABLE sandbox.app_base ADD {column} varchar(1) NOT NULL DEFAULT ('x');
         ALTER TABLE sandbox.app_base ADD CONSTRAINT UQ_theirs UNIQUE ({column});"
    ));
    let (status, all) = plan(&bench, "");
    assert_eq!(status, 3, "{all:#}");
    let step = step_of(&all, &column);
    assert_eq!(step["old"], "varchar(1) NOT NULL", "{step:#}");
    assert!(step["new"].as_str().expect("a type").ends_with(" NULL"), "{step:#}");
    let said = refusals(step);
    assert!(said.starts_with("the unique constraint [uq_theirs"), "{said}");
    assert!(said.contains("] depends on it; drop it, install, and create it again\n"), "{said}");
}

fn the_table_of_another_pipeline_is_not_widened() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    let mark = |value: &str| {
        bench.execute(&format!(
            "EXEC sys.sp_dropextendedproperty @name = N'xmlshred', @level0type = 'SCHEMA',
             @level0name = 'sandbox', @level1type = 'TABLE', @level1name = 'app_base';
             EXEC sys.sp_addextendedproperty @name = N'xmlshred', @value = N'{value}',
             @level0type = 'SCHEMA', @level0name = 'sandbox', @level1type = 'TABLE',
             @level1name = 'app_base';"
        ));
    };
    mark("another");
    for flags in ["", " --alter-tables"] {
        let (status, all) = plan(&bench, flags);
        assert_eq!(status, 3, "{all:#}");
        let said = refusals(step_of(&all, &column));
        let reason = "the pipeline [another] created the table; run `alter table [sandbox].[app_base] alter column [";
        assert!(said.starts_with(reason), "{said}");
    }
    assert_eq!(bench.fail("install --contract contract.toml").0, 3);
    assert_eq!(length(&bench, &column), 1);
    mark(&bench.database.schema);
    bench.succeed("install --contract contract.toml");
    assert!(length(&bench, &column) > 1);
}

fn what_waits_too_long_for_a_table_changes_nothing() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    let mut blocker = Sql::connect(&bench.database.name);
    blocker.execute(
        "BEGIN TRANSACTION; SELECT COUNT(*) FROM sandbox.app_base WITH (TABLOCK, HOLDLOCK);",
    );
    let (status, said) = bench.fail("install --contract contract.toml");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("other work held the table for 10 seconds"), "{said}");
    assert!(said.contains("hint: pause the workers"), "{said}");
    blocker.execute("ROLLBACK TRANSACTION;");
    assert_eq!(length(&bench, &column), 1);
}

fn what_the_plan_refuses_is_not_up_to_date() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let column = shortened(&bench);
    bench.execute(&format!("ALTER TABLE sandbox.app_base DROP COLUMN {column};"));
    bench.execute(&format!("ALTER TABLE sandbox.app_base ADD {column} date NULL;"));
    let (status, plan) = plan(&bench, "");
    assert_eq!(status, 3, "{plan:#}");
    let said = bench.run("install --contract contract.toml");
    assert_eq!(said.status, 3, "{said:?}");
    assert!(said.stderr.contains(&column), "{said:?}");
}
