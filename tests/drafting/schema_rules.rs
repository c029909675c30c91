//! How a schema decides about tables, columns and types.

use xmlshred::drafting::{Drafted, Options};

use super::rules::outline;
use super::{drafted_from, schema};

const NONE: [&str; 0] = [];

fn both(xsd: &str, documents: &[&str]) -> Drafted {
    let drafted = drafted_from(&[("a.xsd", &schema(xsd))], documents, &Options::default());
    drafted.unwrap_or_else(|error| panic!("{error}"))
}

fn alone(xsd: &str) -> Drafted {
    both(xsd, &[])
}

/// A root with this content, and types beside it.
fn root(content: &str, types: &str) -> String {
    format!("<xs:element name='r'><xs:complexType>{content}</xs:complexType></xs:element>{types}")
}

/// The outline without the first table's own line, and without the applications' ids.
fn columns(drafted: &Drafted) -> String {
    let outline = outline(&drafted.toml);
    let lines = outline.lines().skip(1).filter(|line| !line.contains("APP_ID()"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn not_drafted(drafted: &Drafted) -> Vec<String> {
    let notes = drafted.report.schema.as_ref().expect("a schema");
    notes.not_followed.iter().map(|(path, why)| format!("{path}: {why}")).collect()
}

#[test]
fn types_follow_the_facets() {
    for (of, expected) in [
        ("xs:boolean", "bit = @x required"),
        ("xs:int", "int = @x required"),
        ("xs:short", "smallint = @x required"),
        ("xs:byte", "smallint = @x required"),
        ("xs:unsignedByte", "tinyint = @x required"),
        ("xs:unsignedInt", "bigint = @x required"),
        ("xs:unsignedLong", "decimal(20,0) = @x required"),
        ("xs:integer", "bigint = @x required"),
        ("xs:decimal", "decimal(38,10) = @x required"),
        ("xs:double", "float = @x required"),
        ("xs:date", "date = @x required"),
        ("xs:dateTime", "datetimeoffset(7) = @x required"),
        ("xs:time", "time(7) = @x required"),
        ("xs:gYear", "varchar(20) = @x required"),
        ("xs:duration", "varchar(50) = @x required"),
        ("xs:base64Binary", "varbinary(max) = FROM_BASE64(@x)"),
        ("xs:hexBinary", "varbinary(max) = FROM_HEX(@x)"),
        // It may be empty, which is null.
        ("xs:string", "nvarchar(max) = @x"),
        ("xs:ID", "nvarchar(max) = @x required"),
        ("xs:NMTOKENS", "nvarchar(max) = @x required"),
    ] {
        let xsd = root(&format!("<xs:attribute name='x' type='{of}' use='required'/>"), "");
        assert_eq!(columns(&alone(&xsd)), format!("  x {expected}\n"), "{of}");
    }
    for (base, facets, expected) in [
        ("string", "<xs:maxLength value='35'/>", "nvarchar(35) = @x"),
        ("string", "<xs:minLength value='1'/><xs:maxLength value='35'/>", "nvarchar(35) = @x required"),
        ("string", "<xs:maxLength value='5000'/>", "nvarchar(max) = @x"),
        ("string", "<xs:length value='3'/>", "nvarchar(3) = @x required"),
        ("string", "<xs:enumeration value='A'/><xs:enumeration value='B'/>", "char(1) = @x required"),
        ("token", "<xs:enumeration value='NEW'/><xs:enumeration value='SHIPPED'/>", "varchar(7) = @x required"),
        ("string", "<xs:enumeration value=''/><xs:enumeration value='Ø'/>", "nvarchar(1) = @x"),
        (
            "string",
            "<xs:pattern value='0|0\\.[0-9]{2}|[1-9]{1}[0-9]{0,12}(\\.[0-9]{2})?'/>",
            "decimal(15,2) = @x required",
        ),
        ("string", "<xs:pattern value='[A-Z]{3}'/>", "char(3) = @x required"),
        ("string", "<xs:pattern value='[A-Z]{2}'/><xs:pattern value='[0-9]{1,11}'/>", "varchar(11) = @x required"),
        ("decimal", "<xs:totalDigits value='18'/><xs:fractionDigits value='5'/>", "decimal(18,5) = @x required"),
        ("decimal", "<xs:fractionDigits value='0'/>", "bigint = @x required"),
        ("decimal", "<xs:fractionDigits value='2'/><xs:minInclusive value='0'/><xs:maxInclusive value='100'/>", "decimal(5,2) = @x required"),
        ("integer", "<xs:totalDigits value='4'/>", "smallint = @x required"),
        ("integer", "<xs:minInclusive value='0'/><xs:maxExclusive value='256'/>", "tinyint = @x required"),
        ("int", "<xs:enumeration value='1'/><xs:enumeration value='40000'/>", "int = @x required"),
        ("base64Binary", "<xs:maxLength value='16'/>", "varbinary(16) = FROM_BASE64(@x)"),
    ] {
        let types = format!(
            "<xs:simpleType name='T'><xs:restriction base='xs:{base}'>{facets}</xs:restriction></xs:simpleType>
             <xs:simpleType name='U'><xs:restriction base='T'/></xs:simpleType>"
        );
        let xsd = root("<xs:attribute name='x' type='U' use='required'/>", &types);
        assert_eq!(columns(&alone(&xsd)), format!("  x {expected}\n"), "{base} {facets}");
    }
}

#[test]
fn lists_are_text_and_unions_what_their_members_share() {
    let types = "<xs:simpleType name='L'><xs:list itemType='xs:int'/></xs:simpleType>
        <xs:simpleType name='N'><xs:union memberTypes='xs:short xs:int'/></xs:simpleType>
        <xs:simpleType name='D'><xs:union memberTypes='xs:date xs:dateTime'/></xs:simpleType>
        <xs:simpleType name='C'><xs:union><xs:simpleType><xs:restriction base='xs:string'><xs:enumeration value='none'/></xs:restriction></xs:simpleType>
          <xs:simpleType><xs:restriction base='xs:string'><xs:maxLength value='10'/></xs:restriction></xs:simpleType></xs:union></xs:simpleType>";
    let xsd = root(
        "<xs:attribute name='l' type='L'/><xs:attribute name='n' type='N'/><xs:attribute name='d' type='D'/><xs:attribute name='c' type='C'/>",
        types,
    );
    let drafted = alone(&xsd);
    assert_eq!(
        columns(&drafted),
        "  l varchar(max) = @l\n  n int = @n\n  d datetimeoffset(7) = @d\n  c nvarchar(10) = @c\n"
    );
    assert!(drafted.toml.contains("# a list: blanks divide its values"), "{}", drafted.toml);
}

#[test]
fn what_may_repeat_is_a_table_and_a_choice_is_never_required() {
    let xsd = root(
        "<xs:sequence>
           <xs:element name='a' type='xs:int'/>
           <xs:element name='b' type='xs:int' minOccurs='0'/>
           <xs:choice><xs:element name='c' type='xs:int'/><xs:sequence><xs:element name='d' type='xs:int'/></xs:sequence></xs:choice>
           <xs:element name='e' type='xs:int' nillable='true'/>
           <xs:group ref='g' maxOccurs='unbounded'/>
           <xs:element name='many' minOccurs='0' maxOccurs='9'><xs:complexType><xs:sequence><xs:element name='n' type='xs:int'/></xs:sequence></xs:complexType></xs:element>
           <xs:element name='a2'><xs:complexType><xs:sequence><xs:element name='x' type='xs:int'/><xs:element name='y' type='xs:int'/><xs:element name='x' type='xs:int'/></xs:sequence></xs:complexType></xs:element>
           <xs:element name='gone' type='xs:int' minOccurs='0' maxOccurs='0'/>
         </xs:sequence><xs:attributeGroup ref='at'/>",
        "<xs:group name='g'><xs:sequence><xs:element name='f' type='xs:int'/></xs:sequence></xs:group>
         <xs:attributeGroup name='at'><xs:attribute name='k' type='xs:int' use='required'/><xs:attribute name='l' type='xs:int'/></xs:attributeGroup>",
    );
    assert_eq!(
        columns(&alone(&xsd)),
        "  k int = @k required
  l int = @l
  a int = a required
  b int = b
  c int = c
  d int = d
  e int = e
  y int = a2/y required
f(app_id, f_no) -> r(app_id) /r/f
  f_no int = POSITION()
  f int = . required
many(app_id, many_no) -> r(app_id) /r/many
  many_no int = POSITION()
  n int = n required
x(app_id, x_no) -> r(app_id) /r/a2/x
  x_no int = POSITION()
  x int = . required
"
    );
}

#[test]
fn base_types_are_followed_and_derived_ones_are_listed() {
    let types = "<xs:complexType name='Base'><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence><xs:attribute name='k' type='xs:int' use='required'/></xs:complexType>
        <xs:complexType name='More'><xs:complexContent><xs:extension base='Base'><xs:sequence><xs:element name='b' type='xs:int'/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
        <xs:complexType name='Less'><xs:complexContent><xs:restriction base='More'><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence><xs:attribute name='k' use='prohibited'/></xs:restriction></xs:complexContent></xs:complexType>
        <xs:complexType name='Money'><xs:simpleContent><xs:extension base='xs:int'><xs:attribute name='ccy' type='xs:NMTOKEN' use='required'/></xs:extension></xs:simpleContent></xs:complexType>
        <xs:complexType name='Shape' abstract='true'/>
        <xs:complexType name='Circle'><xs:complexContent><xs:extension base='Shape'><xs:attribute name='radius' type='xs:int' use='required'/></xs:extension></xs:complexContent></xs:complexType>";
    let xsd = root(
        "<xs:sequence><xs:element name='base' type='Base'/><xs:element name='more' type='More'/><xs:element name='less' type='Less'/>
         <xs:element name='price' type='Money'/><xs:element name='shape' type='Shape'/></xs:sequence>",
        types,
    );
    let drafted = alone(&xsd);
    assert_eq!(
        columns(&drafted),
        "  base_k int = base/@k required\n  base_a int = base/a required\n  more_k int = more/@k required\n  more_a int = more/a required
  b int = more/b required\n  less_a int = less/a required\n  price int = price required\n  ccy nvarchar(max) = price/@ccy required\n  radius int = shape/@radius\n"
    );
    assert_eq!(
        not_drafted(&drafted),
        [
            "/r/base: what the derived types More, Less add by xsi:type",
            "/r/more: what the derived types Less add by xsi:type",
            "/r/shape: one of the types Circle by xsi:type: what each has is optional",
        ]
    );
    // A sample that has what a derived type adds is drafted.
    let document = "<r xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><base k='1' xsi:type='More'><a>1</a><b>2</b></base></r>";
    let drafted = both(&xsd, &[document]);
    assert!(columns(&drafted).contains("  b int = base/b\n"), "{}", drafted.toml);
    assert!(drafted.report.schema.unwrap().undeclared.is_empty());
}

#[test]
fn substitutes_are_alternatives() {
    let xsd = root(
        "<xs:sequence><xs:element ref='pay'/></xs:sequence>",
        "<xs:element name='pay' abstract='true' type='xs:int'/><xs:element name='card' substitutionGroup='pay'/>
         <xs:element name='gold' substitutionGroup='card' type='xs:short'/>",
    );
    let drafted = alone(&xsd);
    assert_eq!(columns(&drafted), "  card int = card\n  gold smallint = gold\n");
    assert!(drafted.toml.contains("by a substitution group"), "{}", drafted.toml);
}

#[test]
fn recursion_is_a_table_of_all_depths() {
    let xsd = root(
        "<xs:sequence><xs:element ref='section' maxOccurs='unbounded'/></xs:sequence>",
        "<xs:element name='section'><xs:complexType><xs:sequence><xs:element name='title' type='xs:int'/>
         <xs:element name='inner' minOccurs='0'><xs:complexType><xs:sequence><xs:element ref='section' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>",
    );
    let outline = outline(&alone(&xsd).toml);
    assert!(outline.starts_with("section(app_id, section_no) //section\n"), "{outline}");
    assert!(
        outline.contains("  section_no int = ORDINAL()\n  title int = title required\n"),
        "{outline}"
    );
}

#[test]
fn text_with_markup_is_one_column_and_wildcards_are_listed() {
    let xsd = root(
        "<xs:sequence><xs:element name='p' type='P'/><xs:element name='data' type='D'/><xs:any minOccurs='0' processContents='lax'/>
         <xs:element name='free'/></xs:sequence><xs:anyAttribute/>",
        "<xs:complexType name='P' mixed='true'><xs:choice minOccurs='0'><xs:element name='b' type='xs:string'/></xs:choice></xs:complexType>
         <xs:complexType name='D' mixed='true'/>",
    );
    let drafted = alone(&xsd);
    assert_eq!(
        columns(&drafted),
        "  p nvarchar(max) = STRING(p)\n  data nvarchar(max) = data\n  free nvarchar(max) = free\n"
    );
    assert_eq!(
        not_drafted(&drafted),
        ["/r: other elements (xs:any)", "/r: other attributes (xs:anyAttribute)"]
    );
    assert_eq!(drafted.report.left_out[0].to_string(), "/r/p/b: markup inside text");
}

#[test]
fn defaults_of_attributes_replace_null_where_their_element_is() {
    let xsd = root(
        "<xs:sequence><xs:element name='a'><xs:complexType><xs:attribute name='kind2' default='PCE'/><xs:attribute name='n' type='xs:int' fixed='3'/></xs:complexType></xs:element>
         <xs:element name='b' minOccurs='0'><xs:complexType><xs:attribute name='kind' default='x'/></xs:complexType></xs:element>
         <xs:element name='c' type='xs:int' default='7'/></xs:sequence>",
        "",
    );
    let drafted = alone(&xsd);
    assert_eq!(
        columns(&drafted),
        "  kind2 nvarchar(max) = a/@kind2 default \"PCE\"\n  n int = a/@n default 3\n  kind nvarchar(max) = b/@kind\n  c int = c required\n"
    );
    for remark in ["# always \"3\"", "# where it is absent: \"x\"", "# where it is empty: \"7\""] {
        assert!(drafted.toml.contains(remark), "{remark}: {}", drafted.toml);
    }
}

#[test]
fn a_default_that_the_type_does_not_take_is_a_remark() {
    let text = schema(
        "<xs:element name='r'><xs:complexType><xs:attribute name='s' default='standard'><xs:simpleType>\
         <xs:restriction base='xs:string'><xs:enumeration value='express'/></xs:restriction></xs:simpleType>\
         </xs:attribute></xs:complexType></xs:element>",
    );
    let none: [&str; 0] = [];
    let drafted = drafted_from(&[("a.xsd", &text)], &none, &Options::default()).expect("a schema");
    assert!(drafted.toml.contains("where it is absent: \"standard\""), "{}", drafted.toml);
}

#[test]
fn keys_of_a_schema_are_remarks() {
    let xsd = "<xs:element name='r'><xs:complexType><xs:sequence><xs:element name='l' maxOccurs='unbounded'><xs:complexType><xs:sequence><xs:element name='sku' type='xs:int'/></xs:sequence>
          <xs:attribute name='no' type='xs:int' use='required'/><xs:attribute name='id' type='xs:ID'/></xs:complexType></xs:element></xs:sequence></xs:complexType>
        <xs:key name='k'><xs:selector xpath='l'/><xs:field xpath='@no'/></xs:key>
        <xs:keyref name='f' refer='k'><xs:selector xpath='.//l'/><xs:field xpath='sku'/></xs:keyref></xs:element>";
    let toml = alone(xsd).toml;
    for remark in [
        "# no two the same in /r (xs:key k)",
        "# refers to k (xs:keyref f)",
        "# xs:ID: no two the same in a document",
    ] {
        assert!(toml.contains(remark), "{remark}: {toml}");
    }
}

#[test]
fn samples_narrow_a_schema() {
    let xsd = root(
        "<xs:sequence><xs:element name='a' type='xs:string'/><xs:element name='many' type='xs:int' maxOccurs='unbounded'/>
         <xs:element name='at' type='xs:dateTime'/><xs:element name='price' type='xs:decimal'/><xs:element name='never' type='xs:int' minOccurs='0'/>
         <xs:element name='code' type='C'/><xs:element name='was' type='xs:int'/></xs:sequence><xs:attribute name='no' type='xs:int'/>",
        "<xs:simpleType name='C'><xs:restriction base='xs:string'><xs:maxLength value='30'/></xs:restriction></xs:simpleType>",
    );
    let documents = [
        "<r><a>Oslo</a><many>1</many><at>2026-11-24T10:15:00</at><price>12.50</price><code>0017</code><was>1</was><new>x</new></r>",
        "<r><a>Bergen</a><many>2</many><at>2026-11-25T10:15:00</at><price>7</price><code>12</code><new>y</new></r>",
    ];
    let drafted = both(&xsd, &documents);
    assert_eq!(
        columns(&drafted),
        "  a varchar(10) = a required
  at datetime2(3) = at required
  price decimal(9,2) = price required
  code nvarchar(30) = code required
  was int = was
  new varchar(2) = new
many(app_id, many_no) -> r(app_id) /r/many
  many_no int = POSITION()
  many int = . required
"
    );
    let notes = drafted.report.schema.expect("a schema");
    assert_eq!(notes.undeclared, ["/r/new"]);
    assert_eq!(notes.unseen, [("/r".to_owned(), vec!["@no".to_owned(), "never".to_owned()])]);
    assert!(drafted.toml.contains("from a.xsd and 2 documents."), "{}", drafted.toml);
}

#[test]
fn samples_that_do_not_follow_the_schema_decide() {
    let xsd = root("<xs:attribute name='x' type='xs:date'/>", "");
    let drafted = both(&xsd, &["<r x='24.11.2026'/>"]);
    assert!(columns(&drafted).contains("  x date = @x\n"), "{}", drafted.toml);
    assert!(drafted.toml.contains("which does not keep the samples"), "{}", drafted.toml);
    assert!(drafted.toml.contains("date_formats = [\"dd.MM.yyyy\"]"), "{}", drafted.toml);
}

#[test]
fn numbered_siblings_of_a_schema_are_rows() {
    let xsd = root(
        "<xs:attribute name='score_1' type='xs:short'/><xs:attribute name='score_2' type='xs:int'/>",
        "",
    );
    let options = Options { unpivot: true, ..Options::default() };
    let drafted = drafted_from(&[("a.xsd", &schema(&xsd))], &NONE, &options).expect("a draft");
    assert!(drafted.toml.contains("score    = { type = \"int\""), "{}", drafted.toml);
}

#[test]
fn codes_of_a_schema_are_lookups() {
    let xsd = root(
        "<xs:attribute name='x'><xs:simpleType><xs:restriction base='xs:string'><xs:enumeration value='A'/><xs:enumeration value='B'/></xs:restriction></xs:simpleType></xs:attribute>",
        "",
    );
    let options = Options { lookups: true, ..Options::default() };
    let drafted = drafted_from(&[("a.xsd", &schema(&xsd))], &NONE, &options).expect("a draft");
    assert_eq!(columns(&drafted), "  x tinyint = LOOKUP('r_x', @x)\n");
    assert!(drafted.toml.contains("values = { \"A\" = 1, \"B\" = 2 }"), "{}", drafted.toml);
    assert!(drafted.toml.contains("# one of A, B"), "{}", drafted.toml);
}

#[test]
fn a_schema_wider_than_a_table_is_divided() {
    let element =
        |group: usize, n: usize| format!("<xs:element name='e{group}_{n}' type='xs:int'/>");
    let group = |group: usize| {
        let elements: String = (0..300).map(|n| element(group, n)).collect();
        format!("<xs:element name='g{group}'><xs:complexType><xs:sequence>{elements}</xs:sequence></xs:complexType></xs:element>")
    };
    let groups: String = (0..5).map(group).collect();
    let drafted = alone(&root(&format!("<xs:sequence>{groups}</xs:sequence>"), ""));
    assert_eq!((drafted.report.tables, drafted.report.columns), (5, 5 * 300 + 4 + 5));
}

#[test]
fn types_inside_each_other_end() {
    // Names in every order make more paths than anyone wants, and none of them repeats a name.
    let elements: String =
        (0..40).map(|n| format!("<xs:element name='p{n}' type='T' minOccurs='0'/>")).collect();
    let xsd = root(
        "<xs:sequence><xs:element name='t' type='T'/></xs:sequence>",
        &format!("<xs:complexType name='T'><xs:sequence>{elements}</xs:sequence><xs:attribute name='x' type='xs:int'/></xs:complexType>"),
    );
    let drafted = alone(&xsd);
    assert_eq!(columns(&drafted), "  x int = t/@x\n");
    assert!(not_drafted(&drafted)
        .contains(&"/r/t/p0: of the same type as /r/t, which it lies in".to_owned()));
}
