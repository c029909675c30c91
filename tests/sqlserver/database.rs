//! Databases for the tests, and a connection of somebody who does not know the program.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};

use futures_util::TryStreamExt;
use tiberius::{Client, ColumnData, Config, IntoSql, Query, QueryItem, Row, TokenRow};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use crate::grid::Grid;
use crate::session::Sessions;

const VARIABLE: &str = "XMLSHRED_TEST_SQLSERVER";

/// The server that the environment names.
#[derive(Clone, Copy)]
pub struct Server {
    pub is_babelfish: bool,
}

impl Server {
    /// Looks once; `None` when the variable is not set.
    pub fn from_environment() -> Option<Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        *SERVER.get_or_init(|| {
            connection_string()?;
            let kind = Sql::connect("master").query("SELECT SERVERPROPERTY('Babelfish') AS b");
            Some(Self { is_babelfish: kind[0][0].as_deref() == Some("1") })
        })
    }
}

fn connection_string() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|text| !text.is_empty())
}

/// The connection string with another database: the last one given counts.
pub fn connection_string_of(database: &str) -> String {
    let server = connection_string().expect("the test is ignored without a server");
    let parts = server.split(';').filter(|part| {
        let key = part.split('=').next().unwrap_or("").trim().to_lowercase();
        !part.trim().is_empty() && key != "database" && key != "initial catalog"
    });
    let mut text: String = parts.map(|part| format!("{part};")).collect();
    text.push_str(&format!("Database={database}"));
    text
}

/// What the connection string says, for the flags of the command line.
pub struct Parts {
    pub host: String,
    pub port: String,
    pub user: String,
    pub password: String,
}

/// The parts of the connection string.
pub fn parts_of_connection_string() -> Parts {
    let text = connection_string().expect("the test is ignored without a server");
    let find = |keys: &[&str]| {
        let mut pairs = text.split(';').filter_map(|part| part.split_once('='));
        let found = pairs.find(|(key, _)| keys.contains(&key.trim().to_lowercase().as_str()));
        found.unwrap_or_else(|| panic!("{VARIABLE} has none of {keys:?}")).1.trim().to_owned()
    };
    let server = find(&["server", "data source"]);
    let server = server.strip_prefix("tcp:").unwrap_or(&server);
    let (host, port) = server.split_once(',').unwrap_or((server, "1433"));
    Parts {
        host: host.to_owned(),
        port: port.to_owned(),
        user: find(&["user id", "uid", "user"]),
        password: find(&["password", "pwd"]),
    }
}

/// A database that exists until this is dropped.
pub struct Database {
    pub name: String,
    /// The pipeline's schema. It differs, because on Babelfish the application locks of all
    /// databases are in one place.
    pub schema: String,
    /// Open as long as the database is there: logging in takes longer than most statements.
    sql: Mutex<Option<Sql>>,
    pub sessions: Sessions,
}

/// Babelfish refuses two `CREATE DATABASE` at once.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

impl Database {
    pub fn create() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();
        let name = format!("xmlshred_test_{process}_{number}");
        let _one = locked(&ONE_AT_A_TIME);
        Sql::connect("master").execute(&format!("CREATE DATABASE [{name}];"));
        let sql = Mutex::new(Some(Sql::connect(&name)));
        let schema = format!("pipeline_{process}_{number}");
        Self { name, schema, sql, sessions: Sessions::default() }
    }

    /// A statement on the schema that it calls `pipeline`.
    pub fn own(&self, sql: &str) -> String {
        sql.replace("pipeline.", &format!("{}.", self.schema))
    }

    /// The connection of this database; a statement at a time.
    pub fn execute(&self, sql: &str) {
        self.query(sql);
    }

    /// The rows of the first result set as text in lower case.
    pub fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.with(|connection| connection.query(sql))
    }

    /// As [`Database::query`], in the letters that it has there.
    pub fn query_exactly(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.with(|connection| connection.try_query_exactly(sql))
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Forgets the connection, which the server has ended.
    pub fn reconnect(&self) {
        drop(locked(&self.sql).take());
    }

    /// Does `work` with the connection of this database.
    pub fn with<T>(&self, work: impl FnOnce(&mut Sql) -> T) -> T {
        work(locked(&self.sql).get_or_insert_with(|| Sql::connect(&self.name)))
    }
}

/// The lock, even if a thread has panicked with it.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Drop for Database {
    fn drop(&mut self) {
        self.sessions.close();
        drop(locked(&self.sql).take());
        let _one = locked(&ONE_AT_A_TIME);
        let mut master = Sql::connect("master");
        let name = &self.name;
        // Sessions of a test that failed half-way may be open still; Babelfish cannot end them.
        let _ = master.try_query(&format!(
            "ALTER DATABASE [{name}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE;"
        ));
        if let Err(error) = master.try_query(&format!("DROP DATABASE [{name}];")) {
            eprintln!("database {name} is left behind: {error}");
        }
    }
}

/// The driver converts what it has read itself for nobody.
struct Cell(ColumnData<'static>);

impl IntoSql<'static> for Cell {
    fn into_sql(self) -> ColumnData<'static> {
        self.0
    }
}

/// A connection that runs plain SQL.
pub struct Sql {
    runtime: Runtime,
    client: Client<Compat<TcpStream>>,
}

impl Sql {
    pub fn connect(database: &str) -> Self {
        Self::connect_as(&connection_string_of(database))
    }

    pub fn connect_as(connection_string: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut config = Config::from_ado_string(connection_string).expect("a connection string");
        // The driver's own is as long as the procedures wait for a lock.
        config.command_timeout(None);
        let client = runtime.block_on(async {
            let stream = TcpStream::connect(config.get_addr()).await.expect("a connection");
            Client::connect(config, stream.compat_write()).await.expect("a login")
        });
        Self { runtime, client }
    }

    pub fn execute(&mut self, sql: &str) {
        self.query(sql);
    }

    /// The rows of the first result set as text in lower case.
    pub fn query(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        self.try_query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub fn try_query(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, tiberius::error::Error> {
        let lower = |text: Option<String>| text.map(|text| text.to_lowercase());
        let rows = self.try_query_exactly(sql)?;
        Ok(rows.into_iter().map(|row| row.into_iter().map(lower).collect()).collect())
    }

    /// As [`Sql::try_query`], in the letters that it has there.
    pub fn try_query_exactly(
        &mut self,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, tiberius::error::Error> {
        let Self { runtime, client } = self;
        let rows = runtime
            .block_on(async { client.simple_query(sql).await?.into_first_result().await })?;
        Ok(rows.iter().map(as_texts).collect())
    }

    /// The rows of a query as the driver has them.
    pub fn cells(&mut self, sql: &str) -> Vec<Vec<ColumnData<'static>>> {
        let Self { runtime, client } = self;
        let read =
            runtime.block_on(async { client.simple_query(sql).await?.into_first_result().await });
        let rows = read.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.into_iter().map(|row| row.into_iter().collect()).collect()
    }

    /// Loads rows into all columns of a table.
    pub fn bulk_load(
        &mut self,
        table: &str,
        rows: &[Vec<ColumnData<'static>>],
    ) -> Result<(), tiberius::error::Error> {
        let Self { runtime, client } = self;
        runtime.block_on(async {
            let mut load = client.bulk_insert(table).await?;
            for cells in rows {
                let mut row = TokenRow::new();
                cells.iter().for_each(|cell| row.push(cell.clone()));
                load.send(row).await?;
            }
            load.finalize().await.map(drop)
        })
    }

    /// Inserts a row by a statement of its own.
    pub fn insert(&mut self, table: &str, cells: &[ColumnData<'static>]) {
        // The driver sends a null without a type.
        let is_null = |cell: &ColumnData<'static>| format!("{cell:?}").ends_with("(None)");
        let (mut values, mut parameters) = (Vec::new(), Vec::new());
        for cell in cells {
            if is_null(cell) {
                values.push("NULL".to_owned());
            } else {
                parameters.push(Cell(cell.clone()));
                values.push(format!("@P{}", parameters.len()));
            }
        }
        let mut query = Query::new(format!("INSERT INTO {table} VALUES ({});", values.join(", ")));
        parameters.into_iter().for_each(|parameter| query.bind(parameter));
        let Self { runtime, client } = self;
        let done = runtime.block_on(query.execute(client));
        done.unwrap_or_else(|error| panic!("{table}: {error}"));
    }

    /// Every result set, with its columns' names, in the letters that they have there.
    pub fn grids(&mut self, sql: &str) -> Vec<Grid> {
        let Self { runtime, client } = self;
        let read = runtime.block_on(async {
            let mut stream = client.simple_query(sql).await?;
            let mut grids: Vec<Grid> = Vec::new();
            while let Some(item) = stream.try_next().await? {
                match item {
                    QueryItem::Metadata(result) => {
                        let names = result.columns().iter().map(|c| c.name().to_owned());
                        grids.push(Grid { columns: names.collect(), rows: Vec::new() });
                    }
                    QueryItem::Row(row) => {
                        grids.last_mut().expect("its columns").rows.push(as_texts(&row));
                    }
                }
            }
            Ok::<_, tiberius::error::Error>(grids)
        });
        let mut grids = read.unwrap_or_else(|error| panic!("{sql}: {error}"));
        grids.retain(|grid| !grid.columns.is_empty());
        grids
    }

    /// Executes a statement with parameters `@P1`, `@P2`, ….
    pub fn execute_with(&mut self, sql: &str, parameters: &[&dyn tiberius::ToSql]) -> u64 {
        let Self { runtime, client } = self;
        let done = runtime.block_on(client.execute(sql, parameters));
        done.unwrap_or_else(|error| panic!("{sql}: {error}")).total()
    }
}

fn as_texts(row: &Row) -> Vec<Option<String>> {
    row.cells().map(|(_, data)| as_text(data)).collect()
}

fn as_text(data: &ColumnData<'static>) -> Option<String> {
    match data {
        ColumnData::U8(n) => n.map(|n| n.to_string()),
        ColumnData::I16(n) => n.map(|n| n.to_string()),
        ColumnData::I32(n) => n.map(|n| n.to_string()),
        ColumnData::I64(n) => n.map(|n| n.to_string()),
        ColumnData::F32(n) => n.map(|n| n.to_string()),
        ColumnData::F64(n) => n.map(|n| n.to_string()),
        ColumnData::Bit(bit) => bit.map(|bit| u8::from(bit).to_string()),
        ColumnData::String(text) => text.as_ref().map(|text| text.to_string()),
        ColumnData::Guid(guid) => guid.map(|guid| guid.to_string()),
        ColumnData::Binary(bytes) => bytes.as_ref().map(|bytes| hexadecimal(bytes)),
        ColumnData::Numeric(number) => number.map(|number| number.to_string()),
        ColumnData::Xml(xml) => xml.as_ref().map(|xml| xml.to_string()),
        other => {
            let time: Option<chrono::NaiveDateTime> =
                tiberius::FromSql::from_sql(other).unwrap_or_else(|e| panic!("{other:?}: {e}"));
            time.map(|time| time.to_string())
        }
    }
}

/// A binary literal.
pub fn binary(bytes: &[u8]) -> String {
    format!("0x{}", hexadecimal(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
