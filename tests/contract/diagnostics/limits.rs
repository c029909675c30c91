//! What SQL Server cannot create, or would refuse later, is said before it is asked.

use crate::contract::said;

/// The first line of each message about a table with these keys and columns.
fn messages(primary_key: &[&str], columns: &[(String, &str)]) -> Vec<String> {
    let key: Vec<String> = primary_key.iter().map(|name| format!("{name:?}")).collect();
    let columns: String = columns
        .iter()
        .map(|(name, sql_type)| format!("{name} = {{ type = \"{sql_type}\", value = \"@x\" }}\n"))
        .collect();
    let text = said(&format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n[[tables]]\nname = \"wide\"\neach = \"/r/a\"\n\
         primary_key = [{}]\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n{columns}",
        key.join(", ")
    ));
    let lines = text.lines().filter(|line| line.starts_with("contract.toml:"));
    lines.map(|line| line.split_once(' ').expect("a message").1.to_owned()).collect()
}

fn columns(count: usize, sql_type: &str) -> Vec<(String, &str)> {
    (0..count).map(|number| (format!("c{number}"), sql_type)).collect()
}

#[test]
fn columns_of_a_table() {
    assert!(messages(&["app_id"], &columns(1021, "int")).is_empty());
    assert_eq!(
        messages(&["app_id"], &columns(1022, "int")),
        ["error: `wide` has 1023 columns, and SQL Server takes 1022"]
    );
}

#[test]
fn bytes_of_a_row() {
    // 4 + 2 + 11 + 4 + 80 * 100, and one column more.
    assert!(messages(&["app_id"], &columns(80, "char(100)")).is_empty());
    assert_eq!(
        messages(&["app_id"], &columns(81, "char(100)")),
        ["error: a row of `wide` has at least 8121 bytes, and SQL Server takes 8060"]
    );
    assert!(messages(&["app_id"], &columns(200, "varchar(100)")).is_empty());
}

#[test]
fn columns_of_a_key() {
    let columns = columns(40, "int");
    let key = |count| columns.iter().take(count).map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert!(messages(&key(32), &columns).is_empty());
    assert_eq!(
        messages(&key(33), &columns),
        ["error: the key of `wide` has 33 columns, and SQL Server takes 32"]
    );
}

#[test]
fn bytes_of_a_key() {
    let column = |sql_type| vec![("k".to_owned(), sql_type)];
    assert!(messages(&["app_id", "k"], &column("nvarchar(448)")).is_empty());
    assert_eq!(
        messages(&["app_id", "k"], &column("nvarchar(449)")),
        ["warning: the key of `wide` has up to 902 bytes, and SQL Server refuses rows with more than 900"]
    );
    assert_eq!(
        messages(&["app_id", "k"], &column("char(897)")),
        ["error: the key of `wide` has 901 bytes, and SQL Server takes 900"]
    );
}
