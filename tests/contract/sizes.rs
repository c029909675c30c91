//! Reading a contract takes time linear in its size. Each of these took more than a minute where
//! names were compared with one another.

use std::fmt::Write;
use std::time::{Duration, Instant};

use xmlshred::contract::Contract;

const BOUND: Duration = Duration::from_secs(30);

fn read(what: &str, text: &str) -> Result<Contract, String> {
    let began = Instant::now();
    let read = Contract::parse(text, "contract.toml");
    let read = read.map(|(contract, _)| contract).map_err(|mistakes| mistakes.to_string());
    let took = began.elapsed();
    println!("{what}: {took:?}");
    assert!(took < BOUND, "{what} took {took:?}");
    read
}

const HEAD: &str = "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n";

fn table(name: &str, more: &str, columns: &str) -> String {
    format!(
        "[[tables]]\nname = \"{name}\"\neach = \"/r\"\napp_column = \"app_id\"\n{more}\
         [tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n{columns}"
    )
}

#[test]
fn a_lookup_of_100_000_entries() {
    for mode in ["exact", "ignore-case", "exact-then-ignore-case"] {
        let mut text = format!(
            "{HEAD}{}[lookups.icd]\nmatch = \"{mode}\"\n[lookups.icd.values]\n",
            table("t", "", "v = { type = \"int\", value = \"LOOKUP('icd', @x)\" }\n")
        );
        for number in 0..100_000 {
            writeln!(text, "K{number:06} = {number}").unwrap();
        }
        read(mode, &text).expect("a contract");
    }
}

#[test]
fn a_table_of_10_000_columns() {
    let mut columns = String::new();
    for number in 0..10_000 {
        writeln!(columns, "c{number} = {{ type = \"int\", value = \"@a{number}\" }}").unwrap();
    }
    let wide = "has 10001 columns, and SQL Server takes 1022";
    let refused = |what: &str, text: &str| {
        let mistakes = read(what, text).expect_err("no server takes it");
        assert!(mistakes.contains(wide), "{mistakes}");
    };
    refused("columns", &format!("{HEAD}{}", table("t", "", &columns)));

    let mut rows = String::from("[[tables.rows]]\n");
    for number in 0..10_000 {
        writeln!(rows, "c{number} = \"@b{number}\"").unwrap();
    }
    let with_rows = format!("{HEAD}{}{rows}", table("t", "", &columns));
    refused("columns and a row template", &with_rows);
}

#[test]
fn ten_thousand_tables_that_refer_to_one_another() {
    let mut text = HEAD.to_owned();
    for number in 0..10_000 {
        let mut more = "primary_key = [\"app_id\"]\n".to_owned();
        if number < 9_999 {
            let next = number + 1;
            writeln!(more, "foreign_key = {{ columns = [\"app_id\"], references = \"T{next}\" }}")
                .unwrap();
        }
        text += &table(&format!("t{number}"), &more, "");
    }
    let contract = read("tables", &text).expect("a contract");
    let names: Vec<_> = contract.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!((names[0], names[9_999]), ("t9999", "t0"), "parents first");
}

#[test]
fn many_mistakes() {
    let mut doubled = format!("{HEAD}{}", table("t", "", ""));
    let mut unknown = format!("{HEAD}{}", table("t", "", ""));
    let mut case = format!("{HEAD}{}", table("t", "", ""));
    for number in 0..10_000 {
        writeln!(doubled, "c{number} = {{ type = \"int\" }}\nc{number} = {{ type = \"int\" }}")
            .unwrap();
        writeln!(case, "c{number} = {{ type = \"int\" }}\nC{number} = {{ type = \"int\" }}")
            .unwrap();
        writeln!(unknown, "c{number} = {{ typ = \"itn\" }}").unwrap();
    }
    for (what, text, mistake) in [
        ("duplicate keys", doubled, "duplicate key `c9999`"),
        ("duplicate columns", case, "duplicate column `C9999`"),
        ("unknown keys", unknown, "unknown key `typ` in the column `c9999`"),
    ] {
        let mistakes = read(what, &text).map(drop).expect_err("mistakes");
        assert!(mistakes.contains(mistake), "{mistake} is missing");
    }
}
