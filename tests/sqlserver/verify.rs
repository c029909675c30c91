//! `verify` against a server.

use serde_json::{json, Value};

use crate::bench::{Bench, Said};
use crate::database::Server;
use crate::program::{
    create_login, drop_login, grant_what_one_owner_grants, is_babelfish, PASSWORD,
};

crate::trials! {
    rows_of_a_run_are_equal_and_nothing_is_written,
    planted_differences_are_found,
    every_type_is_read_as_it_was_written,
    rows_are_found_through_their_parents_on_a_server,
    what_cannot_be_compared_is_counted,
    each_role_verifies_or_is_refused,
}

const TYPES: &str = include_str!("../verify/types.toml");
const LINEAGE: &str = include_str!("../verify/lineage.toml");

fn verify(bench: &Bench, flags: &str) -> Value {
    let said = bench
        .run(&format!("verify {flags} --contract contract.toml --format json --log-level off"));
    let found: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"));
    let differs = found["applications"]["different"] != 0;
    assert_eq!(said.status, i32::from(differs), "{said:?}");
    found
}

/// The verdicts that are not 0.
fn verdicts(bench: &Bench, flags: &str) -> Value {
    let mut found = verify(bench, flags)["applications"].clone();
    found.as_object_mut().expect("an object").retain(|_, number| *number != 0);
    found
}

/// A contract and documents 1, 2, …, all of them finished.
fn run_of(contract: &str, documents: &[&str]) -> Bench {
    let bench = Bench::with_apps(0);
    bench.write("contract.toml", contract);
    for (document, id) in documents.iter().zip(1..) {
        let hex: String = document.bytes().map(|byte| format!("{byte:02X}")).collect();
        bench
            .database
            .execute(&format!("INSERT INTO dbo.app_xml (app_id, xml) VALUES ({id}, 0x{hex});"));
    }
    bench.succeed("install --contract contract.toml");
    bench.succeed("enqueue");
    bench.succeed("run --contract contract.toml --log-level warn");
    bench
}

/// Rows of each table of the pipeline, and of a target.
fn sizes(bench: &Bench) -> Vec<i64> {
    [
        "pipeline.processing_log",
        "pipeline.processing_event",
        "pipeline.processing_session",
        "sandbox.app_base",
    ]
    .map(|table| bench.number(&format!("SELECT COUNT(*) FROM {table}")))
    .to_vec()
}

fn rows_of_a_run_are_equal_and_nothing_is_written() {
    let bench = Bench::ready(60);
    bench.succeed("run --contract contract.toml --fail-on never --log-level warn");
    let done =
        bench.number("SELECT COUNT(*) FROM pipeline.processing_log WHERE status = 'success'");
    let before = sizes(&bench);
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": done }));
    assert_eq!(verdicts(&bench, "--sample 10 --workers 2"), json!({ "equal": 10 }));
    assert_eq!(sizes(&bench), before);
}

fn planted_differences_are_found() {
    let bench = run_of(LINEAGE, &["<a/>"; 5]);
    bench.execute(
        "DELETE FROM sandbox.app_base WHERE app_id = 2;
         INSERT INTO sandbox.app_contact (con_id, app_id) VALUES (77, 3);",
    );
    let found = verify(&bench, "--all");
    assert_eq!(found["applications"]["different"], 2, "{found:#}");
    assert_eq!(found["applications"]["without_rows"], 1, "{found:#}");
    assert_eq!(found["tables"][0]["missing"], 1, "{found:#}");
    assert_eq!(found["tables"][1]["surplus"], 1, "{found:#}");
    assert_eq!(verdicts(&bench, "--all --after 2"), json!({ "equal": 2, "different": 1 }));
}

fn every_type_is_read_as_it_was_written() {
    let documents = [
        include_str!("../verify/types-1.xml"),
        include_str!("../verify/types-2.xml"),
        include_str!("../verify/types-3.xml"),
    ];
    // The seventh digit of a second is where the engine has one.
    let digits = match Server::from_environment().is_some_and(|server| server.is_babelfish) {
        true => 6,
        false => 7,
    };
    let contract = TYPES.replace("(7)", &format!("({digits})"));
    let documents = documents.map(|document| match digits {
        6 => document.replace(".9999999", ".999999"),
        _ => document.to_owned(),
    });
    let bench = run_of(&contract, &documents.each_ref().map(String::as_str));
    let found = verify(&bench, "--all");
    assert_eq!(found["applications"]["equal"], 3, "{found:#}");
    let names = bench.database.query(
        "SELECT c.name FROM sys.columns AS c
         WHERE c.object_id = OBJECT_ID('sandbox.typed') AND c.name NOT IN ('app_id', 'loaded_at')",
    );
    assert_eq!(names.len(), 24);
    for column in names.into_iter().flatten().flatten() {
        bench.execute(&format!(
            "SELECT app_id, {column} INTO dbo.kept FROM sandbox.typed;
             UPDATE sandbox.typed SET {column} = (SELECT k.{column} FROM dbo.kept AS k WHERE k.app_id = 2)
             WHERE app_id = 1;"
        ));
        let found = verify(&bench, "--app-id 1");
        assert_eq!(found["examples"][0]["column"], column.as_str(), "{column}: {found:#}");
        assert_eq!(found["examples"].as_array().expect("a list").len(), 1, "{found:#}");
        bench.execute(&format!(
            "UPDATE sandbox.typed SET {column} = (SELECT k.{column} FROM dbo.kept AS k WHERE k.app_id = 1)
             WHERE app_id = 1;
             DROP TABLE dbo.kept;"
        ));
    }
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 3 }));
}

fn rows_are_found_through_their_parents_on_a_server() {
    let call = "<call minutes='3'/><call minutes='4'/>";
    let document = |id| {
        format!(
            "<a><contact id='{id}'><phone kind='1'>{call}</phone><phone kind='2'/></contact></a>"
        )
    };
    let documents: Vec<String> = (1..=3).map(document).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let bench = run_of(LINEAGE, &documents);
    assert_eq!(verdicts(&bench, "--all"), json!({ "equal": 3 }));
    bench.execute(
        "UPDATE sandbox.app_call SET minutes = 9 WHERE con_id = 2 AND minutes = 3;
         DELETE FROM sandbox.app_call WHERE con_id = 3;",
    );
    let found = verify(&bench, "--all");
    assert_eq!(
        (&found["tables"][3]["missing"], &found["tables"][3]["different"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(found["examples"].as_array().expect("a list").len(), 3, "{found:#}");
}

fn what_cannot_be_compared_is_counted() {
    let bench = run_of(LINEAGE, &["<a/>"; 5]);
    bench.execute(
        "UPDATE dbo.app_xml SET xml = 0x3C612F3E0A WHERE app_id = 1;
         UPDATE dbo.app_xml SET xml = NULL WHERE app_id = 2;
         DELETE FROM pipeline.processing_log WHERE app_id IN (3, 4);
         DELETE FROM sandbox.app_base WHERE app_id = 4;
         UPDATE pipeline.processing_log
         SET has_rows = 0, source_hash = NULL, contract_hash = CONVERT(binary(32), 0x00)
         WHERE app_id = 5;",
    );
    let expected = json!({
        "document_changed": 1, "no_document": 1, "equal": 2, "unlogged": 1, "adopted": 1
    });
    assert_eq!(verdicts(&bench, "--all"), expected);
    assert_eq!(
        verdicts(&bench, "--sample 9"),
        json!({ "document_changed": 1, "no_document": 1, "equal": 1, "adopted": 1 })
    );
    assert_eq!(verdicts(&bench, "--app-id 4,99"), json!({ "not_finished": 1, "no_document": 1 }));
    // A source row that is gone, of the first applications and of the last.
    bench.execute("DELETE FROM dbo.app_xml WHERE app_id IN (1, 5);");
    let gone = json!({ "no_document": 3, "equal": 1, "unlogged": 1 });
    assert_eq!(verdicts(&bench, "--all"), gone);
    assert_eq!(verdicts(&bench, "--sample 9"), json!({ "no_document": 3 }));
    assert_eq!(
        verdicts(&bench, "--all --after 2"),
        json!({ "no_document": 1, "equal": 1, "unlogged": 1 })
    );
}

/// What each role gets to know: shred_operator everything, and the others nothing.
fn each_role_verifies_or_is_refused() {
    let bench = run_of(LINEAGE, &["<a><contact id='7'/></a>", "<a/>"]);
    bench.execute("UPDATE sandbox.app_contact SET app_id = 2 WHERE con_id = 7;");
    if is_babelfish() {
        // There nobody can be given the permission on the table variable of a function.
        bench.execute("DROP FUNCTION pipeline.ufn_AppIdList;");
        bench.execute(
            "CREATE FUNCTION pipeline.ufn_AppIdList(@app_ids nvarchar(max)) RETURNS TABLE AS RETURN
             (SELECT s.value AS entry, TRY_CONVERT(bigint, s.value) AS app_id FROM STRING_SPLIT(@app_ids, N',') AS s);",
        );
    }
    let login = create_login(&bench);
    let mut found = Vec::new();
    for (role, allowed) in
        [("shred_operator", true), ("shred_worker", false), ("shred_monitor", false)]
    {
        bench.execute(&format!("ALTER ROLE {role} ADD MEMBER [{login}];"));
        if is_babelfish() {
            grant_what_one_owner_grants(&bench, role);
        }
        let verified = ["--all", "--sample 2 --seed 1", "--app-id 1"].map(|flags| {
            let call = format!("verify {flags} --contract contract.toml --log-level off");
            let login = bench.connection_string_as(&login, PASSWORD);
            Said::of(bench.command(&call).env("XMLSHRED_CONNECTION_STRING", login))
        });
        bench.execute(&format!("ALTER ROLE {role} DROP MEMBER [{login}];"));
        found.push((role, allowed, verified));
    }
    drop_login(&bench, &login);
    for (role, allowed, verified) in found {
        for said in verified {
            match allowed {
                true => assert_eq!(said.status, 1, "{role}: {said:?}"),
                false => assert!(said.status > 3 && said.stdout.is_empty(), "{role}: {said:?}"),
            }
        }
    }
}
