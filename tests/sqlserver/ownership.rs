//! Nothing of others is touched: what has a name of ours and was not created by an installation.

use crate::babelfish;
use crate::bench::Bench;
use crate::script::batches_of_sqlcmd;

crate::trials! {
    what_others_have_is_listed_and_stays_as_it_is,
    what_others_put_in_the_place_of_ours_stays,
    what_is_older_than_the_mark_is_ours,
    a_schema_of_others_stays,
    what_a_migration_would_drop_stays,
    a_name_of_a_target_table_that_is_taken_is_refused,
    a_contract_with_longer_types_widens_its_own_tables,
    a_contract_that_does_not_require_a_column_lets_it_be_null,
    a_target_table_of_others_is_altered_only_when_asked,
}

/// Objects of others in a schema of theirs, each with a name of ours: what creates them, and what they
/// are called.
const OF_OTHERS: &[(&str, &str)] = &[
    (
        "CREATE TABLE pipeline.processing_log
         (log_id int IDENTITY (1, 1) NOT NULL PRIMARY KEY, app_id int,
          CONSTRAINT CK_processing_pause_resumed CHECK (app_id > 0));
         INSERT INTO pipeline.processing_log (app_id) VALUES (7), (8), (9);",
        "table pipeline.processing_log",
    ),
    ("", "constraint pipeline.ck_processing_pause_resumed of [processing_log]"),
    (
        "CREATE TABLE pipeline.processing_install_file (file_name nvarchar(200), note int);
         INSERT INTO pipeline.processing_install_file VALUES (N'tables/processing_log.sql', 1);",
        "table pipeline.processing_install_file",
    ),
    (
        "CREATE TABLE pipeline.processing_install (install_id int, colour int);",
        "table pipeline.processing_install",
    ),
    (
        "CREATE VIEW pipeline.vw_QueueStatus AS SELECT 1 AS of_others;",
        "view pipeline.vw_queuestatus",
    ),
    (
        "CREATE PROCEDURE pipeline.usp_GetContract AS INSERT INTO pipeline.processing_log (app_id) VALUES (10);",
        "procedure pipeline.usp_getcontract",
    ),
    (
        "CREATE PROCEDURE pipeline.usp_LoadApps AS SELECT 2 AS of_others;",
        "procedure pipeline.usp_loadapps",
    ),
    (
        "CREATE FUNCTION pipeline.ufn_RefusalKind () RETURNS int AS BEGIN RETURN 3; END;",
        "function pipeline.ufn_refusalkind",
    ),
    (
        "CREATE SEQUENCE pipeline.processing_queue START WITH 4;",
        "sequence pipeline.processing_queue",
    ),
    ("CREATE TYPE pipeline.processing_claim FROM int;", "type pipeline.processing_claim"),
    (
        "CREATE TRIGGER pipeline.vw_Sessions ON pipeline.processing_install AFTER INSERT AS SELECT 5;",
        "trigger pipeline.vw_sessions of [processing_install]",
    ),
];

/// Which Babelfish does not have.
const SYNONYM: (&str, &str) =
    ("CREATE SYNONYM pipeline.usp_Pause FOR dbo.app_xml;", "synonym pipeline.usp_pause");

/// Everything in the schema: objects, types, texts and rows.
fn everything(bench: &Bench) -> Vec<Vec<Option<String>>> {
    let schema = format!("SCHEMA_ID('{}')", bench.database.schema);
    let queries = [
        format!(
            "SELECT o.name, CONVERT(varchar(20), o.object_id), CONVERT(varchar(2), o.type), m.definition
             FROM sys.objects AS o LEFT JOIN sys.sql_modules AS m ON o.object_id = m.object_id
             WHERE o.schema_id = {schema} ORDER BY o.object_id"
        ),
        format!("SELECT t.name FROM sys.types AS t WHERE t.schema_id = {schema} ORDER BY t.name"),
        "SELECT COUNT(*) FROM sys.extended_properties".to_owned(),
    ];
    let mut all: Vec<_> = queries.iter().flat_map(|sql| bench.database.query(sql)).collect();
    for table in ["processing_log", "processing_install_file"] {
        let rows = format!("SELECT * FROM pipeline.{table} ORDER BY 1");
        all.extend(bench.database.query(&bench.database.own(&rows)));
    }
    all
}

fn what_others_have_is_listed_and_stays_as_it_is() {
    let bench = Bench::with_apps(0);
    let schema = bench.database.schema.clone();
    bench.execute(&format!("CREATE SCHEMA {schema} AUTHORIZATION dbo;"));
    let synonym = (!crate::program::is_babelfish()).then_some(&SYNONYM);
    let of_others: Vec<_> = OF_OTHERS.iter().chain(synonym).collect();
    for (create, _) in of_others.iter().filter(|(create, _)| !create.is_empty()) {
        bench.execute(create);
    }
    let before = everything(&bench);
    let assert_named = |said: &str| {
        let said = said.to_lowercase();
        for (_, name) in &of_others {
            let (kind, rest) = name.split_once(" pipeline.").expect("a kind");
            let (name, parent) = rest.split_once(" of ").unwrap_or((rest, ""));
            let line = format!("{kind} [{schema}].[{name}]");
            assert!(said.contains(&line) && said.contains(parent), "{line} is not in\n{said}");
        }
        assert_eq!(said.matches(&format!("[{schema}].[")).count(), of_others.len(), "{said}");
    };

    for install in ["install", "install --contract contract.toml"] {
        let (status, said) = bench.fail(install);
        assert_eq!(status, 2, "{said}");
        assert_named(&said);
        assert!(said.contains("hint: install into another schema with --schema"), "{said}");
        assert!(everything(&bench) == before, "{install}");
    }

    // The script alone refuses too, before it changes anything.
    let script = bench.succeed("install --script");
    let refused = batches_of_sqlcmd(&script, &schema).iter().find_map(|batch| {
        let batches = match crate::program::is_babelfish() {
            true => babelfish::installation(batch),
            false => vec![batch.clone()],
        };
        let run = |sql: &String| bench.database.with(|connection| connection.try_query(sql)).err();
        batches.iter().find_map(run)
    });
    let refused = refused.expect("a refusal").to_string();
    assert!(refused.contains("xmlshred did not create what has these names"), "{refused}");
    assert_named(&refused);
    bench.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;");
    assert!(everything(&bench) == before);

    let info = bench.succeed("install --info");
    assert!(info.contains("foreign  tables/processing_log.sql\n"), "{info}");
    assert!(info.contains("foreign  procs/usp_GetContract.sql\n"), "{info}");
    assert!(!info.contains("older    tables/"), "{info}");

    for uninstall in ["uninstall --keep-data", "uninstall --all"] {
        let said = bench.succeed(uninstall).to_lowercase();
        for (_, name) in of_others.iter().filter(|(create, _)| !create.is_empty()) {
            let (kind, name) = name.split_once(" pipeline.").expect("a kind");
            let name = name.split(" of ").next().expect("a name");
            let line = format!("kept, not created by xmlshred: {kind} [{schema}].[{name}]");
            assert!(said.contains(&line), "{line} is not in\n{said}");
        }
        assert!(everything(&bench) == before, "{uninstall}");
    }
}

fn what_others_put_in_the_place_of_ours_stays() {
    let bench = Bench::ready(3);
    bench.execute("DROP TABLE pipeline.processing_pause;");
    bench.execute(
        "CREATE TABLE pipeline.processing_pause (a int NOT NULL);
         INSERT INTO pipeline.processing_pause VALUES (1), (2);",
    );
    let (status, said) = bench.fail("install");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("].[processing_pause]\n"), "{said}");
    let said = bench.succeed("uninstall --all");
    assert!(said.contains("kept, not created by xmlshred: table ["), "{said}");
    assert_eq!(bench.number("SELECT SUM(a) FROM pipeline.processing_pause"), 3);
    let left = format!(
        "SELECT COUNT(*) FROM sys.objects WHERE schema_id = SCHEMA_ID('{}')",
        bench.database.schema
    );
    assert_eq!(bench.number(&left), 1, "everything else is gone");
}

/// What an installation of the time before the mark does not have.
fn without_marks(bench: &Bench) {
    let marks = bench.database.query_exactly(
        "SELECT s.name, o.name,
             CASE RTRIM(o.type) WHEN 'U' THEN 'TABLE' WHEN 'V' THEN 'VIEW' WHEN 'P' THEN 'PROCEDURE'
                 ELSE 'FUNCTION' END
         FROM sys.extended_properties AS p
         INNER JOIN sys.objects AS o ON o.object_id = p.major_id
         INNER JOIN sys.schemas AS s ON s.schema_id = o.schema_id
         WHERE p.class = 1 AND p.name = 'xmlshred'",
    );
    assert!(marks.len() > 50, "{marks:?}");
    for mark in marks {
        let [Some(schema), Some(object), Some(kind)] = &mark[..] else { panic!("{mark:?}") };
        bench.execute(&format!(
            "EXEC sys.sp_dropextendedproperty @name = N'xmlshred', @level0type = 'SCHEMA',
             @level0name = '{schema}', @level1type = '{kind}', @level1name = '{object}';"
        ));
    }
}

fn what_is_older_than_the_mark_is_ours() {
    let bench = Bench::ready(3);
    let marks =
        "SELECT COUNT(*) FROM sys.extended_properties WHERE class = 1 AND name = 'xmlshred'";
    let marked = bench.number(marks);
    without_marks(&bench);
    bench.execute("UPDATE pipeline.processing_install_file SET file_checksum = 0x00;");
    bench.succeed("install");
    let targets = "SELECT COUNT(*) FROM sys.tables WHERE schema_id = SCHEMA_ID('sandbox')";
    assert_eq!(bench.number(marks), marked - bench.number(targets), "without the target tables");
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.assert_all_concluded();
    without_marks(&bench);
    bench.succeed("uninstall --all");
    assert_eq!(bench.value(&format!("SELECT SCHEMA_ID('{}')", bench.database.schema)), "null");
}

fn a_schema_of_others_stays() {
    let bench = Bench::with_apps(0);
    let schema = &bench.database.schema;
    bench.execute(&format!("CREATE SCHEMA {schema} AUTHORIZATION dbo;"));
    bench.succeed("install");
    bench.succeed("uninstall --all");
    let left = format!("SELECT COUNT(*) FROM sys.objects WHERE schema_id = SCHEMA_ID('{schema}')");
    assert_eq!(bench.number(&left), 0);
    assert_ne!(bench.value(&format!("SELECT SCHEMA_ID('{schema}')")), "null");
    // One of ours in which others have only a type stays too.
    bench.execute(&format!("DROP SCHEMA {schema};"));
    bench.succeed("install");
    bench.execute("CREATE TYPE pipeline.of_others FROM int;");
    bench.succeed("uninstall --all");
    assert_ne!(bench.value(&format!("SELECT SCHEMA_ID('{schema}')")), "null");
}

fn what_a_migration_would_drop_stays() {
    let bench = Bench::with_apps(0);
    let schema = &bench.database.schema;
    bench.execute(&format!("CREATE SCHEMA {schema} AUTHORIZATION dbo;"));
    bench.execute("CREATE PROCEDURE pipeline.usp_RefuseApps AS SELECT 1 AS of_others;");
    bench.succeed("install");
    assert_ne!(bench.value("SELECT OBJECT_ID('pipeline.usp_RefuseApps')"), "null");
}

fn a_name_of_a_target_table_that_is_taken_is_refused() {
    let bench = Bench::with_apps(0);
    bench.execute("CREATE VIEW sandbox.app_base AS SELECT 1 AS app_id;");
    bench.execute("CREATE SEQUENCE sandbox.PK_app_terms START WITH 1;");
    let (status, said) = bench.fail("install --contract contract.toml");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("\n  view [sandbox].[app_base]\n"), "{said}");
    let made = format!("SELECT SCHEMA_ID('{}')", bench.database.schema);
    assert_eq!(bench.value(&made), "null", "nothing was installed");
}

/// A column that may be NULL, with its length and whether it may be NULL now.
fn optional_text(bench: &Bench) -> (String, String) {
    let column = bench.value(
        "SELECT TOP (1) c.name FROM sys.columns AS c
         WHERE c.object_id = OBJECT_ID('sandbox.app_base') AND c.is_nullable = 1
             AND TYPE_NAME(c.user_type_id) = 'varchar' AND c.max_length > 1
         ORDER BY c.column_id",
    );
    let shape = format!(
        "SELECT CONCAT(c.max_length, ' ', CONVERT(int, c.is_nullable)) FROM sys.columns AS c
         WHERE c.object_id = OBJECT_ID('sandbox.app_base') AND c.name = '{column}'"
    );
    (column, shape)
}

fn install_again(bench: &Bench) {
    bench.execute("UPDATE pipeline.processing_install_file SET file_checksum = 0x00;");
    bench.succeed("install --contract contract.toml");
}

fn a_contract_with_longer_types_widens_its_own_tables() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let (column, shape) = optional_text(&bench);
    let as_installed = bench.value(&shape);
    // As an earlier contract made it.
    bench.execute(&format!("ALTER TABLE sandbox.app_base ALTER COLUMN {column} varchar(1);"));
    assert_eq!(bench.value(&shape), "1 1");
    install_again(&bench);
    assert_eq!(bench.value(&shape), as_installed);
    // A shorter type is not made of a longer one.
    bench.execute(&format!("ALTER TABLE sandbox.app_base ALTER COLUMN {column} varchar(4000);"));
    install_again(&bench);
    assert_eq!(bench.value(&shape), "4000 1");
}

fn a_contract_that_does_not_require_a_column_lets_it_be_null() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let (column, shape) = optional_text(&bench);
    let as_installed = bench.value(&shape);
    bench.execute(&format!(
        "ALTER TABLE sandbox.app_base ALTER COLUMN {column} varchar(1) NOT NULL;"
    ));
    install_again(&bench);
    assert_eq!(bench.value(&shape), as_installed);
}

fn a_target_table_of_others_is_altered_only_when_asked() {
    let bench = Bench::with_apps(2);
    bench.succeed("install --contract contract.toml");
    bench.succeed("uninstall --all");
    // The tables as others would have created them: without the mark, and without some columns.
    let tables = bench.database.query_exactly(
        "SELECT t.name FROM sys.tables AS t WHERE t.schema_id = SCHEMA_ID('sandbox')",
    );
    for table in tables.iter().flatten().flatten() {
        bench.execute(&format!(
            "EXEC sys.sp_dropextendedproperty @name = N'xmlshred', @level0type = 'SCHEMA',
             @level0name = 'sandbox', @level1type = 'TABLE', @level1name = '{table}';"
        ));
    }
    let optional = "SELECT TOP (1) c.name FROM sys.columns AS c
                    WHERE c.object_id = OBJECT_ID('sandbox.app_base') AND c.is_nullable = 1
                    ORDER BY c.column_id DESC";
    let column = bench.value(optional);
    bench.execute(&format!("ALTER TABLE sandbox.app_base DROP COLUMN {column};"));
    let columns =
        "SELECT COUNT(*) FROM sys.columns WHERE object_id = OBJECT_ID('sandbox.app_base')";
    let had = bench.number(columns);

    let (status, said) = bench.fail("install --contract contract.toml");
    assert_eq!(status, 3, "{said}");
    let alter = format!("ALTER TABLE [sandbox].[app_base] ADD [{column}] ");
    for part in [
        &format!("table app_base does not fit the contract: column {column} does not exist"),
        "xmlshred did not create the table\nhint: run `",
        &alter,
        "or install with --alter-tables",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert_eq!(bench.number(columns), had);

    // The script finds out on the server what is missing.
    let script = bench.succeed("install --contract contract.toml --alter-tables --dry-run");
    assert!(script.contains(&format!("(N'app_base', N'{column}', ")), "{script}");
    assert_eq!(bench.number(columns), had);

    let said = bench.succeed("install --contract contract.toml --alter-tables");
    let plan = format!("target tables of others are altered:\n  {alter}");
    assert!(said.starts_with(&plan), "{said}");
    assert_eq!(bench.number(columns), had + 1);
    let said = bench.succeed("install --contract contract.toml --alter-tables");
    assert!(said.starts_with("no target table of others is altered\n"), "{said}");
    // It is still a table of others.
    bench.execute(&format!("ALTER TABLE sandbox.app_base DROP COLUMN {column};"));
    bench.execute("UPDATE pipeline.processing_install_file SET file_checksum = 0x00;");
    assert_eq!(bench.fail("install --contract contract.toml").0, 3);
}
