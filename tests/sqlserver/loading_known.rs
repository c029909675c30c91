//! What a load finds in the log and among the files that were loaded.

use crate::bench::{Bench, Said};
use crate::line::{Fate, Line};
use crate::loading::{bench, count, note};

crate::trials! {
    ids_of_which_the_first_attempt_was_purged_are_known,
    a_file_whose_name_is_all_brackets_is_known_by_it,
    what_a_load_itself_has_loaded_is_no_copy_also_after_a_lost_answer,
}

/// Each application was done twice, and the log has the second attempt only.
fn done_twice_and_purged(bench: &Bench) {
    bench.succeed("enqueue --full");
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.succeed("retry --all");
    bench.succeed("run --contract contract.toml --fail-on never");
    bench.execute("EXEC pipeline.usp_PurgeLog @older_than_seconds = 0;");
    let attempts = "SELECT CONCAT(MIN(attempt), ' ', MAX(attempt)) FROM pipeline.processing_log";
    assert_eq!(bench.value(attempts), "2 2");
    bench.execute("TRUNCATE TABLE dbo.app_xml;");
}

fn ids_of_which_the_first_attempt_was_purged_are_known() {
    let given = bench("bigint", "varbinary(max) NULL", 2);
    given.succeed("load docs --app-id-from digits");
    done_twice_and_purged(&given);
    given.write("docs/1.xml", &note(9));
    let (status, said) = given.fail("load docs --app-id-from digits");
    assert_eq!((status, count(&given)), (2, 0), "{said}");
    assert!(said.contains("other documents with the ids 1, 2"), "{said}");
    // The procedure refuses it too.
    given.execute(
        "CREATE TABLE #document
         (
             ordinal int, app_id bigint, file_path nvarchar(1000), file_name nvarchar(400), place_id bigint,
             record_number bigint, record_path nvarchar(1000), has_envelope bit, document_bytes bigint,
             source_hash varbinary(32), document varbinary(max), stored_document varbinary(max)
         );
         INSERT INTO #document (ordinal, app_id, file_path, file_name, place_id, record_number, document_bytes, source_hash)
         VALUES (1, 2, N'2.xml', N'2.xml', 5, 0, 1, 0x05);",
    );
    let fates = given.database.query_exactly(
        &given.database.own("EXEC pipeline.usp_LoadDocuments; DROP TABLE #document;"),
    );
    assert_eq!(fates[0][2].as_deref(), Some("refused"), "{fates:?}");
    let generated = bench("int IDENTITY", "varbinary(max) NULL", 2);
    generated.succeed("load docs");
    done_twice_and_purged(&generated);
    let (status, said) = generated.fail("load docs");
    assert_eq!((status, count(&generated)), (2, 0), "{said}");
    assert!(said.contains("generated the id 1, which the log knows"), "{said}");
}

/// Two senders deliver the same records, more than a portion, and the server's first answer is lost.
fn what_a_load_itself_has_loaded_is_no_copy_also_after_a_lost_answer() {
    let bench = bench("bigint", "varbinary(max) NULL", 0);
    let records: String = (0..1200).map(|n| format!("<note id='{n}'/>")).collect();
    for sender in ["a", "b"] {
        bench.write(&format!("{sender}/day.xml"), &format!("<notes>{records}</notes>"));
    }
    let line = Line::new(Fate::Cut);
    line.trip_on("].[usp_LoadDocuments]");
    let mut command = bench.command("load a/day.xml b/day.xml --each /notes/note --copies skip");
    let server = line.connection_string(&bench.database.name);
    let said = Said::of(command.env("XMLSHRED_CONNECTION_STRING", server));
    assert!(line.has_tripped_on(), "{said:?}");
    assert_eq!((said.status, count(&bench)), (0, 2400), "{said:?}");
}

/// Each bracket is three characters in the pattern by which the records of a file are found.
fn a_file_whose_name_is_all_brackets_is_known_by_it() {
    let bench = bench("bigint", "varbinary(max) NULL", 0);
    let name = "[".repeat(396);
    bench.execute(&format!(
        "INSERT INTO pipeline.processing_file
             (app_id, file_path, file_name, place_id, record_number, document_bytes, source_hash, loaded_at_utc, login_name)
         VALUES (1, N'{name}#1', N'{name}#1', 5, 1, 1, CONVERT(binary(32), 0x05), SYSUTCDATETIME(), N'me');"
    ));
    for (file, is_known) in [(name.as_str(), "1"), (&name[1..], "0")] {
        let found = format!("EXEC pipeline.usp_FindFile @place_id = 6, @file_name = N'{file}';");
        let found = bench.database.query(&bench.database.own(&found));
        let found =
            found[0][0].as_deref().expect("an answer").replace("true", "1").replace("false", "0");
        assert_eq!(found, is_known, "{} brackets", file.len());
    }
}
