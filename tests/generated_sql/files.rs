//! The files of `sql/`.

use xmlshred::store::sqlserver::install::{Kind, Names, FILES};

#[test]
fn every_placeholder_of_every_file_is_known() {
    let names = Names::new("s", "a.b").unwrap();
    for file in FILES {
        assert!(!names.fill(file.text).contains("$("), "{}", file.name);
    }
}

#[test]
fn the_log_is_stored_where_and_as_the_flags_say() {
    let names = Names::new("s", "a.b").and_then(|names| names.log_storage("LOGS", "PAGE")).unwrap();
    for log in ["processing_log", "processing_log_table", "processing_event"] {
        let file = FILES.iter().find(|file| file.name == format!("tables/{log}.sql"));
        let text = names.fill(file.expect(log).text);
        let indexes = text.matches("CREATE NONCLUSTERED INDEX").count();
        assert!(text.contains("ON [LOGS]\n    WITH (DATA_COMPRESSION = PAGE);"), "{text}");
        assert_eq!(text.matches("WITH (DATA_COMPRESSION = PAGE);").count(), indexes + 1, "{log}");
    }
    assert!(Names::default().log_storage("L] DROP", "NONE").is_err());
}

#[test]
fn migrations_are_numbered_in_the_order_of_installation() {
    let migrations: Vec<_> = FILES.iter().filter(|file| file.kind() == Kind::Migration).collect();
    for (place, file) in migrations.iter().enumerate() {
        let number = format!("{:04}_", place + 1);
        assert!(file.object().starts_with(&number), "{} should begin {number}", file.name);
    }
}

#[test]
fn every_file_that_makes_an_object_names_it() {
    for file in FILES {
        if matches!(file.kind(), Kind::Table | Kind::Module(_)) {
            let object = format!("[$(Schema)].[{}]", file.object());
            assert!(file.text.contains(&object), "{} does not make {object}", file.name);
        }
    }
}

/// A plan that is compiled for an empty table must be free to go, and checking a foreign key between
/// tables that one transaction writes may read the whole log.
#[test]
fn nothing_pins_a_plan_or_checks_a_key_between_the_tables_of_a_completion() {
    for file in FILES {
        assert!(!file.text.contains("KEEPFIXED"), "{}", file.name);
    }
    let written = ["claim", "event", "log", "log_table", "queue", "session", "throughput"];
    let tables: Vec<_> =
        written.iter().map(|name| format!("tables/processing_{name}.sql")).collect();
    let files: Vec<_> = FILES.iter().filter(|file| tables.iter().any(|t| t == file.name)).collect();
    assert_eq!(files.len(), tables.len());
    for file in files {
        assert!(!file.text.contains("FOREIGN KEY ("), "{}", file.name);
    }
}

/// What a person looks at while a completion hangs must not wait for it. What must not list work as missing
/// that is just being completed waits.
#[test]
fn what_inspects_does_not_wait_for_a_completion_that_hangs() {
    const READS_WITHOUT_WAITING: &str = ") = 0
        SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;";
    let inspects = |name: &str| ["usp_List", "usp_Get"].iter().any(|start| name.starts_with(start));
    let waits = [
        // The fence of a worker that asks after a lost reply.
        "usp_GetClaimOutcome",
        // One row that no completion writes.
        "usp_GetContract",
        // What loads insert, and no completion writes.
        "usp_ListAppsOfFile",
        // Between two uncommitted statements, an application is in neither queue nor log.
        "usp_ListUnprocessed",
        // Verify and backfill need what is committed.
        "usp_ListFinished",
        "usp_ListWritten",
    ];
    let mut seen = Vec::new();
    for file in FILES.iter().filter(|file| inspects(file.object())) {
        let expected = !waits.contains(&file.object());
        assert_eq!(file.text.contains(READS_WITHOUT_WAITING), expected, "{}", file.name);
        seen.push(file.object());
    }
    assert!(waits.iter().all(|name| seen.contains(name)), "{seen:?}");
}
