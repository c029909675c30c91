//! A defect of the program at a document: that document fails, and nothing else is disturbed.
//! Builds without debug assertions have no way to provoke one.

use super::notes;
use super::workbench::{Said, Workbench};

const VARIABLE: &str = "XMLSHRED_TEST_PANIC_AT";

fn run(bench: &Workbench, arguments: &str) -> Said {
    Said::of(bench.command(arguments).env(VARIABLE, "boom"))
}

fn failed_place(text: &str) {
    for part in ["internal_error", "/note/boom", "a test provoked this panic", "export-failed"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
}

#[test]
fn a_document_that_the_program_fails_on_is_a_failure_of_map() {
    let bench = notes::workbench();
    bench.write("docs/note-3.xml", "<note title='three'>\n  <boom/>\n</note>");
    let arguments = "map docs --contract contract.toml --app-id-from digits --workers 1";
    let said = run(&bench, arguments);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stderr.contains("5 documents: 4 mapped, 1 failed"), "{said:?}");
    failed_place(&(said.stdout + &said.stderr));
    assert_eq!(bench.run(arguments).status, 0);
}

#[test]
#[cfg(feature = "embedded")]
fn a_document_that_the_program_fails_on_is_logged_and_the_others_are_done() {
    let bench = Workbench::new();
    bench.write("contract.toml", notes::CONTRACT);
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    for number in 1..=60 {
        let inside = if number <= 24 { "<boom/>" } else { "<line>a</line>" };
        bench.write(&format!("docs/{number}.xml"), format!("<note title='t'>{inside}</note>"));
    }
    assert_eq!(bench.run("load docs").status, 0);
    assert_eq!(bench.run("enqueue").status, 0);
    let said = run(&bench, "run --batch-size 7 --log-level error");
    assert_eq!(said.status, 1, "{said:?}");
    for part in ["36", "24", "internal_error"] {
        assert!(said.stdout.contains(part), "{part} is missing: {said:?}");
    }
    failed_place(&run(&bench, "explain 1").stdout);
    let again = run(&bench, "run --log-level error");
    assert_eq!(again.status, 0, "nothing is left: {again:?}");
}
