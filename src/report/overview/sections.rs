//! The lists of a report: findings, causes, times, tables, contracts, settings.

use std::fmt::Write as _;
use std::time::Duration;

use super::data::{to_second, Overview, ShownSetting};
use crate::command::bare_command;
use crate::figures::{bytes, count, counted, duration};
use crate::report::page::{definitions, Path, Text};
use crate::store::{FailureCause, Reconciled};

/// Characters of a text that documents or databases made.
const SHOWN: usize = 300;

pub(super) fn findings(overview: &Overview, page: &mut String) {
    if overview.findings.is_empty() {
        return;
    }
    page.push_str("<section id=\"findings\">\n<h2>Findings</h2>\n");
    let rows = overview.findings.iter().map(|finding| {
        vec![
            finding.priority.to_string(),
            format!(
                "<b>{}</b><br>{}",
                Text(&finding.finding),
                Text(&short(&finding.detail, SHOWN))
            ),
            format!("{}<br><code>{}</code>", Text(&finding.why), Text(&finding.fix)),
        ]
    });
    let heading =
        [("Priority", true), ("Finding", false), ("Why it matters, and what to do", false)];
    table("Findings", &heading, rows, page);
    page.push_str("</section>\n");
}

pub(super) fn causes(overview: &Overview, page: &mut String) {
    let found = &overview.causes;
    page.push_str("<section id=\"causes\">\n<h2>Causes of failure</h2>\n");
    if found.causes.is_empty() {
        page.push_str("<p class=\"none\">Nothing failed.</p>\n</section>\n");
        return;
    }
    let _ = writeln!(
        page,
        "<p class=\"note\">{} failed, for {}.<span class=\"click\"> A click selects a command whole.</span></p>",
        counted(found.all_applications, "application"),
        counted(found.all_causes, "cause")
    );
    for cause in &found.causes {
        self::cause(cause, page);
    }
    let left = found.all_causes.saturating_sub(found.causes.len() as u64);
    if left > 0 {
        let _ = writeln!(
            page,
            "<p class=\"note\">{} not shown: <code>{}</code> lists them.</p>",
            counted(left, "rarer cause"),
            Text(&bare_command("failures"))
        );
    }
    page.push_str("</section>\n");
}

fn cause(cause: &FailureCause, page: &mut String) {
    let target = match (&cause.table, &cause.column) {
        (Some(table), Some(column)) => format!(" <code>{}.{}</code>", Text(table), Text(column)),
        (Some(name), None) | (None, Some(name)) => format!(" <code>{}</code>", Text(name)),
        (None, None) => String::new(),
    };
    let _ = write!(
        page,
        "<section class=\"cause\">\n<div><h3><span class=\"failed\">{}</span> {}{target}</h3>\n",
        count(cause.applications),
        Text(cause.category.name())
    );
    let mut facts = vec![("reason", Text(&short(&cause.reason, SHOWN)).to_string())];
    if let Some(path) = &cause.path_shape {
        facts.push(("path", format!("<code>{}</code>", Path(&short(path, SHOWN)))));
    }
    if !cause.values.is_empty() {
        let shown = |(value, applications): &(String, u64)| {
            let value = match value.is_empty() {
                true => "<span class=\"none\">empty</span>".to_owned(),
                false => format!("<code>{}</code>", Text(&short(value, 60))),
            };
            format!("{value} ({})", count(*applications))
        };
        facts.push(("values", cause.values.iter().map(shown).collect::<Vec<_>>().join(", ")));
    }
    if let Some(number) = cause.error_number {
        facts.push(("database's error", number.to_string()));
    }
    facts
        .push(("at", format!("{} to {} UTC", to_second(cause.first_at), to_second(cause.last_at))));
    definitions("facts", facts, page);
    page.push_str("</div>\n<div class=\"commands\">");
    for command in crate::report::failures::commands(cause) {
        let _ = write!(page, "<code>{}</code>", Text(&command));
    }
    page.push_str("</div>\n</section>\n");
}

pub(super) fn shred_times(overview: &Overview, page: &mut String) {
    let report = &overview.report;
    page.push_str("<section id=\"times\">\n<h2>Time to shred a document</h2>\n");
    let Some(times) = &report.shred_times else {
        page.push_str("<p class=\"none\">Nothing was shredded in this time.</p>\n</section>\n");
        return;
    };
    let _ = write!(
        page,
        "<ul class=\"tiles\"><li><b>{}</b> half took this or less</li><li><b>{}</b> 90 of 100</li>\
         <li><b>{}</b> 99 of 100</li><li><b>{}</b> the slowest</li></ul>\n\
         <p class=\"note\">Of the newest {}, from {} UTC. The slowest of these:</p>\n",
        micros(times.p50),
        micros(times.p90),
        micros(times.p99),
        micros(times.max),
        counted(times.attempts, "attempt"),
        to_second(times.first_at)
    );
    let rows = report.slowest.iter().map(|app| {
        vec![
            app.app_id.to_string(),
            micros(app.shred_micros),
            bytes(app.document_bytes),
            if app.succeeded { "success" } else { "failed" }.to_owned(),
            Text(app.worker_name.as_deref().unwrap_or("")).to_string(),
        ]
    });
    let heading = [
        ("Application", true),
        ("Time", true),
        ("Document", true),
        ("Outcome", false),
        ("Worker", false),
    ];
    table("Slowest documents", &heading, rows, page);
    page.push_str("</section>\n");
}

pub(super) fn reconciliation(overview: &Overview, page: &mut String) {
    page.push_str(
        "<section id=\"reconciliation\">\n<h2>Is everything there?</h2>\n\
         <p class=\"note\">Source rows that are queued or logged, and the rows of each table against those \
         that the log recorded. Nothing is missing where the difference is 0. While workers run, each count \
         is of a slightly different moment.</p>\n",
    );
    let rows = overview.report.reconciliation.iter().map(|row: &Reconciled| {
        let number = |value: Option<u64>| value.map_or_else(|| "unknown".to_owned(), count);
        let blank = |value: Option<u64>| value.map_or_else(String::new, count);
        let difference = match row.difference {
            None => "unknown".to_owned(),
            Some(0) => "0".to_owned(),
            Some(rows) => format!("<span class=\"failed\">−{}</span>", count(rows.unsigned_abs())),
        };
        vec![
            format!("<code>{}</code>", Text(&row.subject)),
            count(row.expected),
            number(row.actual),
            difference,
            blank(row.not_ours),
            blank(row.stale),
        ]
    });
    let heading = [
        ("Rows of", false),
        ("Expected", true),
        ("Actual", true),
        ("Difference", true),
        ("Not ours", true),
        ("Of an earlier success", true),
    ];
    table("Reconciliation", &heading, rows, page);
    page.push_str("</section>\n");
}

pub(super) fn contracts(overview: &Overview, page: &mut String) {
    page.push_str("<section id=\"contracts\">\n<h2>Contracts</h2>\n");
    let rows = overview.report.contracts.iter().map(|contract| {
        let retired = contract.retired_at.map(|at| format!("{} UTC", to_second(at)));
        vec![
            Text(&contract.name).to_string(),
            format!("{} UTC", to_second(contract.installed_at)),
            retired.unwrap_or_else(|| "<b>installed</b>".to_owned()),
            format!("<code class=\"hash\">{}</code>", contract.hash),
        ]
    });
    let heading = [("Name", false), ("Installed", false), ("Until", false), ("Hash", false)];
    table("Contracts", &heading, rows, page);
    page.push_str("</section>\n");
}

pub(super) fn settings(overview: &Overview, page: &mut String) {
    page.push_str(
        "<section id=\"settings\">\n<h2>Settings</h2>\n\
         <p class=\"note\">Of the call that made this report; a worker may have had others.</p>\n",
    );
    let row = |setting: &ShownSetting| {
        vec![
            format!("<code>{}</code>", Text(&setting.name)),
            format!("<code>{}</code>", Text(&short(&setting.value, SHOWN))),
            Text(&setting.from).to_string(),
        ]
    };
    let heading = [("Setting", false), ("Value", false), ("From", false)];
    let (own, set): (Vec<_>, Vec<_>) =
        overview.settings.iter().partition(|setting| setting.is_default);
    table("Settings", &heading, set.into_iter().map(row), page);
    let _ = writeln!(
        page,
        "<details><summary>{} at the program's default</summary>",
        counted(own.len(), "setting")
    );
    table("Defaults", &heading, own.into_iter().map(row), page);
    page.push_str("</details>\n</section>\n");
}

/// A table; a heading says whether its column has numbers. Cells are markup.
fn table(
    name: &str,
    heading: &[(&str, bool)],
    rows: impl Iterator<Item = Vec<String>>,
    page: &mut String,
) {
    let class = |is_number: bool| if is_number { " class=\"figure\"" } else { "" };
    let _ = write!(
        page,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{name}\">\n<table>\n<thead><tr>"
    );
    for (title, is_number) in heading {
        let _ = write!(page, "<th scope=\"col\"{}>{title}</th>", class(*is_number));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for cells in rows {
        page.push_str("<tr>");
        for ((_, is_number), cell) in heading.iter().zip(cells) {
            let _ = write!(page, "<td{}>{cell}</td>", class(*is_number));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
}

fn micros(time: u64) -> String {
    match time {
        0..1_000 => format!("{time} µs"),
        1_000..10_000 => format!("{:.1} ms", time as f64 / 1e3),
        _ => duration(Duration::from_micros(time)),
    }
}

/// The start of a text.
fn short(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
