//! A file that was loaded in one way and comes again in another: divided by another path, with or without its
//! envelope, or as a whole.

use super::loading_records::{bench, load, note, notes, refused, rows, stored, EACH};
use super::notes::CONTRACT;
use super::workbench::{Said, Workbench};

/// What a load prints of a file of so many documents that are loaded already.
fn all_already(documents: u64) -> String {
    let noun = if documents == 1 { "document" } else { "documents" };
    format!(
        "{documents} {noun}: 0 loaded, {documents} already loaded (add --again to load them once more)\n"
    )
}

#[test]
fn a_file_that_comes_in_another_way_is_asked_about() {
    let enveloped = &format!("{EACH} --keep-envelope");
    let ways = [
        (EACH, 3, "--each /*/note", 3),
        (EACH, 3, enveloped, 3),
        (enveloped, 3, EACH, 3),
        ("", 1, EACH, 3),
        (EACH, 3, "", 1),
        ("--each /notes", 1, "", 1),
    ];
    for (before, loaded, now, more) in ways {
        let bench = bench(3);
        load(&bench, &format!("big.xml {before}"));
        let (named, now_named) = (named(before), named(now));
        let said = refused(&bench, &format!("./big.xml {now}"));
        let noun = if more == 1 { "application" } else { "applications" };
        let expected = format!(
            "error: ./big.xml was loaded {named} before (application 1); {now_named}, it would be loaded as \
             {more} new {noun}; nothing was loaded\n"
        );
        assert!(said.starts_with(&expected), "{said}");
        // A person who wants both says so, as often as it is repeated; afterwards both are known.
        for options in ["--other-records", "--other-records", ""] {
            let said = load(&bench, &format!("big.xml {now} {options}"));
            let is_first =
                stored(&bench).len() as u64 == loaded + more && said.contains("loaded (");
            assert!(is_first || said == all_already(more), "{said}");
        }
        assert_eq!(stored(&bench).len() as u64, loaded + more);
        assert_eq!(load(&bench, &format!("big.xml {before}")), all_already(loaded));
        let third = refused(&bench, "big.xml --each /notes/*");
        assert!(third.contains("with --each /notes/*, it would be loaded"), "{third}");
        let again = bench.run(&format!("load big.xml {now} --again"));
        assert!(again.stdout.contains(" loaded ("), "{again:?}");
    }
}

fn named(flags: &str) -> String {
    if flags.is_empty() {
        "without --each".to_owned()
    } else {
        format!("with {flags}")
    }
}

#[test]
fn the_question_names_the_first_of_many_files() {
    let bench = bench(2);
    bench.write("docs/1.xml", notes([1, 2]));
    bench.write("docs/2.xml", notes([3]));
    bench.write("docs/3.xml", notes([4]));
    load(&bench, "docs");
    bench.write("docs/4.xml", notes([5]));
    insta::assert_snapshot!(refused(&bench, &format!("docs {EACH}")));
    insta::assert_snapshot!(refused(&bench, &format!("docs/1.xml docs/2.xml {EACH}")));
}

#[test]
fn records_of_two_kinds_with_the_same_content_are_two() {
    let bench = bench(0);
    let item = note(1);
    bench.write("day.xml", format!("<day><in>{item}</in><out>{item}</out></day>"));
    let beside =
        |other: &str| format!("1 element beside the records not loaded, such as /day/{other}\n");
    let said = bench.run("load day.xml --each /day/in/note");
    assert_eq!((said.status, said.stderr), (0, beside("out")));
    let said = bench.run("load day.xml --each /day/out/note --other-records");
    assert_eq!((said.status, said.stderr), (0, beside("in")));
    assert_eq!(stored(&bench), [(1, note(1)), (2, note(1))]);
    let kept = rows(
        &bench,
        "SELECT app_id, concat_ws(' ', file_path, record_path, has_envelope) FROM processing_file",
    );
    let kept: Vec<_> = kept.into_iter().map(|(_, kept)| kept).collect();
    assert_eq!(kept, ["day.xml#1 /day/in/note 0", "day.xml#1 /day/out/note 0"]);
    for way in ["in", "out"] {
        let said = bench.run(&format!("load day.xml --each /day/{way}/note"));
        assert_eq!(said.stdout, all_already(1), "{said:?}");
    }
}

#[test]
fn the_way_is_known_by_any_record_that_is_left() {
    let bench = bench(4);
    load(&bench, &format!("big.xml {EACH}"));
    assert_eq!(bench.run("unload --file big.xml#1 --file big.xml#2").status, 0);
    refused(&bench, "big.xml");
    refused(&bench, &format!("big.xml {EACH} --keep-envelope"));
    // In the same way, what is missing is loaded.
    let said = load(&bench, &format!("big.xml {EACH}"));
    assert!(said.starts_with("4 documents: 2 loaded ("), "{said}");
    assert_eq!(bench.run("unload --file big.xml").status, 0);
    assert!(load(&bench, "big.xml").starts_with("1 document loaded ("));
}

#[test]
fn with_keys_new_applications_are_asked_about_and_replaced_ones_are_not() {
    let bench = bench(3);
    let keyed = format!("big.xml {EACH} --app-id-from key");
    load(&bench, "big.xml");
    let said = refused(&bench, &keyed);
    assert!(said.contains("without --each before (application 1)"), "{said}");
    load(&bench, &format!("{keyed} --other-records"));
    assert_eq!(stored(&bench).len(), 4);
    assert_eq!(bench.run("unload 1").status, 0);
    let enveloped = CONTRACT
        .replace("root = \"note\"", "root = \"notes\"\nkey = \"/notes/note/@id\"")
        .replace("each = \"/note", "each = \"/notes/note");
    bench.write("contract.toml", enveloped);
    let replaced = load(&bench, &format!("{keyed} --keep-envelope --replace"));
    assert!(replaced.starts_with("3 documents loaded ("), "{replaced}");
    assert_eq!(stored(&bench).len(), 3);
}

fn piped(bench: &Workbench, options: &str, content: String) -> Said {
    Said::of(bench.command(&format!("load - {options}")).write_stdin(content))
}

#[test]
fn a_stream_is_divided_in_one_way_if_it_has_a_name_and_else_known_by_its_content() {
    let bench = bench(0);
    let name = "--stdin-name feed.xml";
    assert_eq!(piped(&bench, &format!("{EACH} {name}"), notes(1..=3)).status, 0);
    let said = piped(&bench, name, notes(1..=3));
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.starts_with("error: feed.xml was loaded with --each /notes/note before"));

    assert_eq!(piped(&bench, EACH, notes(11..=13)).status, 0);
    let said = piped(&bench, "--each /*/note", notes(11..=13));
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("stdin has content that came from there before"), "{said:?}");
    assert_eq!(piped(&bench, "", notes(21..=23)).status, 0);
    assert_eq!(stored(&bench).len(), 7);
}
