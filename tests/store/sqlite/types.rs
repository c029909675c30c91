//! Every SQL Server type in a SQLite table: stored completely, and null refused where required.

use chrono::{DateTime, NaiveDate, NaiveTime};
use uuid::Uuid;
use xmlshred::contract::{Contract, ForeignKey, Identity, TargetColumn, TargetTable};
use xmlshred::outcome::{FailureCategory, TableRows};
use xmlshred::store::StoreError;
use xmlshred::value::{Decimal, SqlType, Value};

use super::SqliteHarness;
use crate::store::harness::{contract, outcome, Harness, Worker};

fn column(name: &str, sql_type: SqlType) -> TargetColumn {
    TargetColumn { name: name.into(), sql_type, required: false, identity: Identity::No }
}

fn table(name: &str, columns: Vec<TargetColumn>) -> TargetTable {
    TargetTable {
        name: name.into(),
        columns,
        primary_key: vec![],
        app_column: Some(0),
        foreign_key: None,
        on_existing: Default::default(),
    }
}

fn contract_of(targets: Vec<TargetTable>) -> Contract {
    let mut contract = contract();
    contract.targets = targets;
    contract
}

/// Completes one application per entry; returns the categories of failure.
fn complete(
    harness: &SqliteHarness,
    contract: Contract,
    rows: Vec<Vec<TableRows>>,
) -> Vec<Option<FailureCategory>> {
    let contract = harness.prepare_with(contract, rows.len() as i64);
    let mut worker = Worker::start(harness, &contract);
    let batch = worker.claim(rows.len() as u32);
    let outcomes: Vec<_> =
        batch.apps.iter().zip(rows).map(|(app, rows)| outcome(app, Ok(rows))).collect();
    let completed = worker.complete(&contract, batch.token, &outcomes);
    completed.into_iter().map(|completed| completed.failure()).collect()
}

fn decimal(units: i128, scale: u8) -> Value {
    Value::Decimal(Decimal { units, scale })
}

/// A type, a value of it, and SQLite's type and text of the value.
fn samples() -> Vec<(SqlType, Value, &'static str, &'static str)> {
    let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a date");
    let moment = date(2026, 11, 24).and_hms_nano_opt(13, 5, 9, 123_456_700).expect("a time");
    let offset = DateTime::parse_from_rfc3339("2026-11-24T13:05:09.1234567+05:30").expect("a time");
    let most = 10i128.pow(38) - 1;
    vec![
        (SqlType::Bit, Value::Bit(true), "integer", "1"),
        (SqlType::TinyInt, Value::Int(255), "integer", "255"),
        (SqlType::SmallInt, Value::Int(-32768), "integer", "-32768"),
        (SqlType::Int, Value::Int(i32::MIN.into()), "integer", "-2147483648"),
        (SqlType::BigInt, Value::Int(i64::MIN), "integer", "-9223372036854775808"),
        (SqlType::BigInt, Value::Int(i64::MAX), "integer", "9223372036854775807"),
        (
            SqlType::Decimal { precision: 38, scale: 38 },
            decimal(-most, 38),
            "text",
            "-0.99999999999999999999999999999999999999",
        ),
        (
            SqlType::Decimal { precision: 38, scale: 0 },
            decimal(most, 0),
            "text",
            "99999999999999999999999999999999999999",
        ),
        (SqlType::Money, decimal(-9_223_372_036_854_775_808, 4), "text", "-922337203685477.5808"),
        (SqlType::Float, Value::Float(-1.7976931348623157e308), "real", "-1.7976931348623157e+308"),
        (SqlType::Real, Value::Float(0.5), "real", "0.5"),
        (SqlType::Date, Value::Date(date(1, 1, 1)), "text", "0001-01-01"),
        (
            SqlType::Time(7),
            Value::Time(NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_900).expect("a time")),
            "text",
            "23:59:59.9999999",
        ),
        (SqlType::DateTime2(7), Value::DateTime(moment), "text", "2026-11-24T13:05:09.1234567"),
        (SqlType::DateTime2(0), Value::DateTime(moment), "text", "2026-11-24T13:05:09"),
        (SqlType::DateTime, Value::DateTime(moment), "text", "2026-11-24T13:05:09.123"),
        (
            SqlType::DateTimeOffset(7),
            Value::DateTimeOffset(offset),
            "text",
            "2026-11-24T13:05:09.1234567+05:30",
        ),
        (SqlType::Char(3), Value::Text("ab".into()), "text", "ab"),
        (SqlType::NVarChar(None), Value::Text("ä€𝄞'\"".into()), "text", "ä€𝄞'\""),
        (
            SqlType::UniqueIdentifier,
            Value::Guid(Uuid::from_u128(0xab)),
            "text",
            "00000000-0000-0000-0000-0000000000AB",
        ),
        (SqlType::VarBinary(None), Value::Bytes(Box::new([0x41, 0x42])), "blob", "AB"),
        (SqlType::Xml, Value::Text("<a/>".into()), "text", "<a/>"),
        (SqlType::Int, Value::Null, "null", ""),
    ]
}

#[test]
fn every_type_is_stored_completely() {
    let harness = SqliteHarness::fresh();
    let mut columns = vec![column("app_id", SqlType::Int)];
    let mut values = vec![Value::Int(1)];
    for (number, (sql_type, value, ..)) in samples().into_iter().enumerate() {
        columns.push(column(&format!("c{number}"), sql_type));
        values.push(value);
    }
    let rows = TableRows { width: values.len(), values };
    let failures = complete(&harness, contract_of(vec![table("t", columns)]), vec![vec![rows]]);
    assert_eq!(failures, [None]);
    let connection = super::connection(harness.path());
    for (number, (sql_type, _, kind, text)) in samples().into_iter().enumerate() {
        let sql = format!("SELECT typeof(c{number}), coalesce(CAST(c{number} AS TEXT), '') FROM t");
        let kept: (String, String) =
            connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect(&sql);
        assert_eq!((kept.0.as_str(), kept.1.as_str()), (kind, text), "{sql_type}");
    }
}

#[test]
fn names_that_need_quoting_are_quoted() {
    let harness = SqliteHarness::fresh();
    let mut odd = table(
        "order \"by\"",
        vec![column("select", SqlType::Int), column("a \"b\" ' c", SqlType::Int)],
    );
    odd.primary_key = vec!["select".into()];
    let rows = TableRows { width: 2, values: vec![Value::Int(1), Value::Int(2)] };
    assert_eq!(complete(&harness, contract_of(vec![odd]), vec![vec![rows]]), [None]);
    let kept = harness.query("SELECT \"a \"\"b\"\" ' c\" FROM \"order \"\"by\"\"\"");
    assert_eq!(kept, [[Some("2".to_owned())]]);
}

#[test]
fn a_null_key_is_refused_and_not_generated() {
    let harness = SqliteHarness::fresh();
    let mut keyed = table("t", vec![column("app_id", SqlType::Int), column("id", SqlType::Int)]);
    keyed.primary_key = vec!["id".into()];
    let row = |app_id, id| vec![TableRows { width: 2, values: vec![Value::Int(app_id), id] }];
    let rows = vec![row(1, Value::Null), row(2, Value::Int(5))];
    let failures = complete(&harness, contract_of(vec![keyed]), rows);
    assert_eq!(failures, [Some(FailureCategory::ConstraintViolation), None]);
    assert_eq!(harness.count("processing_log", "failure_column = 'id'"), 1);
}

fn identity(name: &str) -> TargetColumn {
    TargetColumn { identity: Identity::Generated, ..column(name, SqlType::Int) }
}

#[test]
fn an_identity_is_generated_by_the_database() {
    let harness = SqliteHarness::fresh();
    let mut numbered = table("t", vec![column("app_id", SqlType::Int), identity("id")]);
    numbered.primary_key = vec!["id".into()];
    let row = |app_id| vec![TableRows { width: 2, values: vec![Value::Int(app_id), Value::Null] }];
    assert_eq!(complete(&harness, contract_of(vec![numbered]), vec![row(1), row(2)]), [None, None]);
    assert_eq!(harness.count("t", "id IN (1, 2)"), 2);
}

#[test]
fn a_key_beside_an_identity_stays_unique() {
    let harness = SqliteHarness::fresh();
    let mut parent = table(
        "parent",
        vec![column("app_id", SqlType::Int), identity("id"), column("code", SqlType::Int)],
    );
    parent.primary_key = vec!["code".into()];
    let mut child =
        table("child", vec![column("app_id", SqlType::Int), column("code", SqlType::Int)]);
    child.foreign_key =
        Some(ForeignKey { columns: vec!["code".into()], references: "parent".into() });
    let rows = |app_id, code| {
        vec![
            TableRows { width: 3, values: vec![Value::Int(app_id), Value::Null, Value::Int(code)] },
            TableRows { width: 2, values: vec![Value::Int(app_id), Value::Int(code)] },
        ]
    };
    let contract = contract_of(vec![parent, child]);
    let failures = complete(&harness, contract, vec![rows(1, 7), rows(2, 7), rows(3, 8)]);
    assert_eq!(failures, [None, Some(FailureCategory::ConstraintViolation), None]);
    harness.assert_invariants();
}

#[test]
fn an_application_column_may_be_of_any_type() {
    for (sql_type, value) in [
        (SqlType::Decimal { precision: 12, scale: 2 }, decimal(100, 2)),
        (SqlType::NVarChar(Some(20)), Value::Text("1".into())),
        (SqlType::BigInt, Value::Int(1)),
        (SqlType::Float, Value::Float(1.0)),
    ] {
        let harness = SqliteHarness::fresh();
        let mut target = table("t", vec![column("app", sql_type)]);
        target.on_existing = xmlshred::contract::OnExisting::Replace;
        let rows = TableRows { width: 1, values: vec![value.clone(), value] };
        let contract = contract_of(vec![target]);
        assert_eq!(complete(&harness, contract, vec![vec![rows.clone()]]), [None]);
        let contract = contract_of(vec![TargetTable {
            on_existing: xmlshred::contract::OnExisting::Replace,
            ..table("t", vec![column("app", sql_type)])
        }]);
        let mut worker = Worker::start(&harness, &contract);
        let request = xmlshred::store::RequeueRequest {
            selector: xmlshred::store::RequeueSelector::AppIds(crate::store::harness::app_ids(&[
                1,
            ])),
            canary: None,
            execute: true,
            requested_by: "Anna".into(),
        };
        worker.store.requeue_apps(&contract, &request).expect("requeue");
        let batch = worker.claim(1);
        let again = outcome(&batch.apps[0], Ok(vec![rows]));
        worker.complete(&contract, batch.token, &[again]);
        assert_eq!(harness.count("t", "1 = 1"), 2, "{sql_type}: the earlier rows were replaced");
    }
}

#[test]
fn a_table_the_store_cannot_have_is_refused() {
    let two = vec![column("app_id", SqlType::Int), identity("a"), identity("b")];
    let mut orphan = table("t", vec![column("app_id", SqlType::Int)]);
    orphan.foreign_key =
        Some(ForeignKey { columns: vec!["app_id".into()], references: "nowhere".into() });
    for (target, part) in [
        (table("App_XML", vec![column("app_id", SqlType::Int)]), "App_XML"),
        (table("processing_mine", vec![column("app_id", SqlType::Int)]), "processing_mine"),
        (table("t", two), "identity"),
        (orphan, "nowhere"),
    ] {
        let harness = SqliteHarness::fresh();
        let error =
            harness.connect().install_contract(&contract_of(vec![target])).expect_err("refused");
        assert!(matches!(&error, StoreError::Refused(_)), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}
