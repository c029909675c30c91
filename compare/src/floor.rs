//! `run` beside its floor: reading the same documents from the store, and inserting the same rows of
//! targets, log and events with prepared statements, in one process that knows them all beforehand.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use rusqlite::types::Value;
use rusqlite::{params_from_iter, Connection, OptionalExtension};
use xmlshred::figures::count;

use crate::figures::median;
use crate::process::{own_seconds, Usage};
use crate::store::{self, Ready};
use crate::Result;

/// Applications whose rows are inserted in one transaction: as many as `run` completes at once.
const BATCH: usize = 100;

/// What `run` writes besides the targets.
const OWN_TABLES: [&str; 2] = ["processing_log", "processing_event"];

#[derive(Debug, Args)]
pub struct Arguments {
    /// The executable that is measured
    #[arg(long, default_value = "target/release/xmlshred")]
    program: PathBuf,

    /// Applications of 20 KB; a tenth as many of 200 KB
    #[arg(long, default_value_t = 20_000)]
    applications: i64,

    /// Rounds; the result is the median round
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Where the stores are
    #[arg(long)]
    folder: Option<PathBuf>,
}

impl Arguments {
    /// The usual measurement of this executable.
    pub fn of(program: PathBuf) -> Self {
        Self { program, applications: 20_000, rounds: 5, folder: None }
    }
}

/// Returns tables as Markdown: the floor, one process, three processes.
pub fn measure(arguments: &Arguments) -> Result<String> {
    let mut text = String::new();
    for (kilobytes, applications) in
        [(20, arguments.applications), (200, arguments.applications / 10)]
    {
        let profile = store::profile(kilobytes * 1000);
        let ready = Ready::new(arguments.folder.as_deref(), applications, &profile)?;
        let measured = Bench { ready: &ready, arguments }.measure()?;
        text += &format!(
            "{} applications of {kilobytes} KB, {:.0} MB, {} rows\n\n",
            count(applications.unsigned_abs()),
            ready.bytes as f64 / 1e6,
            count(measured.rows)
        );
        text += &measured.table();
        text.push('\n');
    }
    Ok(text)
}

struct Bench<'a> {
    ready: &'a Ready,
    arguments: &'a Arguments,
}

/// Of each round.
struct Measured {
    floor: Vec<Usage>,
    runs: Vec<(usize, Vec<Usage>)>,
    rows: u64,
}

impl Bench<'_> {
    fn measure(&self) -> Result<Measured> {
        let Self { ready, arguments } = self;
        let (done, _) = ready.run(&arguments.program, 1, &[])?;
        let rows = Rows::read(&done)?;
        let mut measured = Measured {
            floor: Vec::new(),
            runs: vec![(1, Vec::new()), (3, Vec::new())],
            rows: rows.count(),
        };
        for _ in 0..arguments.rounds {
            measured.floor.push(self.floor(&rows)?);
            for (processes, usages) in &mut measured.runs {
                usages.push(ready.run(&arguments.program, *processes, &[])?.1);
            }
        }
        Ok(measured)
    }

    fn floor(&self, rows: &Rows) -> Result<Usage> {
        let mut connection = open(&self.ready.copy("floor.db")?)?;
        drop_triggers(&connection)?;
        connection.set_prepared_statement_cache_capacity(64);
        let (began, before) = (Instant::now(), own_seconds());
        rows.insert(&mut connection)?;
        // A run leaves nothing in the write-ahead log either.
        drop(connection);
        let processor_seconds = own_seconds().zip(before).map(|(after, before)| after - before);
        let seconds = began.elapsed().as_secs_f64();
        Ok(Usage { seconds, processor_seconds, peak_bytes: None })
    }
}

/// As the product opens it.
fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = 4096;",
    )?;
    Ok(connection)
}

/// The sums that triggers keep are not part of the floor.
fn drop_triggers(connection: &Connection) -> Result<()> {
    let mut statement =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?;
    let names =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    for name in names {
        connection.execute_batch(&format!("DROP TRIGGER \"{name}\""))?;
    }
    Ok(())
}

/// The rows of a finished store, by application.
struct Rows {
    tables: Vec<TableRows>,
    applications: Vec<i64>,
}

struct TableRows {
    insert: String,
    /// With the application that each belongs to; those of none are the first one's.
    rows: Vec<(i64, Vec<Value>)>,
}

impl Rows {
    fn read(path: &Path) -> Result<Rows> {
        let connection = open(path)?;
        let mut names = Vec::new();
        let mut statement = connection.prepare(
            "SELECT t.table_name FROM processing_contract_table AS t ORDER BY t.table_ordinal",
        )?;
        for name in statement.query_map([], |row| row.get::<_, String>(0))? {
            names.push(name?);
        }
        names.extend(OWN_TABLES.map(str::to_owned));
        let tables =
            names.iter().map(|name| TableRows::read(&connection, name)).collect::<Result<_>>()?;
        let applications = connection
            .prepare("SELECT app_id FROM processing_log ORDER BY app_id")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Rows { tables, applications })
    }

    fn count(&self) -> u64 {
        let targets = self.tables.len() - OWN_TABLES.len();
        self.tables[..targets].iter().map(|table| table.rows.len() as u64).sum()
    }

    /// The work that is measured.
    fn insert(&self, connection: &mut Connection) -> Result<()> {
        let mut next = vec![0; self.tables.len()];
        for batch in self.applications.chunks(BATCH) {
            for app_id in batch {
                let mut read =
                    connection.prepare_cached("SELECT xml FROM app_xml WHERE app_id = ?1")?;
                let document: Option<Vec<u8>> =
                    read.query_row([app_id], |row| row.get(0)).optional()?;
                black_box(document);
            }
            let last = batch[batch.len() - 1];
            let transaction = connection.transaction()?;
            for (table, next) in self.tables.iter().zip(&mut next) {
                let mut insert = transaction.prepare_cached(&table.insert)?;
                while let Some((_, row)) = table.rows.get(*next).filter(|(app, _)| *app <= last) {
                    insert.execute(params_from_iter(row))?;
                    *next += 1;
                }
            }
            transaction.commit()?;
        }
        Ok(())
    }
}

impl TableRows {
    fn read(connection: &Connection, table: &str) -> Result<TableRows> {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let app = columns.iter().position(|column| column == "app_id");
        let app = app.ok_or_else(|| format!("{table} has no column app_id"))?;
        let mut rows = Vec::new();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let values: Vec<Value> =
                (0..columns.len()).map(|i| row.get(i)).collect::<rusqlite::Result<_>>()?;
            let app_id = match values[app] {
                Value::Integer(id) => id,
                _ => 0,
            };
            rows.push((app_id, values));
        }
        rows.sort_by_key(|(app_id, _)| *app_id);
        let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let places = vec!["?"; columns.len()];
        let insert = format!(
            "INSERT INTO \"{table}\" ({}) VALUES ({})",
            quoted.join(", "),
            places.join(", ")
        );
        Ok(TableRows { insert, rows })
    }
}

impl Measured {
    fn table(&self) -> String {
        let mut text =
            "| | time s | processor s | time, of the floor | processor, of the floor |\n\
                        |---|--:|--:|--:|--:|\n"
                .to_owned();
        text += &line("floor", &self.floor, &self.floor);
        for (processes, usages) in &self.runs {
            let name = match processes {
                1 => "1 process".to_owned(),
                many => format!("{many} processes"),
            };
            text += &line(&name, usages, &self.floor);
        }
        text
    }
}

fn line(name: &str, usages: &[Usage], floor: &[Usage]) -> String {
    let processor = |usage: &Usage| usage.processor_seconds.unwrap_or(f64::NAN);
    let ratio = |of: &dyn Fn(&Usage) -> f64| {
        median(usages.iter().zip(floor).map(|(usage, floor)| of(usage) / of(floor)).collect())
    };
    format!(
        "| {name} | {:.2} | {:.2} | {:.2} | {:.2} |\n",
        median(usages.iter().map(|usage| usage.seconds).collect()),
        median(usages.iter().map(processor).collect()),
        ratio(&|usage| usage.seconds),
        ratio(&processor),
    )
}
