//! Bars: where every application is, and what was done when.

use std::fmt::Write as _;

use super::data::{to_second, Overview};
use crate::figures::{bytes, count, counted};
use crate::report::page::Text;

/// Width of a picture; a browser stretches it.
pub(super) const WIDTH: f64 = 1_000.0;

/// The states as parts of one bar.
pub(super) fn states(overview: &Overview, page: &mut String) {
    let status = &overview.status;
    let parts = [
        ("success", status.success),
        ("failed", status.failed),
        ("quarantined", status.quarantined),
        ("claimed", status.claimed),
        ("ready", status.ready),
    ];
    let all = overview.status.enqueued();
    if all == 0 {
        return;
    }
    page.push_str(
        "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
    );
    let mut left: f64 = 0.0;
    for (state, applications) in parts {
        let width = WIDTH * applications as f64 / all as f64;
        if applications > 0 {
            // What is rare is seen too.
            let shown = width.max(3.0);
            let _ = write!(
                page,
                "<rect class=\"{state}\" x=\"{:.1}\" width=\"{shown:.1}\" height=\"10\"/>",
                left.min(WIDTH - shown)
            );
        }
        left += width;
    }
    page.push_str("</svg>\n");
}

/// Applications per minute in each slice.
pub(super) fn throughput(overview: &Overview, page: &mut String) {
    let report = &overview.report;
    let (Some((_, to)), Some(first)) = (report.span, report.slices.first()) else {
        page.push_str("<p class=\"none\">Nothing was processed in this time.</p>\n");
        return;
    };
    let minutes = f64::from(report.slice_minutes.max(1));
    let of_slice =
        |at: chrono::DateTime<chrono::Utc>| (at - first.at).num_minutes() as f64 / minutes;
    let places = (of_slice(to).floor() + 1.0).max(1.0);
    let pitch = WIDTH / places;
    // A bar among few is not as wide as the page.
    let width = (pitch * 0.84).min(60.0);
    let per_minute = |applications: u64| applications as f64 / minutes;
    let top = report.slices.iter().map(|slice| per_minute(slice.success + slice.failed));
    let top = top.fold(1.0, f64::max);
    let (success, failed) = report
        .slices
        .iter()
        .fold((0, 0), |(success, failed), slice| (success + slice.success, failed + slice.failed));
    let size: u64 = report.slices.iter().map(|slice| slice.document_bytes).sum();
    let rows: u64 = report.slices.iter().map(|slice| slice.rows_written).sum();
    let _ = write!(
        page,
        "<p>{} succeeded and {} failed; {} of documents became {}. Bars show applications per minute; \
         each bar is {}.</p>\n<div class=\"chart\">\n<p class=\"top\">{} per minute</p>\n\
         <svg class=\"plot\" viewBox=\"0 0 1000 100\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Applications per minute over time, at most {}\">",
        counted(success, "attempt"),
        count(failed),
        bytes(size),
        counted(rows, "row"),
        counted(report.slice_minutes, "minute"),
        count(top.ceil() as u64),
        count(top.ceil() as u64),
    );
    for slice in &report.slices {
        let x = of_slice(slice.at) * pitch + (pitch - width).min(pitch * 0.16) / 2.0;
        let good = 98.0 * per_minute(slice.success) / top;
        let bad = 98.0 * per_minute(slice.failed) / top;
        let said = format!(
            "{} UTC: {} succeeded, {} failed",
            slice.at.format("%Y-%m-%d %H:%M"),
            count(slice.success),
            count(slice.failed)
        );
        let _ = write!(
            page,
            "<g><title>{}</title><rect class=\"success\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
             height=\"{good:.1}\"/><rect class=\"failed\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
             height=\"{bad:.1}\"/></g>",
            Text(&said),
            100.0 - good,
            100.0 - good - bad,
        );
    }
    let _ = write!(
        page,
        "</svg>\n<p class=\"axis\"><span>{} UTC</span><span>{} UTC</span></p>\n</div>\n\
         <p class=\"legend\"><span class=\"success\">succeeded</span> <span class=\"failed\">failed</span></p>\n",
        to_second(first.at),
        to_second(to),
    );
}
