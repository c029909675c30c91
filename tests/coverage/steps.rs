//! Paths are followed by their steps, and predicates do not matter.

use super::{table, Folder, Found};

fn of(each: &str, columns: &[(&str, &str)], document: &str) -> Found {
    Folder::new("root = \"o\"", &table(each, columns), &[document]).coverage()
}

#[test]
fn any_name_anywhere_upwards_and_the_next_sibling() {
    let document =
        r#"<o n="1"><g id="7"><a v="x" w="y"/><b v="z"/></g><deep><k>key</k><v>val</v></deep></o>"#;
    let found = of("/o/g/*", &[("v", "@v"), ("id", "../@id"), ("n", "/o/@n")], document);
    assert_eq!(found.unread(), ["/o/g/a/@w", "/o/deep/k", "/o/deep/v"]);
    assert_eq!(found.path("/o/g/b/@v"), "read v");
    assert_eq!(found.path("/o/g/@id"), "read id");
    let found = of("//k", &[("k", "."), ("v", "FOLLOWING(v)"), ("w", "FOLLOWING(w)")], document);
    assert_eq!(found.path("/o/deep/v"), "read v");
    assert_eq!(found.absent(), ["w t.w"]);
}

#[test]
fn all_text_and_all_markup_below_are_read() {
    let document = r#"<o><t a="1">x<b c="2">y</b></t></o>"#;
    let found = of("/o", &[("t", "STRING(t)")], document);
    assert_eq!(found.unread(), ["/o/t/@a", "/o/t/b/@c"]);
    let found = of("/o", &[("t", "INNER_XML(t)")], document);
    assert_eq!(found.unread(), ["/o/t/@a"]);
    assert_eq!(found.path("/o/t/b"), "read t");
    let found = of("/o", &[("t", "t")], document);
    assert_eq!(found.unread(), ["/o/t/@a", "/o/t/b", "/o/t/b/@c"]);
    assert_eq!(found.skipped(), ["t t.t /o/t/b 1"]);
    let found = of("/o", &[("t", "t"), ("b", "t/b")], document);
    assert_eq!(found.skipped(), ["t t.t /o/t/b 1"], "the text is torn");
    let found = of("/o", &[("t", "t"), ("b", "t/b")], "<o><t><b>y</b></t></o>");
    assert_eq!(found.skipped(), [""; 0], "b has a column");
}

#[test]
fn what_only_a_predicate_reads_is_read_by_it() {
    let document = r#"<o><p type="home">1</p><p type="work">2</p></o>"#;
    let found = of("/o", &[("home", "p[@type = 'home']"), ("n", "p[@kind = 'x']")], document);
    assert_eq!(found.path("/o/p/@type"), "read home[]");
    assert_eq!(found.absent(), ["@kind t.n predicate"]);
    assert_eq!(found.repeated(), [""; 0]);
}

#[test]
fn expressions_over_each_element_read_what_is_in_it() {
    let document = r#"<o><l q="2" p="3" x="4"/><l q="1" p="1" x="4"/><e>5</e></o>"#;
    let there = "CASE WHEN e IS NOT NULL THEN 'y' END";
    let columns = [("sum", "SUM(l, @q * @p)"), ("n", "COUNT(e)"), ("there", there)];
    let found = of("/o", &columns, document);
    assert_eq!(found.path("/o/l/@q"), "read sum");
    assert_eq!(found.path("/o/e"), "presence n? there?");
    assert_eq!(found.unread(), ["/o/l/@x", "/o/e"]);
    assert_eq!(found.0["read"], 2);
}

#[test]
fn every_part_of_a_contract_reads() {
    let document = "root = \"o\"\nkey = \"/o/@id\"\nrequire = [\"/o/@must\", \"/o/gone\"]";
    let tables = table("/o/i[@live = '1']", &[("v", "@v")]).replace(
        "app_column = \"app_id\"\n",
        "app_column = \"app_id\"\nwhere = \"@w = '1'\"\n\
         distinct = { by = [\"@v\"], prefer = \"@rank\" }\n",
    );
    let tables = tables + "[[tables.rows]]\nwhen = \"@when = '1'\"\nv = \"@v2\"\n";
    let sample = r#"<o id="1" must="2"><i live="1" v="1" w="1" rank="1" when="1" v2="9"/></o>"#;
    let found = Folder::new(document, &tables, &[sample]).coverage();
    for (path, expected) in [
        ("/o/@id", "read key"),
        ("/o/@must", "presence require?"),
        ("/o/i", "no_value each?"),
        ("/o/i/@live", "read each[]"),
        ("/o/i/@v", "read distinct v"),
        ("/o/i/@w", "read where"),
        ("/o/i/@rank", "read distinct"),
        ("/o/i/@when", "read when"),
        ("/o/i/@v2", "read v"),
    ] {
        assert_eq!(found.path(path), expected, "{path}");
    }
    assert_eq!(found.absent(), ["/o/gone document require"]);
}

#[test]
fn a_row_path_that_is_absent_is_named_without_its_columns() {
    let columns = [("v", "@v"), ("n", "/o/@n")];
    let found = of("/o/gone", &columns, "<o n='2'><i v='1'/></o>");
    assert_eq!(found.absent(), ["/o/gone rows of t"]);
    assert_eq!(found.unread(), ["/o/@n", "/o/i/@v"], "there is no row for a column");
}

#[test]
fn what_occurs_several_times_where_one_is_read_is_named() {
    let document = "<o><c><p>1</p><p>2</p><p>3</p></c><one><x>1</x><y>2</y></one></o>";
    let columns = [("p", "c/p"), ("first", "FIRST(c/p)"), ("any", "one/*"), ("x", "//x")];
    let found = of("/o", &columns, document);
    assert_eq!(found.repeated(), ["c/p t.p /o/c/p 3", "one/* t.any /o/one/x 2"]);
    // And so the shredder refuses it.
    let columns = [("p", "c/p")];
    let folder = Folder::new("root = \"o\"", &table("/o", &columns), &[document]);
    let said = folder.run("map samples --contract contract.toml");
    assert!(said.stdout.contains("many_values"), "{}", said.stdout);
    let found = of("/o/c/p", &[("p", ".")], document);
    assert_eq!(found.repeated(), [""; 0], "each is a row");
}

#[test]
fn an_element_inside_its_own_kind_is_followed() {
    let document = r#"<o><s id="1">a<s id="2">b<s id="3">c</s></s></s></o>"#;
    let found = of("//s", &[("id", "@id"), ("parent", "../@id"), ("child", "s/s/@id")], document);
    assert_eq!(found.path("/o/s/@id"), "read id parent child");
    assert_eq!((found.absent().len(), found.unread()), (0, vec!["/o/s".to_owned()]));
}

#[test]
fn paths_lead_into_unwrapped_xml() {
    let document = "root = \"e\"\nunwrap = \"/e/p\"";
    let sample = r#"<e from="x"><p>&lt;order id="7" n="8"/&gt;</p></e>"#;
    let columns = [("id", "@id"), ("sender", "/e/@from")];
    let folder = Folder::new(document, &table("/e/p/order", &columns), &[sample, "<e/>"]);
    let found = folder.coverage();
    assert_eq!(found.path("/e/p/order/@id"), "read id");
    assert_eq!((found.unread(), found.absent().len()), (vec!["/e/p/order/@n".to_owned()], 0));
    let said = folder.run("contract coverage contract.toml --sample samples");
    assert!(said.stdout.contains("after the XML in /e/p was unwrapped"), "{}", said.stdout);
    assert!(said.stderr.contains("samples/2.xml: /e/p is to be unwrapped"), "{}", said.stderr);
    assert_eq!(said.status, 1, "a document cannot be read");
}

#[test]
fn references_and_lists_are_read() {
    let document = r#"<o><c id="1" name="Bell" city="Oslo"/><i of="1" tags="a,b" x="2"/></o>"#;
    let keys = "[keys.customer]\neach = \"/o/c\"\nkey = \"@id\"\n";
    let columns = [("name", "LOOKUP('customer', @of, @name)"), ("tag", "PART()")];
    let table = table("SPLIT(/o/i/@tags, ',')", &columns);
    let found = Folder::new("root = \"o\"", &format!("{keys}{table}"), &[document]).coverage();
    assert_eq!(found.unread(), ["/o/c/@city", "/o/i/@x"]);
    assert_eq!(found.path("/o/c/@id"), "read customer");
    assert_eq!(found.path("/o/c/@name"), "read name");
    assert_eq!(found.path("/o/i/@of"), "read name");
    assert_eq!(found.path("/o/i/@tags"), "read each");
}
