//! The demonstration, on a small number of applications.

use std::path::Path;

use xmlshred::demo::generate::{expected, Profile};
use xmlshred::demo::{run, DemoError, DemoOptions};
use xmlshred::runner::Shutdown;
use xmlshred::screen::Screen;

fn options(dir: &Path, apps: u64) -> DemoOptions {
    let program = assert_cmd::cargo::cargo_bin!("xmlshred").to_owned();
    let dir = Some(dir.to_owned());
    DemoOptions { dir, apps, seed: 1, program, is_quiet: true, screen: Screen::PLAIN }
}

#[test]
fn one_of_three_workers_is_killed_and_nothing_is_lost_or_doubled() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut output = Vec::new();
    let proof =
        run(&options(dir.path(), 600), &Shutdown::new(), &mut output).expect("a demonstration");
    let output = String::from_utf8(output).expect("text");

    assert!(proof.holds(), "{output}");
    let failing = (1..=600).filter(|id| expected(1, *id, &Profile::DEMO).failure().is_some());
    let failing = failing.count() as u64;
    assert_eq!((proof.success, proof.failed), (600 - failing, failing), "{output}");
    let rows = |table: &str| proof.rows.iter().find(|(name, _)| name == table).expect("a table").1;
    assert_eq!(rows("app_base"), proof.success);
    let checked = format!("CHECKED: 600 enqueued = {} success + {failing} failed", 600 - failing);
    assert!(output.contains(&checked), "{output}");
    assert!(output.contains("Killed worker-"), "{output}");
    assert!(output.contains("worker-4 reaped the claims"), "{output}");
    crate::store::assert_invariants(&dir.path().join("demo.db"));
}

#[test]
fn a_folder_with_a_demonstration_is_not_used_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = dir.path().join("demo.db");
    std::fs::write(&store, "precious").expect("write");
    let error =
        run(&options(dir.path(), 1), &Shutdown::new(), &mut Vec::new()).expect_err("a refusal");
    assert!(matches!(&error, DemoError::NotFresh(path) if *path == store), "{error}");
    assert!(error.to_string().contains("demo.db already exists"), "{error}");
    assert_eq!(std::fs::read_to_string(store).expect("read"), "precious");
}
