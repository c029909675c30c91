//! Drafts for tables that exist.

use xmlshred::contract::ParsedContract;
use xmlshred::declared::read_script;
use xmlshred::drafting::{draft, Drafted, Options};

use super::profiled;

const ORDERS: [&str; 2] = [
    r#"<order number="7" placed="2026-11-24"><customer><name>Ida</name><town>Oslo</town></customer>
       <line sku="A" quantity="2" price="4.50"><note>gift</note></line>
       <line sku="B" quantity="1" price="9.00"/></order>"#,
    r#"<order number="8" placed="2026-11-25"><customer><name>Bo</name><town>Bergen</town></customer>
       <line sku="A" quantity="5" price="4.50"/></order>"#,
];

fn fitted(script: &str, documents: &[&str]) -> Drafted {
    let profile = profiled(documents);
    let existing = read_script(script).expect("a script");
    let options = Options { existing, ..Options::default() };
    let drafted = draft(&profile, profile.roots()[0], "orders", &options);
    if drafted.report.tables > 0 {
        let parsed = ParsedContract::parse(&drafted.toml, "the draft");
        assert!(parsed.is_ok(), "{}\n{:?}", drafted.toml, parsed.err());
    }
    drafted
}

#[test]
fn tables_and_columns_get_the_paths_of_their_names() {
    let drafted = fitted(
        "CREATE TABLE dbo.Orders (
            order_no bigint NOT NULL PRIMARY KEY, placed date NOT NULL, CustomerName nvarchar(50),
            loaded_at datetime2 NOT NULL DEFAULT SYSUTCDATETIME(), clerk varchar(20) NOT NULL);
         CREATE TABLE dbo.OrderLines (
            order_no bigint NOT NULL REFERENCES dbo.Orders (order_no), line_no int NOT NULL,
            sku varchar(20) NOT NULL, qty int NOT NULL, price decimal(9,2), weight int,
            PRIMARY KEY (order_no, line_no));",
        &ORDERS,
    );
    insta::assert_snapshot!(drafted.toml);
}

#[test]
fn a_name_is_not_enough_where_the_type_does_not_take_the_values() {
    let drafted =
        fitted("CREATE TABLE orders (app_id int PRIMARY KEY, number int, placed int);", &ORDERS);
    assert!(drafted.toml.contains(r#"value = "@number""#), "{}", drafted.toml);
    assert!(!drafted.toml.contains("\nplaced"), "{}", drafted.toml);
    let placed = drafted.report.unfilled.iter().find(|u| u.place == "orders.placed").unwrap();
    assert_eq!(placed.why, "perhaps @placed, whose values are not int");
}

#[test]
fn two_paths_of_one_name_are_a_choice_for_a_person() {
    let document =
        "<order><seller><town>A</town></seller><buyer><town>B</town></buyer><x>1</x></order>";
    let drafted = fitted(
        "CREATE TABLE orders (app_id int PRIMARY KEY, town varchar(50), buyer_town varchar(50), x int);",
        &[document],
    );
    assert!(drafted.toml.contains(r#"buyer_town = { type = "varchar(50)", value = "buyer/town""#));
    let guess = "# town = { type = \"varchar(50)\", value = \"seller/town\" }  # perhaps seller/town, or buyer/town";
    assert!(drafted.toml.contains(guess), "{}", drafted.toml);
}

#[test]
fn an_element_that_is_there_once_may_have_a_table_of_its_own() {
    let drafted = fitted(
        "CREATE TABLE orders (app_id int PRIMARY KEY, placed date);
         CREATE TABLE customers (app_id int PRIMARY KEY REFERENCES orders, name nvarchar(50), town nvarchar(50));",
        &ORDERS,
    );
    assert!(drafted.toml.contains("each = \"/order/customer\""), "{}", drafted.toml);
    assert!(
        drafted.toml.contains("name   = { type = \"nvarchar(50)\", value = \"./name\""),
        "{}",
        drafted.toml
    );
}

#[test]
fn a_table_of_something_else_is_named() {
    let drafted = fitted("CREATE TABLE invoices (app_id int, due_on date, vat money);", &ORDERS);
    assert_eq!(drafted.report.tables, 0);
    assert_eq!(drafted.report.unfilled[0].place, "invoices");
}

#[test]
fn what_the_database_numbers_and_computes_is_left_to_it() {
    let drafted = fitted(
        "CREATE TABLE orders (app_id int IDENTITY PRIMARY KEY, placed date);
         CREATE TABLE lines (line_id int IDENTITY PRIMARY KEY, app_id int REFERENCES orders,
            sku varchar(20), quantity int, price money, total AS quantity * price);",
        &ORDERS,
    );
    let expected = [
        r#"app_id = { type = "int", value = "APP_ID()", identity = "explicit" }"#,
        r#"line_id  = { type = "int", identity = true }"#,
    ];
    for line in expected {
        assert!(drafted.toml.contains(line), "{line}: {}", drafted.toml);
    }
    assert!(!drafted.toml.contains("total"), "{}", drafted.toml);
}

#[test]
fn a_column_that_would_round_or_cut_is_left_to_a_person() {
    let documents =
        [r#"<order number="7" price="1.23456" at="2026-11-24T18:20:30+02:00" weight="2.5"/>"#];
    let drafted = fitted(
        "CREATE TABLE orders (app_id int PRIMARY KEY, number int, price decimal(9,2), at datetime2(0),
            weight decimal(9,2));",
        &documents,
    );
    for (column, is_filled) in [("number", true), ("price", false), ("at", false), ("weight", true)]
    {
        let filled = drafted.toml.lines().any(|line| line.starts_with(column));
        assert_eq!(filled, is_filled, "{column}: {}", drafted.toml);
    }
}

#[test]
fn rows_of_several_elements_in_one_parent_are_numbered_on() {
    let item = "<group><item sku='A'/><item sku='B'/></group>";
    let document = format!("<order number='7'>{item}{item}</order>");
    let drafted = fitted(
        "CREATE TABLE orders (app_id int PRIMARY KEY, number int);
         CREATE TABLE items (app_id int REFERENCES orders, item_no int, sku varchar(9),
            PRIMARY KEY (app_id, item_no));",
        &[&document],
    );
    assert!(drafted.toml.contains("value = \"ORDINAL()\""), "{}", drafted.toml);
}

#[test]
fn names_that_are_marks_or_that_no_contract_has_are_not_filled() {
    let drafted = fitted(
        "CREATE TABLE orders (app_id int PRIMARY KEY, number int, [%] int NULL, [_] int NULL, [value]]s] int NULL, [a.b] int NOT NULL);
         CREATE TABLE [line]]s] (app_id int PRIMARY KEY, sku varchar(9));",
        &["<order number=\"7\"><value>3</value></order>"],
    );
    assert!(drafted.toml.contains(r#"value = "@number""#), "{}", drafted.toml);
    let unfilled: Vec<String> = drafted.report.unfilled.iter().map(ToString::to_string).collect();
    let brackets = "a contract cannot name it: a name must not have a schema or brackets";
    assert_eq!(
        unfilled,
        [
            "orders.%: no path has such a name".to_owned(),
            "orders._: no path has such a name".to_owned(),
            format!("orders.value]s: {brackets}"),
            format!("orders.a.b: NOT NULL; {brackets}"),
            format!("line]s: {brackets}"),
        ]
    );
}

#[test]
fn a_key_to_other_columns_than_the_primary_key_is_none() {
    let orders =
        "CREATE TABLE orders (app_id bigint PRIMARY KEY, number int NOT NULL UNIQUE, placed date);";
    let lines = "CREATE TABLE line (app_id bigint NOT NULL, number int REFERENCES orders (number), sku varchar(9));";
    let drafted = fitted(&format!("{orders}{lines}"), &ORDERS);
    assert!(!drafted.toml.contains("PARENT([app_id])"), "{}", drafted.toml);
    // By name the column is the parent's key, and by its type it is not.
    let lines = "CREATE TABLE line (app_id int NOT NULL, sku varchar(9));";
    let drafted = fitted(&format!("{orders}{lines}"), &ORDERS);
    assert!(!drafted.toml.contains("foreign_key"), "{}", drafted.toml);
    // In the order of the primary key, not in that of the script.
    let orders = "CREATE TABLE orders (app_id bigint, number int, placed date, PRIMARY KEY (app_id, number));";
    let lines = "CREATE TABLE line (no int, id bigint, sku varchar(9), \
        FOREIGN KEY (no, id) REFERENCES orders (number, app_id));";
    let drafted = fitted(&format!("{orders}{lines}"), &ORDERS);
    assert!(drafted.toml.contains("columns = [\"id\", \"no\"]"), "{}", drafted.toml);
}

#[test]
fn what_a_script_declares_twice_is_refused() {
    for (script, expected) in [
        ("CREATE TABLE a (x int,\n [X] int)", "2: duplicate column `X`"),
        ("CREATE TABLE a (x int)\nGO\nCREATE TABLE A (x int)", "3: duplicate table `A`"),
    ] {
        assert_eq!(read_script(script).expect_err("a mistake").to_string(), expected);
    }
}
