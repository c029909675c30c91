//! The earlier system goes on with its ids while this one does the others, by the page.

use crate::babelfish;
use crate::bench::Bench;
use crate::database::Sql;
use crate::page::Page;
use crate::takeover::{documents, first_rows, follow, other_rows, outcomes, tables, EARLIER};

crate::trials! {
    both_systems_work_side_by_side,
}

/// The log of the earlier system stays in its schema.
const THEIRS: &str = "sandbox";

/// Of 60 applications the earlier system has done 1 to 18, of which 7 failed, and was stopped in the middle of
/// 19 and 20.
fn bench() -> Bench {
    let bench = Bench::with_apps(0);
    tables(&bench, THEIRS);
    let all: Vec<i64> = (1..=60).collect();
    let rows: Vec<i64> = (1..=20).filter(|id| *id != 7).collect();
    let left = [
        documents(&all),
        first_rows(&rows),
        other_rows(&rows[..17]),
        outcomes(THEIRS, &all[..18], |id| id == 7),
    ];
    left.iter().flatten().for_each(|statement| bench.execute(statement));
    let batch_size = babelfish::BATCH_SIZE;
    bench.write("legacy.json", EARLIER);
    bench.write(
        "xmlshred.toml",
        &format!(
            "source_table = \"dbo.app_xml_staging\"\nsource_document_column = \"app_XML\"\n\
             contract = \"contract.toml\"\nbatch_size = {batch_size}\n"
        ),
    );
    let contract = bench.succeed("contract import legacy.json --against-database");
    bench.write("contract.toml", &contract);
    bench
}

/// Everything that the earlier system does of these applications, one after the other.
fn done_by_the_earlier(ids: &[i64]) -> Vec<String> {
    let each = ids.iter().map(std::slice::from_ref);
    each.flat_map(|id| [first_rows(id), other_rows(id), outcomes(THEIRS, id, |_| false)].concat())
        .collect()
}

/// Installs the contract with another rule for existing rows.
fn decide(bench: &Bench, on_existing: &str) {
    let contract = bench.succeed("contract import legacy.json --against-database");
    let each = "each = \"/";
    let decided = contract.replace(each, &format!("on_existing = \"{on_existing}\"\n{each}"));
    bench.write("contract.toml", &decided);
    bench.succeed("install --contract contract.toml");
}

/// The rows of a statement of the page.
fn ask(bench: &Bench, statement: &str) -> Vec<Vec<Option<String>>> {
    bench.database.query(&statement.replace("shredding.", &format!("{}.", bench.database.schema)))
}

fn both_systems_work_side_by_side() {
    let bench = bench();
    let mut page = Page::section(&bench, "docs/takeover.md", "Side by side");
    page.take("text");
    follow(&mut page);

    // Both work at the same time. At last the earlier system is stopped in the middle of 39 and 40.
    let theirs: Vec<i64> = [7].into_iter().chain(21..=38).collect();
    let mut statements = done_by_the_earlier(&theirs);
    statements.extend(first_rows(&[39, 40]));
    let database = bench.database.name.clone();
    let earlier = std::thread::spawn(move || {
        let mut sql = Sql::connect(&database);
        statements.iter().for_each(|statement| sql.execute(statement));
    });
    follow(&mut page);
    earlier.join().expect("the earlier system");
    let ours =
        "SELECT CONCAT(COUNT(*), ' ', MIN(app_id), ' ', MAX(app_id)) FROM pipeline.processing_log
                WHERE session_id <> '00000000-0000-0000-0000-000000000000' AND status = 'success'";
    assert_eq!(bench.value(ours), "20 41 60");

    let now = page.take("sql");
    let (log, sessions) = now.split_once(";\n").expect("two statements");
    let newest = ask(&bench, log).remove(0);
    assert_eq!(newest[0].as_deref(), Some("37"), "all that it did is new: {newest:?}");
    assert_eq!(newest[2].as_deref(), Some("38"));
    ask(&bench, sessions);
    let by_both = page.take("sql");
    assert_eq!(ask(&bench, &by_both), Vec::<Vec<_>>::new());

    // A document that both have is in the queue when the earlier system does it.
    documents(&[61]).iter().for_each(|statement| bench.execute(statement));
    bench.succeed("enqueue --app-id-start 41");
    done_by_the_earlier(&[61]).iter().for_each(|statement| bench.execute(statement));
    ask(&bench, &page.take("sql"));
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_queue"), 0);
    assert_eq!(bench.value(ours), "20 41 60", "what this pipeline did is its own");
    let adopted = "SELECT CONCAT(success, ' ', failed) FROM pipeline.processing_adoption";
    assert_eq!(bench.value(adopted), "37 0", "7 has succeeded since");
    assert_eq!(ask(&bench, &by_both), Vec::<Vec<_>>::new());

    // What is half written is filled, or written again.
    follow(&mut page);
    decide(&bench, "skip");
    bench.succeed("run --app-id-end 19");
    bench.succeed("verify --app-id 19");
    decide(&bench, "replace");
    follow(&mut page);
    let rows = "SELECT CONCAT((SELECT COUNT(*) FROM sandbox.app_base), ' ',
        (SELECT COUNT(*) FROM sandbox.app_contact_base), ' ', (SELECT COUNT(*) FROM sandbox.app_contact_address))";
    assert_eq!(bench.value(rows), "61 61 122", "each application once");
    page.leave_out("xmlshred uninstall --all");
    page.end();
}
