//! A build without the embedded store.

use super::notes::workbench;

#[test]
fn a_sqlite_store_is_refused_with_what_to_build() {
    let bench = workbench();
    let said = bench.run("status --store sqlite:work.db");
    assert_eq!(said.status, 2, "{said:?}");
    assert_eq!(
        said.stderr,
        "error: this build cannot open sqlite:work.db\n\
         hint: build xmlshred with the Cargo feature `embedded`\n"
    );
}
