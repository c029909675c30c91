//! Names: several roots, several namespaces for one thing, and prefixes that mean nothing.

use std::fs;
use std::process::Command;

use super::{contract, failure, mistakes, rows};

fn statements(document: &str) -> String {
    format!(
        "[contract]\nname = \"camt\"\n[document]\n{document}\n[[tables]]\nname = \"entry\"\n\
         each = \"//NAMENtry\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
         amount = {{ type = \"decimal(18,5)\", value = \"NAMEAmt\" }}\n\
         currency = {{ type = \"char(3)\", value = \"NAMEAmt/@Ccy\" }}\n\
         bank = {{ type = \"varchar(11)\", value = \"COALESCE(NAMENtryDtls/NAMEBIC, NAMENtryDtls/NAMEBICFI)\" }}\n"
    )
}

/// Two versions of a message, each with the prefixes of two senders.
fn messages() -> Vec<String> {
    let body = |name: &str| {
        format!(
            "<?Document xmlns!='urn:iso:camt.053.001.V'><?BkToCstmrStmt><?Stmt><?Ntry><?Amt Ccy='EUR'>12.5\
             </?Amt><?NtryDtls><?{name}>ABCDEFGH</?{name}></?NtryDtls></?Ntry></?Stmt></?BkToCstmrStmt></?Document>"
        )
    };
    let of = |name, version, prefix: &str, declared: &str| {
        let text = body(name).replace("?", prefix).replace('!', declared);
        text.replace("053.001.V", &format!("053.001.{version}"))
    };
    vec![
        of("BIC", "02", "", ""),
        of("BIC", "02", "ns2:", ":ns2"),
        of("BICFI", "08", "", ""),
        of("BICFI", "08", "ns2:", ":ns2"),
    ]
}

#[test]
fn case_08_one_standard_in_several_namespaces() {
    let uris = "[\"urn:iso:camt.053.001.02\", \"urn:iso:camt.053.001.08\"]";
    let prefixed = statements(&format!("root = \"c:Document\"\nnamespaces = {{ c = {uris} }}"));
    let default = statements(&format!("root = \"Document\"\nnamespaces = {{ \"\" = {uris} }}"));
    let local = statements("root = \"Document\"\nnamespaces = \"ignore\"");
    for (text, prefix) in [(prefixed, "c:"), (default, ""), (local, "")] {
        let contract = contract(&text.replace("NAME", prefix));
        for document in messages() {
            assert_eq!(
                rows(&contract, &document, "entry"),
                ["12.50000|EUR|ABCDEFGH"],
                "{document}"
            );
        }
    }
    let one = statements("root = \"c:Document\"\nnamespaces = { c = \"urn:iso:camt.053.001.02\" }");
    let failure = failure(&contract(&one.replace("NAME", "c:")), &messages()[3]);
    assert_eq!(failure.category.name(), "wrong_document");
    assert!(failure.reason.starts_with(
        "the root element is \"ns2:Document\" of \"urn:iso:camt.053.001.08\", and the contract is for \
         \"Document\" of \"urn:iso:camt.053.001.02\": "
    ));
}

#[test]
fn attributes_have_the_namespaces_of_their_prefixes_alone() {
    let text = |namespaces: &str, value: &str| {
        contract(&format!(
            "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\nnamespaces = {namespaces}\n[[tables]]\nname = \"t\"\n\
             each = \"/r/a\"\napp_column = \"app_id\"\n[tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
             v = {{ type = \"nvarchar(9)\", value = \"{value}\" }}\n"
        ))
    };
    let document =
        "<r xmlns='urn:d' xmlns:m='urn:1' xmlns:n='urn:2'><a m:x='1' x='0' y='9'/><a n:x='2'/>\
                    <a m:x='3' xml:lang='de'/><q:a xmlns:q='urn:d' q:x='4'/></r>";
    let several = "{ \"\" = \"urn:d\", m = [\"urn:1\", \"urn:2\"] }";
    assert_eq!(rows(&text(several, "@m:x"), document, "t"), ["1", "2", "3", "-"]);
    assert_eq!(rows(&text(several, "@x"), document, "t"), ["0", "-", "-", "-"]);
    assert_eq!(rows(&text(several, "../a[@m:x = '3']/@xml:lang"), document, "t")[0], "de");
    let both = "{ \"\" = \"urn:d\", m = \"urn:1\", o = [\"urn:1\", \"urn:d\"] }";
    assert_eq!(rows(&text(both, "@m:x || @o:x"), document, "t"), ["11", "-", "33", "-"]);
    // Of attributes with one local name the one without a prefix is meant, else the first.
    assert_eq!(rows(&text("\"ignore\"", "@x"), document, "t"), ["0", "2", "3", "4"]);
    assert_eq!(rows(&text("\"ignore\"", "FIRST(../a/@x)"), document, "t")[3], "0");
}

#[test]
fn case_09_one_contract_for_two_roots() {
    let text = r#"
[contract]
name = "nota"
[document]
root = ["n:NFe", "n:nfeProc"]
namespaces = { n = "urn:nfe" }
require = ["//n:infNFe/@Id"]
[[tables]]
name = "nota"
each = "//n:infNFe"
app_column = "app_id"
primary_key = ["app_id"]
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
chave = { type = "char(4)", value = "RIGHT(@Id, 4)" }
both = { type = "int", value = "COUNT(/n:NFe) + 10 * COUNT(/n:nfeProc/n:NFe)" }
[[tables]]
name = "item"
each = "//n:infNFe/n:det"
app_column = "app_id"
primary_key = ["app_id", "n_item"]
foreign_key = { columns = ["app_id"], references = "nota" }
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
n_item = { type = "int", value = "@nItem" }
qtd = { type = "decimal(15,4)", value = "n:qCom" }
"#;
    let bare = "<NFe xmlns='urn:nfe'><infNFe Id='NFe7326'><det nItem='1'><qCom>2.0000</qCom></det>\
                <det nItem='2'><qCom>1.5</qCom></det></infNFe></NFe>";
    let wrapped =
        bare.replace("<NFe xmlns='urn:nfe'>", "<nfeProc xmlns='urn:nfe'><NFe>") + "</nfeProc>";
    let contract = contract(text);
    for (document, both) in [(bare, 1), (wrapped.as_str(), 10)] {
        assert_eq!(rows(&contract, document, "nota"), [format!("7326|{both}")]);
        assert_eq!(rows(&contract, document, "item"), ["1|2.0000", "2|1.5000"]);
    }
    let failure = failure(&contract, "<x xmlns='urn:nfe'/>");
    assert!(failure.reason.contains("for \"NFe\" of \"urn:nfe\" or \"nfeProc\" of \"urn:nfe\": "));
    let wrong = |from: &str, to: &str| mistakes(&text.replace(from, to));
    let found = wrong("/n:nfeProc/n:NFe", "/n:infNFe/@Id");
    assert!(found
        .contains("error: this path never matches: the root element is `n:NFe` or `n:nfeProc`\n"));
    assert!(wrong("[\"n:NFe\", \"n:nfeProc\"]", "[]").contains("error: `root` is empty\n"));
    assert!(
        wrong("[\"n:NFe\"", "[\"/NFe\"").contains("hint: write the name alone: `root = \"NFe\"`")
    );
}

#[test]
fn case_26_a_prefix_that_is_never_declared() {
    let text = r#"
[contract]
name = "gpx"
[document]
root = "trkseg"
namespaces = "ignore"
[[tables]]
name = "point"
each = "/trkseg/trkpt"
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
n = { type = "int", value = "ORDINAL()" }
lat = { type = "decimal(10,7)", value = "@lat" }
ele = { type = "decimal(9,2)", value = "ele" }
at = { type = "datetimeoffset(3)", value = "time" }
hr = { type = "smallint", value = "extensions/TrackPointExtension/hr" }
"#;
    let document =
        "<trkseg><trkpt lat='60.3912630'><ele>0.0</ele><time>2026-05-17T11:02:43Z</time>\
        <extensions><tp:TrackPointExtension/></extensions></trkpt><trkpt lat='60.3912631'><ele/>\
        <time>2026-05-17T11:02:44.500Z</time><extensions><tp:TrackPointExtension><tp:hr>120</tp:hr>\
        </tp:TrackPointExtension></extensions></trkpt></trkseg>";
    assert_eq!(
        rows(&contract(text), document, "point"),
        [
            "1|60.3912630|0.00|2026-05-17T11:02:43.000+00:00|-",
            "2|60.3912631|-|2026-05-17T11:02:44.500+00:00|120"
        ]
    );
    let found = mistakes(&text.replace("TrackPointExtension/hr", "TrackPointExtension/tp:hr"));
    assert!(
        found.contains("error: the prefix `tp` is not used with `namespaces = \"ignore\"`\n"),
        "{found}"
    );
    assert!(found.contains("hint: leave it out: names are compared without their prefixes\n"));
}

#[test]
fn samples_tell_how_a_path_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let document =
        "<Order xmlns:c='urn:cbc'><Header><c:OrderNumber c:scheme='x'>1</c:OrderNumber></Header>\
                    <c:Line/><c:Line><c:Id>7</c:Id></c:Line></Order>";
    fs::write(folder.path().join("order.xml"), document).unwrap();
    let said = |namespaces: &str, value: &str| {
        let text = format!(
            "[contract]\nname = \"o\"\n[document]\nroot = \"Order\"\n{namespaces}\n[[tables]]\nname = \"o\"\n\
             each = \"/Order\"\napp_column = \"app_id\"\n[tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
             v = {{ type = \"nvarchar(9)\", value = \"{value}\" }}\n"
        );
        fs::write(folder.path().join("contract.toml"), text).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_xmlshred"))
            .args(["contract", "check", "contract.toml", "--sample", "order.xml"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout)
    };
    let declared = "namespaces = { cbc = \"urn:cbc\" }";
    let with = " with `namespaces = { c = \"urn:cbc\" }`";
    for (namespaces, value, hint) in [
        (declared, "Header/OrderNumber", "did you mean `Header/cbc:OrderNumber`?".to_owned()),
        (
            declared,
            "Header/cbc:OrderNumber/@scheme",
            "did you mean `Header/cbc:OrderNumber/@cbc:scheme`?".into(),
        ),
        (declared, "cbc:OrderNumber", "the samples have `/Order/Header/cbc:OrderNumber`".into()),
        (declared, "Header/cbc:OrderNumbr", "did you mean `cbc:OrderNumber`?".into()),
        (declared, "//Line/Id", "did you mean `//cbc:Line/cbc:Id`?".into()),
        ("", "Header/OrderNumber", format!("did you mean `Header/c:OrderNumber`?{with}")),
        ("", "OrderNumber", format!("did you mean `c:OrderNumber`?{with}")),
        ("namespaces = \"ignore\"", "Header/OrderNumbr", "did you mean `OrderNumber`?".into()),
        (declared, "Header/Total", "no sample has `Total` anywhere: check the spelling".into()),
    ] {
        let said = said(namespaces, value);
        assert!(said.contains(&format!("hint: {hint}\n")), "{value}: {hint}\n{said}");
    }
}

/// One mistake for each name, and how the element is written.
#[test]
fn case_27_names_of_functions_and_keywords() {
    let text = |value: &str| {
        format!(
            "[contract]\nname = \"n\"\n[document]\nroot = \"c\"\n[[tables]]\nname = \"i\"\n\
             each = \"/c/item[{value} <> '']\"\napp_column = \"app_id\"\n[tables.columns]\n\
             app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n\
             v = {{ type = \"nvarchar(50)\", value = \"{value}\" }}\n\
             w = {{ type = \"int\", value = \"LEN({value})\" }}\n"
        )
    };
    let names = ["name", "count", "first", "last", "left", "min", "day", "round", "replace"];
    let keywords = ["true", "case", "not", "end", "like", "cast", "and", "when"];
    for name in names.into_iter().chain(keywords) {
        let right = contract(&text(&format!("./{name}")));
        let document = format!("<c><item><{name}>7</{name}></item></c>");
        assert_eq!(rows(&right, &document, "i"), ["7|1"], "{name}");
        let wrong = text(name).replace(&format!("item[{name} <> '']"), "item");
        let found = mistakes(&wrong);
        assert_eq!(found.matches("error: ").count(), 2, "{name}\n{found}");
        assert_eq!(found.matches("warning: ").count(), 0, "{name}\n{found}");
        let hint = format!("an element of that name is written `./{name}`\n");
        assert_eq!(found.matches(&hint).count(), 2, "{name}\n{found}");
    }
    for name in names {
        let found = mistakes(&text(name));
        assert_eq!(found.matches("error: ").count(), 3, "{name}\n{found}");
        assert_eq!(found.matches("warning: ").count(), 0, "{name}\n{found}");
    }
}
