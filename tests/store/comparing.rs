//! Existing target tables compared with a contract.

use xmlshred::contract::{Contract, Identity, OnExisting, TargetColumn};
use xmlshred::store::Difference;
use xmlshred::value::SqlType;

use super::harness::{contract, contract_with, Harness};

super::behaviours! {
    installed_tables_have_no_differences,
    missing_tables_are_named,
    every_difference_is_listed_column_by_column,
    harmless_differences_are_distinguished,
    an_existing_foreign_key_decides_the_order_of_loading,
    comparing_changes_nothing,
}

fn compared(h: &dyn Harness, contract: &Contract) -> Vec<Difference> {
    h.connect().compare_targets(contract).expect("compare")
}

fn installed(h: &dyn Harness, contract: &Contract) {
    h.connect().install_contract(contract).expect("install");
}

/// The column of each difference, or else its table, and whether rows may be refused.
fn places(differences: &[Difference]) -> Vec<(&str, bool)> {
    let mut places = Vec::new();
    for difference in differences {
        places
            .push((difference.column.as_deref().unwrap_or(&difference.table), difference.refuses));
    }
    places
}

fn column(name: &str, sql_type: SqlType, required: bool) -> TargetColumn {
    TargetColumn { name: name.into(), sql_type, required, identity: Identity::No }
}

fn installed_tables_have_no_differences(h: &dyn Harness) {
    installed(h, &contract());
    assert_eq!(compared(h, &contract()), []);
}

fn missing_tables_are_named(h: &dyn Harness) {
    let found = compared(h, &contract());
    assert_eq!(places(&found), [("app_base", true), ("app_contact", true)]);
    assert!(found[0].to_string().starts_with("app_base: the table does not exist"), "{found:?}");
}

fn every_difference_is_listed_column_by_column(h: &dyn Harness) {
    let mut old = contract();
    old.targets[0].columns.push(column("filled", SqlType::Int, true));
    old.targets[1].foreign_key = None;
    installed(h, &old);
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns[1].sql_type = SqlType::Int;
    new.targets[0].columns[2].sql_type = SqlType::VarBinary(None);
    new.targets[0].columns.push(column("score", SqlType::Int, false));
    new.targets[1].primary_key = vec!["con_id".into(), "app_id".into()];
    let found = compared(h, &new);
    let wanted = [
        ("name", true),
        ("amount", true),
        ("score", true),
        ("filled", true),
        ("app_contact", true),
        ("app_contact", false),
    ];
    assert_eq!(places(&found), wanted, "{found:#?}");
    let sentences: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(sentences[0].contains("cannot hold every int"), "{sentences:?}");
    assert_eq!(sentences[2], "app_base: column score does not exist");
    let key = "app_contact: the primary key is con_id, but con_id, app_id in the contract";
    assert_eq!(sentences[4], key);
    assert_eq!(sentences[5], "app_contact: the foreign key to table app_base is missing");
}

fn harmless_differences_are_distinguished(h: &dyn Harness) {
    installed(h, &contract());
    h.execute("ALTER TABLE {app_base} ADD remark INTEGER DEFAULT 5");
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns[2].required = true;
    assert_eq!(places(&compared(h, &new)), [("amount", false), ("remark", false)]);
    new.targets[0].columns[2].required = false;
    new.targets[0].columns.push(column("remark", SqlType::Int, false));
    let found = compared(h, &new);
    assert_eq!(places(&found), [("remark", false)]);
    assert!(found[0].what.contains("has a default, which"), "{found:?}");
}

fn an_existing_foreign_key_decides_the_order_of_loading(h: &dyn Harness) {
    installed(h, &contract());
    let mut undeclared = contract_with(2, OnExisting::Fail);
    undeclared.targets[1].foreign_key = None;
    let found = compared(h, &undeclared);
    assert_eq!(places(&found), [("app_contact", false)], "{found:?}");
    undeclared.targets.reverse();
    let found = compared(h, &undeclared);
    assert_eq!(places(&found), [("app_contact", true)], "{found:?}");
    assert!(found[0].what.contains("loads after it"), "{found:?}");
}

fn comparing_changes_nothing(h: &dyn Harness) {
    installed(h, &contract());
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns.push(column("score", SqlType::Int, false));
    for _ in 0..2 {
        assert_eq!(places(&compared(h, &new)), [("score", true)]);
    }
    assert_eq!(h.connect().get_contract().expect("installed"), Some(contract().hash));
}
