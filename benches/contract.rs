//! `cargo bench --bench contract`: how long a contract of 1,000 columns over 60 tables takes to
//! read, check and compile. The aim is below 100 ms.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use xmlshred::contract::Contract;

const TABLES: usize = 60;
const COLUMNS: usize = 1_000;
const ROUNDS: usize = 21;

fn main() {
    // `cargo test --benches` runs this without `--bench`: there is nothing to assert here.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measured with `cargo bench --bench contract`");
        return;
    }
    let text = contract();
    let mut rounds: Vec<Duration> = (0..ROUNDS).map(|_| compiled(&text)).collect();
    rounds.sort();
    println!(
        "{COLUMNS} columns, {TABLES} tables, {} kB: median {:.1} ms, worst {:.1} ms of {ROUNDS}",
        text.len() / 1000,
        milliseconds(rounds[ROUNDS / 2]),
        milliseconds(rounds[ROUNDS - 1]),
    );
}

fn compiled(text: &str) -> Duration {
    let began = Instant::now();
    let contract = Contract::parse(black_box(text), "generated.toml");
    let elapsed = began.elapsed();
    match contract {
        Ok(contract) => drop(black_box(contract)),
        Err(mistakes) => panic!("{mistakes}"),
    }
    elapsed
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Tables that refer to each other, with conditions, lookups and several paths per column.
fn contract() -> String {
    let mut text = String::from("[contract]\nname = \"wide\"\n[document]\nroot = \"r\"\n");
    for lookup in 0..TABLES {
        let _ = writeln!(text, "[lookups.l{lookup}]\nvalues = {{ A = 1, B = 2, C = 3 }}");
    }
    for table in 0..TABLES {
        let _ = write!(
            text,
            "[[tables]]\nname = \"t{table}\"\neach = \"/r/g{table}/row\"\n\
             primary_key = [\"app_id\", \"row\"]\napp_column = \"app_id\"\n\
             where = \"@row IS NOT EMPTY AND ../@kind <> 'none'\"\n\
             distinct = {{ by = [\"@row\"], keep = \"last\" }}\n"
        );
        if table > 0 {
            let key = "columns = [\"app_id\", \"row\"]";
            let _ = writeln!(text, "foreign_key = {{ {key}, references = \"t{}\" }}", table / 2);
        }
        text.push_str("[tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n");
        text.push_str("row = { type = \"int\", value = \"@row\" }\n");
        for column in (table..COLUMNS).step_by(TABLES) {
            let _ = writeln!(text, "{}", self::column(table, column));
        }
    }
    text
}

fn column(table: usize, column: usize) -> String {
    let (sql_type, value) = match column % 4 {
        0 => ("nvarchar(50)", format!("TRIM(a{column}/b[@k = 'x']/@v)")),
        1 => ("int", format!("LOOKUP('l{table}', @c{column})")),
        2 => ("datetime2(3)", format!("COALESCE(@c{column}, LAST(a{column}/@at))")),
        _ => (
            "decimal(18,4)",
            format!(
                "CASE WHEN ../@kind = 'k{column}' THEN NUMBER(a{column}/b/@value) \
                 ELSE COALESCE(NUMBER(@c{column}), 0) * 2 END"
            ),
        ),
    };
    format!("c{column} = {{ type = \"{sql_type}\", value = \"{value}\" }}")
}
