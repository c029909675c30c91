//! Contracts drafted from a database in which nothing is installed.

use crate::bench::Bench;
use crate::database::binary;

crate::trials! {
    a_draft_from_the_source_table_fills_the_tables_that_exist,
    documents_of_each_type_are_read,
}

/// A source with some documents, whose ids have gaps.
fn bench(document_type: &str) -> Bench {
    let bench = Bench::with_apps(0);
    bench.database.execute(&format!(
        "ALTER TABLE dbo.app_xml DROP COLUMN xml;
         ALTER TABLE dbo.app_xml ADD xml {document_type} NULL;"
    ));
    for (id, town) in [(-5, "Oslo"), (1, "Skøyen"), (2, "Bergen"), (3000, "Moss")] {
        let document = format!(
            r#"<order id="{id}"><town>{town}</town><line sku="A" qty="2"/><line sku="B" qty="1"/></order>"#
        );
        bench.database.execute(&format!(
            "INSERT INTO dbo.app_xml (app_id, xml) VALUES ({id}, {});",
            match document_type {
                "varbinary(max)" => binary(document.as_bytes()),
                _ => format!("N'{document}'"),
            }
        ));
    }
    bench
}

fn a_draft_from_the_source_table_fills_the_tables_that_exist() {
    let bench = bench("varbinary(max)");
    bench.database.execute(
        "CREATE TABLE dbo.orders (app_id bigint NOT NULL CONSTRAINT PK_orders PRIMARY KEY, town nvarchar(30) NULL, clerk int NULL);",
    );
    bench.database.execute(
        "CREATE TABLE dbo.order_lines (app_id bigint NOT NULL CONSTRAINT FK_lines REFERENCES dbo.orders (app_id),
             line_no int NOT NULL, sku varchar(10) NOT NULL, quantity int NOT NULL,
             CONSTRAINT PK_order_lines PRIMARY KEY (app_id, line_no));",
    );
    let drafted = bench.run("contract init --from-store 3 --against-database");
    assert_eq!(drafted.status, 0, "{drafted:?}");
    for part in ["the draft maps 3 of 3 documents", "orders.clerk: no path has such a name"] {
        assert!(drafted.stderr.contains(part), "{part}: {drafted:?}");
    }
    assert!(drafted.stdout.contains("key = \"/order/@id\""), "{drafted:?}");
    assert!(drafted.stderr.contains("order_lines.quantity: NOT NULL; perhaps @qty"), "{drafted:?}");
    // What the report asks for.
    let guess = "# quantity = { type = \"int\", value = \"@qty\", required = true }";
    bench.write("drafted.toml", &drafted.stdout.replace(guess, &guess[2..]));
    bench.succeed("install --contract drafted.toml");
    assert_eq!(bench.succeed("enqueue"), "4 applications enqueued\n");
    bench.succeed("run --contract drafted.toml");
    let lines = bench.database.query(
        "SELECT app_id, line_no, sku, quantity FROM dbo.order_lines WHERE app_id = 3000 ORDER BY line_no;",
    );
    assert_eq!(lines.len(), 2, "{lines:?}");
}

fn documents_of_each_type_are_read() {
    for document_type in ["varbinary(max)", "nvarchar(max)", "xml"] {
        let bench = bench(document_type);
        let drafted = bench.run("contract init --from-store 100");
        assert_eq!(drafted.status, 0, "{document_type}: {drafted:?}");
        assert!(drafted.stdout.contains("from 4 documents"), "{document_type}: {drafted:?}");
        assert!(drafted.stdout.contains("town"), "{document_type}: {drafted:?}");
    }
}
