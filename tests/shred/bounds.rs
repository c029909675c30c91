//! What a document may take: time, and memory for what is made of it.

use std::cell::Cell;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use xmlshred::contract::Contract;
use xmlshred::id::AppId;
use xmlshred::outcome::{Failure, FailureCategory, Outcome};
use xmlshred::shred::{Control, Limits, Shredder};

use super::{one_column, rows_of, shred, text, with_root};

const MIB: u64 = 1 << 20;

fn within(limits: Limits, contract: &Arc<Contract>, document: &str) -> Outcome {
    let mut shredder = Shredder::new(Arc::clone(contract), limits);
    shredder.shred(AppId(7), DateTime::UNIX_EPOCH, Some(&text(document)))
}

fn exceeded(limits: Limits, contract: &Arc<Contract>, document: &str) -> Failure {
    let failure = *within(limits, contract, document).expect_err("the limit is exceeded");
    assert_eq!(failure.category, FailureCategory::LimitExceeded, "{failure:?}");
    failure
}

/// Each column of these takes far more than the document, and more than the limit.
#[test]
fn what_a_document_makes_is_bounded() {
    let limits = Limits { row_bytes: 4 * MIB, ..Limits::DEFAULT };
    let long = "a".repeat(100_000);
    let nested = format!("<r>{}{}</r>", "<a>".repeat(400), "</a>".repeat(400));
    let rows = format!("<r x='{long}'>{}</r>", "<a/>".repeat(1_000));
    let joined = format!("<r><a/>{}</r>", format!("<b>{long}</b>").repeat(60));
    let one = format!("<r><a x='{long}'/></r>");
    let copies = vec!["@x"; 100].join(", ");
    let sum = vec!["@x"; 100].join(" || ");
    let cases = [
        ("/r/a", "../@x".to_owned(), &rows),
        ("/r/a", "../@x || 'y'".to_owned(), &rows),
        ("//a", format!("INNER_XML(.) || '{}'", "z".repeat(50_000)), &nested),
        ("/r/a", "JOIN(../b, ', ')".to_owned(), &joined),
        ("/r/a", "LEN(JOIN(../b, ', '))".to_owned(), &joined),
        (
            "/r/a",
            "REPLACE(@x, 'a', '0123456789012345678901234567890123456789012345')".to_owned(),
            &one,
        ),
        ("/r/a", "LEN(REPLACE(@x, 'a', @x))".to_owned(), &one),
        ("/r/a", format!("CONCAT({copies})"), &one),
        ("/r/a", format!("LEFT(CONCAT({copies}), 1)"), &one),
        ("/r/a", sum, &one),
    ];
    for (each, value, document) in cases {
        let failure = exceeded(limits, &one_column(each, &value), document);
        assert_eq!(failure.table.as_deref(), Some("t"), "{value}: {failure:?}");
        assert!(failure.reason.contains("raise --max-row-bytes"), "{}", failure.reason);
        assert!(failure.line.is_some(), "{failure:?}");
    }
}

#[test]
fn the_column_that_exceeds_the_memory_is_named() {
    let document = format!("<r><a x='{}'/></r>", "a".repeat(100_000));
    let contract = one_column("/r/a", "REPLACE(@x, 'a', @x)");
    let failure = exceeded(Limits::DEFAULT, &contract, &document);
    assert_eq!((failure.table.as_deref(), failure.column.as_deref()), (Some("t"), Some("v")));
    assert_eq!(failure.path.as_deref(), Some("/r/a/@x"));
}

#[test]
fn what_is_read_for_rows_counts_too() {
    // A slot for each column that reads a path, in each element that is a row.
    let mut columns = String::new();
    for number in 0..500 {
        writeln!(columns, "c{number} = {{ type = \"int\", value = \"b{number}/@x\" }}").unwrap();
    }
    let contract = with_root(&format!(
        "[[tables]]\nname = \"t\"\neach = \"/r/a\"\nwhere = \"@x = 'never'\"\napp_column = \"app_id\"\n\
         [tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n{columns}"
    ));
    let document = format!("<r>{}</r>", "<a/>".repeat(10_000));
    let limits = Limits { row_bytes: 16 * MIB, ..Limits::DEFAULT };
    exceeded(limits, &contract, &document);
}

#[test]
fn texts_that_are_read_one_after_the_other_are_not_added_up() {
    let limits = Limits { row_bytes: MIB, ..Limits::DEFAULT };
    let document =
        format!("<r>{}</r>", format!("<a x='{}&amp;'/>", "a".repeat(1_000)).repeat(2_000));
    for value in ["LEN(@x)", "LEN(UPPER(@x))"] {
        let contract = one_column("/r/a", value);
        let outcome = within(limits, &contract, &document);
        assert_eq!(rows_of(&contract, &outcome, "t")[1_999], "7|1001");
    }
    let contract = one_column("/r", "MAX(LEN(a/@x))");
    let outcome = within(limits, &contract, &document);
    assert_eq!(rows_of(&contract, &outcome, "t"), ["7|1001"]);
}

/// Texts that take hours with these expressions.
#[test]
fn a_document_that_takes_too_long_fails() {
    let limits = Limits { time: Duration::from_millis(300), ..Limits::DEFAULT };
    let long = "a".repeat(2_000_000);
    let many = format!("<r>{}</r>", "<a x='1'/>".repeat(50_000));
    let wide = format!("<r><b>{long}</b>{}</r>", "<a/>".repeat(1_000_000));
    let pattern = format!("<r><a x='{long}b' y='%{long}c'/></r>");
    let began = Instant::now();
    for (each, value, document) in [
        ("/r/a", "CASE WHEN @x LIKE @y THEN 1 END", &pattern),
        ("/r/a", "SUM(NUMBER(//a/@x) * ORDINAL())", &many),
        ("/r/a", "LEN(../b)", &wide),
    ] {
        let failure = exceeded(limits, &one_column(each, value), document);
        let reason = "the document takes longer than 300ms: raise --document-timeout if such \
                      documents are expected";
        assert_eq!(failure.reason, reason);
        let path = failure.path.unwrap_or_default();
        assert!(path.starts_with("/r/a"), "{value}: {path}");
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn without_a_limit_there_is_none() {
    let limits = Limits { time: Duration::ZERO, ..Limits::DEFAULT };
    let contract = one_column("/r/a", "LEN(@x)");
    let document = format!("<r><a x='{}'/></r>", "a".repeat(3_000_000));
    let outcome = within(limits, &contract, &document);
    assert_eq!(rows_of(&contract, &outcome, "t"), ["7|3000000"]);
}

/// Cancels at the nth question, and keeps accounts.
#[derive(Default)]
struct Counted {
    cancel_at: u64,
    asked: Cell<u64>,
    taken: Cell<u64>,
    returned: Cell<u64>,
    waits: Duration,
}

impl Control for Counted {
    fn is_cancelled(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.asked.get() == self.cancel_at
    }

    fn take(&self, bytes: u64) {
        self.taken.set(self.taken.get() + bytes);
        std::thread::sleep(self.waits);
    }

    fn give_back(&self, bytes: u64) {
        self.returned.set(self.returned.get() + bytes);
    }
}

fn controlled(control: &Counted, limits: Limits, document: &str) -> Option<Outcome> {
    let contract = one_column("/r/a", "@x || 'x'");
    let mut shredder = Shredder::new(contract, limits);
    shredder.shred_controlled(AppId(7), DateTime::UNIX_EPOCH, Some(&text(document)), control)
}

#[test]
fn a_document_is_given_up_when_the_caller_stops() {
    let document = format!("<r>{}</r>", "<a x='1'/>".repeat(50_000));
    let control = Counted { cancel_at: 5, ..Counted::default() };
    assert!(controlled(&control, Limits::DEFAULT, &document).is_none());
    assert_eq!(control.asked.get(), 5);
    assert_eq!(control.taken.get(), control.returned.get());
}

#[test]
fn what_rows_take_stays_taken() {
    let document = format!("<r>{}</r>", "<a x='1'/>".repeat(10_000));
    let control = Counted::default();
    let outcome = controlled(&control, Limits::DEFAULT, &document).expect("an outcome");
    let values: u64 = outcome.expect("rows")[0]
        .values
        .iter()
        .map(|value| (size_of_val(value) + value.heap_bytes()) as u64)
        .sum();
    let left = control.taken.get() - control.returned.get();
    assert!((values..2 * values).contains(&left), "{values} bytes of values, {left} counted");

    let broken = format!("{}</b>", &document[..document.len() - 4]);
    let control = Counted::default();
    assert!(controlled(&control, Limits::DEFAULT, &broken).expect("an outcome").is_err());
    assert_eq!(control.taken.get(), control.returned.get());
}

#[test]
fn waiting_for_memory_is_not_time_of_the_document() {
    let document = format!("<r>{}</r>", "<a x='1'/>".repeat(10_000));
    let limits = Limits { time: Duration::from_millis(1_000), ..Limits::DEFAULT };
    let control = Counted { waits: Duration::from_millis(100), ..Counted::default() };
    assert!(controlled(&control, limits, &document).expect("an outcome").is_ok());
    let waits = control.taken.get() / (64 << 10);
    assert!(waits > 11, "only {waits} waits of 100 ms");
}

#[test]
fn ordinary_documents_stay_far_below_the_limits() {
    let limits = Limits { row_bytes: MIB, time: Duration::from_secs(10), ..Limits::DEFAULT };
    let contract = one_column("/r/a", "@x");
    let document = format!("<r>{}</r>", "<a x='1'/>".repeat(2_000));
    assert_eq!(within(limits, &contract, &document), shred(&contract, &document));
}
