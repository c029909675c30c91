//! The demonstration, on a small number of applications.

use std::path::Path;

use xmlshred::demo::generate::{expected, Profile};
use xmlshred::demo::{run, DemoError, DemoOptions};
use xmlshred::runner::Shutdown;

fn options(dir: &Path, apps: u64) -> DemoOptions {
    let program = assert_cmd::cargo::cargo_bin!("xmlshred").to_owned();
    DemoOptions { dir: Some(dir.to_owned()), apps, seed: 1, program }
}

#[test]
fn one_of_three_workers_is_killed_and_nothing_is_lost_or_doubled() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut told = Vec::new();
    let proof =
        run(&options(dir.path(), 600), &Shutdown::new(), &mut told).expect("a demonstration");
    let told = String::from_utf8(told).expect("text");

    assert!(proof.holds(), "{told}");
    let failing = (1..=600).filter(|id| expected(1, *id, &Profile::DEMO).failure().is_some());
    let failing = failing.count() as u64;
    assert_eq!((proof.success, proof.failed), (600 - failing, failing), "{told}");
    let rows = |table: &str| proof.rows.iter().find(|(name, _)| name == table).expect("a table").1;
    assert_eq!(rows("app_base"), proof.success);
    let checked = format!("CHECKED: 600 enqueued = {} success + {failing} failed", 600 - failing);
    assert!(told.contains(&checked), "{told}");
    assert!(told.contains("Killed worker-2"), "{told}");
    assert!(told.contains("worker-4 took the applications back"), "{told}");
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
    assert!(error.to_string().ends_with("demo.db exists already"), "{error}");
    assert_eq!(std::fs::read_to_string(store).expect("read"), "precious");
}
