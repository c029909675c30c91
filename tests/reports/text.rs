//! What is read of elements: text with markup in it, and elements of any name.

use super::{contract, mistakes, rows};

/// A contract whose table `t` has the row path and these columns.
fn table(root: &str, each: &str, columns: &str) -> String {
    format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"{root}\"\n[[tables]]\nname = \"t\"\neach = \"{each}\"\n\
         app_column = \"app_id\"\n[tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         {columns}"
    )
}

#[test]
fn case_02_text_with_markup_in_it() {
    let text = table(
        "ArticleSet",
        "/ArticleSet/Article",
        "title = { type = \"nvarchar(500)\", value = \"STRING(Title)\" }\n\
         own = { type = \"nvarchar(500)\", value = \"Title\" }\n\
         authors = { type = \"nvarchar(500)\", value = \"JOIN(STRING(Author), '; ')\" }\n\
         first = { type = \"nvarchar(500)\", value = \"FIRST(STRING(Author))\" }\n\
         longest = { type = \"int\", value = \"MAX(LEN(STRING(Author)))\" }\n\
         editor = { type = \"nvarchar(99)\", value = \"Author[STRING(.) LIKE '%Lee']/@id\" }\n",
    );
    let document = "<ArticleSet><Article>\
        <Title>Telomere length at the <i>TERT</i> gene and CO<sub>2</sub> in <b a='>' c=\">'\">human</b> \
        <!-- <x> --><?p > ?>c<![CDATA[<e>]]>lls &amp; more</Title>\
        <Author id='1'><n>Ann</n> <n>Lee</n></Author><Author id='2'>Bo</Author></Article></ArticleSet>";
    assert_eq!(
        rows(&contract(&text), document, "t"),
        ["Telomere length at the TERT gene and CO2 in human c<e>lls & more|Telomere length at the  gene \
          and CO in  c<e>lls & more|Ann Lee; Bo|Ann Lee|7|1"]
    );
    let wrong = mistakes(&text.replace("STRING(Title)", "STRING(@title)"));
    assert!(wrong.contains("error: STRING takes a path to an element\n"), "{wrong}");
    assert!(wrong.contains("hint: for example `STRING(notes)`, or `STRING(.)`"), "{wrong}");
}

#[test]
fn the_text_around_a_row_and_inside_it() {
    let text = table(
        "r",
        "//b",
        "own = { type = \"nvarchar(99)\", value = \"STRING(.)\" }\n\
         around = { type = \"nvarchar(99)\", value = \"STRING(..)\" }\n\
         all = { type = \"nvarchar(99)\", value = \"STRING(/r)\" }\n\
         beside = { type = \"nvarchar(99)\", value = \"STRING(../c)\" }\n",
    );
    let document = "<r><a>1<b>2<b>3</b></b>4<c>5<d>6</d></c></a><b/></r>";
    assert_eq!(
        rows(&contract(&text), document, "t"),
        ["23|123456|123456|56", "3|23|123456|-", "-|123456|123456|-"]
    );
}

#[test]
fn case_03_elements_whose_names_are_not_known() {
    let text = table(
        "person",
        "/person/*",
        "name = { type = \"nvarchar(50)\", value = \"NAME()\" }\n\
         local = { type = \"nvarchar(50)\", value = \"LOCAL_NAME()\" }\n\
         value = { type = \"nvarchar(200)\", value = \".\" }\n\
         of = { type = \"int\", value = \"COUNT(../*)\" }\n",
    );
    let document = "<person xmlns:x='urn:x'><first>Ann</first><x:born>1980-02-29</x:born><Größe>170</Größe></person>";
    assert_eq!(
        rows(&contract(&text), document, "t"),
        ["first|first|Ann|3", "x:born|born|1980-02-29|3", "Größe|Größe|170|3"]
    );
    let deep = table(
        "r",
        "//*[@id]",
        "id = { type = \"int\", value = \"@id\" }\n\
         second = { type = \"nvarchar(50)\", value = \"*[2]/*/@x\" }\n\
         kinds = { type = \"nvarchar(50)\", value = \"JOIN(*[EXISTS(*) OR . = 'k'], '+')\" }\n\
         product = { type = \"int\", value = \"COUNT(*) * COUNT(*)\" }\n",
    );
    let document = "<r id='1'><a/><b>q<c x='y'/></b><d><e id='2'>k<f>k</f></e></d></r>";
    assert_eq!(rows(&contract(&deep), document, "t"), ["1|y|q+|9", "2|-|k|1"]);
    let wrong = mistakes(&text.replace("\".\"", "\"@*\""));
    assert!(wrong.contains("error: `@*` is not supported\n"), "{wrong}");
}
