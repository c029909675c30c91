//! The dashboard for Grafana: its JSON, its layout and the names in its queries.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

/// Its panels, also those of closed rows.
pub fn panels() -> Vec<Value> {
    let dashboard: Value =
        serde_json::from_str(include_str!("../../docs/monitoring/grafana.json")).expect("JSON");
    let mut all = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        match panel["type"] == "row" {
            true => all.extend(panel["panels"].as_array().expect("panels of a row").clone()),
            false => all.push(panel.clone()),
        }
    }
    all
}

/// The query of a panel.
pub fn query(panel: &Value) -> &str {
    let targets = panel["targets"].as_array().expect("targets");
    assert_eq!(targets.len(), 1, "{panel}");
    targets[0]["rawSql"].as_str().expect("a query")
}

#[test]
fn every_view_has_a_panel_and_every_panel_reads_views_alone() {
    let name = Regex::new(r"\[\$\{schema\}\]\.\[(\w+)\]").unwrap();
    let mut read = BTreeSet::new();
    for panel in panels() {
        let sql = query(&panel);
        let rest = name.replace_all(sql, "").replace("$__timeFilter(", "(");
        assert!(!rest.contains('$'), "a variable or macro that nobody knows: {sql}");
        assert!(!rest.contains("FROM [") && !rest.contains("JOIN ["), "{sql}");
        read.extend(name.captures_iter(sql).map(|found| found[1].to_owned()));
        for source in [&panel["datasource"], &panel["targets"][0]["datasource"]] {
            assert_eq!(source["uid"], "${datasource}", "{panel}");
        }
        assert!(panel["title"].is_string() && panel["description"].is_string(), "{panel}");
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/views")).unwrap();
    let views: BTreeSet<String> = files
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(read, views);
}

#[test]
fn no_panel_of_the_dashboard_covers_another() {
    let place = |panel: &Value| {
        ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().expect("a number"))
    };
    let panels = panels();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    for (at, panel) in panels.iter().enumerate() {
        let [x, y, width, height] = place(panel);
        assert!(x + width <= 24, "{}", panel["title"]);
        for other in &panels[at + 1..] {
            let [left, top, wide, high] = place(other);
            let apart =
                x + width <= left || left + wide <= x || y + height <= top || top + high <= y;
            assert!(apart, "{} and {}", panel["title"], other["title"]);
        }
    }
}
