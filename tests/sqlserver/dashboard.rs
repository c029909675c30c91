//! The dashboard for Grafana: each of its queries, with what Grafana puts in place of its macros.

use regex::Regex;
use serde_json::Value;

use crate::harness::SqlServerHarness;

/// The queries below a value, with the titles of their panels.
fn queries(value: &Value, title: &str, all: &mut Vec<(String, String)>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| queries(value, title, all)),
        Value::Object(fields) => {
            let title = fields.get("title").and_then(Value::as_str).unwrap_or(title);
            if let Some(sql) = fields.get("rawSql").and_then(Value::as_str) {
                all.push((title.to_owned(), sql.to_owned()));
            }
            fields.values().for_each(|value| queries(value, title, all));
        }
        _ => {}
    }
}

pub fn every_panel_of_the_dashboard_is_answered(h: &SqlServerHarness) {
    crate::monitoring::situation(h);
    let dashboard = include_str!("../../docs/monitoring/grafana.json");
    let mut all = Vec::new();
    queries(&serde_json::from_str(dashboard).expect("JSON"), "", &mut all);
    assert!(all.len() > 10, "{all:?}");
    let time = Regex::new(r"\$__timeFilter\((.*?)\)").expect("a pattern");
    for (title, sql) in all {
        let now =
            "$1 BETWEEN DATEADD(HOUR, -6, SYSUTCDATETIME()) AND DATEADD(HOUR, 1, SYSUTCDATETIME())";
        let sql = time.replace_all(&sql, now).replace("[${schema}].", "pipeline.");
        let rows = h.ask(&sql);
        assert!(!rows.is_empty(), "{title} shows nothing: {sql}");
    }
}
