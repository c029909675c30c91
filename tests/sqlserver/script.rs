//! The script for sqlcmd, and migrations.

use xmlshred::store::sqlserver::install::{SqlFile, State, FILES};

use crate::babelfish;
use crate::bench::Bench;
use crate::database::Server;

crate::trials! {
    the_script_for_sqlcmd_installs_what_install_does,
    every_object_is_described_in_the_catalog,
    a_migration_is_applied_once_in_its_order_and_recorded,
    a_migration_that_fails_leaves_nothing,
}

/// What sqlcmd makes of the script: variables filled in, directives heeded, a batch up to each GO.
pub fn batches_of_sqlcmd(script: &str, schema: &str) -> Vec<String> {
    let text = script
        .replace("$(Schema)", schema)
        .replace("$(SourceSchema)", "dbo")
        .replace("$(SourceTable)", "app_xml")
        .replace("$(SourceIdColumn)", "app_id")
        .replace("$(SourceDocumentColumn)", "xml")
        .replace("$(LogFilegroup)", "DEFAULT")
        .replace("$(LogCompression)", "NONE");
    let mut batches = vec![String::new()];
    for line in text.lines().filter(|line| !line.starts_with(':')) {
        match line == "GO" {
            true => batches.push(String::new()),
            false => *batches.last_mut().expect("one") += &format!("{line}\n"),
        }
    }
    batches.retain(|batch| !batch.trim().is_empty());
    batches
}

fn the_script_for_sqlcmd_installs_what_install_does() {
    let bench = Bench::with_apps(0);
    let script = bench.succeed("install --script");
    let is_babelfish = Server::from_environment().expect("a server").is_babelfish;
    for batch in batches_of_sqlcmd(&script, &bench.database.schema) {
        match is_babelfish {
            true => {
                babelfish::installation(&batch).iter().for_each(|sql| bench.database.execute(sql))
            }
            false => bench.database.execute(&batch),
        }
    }
    let info = bench.succeed("install --info");
    assert!(info.lines().all(|line| line.starts_with("current ")), "{info}");
    assert!(bench.succeed("install").contains(" is up to date\n"));
}

fn every_object_is_described_in_the_catalog() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let without = "SELECT COUNT(*) FROM sys.objects AS o
         WHERE o.schema_id = SCHEMA_ID('pipeline.')
             AND o.type IN ('U', 'V', 'P', 'FN', 'IF', 'TF')
             AND NOT EXISTS
             (
                 SELECT 1 FROM sys.extended_properties AS p
                 WHERE p.major_id = o.object_id AND p.minor_id = 0 AND p.name = N'MS_Description'
             )";
    let without = without.replace("pipeline.", &bench.database.schema);
    let of_columns = "SELECT COUNT(*) FROM sys.extended_properties WHERE minor_id > 0";
    assert_eq!(bench.number(&without), 0);
    let described = bench.number(of_columns);
    assert!(described > 5, "{described}");
    // Installing again describes again, and does not stumble over what is described.
    bench.execute("UPDATE pipeline.processing_install_file SET file_checksum = 0x00;");
    bench.succeed("install");
    assert_eq!((bench.number(&without), bench.number(of_columns)), (0, described));
}

/// This version's files with these after the tables.
fn files_with(migrations: &[SqlFile]) -> &'static [SqlFile] {
    let is_after_the_tables = |file: &&SqlFile| file.name.starts_with("functions/");
    let place = FILES.iter().position(|file| is_after_the_tables(&file)).expect("functions");
    let mut files = FILES.to_vec();
    files.splice(place..place, migrations.iter().copied());
    files.leak()
}

const ADD: SqlFile = SqlFile {
    name: "migrations/0001_note_on_a_claim.sql",
    text: "SET ANSI_NULLS ON;\nSET QUOTED_IDENTIFIER ON;\nGO\n\
           ALTER TABLE [$(Schema)].[processing_claim] ADD note nvarchar(50) NULL;\nGO\n\
           UPDATE [$(Schema)].[processing_claim] SET note = N'it''s old';\nGO\n",
};

/// Fails when it is run before the first, or twice.
const WIDEN: SqlFile = SqlFile {
    name: "migrations/0002_who_noted_it.sql",
    text: "ALTER TABLE [$(Schema)].[processing_claim] ADD noted_by nvarchar(50) NULL;\nGO\n\
           UPDATE [$(Schema)].[processing_claim] SET noted_by = note;\nGO\n",
};

fn a_migration_is_applied_once_in_its_order_and_recorded() {
    let bench = Bench::with_apps(0);
    bench.succeed("install --contract contract.toml");
    let columns = "SELECT COUNT(*) FROM sys.columns
                   WHERE object_id = OBJECT_ID('pipeline.processing_claim')
                       AND name IN ('note', 'noted_by')";
    assert_eq!(bench.number(columns), 0);

    let mut installer = bench.installer().with_files(files_with(&[ADD]));
    let info = installer.info().expect("info");
    let missing: Vec<_> = info.iter().filter(|object| object.state == State::Missing).collect();
    assert_eq!((missing.len(), missing[0].file), (1, ADD.name));
    assert!(!installer.install(None).expect("install").is_empty());
    assert_eq!(bench.number(columns), 1);

    let mut installer = bench.installer().with_files(files_with(&[ADD, WIDEN]));
    assert!(!installer.install(None).expect("install").is_empty());
    assert!(installer.install(None).expect("install").is_empty());
    assert_eq!(bench.number(columns), 2);
    let info = installer.info().expect("info");
    assert!(info.iter().all(|object| object.state == State::Current), "{info:?}");

    // A database that was never seen before takes the same way.
    let fresh = Bench::with_apps(0);
    fresh.installer().with_files(files_with(&[ADD, WIDEN])).install(None).expect("install");
    assert_eq!(fresh.number(columns), 2);
}

fn a_migration_that_fails_leaves_nothing() {
    let bench = Bench::with_apps(0);
    bench.succeed("install");
    let wrong = SqlFile {
        name: "migrations/0001_wrong.sql",
        text: "CREATE TABLE [$(Schema)].[half] (half int NULL);\nGO\n\
               INSERT INTO [$(Schema)].[half] (half) VALUES (1 / 0);\nGO\n",
    };
    let error = bench.installer().with_files(files_with(&[wrong])).install(None);
    let said = error.expect_err("division by zero").to_string();
    assert!(said.contains(wrong.name), "{said}");
    assert_eq!(bench.value("SELECT OBJECT_ID('pipeline.half')"), "null");
    assert!(bench.succeed("install").contains(" is up to date\n"));
}
