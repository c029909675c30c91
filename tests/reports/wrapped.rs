//! XML that is kept as text inside XML.

use super::{contract, failure, mistakes, rows};

const TEXT: &str = r#"
[contract]
name = "soap"
[document]
root = "Envelope"
unwrap = "/Envelope/Result"
key = "/Envelope/Result/order/@id"
[[tables]]
name = "line"
each = "/Envelope/Result/order/line"
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
sku = { type = "varchar(10)", value = "@sku" }
text = { type = "nvarchar(20)", value = "." }
sender = { type = "varchar(10)", value = "/Envelope/From" }
"#;

/// An envelope with this payload.
fn envelope(payload: &str) -> String {
    format!("<Envelope><From>Shop</From><Result>{payload}</Result></Envelope>")
}

#[test]
fn case_15_xml_that_is_text_is_read_as_xml() {
    let contract = contract(TEXT);
    let order = "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<order id=\"7\"><line sku=\"A\">x &amp;amp; y</line>\
                 <line sku='B'><![CDATA[<z>]]></line></order>";
    let escaped = order.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let in_cdata = format!("<![CDATA[{}]]>", order.replace("]]>", "]]]]><![CDATA[>"));
    let as_it_is = &order[order.find("<order").unwrap()..];
    for payload in [escaped.as_str(), &in_cdata, as_it_is] {
        let document = envelope(payload);
        assert_eq!(
            rows(&contract, &document, "line"),
            ["A|x &amp; y|Shop", "B|<z>|Shop"],
            "{payload}"
        );
    }
    let several = contract_of("/Envelope/Result", "//Result");
    let document =
        "<Envelope><From>S</From><Result>&lt;order id='7'/></Result><x><Result><![CDATA[<order>\
                    <line sku='C'/></order>]]></Result></x></Envelope>";
    assert_eq!(rows(&several, document, "line"), Vec::<String>::new());
    let anywhere =
        TEXT.replace("each = \"/Envelope/Result/order/line\"", "each = \"//order/line\"");
    let anywhere = super::contract(
        &anywhere.replace("unwrap = \"/Envelope/Result\"", "unwrap = \"//Result\""),
    );
    assert_eq!(rows(&anywhere, document, "line"), ["C|-|S"]);
}

fn contract_of(from: &str, to: &str) -> std::sync::Arc<xmlshred::contract::Contract> {
    contract(&TEXT.replace(&format!("unwrap = \"{from}\""), &format!("unwrap = \"{to}\"")))
}

#[test]
fn an_unwrapped_root_is_in_no_namespace_but_its_own() {
    let text = TEXT
        .replace(
            "root = \"Envelope\"",
            "root = \"s:Envelope\"\nnamespaces = { s = \"urn:soap\", o = \"urn:o\" }",
        )
        .replace("/Envelope/Result", "/s:Envelope/s:Result")
        .replace("/Envelope/From", "/s:Envelope/s:From");
    let document = |order: &str| {
        format!("<Envelope xmlns='urn:soap'><From>Shop</From><Result><![CDATA[<!-- a > b --><order id='7'{order}><line sku='A'/></order>]]></Result></Envelope>")
    };
    assert_eq!(rows(&contract(&text), &document(""), "line"), ["A|-|Shop"]);
    let own = text.replace("order/@id", "o:order/@id").replace("order/line", "o:order/o:line");
    assert_eq!(rows(&contract(&own), &document(" xmlns='urn:o'"), "line"), ["A|-|Shop"]);
}

#[test]
fn what_cannot_be_unwrapped_is_told() {
    let contract = contract(TEXT);
    let absent = failure(&contract, "<Envelope><From>Shop</From></Envelope>");
    assert_eq!(
        (absent.category.name(), absent.path.as_deref()),
        ("missing_required", Some("/Envelope/Result"))
    );
    assert_eq!(
        absent.reason,
        "/Envelope/Result is to be unwrapped, but it is absent: correct the document"
    );
    let broken = failure(&contract, &envelope("&lt;order id='7'>&lt;line></order>"));
    assert_eq!(broken.category.name(), "malformed_xml");
    let deep = failure(&contract, &envelope("&lt;!DOCTYPE x>&lt;order id='7'/>"));
    assert_eq!(deep.category.name(), "malformed_xml");
    let said = |path: &str| {
        mistakes(&TEXT.replace("unwrap = \"/Envelope/Result\"", &format!("unwrap = \"{path}\"")))
    };
    for (path, message) in [
        ("/Envelope/@x", "`unwrap` must be a path to elements, found one to an attribute"),
        ("Result", "a path in `unwrap` must begin at the document"),
        ("/Other/Result", "this path never matches: the root element is `Envelope`"),
    ] {
        let found = said(path);
        assert!(found.contains(&format!("error: {message}\n")), "{found}");
    }
}
