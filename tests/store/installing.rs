//! Installing a contract: its tables, and its hash as the fence.

use xmlshred::contract::{Contract, Identity, OnExisting, TargetColumn};
use xmlshred::store::StoreError;
use xmlshred::value::SqlType;

use super::harness::{contract, contract_with, Harness, Worker};

super::behaviours! {
    a_contract_is_installed_once,
    the_last_contract_is_the_installed_one,
    a_nullable_column_that_is_missing_is_added,
    a_required_column_that_is_missing_is_drift,
    a_column_of_another_type_is_drift,
    an_existing_column_that_is_not_nullable_is_drift,
    another_primary_key_is_drift,
    a_missing_foreign_key_does_no_harm,
    an_extra_column_that_must_be_filled_is_drift,
    an_extra_column_that_may_be_empty_is_kept,
    drift_leaves_everything_as_it_was,
}

fn install(h: &dyn Harness, contract: &Contract) -> Result<(), StoreError> {
    h.connect().install_contract(contract)
}

fn expect_drift(h: &dyn Harness, contract: &Contract, table: &str, part: &str) {
    match install(h, contract).expect_err("drift") {
        StoreError::Drift { table: drifted, reason } => {
            assert_eq!(drifted, table);
            assert!(reason.contains(part), "{part:?} is not in {reason:?}");
        }
        other => panic!("{other}"),
    }
}

fn nullable(name: &str) -> TargetColumn {
    TargetColumn {
        name: name.into(),
        sql_type: SqlType::Int,
        required: false,
        identity: Identity::No,
    }
}

fn a_contract_is_installed_once(h: &dyn Harness) {
    let contract = contract();
    let mut store = h.connect();
    assert_eq!(store.get_contract().expect("installed"), None);
    store.install_contract(&contract).expect("install");
    store.install_contract(&contract).expect("install");
    assert_eq!(store.get_contract().expect("installed"), Some(contract.hash));
    assert_eq!(h.count("processing_contract", "1 = 1"), 1);
    assert_eq!(h.count("app_base", "1 = 1") + h.count("app_contact", "1 = 1"), 0);
}

fn the_last_contract_is_the_installed_one(h: &dyn Harness) {
    let (one, two) = (contract(), contract_with(2, OnExisting::Fail));
    let mut store = h.connect();
    for contract in [&one, &two, &one] {
        store.install_contract(contract).expect("install");
        assert_eq!(store.get_contract().expect("installed"), Some(contract.hash));
    }
}

fn a_nullable_column_that_is_missing_is_added(h: &dyn Harness) {
    let old = h.prepare(2);
    let mut worker = Worker::start(h, &old);
    let batch = worker.claim(2);
    worker.succeed(&old, &batch);
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns.push(nullable("score"));
    install(h, &new).expect("install");
    assert_eq!(h.count("app_base", "score IS NULL"), 2);
}

fn a_required_column_that_is_missing_is_drift(h: &dyn Harness) {
    install(h, &contract()).expect("install");
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns.push(TargetColumn { required: true, ..nullable("score") });
    expect_drift(h, &new, "app_base", "score");
}

fn a_column_of_another_type_is_drift(h: &dyn Harness) {
    install(h, &contract()).expect("install");
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns[1].sql_type = SqlType::Int;
    expect_drift(h, &new, "app_base", "name");
}

fn an_existing_column_that_is_not_nullable_is_drift(h: &dyn Harness) {
    install(h, &contract()).expect("install");
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns[1].required = false;
    expect_drift(h, &new, "app_base", "name");
}

fn another_primary_key_is_drift(h: &dyn Harness) {
    install(h, &contract()).expect("install");
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[1].primary_key = vec!["con_id".into(), "app_id".into()];
    expect_drift(h, &new, "app_contact", "con_id, app_id");
}

fn a_missing_foreign_key_does_no_harm(h: &dyn Harness) {
    let mut old = contract();
    old.targets[1].foreign_key = None;
    install(h, &old).expect("install");
    let new = h.prepare_with(contract_with(2, OnExisting::Fail), 1);
    let found = h.connect().compare_targets(&new).expect("compared");
    assert_eq!(found.iter().map(|found| found.refuses).collect::<Vec<_>>(), [false], "{found:?}");
}

fn an_extra_column_that_must_be_filled_is_drift(h: &dyn Harness) {
    let mut old = contract();
    old.targets[0].columns.push(TargetColumn { required: true, ..nullable("score") });
    install(h, &old).expect("install");
    expect_drift(h, &contract_with(2, OnExisting::Fail), "app_base", "score");
}

fn an_extra_column_that_may_be_empty_is_kept(h: &dyn Harness) {
    let mut old = contract();
    old.targets[0].columns.push(nullable("score"));
    install(h, &old).expect("install");
    let new = h.prepare_with(contract_with(2, OnExisting::Fail), 1);
    let mut worker = Worker::start(h, &new);
    let batch = worker.claim(1);
    worker.succeed(&new, &batch);
    assert_eq!(h.count("app_base", "score IS NULL"), 1);
}

fn drift_leaves_everything_as_it_was(h: &dyn Harness) {
    install(h, &contract()).expect("install");
    let mut new = contract_with(2, OnExisting::Fail);
    new.targets[0].columns.push(nullable("score"));
    new.targets[1].columns[0].sql_type = SqlType::NVarChar(None);
    expect_drift(h, &new, "app_contact", "con_id");
    assert_eq!(h.connect().get_contract().expect("installed"), Some(contract().hash));
    // The column that could have been added to the first table was not.
    let mut required = contract_with(3, OnExisting::Fail);
    required.targets[0].columns.push(TargetColumn { required: true, ..nullable("score") });
    expect_drift(h, &required, "app_base", "column score does not exist");
}
