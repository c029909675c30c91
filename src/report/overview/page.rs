//! The page of a report.

use std::fmt::Write as _;

use super::data::{to_second, Overview};
use super::json::overview_json;
use super::verdict::verdict;
use super::{charts, sections, timeline};
use crate::command::bare_command;
use crate::figures::{count, duration};
use crate::report::page::{definitions, Frame, Text};

/// The page, with [`overview_json`] inside.
pub fn overview_page(overview: &Overview) -> String {
    let mut body = String::new();
    header(overview, &mut body);
    body.push_str("<main id=\"main\">\n");
    states(overview, &mut body);
    sections::findings(overview, &mut body);
    sections::causes(overview, &mut body);
    body.push_str("<section id=\"throughput\">\n<h2>Throughput</h2>\n");
    charts::throughput(overview, &mut body);
    body.push_str("</section>\n");
    sections::shred_times(overview, &mut body);
    body.push_str("<section id=\"workers\">\n<h2>Workers</h2>\n");
    timeline::timeline(overview, &mut body);
    body.push_str("</section>\n");
    sections::reconciliation(overview, &mut body);
    sections::contracts(overview, &mut body);
    sections::settings(overview, &mut body);
    body.push_str("</main>\n");
    let _ = writeln!(
        body,
        "<footer>xmlshred {}. What this page shows is inside it as JSON, in the element with the id \
         <code>report</code>; <code>{}</code> prints the same.</footer>\n\
         <script type=\"application/json\" id=\"report\">{}</script>",
        env!("CARGO_PKG_VERSION"),
        Text(&bare_command("report --format json")),
        overview_json(overview)
    );
    let frame = Frame {
        title: &format!("Report of {}", name(overview)),
        style: include_str!("page.css"),
        script: None,
        skip: ("main", "Skip to the figures"),
    };
    frame.around(&body)
}

/// The name of the installed contract.
fn name(overview: &Overview) -> &str {
    let installed = overview.report.contracts.iter().find(|one| one.retired_at.is_none());
    installed.map_or("a store without a contract", |contract| &contract.name)
}

fn header(overview: &Overview, page: &mut String) {
    let (kind, heading, figures) = verdict(overview);
    let report = &overview.report;
    let _ = write!(
        page,
        "<header>\n<p class=\"kind\">Report of a pipeline</p>\n<h1>{}</h1>\n\
         <div class=\"verdict {}\" role=\"status\"><p class=\"heading\">{}</p><p>{}</p></div>\n",
        Text(name(overview)),
        kind.name(),
        Text(&heading),
        Text(&figures)
    );
    let mut facts = vec![
        ("made at", format!("{} UTC, by the database's clock", to_second(report.taken_at))),
        ("covers", Text(&overview.scope).to_string()),
    ];
    if let Some((from, to)) = report.span {
        let length = (to - from).to_std().unwrap_or_default();
        let span = format!("{} to {} UTC, {}", to_second(from), to_second(to), duration(length));
        facts.push(("work", span));
    }
    definitions("facts", facts, page);
    page.push_str("</header>\n");
}

fn states(overview: &Overview, page: &mut String) {
    let status = &overview.status;
    page.push_str("<section id=\"states\">\n<h2>Applications</h2>\n");
    charts::states(overview, page);
    page.push_str("<ul class=\"tiles\">");
    for (class, number, state) in [
        ("success", status.success, "succeeded"),
        ("failed", status.failed, "failed"),
        ("quarantined", status.quarantined, "quarantined"),
        ("claimed", status.claimed, "claimed"),
        ("ready", status.ready, "ready"),
    ] {
        let class = if number > 0 { class } else { "zero" };
        let _ = write!(page, "<li class=\"{class}\"><b>{}</b> {state}</li>", count(number));
    }
    let left = status.ready + status.claimed;
    let _ = write!(
        page,
        "</ul>\n<p class=\"balance\"><code>{} enqueued = {} success + {} failed + {} quarantined + {left} \
         to do; {} not enqueued</code></p>\n",
        count(overview.status.enqueued()),
        count(status.success),
        count(status.failed),
        count(status.quarantined),
        count(overview.not_enqueued()),
        left = count(left),
    );
    if status.stale > 0 {
        let _ = writeln!(
            page,
            "<p class=\"note\">{} of the failed have the rows of an earlier success.</p>",
            count(status.stale)
        );
    }
    page.push_str("</section>\n");
}
