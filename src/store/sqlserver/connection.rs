//! One session with SQL Server: connecting, calling, and trying again.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tiberius::error::Error;
use tiberius::{Client, ColumnData, CommandStream, Query, TokenRow};
use tokio::runtime::{Builder, Runtime};
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};
use uuid::Uuid;

use super::call::{Call, Typed};
use super::fault::Fault;
use super::record::Record;
use super::settings::ServerSettings;
use super::wire::{self, Stream};

type Link = Client<Compat<Box<dyn Stream>>>;

/// The result sets of one command, without those that have no column.
pub(super) type ResultSets = Vec<Vec<Record>>;

/// How often something transient is met before it is reported: with [`pause_after`] that is
/// between one and two minutes. "Most reconfiguration events are short-lived and should be completed
/// in less than 60 seconds", says Microsoft of Azure SQL.
const ATTEMPTS: u32 = 17;

/// A session: its own runtime, because a [`crate::store::Store`] is synchronous and owned by one
/// thread, and a connection that is opened again after it broke.
pub(super) struct Connection {
    runtime: Runtime,
    settings: ServerSettings,
    application: String,
    link: Option<Link>,
    generation: u64,
}

impl Connection {
    /// Connects. `application` is what `APP_NAME()` says and the DBA's tools show.
    pub(super) fn open(settings: ServerSettings, application: String) -> Result<Self, Fault> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Fault::Unexpected(format!("cannot start a runtime: {error}")))?;
        let mut connection = Self { runtime, settings, application, link: None, generation: 0 };
        connection.patiently(Fault::is_transient_refusal, |c| {
            c.link = Some(c.connect()?);
            Ok(())
        })?;
        Ok(connection)
    }

    pub(super) fn settings(&self) -> &ServerSettings {
        &self.settings
    }

    /// Counts the connections made: what a session holds, such as a temp table, is gone when it
    /// has changed.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Closes the connection, and with it drops what the session holds; the next call opens one.
    pub(super) fn hang_up(&mut self) {
        self.link = None;
        self.generation += 1;
    }

    /// Calls a procedure whose repetition does no harm, until it is answered or refused.
    pub(super) fn call(&mut self, call: &Call) -> Result<ResultSets, Fault> {
        let bound = Some(self.settings.command_timeout);
        self.patiently(Fault::is_transient, |c| c.call_once(call, bound))
    }

    /// [`Connection::call`] for what takes as long as it takes, in chunks that the server keeps
    /// apart: there is no silence to wait for but the whole.
    pub(super) fn call_at_length(&mut self, call: &Call) -> Result<ResultSets, Fault> {
        self.patiently(Fault::is_transient, |c| c.call_once(call, None))
    }

    /// Calls a procedure once. `bound` is for how long the server may be silent.
    pub(super) fn call_once(
        &mut self,
        call: &Call,
        bound: Option<Duration>,
    ) -> Result<ResultSets, Fault> {
        let command = call.command(&self.settings.schema);
        self.run(async |link| {
            let stream = within(bound, call.procedure, command.exec(link)).await?;
            collect(stream, call.procedure, bound).await
        })
    }

    /// Sends a plain batch, which is what makes temp tables that stay.
    pub(super) fn batch(&mut self, sql: &str) -> Result<ResultSets, Fault> {
        self.batch_within(Some(self.settings.command_timeout), sql)
    }

    /// [`Connection::batch`] for what takes as long as it takes.
    pub(super) fn batch_at_length(&mut self, sql: &str) -> Result<ResultSets, Fault> {
        self.batch_within(None, sql)
    }

    fn batch_within(&mut self, bound: Option<Duration>, sql: &str) -> Result<ResultSets, Fault> {
        self.run(async |link| {
            let answer = async { link.simple_query(sql).await?.into_results().await };
            let sets = within(bound, "a batch", answer).await?;
            let records = |set: Vec<_>| set.into_iter().map(|r| Record::new("a batch", r));
            Ok(sets.into_iter().map(|set| records(set).collect()).collect())
        })
    }

    /// Executes a statement with parameters `@P1`, `@P2`, ….
    pub(super) fn execute<'p>(
        &mut self,
        statement: &str,
        parameters: impl IntoIterator<Item = ColumnData<'p>>,
    ) -> Result<(), Fault> {
        let bound = Some(self.settings.command_timeout);
        let mut query = Query::new(statement);
        parameters.into_iter().for_each(|value| query.bind(Typed(value)));
        self.run(async |link| within(bound, "a statement", query.execute(link)).await.map(drop))
    }

    /// Loads rows into `columns` of a table.
    pub(super) fn bulk_load<'r>(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: impl Iterator<Item = TokenRow<'r>>,
    ) -> Result<(), Fault> {
        let bound = Some(self.settings.command_timeout);
        self.run(async |link| {
            let load = async {
                let mut load = link.bulk_insert_columns(table, columns).await?;
                for row in rows {
                    load.send(row).await?;
                }
                load.finalize().await
            };
            within(bound, table, load).await.map(drop)
        })
    }

    /// Does `work` until it succeeds, fails for good, or was tried often enough.
    pub(super) fn patiently<T>(
        &mut self,
        again: impl Fn(&Fault) -> bool,
        mut work: impl FnMut(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut attempt = 1;
        loop {
            match work(self) {
                Err(fault) if attempt < ATTEMPTS && again(&fault) => {
                    let pause = pause_after(attempt);
                    tracing::warn!(
                        server = %self.settings.location,
                        attempt,
                        pause_ms = pause.as_millis() as u64,
                        "{fault}; trying again"
                    );
                    std::thread::sleep(pause);
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// Does `work` on a connection, a new one if the last one is gone.
    fn run<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Link) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut link = match self.link.take() {
            Some(link) => link,
            None => self.connect()?,
        };
        let result = self.runtime.block_on(work(&mut link));
        // After anything but the server's own refusal, the rest of the answer may be on its way.
        if matches!(result, Ok(_) | Err(Fault::Server { .. })) {
            self.link = Some(link);
        }
        result
    }

    fn connect(&mut self) -> Result<Link, Fault> {
        let settings = &self.settings;
        let mut config = settings.config.clone();
        config.application_name(&self.application);
        // The bound below covers the handshake and what comes before it.
        config.handshake_timeout(None);
        let connecting = async {
            let stream = wire::open(settings, &config).await?;
            match Client::connect(config.clone(), stream.compat_write()).await {
                Err(Error::Routing { host, port }) => {
                    config.host(host);
                    config.port(port);
                    let stream = wire::open(settings, &config).await?;
                    Ok::<_, Fault>(Client::connect(config, stream.compat_write()).await?)
                }
                link => Ok(link?),
            }
        };
        let bound = Some(settings.connect_timeout);
        let link = self.runtime.block_on(within(bound, "the login", connecting))?;
        self.generation += 1;
        Ok(link)
    }
}

/// Reads the answer of a procedure; the bound is on each silence, not on the whole.
async fn collect(
    stream: CommandStream<'_>,
    procedure: &'static str,
    bound: Option<Duration>,
) -> Result<ResultSets, Fault> {
    let mut stream = pin!(stream);
    let mut sets: ResultSets = Vec::new();
    while let Some(item) = within(bound, procedure, stream.try_next()).await? {
        if item.as_metadata().is_some() {
            sets.push(Vec::new());
        }
        if let (Some(row), Some(set)) = (item.into_row(), sets.last_mut()) {
            set.push(Record::new(procedure, row));
        }
    }
    Ok(sets)
}

/// Waits for `work`, but no longer than the bound.
async fn within<T, E: Into<Fault>>(
    bound: Option<Duration>,
    what: &str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Fault> {
    let Some(bound) = bound else { return work.await.map_err(Into::into) };
    match tokio::time::timeout(bound, work).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Fault::Timeout(format!(
            "{what} was not answered within {}",
            humantime::format_duration(bound)
        ))),
    }
}

/// Doubles from 100 ms to 12.8 s; half of it is left to chance, so that workers that were thrown
/// off together do not come back together.
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
    fn trying_again_outlasts_a_failover_and_not_everything() {
        let pauses = || (1..ATTEMPTS).map(pause_after).sum::<Duration>();
        assert!((60..=130).contains(&pauses().as_secs()), "{:?}", pauses());
    }

    #[test]
    fn silence_is_a_timeout_that_says_what_was_silent() {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let bound = Some(Duration::from_millis(1));
        let silence = std::future::pending::<Result<(), Fault>>();
        let fault = runtime.block_on(within(bound, "usp_RenewLease", silence)).unwrap_err();
        assert_eq!(fault, Fault::Timeout("usp_RenewLease was not answered within 1ms".into()));
    }
}
