//! The SQL Server store under the suite.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use xmlshred::id::ClaimToken;
use xmlshred::store::sqlserver::install::{Installer, Names, SqlFile, FILES};
use xmlshred::store::sqlserver::{ServerSettings, SqlServerStore};
use xmlshred::store::Store;

use crate::database::{binary, connection_string_of, locked, Database};
use crate::invariants;
use crate::store::harness::{document, Cause, Harness};

/// An installation in a database that no other test uses meanwhile.
pub struct SqlServerHarness {
    /// There until the harness is dropped.
    database: Option<Database>,
}

/// Installed databases that no test uses just now: installing takes longer than most tests.
static IDLE: Mutex<Vec<Database>> = Mutex::new(Vec::new());

impl SqlServerHarness {
    /// As good as new: a new one, or one that a test which passed has left and that was emptied.
    pub fn fresh() -> Self {
        let idle = locked(&IDLE).pop();
        if let Some(database) = idle {
            return Self { database: Some(database) };
        }
        let harness = Self::with_source("varbinary(max)");
        harness.installer().install(None).expect("install");
        harness
    }

    /// Lets another test have the database, if it can be emptied.
    pub fn leave(mut self) {
        let wrong =
            self.database().with(|sql| invariants::wrong_sums(sql, &self.database().schema));
        assert_eq!(wrong, Vec::<String>::new(), "the sums at the end of the test");
        let Some(database) = self.database.take() else { return };
        // Babelfish now and then looks for a table under a name made twice: then it is dropped.
        if database.with(|sql| sql.try_query(&database.own(EMPTY))).is_ok() {
            locked(&IDLE).push(database);
        }
    }

    /// Drops the databases that were kept for other tests.
    pub fn drop_idle() {
        locked(&IDLE).clear();
    }

    /// A database with a source table and nothing else.
    pub fn with_source(document_type: &str) -> Self {
        let database = Database::create();
        database.execute("CREATE SCHEMA sandbox AUTHORIZATION dbo;");
        database.execute(&format!(
            "CREATE TABLE dbo.app_xml
             (
                 app_id bigint NOT NULL CONSTRAINT PK_app_xml PRIMARY KEY,
                 xml {document_type} NULL
             );"
        ));
        Self { database: Some(database) }
    }

    pub fn database(&self) -> &Database {
        self.database.as_ref().expect("the harness has not been left")
    }

    pub fn settings(&self) -> ServerSettings {
        ServerSettings::from_ado_string(&connection_string_of(&self.database().name))
            .and_then(|settings| settings.schema(&self.database().schema))
            .expect("settings")
    }

    pub fn installer(&self) -> Installer {
        let names = Names::new(&self.database().schema, "dbo.app_xml").expect("names");
        Installer::connect(self.settings(), names).expect("connect").with_files(files())
    }

    /// A statement on the schema that it calls `pipeline`.
    pub fn own(&self, sql: &str) -> String {
        self.database().own(sql)
    }

    /// The rows of a query on the schema that it calls `pipeline`, as text in lower case.
    pub fn ask(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.database().query(&self.own(sql))
    }
}

/// The files to install: this version's, or those of the folder `XMLSHRED_TEST_SQL`, in which
/// `planted-bugs.sh` has broken one.
pub fn files() -> &'static [SqlFile] {
    static BROKEN: OnceLock<Option<Vec<SqlFile>>> = OnceLock::new();
    let broken = BROKEN.get_or_init(|| {
        let folder = PathBuf::from(std::env::var_os("XMLSHRED_TEST_SQL")?);
        let read = |file: &SqlFile| {
            let text = std::fs::read_to_string(folder.join(file.name)).expect(file.name);
            SqlFile { name: file.name, text: text.leak() }
        };
        Some(FILES.iter().map(read).collect())
    });
    broken.as_deref().unwrap_or(FILES)
}

/// Takes an installation back to where it was after installing without a contract.
const EMPTY: &str = "
DROP PROCEDURE IF EXISTS pipeline.usp_LoadApps;
DROP VIEW IF EXISTS pipeline.vw_TargetRows;
DROP TABLE IF EXISTS sandbox.app_call;
DROP TABLE IF EXISTS sandbox.app_phone;
DROP TABLE IF EXISTS sandbox.app_contact;
DROP TABLE IF EXISTS sandbox.app_base;
DELETE FROM pipeline.processing_log_table;
DELETE FROM pipeline.processing_log;
DELETE FROM pipeline.processing_event;
DELETE FROM pipeline.processing_queue;
DELETE FROM pipeline.processing_claim;
DELETE FROM pipeline.processing_throughput;
DELETE FROM pipeline.processing_outcome;
DELETE FROM pipeline.processing_written;
DELETE FROM pipeline.processing_session;
DELETE FROM pipeline.processing_watermark;
DELETE FROM pipeline.processing_pause;
DELETE FROM pipeline.processing_contract_table;
DELETE FROM pipeline.processing_contract;
DELETE FROM pipeline.processing_install_file WHERE file_name LIKE N'contract/%';
DELETE FROM dbo.app_xml;
";

/// The suite speaks the SQL of every engine, and in a few places the embedded store's: said here
/// in T-SQL. The source is in `dbo`, the targets in the contract's schema.
fn spoken(schema: &str, sql: &str) -> String {
    sql.replace("{app_xml}", "[dbo].[app_xml]")
        .replace("LENGTH(", "LEN(")
        .replace("{processing_", &format!("[{schema}].[processing_"))
        .replace("{vw_", &format!("[{schema}].[vw_"))
        .replace('{', "[sandbox].[")
        .replace('}', "]")
}

impl Harness for SqlServerHarness {
    fn connect(&self) -> Box<dyn Store> {
        let connect = || SqlServerStore::connect(self.settings(), "test").expect("connect");
        Box::new(self.database().sessions.lend(connect))
    }

    fn put_document(&self, app_id: i64, document: Option<&[u8]>) {
        self.database().execute(&format!(
            "DELETE FROM dbo.app_xml WHERE app_id = {app_id};
             INSERT INTO dbo.app_xml (app_id, xml) VALUES ({app_id}, {});",
            document.map_or("NULL".to_owned(), binary)
        ));
    }

    fn put_documents(&self, n: i64) {
        let row = |app_id| format!("({app_id}, {})", binary(document(app_id).as_bytes()));
        let rows: Vec<String> = (1..=n).map(row).collect();
        self.database().execute(&format!(
            "DELETE FROM dbo.app_xml WHERE app_id BETWEEN 1 AND {n};
             INSERT INTO dbo.app_xml (app_id, xml) VALUES {};",
            rows.join(", ")
        ));
    }

    fn execute(&self, sql: &str) {
        let schema = &self.database().schema;
        // Babelfish drops no table that a view reads.
        let before = match sql.starts_with("DROP TABLE {") {
            true => format!(
                "DROP VIEW IF EXISTS [{schema}].[vw_TargetRows];
                 DELETE FROM [{schema}].[processing_install_file]
                 WHERE file_name = N'contract/vw_TargetRows.sql';\n"
            ),
            false => String::new(),
        };
        self.database().execute(&(before + &spoken(schema, sql)));
    }

    fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.database().query(&spoken(&self.database().schema, sql))
    }

    fn expire_lease(&self, token: ClaimToken) {
        let statement = self.database().own(
            "UPDATE pipeline.processing_claim
             SET lease_expires_at_utc = DATEADD(MILLISECOND, -1, claimed_at_utc)
             WHERE claim_token = @P1",
        );
        let expired = self.database().with(|sql| sql.execute_with(&statement, &[&token.0]));
        assert_eq!(expired, 1, "claim {token:?} is not there");
    }

    fn put_clock_back(&self) {
        let statement = self.database().own(
            "UPDATE pipeline.processing_queue SET enqueued_at_utc = DATEADD(HOUR, 1, enqueued_at_utc);",
        );
        self.database().execute(&statement);
    }

    fn refuse_rows(&self, name: &str, cause: Cause) {
        let fails = match cause {
            // 512: a trigger that its author never tried with more than one row.
            Cause::Unknown => "AND 1 = (SELECT n FROM (VALUES (1), (2)) AS v (n)) RETURN;",
            // 208: a table that does not exist.
            Cause::Server => "INSERT INTO sandbox.no_such_table (n) VALUES (1);",
        };
        self.database().execute(&format!(
            "CREATE TRIGGER sandbox.refuse_{name} ON sandbox.app_base AFTER INSERT AS
             IF EXISTS (SELECT 1 FROM inserted WHERE name = N'{name}') {fails}"
        ));
    }

    fn cure(&self) {
        self.database().execute("DROP TRIGGER sandbox.refuse_poison;");
    }

    fn age_everything(&self) {
        let statements = self.database().own(
            "UPDATE pipeline.processing_log SET processed_at_utc = DATEADD(DAY, -100, processed_at_utc);
             UPDATE pipeline.processing_event SET occurred_at_utc = DATEADD(DAY, -100, occurred_at_utc);
             UPDATE pipeline.processing_session
             SET ended_at_utc = DATEADD(DAY, -100, ended_at_utc),
                 last_seen_at_utc = DATEADD(DAY, -100, last_seen_at_utc);",
        );
        self.database().execute(&statements);
    }

    fn violations(&self) -> Vec<String> {
        let database = self.database();
        database.with(|sql| invariants::violations(sql, &database.schema))
    }
}
