//! The workers on a line of time each, with what happened to their claims.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::charts::WIDTH;
use super::data::{to_second, Overview};
use crate::figures::{count, counted};
use crate::report::page::Text;
use crate::store::{Incidents, SessionState, SessionSummary};

/// Whole width for a span, so that a moment is somewhere.
struct Scale {
    from: DateTime<Utc>,
    milliseconds: f64,
}

impl Scale {
    fn x(&self, at: DateTime<Utc>) -> f64 {
        let part = (at - self.from).num_milliseconds() as f64 / self.milliseconds;
        (part * WIDTH).clamp(0.0, WIDTH)
    }
}

pub(super) fn timeline(overview: &Overview, page: &mut String) {
    let report = &overview.report;
    let Some((from, to)) = report.span.filter(|_| !report.sessions.is_empty()) else {
        page.push_str("<p class=\"none\">No worker ran in this time.</p>\n");
        return;
    };
    let milliseconds = ((to - from).num_milliseconds() as f64).max(1.0);
    let scale = Scale { from, milliseconds };
    page.push_str(
        "<p class=\"legend\"><span class=\"run\">ran</span> <span class=\"renewed\">leases renewed</span> \
         <span class=\"released\">released</span> <span class=\"refused\">refused or quarantined</span> \
         <span class=\"reaped\">reaped</span> <span class=\"lost\">last seen</span></p>\n\
         <ul class=\"lanes\">\n",
    );
    for session in report.sessions.iter().rev() {
        let incidents: Vec<&Incidents> =
            report.incidents.iter().filter(|one| one.session == session.session).collect();
        lane(session, &incidents, &scale, page);
    }
    let _ = write!(
        page,
        "</ul>\n<p class=\"axis\"><span>{} UTC</span><span>{} UTC</span></p>\n",
        to_second(from),
        to_second(to)
    );
    let left = report.all_sessions.saturating_sub(report.sessions.len() as u64);
    if left > 0 {
        let _ = writeln!(
            page,
            "<p class=\"note\">{} not shown: these are the newest.</p>",
            counted(left, "earlier session")
        );
    }
}

fn lane(session: &SessionSummary, incidents: &[&Incidents], scale: &Scale, page: &mut String) {
    let end = session.ended_at.unwrap_or(session.last_seen_at);
    let (left, right) = (scale.x(session.started_at), scale.x(end));
    let mut figures = vec![format!("{} succeeded", count(session.success))];
    for (number, what) in [
        (session.failed, "failed"),
        (session.released, "released"),
        (session.reaped, "reaped"),
        (session.refused, "refused"),
    ] {
        if number > 0 {
            figures.push(format!("{} {what}", count(number)));
        }
    }
    let fate = fate(session);
    let (class, figures) = (if is_lost(session) { "lost" } else { "fate" }, figures.join(", "));
    let _ = write!(
        page,
        "<li><p><b>{}</b> <span class=\"note\">on {}</span> <span class=\"{class}\">{fate}</span> \
         <span class=\"note\">{figures}</span></p>\n\
         <svg class=\"lane\" viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{} to {}\"><rect class=\"run\" x=\"{left:.1}\" y=\"6\" width=\"{:.1}\" height=\"8\"/>",
        Text(&session.worker_name),
        Text(&session.host_name),
        to_second(session.started_at),
        to_second(end),
        (right - left).max(2.0),
    );
    let mut marks = |class: &str, ends: (u8, u8), counted: fn(&Incidents) -> u64| {
        let mut path = String::new();
        for one in incidents.iter().filter(|one| counted(one) > 0) {
            let _ = write!(path, "M{:.1} {}V{}", scale.x(one.at), ends.0, ends.1);
        }
        if !path.is_empty() {
            let _ = write!(page, "<path class=\"{class}\" d=\"{path}\"/>");
        }
    };
    marks("renewed", (6, 14), |one| one.renewed);
    marks("released", (3, 17), |one| one.released);
    marks("refused", (2, 18), |one| one.refused + one.quarantined);
    marks("reaped", (0, 20), |one| one.reaped);
    if is_lost(session) {
        let _ = write!(page, "<path class=\"lost\" d=\"M{right:.1} 0V20\"/>");
    }
    page.push_str("</svg></li>\n");
}

/// Whether a worker was killed or lost: it did not end, holds nothing, and what it held was reaped.
fn is_lost(session: &SessionSummary) -> bool {
    let is_over = !matches!(session.state, SessionState::Ended | SessionState::Working);
    is_over && (session.reaped > 0 || session.state == SessionState::Silent)
}

fn fate(session: &SessionSummary) -> String {
    match (session.exit_status, is_lost(session), session.reaped) {
        (Some(0), ..) => "ended".to_owned(),
        (Some(status), ..) => format!("ended with exit status {status}"),
        (None, true, 0) => "silent: killed, or waiting for work".to_owned(),
        (None, true, _) => "killed or lost: its lease expired".to_owned(),
        (None, false, _) => session.state.name().to_owned(),
    }
}
