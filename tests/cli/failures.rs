//! `xmlshred failures`: what failed, by cause.

use serde_json::Value;

use super::workbench::Workbench;

const CONTRACT: &str = r#"
[contract]
name = "orders"
target_schema = "main"

[document]
root = "order"

[lookups.color]
match = "exact"
on_blank = "error"
on_unmapped = "error"
[lookups.color.values]
red = 1

[[tables]]
name = "orders"
each = "/order"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "bigint", value = "APP_ID()" }
color  = { type = "int", value = "LOOKUP('color', @color)" }
amount = { type = "decimal(9,2)", value = "line/@amount" }
"#;

/// Eight orders: three are cut off in different places, one has a wrong end tag, two have one color and
/// one another that the lookup lacks, and one is well.
fn failed() -> Workbench {
    let bench = Workbench::new();
    bench.write("xmlshred.toml", "store = \"sqlite:orders.db\"\ncontract = \"orders.toml\"\n");
    bench.write("orders.toml", CONTRACT);
    let documents = [
        "<order color='red'><line amount='1'/></order>",
        "<order><line",
        "<order color='red'><line amount='1'/><note text",
        "<order><a><b><c x='",
        "<order></other>",
        "<order color='blue'/>",
        "<order color='blue'/>",
        "<order color='gr`een'/>",
    ];
    for (document, number) in documents.iter().zip(1..) {
        bench.write(&format!("docs/{number}.xml"), document);
    }
    for command in ["load docs", "install", "enqueue", "run"] {
        bench.run(command);
    }
    bench
}

fn json(bench: &Workbench, command: &str) -> Value {
    let said = bench.run(command);
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn a_cause_is_one_however_many_documents_show_it() {
    let bench = failed();
    let found = json(&bench, "failures --format json");
    assert_eq!((&found["applications"], &found["causes"]), (&7.into(), &4.into()));
    let causes = found["listed"].as_array().unwrap();
    let of = |category: &str| -> Vec<(u64, &Value)> {
        let is_one = |cause: &&Value| cause["category"] == category;
        let shown = |cause: &'_ &Value| cause["applications"].as_u64().unwrap();
        causes.iter().filter(is_one).map(|cause| (shown(&cause), &cause["values"])).collect()
    };
    let malformed: Vec<u64> = of("malformed_xml").iter().map(|(count, _)| *count).collect();
    assert_eq!(malformed, [3, 1], "{found}");
    let unmapped = of("unmapped_lookup");
    assert_eq!(unmapped[0].1[0]["value"], "blue");
    assert_eq!(unmapped[1].1[0]["value"], "gr`een");
    assert_eq!((unmapped[0].0, unmapped[1].0), (2, 1), "{found}");
}

#[test]
fn the_commands_that_are_shown_work_as_they_are() {
    let bench = failed();
    let said = bench.run("failures --first 1 --store sqlite:orders.db");
    assert!(said.stdout.starts_with("7 applications failed, for 4 causes\n\n3  malformed_xml\n"));
    assert!(said.stdout.ends_with("\n3 causes not shown: add --first N\n"), "{said:?}");
    let commands: Vec<&str> =
        said.stdout.lines().filter_map(|line| line.trim().strip_prefix("xmlshred ")).collect();
    let [explain, export, retry] = commands[..] else { panic!("{said:?}") };
    assert!(explain.starts_with("explain --store sqlite:orders.db "), "{explain}");
    assert_eq!(bench.run(explain).status, 0);
    assert!(bench.run(export).stdout.starts_with("3 failed documents written to "));
    assert_eq!(bench.run(retry).stdout, "3 applications retried\n");
    assert_eq!(json(&bench, "failures --format json")["applications"], 4);
}

#[test]
fn run_and_status_name_the_command() {
    let bench = failed();
    for command in ["status", "status --format json"] {
        let said = bench.run(command);
        assert!(said.stderr.ends_with("`xmlshred failures` lists the causes\n"), "{said:?}");
    }
    bench.run("retry --all");
    let said = bench.run("run");
    assert!(said.stderr.ends_with("`xmlshred failures` lists the causes\n"), "{said:?}");
}

#[test]
fn applications_are_listed_by_id_and_cause() {
    let bench = failed();
    let said = bench.run("failures --ids --format csv");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines.len(), 8, "{said:?}");
    assert!(lines[5].starts_with("6,unmapped_lookup,orders,color,/order/@color,blue,"), "{said:?}");
    let fingerprint = lines[5].rsplit(',').next().unwrap();
    let of_one = bench.run(&format!("failures --ids --fingerprint {fingerprint} --format json"));
    let ids: Vec<Value> = of_one
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["app_id"].clone())
        .collect();
    assert_eq!(ids, [6, 7]);
    let said = bench.run("failures --ids --first 2");
    assert!(said.stderr.starts_with("2 failed applications, and perhaps more"), "{said:?}");
}

#[test]
fn an_unknown_fingerprint_is_a_mistake_and_not_zero_applications() {
    let bench = failed();
    let unknown = "0123456789abcdef";
    for command in [
        format!("retry --fingerprint {unknown}"),
        format!("export-failed out --fingerprint {unknown}"),
        format!("failures --ids --fingerprint {unknown}"),
    ] {
        let said = bench.run(&command);
        assert_eq!(said.status, 2, "{command}: {said:?}");
        assert!(said.stderr.contains("`xmlshred failures` lists those"), "{command}: {said:?}");
    }
    let said = bench.run("retry --fingerprint 12ab");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("16 hexadecimal digits"), "{said:?}");
}

#[test]
fn no_failures_of_a_short_time_are_no_causes() {
    let bench = failed();
    assert_eq!(json(&bench, "failures --since 1h --format json")["applications"], 7);
    bench.run("retry --all");
    assert_eq!(bench.run("failures --since 1h").stdout, "0 applications failed, for 0 causes\n");
    assert_eq!(bench.run("failures --since yesterday").status, 2);
}
