//! Sizes that take seconds where the work is in proportion to them, and hours where it grows with their
//! square or cube.

use std::fmt::Write;

use xmlshred::declared::read_script;
use xmlshred::drafting::{draft, Options};
use xmlshred::profile::Profiler;

use super::{drafted, drafted_from, profiled, schema};

#[test]
fn long_lists_of_codes() {
    let mut codes = String::new();
    for code in 0..40_000 {
        write!(codes, "<xs:enumeration value='C{code:05}'/>").expect("text");
    }
    let list = format!("<xs:simpleType name='L'><xs:restriction base='xs:string'>{codes}</xs:restriction></xs:simpleType>");
    let members = "<xs:simpleType name='U'><xs:union memberTypes='L L'/></xs:simpleType>";
    let content = format!("<xs:element name='r'><xs:complexType><xs:attribute name='x' type='U'/></xs:complexType></xs:element>{list}{members}");
    let files = [("a.xsd", schema(&content))];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let none: [&str; 0] = [];
    let toml = drafted_from(&files, &none, &Options::default()).expect("a draft").toml;
    assert!(toml.contains("one of 40,000 codes") || toml.contains("one of 40000 codes"), "{toml}");
}

#[test]
fn many_names_that_become_one() {
    // `A-1`, `A.1`, `a_1` and so on are one in small letters.
    let name = |number: usize| {
        let marks = ["-", ".", "_", "--"];
        (0..7).fold("a".to_owned(), |name, place| {
            let mark = marks[number / 4_usize.pow(place) % 4];
            format!("{name}{mark}b")
        })
    };
    let attributes: String =
        (0..1_000).map(|number| format!(" {}='{number}'", name(number))).collect();
    let draft = drafted(&[format!("<r><x{attributes}/></r>")]);
    let numbered = draft.toml.matches("\nr_x_a_b_b_b_b_b_b_b").count();
    assert_eq!(numbered, 1_000);
}

#[test]
fn many_tables_with_many_columns() {
    let mut script = String::new();
    for table in 0..100 {
        let columns: String =
            (0..50).map(|column| format!(", thing_{column}_of_{} int", table % 7)).collect();
        writeln!(script, "CREATE TABLE part_{table} (app_id bigint PRIMARY KEY{columns});")
            .expect("text");
    }
    let mut document = String::from("<r>");
    for part in 0..60 {
        let things: String =
            (0..30).map(|thing| format!(" thing{thing}_of{}='1'", part % 7)).collect();
        write!(document, "<part{part}{things}/><part{part}{things}/>").expect("text");
    }
    document += "</r>";
    let profile = profiled(&[document]);
    let existing = read_script(&script).expect("a script");
    let options = Options { existing, ..Options::default() };
    let drafted = draft(&profile, profile.roots()[0], "r", &options);
    assert_eq!(drafted.report.tables, 100);
    assert!(drafted.report.columns > 100 * 20, "{}", drafted.report.columns);
}

#[test]
fn documents_that_are_too_deep_are_not_profiled() {
    let open: String = (0..600).map(|n| format!("<e{n}>")).collect();
    let close: String = (0..600).rev().map(|n| format!("</e{n}>")).collect();
    let document = format!("{open}{close}");
    let refused = Profiler::new(512).read(&document, 0).expect_err("too deep");
    assert_eq!(refused.1, "elements are nested more than 512 deep");
    Profiler::new(600).read(&document, 0).expect("a limit that it keeps");
}
