//! What `docs/sql-server.md` says of the T-SQL itself, held against `sql/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names and texts of the files in a folder of `sql/`, line feeds only.
fn files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(root().join("sql").join(folder)).expect(folder);
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("UTF-8").replace("\r\n", "\n"))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

/// T-SQL without comments and literals.
fn code(text: &str) -> String {
    let apart = Regex::new(r"(?s)/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'").expect("a pattern");
    apart.replace_all(text, " ").into_owned()
}

#[test]
fn every_procedure_begins_with_its_own_settings() {
    let settings = "AS\nBEGIN\n    SET NOCOUNT ON;\n    SET XACT_ABORT ON;\n    \
                    SET IMPLICIT_TRANSACTIONS OFF;\n    \
                    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\n";
    for (name, text) in files("procs") {
        assert!(text.contains(settings), "{name}");
    }
}

#[test]
fn no_procedure_reads_another_clock() {
    let others =
        Regex::new(r"(?i)\b(GETDATE|GETUTCDATE|SYSDATETIME|SYSDATETIMEOFFSET)\(|CURRENT_TIMESTAMP")
            .expect("a pattern");
    let told = Regex::new(r"^    @\w+ (date|time|datetime|smalldatetime)").expect("a pattern");
    for (name, text) in ["procs", "functions", "views", "tables"].into_iter().flat_map(files) {
        let code = code(&text);
        assert!(!others.is_match(&code), "{name} reads another clock");
        // What a procedure returns is a time of the server.
        let is_told = |line: &str| told.is_match(line) && !line.contains(" OUTPUT");
        assert!(!code.lines().any(is_told), "{name} takes a time from the caller");
    }
}

#[test]
fn tables_that_are_fought_over_never_escalate_to_a_table_lock() {
    let fought_over =
        ["processing_queue", "processing_claim", "processing_log", "processing_event"];
    let tables: BTreeMap<_, _> = files("tables").into_iter().collect();
    for name in fought_over {
        let code = code(&tables[name]);
        let count = |part: &str| code.matches(part).count();
        let indexes = count("PRIMARY KEY CLUSTERED") + count("CREATE NONCLUSTERED INDEX");
        // READPAST reads these two; the others can be reorganized.
        let is_skipped_over = ["processing_queue", "processing_claim"].contains(&name);
        let without_page_locks = if is_skipped_over { indexes } else { 0 };
        assert_eq!(count("ALLOW_PAGE_LOCKS = OFF"), without_page_locks, "{name}");
        assert_eq!(count("SET (LOCK_ESCALATION = DISABLE)"), 1, "{name}");
    }
}

#[test]
fn the_waits_on_the_page_are_those_of_the_procedures() {
    let page = fs::read_to_string(root().join("docs/sql-server.md")).expect("the page");
    let row = Regex::new(r"(?m)^\| (\d+) s \| ([^|]+) \|").expect("a pattern");
    let name = Regex::new(r"`(usp_\w+)`").expect("a pattern");
    let mut told = BTreeMap::new();
    for cells in row.captures_iter(&page) {
        for procedure in name.captures_iter(&cells[2]) {
            told.insert(procedure[1].to_owned(), format!("{}000", &cells[1]));
        }
    }
    let procedures: BTreeMap<_, _> = files("procs").into_iter().collect();
    for (procedure, milliseconds) in &told {
        let set = format!("SET LOCK_TIMEOUT {milliseconds};");
        assert!(procedures[procedure].contains(&set), "{procedure} does not {set}");
    }
    assert!(told.len() >= 8, "{told:?}");
}

#[test]
fn every_name_is_spelt_in_one_way() {
    let word = Regex::new(r"[@#]{0,2}[A-Za-z_][A-Za-z0-9_]*").expect("a pattern");
    let mut spellings: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, text) in ["tables", "functions", "views", "procs"].into_iter().flat_map(files) {
        for found in word.find_iter(&code(&text)) {
            let spelling = found.as_str();
            spellings.entry(spelling.to_lowercase()).or_default().insert(spelling.to_owned());
        }
    }
    // A keyword is written in capitals and may be a column's name in small letters.
    let is_keyword = |spelling: &&String| spelling.chars().all(|c| c.is_uppercase() || c == '_');
    spellings.retain(|_, all| all.iter().filter(|spelling| !is_keyword(spelling)).count() > 1);
    assert!(spellings.is_empty(), "{spellings:?}");
}
