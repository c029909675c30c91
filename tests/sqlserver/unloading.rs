//! Documents are taken back from the source table of a server, and found by their files.

use serde_json::Value;

use crate::bench::{Bench, Said};
use crate::database::Sql;
use crate::invariants;
use crate::loading::bench;

crate::trials! {
    a_load_is_taken_back_as_a_whole_and_can_be_loaded_again,
    a_pattern_chooses_the_same_files_in_both_stores,
    what_became_of_a_document_decides_whether_it_goes,
    nothing_is_unloaded_if_one_cannot_be,
    what_a_load_replaced_stays_unless_it_is_named,
    what_another_program_changed_is_noticed_in_any_type_of_column,
    a_file_is_explained_as_its_application,
}

const NOTES: &str = r#"
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
n = { type = "int", value = "@id" }
"#;

fn count(bench: &Bench, table: &str) -> i64 {
    bench.number(&format!("SELECT COUNT(*) FROM pipeline.{table}"))
}

fn documents(bench: &Bench) -> i64 {
    bench.number("SELECT COUNT(*) FROM dbo.app_xml")
}

/// What `unload` says of each document: its application, and its fate.
fn fates(said: &Said) -> Vec<(i64, String)> {
    let list: Vec<Value> = serde_json::from_str(&said.stdout).expect("JSON");
    let fate = |item: &Value| {
        let app_id = item["app_id"].as_i64().expect("an id");
        let refusal = item["refusal"].as_str().map(|text| text.split(':').next().expect("one"));
        let unloaded = item["unloaded"].as_bool().expect("a truth");
        assert!(!(unloaded && refusal.is_some()), "{item}");
        (app_id, refusal.unwrap_or(if unloaded { "unloaded" } else { "chosen" }).to_owned())
    };
    list.iter().map(fate).collect()
}

fn a_load_is_taken_back_as_a_whole_and_can_be_loaded_again() {
    let bench = bench("bigint", "nvarchar(max) NULL", 3);
    bench.succeed("load docs");
    bench.execute("INSERT INTO dbo.app_xml (app_id, xml) VALUES (99, N'<other/>');");
    bench.succeed("enqueue");
    let said = bench.run("unload --loaded-since 1h --dry-run");
    assert_eq!(said.status, 0, "{said:?}");
    let expected = "3 documents would be unloaded; nothing was changed\n";
    assert!(said.stderr.ends_with(expected), "{said:?}");
    assert!(said.stdout.contains("3.xml"), "{said:?}");
    assert_eq!((documents(&bench), count(&bench, "processing_file")), (4, 3));
    assert_eq!(count(&bench, "processing_queue"), 4);
    let said = bench.run("unload --loaded-since 1h");
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stderr.ends_with("3 documents unloaded\n"), "{said:?}");
    assert_eq!((documents(&bench), count(&bench, "processing_file")), (1, 0));
    assert_eq!(bench.number("SELECT MIN(app_id) FROM pipeline.processing_queue"), 99);
    assert_eq!(count(&bench, "processing_queue"), 1);
    assert_eq!(count(&bench, "processing_event"), 0);
    let said = bench.succeed("load docs");
    assert!(said.starts_with("3 documents loaded"), "{said}");
    bench.succeed("enqueue --full");
    assert_eq!(count(&bench, "processing_queue"), 4);
    // What another program inserted has no file; its id names it.
    let (status, said) = bench.fail("unload --file absent.xml");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("error: no document in the store was loaded so"), "{said}");
    let said = bench.run("unload 99");
    assert!(said.stderr.ends_with("1 document unloaded\n"), "{said:?}");
    assert_eq!((documents(&bench), count(&bench, "processing_queue")), (3, 3));
}

fn a_pattern_chooses_the_same_files_in_both_stores() {
    let bench = bench("bigint", "varbinary(max) NULL", 2);
    for name in ["a[1].xml", "a1.xml", "50%.xml", "50x.xml", "a_1.xml", "in/A1.xml", "in/b.xml"] {
        bench.write(&format!("docs/{name}"), &format!("<note name='{name}'/>"));
    }
    bench.write("docs/in/big.xml", "<notes><note/><note n='2'/></notes>");
    let embedded = |arguments: &str| {
        let mut command = bench.command(&format!("{arguments} --store sqlite:work.db"));
        Said::of(command.env_remove("XMLSHRED_CONNECTION_STRING").env_remove("XMLSHRED_SCHEMA"))
    };
    for load in [
        "load docs",
        "load docs/in/A1.xml docs/in/b.xml",
        "load docs/in/big.xml --each /notes/note",
    ] {
        assert_eq!(bench.run(load).status, 0, "{load}");
        assert_eq!(embedded(load).status, 0, "{load}");
    }
    let mut chosen = Vec::new();
    for pattern in [
        "a[1].xml",
        "50%.xml",
        "a_1.xml",
        "a?1.xml",
        "*.xml",
        "A1.xml",
        "docs/*.xml",
        "*/*.xml",
        "docs/in/*",
        r"docs\in\?.xml",
        "big.xml",
        "big.xml#2",
        "*/big.xml",
        "docs/*/big.xml",
        "b*",
        "absent.xml",
        "DOCS/1.xml",
    ] {
        let unload = format!("unload --file {pattern} --dry-run --format json");
        let (one, other) = (bench.run(&unload), embedded(&unload));
        assert_eq!((one.status, &one.stdout), (other.status, &other.stdout), "{pattern}");
        let found = match one.status {
            0 => fates(&one).len(),
            _ => 0,
        };
        chosen.push(found);
    }
    assert_eq!(chosen, [1, 1, 1, 1, 11, 1, 7, 7, 4, 1, 2, 1, 0, 2, 3, 0, 0]);
}

fn what_became_of_a_document_decides_whether_it_goes() {
    let bench = bench("bigint", "varbinary(max) NULL", 0);
    bench.write("notes.toml", NOTES);
    bench.write("docs/1.xml", "<note id='1'/>");
    bench.write("docs/2.xml", "<note id='x'/>");
    bench.succeed("install --contract notes.toml");
    bench.succeed("load docs");
    bench.succeed("enqueue");
    bench.succeed("run --contract notes.toml --fail-on never");
    for n in 3..=7 {
        bench.write(&format!("docs/{n}.xml"), &format!("<note id='{n}'/>"));
    }
    bench.succeed("load docs");
    // What another program deleted is not of its file any more.
    bench.execute("DELETE FROM dbo.app_xml WHERE app_id = 7;");
    bench.succeed("enqueue");
    bench.execute(
        "INSERT INTO pipeline.processing_claim
         (claim_token, session_id, claimed_at_utc, lease_ms, lease_expires_at_utc, app_count,
          renewals)
         SELECT TOP (1) '11111111-1111-1111-1111-111111111111', l.session_id, SYSUTCDATETIME(),
                3600000, DATEADD(hour, 1, SYSUTCDATETIME()), 1, 0
         FROM pipeline.processing_log AS l;
         UPDATE pipeline.processing_queue
         SET state = 1, claim_token = '11111111-1111-1111-1111-111111111111', attempts = 1
         WHERE app_id = 3;
         UPDATE pipeline.processing_queue SET state = 2, attempts = 4 WHERE app_id = 4;
         UPDATE dbo.app_xml SET xml = 0x3C612F3E WHERE app_id = 5;",
    );
    let names = "--file docs/*.xml";
    let preview = bench.run(&format!("unload {names} --dry-run --format json"));
    let done = bench.run(&format!("unload {names} --format json"));
    for (said, goes) in [(&preview, "chosen"), (&done, "unloaded")] {
        assert_eq!(said.status, 1, "{said:?}");
        let expected = [
            (1, "rows were made of it"),
            (2, goes),
            (3, "a worker has claimed it"),
            (4, goes),
            (5, "another program has changed it since"),
            (6, goes),
        ];
        assert_eq!(fates(said), expected.map(|(app_id, fate)| (app_id, fate.to_owned())));
    }
    let stay = "SELECT COUNT(*) FROM dbo.app_xml WHERE app_id IN (1, 3, 5)";
    assert_eq!((bench.number(stay), documents(&bench)), (3, 3));
    assert_eq!(count(&bench, "processing_log WHERE app_id <> 1"), 0);
    assert_eq!(count(&bench, "processing_file WHERE app_id <> 7"), 3);
    assert_eq!(count(&bench, "processing_queue"), 2);
    let events = "processing_event WHERE event_type = 'erased' AND app_id IN (2, 4)";
    assert_eq!(count(&bench, events), 2);
    assert_eq!(count(&bench, "processing_event WHERE app_id IN (2, 4, 6)"), 2);
    let wrong = |sql: &mut Sql| invariants::wrong_sums(sql, &bench.database.schema);
    assert_eq!(bench.database.with(wrong), Vec::<String>::new());
    let life = bench.succeed("explain 4");
    assert!(life.contains("usp_UnloadDocuments by ") && life.contains("4 attempts"), "{life}");
    // By its id, what another program put there goes too; what is unknown is named.
    let said = bench.run("unload 5,77 --format json");
    let expected = [(5, "unloaded"), (77, "the store has no such document")];
    assert_eq!(fates(&said), expected.map(|(app_id, fate)| (app_id, fate.to_owned())));
    let said = bench.run("unload 1");
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.stdout.contains("delete it from the source table"), "{said:?}");
}

fn nothing_is_unloaded_if_one_cannot_be() {
    let bench = bench("bigint", "varbinary(max) NULL", 3);
    bench.succeed("load docs");
    bench.succeed("enqueue");
    bench.execute(
        "CREATE TABLE dbo.receipt (app_id bigint NOT NULL REFERENCES dbo.app_xml (app_id));
         INSERT INTO dbo.receipt (app_id) VALUES (2);",
    );
    let (status, said) = bench.fail("unload --file *.xml");
    assert_eq!(status, 5, "{said}");
    assert!(said.contains("receipt"), "{said}");
    assert_eq!((documents(&bench), count(&bench, "processing_queue")), (3, 3));
    assert_eq!(count(&bench, "processing_file"), 3);
    for (arguments, problem) in [
        ("", "One of @app_ids, @files and @loaded_since_seconds"),
        ("@app_ids = N'1', @files = N'%'", "One of @app_ids, @files and @loaded_since_seconds"),
        ("@app_ids = N'1, x'", "@app_ids has an entry that is not an id: x"),
        ("@files = N'%', @Execute = 'X'", "@Execute must be Y or N"),
    ] {
        let call = bench.database.own(&format!("EXEC pipeline.usp_UnloadDocuments {arguments};"));
        let refused = bench.database.with(|sql| sql.try_query(&call).unwrap_err());
        assert!(refused.to_string().contains(problem), "{arguments}: {refused}");
    }
    assert_eq!(documents(&bench), 3);
}

fn what_a_load_replaced_stays_unless_it_is_named() {
    let bench = bench("bigint", "varbinary(max) NULL", 2);
    bench.succeed("load docs --app-id-from digits");
    bench.execute("UPDATE pipeline.processing_file SET loaded_at_utc = '2026-01-01';");
    bench.write("docs/2.xml", "<note title='other'/>");
    bench.write("docs/3.xml", "<note title='new'/>");
    bench.succeed("load docs --app-id-from digits --replace");
    let replaced =
        "the load replaced an earlier document of the application, which does not come back";
    for chosen in
        ["--loaded-since 1h --dry-run", "--file 2.xml 3.xml --dry-run", "--loaded-since 1h"]
    {
        let said = bench.run(&format!("unload {chosen} --format json"));
        let goes = if chosen.ends_with("--dry-run") { "chosen" } else { "unloaded" };
        let expected = [(2, replaced), (3, goes)].map(|(app_id, fate)| (app_id, fate.to_owned()));
        assert_eq!((said.status, fates(&said)), (1, expected.to_vec()), "{said:?}");
    }
    assert_eq!(documents(&bench), 2);
    let said = bench.run("unload 2 --format json");
    assert_eq!(fates(&said), [(2, "unloaded".to_owned())]);
}

fn what_another_program_changed_is_noticed_in_any_type_of_column() {
    for (document, corrected) in [
        ("nvarchar(max) NULL", "N'<a/>'"),
        ("varchar(max) NULL", "'<a/>'"),
        ("xml NULL", "N'<a/>'"),
        ("varbinary(max) NULL", "0x3C612F3E"),
    ] {
        let bench = bench("bigint", document, 2);
        bench.succeed("load docs --app-id-from digits");
        bench.execute(&format!("UPDATE dbo.app_xml SET xml = {corrected} WHERE app_id = 1;"));
        let (status, said) = bench.fail("load docs --app-id-from digits");
        assert_eq!(status, 2, "{document}: {said}");
        assert!(said.contains("other documents with the ids 1; "), "{document}: {said}");
        // Without ids the file decides, and nothing is doubled.
        let said = bench.run("load docs");
        assert!(said.stdout.contains("0 loaded, 2 already loaded"), "{document}: {said:?}");
        let path = if cfg!(windows) { r"docs\1.xml" } else { "docs/1.xml" };
        let noticed = format!(
            "1 document was changed in the source table since it was loaded, and stays so: {path} is application 1\n"
        );
        assert!(said.stderr.contains(&noticed), "{document}: {said:?}");
        let said = bench.run("unload --file *.xml --format json");
        let expected = [(1, "another program has changed it since"), (2, "unloaded")];
        let expected = expected.map(|(app_id, fate)| (app_id, fate.to_owned()));
        assert_eq!((said.status, fates(&said)), (1, expected.to_vec()), "{document}");
        let said = bench.run("load docs --app-id-from digits --replace");
        assert!(said.stdout.starts_with("2 documents loaded"), "{document}: {said:?}");
        let noticed = noticed.replace("stays so", "was replaced");
        assert!(said.stderr.contains(&noticed), "{document}: {said:?}");
        let said = bench.succeed("load docs --app-id-from digits");
        assert!(said.contains("0 loaded, 2 already loaded"), "{document}: {said}");
    }
}

fn a_file_is_explained_as_its_application() {
    let bench = bench("bigint", "varbinary(max) NULL", 2);
    bench.succeed("load docs");
    let path = if cfg!(windows) { r"docs\2.xml" } else { "docs/2.xml" };
    for file in ["2.xml", path] {
        let said = bench.run(&format!("explain {file}"));
        assert_eq!(said.status, 0, "{said:?}");
        assert!(said.stderr.ends_with(&format!("application 2, from {path}\n")), "{said:?}");
        assert!(said.stdout.contains("loaded"), "{said:?}");
    }
    bench.write("docs/2.xml", "<note title='other'/>");
    bench.succeed("load docs");
    let said = bench.run("explain 2.xml");
    assert!(said.stderr.contains("application 3 is the last one of "), "{said:?}");
    bench.write("more/2.xml", "<note title='more'/>");
    bench.succeed("load more");
    let (status, said) = bench.fail("explain 2.xml");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("several files have the name 2.xml: 2 from docs"), "{said}");
    for absent in ["9.xml", "elsewhere/2.xml"] {
        let (status, said) = bench.fail(&format!("explain {absent}"));
        assert_eq!(status, 2, "{said}");
        let expected = format!("error: no document was loaded from {absent}\nhint: ");
        assert!(said.contains(&expected), "{said}");
    }
}
