//! Which nodes a path finds.

use super::{failure, one_column, values};
use xmlshred::outcome::FailureCategory;

#[test]
fn an_attribute_of_the_row_element() {
    assert_eq!(values("/r/a", "@x", "<r><a x='1'/><b x='2'/><a x='3'/></r>"), ["1", "3"]);
}

#[test]
fn a_childs_text_merges_cdata_and_leaves_out_its_own_children() {
    let document = "<r><a><b>one &amp; <![CDATA[<two>]]><c>no</c><!-- no --> three</b></a></r>";
    assert_eq!(values("/r/a", "b", document), ["one & <two> three"]);
}

#[test]
fn texts_in_pieces_inside_each_other_do_not_mix() {
    let document = "<r><a>x<![CDATA[y]]><b>p<![CDATA[q]]>r</b>z</a></r>";
    assert_eq!(values("/r/a", ". || '/' || b", document), ["xyz/pqr"]);
}

#[test]
fn only_absence_is_null_and_blank_text_becomes_null_when_converted() {
    assert_eq!(
        values("/r/a", "CASE WHEN b IS NULL THEN 'null' ELSE 'text' END", "<r><a/><a><b/></a></r>"),
        ["null", "text"]
    );
    assert_eq!(values("/r/a", "b", "<r><a><b>  </b></a></r>"), ["-"]);
}

#[test]
fn ancestors_are_read_from_any_depth() {
    let document = "<r k='0'><m k='1'><a x='p'/><a x='q'/></m><m><a x='s'/></m></r>";
    assert_eq!(values("/r/m/a", "../@k || @x", document), ["1p", "1q", "-"]);
    assert_eq!(values("/r/m/a", "../../@k || @x", document), ["0p", "0q", "0s"]);
    assert_eq!(values("//a", "../@k", document), ["1", "1", "-"]);
}

#[test]
fn a_sibling_that_comes_later_is_waited_for() {
    let document = "<r><m><a x='p'/><b y='1'/></m><m><a x='q'/><b y='2'/></m></r>";
    assert_eq!(values("/r/m/a", "@x || ../b/@y", document), ["p1", "q2"]);
}

#[test]
fn an_absolute_path_is_read_from_any_row() {
    assert_eq!(
        values("/r/a", "@x || /r/z/@y", "<r><a x='p'/><a x='q'/><z y='9'/></r>"),
        ["p9", "q9"]
    );
}

#[test]
fn an_element_anywhere_is_found_in_parts_that_nothing_else_reads() {
    let document = "<r><u><v><w/><a x='1'><a x='2'/></a></v></u><a x='3'/></r>";
    assert_eq!(values("//a", "@x", document), ["1", "2", "3"]);
    assert_eq!(values("/r", "JOIN(//a/@x, '+')", document), ["1+2+3"]);
}

#[test]
fn predicates_choose_by_attribute_position_and_text() {
    let document =
        "<r><a><b k='1' x='p'/><b k='2' x='q'/><b k='2' x='s'/><c>no</c><c>yes</c></a></r>";
    assert_eq!(values("/r/a", "b[@k = '1']/@x", document), ["p"]);
    assert_eq!(values("/r/a", "b[2]/@x", document), ["q"]);
    assert_eq!(values("/r/a", "b[@k = '2'][2]/@x", document), ["s"]);
    assert_eq!(values("/r/a", "b[last()]/@x", document), ["s"]);
    assert_eq!(values("/r/a", "b[@k = '1'][last()]/@x", document), ["p"]);
    assert_eq!(values("/r/a", "COUNT(c[. = 'yes'])", document), ["1"]);
    assert_eq!(values("/r/a", "c[. <> 'yes']", document), ["no"]);
    assert_eq!(values("/r/a/b[@k = '2']", "@x", document), ["q", "s"]);
    assert_eq!(values("/r/a/b[1]", "@x", document), ["p"]);
}

#[test]
fn last_is_counted_under_each_parent() {
    let document = "<r><a><b x='1'/><b x='2'/></a><a><b x='3'/></a></r>";
    assert_eq!(values("/r", "JOIN(a/b[last()]/@x, ',')", document), ["2,3"]);
}

#[test]
fn first_and_last_choose_the_element_before_they_read_it() {
    let document = "<r><a><b x='1'/><b/></a></r>";
    assert_eq!(values("/r/a", "FIRST(b/@x)", document), ["1"]);
    assert_eq!(values("/r/a", "LAST(b/@x)", document), ["-"]);
    assert_eq!(values("/r/a", "COUNT(b/@x) || '/' || COUNT(b)", document), ["1/2"]);
}

#[test]
fn a_plain_path_that_matches_twice_fails_with_its_place() {
    let contract = one_column("/r/a", "b/@x");
    let failure = failure(&contract, "<r>\n<a><b x='1'/>\n<b x='22'/></a></r>");
    assert_eq!(failure.category, FailureCategory::ManyValues);
    assert_eq!(failure.path.as_deref(), Some("/r/a/b[2]/@x"));
    assert_eq!((failure.line, failure.column_number), (Some(3), Some(7)));
    assert_eq!(failure.value.as_deref(), Some("22"));
    assert_eq!(failure.table.as_deref(), Some("t"));
    assert_eq!(failure.column.as_deref(), Some("v"));
}

#[test]
fn inner_xml_is_the_raw_markup() {
    let document = "<r><a><n>x <b k='&amp;'/> y</n></a></r>";
    assert_eq!(values("/r/a", "INNER_XML(n)", document), ["x <b k='&amp;'/> y"]);
}

#[test]
fn the_row_elements_name_and_attributes_are_normalised() {
    assert_eq!(values("/r/a", "NAME() || @x", "<r><a x='1\n2&#10;3'/></r>"), ["a1 2\n3"]);
}

#[test]
fn row_elements_are_chosen_by_last_and_by_their_own_text() {
    let document = "<r><a n='1'>no</a><m><a n='2'>yes</a><a n='3'>no</a></m>\
                    <m><a n='4'>yes</a></m><a n='5'>yes</a></r>";
    assert_eq!(values("/r/a[last()]", "@n", document), ["5"]);
    assert_eq!(values("/r/m/a[last()]", "@n", document), ["3", "4"]);
    assert_eq!(values("/r/m[last()]/a", "@n", document), ["4"]);
    assert_eq!(values("/r/m/a[. = 'yes']", "@n", document), ["2", "4"]);
    assert_eq!(values("/r/m/a[. = 'yes' AND @n <> '2']", "@n || .", document), ["4yes"]);
    assert_eq!(values("//a[last()]", "@n", document), ["3", "4", "5"]);
    assert_eq!(values("//a[. = 'yes']", "@n", document), ["2", "4", "5"]);
    assert_eq!(values("/r/a[@n = '9'][last()]", "@n", document), [""; 0]);
}

#[test]
fn a_row_element_inside_one_that_its_text_excludes_has_no_row() {
    let document = "<r><m><a n='1'/>drop</m><m><a n='2'/>keep<b/></m><m>keep<a n='3'/></m></r>";
    assert_eq!(values("/r/m[. = 'keep']/a", "@n", document), ["2", "3"]);
}

#[test]
fn a_position_under_two_slashes_counts_the_children_of_each_parent() {
    let document = "<r><a n='1'/><u><a n='2'/><a n='3'><a n='4'/><a n='5'/></a></u><a n='6'/></r>";
    assert_eq!(values("//a[2]", "@n", document), ["3", "5", "6"]);
    assert_eq!(values("/r", "JOIN(//a[1]/@n, ',')", document), ["1,2,4"]);
    assert_eq!(values("//a[last()]", "@n", document), ["3", "5", "6"]);
}

#[test]
fn elements_inside_an_excluded_one_keep_what_they_captured() {
    let document = "<r><a n='1'>no<b/><a n='2'>yes<a n='3'>no</a></a></a><a n='4'>yes</a></r>";
    let joined = |path: &str| values("/r", &format!("JOIN({path}, ',')"), document).remove(0);
    assert_eq!(joined("//a[. = 'yes']/@n"), "2,4");
    assert_eq!(joined("//a[. = 'no']/@n"), "1,3");
    assert_eq!(joined("//a[last()]/@n"), "2,3,4");
    assert_eq!(joined("//a[@n < 4][last()]/@n"), "1,2,3");
    assert_eq!(joined("//a[. = 'yes']/a/@n"), "3");
    assert_eq!(joined("//a[. = 'no']/a/@n"), "2");
    assert_eq!(joined("//a[. = 'yes']"), "yes,yes");
    assert_eq!(values("/r", "SUM(//a[. = 'yes']/@n) + COUNT(//a[. = 'x'])", document), ["6"]);
}

#[test]
fn a_predicate_on_text_sees_the_attributes_of_its_own_element() {
    let document = "<r><a><b k='1'>yes<c k='2'/></b><b k='2'>yes<c k='1'/></b></a></r>";
    let path = "b[. = 'yes' AND @k = '1']/c/@k";
    assert_eq!(values("/r/a", path, document), ["2"]);
    assert_eq!(values("/r/a/b/c", "@k || '/' || ../@k", document), ["2/1", "1/2"]);
}

#[test]
fn a_prefixed_attribute_is_found_by_its_namespace() {
    let contract = super::contract(
        "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n\
         namespaces = { p = \"urn:p\", q = \"urn:q\" }\n\
         [[tables]]\nname = \"t\"\neach = '/r/a'\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = { type = \"int\", value = \"APP_ID()\" }\n\
         own = { type = \"nvarchar(9)\", value = '@p:x' }\n\
         plain = { type = \"nvarchar(9)\", value = '@x' }\n\
         chosen = { type = \"nvarchar(9)\", value = \"LAST(b[@q:k = '1']/@p:x)\" }\n\
         above = { type = \"nvarchar(9)\", value = '../@p:x' }\n\
         language = { type = \"nvarchar(9)\", value = '@xml:lang' }\n",
    );
    let document = "<r xmlns:z='urn:p' xmlns:p='urn:q' z:x='top'>\
                    <a z:x='1' x='2' p:x='3' xml:lang='de'><b p:k='1' z:x='4'/></a>\
                    <a xmlns:z='urn:other' z:x='5'><b p:k='0'/></a></r>";
    let rows = super::rows_of(&contract, &super::shred(&contract, document), "t");
    assert_eq!(rows, ["7|1|2|4|top|de", "7|-|-|-|top|-"]);
    let failed = failure(&contract, "<r><a u:x='1'/></r>");
    assert_eq!(failed.category, FailureCategory::MalformedXml);
    assert!(failed.reason.contains("\"u:x\" is not declared"), "{}", failed.reason);
}

#[test]
fn first_and_last_choose_among_elements_anywhere_in_document_order() {
    let document = "<r><a k='1'>x<a k='2'>y</a></a><a>x</a><a k='4'>y<a k='5'>x</a></a></r>";
    assert_eq!(values("/r", "FIRST(//a) || LAST(//a)", document), ["xx"]);
    assert_eq!(values("/r", "FIRST(//a[. = 'y']/@k) || LAST(//a[. = 'y']/@k)", document), ["24"]);
    assert_eq!(values("/r", "FIRST(//a[last()]/@k)", document), ["2"]);
    assert_eq!(values("/r", "LAST(//a[. = 'x']/@k)", document), ["5"]);
    assert_eq!(values("/r", "FIRST(//a[last()][. = 'q'])", document), ["-"]);
    assert_eq!(values("/r", "JOIN(//a, ',')", document), ["x,y,x,y,x"]);
}

#[test]
fn positions_count_what_a_predicate_on_content_has_left() {
    let document = "<r><a n='1'>no</a><a n='2'>yes</a><a n='3' k=''>yes</a><a n='4'>no</a></r>";
    assert_eq!(values("/r", "a[. = 'yes'][2]/@n", document), ["3"]);
    assert_eq!(values("/r", "a[. = 'no'][last()]/@n", document), ["4"]);
    assert_eq!(values("/r", "a[. = 'yes'][@k][1]/@n", document), ["3"]);
    assert_eq!(values("/r", "FIRST(a[. = 'yes'][last()]/@n)", document), ["3"]);
    assert_eq!(values("/r/a[. = 'yes'][1]", "@n", document), ["2"]);
    assert_eq!(values("//a[. = 'yes'][last()]", "@n", document), ["3"]);
    assert_eq!(values("/r", "COUNT(a[last()][2])", document), ["0"]);
    assert_eq!(values("/r", "a[last()][1]/@n", document), ["4"]);
}

#[test]
fn predicates_see_the_elements_inside() {
    let document = "<r><a n='1'><b>x</b></a><a n='2'><b k='7'>y</b><c/></a>\
                    <a n='3'><b>x</b><b>y</b></a></r>";
    assert_eq!(values("/r/a[COUNT(b) = 1 AND b = 'x']", "@n", document), ["1"]);
    assert_eq!(values("/r/a[c]", "@n", document), ["2"]);
    assert_eq!(values("/r/a[b/@k]", "@n", document), ["2"]);
    assert_eq!(values("/r/a[b/@k = '7']", "@n", document), ["2"]);
    assert_eq!(values("/r", "JOIN(a[LAST(b) = 'y']/@n, ',')", document), ["2,3"]);
    assert_eq!(values("/r", "a[b[. = 'y'][@k]]/@n", document), ["2"]);
    let failed = failure(&one_column("/r", "a[b = 'x']/@n"), document);
    assert_eq!(failed.category, FailureCategory::ManyValues);
    assert_eq!(failed.path.as_deref(), Some("/r/a[3]/b[2]"));
}

#[test]
fn elements_around_a_row_found_anywhere_are_read() {
    let document = "<r><p>one<n>1</n><a i='1'/><a i='2'/></p><q><n>2</n><u><a i='3'/></u>two</q>\
                    <a i='4'/><n>3</n></r>";
    assert_eq!(values("//a", "@i || ../n", document), ["11", "21", "-", "43"]);
    assert_eq!(values("//a", "../../n", document), ["3", "3", "2", "-"]);
    assert_eq!(values("//a", "COUNT(../a)", document), ["2", "2", "1", "1"]);
    assert_eq!(values("//a", "LAST(../a/@i)", document), ["2", "2", "3", "4"]);
    assert_eq!(values("//a", "..", document), ["one", "one", "-", "-"]);
    assert_eq!(values("//a[. = '']", "../..", document), ["-", "-", "two", "-"]);
    assert_eq!(values("//a[2]", "INNER_XML(..)", document), ["one<n>1</n><a i='1'/><a i='2'/>"]);
    assert_eq!(values("//p", "INNER_XML(../q/u)", document), ["<a i='3'/>"]);
    assert_eq!(values("//r", "../r/n || '/' || COUNT(../a)", document), ["3/0"]);
    let failed = failure(&one_column("//n", "../a/@i"), document);
    assert_eq!(failed.category, FailureCategory::ManyValues);
    assert_eq!(failed.path.as_deref(), Some("/r/p/a[2]/@i"));
}

#[test]
fn own_text_around_a_row_found_anywhere_is_merged() {
    let document = "<r><q>a&amp;<![CDATA[<b>]]><!-- no --><i>no</i> c<a/></q></r>";
    assert_eq!(values("//a", "..", document), ["a&<b> c"]);
}

#[test]
fn aggregates_compute_an_expression_of_each_node() {
    let document = "<r><a d='03/01/2026' m='$1,000.50' n='b'/><a d='12/31/2025' m='' n='B'/>\
                    <a m='(0.50)' n=''/></r>";
    let one = |value: &str| values("/r", value, document).remove(0);
    assert_eq!(one("MIN(PARSE_DATE(a/@d, 'MM/dd/yyyy'))"), "2025-12-31");
    assert_eq!(one("MAX(PARSE_DATE(a/@d, 'MM/dd/yyyy'))"), "2026-03-01");
    assert_eq!(one("SUM(NUMBER(a/@m))"), "1000.00");
    assert_eq!(one("COUNT(NULLIF(a/@m, ''))"), "2");
    assert_eq!(one("JOIN(UPPER(NULLIF(a/@n, '')), '+')"), "B+B");
    assert_eq!(one("MAX(CAST(a/@n AS nvarchar(9)))"), "b");
    assert_eq!(one("MIN(CAST(a/@n AS nvarchar(9)))"), "B");
    assert_eq!(one("SUM(LEN(a/@n) * 10 + LEN(a/@n))"), "22");
    assert_eq!(one("MAX(CASE a/@n WHEN 'b' THEN 1 ELSE 2 END)"), "2");
    assert_eq!(one("MIN(NULLIF(a/@x, ''))"), "-");
    let failed = failure(&one_column("/r", "MAX(CAST(a/@d AS date))"), document);
    assert_eq!(failed.category, FailureCategory::BadValue);
    assert_eq!(failed.path.as_deref(), Some("/r/a[1]/@d"));
    let failed = failure(&one_column("/r", "MAX(a/@d)"), document);
    assert!(failed.reason.contains("MAX(CAST(path AS date))"), "{}", failed.reason);
}

/// The example of `shred::capture`.
#[test]
fn a_predicate_on_content_takes_back_what_its_element_captured() {
    let document = "<r><a><b v='1'><c>n</c></b><b v='2'><c>y</c></b></a></r>";
    assert_eq!(values("/r/a", "b[c = 'y']/@v", document), ["2"]);
}
