//! The table of the documentation.

use super::{Installed, ROLES};

/// What each role may do with each object, as the page has it.
fn expected() -> String {
    let installed = Installed::this_version();
    let mut page =
        "| object | `shred_worker` | `shred_operator` | `shred_monitor` | `shred_loader` |\n\
         |---|---|---|---|---|\n"
            .to_owned();
    for name in installed.modules.keys() {
        let cells = ROLES.map(|role| match installed.permissions(role).runs.contains(name) {
            true if name.starts_with("vw_") => "reads",
            true => "executes",
            false => "",
        });
        if cells.iter().any(|cell| !cell.is_empty()) {
            page += &format!("| `{name}` | {} |\n", cells.join(" | "));
        }
    }
    page
}

#[test]
fn the_page_shows_what_each_role_may_do() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
    let page = std::fs::read_to_string(path).expect("the page").replace("\r\n", "\n");
    let expected = expected();
    assert!(page.contains(&expected), "docs/reference.md, Roles, has to have\n{expected}");
}
