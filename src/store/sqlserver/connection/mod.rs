//! One connection to SQL Server: connecting, calling, and retrying.

mod account;
pub mod ado;
pub mod channel;
mod line;
pub mod settings;
mod stream;

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tiberius::error::Error;
use tiberius::{
    Client, ColumnData, CommandStream, Config, Query, QueryItem, SortOrder, SqlBulkCopyOptions,
    TokenRow,
};
use tokio::runtime::{Builder, Runtime};
use tokio_util::compat::TokioAsyncWriteCompatExt;
use uuid::Uuid;

use super::call::{Call, Typed, Wait};
use super::dialect::in_use;
use super::fault::{Result, ServerFault};
use super::record::Record;
use crate::command::command;
use channel::Account;
use line::{Ear, Line, Patience};
use settings::ServerSettings;
use stream::{Session, Stream};

/// A session, and what is heard of it.
struct Link {
    client: Client<Session>,
    ear: Ear,
}

/// The result sets of one command, without those that have no column.
pub(super) type ResultSets = Vec<Vec<Record>>;

/// Attempts before a transient error is reported: with [`pause_after`] between one and two
/// minutes. "Most reconfiguration events are short-lived and should be completed
/// in less than 60 seconds", says Microsoft of Azure SQL.
const ATTEMPTS: u32 = 17;

/// A connection that is opened again after it broke. It has its own runtime, because a
/// [`crate::store::Store`] is synchronous and owned by one thread.
pub(super) struct Connection {
    runtime: Runtime,
    settings: ServerSettings,
    workstation: Option<String>,
    link: Option<Link>,
    generation: u64,
}

impl Connection {
    /// Connects. `workstation` is the `HOST_NAME()` that the DBA's tools show, by default the machine's
    /// name; their `APP_NAME()` is always the same, so that it can be grouped and classified by.
    pub(super) fn open(settings: ServerSettings, workstation: Option<String>) -> Result<Self> {
        let runtime =
            Builder::new_current_thread().enable_io().enable_time().build().map_err(|error| {
                ServerFault::Unexpected(format!("cannot start a runtime: {error}"))
            })?;
        let mut connection = Self { runtime, settings, workstation, link: None, generation: 0 };
        connection.patiently(ServerFault::is_transient_refusal, |c| {
            c.link = Some(c.connect()?);
            Ok(())
        })?;
        Ok(connection)
    }

    pub(super) fn settings(&self) -> &ServerSettings {
        &self.settings
    }

    /// The number of connections so far, with the one that the next call opens: when it changes, temp
    /// tables are gone.
    pub(super) fn generation(&self) -> u64 {
        self.generation + u64::from(self.link.is_none())
    }

    /// Closes the connection, which drops its temp tables; the next call opens a new one.
    pub(super) fn hang_up(&mut self) {
        self.link = None;
    }

    /// Calls a procedure that can be repeated, and retries transient errors.
    pub(super) fn call(&mut self, call: &Call) -> Result<ResultSets> {
        self.patiently(ServerFault::is_transient, |c| c.call_once(call))
    }

    /// [`Connection::call`] for a procedure that returns one row.
    pub(super) fn ask(&mut self, call: &Call) -> Result<Record> {
        first(self.call(call)?)
    }

    /// [`Connection::call`] for a procedure that returns one result set.
    pub(super) fn rows<T>(
        &mut self,
        call: &Call,
        read: impl Fn(&Record) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.call(call)?.iter().flatten().map(read).collect()
    }

    /// Calls a procedure once.
    pub(super) fn call_once(&mut self, call: &Call) -> Result<ResultSets> {
        let command = call.command(&self.settings.schema);
        let bound = self.bound(call);
        self.run(async |Link { client, ear }| {
            let patience = ear.patience(bound, call.procedure);
            let stream = patience.wait(command.exec(client)).await?;
            collect(stream, call.procedure, &patience).await
        })
    }

    /// Sends a batch with parameters `@P1`, `@P2`, … that contains a call, once.
    pub(super) fn ask_with<'p>(
        &mut self,
        batch: &str,
        parameters: impl IntoIterator<Item = ColumnData<'p>>,
        call: &Call,
    ) -> Result<ResultSets> {
        let bound = self.bound(call);
        let mut query = Query::new(batch);
        parameters.into_iter().for_each(|value| query.bind(Typed(value)));
        self.run(async |Link { client, ear }| {
            let patience = ear.patience(bound, call.procedure);
            let mut stream = pin!(patience.wait(query.query(client)).await?);
            let mut sets: ResultSets = Vec::new();
            while let Some(item) = patience.wait(stream.try_next()).await? {
                match item {
                    QueryItem::Metadata(_) => sets.push(Vec::new()),
                    QueryItem::Row(row) => {
                        if let Some(set) = sets.last_mut() {
                            set.push(Record::new(call.procedure, row));
                        }
                    }
                }
            }
            Ok(sets)
        })
    }

    fn bound(&self, call: &Call) -> Duration {
        match call.wait {
            Wait::Command => self.settings.command_timeout,
            Wait::Answer => self.settings.answer_timeout,
        }
    }

    /// Sends a plain batch: the only way to create temp tables that stay.
    pub(super) fn batch(&mut self, sql: &str) -> Result<ResultSets> {
        self.batch_within(self.settings.command_timeout, sql)
    }

    /// [`Connection::batch`] with the longer timeout.
    pub(super) fn slow_batch(&mut self, sql: &str) -> Result<ResultSets> {
        self.batch_within(self.settings.answer_timeout, sql)
    }

    /// [`Connection::batch`] that returns one row.
    pub(super) fn query(&mut self, sql: &str) -> Result<Record> {
        first(self.batch(sql)?)
    }

    fn batch_within(&mut self, bound: Duration, sql: &str) -> Result<ResultSets> {
        self.run(async |Link { client, ear }| {
            let answer = async { client.simple_query(sql).await?.into_results().await };
            let sets = ear.patience(bound, "a batch").wait(answer).await?;
            let records = |set: Vec<_>| set.into_iter().map(|r| Record::new("a batch", r));
            Ok(sets.into_iter().map(|set| records(set).collect()).collect())
        })
    }

    /// Executes a statement with parameters `@P1`, `@P2`, ….
    pub(super) fn execute<'p>(
        &mut self,
        statement: &str,
        parameters: impl IntoIterator<Item = ColumnData<'p>>,
    ) -> Result<()> {
        let bound = self.settings.command_timeout;
        let mut query = Query::new(statement);
        parameters.into_iter().for_each(|value| query.bind(Typed(value)));
        self.run(async |Link { client, ear }| {
            ear.patience(bound, "a statement").wait(query.execute(client)).await.map(drop)
        })
    }

    /// Loads rows into `columns` of a table. If they are sorted by the columns of its clustered index,
    /// as `order` says, the server does not sort them again.
    pub(super) fn bulk_load<'r>(
        &mut self,
        table: &str,
        columns: &[&str],
        order: &[&str],
        rows: impl Iterator<Item = TokenRow<'r>>,
    ) -> Result<()> {
        let bound = self.settings.command_timeout;
        let order = if in_use().ordered_bulk_load { order } else { &[] };
        let order: Vec<_> = order.iter().map(|column| (*column, SortOrder::Ascending)).collect();
        self.run(async |Link { client, ear }| {
            let patience = ear.patience(bound, table);
            let none = SqlBulkCopyOptions::empty();
            let started = client.bulk_insert_with_options(table, columns, none, &order);
            // Each wait has the bound: a large batch on a slow line takes longer as a whole.
            let mut load = patience.wait(started).await?;
            for row in rows {
                patience.wait(load.send(row)).await?;
            }
            patience.wait(load.finalize()).await.map(drop)
        })
    }

    /// Repeats `work` while `again` says so, at most [`ATTEMPTS`] times.
    pub(super) fn patiently<T>(
        &mut self,
        again: impl Fn(&ServerFault) -> bool,
        mut work: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let mut attempt = 1;
        loop {
            match work(self) {
                Err(fault) if attempt < ATTEMPTS && again(&fault) => {
                    let pause = pause_after(attempt);
                    tracing::warn!(
                        server = %self.settings.location,
                        attempt,
                        pause_ms = pause.as_millis() as u64,
                        "{fault}; retrying"
                    );
                    std::thread::sleep(pause);
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// Does `work` on the connection, or on a new one if it is closed.
    fn run<T>(&mut self, work: impl AsyncFnOnce(&mut Link) -> Result<T>) -> Result<T> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.connect()?,
        };
        let result = self.runtime.block_on(work(&mut link));
        // After any error except the server's, the rest of the reply may still arrive.
        if matches!(result, Ok(_) | Err(ServerFault::Server { .. })) {
            self.link = Some(link);
        }
        result
    }

    fn connect(&mut self) -> Result<Link> {
        let settings = &self.settings;
        // The token may be half written just now: as a connection that broke, it is tried again.
        let mut config = settings.for_a_connection().map_err(ServerFault::Lost)?;
        config.application_name("xmlshred");
        // Others may have written half of a surrogate pair, which no document has: it must not end the reading.
        config.lossy_utf16_decoding(true);
        self.workstation.iter().for_each(|name| config.client_name(name));
        // The bound below covers the handshake too.
        config.handshake_timeout(None);
        let ear = Ear::new();
        let is_login = Cell::new(false);
        let connecting = async {
            match log_in(settings, &config, settings.account.as_ref(), &ear, &is_login).await? {
                Err(Error::Routing { host, port }) => {
                    let account = settings.account.as_ref().map(|account| account.led_to(&host));
                    config.host(host);
                    config.port(port);
                    is_login.set(false);
                    let client = log_in(settings, &config, account.as_ref(), &ear, &is_login);
                    Ok::<_, ServerFault>(client.await??)
                }
                client => Ok(client?),
            }
        };
        let connected = self.runtime.block_on(in_time(settings.connect_timeout, connecting));
        let client = connected
            .map_err(|fault| fault.while_connecting(settings.login_hint, is_login.get()))?;
        self.generation += 1;
        Ok(Link { client, ear })
    }
}

/// Opens a stream and logs in. The driver's own errors are left as they are, because the server may lead to
/// another one.
async fn log_in(
    settings: &ServerSettings,
    config: &Config,
    account: Option<&Account>,
    ear: &Ear,
    is_login: &Cell<bool>,
) -> Result<std::result::Result<Client<Session>, Error>> {
    let (stream, port) = stream::open(settings, config).await?;
    is_login.set(true);
    let line: Box<dyn Stream> = Box::new(Line::new(stream, ear));
    match account {
        Some(account) => account::connect(config.clone(), line, port, account).await,
        None => Ok(Client::connect(config.clone(), line.compat_write()).await),
    }
}

/// The bound is for connecting as a whole.
async fn in_time<T>(bound: Duration, connecting: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(bound, connecting).await.unwrap_or_else(|_| {
        let bound = humantime::format_duration(bound);
        Err(ServerFault::Timeout(format!("the login was not answered within {bound}")))
    })
}

/// The first row of these result sets.
pub(super) fn first(sets: impl IntoIterator<Item = Vec<Record>>) -> Result<Record> {
    sets.into_iter().flatten().next().ok_or_else(|| {
        ServerFault::Unexpected(format!(
            "a procedure returned no row: the installed procedures and this xmlshred are of \
             different versions; run {}",
            command("install")
        ))
    })
}

/// Reads the result sets of a procedure.
async fn collect(
    stream: CommandStream<'_>,
    procedure: &'static str,
    patience: &Patience<'_>,
) -> Result<ResultSets> {
    let mut stream = pin!(stream);
    let mut sets: ResultSets = Vec::new();
    while let Some(item) = patience.wait(stream.try_next()).await? {
        if item.as_metadata().is_some() {
            sets.push(Vec::new());
        }
        if let (Some(row), Some(set)) = (item.into_row(), sets.last_mut()) {
            set.push(Record::new(procedure, row));
        }
    }
    Ok(sets)
}

/// Doubles from 100 ms to 12.8 s; half of it is random, so that workers that lost their connections
/// together do not reconnect together.
fn pause_after(attempt: u32) -> Duration {
    let longest = Duration::from_millis(100 << attempt.saturating_sub(1).min(7));
    let chance = (Uuid::new_v4().as_u128() % 1024) as u32;
    longest / 2 + longest / 2 * chance / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        for (attempt, least, most) in
            [(1, 50, 100), (2, 100, 200), (8, 6400, 12800), (99, 6400, 12800)]
        {
            let pause = pause_after(attempt).as_millis();
            assert!((least..=most).contains(&pause), "{attempt}: {pause}");
        }
    }

    #[test]
    fn retries_outlast_a_failover_but_end() {
        let pauses = || (1..ATTEMPTS).map(pause_after).sum::<Duration>();
        assert!((60..=130).contains(&pauses().as_secs()), "{:?}", pauses());
    }
}
