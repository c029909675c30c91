//! Target tables of an earlier system, which are filled as they are.

use crate::bench::{Bench, Said};

crate::trials! {
    tables_of_an_earlier_system_are_filled_as_they_are,
    what_the_tables_have_and_the_contract_does_not_say_is_named,
    two_pipelines_share_target_tables_and_count_their_own,
    an_import_for_the_tables_of_the_database_fits_them,
    numbers_that_would_collide_are_told_before_anything_is_changed,
    what_a_constraint_refuses_fails_alone_and_codes_of_one_letter_stay,
    what_is_no_table_is_called_what_it_is,
}

/// Identity columns with values from elsewhere, a computed column, defaults, checks, a table of enums, a
/// trigger, collations, and children that know only their parent. Batches are separated by blank lines.
const TABLES: &str = "
CREATE TABLE sandbox.app_enums (enum_id smallint NOT NULL CONSTRAINT PK_app_enums PRIMARY KEY);
INSERT INTO sandbox.app_enums (enum_id) VALUES (10), (11), (20), (21), (30), (31);

CREATE TABLE sandbox.app_base
(
    app_id int NOT NULL IDENTITY (1, 1) CONSTRAINT PK_app_base PRIMARY KEY,
    status_enum smallint NULL CONSTRAINT FK_app_base_status REFERENCES sandbox.app_enums (enum_id),
    received datetime NOT NULL CONSTRAINT DF_app_base_received DEFAULT GETUTCDATE(),
    branch char(3) NULL,
    retain_until datetime NULL
);

CREATE TABLE sandbox.app_contact_base
(
    con_id int NOT NULL IDENTITY (1, 1) CONSTRAINT PK_app_contact_base PRIMARY KEY,
    app_id int NOT NULL CONSTRAINT FK_app_contact_base_app
        REFERENCES sandbox.app_base (app_id) ON DELETE CASCADE,
    contact_type_enum smallint NOT NULL CONSTRAINT FK_app_contact_base_type
        REFERENCES sandbox.app_enums (enum_id),
    tax_number varchar(9) NOT NULL,
    tax_number_last_4 AS RIGHT(tax_number, 4) PERSISTED,
    CONSTRAINT UC_app_contact_base UNIQUE (con_id, contact_type_enum)
);

CREATE INDEX IX_app_contact_base_app ON sandbox.app_contact_base (app_id);

CREATE TABLE sandbox.app_contact_address
(
    con_id int NOT NULL CONSTRAINT FK_app_contact_address_con
        REFERENCES sandbox.app_contact_base (con_id) ON DELETE CASCADE,
    address_type_enum smallint NOT NULL CONSTRAINT FK_app_contact_address_type
        REFERENCES sandbox.app_enums (enum_id),
    city varchar(50) COLLATE Latin1_General_CS_AS NULL,
    months smallint NULL CONSTRAINT CK_app_contact_address_months CHECK (months >= 0),
    CONSTRAINT PK_app_contact_address PRIMARY KEY CLUSTERED (con_id, address_type_enum)
);

CREATE TABLE sandbox.audit (con_id int NOT NULL);

CREATE TRIGGER sandbox.TR_app_contact_base ON sandbox.app_contact_base AFTER INSERT
AS INSERT INTO sandbox.audit (con_id) SELECT i.con_id FROM inserted AS i;";

const CONTRACT: &str = r#"
[contract]
name = "membership"
target_schema = "sandbox"

[document]
root = "Membership"
key = "/Membership/Request/@ID"

[[tables]]
name = "app_base"
each = "/Membership/Request"
primary_key = ["app_id"]
app_column = "app_id"
on_existing = "replace"
[tables.columns]
app_id      = { type = "int", value = "APP_ID()", identity = "explicit" }
status_enum = { type = "smallint", value = "@status" }
branch      = { type = "char(3)", value = "@branch" }

[[tables]]
name = "app_contact_base"
each = "/Membership/Request/contact"
primary_key = ["con_id"]
app_column = "app_id"
foreign_key = { columns = ["app_id"], references = "app_base" }
on_existing = "replace"
[tables.columns]
con_id            = { type = "int", value = "@con_id", identity = "explicit" }
app_id            = { type = "int", value = "APP_ID()" }
contact_type_enum = { type = "smallint", value = "@role", required = true }
tax_number        = { type = "varchar(9)", value = "DIGITS(@ssn)", required = true }

[[tables]]
name = "app_contact_address"
each = "/Membership/Request/contact/address"
primary_key = ["con_id", "address_type_enum"]
foreign_key = { columns = ["con_id"], references = "app_contact_base" }
on_existing = "replace"
[tables.columns]
con_id            = { type = "int", value = "../@con_id" }
address_type_enum = { type = "smallint", value = "@kind" }
city              = { type = "varchar(50)", value = "@city" }
months            = { type = "smallint", value = "@months" }
"#;

/// Application 1 is right. A contact of application 2 has a role that does not exist. The earlier system wrote
/// application 900, whose document is not in the source.
fn bench() -> Bench {
    let bench = Bench::with_apps(0);
    for batch in TABLES.split("\n\n") {
        bench.database.execute(batch);
    }
    bench.database.execute(
        "SET IDENTITY_INSERT sandbox.app_base ON;
         INSERT INTO sandbox.app_base (app_id, status_enum) VALUES (900, 10);
         SET IDENTITY_INSERT sandbox.app_base OFF;
         SET IDENTITY_INSERT sandbox.app_contact_base ON;
         INSERT INTO sandbox.app_contact_base (con_id, app_id, contact_type_enum, tax_number)
         VALUES (9000, 900, 20, '111223333');
         SET IDENTITY_INSERT sandbox.app_contact_base OFF;
         INSERT INTO sandbox.app_contact_address (con_id, address_type_enum) VALUES (9000, 30);",
    );
    for (app_id, role) in [(1, 20), (2, 99)] {
        let con_id = app_id * 10;
        bench.database.execute(&format!(
            "INSERT INTO dbo.app_xml (app_id, xml) VALUES ({app_id}, CONVERT(varbinary(max), CONVERT(varchar(max),
             '<Membership><Request ID=\"{app_id}\" status=\"11\" branch=\"W7\">
              <contact con_id=\"{con_id}\" role=\"{role}\" ssn=\"000-11-2222\"><address kind=\"30\" city=\"Plainville\"/>
              <address kind=\"31\"/></contact></Request></Membership>')));"
        ));
    }
    bench.write("contract.toml", CONTRACT);
    bench
}

fn tables_of_an_earlier_system_are_filled_as_they_are() {
    let bench = bench();
    bench.succeed("install --contract contract.toml");
    bench.succeed("enqueue");
    let first = bench.run("run --contract contract.toml");
    assert_eq!(first.status, 1, "application 2 fails: {first:?}");
    let rows = "SELECT CONCAT((SELECT COUNT(*) FROM sandbox.app_base), ' ',
        (SELECT COUNT(*) FROM sandbox.app_contact_base), ' ',
        (SELECT COUNT(*) FROM sandbox.app_contact_address))";
    assert_eq!(bench.value(rows), "2 2 3", "application 1 and that of the earlier system");
    let audited =
        "SELECT CONCAT(COUNT(*), ' ', MAX(con_id)) FROM sandbox.audit WHERE con_id <> 9000";
    assert_eq!(bench.value(audited), "1 10", "the trigger has seen each row, and none that failed");
    let contact = "SELECT CONCAT(con_id, ' ', app_id, ' ', tax_number_last_4)
        FROM sandbox.app_contact_base WHERE app_id = 1";
    assert_eq!(bench.value(contact), "10 1 2222");
    let received =
        "SELECT COUNT(*) FROM sandbox.app_base WHERE app_id = 1 AND received IS NOT NULL";
    assert_eq!(bench.value(received), "1", "the default");
    let failed = "SELECT failure_category FROM pipeline.processing_log WHERE app_id = 2";
    assert_eq!(bench.value(failed), "constraint_violation");

    // Replaced through the chain of keys, and again without leaving IDENTITY_INSERT on.
    bench.succeed("requeue --app-id 1 --contract contract.toml");
    bench.succeed("run --contract contract.toml");
    assert_eq!(bench.value(rows), "2 2 3");
    let attempt =
        "SELECT MAX(attempt) FROM pipeline.processing_log WHERE app_id = 1 AND has_rows = 1";
    assert_eq!(bench.value(attempt), "2");

    assert_eq!(reconciled(&bench, "pipeline"), ["0 0 -", "0 0 1", "0 0 1", "0 0 1"]);
}

/// For the source and each table: difference, applications that differ, and rows of others.
fn reconciled(bench: &Bench, schema: &str) -> Vec<String> {
    let rows = bench.database.query(&bench.database.own(&format!("EXEC {schema}.usp_Reconcile;")));
    let shown = |row: &Vec<Option<String>>| {
        [&row[3], &row[4], &row[6]].map(|cell| cell.as_deref().unwrap_or("-")).join(" ")
    };
    rows.iter().map(shown).collect()
}

/// What the doctor says, without the line that differs from second to second.
fn without_clock(said: &str) -> String {
    said.lines().filter(|line| !line.contains(" clock ")).collect::<Vec<_>>().join("\n")
}

/// A schema each, a source each, the same target tables.
fn two_pipelines_share_target_tables_and_count_their_own() {
    let bench = bench();
    bench.database.execute(
        "CREATE TABLE dbo.other_xml (app_id bigint NOT NULL PRIMARY KEY, xml varbinary(max) NULL);",
    );
    for app_id in [11, 12] {
        bench.database.execute(&format!(
            "INSERT INTO dbo.other_xml (app_id, xml) VALUES ({app_id}, CONVERT(varbinary(max), CONVERT(varchar(max),
             '<Membership><Request ID=\"{app_id}\" status=\"10\"><contact con_id=\"{app_id}0\" role=\"20\" ssn=\"1\"/>
              </Request></Membership>')));"
        ));
    }
    bench.write("other.toml", &CONTRACT.replace("name = \"membership\"", "name = \"other\""));
    let other = |arguments: &str| {
        let mut command = bench.command(&format!("{arguments} --contract other.toml"));
        let said = Said::of(
            command.env("XMLSHRED_SCHEMA", "other").env("XMLSHRED_SOURCE_TABLE", "dbo.other_xml"),
        );
        assert_eq!(said.status, 0, "{arguments}: {said:?}");
        said.stdout
    };
    bench.succeed("install --contract contract.toml");
    other("install");
    let doctors = || {
        [bench.succeed("doctor --contract contract.toml"), other("doctor")]
            .map(|said| without_clock(&said))
    };
    let alone = doctors();
    bench.succeed("enqueue");
    other("enqueue");
    assert_eq!(bench.run("run --contract contract.toml").status, 1, "application 2 fails");
    other("run");
    assert_eq!(bench.value("SELECT COUNT(*) FROM sandbox.app_base"), "4");
    assert_eq!(reconciled(&bench, "pipeline"), ["0 0 -", "0 0 3", "0 0 3", "0 0 1"]);
    assert_eq!(reconciled(&bench, "other"), ["0 0 -", "0 0 2", "0 0 2", "0 0 3"]);
    bench.succeed("verify --all --contract contract.toml");
    let verified = other("verify --all");
    assert!(
        verified.contains("equal") && verified.lines().any(|l| l.ends_with(" 2")),
        "{verified}"
    );
    // Whether it is well does not depend on the rows of others: neither is one a finding, nor a difference
    // of the tables, which stops no run.
    assert_eq!(doctors(), alone);
    let told = format!(
        "{}{}",
        bench.succeed("contract check contract.toml --against-database"),
        other("run")
    );
    assert!(!told.contains("may refuse"), "{told}");
    // One is uninstalled, and the other's rows and objects stay.
    bench.succeed("uninstall --all");
    assert_eq!(bench.value("SELECT COUNT(*) FROM sandbox.app_base"), "4");
    other("verify --all");
}

fn what_the_tables_have_and_the_contract_does_not_say_is_named() {
    let bench = bench();
    bench.write("contract.toml", &CONTRACT.replace(", identity = \"explicit\"", ""));
    let (status, said) = bench.fail("install --contract contract.toml");
    assert_eq!(status, 3, "{said}");
    assert!(
        said.contains("app_id is an identity") && said.contains("identity = \"explicit\""),
        "{said}"
    );
    assert_eq!(bench.value("SELECT OBJECT_ID('pipeline.processing_queue')"), "null");
    // The database may number what no document does.
    let numbered =
        CONTRACT.replace("\"@con_id\", identity = \"explicit\"", "\"@con_id\", identity = true");
    bench.write("contract.toml", &numbered);
    let (_, said) = bench.fail("contract check contract.toml");
    assert!(said.contains("must not have a value"), "{said}");
}

const EARLIER: &str = include_str!("../import/takeover/contract.json");
const SCHEMA: &str = include_str!("../import/takeover/schema.sql");

/// Nothing is installed yet. The script and the database say the same.
fn an_import_for_the_tables_of_the_database_fits_them() {
    let bench = Bench::with_apps(0);
    for batch in SCHEMA.split("\nGO") {
        bench.database.execute(batch);
    }
    bench.write("legacy.json", EARLIER);
    bench.write("schema.sql", SCHEMA);
    let of_database = bench.run("contract import legacy.json --against-database");
    assert_eq!(of_database.status, 0, "{of_database:?}");
    let of_script = bench.run("contract import legacy.json --ddl schema.sql");
    assert_eq!(of_database.stdout, of_script.stdout);
    bench.write("imported.toml", &of_database.stdout);
    let checked = bench.succeed("contract check imported.toml --against-database");
    assert!(!checked.contains("may refuse"), "{checked}");
}

/// The database numbers the rows, and somebody has put higher numbers into the table.
fn numbers_that_would_collide_are_told_before_anything_is_changed() {
    let bench = Bench::with_apps(0);
    bench.database.execute(
        "CREATE TABLE dbo.note (id int NOT NULL IDENTITY (1, 1) CONSTRAINT PK_note PRIMARY KEY, app_id int NOT NULL);",
    );
    bench.write(
        "contract.toml",
        r#"
[contract]
name = "notes"
target_schema = "dbo"

[document]
root = "Note"

[[tables]]
name = "note"
each = "/Note"
primary_key = ["id"]
app_column = "app_id"
[tables.columns]
id     = { type = "int", identity = true }
app_id = { type = "int", value = "APP_ID()" }
"#,
    );
    bench.succeed("contract check contract.toml --against-database");
    bench.database.execute(
        "SET IDENTITY_INSERT dbo.note ON;
         INSERT INTO dbo.note (id, app_id) VALUES (500, 1);
         SET IDENTITY_INSERT dbo.note OFF;
         DBCC CHECKIDENT ('dbo.note', RESEED, 10);",
    );
    let checked = bench.run("contract check contract.toml --against-database");
    assert_eq!(checked.status, 3, "{checked:?}");
    assert!(checked.stdout.contains("numbered from 10 on, but 500 is in the table"), "{checked:?}");
    let (status, said) = bench.fail("install --contract contract.toml");
    assert_eq!(status, 3, "{said}");
    assert!(said.contains("DBCC CHECKIDENT (N'[dbo].[note]', RESEED, 500);"), "{said}");
    assert_eq!(bench.value("SELECT OBJECT_ID('pipeline.processing_queue')"), "null");
    bench.database.execute("DBCC CHECKIDENT ('dbo.note', RESEED, 500);");
    bench.succeed("install --contract contract.toml");
}

/// A unique constraint beside the primary key, a unique index, and columns of one character.
fn what_a_constraint_refuses_fails_alone_and_codes_of_one_letter_stay() {
    let bench = Bench::with_apps(0);
    bench.database.execute(
        "CREATE TABLE dbo.member
         (
             app_id int NOT NULL CONSTRAINT PK_member PRIMARY KEY,
             card varchar(10) NULL CONSTRAINT UQ_member_card UNIQUE,
             code char(1) NULL,
             flag char(1) NOT NULL,
             remark nvarchar(10) SPARSE NULL
         );",
    );
    bench.write(
        "contract.toml",
        r#"
[contract]
name = "members"
target_schema = "dbo"

[document]
root = "m"

[[tables]]
name = "member"
each = "/m"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
card   = { type = "varchar(10)", value = "@card" }
code   = { type = "char(1)", value = "@code" }
flag   = { type = "char(1)", value = "@flag", required = true }
"#,
    );
    // 3 has the card of 1; 4 has a code of two letters; 5 has one with blanks; 6 has a blank code, and 7 a
    // blank flag.
    for (app_id, document) in [
        (1, "<m card=\"A1\" code=\"W\" flag=\"Y\"/>"),
        (2, "<m card=\"A2\" flag=\"N\"/>"),
        (3, "<m card=\"A1\" code=\"X\" flag=\"Y\"/>"),
        (4, "<m card=\"A4\" code=\"XY\" flag=\"Y\"/>"),
        (5, "<m card=\"A5\" code=\"Z  \" flag=\"Q\"/>"),
        (6, "<m card=\"A6\" code=\" \" flag=\"q\"/>"),
        (7, "<m card=\"A7\" flag=\" \"/>"),
    ] {
        bench.database.execute(&format!(
            "INSERT INTO dbo.app_xml (app_id, xml) VALUES ({app_id}, CONVERT(varbinary(max), CONVERT(varchar(max), '{document}')));"
        ));
    }
    bench.succeed("install --contract contract.toml");
    bench.succeed("enqueue");
    let ran = bench.run("run --contract contract.toml");
    assert_eq!(ran.status, 1, "some fail: {ran:?}");
    let failed = bench.database.query(&bench.database.own(
        "SELECT CONCAT(app_id, ' ', failure_category, ' ', failure_table, ' ', failure_reason)
         FROM pipeline.processing_log WHERE status = 'failed' ORDER BY app_id",
    ));
    let failed: Vec<String> = failed.into_iter().flatten().flatten().collect();
    assert!(failed[0].starts_with("3 constraint_violation member"), "{failed:?}");
    assert!(failed[0].contains("uq_member_card"), "{failed:?}");
    assert!(failed[1].starts_with("4 too_long member"), "{failed:?}");
    assert!(failed[2].starts_with("7 missing_required member"), "{failed:?}");
    assert_eq!(failed.len(), 3, "{failed:?}");
    let rows = bench.database.query(
        "SELECT CONCAT(app_id, ' ', card, '[', code, '][', flag, ']') FROM dbo.member ORDER BY app_id",
    );
    let rows: Vec<String> = rows.into_iter().flatten().flatten().collect();
    assert_eq!(rows, ["1 a1[w][y]", "2 a2[][n]", "5 a5[z][q]", "6 a6[][q]"]);
    bench.succeed("verify --all --contract contract.toml");
}

/// A view and a synonym with the name of a target table.
fn what_is_no_table_is_called_what_it_is() {
    let bench = bench();
    bench.database.execute(
        "DROP TABLE sandbox.app_contact_address;
         CREATE TABLE sandbox.addresses (con_id int NOT NULL, address_type_enum smallint NOT NULL);",
    );
    bench.database.execute(
        "CREATE VIEW sandbox.app_contact_address AS SELECT con_id, address_type_enum FROM sandbox.addresses;",
    );
    let checked = bench.run("contract check contract.toml --against-database");
    assert_eq!(checked.status, 3, "{checked:?}");
    assert!(
        checked.stdout.contains("app_contact_address: it is a view; name the table"),
        "{checked:?}"
    );
}
