//! A database on the server with credit applications in it, and the executable to work on them.

use std::cell::Cell;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use xmlshred::demo::generate::{application, expected, Profile, CONTRACT};
use xmlshred::store::sqlserver::install::{Installer, Names};
use xmlshred::store::sqlserver::ServerSettings;

use crate::babelfish;
use crate::database::{binary, connection_string_of, Database};
use crate::invariants;

/// One in seven of these applications has a document that is wrong.
const PROFILE: Profile = Profile::SMALL;
const SEED: u64 = 7;

/// A database with nothing in it but a source table, and a folder with a contract.
pub struct Bench {
    pub database: Database,
    folder: TempDir,
    /// Applications 1 to this are in the source.
    apps: Cell<i64>,
}

/// What a call of the executable said.
#[derive(Debug)]
pub struct Said {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("start");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n");
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Bench {
    /// With applications 1 to `apps`, not enqueued.
    pub fn with_apps(apps: i64) -> Self {
        let database = Database::create();
        database.execute("CREATE SCHEMA sandbox AUTHORIZATION dbo;");
        database.execute(
            "CREATE TABLE dbo.app_xml
             (
                 app_id bigint NOT NULL CONSTRAINT PK_app_xml PRIMARY KEY,
                 xml varbinary(max) NULL
             );",
        );
        let folder = tempfile::tempdir().expect("a folder");
        let bench = Self { database, folder, apps: Cell::new(0) };
        std::fs::write(bench.path("contract.toml"), CONTRACT).expect("write");
        bench.add_apps(apps);
        bench
    }

    /// Puts more applications into the source.
    pub fn add_apps(&self, more: i64) {
        let had = self.apps.get();
        self.apps.set(had + more);
        let ids: Vec<i64> = (had + 1..=had + more).collect();
        for some in ids.chunks(50) {
            self.database.execute(&insert(some));
        }
    }

    /// Makes each document larger, by blanks behind its end.
    pub fn pad_apps(&self, bytes: usize) {
        for app_id in 1..=self.apps.get() {
            let mut document = application(SEED, app_id, &PROFILE);
            document.resize(document.len() + bytes, b' ');
            let document = binary(&document);
            let update =
                format!("UPDATE dbo.app_xml SET xml = {document} WHERE app_id = {app_id};");
            self.database.execute(&update);
        }
    }

    /// A file in the folder that the executable runs in.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As [`Bench::with_apps`], installed with the contract and enqueued.
    pub fn ready(apps: i64) -> Self {
        let bench = Self::with_apps(apps);
        bench.succeed("install --contract contract.toml");
        bench.succeed("enqueue");
        bench
    }

    /// Writes a file into the folder that the executable runs in.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("write");
    }

    /// The executable with blank-separated arguments, told by its environment where the server is.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = babelfish::program();
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("XMLSHRED_") {
                command.env_remove(variable);
            }
        }
        command
            .current_dir(self.folder.path())
            .args(arguments.split_whitespace())
            .env("XMLSHRED_CONNECTION_STRING", connection_string_of(&self.database.name))
            .env("XMLSHRED_SCHEMA", &self.database.schema);
        command
    }

    pub fn run(&self, arguments: &str) -> Said {
        Said::of(&mut self.command(arguments))
    }

    /// Runs the executable, which must succeed; what it printed.
    pub fn succeed(&self, arguments: &str) -> String {
        let said = self.run(arguments);
        assert_eq!(said.status, 0, "{arguments}: {said:?}");
        said.stdout
    }

    /// Runs the executable, which must fail; its exit status and what it said.
    pub fn fail(&self, arguments: &str) -> (i32, String) {
        let said = self.run(arguments);
        assert_ne!(said.status, 0, "{arguments}: {said:?}");
        (said.status, said.stderr)
    }

    /// The connection string with another login.
    pub fn connection_string_as(&self, user: &str, password: &str) -> String {
        let server = connection_string_of(&self.database.name);
        let logins = ["user id", "uid", "user", "password", "pwd"];
        let parts = server.split(';').filter(|part| {
            let key = part.split('=').next().unwrap_or("").trim().to_lowercase();
            !logins.contains(&key.as_str())
        });
        let rest: String = parts.map(|part| format!("{part};")).collect();
        format!("{rest}User Id={user};Password={password}")
    }

    pub fn installer(&self) -> Installer {
        let names = Names::new(&self.database.schema, "dbo.app_xml").expect("names");
        let settings = ServerSettings::from_ado_string(&connection_string_of(&self.database.name))
            .and_then(|settings| settings.schema(&self.database.schema))
            .expect("settings");
        Installer::connect(settings, names).expect("connect")
    }

    /// Runs a statement that calls the schema `pipeline`.
    pub fn execute(&self, sql: &str) {
        self.database.execute(&self.database.own(sql));
    }

    /// The one value of a query that calls the schema `pipeline`.
    pub fn value(&self, sql: &str) -> String {
        let rows = self.database.query(&self.database.own(sql));
        rows[0][0].clone().unwrap_or_else(|| "null".to_owned())
    }

    /// [`Bench::value`] as a number.
    pub fn number(&self, sql: &str) -> i64 {
        self.value(sql).parse().expect(sql)
    }

    /// Fails the test unless every application is concluded as its document deserves, and the
    /// five invariants hold.
    pub fn assert_all_concluded(&self) {
        let violations =
            self.database.with(|sql| invariants::violations(sql, &self.database.schema));
        assert_eq!(violations, Vec::<String>::new());
        let quarantined =
            self.number("SELECT COUNT(*) FROM pipeline.processing_queue WHERE state = 2");
        let queued = self.number("SELECT COUNT(*) FROM pipeline.processing_queue");
        assert_eq!(queued, quarantined, "applications are neither concluded nor quarantined");
        let concluded = self.database.query(&self.database.own(
            "SELECT CONVERT(varchar(20), l.app_id), l.failure_category
             FROM pipeline.processing_log AS l WHERE l.is_latest = 1 ORDER BY l.app_id",
        ));
        assert_eq!(concluded.len() as i64 + quarantined, self.apps.get());
        for row in concluded {
            let app_id: i64 = row[0].as_deref().expect("an id").parse().expect("a number");
            let deserved = expected(SEED, app_id, &PROFILE).failure().map(|c| c.name());
            assert_eq!(row[1].as_deref(), deserved, "application {app_id}");
        }
    }
}

fn insert(ids: &[i64]) -> String {
    let row = |app_id: &i64| {
        let document = binary(&application(SEED, *app_id, &PROFILE));
        format!("({app_id}, {document})")
    };
    let rows: Vec<String> = ids.iter().map(row).collect();
    format!("INSERT INTO dbo.app_xml (app_id, xml) VALUES {};", rows.join(", "))
}
