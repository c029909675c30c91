//! Files are loaded into the source table of a server: `load`.

use std::fs::File;
use std::io::Seek;

use crate::bench::{Bench, Said};
use crate::database::Sql;
use crate::line::{Fate, Line};
use crate::program::{
    create_login, drop_login, grant_what_one_owner_grants, is_babelfish, PASSWORD,
};

crate::trials! {
    a_folder_is_loaded_once_into_any_type_of_column,
    records_are_loaded_by_key_and_a_killed_load_goes_on,
    records_from_elsewhere_are_asked_about_under_any_number,
    a_file_that_comes_in_another_way_is_asked_about,
    a_load_once_more_whose_answer_is_lost_is_not_repeated_blindly,
    ids_are_those_that_the_table_generates,
    ids_of_a_default_are_not_taken_by_a_load,
    an_identity_that_counts_downwards_is_refused_before_stdin_is_read,
    ids_follow_the_highest_that_the_table_or_the_log_has,
    what_the_table_cannot_take_is_refused_with_its_name,
    a_login_that_may_only_load_loads,
}

pub fn note(n: u32) -> String {
    format!("<?xml version='1.0' encoding='UTF-8'?><note id='{n}'>\u{e4}{n}</note>")
}

/// A database whose source table has such columns, and a folder `docs` with so many documents.
pub fn bench(id: &str, document: &str, documents: u32) -> Bench {
    let bench = Bench::with_apps(0);
    bench.execute("DROP TABLE dbo.app_xml;");
    bench.execute(&format!(
        "CREATE TABLE dbo.app_xml
         (
             app_id {id} NOT NULL CONSTRAINT PK_app_xml PRIMARY KEY,
             xml {document},
             arrived datetime2(3) NOT NULL CONSTRAINT DF_app_xml_arrived DEFAULT (SYSUTCDATETIME())
         );"
    ));
    for n in 1..=documents {
        bench.write(&format!("docs/{n}.xml"), &note(n));
    }
    bench.succeed("install --contract contract.toml");
    bench
}

pub fn count(bench: &Bench) -> i64 {
    bench.number("SELECT COUNT(*) FROM dbo.app_xml")
}

fn a_folder_is_loaded_once_into_any_type_of_column() {
    for document in
        ["varbinary(max) NULL", "nvarchar(max) NOT NULL", "varchar(max) NULL", "xml NULL"]
    {
        let bench = bench("bigint", document, 3);
        // Longer than what bulk load takes.
        let long = format!("<note>{}</note>", "\u{e4}".repeat(70_000));
        bench.write("docs/4.xml", &long);
        let said = bench.succeed("load docs");
        assert!(said.ends_with("as applications 1 to 4\n"), "{document}: {said}");
        for again in ["load docs", "load ./docs/../docs"] {
            let said = bench.succeed(again);
            assert!(said.starts_with("4 documents: 0 loaded, 4 already loaded"), "{said}");
        }
        assert_eq!(count(&bench), 4);
        let stored = match document.split('(').next().expect("a type") {
            "varbinary" => Some(("DATALENGTH(xml)", 140_013)),
            "varchar" | "nvarchar" => Some(("LEN(xml)", 70_013)),
            _ => None,
        };
        if document.starts_with("xml") {
            // Style 0 of CONVERT would drop the blank.
            bench.write("spaces/9.xml", "<n><b>Ann</b> <b>Lee</b></n>");
            bench.succeed("load spaces");
            let text = "SELECT CONVERT(nvarchar(100), xml) FROM dbo.app_xml WHERE app_id = 5";
            assert_eq!(bench.value(text), "<n><b>ann</b> <b>lee</b></n>");
            bench.execute("DELETE FROM dbo.app_xml WHERE app_id = 5;");
        }
        if let Some((length, expected)) = stored {
            let query = format!("SELECT {length} FROM dbo.app_xml WHERE app_id = 4");
            assert_eq!(bench.number(&query), expected, "{document}");
        }
        let kept =
            "SELECT CONCAT(file_path, ' ', file_name, ' ', record_number, ' ', document_bytes)
                    FROM pipeline.processing_file WHERE app_id = 2";
        assert_eq!(bench.value(kept).replace('\\', "/"), "docs/2.xml 2.xml 0 61");
        assert_eq!(bench.succeed("enqueue"), "4 applications enqueued\n");
        let life = bench.succeed("explain 2");
        assert!(life.contains("loaded") && life.contains("2.xml"), "{life}");
    }
}

fn records_are_loaded_by_key_and_a_killed_load_goes_on() {
    let bench = bench("int", "varbinary(max) NULL", 0);
    bench.write(
        "keyed.toml",
        "[contract]\nname = 'notes'\ntarget_schema = 'sandbox'\n[document]\nroot = 'note'\n\
         key = '/note/@id'\n[[tables]]\nname = 'note'\neach = '/note'\nprimary_key = ['app_id']\n\
         app_column = 'app_id'\n[tables.columns]\napp_id = { type = 'int', value = 'APP_ID()' }\n",
    );
    let notes: String = (1..=2500).map(|n| format!("<note id='{}'/>\n", 5000 + n)).collect();
    bench.write("big.xml", &format!("<notes>{notes}</notes>"));
    let load = "load big.xml --each /notes/note --app-id-from key --contract keyed.toml";
    for (killed_at, kept) in [(500, 0), (1500, 1000)] {
        let mut killed = bench.command(load);
        killed.env("XMLSHRED_FAILPOINT", format!("amid_load:{killed_at}"));
        assert_ne!(Said::of(&mut killed).status, 0);
        assert_eq!(count(&bench), kept);
    }
    let portions = "SELECT COUNT(DISTINCT loaded_at_utc) FROM pipeline.processing_file
                    WHERE app_id > 6000";
    let said = bench.succeed(load);
    assert!(said.starts_with("2,500 documents: 1,500 loaded ("), "{said}");
    assert_eq!(bench.number(portions), 1, "all that a load inserts has the time of its start");
    let said = bench.succeed(load);
    assert!(said.starts_with("2,500 documents: 0 loaded, 2,500 already"), "{said}");
    assert_eq!(bench.number("SELECT COUNT(DISTINCT app_id) FROM pipeline.processing_file"), 2500);
    assert_eq!(bench.number("SELECT MIN(app_id) FROM dbo.app_xml"), 5001);
    // Another document under an id that is in use.
    bench.write("other.xml", "<note id='5001'>other</note>");
    let one = "load other.xml --app-id-from key --contract keyed.toml";
    let (status, said) = bench.fail(one);
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("other documents with the ids 5001"), "{said}");
    bench.succeed(&format!("{one} --replace"));
    assert_eq!(count(&bench), 2500);
    let replaced = "SELECT CONVERT(varchar(100), xml) FROM dbo.app_xml WHERE app_id = 5001";
    assert_eq!(bench.value(replaced), "<note id='5001'>other</note>");
}

fn notes(numbers: &[u32]) -> String {
    let notes: String = numbers.iter().map(|n| format!("<note id='{n}'/>")).collect();
    format!("<notes>{notes}</notes>")
}

fn records_from_elsewhere_are_asked_about_under_any_number() {
    let bench = bench("bigint", "varbinary(max) NULL", 0);
    bench.write("p/big.xml", &notes(&[1, 2, 3]));
    bench.write("q/big.xml", &notes(&[9, 1, 2, 3]));
    bench.succeed("load p/big.xml --each /notes/note");
    let (status, said) = bench.fail("load q/big.xml --each /notes/note");
    assert_eq!(status, 2, "{said}");
    assert!(said.replace('\\', "/").contains("q/big.xml#2 those of p/big.xml#1"), "{said}");
    let said = bench.succeed("load q/big.xml --each /notes/note --copies skip");
    assert!(said.starts_with("4 documents: 1 loaded ("), "{said}");
    assert_eq!(count(&bench), 4);
}

fn a_file_that_comes_in_another_way_is_asked_about() {
    let bench = bench("bigint", "varbinary(max) NULL", 0);
    let each = "--each /notes/note";
    let enveloped = &format!("{each} --keep-envelope");
    let three = &notes(&[1, 2, 3]);
    let cases = "<r><NOTE>1</NOTE><note>1</note></r>";
    let ways = [
        (three, each, 3, "--each /*/note", 3),
        (three, each, 3, enveloped, 3),
        (three, "", 1, each, 3),
        (three, each, 3, "", 1),
        (&cases.to_owned(), "--each /r/NOTE", 1, "--each /r/note", 1),
    ];
    for (at, (content, before, loaded, now, more)) in ways.into_iter().enumerate() {
        let file = format!("{at}.xml");
        bench.write(&file, content);
        let count = || count(&bench) as u64;
        let start = count();
        let load = |options: &str| Said::of(&mut bench.command(&format!("load {file} {options}")));
        let said = load(before);
        assert_eq!((said.status, count()), (0, start + loaded), "{said:?}");
        let said = load(now);
        assert_eq!((said.status, count()), (2, start + loaded), "{said:?}");
        let named = match before {
            "" => "without --each".to_owned(),
            flags => format!("with {flags}"),
        };
        let expected = format!("{file} was loaded {named} before (application ");
        assert!(said.stderr.contains(&expected), "{said:?}");
        let all = format!("0 loaded, {more} already loaded");
        for options in ["--other-records", "--other-records", ""] {
            let said = load(&format!("{now} {options}"));
            assert_eq!((said.status, count()), (0, start + loaded + more), "{said:?}");
        }
        assert!(load(now).stdout.contains(&all));
        assert!(load(before).stdout.contains(&format!("0 loaded, {loaded} already loaded")));
        assert_eq!(load("--each /*").status, 2);
    }
    // Of what was loaded before version 3, nobody knows how it was divided.
    bench.execute("UPDATE pipeline.processing_file SET record_path = NULL, has_envelope = NULL;");
    let said = bench.succeed(&format!("load 2.xml {each}"));
    assert!(said.starts_with("3 documents: 0 loaded, 3 already"), "{said}");
    // What is deleted from the source table does not count.
    bench.execute("DELETE FROM dbo.app_xml;");
    assert!(bench.succeed("load 0.xml").starts_with("1 document loaded"));
}

/// The server has loaded the last portion, and its answer never came.
fn a_load_once_more_whose_answer_is_lost_is_not_repeated_blindly() {
    let bench = bench("bigint", "varbinary(max) NULL", 3);
    bench.succeed("load docs");
    let line = Line::new(Fate::Cut);
    let load = |options: &str| {
        let mut command = bench.command(&format!("load docs {options}"));
        let server = line.connection_string(&bench.database.name);
        Said::of(command.env("XMLSHRED_CONNECTION_STRING", server))
    };
    line.trip_on("].[usp_LoadDocuments]");
    let said = load("--again");
    assert!(line.has_tripped_on(), "{said:?}");
    assert_eq!((said.status, count(&bench)), (4, 6), "{said:?}");
    assert!(said.stderr.contains("; whether 3 documents were loaded is unknown\n"), "{said:?}");
    assert!(said.stderr.contains("hint: take these back before you run the same"), "{said:?}");
    // Otherwise the answer of a repetition says that all is there.
    bench.write("docs/4.xml", &note(4));
    line.trip_on("].[usp_LoadDocuments]");
    let said = load("");
    assert!(line.has_tripped_on(), "{said:?}");
    assert_eq!((said.status, count(&bench)), (0, 7), "{said:?}");
}

fn ids_are_those_that_the_table_generates() {
    let bench = bench("int IDENTITY (100, 5)", "nvarchar(max) NULL", 12);
    let said = bench.succeed("load docs");
    assert!(said.ends_with("12 documents loaded (0.7 kB), with ids from 100 to 155\n"), "{said}");
    for (app_id, n) in [(100, 1), (105, 2), (155, 12)] {
        let xml = bench.value(&format!("SELECT xml FROM dbo.app_xml WHERE app_id = {app_id}"));
        // Queries here answer in small letters.
        assert_eq!(xml, note(n).to_lowercase(), "{app_id}");
        let path =
            format!("SELECT file_name FROM pipeline.processing_file WHERE app_id = {app_id}");
        assert_eq!(bench.value(&path), format!("{n}.xml"));
    }
    assert!(bench.succeed("load docs").starts_with("12 documents: 0 loaded"));
    // Ids in the names, which the table does not generate.
    bench.write("more/9001.xml", &note(9001));
    assert!(bench.succeed("load more --app-id-from digits").ends_with("as application 9001\n"));
    // A table that was emptied generates ids once more that the log knows.
    bench.succeed("enqueue --full");
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.execute("TRUNCATE TABLE dbo.app_xml;");
    let (status, said) = bench.fail("load docs");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("generated the id 100, which the log knows"), "{said}");
    assert!(said.contains("RESEED, 9001"), "{said}");
    assert_eq!(count(&bench), 0);
}

fn ids_of_a_default_are_not_taken_by_a_load() {
    let bench = bench("bigint", "varbinary(max) NULL", 2);
    bench.execute("ALTER TABLE dbo.app_xml ADD CONSTRAINT DF_app_xml_id DEFAULT (17) FOR app_id;");
    let (status, said) = bench.fail("load docs");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("come from a DEFAULT of app_id"), "{said}");
    assert_eq!(count(&bench), 0);
    bench.succeed("load docs --app-id-from digits");
    assert_eq!(count(&bench), 2);
}

fn an_identity_that_counts_downwards_is_refused_before_stdin_is_read() {
    let bench = bench("int IDENTITY (-1, -1)", "varbinary(max) NULL", 2);
    bench.write("long.xml", &format!("<notes>{}</notes>", note(1).repeat(10_000)));
    let mut stdin = File::open(bench.path("long.xml")).expect("the file");
    let mut load = bench.command("load - --each /notes/note");
    let said = Said::of(load.stdin(stdin.try_clone().expect("another handle")));
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("an IDENTITY that counts downwards (-1)"), "{said:?}");
    assert!(said.stderr.contains("hint: load into a table whose IDENTITY"), "{said:?}");
    assert_eq!(stdin.stream_position().expect("a position"), 0);
    // The procedure refuses it too.
    let refused = bench.database.with(|sql| {
        sql.try_query(&bench.database.own("EXEC pipeline.usp_LoadDocuments;")).unwrap_err()
    });
    assert!(refused.to_string().contains("counts downwards"), "{refused}");
    assert_eq!(count(&bench), 0);
}

fn ids_follow_the_highest_that_the_table_or_the_log_has() {
    let bench = bench("bigint", "varbinary(max) NULL", 2);
    bench.execute("INSERT INTO dbo.app_xml (app_id, xml) VALUES (41, NULL);");
    assert!(bench.succeed("load docs").ends_with("as applications 42 to 43\n"));
    bench.succeed("enqueue");
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.execute("DELETE FROM dbo.app_xml;");
    // What was archived is loaded again, and not under an id that the log knows.
    assert!(bench.succeed("load docs").ends_with("as applications 44 to 45\n"));
    bench.write("equal/1.xml", &note(1));
    let (status, said) = bench.fail("load equal");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("--copies skip"), "{said}");
    assert!(bench.succeed("load equal --copies skip").starts_with("1 document: 0 loaded"));
    assert!(bench.succeed("load equal --copies load").ends_with("as application 46\n"));
}

fn what_the_table_cannot_take_is_refused_with_its_name() {
    let bench = bench("bigint", "varchar(max) NULL", 1);
    bench.write("docs/2.xml", "<note>\u{4e2d}</note>");
    // Its varchar holds every character.
    if !is_babelfish() {
        let (status, said) = bench.fail("load docs");
        assert_eq!(status, 2, "{said}");
        assert!(
            said.contains("2.xml has characters that the varchar column xml does not have"),
            "{said}"
        );
        assert_eq!(count(&bench), 0);
    }
    bench.execute("ALTER TABLE dbo.app_xml ADD sender nvarchar(20) NULL;");
    bench.succeed("load docs/1.xml");
    bench.execute("DELETE FROM dbo.app_xml;");
    bench.execute("ALTER TABLE dbo.app_xml DROP COLUMN sender;");
    bench.execute("ALTER TABLE dbo.app_xml ADD sender nvarchar(20) NOT NULL;");
    let (status, said) = bench.fail("load docs/1.xml");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("its column sender must have a value and has no default"), "{said}");
    assert!(said.contains("hint: add a DEFAULT constraint"), "{said}");
}

fn a_login_that_may_only_load_loads() {
    let bench = bench("int IDENTITY", "varbinary(max) NULL", 3);
    let login = create_login(&bench);
    bench.execute(&format!("ALTER ROLE shred_loader ADD MEMBER [{login}];"));
    if is_babelfish() {
        grant_what_one_owner_grants(&bench, "shred_loader");
        bench.execute("GRANT EXECUTE ON OBJECT::pipeline.ufn_SourceProblem TO shred_loader;");
    }
    let said = |arguments: &str| {
        let mut command = bench.command(arguments);
        Said::of(
            command.env("XMLSHRED_CONNECTION_STRING", bench.connection_string_as(&login, PASSWORD)),
        )
    };
    // On Babelfish only its owner calls a function that fills a table, as ufn_AppIdList does.
    let unloads: &[&str] = match is_babelfish() {
        true => &[],
        false => &["unload --file docs/1.xml", "load docs/1.xml"],
    };
    let loads = ["load docs", "load docs"].iter().chain(unloads).copied().map(said);
    let loads: Vec<Said> = loads.collect();
    let refused = ["enqueue", "retry --all", "install"].map(said);
    let mut loader = Sql::connect_as(&bench.connection_string_as(&login, PASSWORD));
    let touched = ["SELECT COUNT(*) FROM dbo.app_xml", "DELETE FROM pipeline.processing_file"]
        .map(|sql| (sql, loader.try_query(&bench.database.own(sql)).is_ok()));
    drop(loader);
    drop_login(&bench, &login);
    for load in loads {
        assert_eq!(load.status, 0, "{load:?}");
    }
    for said in refused {
        assert_ne!(said.status, 0, "{said:?}");
    }
    for (sql, could) in touched {
        assert!(is_babelfish() || !could, "{sql}");
    }
    assert_eq!(count(&bench), 3);
}
