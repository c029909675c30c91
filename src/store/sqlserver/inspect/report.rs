//! What a report says of the course of the work.

use crate::store::sqlserver::call::{whole_seconds, Call};
use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::Result;
use crate::store::sqlserver::record::Record;
use crate::store::{
    Incidents, InstalledContract, Reconciled, Report, ReportQuery, ShredTimes, Slice, SlowApp,
};

pub(crate) fn get_report(connection: &mut Connection, query: &ReportQuery) -> Result<Report> {
    let call = Call::slow("usp_GetReport")
        .with("@since_seconds", query.since.map(whole_seconds))
        .with("@session_id", query.session)
        .with("@slices", query.slices())
        .with("@sessions", query.sessions())
        .with("@sample", query.sample())
        .with("@events", query.events());
    let mut sets = connection.call(&call)?.into_iter();
    let mut next = || sets.next().unwrap_or_default();
    let mut report = Report::default();
    for record in next() {
        report.taken_at = record.get("taken_at_utc")?;
        report.span = record.get_or_null("from_utc")?.zip(record.get_or_null("to_utc")?);
        report.slice_minutes = record.get_or_null("slice_minutes")?.unwrap_or_default();
        report.all_sessions = record.get("all_sessions")?;
    }
    report.slices = next().iter().map(slice).collect::<Result<_>>()?;
    for record in next() {
        report.shred_times = Some(shred_times(&record)?);
    }
    report.slowest = next().iter().map(slow_app).collect::<Result<_>>()?;
    report.sessions = next().iter().map(Record::session).collect::<Result<_>>()?;
    report.incidents = next().iter().map(incidents).collect::<Result<_>>()?;
    report.reconciliation = next().iter().map(reconciled).collect::<Result<_>>()?;
    report.contracts = next().iter().map(contract).collect::<Result<_>>()?;
    Ok(report)
}

fn slice(record: &Record) -> Result<Slice> {
    Ok(Slice {
        at: record.get("at_utc")?,
        claimed: record.get("claimed")?,
        success: record.get("success")?,
        failed: record.get("failed")?,
        rows_written: record.get("rows_written")?,
        document_bytes: record.get("document_bytes")?,
        shred_micros: record.get("shred_micros")?,
    })
}

fn shred_times(record: &Record) -> Result<ShredTimes> {
    Ok(ShredTimes {
        attempts: record.get("attempts")?,
        first_at: record.get("first_at_utc")?,
        p50: record.get("p50_micros")?,
        p90: record.get("p90_micros")?,
        p99: record.get("p99_micros")?,
        max: record.get("max_micros")?,
    })
}

fn slow_app(record: &Record) -> Result<SlowApp> {
    Ok(SlowApp {
        app_id: record.get("app_id")?,
        attempt: record.get("attempt")?,
        succeeded: record.get::<String>("status")? == "success",
        shred_micros: record.get("shred_micros")?,
        document_bytes: record.get("document_bytes")?,
        worker_name: record.get_or_null("worker_name")?,
    })
}

fn incidents(record: &Record) -> Result<Incidents> {
    Ok(Incidents {
        session: record.get("session_id")?,
        at: record.get("at_utc")?,
        renewed: record.get("renewed")?,
        released: record.get("released")?,
        reaped: record.get("reaped")?,
        refused: record.get("refused")?,
        quarantined: record.get("quarantined")?,
    })
}

fn reconciled(record: &Record) -> Result<Reconciled> {
    Ok(Reconciled {
        subject: record.get("subject")?,
        expected: record.get("expected")?,
        actual: record.get_or_null("actual")?,
        difference: record.get_or_null("difference")?,
        not_ours: record.get_or_null("not_ours")?,
        stale: record.get_or_null("stale")?,
    })
}

fn contract(record: &Record) -> Result<InstalledContract> {
    Ok(InstalledContract {
        hash: record.get("contract_hash")?,
        name: record.get("contract_name")?,
        installed_at: record.get("installed_at_utc")?,
        retired_at: record.get_or_null("retired_at_utc")?,
    })
}
