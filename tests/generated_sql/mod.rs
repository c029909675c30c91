//! The T-SQL that a contract gives, as a person reviews it. `tools/tsql-check` parses it too.

use xmlshred::contract::Contract;
use xmlshred::demo::generate::CONTRACT;
use xmlshred::store::sqlserver::install::contract_script;

#[test]
fn the_t_sql_of_the_example_contract_is_the_reviewed_one() {
    let (contract, _) = Contract::parse(CONTRACT, "contract.toml").expect("a valid contract");
    let script = contract_script("sandbox", &contract);
    insta::assert_binary_snapshot!("credit_applications.sql", script.into_bytes());
}
