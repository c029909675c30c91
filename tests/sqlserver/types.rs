//! Every SQL Server type from a worker through the stage into a table, and its limits.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use uuid::Uuid;
use xmlshred::contract::{Contract, Identity, TargetColumn, TargetTable};
use xmlshred::outcome::TableRows;
use xmlshred::value::{Decimal, SqlType, Value};

use crate::harness::SqlServerHarness;
use crate::store::harness::{contract, failure, outcome, Harness, Worker};

crate::trials! {
    every_type_keeps_its_lowest_and_its_highest_value,
    the_seventh_digit_of_a_second_is_kept,
    values_of_any_length_are_kept,
    a_failure_may_be_told_at_any_length,
    what_is_too_long_for_the_table_fails_its_application_alone,
}

/// A type, two values at its limits, and for each a condition that holds for column `$x`.
struct Sample {
    sql_type: SqlType,
    values: [(Value, &'static str); 2],
}

fn sample(sql_type: SqlType, low: (Value, &'static str), high: (Value, &'static str)) -> Sample {
    Sample { sql_type, values: [low, high] }
}

fn decimal(units: i128, scale: u8) -> Value {
    Value::Decimal(Decimal { units, scale })
}

fn text(text: impl AsRef<str>) -> Value {
    Value::Text(text.as_ref().into())
}

fn moment(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").expect("a moment")
}

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M:%S%.f").expect("a time")
}

fn offset(text: &str) -> Value {
    Value::DateTimeOffset(DateTime::parse_from_rfc3339(text).expect("a moment"))
}

fn numbers() -> Vec<Sample> {
    let most = 10i128.pow(38) - 1;
    vec![
        sample(SqlType::Bit, (Value::Bit(false), "$x = 0"), (Value::Bit(true), "$x = 1")),
        sample(SqlType::TinyInt, (Value::Int(0), "$x = 0"), (Value::Int(255), "$x = 255")),
        sample(
            SqlType::SmallInt,
            (Value::Int(i16::MIN.into()), "$x = -32768"),
            (Value::Int(i16::MAX.into()), "$x = 32767"),
        ),
        sample(
            SqlType::Int,
            (Value::Int(i32::MIN.into()), "$x = -2147483648"),
            (Value::Int(i32::MAX.into()), "$x = 2147483647"),
        ),
        sample(
            SqlType::BigInt,
            (Value::Int(i64::MIN), "$x = CONVERT(bigint, '-9223372036854775808')"),
            (Value::Int(i64::MAX), "$x = CONVERT(bigint, '9223372036854775807')"),
        ),
        sample(
            SqlType::Decimal { precision: 38, scale: 38 },
            (
                decimal(-most, 38),
                "CONVERT(varchar(50), $x) LIKE '-0.99999999999999999999999999999999999999'",
            ),
            (
                decimal(1, 38),
                "CONVERT(varchar(50), $x) LIKE '0.00000000000000000000000000000000000001'",
            ),
        ),
        sample(
            SqlType::Decimal { precision: 38, scale: 0 },
            (
                decimal(-most, 0),
                "CONVERT(varchar(50), $x) = '-99999999999999999999999999999999999999'",
            ),
            (
                decimal(most, 0),
                "CONVERT(varchar(50), $x) = '99999999999999999999999999999999999999'",
            ),
        ),
        sample(
            SqlType::Decimal { precision: 9, scale: 4 },
            (decimal(-999_999_999, 4), "$x = -99999.9999"),
            (decimal(1, 4), "$x = 0.0001"),
        ),
        sample(
            SqlType::Money,
            (decimal(i64::MIN.into(), 4), "$x = CONVERT(money, '-922337203685477.5808')"),
            (decimal(i64::MAX.into(), 4), "$x = CONVERT(money, '922337203685477.5807')"),
        ),
        sample(
            SqlType::Float,
            (Value::Float(-1.7976931348623157e308), "$x = -1.7976931348623157E308"),
            (Value::Float(2.2250738585072014e-308), "$x = 2.2250738585072014E-308"),
        ),
        sample(
            SqlType::Real,
            (Value::Float(f32::MIN.into()), "$x = CONVERT(real, '-3.4028235E38')"),
            (Value::Float(0.5), "$x = 0.5"),
        ),
    ]
}

fn moments() -> Vec<Sample> {
    let day = |y, m, d| Value::Date(NaiveDate::from_ymd_opt(y, m, d).expect("a date"));
    let at = |text| Value::DateTime(moment(text));
    vec![
        sample(
            SqlType::Date,
            (day(1, 1, 1), "$x = '0001-01-01'"),
            (day(9999, 12, 31), "$x = '9999-12-31'"),
        ),
        sample(
            SqlType::Time(6),
            (Value::Time(time("00:00:00")), "$x = '00:00:00'"),
            (Value::Time(time("23:59:59.999999")), "$x = '23:59:59.999999'"),
        ),
        sample(
            SqlType::DateTime,
            (at("1753-01-01 00:00:00"), "$x = '1753-01-01T00:00:00'"),
            (at("9999-12-31 23:59:59.997"), "$x = '9999-12-31T23:59:59.997'"),
        ),
        sample(
            SqlType::SmallDateTime,
            (at("1900-01-01 00:00:00"), "$x = '1900-01-01T00:00:00'"),
            (at("2079-06-06 23:59:00"), "$x = '2079-06-06T23:59:00'"),
        ),
        sample(
            SqlType::DateTime2(0),
            (at("0001-01-01 00:00:00"), "$x = '0001-01-01T00:00:00'"),
            (at("9999-12-31 23:59:59"), "$x = '9999-12-31T23:59:59'"),
        ),
        sample(
            SqlType::DateTime2(6),
            (at("0001-01-01 00:00:00.000001"), "$x = '0001-01-01T00:00:00.000001'"),
            (at("9999-12-31 23:59:59.999999"), "$x = '9999-12-31T23:59:59.999999'"),
        ),
        sample(
            SqlType::DateTimeOffset(3),
            (offset("0001-01-02T00:00:00.001-14:00"), "$x = '0001-01-02T00:00:00.001-14:00'"),
            (offset("9999-12-30T23:59:59.999+14:00"), "$x = '9999-12-30T23:59:59.999+14:00'"),
        ),
    ]
}

fn texts() -> Vec<Sample> {
    let long = "a—é".repeat(4000);
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.into());
    vec![
        sample(
            SqlType::Char(3),
            (text("a"), "$x = 'a  ' AND DATALENGTH($x) = 3"),
            (text("abc"), "$x = 'abc'"),
        ),
        sample(
            SqlType::VarChar(Some(5)),
            (text("a"), "$x = 'a' AND DATALENGTH($x) = 1"),
            (text("abcde"), "$x = 'abcde'"),
        ),
        sample(
            SqlType::VarChar(None),
            (text("a"), "$x = 'a'"),
            (text("ab".repeat(5000)), "LEN($x) = 10000 AND RIGHT($x, 3) = 'bab'"),
        ),
        sample(
            SqlType::NChar(2),
            (text("a"), "$x = N'a '"),
            (text("ä€"), "$x COLLATE Latin1_General_BIN2 = N'ä€'"),
        ),
        sample(
            SqlType::NVarChar(Some(4)),
            (text("'\""), "$x = N'''\"'"),
            (text("ä—日ж"), "$x COLLATE Latin1_General_BIN2 = N'ä—日ж'"),
        ),
        sample(
            SqlType::NVarChar(None),
            (text("a\r\nb\tc"), "$x = N'a' + NCHAR(13) + NCHAR(10) + N'b' + NCHAR(9) + N'c'"),
            (text(long), "LEN($x) = 12000 AND RIGHT($x, 4) COLLATE Latin1_General_BIN2 = N'éa—é'"),
        ),
        sample(
            SqlType::UniqueIdentifier,
            (Value::Guid(Uuid::from_u128(0xab)), "$x = '00000000-0000-0000-0000-0000000000AB'"),
            (Value::Guid(Uuid::max()), "$x = 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'"),
        ),
        sample(
            SqlType::VarBinary(Some(3)),
            (bytes(&[0]), "$x = 0x00 AND DATALENGTH($x) = 1"),
            (bytes(&[1, 0, 255]), "$x = 0x0100FF"),
        ),
        sample(
            SqlType::VarBinary(None),
            (bytes(&[7]), "$x = 0x07"),
            (bytes(&[200; 20_000]), "DATALENGTH($x) = 20000 AND SUBSTRING($x, 19999, 2) = 0xC8C8"),
        ),
        sample(
            SqlType::Xml,
            (text("<a/>"), "CONVERT(nvarchar(max), $x) = N'<a/>'"),
            (text("<a b=\"1\"> é </a>"), "CONVERT(nvarchar(max), $x) = N'<a b=\"1\"> é </a>'"),
        ),
    ]
}

/// One row of each value and one of nulls, in a table with a column for each sample.
fn keeps(samples: Vec<Sample>) {
    let column = |(number, sample): (usize, &Sample)| TargetColumn {
        name: format!("c{number}"),
        sql_type: sample.sql_type,
        required: false,
        identity: Identity::No,
    };
    let columns = samples.iter().enumerate().map(column);
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare_with(of_one_table(columns.collect()), 1);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(1);
    let mut values = Vec::new();
    for row in 0..2 {
        values.push(Value::Int(1));
        values.extend(samples.iter().map(|sample| sample.values[row].0.clone()));
    }
    values.push(Value::Int(1));
    values.extend(samples.iter().map(|_| Value::Null));
    let rows = TableRows { width: samples.len() + 1, values };
    let completed =
        worker.complete(&contract, batch.token, &[outcome(&batch.apps[0], Ok(vec![rows]))]);
    assert_eq!(completed[0].failure(), None, "{completed:?}");
    for (number, sample) in samples.iter().enumerate() {
        for (_, condition) in &sample.values {
            let condition = condition.replace("$x", &format!("c{number}"));
            assert_eq!(rows_of(&harness, &condition), "1", "{}: {condition}", sample.sql_type);
        }
        let nulls = rows_of(&harness, &format!("c{number} IS NULL"));
        assert_eq!(nulls, "1", "{}", sample.sql_type);
    }
    harness.execute("DROP TABLE {types}");
    drop(worker);
    harness.leave();
}

fn rows_of(harness: &SqlServerHarness, condition: &str) -> String {
    let rows =
        harness.database().query(&format!("SELECT COUNT(*) FROM sandbox.types WHERE {condition}"));
    rows[0][0].clone().expect("a count")
}

fn of_one_table(columns: Vec<TargetColumn>) -> Contract {
    let app_id = TargetColumn {
        name: "app_id".into(),
        sql_type: SqlType::Int,
        required: true,
        identity: Identity::No,
    };
    let mut contract = contract();
    contract.targets = vec![TargetTable {
        name: "types".into(),
        columns: [app_id].into_iter().chain(columns).collect(),
        primary_key: vec![],
        app_column: Some(0),
        foreign_key: None,
        on_existing: Default::default(),
    }];
    contract
}

fn every_type_keeps_its_lowest_and_its_highest_value() {
    // Floats and what is long are bulk loaded, and so is what JSON escapes where that is not read right;
    // all else travels in the call.
    let is_float = |sample: &Sample| matches!(sample.sql_type, SqlType::Float | SqlType::Real);
    let (floats, exact) = numbers().into_iter().partition(is_float);
    let is_short = |(value, _): &(Value, &str)| match value {
        Value::Text(text) => text.len() < 1000 && !text.contains(['"', '\n', '\t']),
        Value::Bytes(bytes) => bytes.len() < 1000,
        _ => true,
    };
    let (short, long) = texts().into_iter().partition(|sample| sample.values.iter().all(is_short));
    [floats, exact, moments(), short, long].into_iter().for_each(keeps);
}

fn the_seventh_digit_of_a_second_is_kept() {
    let last = "9999-12-31 23:59:59.9999999";
    keeps(vec![
        sample(
            SqlType::Time(7),
            (Value::Time(time("00:00:00.0000001")), "$x = '00:00:00.0000001'"),
            (Value::Time(time("23:59:59.9999999")), "$x = '23:59:59.9999999'"),
        ),
        sample(
            SqlType::DateTime2(7),
            (
                Value::DateTime(moment("0001-01-01 00:00:00.0000001")),
                "$x = '0001-01-01T00:00:00.0000001'",
            ),
            (Value::DateTime(moment(last)), "$x = '9999-12-31T23:59:59.9999999'"),
        ),
        sample(
            SqlType::DateTimeOffset(7),
            (
                offset("0001-01-02T00:00:00.0000001-14:00"),
                "$x = '0001-01-02T00:00:00.0000001-14:00'",
            ),
            (
                offset("9999-12-30T23:59:59.9999999+14:00"),
                "$x = '9999-12-30T23:59:59.9999999+14:00'",
            ),
        ),
    ]);
}

/// The driver's bulk load ends at 65,535 bytes of a value.
fn values_of_any_length_are_kept() {
    let x = |n| text("x".repeat(n));
    let bytes = |n: usize| Value::Bytes(vec![7; n].into());
    keeps(vec![
        sample(
            SqlType::NVarChar(None),
            (x(32_767), "LEN($x) = 32767"),
            (x(32_768), "LEN($x) = 32768 AND $x NOT LIKE N'%[^x]%'"),
        ),
        sample(
            SqlType::VarChar(None),
            (text("é".repeat(32_767)), "LEN($x) = 32767"),
            (text("é".repeat(100_000)), "LEN($x) = 100000 AND RIGHT($x, 2) = 'éé'"),
        ),
        sample(
            SqlType::VarBinary(None),
            (bytes(65_535), "DATALENGTH($x) = 65535"),
            (bytes(65_536), "DATALENGTH($x) = 65536 AND SUBSTRING($x, 65535, 2) = 0x0707"),
        ),
        sample(
            SqlType::Xml,
            (text("<a/>"), "CONVERT(nvarchar(max), $x) = N'<a/>'"),
            (
                text(format!("<a>{}</a>", "x".repeat(2_000_000))),
                "LEN(CONVERT(nvarchar(max), $x)) = 2000007",
            ),
        ),
    ]);
}

fn a_failure_may_be_told_at_any_length() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(1);
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(1);
    let mut failed = failure(&batch.apps[0]);
    if let Err(failure) = &mut failed.outcome {
        failure.path = Some("/é".repeat(40_000));
        failure.reason = "é".repeat(70_000);
    }
    worker.complete(&contract, batch.token, &[failed]);
    assert_eq!(
        harness.count("processing_log", "status = 'failed' AND LEN(failure_path) = 1000"),
        1
    );
    drop(worker);
    harness.leave();
}

/// The worker checks every length before; a table that was narrowed behind its back refuses.
fn what_is_too_long_for_the_table_fails_its_application_alone() {
    let name = TargetColumn {
        name: "name".into(),
        sql_type: SqlType::NVarChar(Some(4)),
        required: false,
        identity: Identity::No,
    };
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare_with(of_one_table(vec![name]), 2);
    harness.execute("ALTER TABLE {types} ALTER COLUMN name nvarchar(3)");
    let mut worker = Worker::start(&harness, &contract);
    let batch = worker.claim(2);
    let rows =
        |id: i64, name: &str| TableRows { width: 2, values: vec![Value::Int(id), text(name)] };
    let outcomes = [
        outcome(&batch.apps[0], Ok(vec![rows(1, "abcd")])),
        outcome(&batch.apps[1], Ok(vec![rows(2, "abc")])),
    ];
    let completed = worker.complete(&contract, batch.token, &outcomes);
    let failed: Vec<bool> = completed.iter().map(|app| app.failure().is_some()).collect();
    assert_eq!(failed, [true, false], "{completed:?}");
    assert_eq!(harness.count("types", "app_id = 2 AND name = 'abc'"), 1);
    harness.assert_invariants();
    harness.execute("DROP TABLE {types}");
    drop(worker);
    harness.leave();
}
