//! The end of a run.

use std::time::Duration;

use crate::command::command;
use crate::runner::{ExitStatus, Left, RunSummary};

use super::table::{Align, Cell, Table};
use super::Format;
use crate::figures::{bytes, count, duration};
use crate::screen::{Ink, Screen};

/// A run's summary, ending in a line break.
pub fn render_summary(summary: &RunSummary, format: Format, screen: Screen) -> String {
    match format {
        Format::Table => as_table(summary, screen),
        Format::Json => {
            serde_json::to_string(summary).expect("a summary has only string keys") + "\n"
        }
    }
}

/// The summary in one line, ending in a line break: for a job history that keeps only the start.
pub fn render_summary_line(summary: &RunSummary) -> String {
    let stopped = summary.stopped_by.as_ref().map(|error| format!(" ({error})"));
    let quarantined = match summary.quarantined {
        0 => String::new(),
        apps => format!(", {} quarantined", count(apps)),
    };
    let left: Vec<String> =
        left(&summary.left).iter().map(|(what, _)| format!("; {what}")).collect();
    format!(
        "{}{}: {} claimed, {} success, {} failed{quarantined}, {} released, in {}{}\n",
        summary.end.sentence(),
        stopped.unwrap_or_default(),
        count(summary.claimed),
        count(summary.success),
        count(summary.failed),
        count(summary.released),
        duration(Duration::from_secs_f64(summary.wall_seconds.max(0.0))),
        left.concat(),
    )
}

fn as_table(summary: &RunSummary, screen: Screen) -> String {
    let ink = match summary.end.exit_status() {
        ExitStatus::Success => Ink::Good,
        ExitStatus::SomeFailed | ExitStatus::Interrupted => Ink::Doubtful,
        _ => Ink::Bad,
    };
    let mut text = format!("{}\n", screen.ink(ink, summary.end.sentence()));
    if let Some(error) = &summary.stopped_by {
        text += &format!("{error}\n");
    }
    text += &format!("\n{}", counts(summary).on(screen));
    if summary.left.is_something() {
        text += &format!("\n{}", left_table(&summary.left).on(screen));
    }
    if summary.rows.iter().any(|table| table.rows > 0) {
        text += &format!("\n{}", rows(summary).on(screen));
    }
    text += &format!("\n{}", measures(summary).on(screen));
    text
}

fn counts(summary: &RunSummary) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Right, Align::Left]);
    let mut row = |name: &str, number: u64, ink: Option<Ink>, remark: &str| {
        let ink = ink.filter(|_| number > 0);
        table.row([Cell::inked(name, ink), Cell::inked(count(number), ink), remark.into()]);
    };
    row("claimed", summary.claimed, None, "");
    row("  success", summary.success, Some(Ink::Good), "");
    row("  failed", summary.failed, Some(Ink::Bad), "");
    for (category, failed) in &summary.failed_by_category {
        row(&format!("    {category}"), *failed, None, "");
    }
    let exceptional = [
        (
            "  refused",
            summary.refused,
            format!("by the database: {} has its message", command("explain APP_ID")),
        ),
        (
            "  released",
            summary.released,
            "returned to the queue; the attempt does not count".to_owned(),
        ),
        (
            "  abandoned",
            summary.abandoned,
            "their lease was lost; reaping recovers them".to_owned(),
        ),
        (
            "  unsettled",
            summary.unsettled,
            "ended without an answer; reaping recovers them".to_owned(),
        ),
        (
            "quarantined",
            summary.quarantined,
            format!(
                "they killed their workers or were refused; {} retries them",
                command("retry --quarantined")
            ),
        ),
    ];
    for (name, number, remark) in exceptional {
        if number > 0 {
            row(name, number, Some(Ink::Doubtful), &remark);
        }
    }
    table
}

/// What is left, each with the next step.
fn left(left: &Left) -> Vec<(String, String)> {
    let counted = [
        (
            left.claimed_elsewhere,
            "claimed elsewhere",
            format!(
                "{} returns the claims of dead workers, once their lease has expired",
                command("reap")
            ),
        ),
        (
            left.not_enqueued,
            "not enqueued",
            format!("{} adds them to the queue", command("enqueue")),
        ),
    ];
    let counted = counted.into_iter().filter_map(|(number, what, step)| {
        let number = number.filter(|number| *number > 0)?;
        Some((format!("{} {what}", count(number)), step))
    });
    let paused = left
        .paused
        .then(|| ("claiming is paused".into(), format!("{} ends the pause", command("resume"))));
    counted.chain(paused).collect()
}

fn left_table(what: &Left) -> Table {
    let mut table = Table::new(&[("left", Align::Left), ("", Align::Left)]);
    for (what, step) in left(what) {
        table.row([Cell::inked(what, Ink::Doubtful), step.into()]);
    }
    table
}

fn rows(summary: &RunSummary) -> Table {
    let mut table = Table::new(&[("table", Align::Left), ("rows", Align::Right)]);
    for counted in &summary.rows {
        table.row([&counted.table, &count(counted.rows)]);
    }
    table
}

fn measures(summary: &RunSummary) -> Table {
    let mut table = Table::without_heading(&[Align::Left, Align::Left]);
    let took = duration(Duration::from_secs_f64(summary.wall_seconds));
    table.row(["documents", &format!("{} in {took}", bytes(summary.document_bytes))]);
    let apps = count(summary.apps_per_second.round() as u64);
    let megabytes = summary.megabytes_per_second;
    table.row(["rate", &format!("{apps} applications/s, {megabytes:.1} MB/s")]);
    if let (Some(p50), Some(p99)) = (summary.shred_p50_ms, summary.shred_p99_ms) {
        table.row(["shred time", &format!("p50 {p50:.2} ms, p99 {p99:.2} ms")]);
    }
    let memory = summary.peak_memory_bytes.map_or_else(|| "n/a".into(), bytes);
    table.row(["peak memory", &memory]);
    table
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::runner::{RunEnd, TableCount};

    use super::*;

    fn summary() -> RunSummary {
        RunSummary {
            end: RunEnd::SomeFailed,
            exit_status: 1,
            stopped_by: None,
            worker: "host:1".into(),
            session: "b54c1aa6-7b1c-4a1b-8b1c-0d6f1c1f1a10".into(),
            claimed: 5000,
            success: 4931,
            failed: 66,
            failed_by_category: BTreeMap::from([("bad_value".into(), 40), ("too_long".into(), 26)]),
            quarantined: 0,
            refused: 0,
            released: 3,
            abandoned: 0,
            unsettled: 0,
            lost_leases: 0,
            left: Left::default(),
            rows: vec![
                TableCount { table: "app_base".into(), rows: 4931 },
                TableCount { table: "app_contact".into(), rows: 7203 },
            ],
            document_bytes: 101_200_000,
            wall_seconds: 4.2,
            apps_per_second: 1189.76,
            megabytes_per_second: 24.095,
            shred_p50_ms: Some(0.207),
            shred_p99_ms: Some(3.1),
            peak_memory_bytes: Some(61_300_000),
        }
    }

    #[test]
    fn the_table_shows_what_happened() {
        insta::assert_snapshot!(render_summary(&summary(), Format::Table, Screen::PLAIN), @r#"
        finished; some applications failed

        claimed        5,000
          success      4,931
          failed          66
            bad_value     40
            too_long      26
          released         3  returned to the queue; the attempt does not count

        table         rows
        app_base     4,931
        app_contact  7,203

        documents    101.2 MB in 4.2 s
        rate         1,190 applications/s, 24.1 MB/s
        shred time   p50 0.21 ms, p99 3.10 ms
        peak memory  61.3 MB
        "#);
    }

    #[test]
    fn json_has_stable_field_names() {
        insta::assert_snapshot!(render_summary(&summary(), Format::Json, Screen::PLAIN), @r#"{"end":"some_failed","exit_status":1,"stopped_by":null,"worker":"host:1","session":"b54c1aa6-7b1c-4a1b-8b1c-0d6f1c1f1a10","claimed":5000,"success":4931,"failed":66,"failed_by_category":{"bad_value":40,"too_long":26},"quarantined":0,"refused":0,"released":3,"abandoned":0,"unsettled":0,"lost_leases":0,"left":{"claimed_elsewhere":null,"not_enqueued":null,"paused":false},"rows":[{"table":"app_base","rows":4931},{"table":"app_contact","rows":7203}],"document_bytes":101200000,"wall_seconds":4.2,"apps_per_second":1189.76,"megabytes_per_second":24.095,"shred_p50_ms":0.207,"shred_p99_ms":3.1,"peak_memory_bytes":61300000}"#);
    }

    #[test]
    fn what_is_left_is_shown_with_the_next_step() {
        let summary = RunSummary {
            quarantined: 1,
            left: Left { claimed_elsewhere: Some(75), not_enqueued: Some(8), paused: true },
            rows: Vec::new(),
            ..summary()
        };
        insta::assert_snapshot!(render_summary(&summary, Format::Table, Screen::PLAIN), @r#"
        finished; some applications failed

        claimed        5,000
          success      4,931
          failed          66
            bad_value     40
            too_long      26
          released         3  returned to the queue; the attempt does not count
        quarantined        1  they killed their workers or were refused; `xmlshred retry --quarantined` retries them

        left
        75 claimed elsewhere  `xmlshred reap` returns the claims of dead workers, once their lease has expired
        8 not enqueued        `xmlshred enqueue` adds them to the queue
        claiming is paused    `xmlshred resume` ends the pause

        documents    101.2 MB in 4.2 s
        rate         1,190 applications/s, 24.1 MB/s
        shred time   p50 0.21 ms, p99 3.10 ms
        peak memory  61.3 MB
        "#);
        assert_eq!(
            render_summary_line(&summary),
            "finished; some applications failed: 5,000 claimed, 4,931 success, 66 failed, \
             1 quarantined, 3 released, in 4.2 s; 75 claimed elsewhere; 8 not enqueued; claiming is \
             paused\n"
        );
    }

    #[test]
    fn what_went_wrong_is_shown() {
        let summary = RunSummary {
            end: RunEnd::Lost,
            stopped_by: Some("table app_base does not fit the contract: no column x".into()),
            abandoned: 2,
            refused: 3,
            unsettled: 4,
            failed: 0,
            failed_by_category: BTreeMap::new(),
            rows: Vec::new(),
            shred_p50_ms: None,
            peak_memory_bytes: None,
            ..summary()
        };
        insta::assert_snapshot!(render_summary(&summary, Format::Table, Screen::PLAIN), @r#"
        some claimed work was not concluded; run it again
        table app_base does not fit the contract: no column x

        claimed      5,000
          success    4,931
          failed         0
          refused        3  by the database: `xmlshred explain APP_ID` has its message
          released       3  returned to the queue; the attempt does not count
          abandoned      2  their lease was lost; reaping recovers them
          unsettled      4  ended without an answer; reaping recovers them

        documents    101.2 MB in 4.2 s
        rate         1,190 applications/s, 24.1 MB/s
        peak memory  n/a
        "#);
    }
}
