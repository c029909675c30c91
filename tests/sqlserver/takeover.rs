//! The takeover from an earlier system, rehearsed: its tables, rows and log, by the page.

use crate::babelfish;
use crate::bench::Bench;
use crate::page::Page;

crate::trials! {
    the_takeover_is_rehearsed,
}

pub const EARLIER: &str = include_str!("../import/takeover/contract.json");
const TABLES: &str = include_str!("../import/takeover/schema.sql");

/// In the source. The earlier system has done the first half: each fiftieth failed, and of the last three
/// before those it wrote the first row and no word in its log.
const APPS: i64 = 2_000;
const DONE: i64 = 1_000;

fn has_failed(app_id: i64) -> bool {
    app_id % 50 == 0
}

fn is_half_written(app_id: i64) -> bool {
    (DONE - 4..DONE - 1).contains(&app_id)
}

fn document(app_id: i64) -> String {
    let con_id = app_id * 10;
    format!(
        "<Membership><Request ID=\"{app_id}\"><Data><application status=\"A\" received=\"03/14/2024 10:05:07\" \
         branch=\"W7\" amount=\"{app_id}.5\" term=\"36 months\" insured=\"Y\"><contact con_id=\"{con_id}\" role=\"FIRST\" \
         first_name=\"Ada\" last_name=\"Example\" birth_date=\"04/02/1980\" ssn=\"000-11-2222\"><address kind=\"CURR\" \
         street=\"1 Sample Way\" city=\"Plainville\" state=\"NV\" zip=\"00012-3456\" months=\"14\"/><address kind=\"PREV\" \
         city=\"Oldtown\" zip=\"\"/></contact></application></Data></Request></Membership>"
    )
}

/// Statements that insert a row for each of these applications.
fn inserts(table: &str, columns: &str, ids: &[i64], row: impl Fn(i64) -> String) -> Vec<String> {
    let is_numbered = columns.starts_with("con_id") && table.ends_with("contact_base");
    let chunks = ids.chunks(250).map(|some| {
        let rows: Vec<String> = some.iter().map(|id| row(*id)).collect();
        let insert = format!("INSERT INTO {table} ({columns}) VALUES {};", rows.join(", "));
        match is_numbered || table.ends_with("app_base") {
            true => {
                format!("SET IDENTITY_INSERT {table} ON; {insert} SET IDENTITY_INSERT {table} OFF;")
            }
            false => insert,
        }
    });
    chunks.collect()
}

/// Puts the documents of these applications into the source.
pub fn documents(ids: &[i64]) -> Vec<String> {
    inserts("dbo.app_xml_staging", "app_id, app_XML", ids, |id| {
        format!("({id}, '{}')", document(id))
    })
}

/// The first row that the earlier system writes of each of these applications.
pub fn first_rows(ids: &[i64]) -> Vec<String> {
    inserts("sandbox.app_base", "app_id, status_enum, receive_date, branch", ids, |id| {
        format!("({id}, 11, '2024-03-14T10:05:07', 'W7')")
    })
}

/// The other rows that the earlier system writes.
pub fn other_rows(ids: &[i64]) -> Vec<String> {
    let mut all = inserts("sandbox.app_terms", "app_id, amount, months, insured_flag", ids, |id| {
        format!("({id}, {id}.5, 36, 1)")
    });
    let columns =
        "con_id, app_id, contact_type_enum, first_name, last_name, birth_date, tax_number";
    all.extend(inserts("sandbox.app_contact_base", columns, ids, |id| {
        format!("({id}0, {id}, 20, 'Ada', 'Example', '1980-04-02', '000112222')")
    }));
    let columns = "con_id, address_type_enum, street_name, city, [state], zip, months_at_address";
    all.extend(inserts("sandbox.app_contact_address", columns, ids, |id| {
        format!(
            "({id}0, 30, '1 Sample Way', 'Plainville', 'NV', '000123456', 14), ({id}0, 31, NULL, 'Oldtown', NULL, NULL, NULL)"
        )
    }));
    all
}

/// What the earlier system says of these applications in its log.
pub fn outcomes(schema: &str, ids: &[i64], has_failed: impl Fn(i64) -> bool) -> Vec<String> {
    let log = format!("{schema}.processing_log");
    inserts(&log, "app_id, [status], failure_reason", ids, |id| match has_failed(id) {
        true => format!("({id}, 'failed', 'a dropped connection')"),
        false => format!("({id}, 'success', NULL)"),
    })
}

/// The tables of the earlier system, with its log in this schema.
pub fn tables(bench: &Bench, schema: &str) {
    let log = format!("{schema}.processing_log");
    for batch in TABLES.replace("sandbox.processing_log", &log).split("\nGO") {
        bench.execute(batch);
    }
}

/// What the earlier system left.
fn bench() -> Bench {
    let bench = Bench::with_apps(0);
    bench.execute(&format!("CREATE SCHEMA {} AUTHORIZATION dbo;", bench.database.schema));
    tables(&bench, "pipeline");
    let all: Vec<i64> = (1..=APPS).collect();
    let rows: Vec<i64> = (1..=DONE).filter(|id| !has_failed(*id)).collect();
    let whole: Vec<i64> = rows.iter().copied().filter(|id| !is_half_written(*id)).collect();
    let logged: Vec<i64> = (1..=DONE).filter(|id| !is_half_written(*id)).collect();
    let left = [
        documents(&all),
        first_rows(&rows),
        other_rows(&whole),
        outcomes("pipeline", &logged, has_failed),
    ];
    left.iter().flatten().for_each(|statement| bench.execute(statement));
    bench.write("legacy.json", EARLIER);
    bench
}

/// The commands of the next block, each with its exit status; what they printed. Where the page shows
/// lines, they are among those that were printed, with other blanks perhaps; `…` is the rest of one.
pub fn follow(page: &mut Page<'_>) -> Vec<String> {
    let text = page.take("text");
    let mut lines = text.lines().peekable();
    let mut all = Vec::new();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let mut shown = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            shown.push(line);
        }
        let status = lines.next_if_eq(&"$ echo $?").and_then(|_| lines.next());
        let said = page.run_line(command, status.map_or(0, |s| s.parse().expect("a status")));
        let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let printed: Vec<String> = said.lines().map(squeezed).collect();
        for line in shown.into_iter().map(squeezed).filter(|line| line != "…") {
            let start = line.trim_end_matches('…');
            let is_it = |printed: &String| {
                *printed == line || (start != line && printed.starts_with(start))
            };
            assert!(printed.iter().any(is_it), "{command} does not print {line}:\n{said}");
        }
        all.push(said);
    }
    all
}

/// Everything in the earlier log.
fn earlier_log(bench: &Bench) -> String {
    bench.value(
        "SELECT CONCAT(COUNT(*), ' ', SUM(CONVERT(bigint, log_id)), ' ', COUNT(failure_reason), ' ', MAX(processing_time))
         FROM pipeline.processing_log",
    )
}

fn the_takeover_is_rehearsed() {
    let bench = bench();
    let log = earlier_log(&bench);
    let mut page = Page::section(&bench, "docs/takeover.md", "Look");
    follow(&mut page);
    let settings = page.take("text");
    let settings: Vec<&str> = settings.lines().filter(|line| line.starts_with("source_")).collect();
    let batch_size = babelfish::BATCH_SIZE;
    let settings = settings.join("\n");
    bench.write(
        "xmlshred.toml",
        &format!("{settings}\ncontract = \"contract.toml\"\nbatch_size = {batch_size}\n"),
    );
    page.leave_out("xmlshred map docs --format csv");
    page.end();
    let contract = std::fs::read_to_string(bench.path("contract.toml")).expect("the contract");
    let each = "each = \"/";
    assert_eq!(contract.matches(each).count(), 4, "{contract}");
    let replacing = contract.replace(each, &format!("on_existing = \"replace\"\n{each}"));
    bench.write("contract.toml", &replacing);

    let mut page = Page::section(&bench, "docs/takeover.md", "Install");
    follow(&mut page);
    assert_eq!(earlier_log(&bench), log, "nothing was changed");
    let said = follow(&mut page);
    assert!(said[0].contains("is adopted: 997 applications, of which 20 failed"), "{said:?}");
    page.end();

    let mut page = Page::section(&bench, "docs/takeover.md", "Verify");
    follow(&mut page);
    let said = follow(&mut page).remove(0);
    assert!(said.contains("app_contact_base") && said.contains("996"), "{said}");
    let planted = "UPDATE sandbox.app_contact_address SET city = 'Elsewhere' WHERE con_id = 10 AND address_type_enum = 30;";
    bench.execute(planted);
    let found = bench.run("verify --app-id 1");
    assert_eq!(found.status, 1, "{found:?}");
    assert!(found.stdout.contains("Elsewhere") && found.stdout.contains("city"), "{found:?}");
    bench.execute(&planted.replace("Elsewhere", "Plainville"));
    assert_eq!(bench.run("verify --app-id 1").status, 0);
    page.end();

    let mut page = Page::section(&bench, "docs/takeover.md", "Work");
    follow(&mut page);
    let finished =
        "SELECT COUNT(*) FROM pipeline.processing_log WHERE is_latest = 1 AND status = 'success'";
    assert_eq!(bench.number(finished), APPS - 20);
    follow(&mut page);
    assert_eq!(bench.number(finished), APPS);
    let reconciled = page.ask();
    let different = reconciled.iter().filter(|row| row[3] != "0" || row[4] != "0");
    assert_eq!(different.count(), 0, "{reconciled:?}");
    assert_eq!(bench.number("SELECT COUNT(*) FROM sandbox.app_base"), APPS);
    let earlier = "SELECT COUNT(*) FROM sandbox.app_contact_address";
    assert_eq!(bench.number(earlier), 2 * APPS, "each application once");
    page.leave_out("xmlshred verify --sample 200");
    page.end();

    let mut page = Page::section(&bench, "docs/takeover.md", "Go back");
    follow(&mut page);
    assert_eq!(earlier_log(&bench), log, "the log is back, with all of its rows");
    assert_eq!(bench.number(earlier), 2 * APPS);
    page.leave_out("SELECT MAX(app_id) FROM sandbox.processing_log");
    page.end();
}
