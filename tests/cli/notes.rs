//! A contract as small as they come, and documents for it.

use super::workbench::Workbench;

pub const CONTRACT: &str = r#"
[contract]
name = "notes"
target_schema = "sandbox"

[document]
root = "note"

[[tables]]
name = "note"
each = "/note"
primary_key = ["app_id"]
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
title  = { type = "nvarchar(20)", value = "@title", required = true }
price  = { type = "decimal(9,2)", value = "@price" }

[[tables]]
name = "line"
each = "/note/line"
primary_key = ["app_id", "number"]
app_column = "app_id"
foreign_key = { columns = ["app_id"], references = "note" }
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
number = { type = "int", value = "ORDINAL()" }
text   = { type = "nvarchar(50)", value = "." }
"#;

/// A folder with the contract, four sound documents, and one whose title is missing.
pub fn workbench() -> Workbench {
    let bench = Workbench::new();
    bench.write("contract.toml", CONTRACT);
    bench.write("docs/note-1.xml", "<note title='one' price='1.5'><line>a</line></note>");
    bench.write("docs/note-2.xml", "<note title='two'><line>b</line><line>c</line></note>");
    bench.write("docs/note-3.xml", "<note>\n  <line>d</line>\n</note>");
    bench.write("docs/note-4.xml", "<note title='four'/>");
    bench.write("docs/note-5.xml", "<note title='five'><line>e</line></note>");
    bench
}

/// The same with the documents loaded and queued in `work.db`, which xmlshred.toml names.
#[cfg(feature = "embedded")]
pub fn queued() -> Workbench {
    let bench = workbench();
    bench.write("xmlshred.toml", "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n");
    assert_eq!(bench.run("load docs").status, 0);
    assert_eq!(bench.run("enqueue").status, 0);
    bench
}

/// The same, and run.
#[cfg(feature = "embedded")]
pub fn finished() -> Workbench {
    let bench = queued();
    assert_eq!(bench.run("run --log-level warn --worker-name host:123").status, 1);
    bench
}
