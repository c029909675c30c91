//! Which files a schema has, and which are refused.

use std::fs;
use std::process::Command;

use xmlshred::drafting::Options;

use super::rules::outline;
use super::{drafted_from, schema, schema_files};

const NONE: [&str; 0] = [];

/// `xs:schema` of a namespace, which has the prefix t.
fn of(namespace: &str, content: &str) -> String {
    format!(
        "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xmlns:t=\"{namespace}\" \
         targetNamespace=\"{namespace}\" elementFormDefault=\"qualified\">{content}</xs:schema>"
    )
}

fn drafted(files: &[(&str, &str)]) -> String {
    let drafted = drafted_from(files, &NONE, &Options::default());
    drafted.unwrap_or_else(|error| panic!("{error}")).toml
}

/// What is wrong, and the next step.
fn refused(files: &[(&str, &str)]) -> String {
    let error = drafted_from(files, &NONE, &Options::default()).expect_err("it is wrong");
    format!("{error}\n{}", error.hint)
}

#[test]
fn included_and_imported_files_are_followed_once() {
    let main = of(
        "urn:main",
        "<xs:include schemaLocation='types.xsd'/>
         <xs:import namespace='urn:other' schemaLocation='..\\shared\\other.xsd'/>
         <xs:element name='r' xmlns:o='urn:other'><xs:complexType><xs:sequence>
           <xs:element name='code' type='t:Code'/><xs:element ref='o:amount'/>
         </xs:sequence></xs:complexType></xs:element>",
    );
    // Without a namespace of its own, its names are in that of the file which includes it.
    let types = schema(
        "<xs:include schemaLocation='main.xsd'/>
         <xs:simpleType name='Code'><xs:restriction base='Base'><xs:maxLength value='3'/></xs:restriction></xs:simpleType>
         <xs:simpleType name='Base'><xs:restriction base='xs:string'><xs:minLength value='1'/></xs:restriction></xs:simpleType>",
    );
    let other = of(
        "urn:other",
        "<xs:import namespace='urn:main' schemaLocation='../a/main.xsd'/><xs:element name='amount' type='xs:int'/>",
    );
    let toml =
        drafted(&[("a/main.xsd", &main), ("a/types.xsd", &types), ("shared/other.xsd", &other)]);
    assert!(toml.contains("namespaces = { t = \"urn:main\", t2 = \"urn:other\" }"), "{toml}");
    assert_eq!(
        outline(&toml),
        "r(app_id) /t:r
  app_id bigint = APP_ID()
  code nvarchar(3) = t:code required
  amount int = t2:amount required
"
    );
}

#[test]
fn names_are_qualified_as_the_schema_says() {
    let toml = drafted(&[(
        "a.xsd",
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:a' xmlns:p='urn:a' targetNamespace='urn:a'>
           <xs:element name='r'><xs:complexType><xs:sequence>
             <xs:element name='bare' type='xs:int'/>
             <xs:element name='full' type='xs:int' form='qualified'/>
             <xs:element ref='other'/>
           </xs:sequence><xs:attribute name='x' type='xs:int'/><xs:attribute ref='p:y'/></xs:complexType></xs:element>
           <xs:element name='other' type='xs:int'/>
           <xs:attribute name='y' type='xs:int'/>
         </xs:schema>",
    )]);
    for path in ["\"@x\"", "\"@p:y\"", "\"bare\"", "\"p:full\"", "\"p:other\"", "\"/p:r\""] {
        assert!(toml.contains(path), "{path}: {toml}");
    }
}

#[test]
fn nothing_is_read_from_a_network() {
    let main = |location: &str| {
        schema(&format!(
            "<xs:import namespace='urn:ds' schemaLocation='{location}'/>
             <xs:element name='r' xmlns:ds='urn:ds'><xs:complexType><xs:sequence><xs:element ref='ds:s'/></xs:sequence></xs:complexType></xs:element>"
        ))
    };
    let other = of("urn:ds", "<xs:element name='s' type='xs:int'/>");
    for location in
        ["http://example.org/x/ds.xsd", r"\\server\share\ds.xsd", "file://server/ds.xsd"]
    {
        let main = main(location);
        // Beside the file, it is found by its name.
        drafted(&[("s/main.xsd", &main), ("s/ds.xsd", &other)]);
        let refused = refused(&[("s/main.xsd", &main)]).replace('\\', "/");
        let location = location.replace('\\', "/");
        assert_eq!(
            refused,
            format!(
                "s/main.xsd:1: the element ds:s is used in s/main.xsd:2, but {location} is not read from the network\n\
                 download it and save it as s/ds.xsd"
            )
        );
    }
    // What is not used is not missed.
    drafted(&[(
        "main.xsd",
        &schema(
            "<xs:import namespace='urn:ds' schemaLocation='http://example.org/ds.xsd'/>
             <xs:element name='r' type='xs:int'/>",
        ),
    )]);
    let included =
        schema("<xs:include schemaLocation='types.xsd'/><xs:element name='r' type='xs:int'/>");
    assert_eq!(
        refused(&[("main.xsd", &included)]),
        "main.xsd:1: the file is included, but types.xsd does not exist\nsave it as types.xsd"
    );
}

#[test]
fn redefined_types_have_their_new_content() {
    let base = schema(
        "<xs:complexType name='T'><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence></xs:complexType>
         <xs:simpleType name='S'><xs:restriction base='xs:string'><xs:maxLength value='9'/></xs:restriction></xs:simpleType>",
    );
    let main = schema(
        "<xs:redefine schemaLocation='base.xsd'>
           <xs:complexType name='T'><xs:complexContent><xs:extension base='T'><xs:sequence>
             <xs:element name='b' type='S'/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
           <xs:simpleType name='S'><xs:restriction base='S'><xs:maxLength value='4'/></xs:restriction></xs:simpleType>
         </xs:redefine><xs:element name='r' type='T'/>",
    );
    let outline = outline(&drafted(&[("main.xsd", &main), ("base.xsd", &base)]));
    assert!(outline.contains("  a int = a required\n  b nvarchar(4) = b\n"), "{outline}");
    // In a group that redefines another of its name, that name means the other.
    let base = schema(
        "<xs:group name='g'><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence></xs:group>",
    );
    let main = schema(
        "<xs:redefine schemaLocation='base.xsd'><xs:group name='g'><xs:sequence>
           <xs:choice><xs:group ref='g'/><xs:element name='b' type='xs:int'/></xs:choice>
         </xs:sequence></xs:group></xs:redefine>
         <xs:element name='r'><xs:complexType><xs:group ref='g'/></xs:complexType></xs:element>",
    );
    let redefined = super::rules::outline(&drafted(&[("main.xsd", &main), ("base.xsd", &base)]));
    assert!(redefined.contains("  a int = a\n  b int = b\n"), "{redefined}");
}

#[test]
fn what_cannot_be_a_schema_is_refused() {
    let element = "<xs:element name='r' type='t'/>";
    for (text, expected) in [
        ("<r/>".to_owned(), "a.xsd:1: the root element is r, not xs:schema"),
        ("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>".to_owned(), "a.xsd:1: the file ends inside"),
        ("<xs:schema".to_owned(), "a.xsd:1: syntax error"),
        (String::new(), "a.xsd:1: the file has no element"),
        (schema("<xs:element name='w@ight'/>"), "a.xsd:1: \"w@ight\" is not a name"),
        (schema("<xs:element name='r' type='t:x'/>"), "a.xsd:1: the prefix of t:x is not declared"),
        (schema(element), "a.xsd:1: unknown type t\n"),
        (schema("<xs:element name='r' type='xs:itn'/>"), "unknown type xs:itn"),
        (
            schema(&format!("{element}<xs:simpleType name='t'><xs:restriction base='t'/></xs:simpleType>")),
            "a type is derived from itself",
        ),
        (
            schema(&format!(
                "{element}<xs:complexType name='t'><xs:group ref='g'/></xs:complexType>
                 <xs:group name='g'><xs:sequence><xs:group ref='g'/></xs:sequence></xs:group>"
            )),
            "a group contains itself",
        ),
        (
            schema(&format!(
                "{element}<xs:complexType name='t'><xs:complexContent><xs:extension base='t'/></xs:complexContent></xs:complexType>"
            )),
            "contains itself",
        ),
        (
            schema(&"<xs:sequence>".repeat(300)),
            "more than 200 elements inside each other",
        ),
    ] {
        let refused = match schema_files(&[("a.xsd", &text)]) {
            Err(error) => format!("{error}\n{}", error.hint),
            Ok(_) => refused(&[("a.xsd", &text)]),
        };
        assert!(refused.contains(expected), "{refused}");
    }
}

#[test]
fn groups_and_unions_that_double_end() {
    let doubled = |name: &str, twice: &dyn Fn(usize) -> String, last: &str| {
        let levels: String =
            (0..25).map(|n| twice(n).replace("NAME", &format!("{name}{}", n + 1))).collect();
        format!("{}{levels}", last.replace("NAME", &format!("{name}0")))
    };
    let groups = doubled(
        "g",
        &|n| format!("<xs:group name='NAME'><xs:sequence><xs:group ref='g{n}'/><xs:group ref='g{n}'/></xs:sequence></xs:group>"),
        "<xs:group name='NAME'><xs:sequence><xs:element name='e' type='xs:int'/></xs:sequence></xs:group>",
    );
    let unions = doubled(
        "u",
        &|n| {
            format!(
                "<xs:simpleType name='NAME'><xs:union memberTypes='u{n} u{n}'/></xs:simpleType>"
            )
        },
        "<xs:simpleType name='NAME'><xs:restriction base='xs:int'/></xs:simpleType>",
    );
    for (root, declared) in [
        ("<xs:element name='r'><xs:complexType><xs:group ref='g25'/></xs:complexType></xs:element>", groups),
        ("<xs:element name='r' type='u25'/>", unions),
    ] {
        let refused = refused(&[("a.xsd", &schema(&format!("{root}{declared}")))]);
        assert!(refused.contains("name each other too often"), "{refused}");
    }
}

#[test]
fn entities_are_not_expanded() {
    let lol: String =
        (1..10).map(|n| format!("<!ENTITY e{n} '&e{};&e{};'>", n - 1, n - 1)).collect();
    let bomb = format!(
        "<!DOCTYPE s [<!ENTITY e0 'int'>{lol}<!ENTITY file SYSTEM 'file:///etc/passwd'>]>{}",
        schema("<xs:element name='r' type='xs:&e9;'/>")
    );
    let refused = refused(&[("a.xsd", &bomb)]);
    assert!(refused.contains("a.xsd:1: ") && refused.contains("are not expanded"), "{refused}");
    // One that declares them and does without, as that of XML signatures does, is read.
    drafted(&[("a.xsd", &bomb.replace("&e9;", "int"))]);
}

#[test]
fn a_schema_has_limits() {
    let main = schema("<xs:include schemaLocation='big.xsd'/><xs:element name='r' type='xs:int'/>");
    let big = schema(&" ".repeat(65 << 20));
    assert_eq!(
        refused(&[("main.xsd", &main), ("big.xsd", &big)]),
        "main.xsd:1: big.xsd cannot be read: the schema has more than 1000 files or 64 MiB, the limits\n\
         make it readable, or divide the schema"
    );
    // Five levels of ten elements, all of types of their own.
    let level = |level: usize| {
        let of = if level == 4 { "xs:int".to_owned() } else { format!("L{}", level + 1) };
        let elements: String =
            (0..10).map(|n| format!("<xs:element name='e{level}_{n}' type='{of}'/>")).collect();
        format!("<xs:complexType name='L{level}'><xs:sequence>{elements}</xs:sequence></xs:complexType>")
    };
    let levels: String = (0..5).map(level).collect();
    let wide = schema(&format!("<xs:element name='r' type='L0'/>{levels}"));
    assert_eq!(
        refused(&[("a.xsd", &wide)]),
        "a.xsd: documents with the root r have more than 50000 paths\n\
         add documents as SAMPLES: only their paths are drafted"
    );
    let skip = (0..9).map(|n| format!("/r/e0_{n}")).collect();
    let options = Options { skip, ..Options::default() };
    let drafted = drafted_from(&[("a.xsd", &wide)], &NONE, &options).expect("a draft");
    assert_eq!(drafted.report.paths, 1 + 10 + 10 + 100 + 1000 + 10_000);
}

#[test]
fn the_root_of_a_schema_is_found_or_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
    let run = |arguments: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_xmlshred"))
            .current_dir(folder.path())
            .env_clear()
            .args(["contract", "init"])
            .args(arguments.split(' '))
            .output()
            .expect("start");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n");
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    };
    write(
        "a.xsd",
        &of(
            "urn:a",
            "<xs:element name='part' type='xs:int'/>
             <xs:element name='order'><xs:complexType><xs:sequence><xs:element ref='t:part'/></xs:sequence></xs:complexType></xs:element>
             <xs:element name='any' abstract='true'/>",
        ),
    );
    let (status, toml, report) = run("--xsd a.xsd");
    assert_eq!((status, report.as_str()), (0, "a.xsd, 2 paths: 1 table, 2 columns\n"));
    assert!(toml.contains("root = \"t:order\""), "{toml}");
    // Any global element is one, if it is asked for.
    let (status, toml, _) = run("--xsd a.xsd --root part");
    assert!(status == 0 && toml.contains("root = \"t:part\""), "{toml}");
    let (status, _, stderr) = run("--xsd a.xsd --root line");
    assert_eq!(
        (status, stderr.as_str()),
        (2, "error: the schema has no element line for a root, but t:part, t:order, t:any\nhint: name one of these\n")
    );
    write(
        "b.xsd",
        &of(
            "urn:b",
            "<xs:element name='one' type='xs:int'/><xs:element name='two' type='xs:int'/>",
        ),
    );
    let (status, _, stderr) = run("--xsd b.xsd");
    assert_eq!(
        (status, stderr.as_str()),
        (
            2,
            "error: documents of this schema have several root elements\n  t:one\n  t:two\n\
             hint: draft a contract for each: add --root NAME\n"
        )
    );
    write("1.xml", "<order/>");
    let (status, _, stderr) = run("--xsd a.xsd 1.xml");
    assert_eq!(
        (status, stderr.as_str()),
        (
            3,
            "error: a.xsd: the schema declares no root element order in no namespace\n\
             hint: use the schema of these documents; this one has t:part, t:order, t:any\n"
        )
    );
    let (status, _, stderr) = run("--xsd c.xsd");
    assert_eq!(
        (status, stderr.as_str()),
        (3, "error: c.xsd: the file does not exist\nhint: check the path and its permissions\n")
    );
    let (status, _, stderr) = run("--lookups");
    assert!(status == 2 && stderr.contains("<SAMPLES>"), "{stderr}");
}
