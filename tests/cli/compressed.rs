//! Documents in zip archives and compressed with gzip, and files that are something else.

use std::io::{Cursor, Write};

use flate2::write::GzEncoder;
use flate2::Compression;
use zip::write::SimpleFileOptions;
use zip::ZipWriter;

use super::notes::workbench;
use super::workbench::{Said, Workbench};

/// A zip archive of these members.
fn zipped(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
    compressed.write_all(content).unwrap();
    compressed.finish().unwrap()
}

fn note(title: &str) -> String {
    format!("<note title='{title}'/>")
}

fn map(bench: &Workbench, arguments: &str) -> Said {
    bench.run(&format!("map --contract contract.toml {arguments}"))
}

/// Name, application id, and title or failure of each line.
fn mapped(said: &Said) -> Vec<(String, i64, String)> {
    let lines = said.stdout.lines();
    lines
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let result = match line["ok"].as_bool().unwrap() {
                true => line["tables"]["note"][0]["title"].as_str(),
                false => line["failure"]["message"].as_str(),
            };
            let name = line["file"].as_str().unwrap().replace('\\', "/");
            (name, line["app_id"].as_i64().unwrap(), result.unwrap().to_owned())
        })
        .collect()
}

#[test]
fn the_members_of_an_archive_are_documents() {
    let bench = workbench();
    let archive = zipped(&[
        ("b/10.xml", &note("ten")),
        ("b/9.xml", &note("nine")),
        ("a.XML", &note("first")),
        ("read me.txt", "not read"),
        ("__MACOSX/b/._9.xml", "not read"),
        ("b/11.xml", "<note"),
    ]);
    bench.write("in.zip", archive);
    let said = map(&bench, "in.zip");
    let all = mapped(&said);
    let found: Vec<_> = all.iter().map(|(name, id, title)| (name.as_str(), *id, title)).collect();
    let titles: Vec<_> = found.iter().map(|(_, _, title)| title.as_str()).collect();
    assert_eq!(titles[..3], ["first", "nine", "ten"], "{said:?}");
    let names: Vec<_> = found.iter().map(|(name, id, _)| (*name, *id)).collect();
    let expected = [("in.zip!a.XML", 1), ("in.zip!b/9.xml", 2), ("in.zip!b/10.xml", 3)];
    assert_eq!(names[..3], expected, "{said:?}");
    assert_eq!((names[3], said.status), (("in.zip!b/11.xml", 4), 1), "{said:?}");
}

#[test]
fn an_archive_and_its_folder_give_the_same_draft() {
    let bench = workbench();
    let notes: Vec<(String, String)> =
        (1..=300).map(|n| (format!("notes/{n}.xml"), note(&format!("number {n}")))).collect();
    for (name, content) in &notes {
        bench.write(name, content);
    }
    let members: Vec<_> = notes.iter().map(|(n, c)| (n.as_str(), c.as_str())).collect();
    bench.write("notes.zip", zipped(&members));
    let (folder, archive) =
        (bench.run("contract init notes"), bench.run("contract init notes.zip --workers 4"));
    assert_eq!((folder.status, archive.status), (0, 0), "{archive:?}");
    assert!(folder.stdout.contains("key = \"@title\"") || folder.stdout.contains("title"));
    assert_eq!(archive.stdout, folder.stdout);
}

#[test]
fn gzip_is_found_by_content_and_by_name_in_folders() {
    let bench = workbench();
    bench.write("mixed/1.xml.gz", gzipped(note("one").as_bytes()));
    bench.write("mixed/2.xml", gzipped(note("two").as_bytes()));
    bench.write("mixed/3.xml", note("three"));
    bench.write("mixed/4.gz", gzipped(b"not read"));
    let said = map(&bench, "mixed --app-id-from digits");
    let titles: Vec<_> = mapped(&said).into_iter().map(|(_, id, title)| (id, title)).collect();
    let expected = [(1, "one"), (2, "two"), (3, "three")].map(|(id, t)| (id, t.to_owned()));
    assert_eq!(titles, expected, "{said:?}");
}

#[test]
fn a_member_of_an_archive_may_be_compressed_itself() {
    let bench = workbench();
    let inner = gzipped(note("inner").as_bytes());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("1.xml.gz", SimpleFileOptions::default()).unwrap();
    archive.write_all(&inner).unwrap();
    bench.write("in.zip", archive.finish().unwrap().into_inner());
    assert_eq!(mapped(&map(&bench, "in.zip"))[0].2, "inner");
}

#[test]
fn what_becomes_too_long_is_refused_before_it_is() {
    let bench = workbench();
    let bomb = gzipped(&vec![b' '; 20_000_000]);
    assert!(bomb.len() < 30_000);
    bench.write("bomb.xml.gz", bomb);
    bench.write("bomb.zip", zipped(&[("1.xml", &" ".repeat(20_000_000))]));
    let said = map(&bench, "bomb.xml.gz bomb.zip docs/note-1.xml --max-document-bytes 1000000");
    let lines: Vec<&str> = said.stdout.lines().collect();
    for line in &lines[..2] {
        assert!(line.contains(r#""category":"limit_exceeded""#), "{said:?}");
    }
    assert!(lines[2].contains(r#""ok":true"#), "{said:?}");
}

#[test]
fn an_archive_whose_members_share_bytes_is_refused() {
    let bench = workbench();
    let mut archive = zipped(&[("1.xml", &note("one").repeat(9)), ("2.xml", &note("one"))]);
    // The second entry of the list names the member of the first, and its length.
    let entries: Vec<usize> =
        (0..archive.len()).filter(|at| archive[*at..].starts_with(b"PK\x01\x02")).collect();
    let bytes = (archive.len() as u32).to_le_bytes();
    for entry in entries {
        archive[entry + 20..entry + 24].copy_from_slice(&bytes);
    }
    bench.write("overlap.zip", archive);
    let said = map(&bench, "overlap.zip");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("its members have more bytes than the file"), "{said:?}");
}

#[test]
fn encrypted_and_broken_members_fail_alone() {
    let bench = workbench();
    let mut archive = zipped(&[("1.xml", &note("one")), ("2.xml", &note("two"))]);
    let places = |archive: &[u8], signature: &[u8]| {
        (0..archive.len()).find(|at| archive[*at..].starts_with(signature)).unwrap()
    };
    let (local, entry) = (places(&archive, b"PK\x03\x04"), places(&archive, b"PK\x01\x02"));
    archive[local + 6] |= 1;
    archive[entry + 8] |= 1;
    bench.write("secret.zip", archive);
    let mut cut = gzipped(note("three").as_bytes());
    cut.truncate(cut.len() - 9);
    bench.write("cut.xml.gz", cut);
    let said = map(&bench, "secret.zip cut.xml.gz");
    let all = mapped(&said);
    assert!(all[0].2.contains("it is encrypted: unpack the archive first"), "{said:?}");
    assert_eq!(all[1].2, "two", "{said:?}");
    assert!(all[2].2.contains("the gzip data is cut off or damaged"), "{said:?}");
}

#[test]
fn what_is_not_xml_is_named() {
    let bench = workbench();
    bench.write("a.pdf", "%PDF-1.7 and so on");
    bench.write("b.json", "\n {\"note\": 1}");
    bench.write("c.docx", zipped(&[("[Content_Types].xml", "<Types/>")]));
    let said = map(&bench, "a.pdf b.json c.docx");
    let reasons: Vec<String> = mapped(&said).into_iter().map(|(_, _, reason)| reason).collect();
    let expected = [
        "the file is a PDF file, not XML",
        "the file is JSON, not XML",
        "the file is a zip archive, or a file of Word or Excel, not XML",
    ];
    assert_eq!(reasons, expected, "{said:?}");
}

#[test]
fn folders_and_archives_without_documents_say_what_they_have() {
    let bench = workbench();
    bench.write("zips/1.zip", zipped(&[("1.txt", "text")]));
    bench.write("broken.zip", "no archive");
    let said = map(&bench, "zips zips/1.zip broken.zip");
    assert_eq!(said.status, 2);
    for part in [
        "zips contains no *.xml, but 1 zip archive: name each",
        "1.zip contains no *.xml",
        "cannot read broken.zip: ",
        "hint: name XML files, folders that contain *.xml, or zip archives of them",
    ] {
        assert!(said.stderr.contains(part), "{part}: {said:?}");
    }
}

#[test]
fn documents_from_stdin_are_read_once_and_drafted() {
    let bench = workbench();
    let mut command = bench.command("contract init -");
    let said = Said::of(command.write_stdin("<note title='piped'/>"));
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.stderr.contains("the draft maps 1 of 1 document"), "{said:?}");
}

#[cfg(feature = "embedded")]
mod stored {
    use super::*;

    #[test]
    fn an_archive_is_loaded_decompressed_all_or_none() {
        let bench = workbench();
        bench.write("in.zip", zipped(&[("n/7.xml", &note("seven")), ("n/8.xml", &note("eight"))]));
        bench.write("9.xml.gz", gzipped(note("nine").as_bytes()));
        let loaded = bench.run("load in.zip 9.xml.gz --app-id-from digits --store sqlite:a.db");
        assert_eq!(loaded.status, 0, "{loaded:?}");
        assert!(loaded.stdout.contains("3 documents loaded"), "{loaded:?}");
        let said = bench.run(
            "map --contract contract.toml --app-id 7 --app-id 8 --app-id 9 --store sqlite:a.db",
        );
        let titles: Vec<_> = mapped(&said).into_iter().map(|(_, _, title)| title).collect();
        assert_eq!(titles, ["seven", "eight", "nine"], "{said:?}");

        bench.write("b.zip", zipped(&[("1.xml", &note("one")), ("2.xml", "%PDF-1.7")]));
        bench.write("b.pdf", "%PDF-1.7");
        let refused = bench.run("load b.zip b.pdf --store sqlite:b.db");
        assert_eq!(refused.status, 2, "{refused:?}");
        for part in
            ["b.zip!2.xml is a PDF file, not XML", "b.pdf is a PDF file", "nothing was loaded"]
        {
            assert!(refused.stderr.replace('\\', "/").contains(part), "{part}: {refused:?}");
        }
        assert!(!bench.path().join("b.db").exists());
    }

    #[test]
    fn a_draft_may_rest_on_the_source_table() {
        let bench = workbench();
        for n in 1..=9 {
            bench.write(&format!("many/{n}.xml"), note(&format!("number {n}")));
        }
        assert_eq!(bench.run("load many --store sqlite:a.db").status, 0);
        let said = bench.run("contract init --from-store 5 --store sqlite:a.db");
        assert_eq!(said.status, 0, "{said:?}");
        assert!(said.stdout.contains("from 5 documents"), "{said:?}");
        assert!(said.stderr.contains("the draft maps 5 of 5 documents"), "{said:?}");
        let said = bench.run("contract init --from-store 100 --store sqlite:a.db");
        assert!(said.stdout.contains("from 9 documents"), "{said:?}");
    }
}

/// The list of an archive that the zip library keeps has only the last of them.
#[test]
fn members_with_one_name_are_refused() {
    let bench = workbench();
    let mut archive = zipped(&[("d/1.xml", &note("one")), ("d/2.xml", &note("two"))]);
    let second: Vec<usize> = archive
        .windows(7)
        .enumerate()
        .filter(|(_, bytes)| bytes == b"d/2.xml")
        .map(|(at, _)| at)
        .collect();
    assert_eq!(second.len(), 2);
    for (name, kept) in [(b"d/1.xml", "d/1.xml"), (b"d\\1.xml", "d/1.xml")] {
        second.iter().for_each(|at| archive[*at..at + 7].copy_from_slice(name));
        bench.write("in.zip", &archive);
        let said = bench.run("load in.zip --store sqlite:in.db");
        assert_eq!(said.status, 2, "{said:?}");
        let message = format!("it has several members with the name {kept}");
        assert!(said.stderr.contains(&message), "{said:?}");
        assert!(!bench.path().join("in.db").exists());
    }
}
