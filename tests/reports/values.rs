//! Values as others write them: encoded bytes, moments, numbers with exponents, identifiers, and
//! elements that say that they have no value.

use super::{contract, failure, mistakes, rows};

fn table(columns: &str) -> String {
    format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\ndate_formats = [\"yyyy-MM-ddTHH:mm:sszzz\", \"ddd, d MMM yyyy HH:mm:ss zzz\", \"dddd, MMMM d, yyyy\"]\n\
         [[tables]]\nname = \"t\"\neach = \"/r/e\"\napp_column = \"app_id\"\n[tables.columns]\n\
         app_id = {{ type = \"int\", value = \"APP_ID()\" }}\n{columns}"
    )
}

#[test]
fn case_05_bytes_in_base64_and_hex() {
    let contract = contract(&table(
        "name = { type = \"nvarchar(50)\", value = \"@name\" }\n\
         bytes = { type = \"varbinary(max)\", value = \"CASE @enc WHEN 'hex' THEN FROM_HEX(.) ELSE FROM_BASE64(.) END\" }\n",
    ));
    let document = "<r><e name='a.txt' enc='base64'>SGVsbG8s\n V29ybGQh</e><e name='k' enc='hex'>CAFE00</e>\
                    <e name='p' enc='base64'>+/8=</e><e name='q' enc='base64'>QQ==</e><e name='u' enc='base64'>QUI</e>\
                    <e name='x' enc='hex'>0x0a\n0B</e><e name='none' enc='base64'> </e><e name='absent' enc='hex'/></r>";
    assert_eq!(
        rows(&contract, document, "t"),
        [
            "a.txt|0x48656C6C6F2C576F726C6421",
            "k|0xCAFE00",
            "p|0xFBFF",
            "q|0x41",
            "u|0x4142",
            "x|0x0A0B",
            "none|-",
            "absent|-"
        ]
    );
    for (enc, text, what) in [
        ("base64", "QQ=Q", "base64"),
        ("base64", "A", "base64"),
        ("base64", "QQ===", "base64"),
        ("base64", "Q=", "base64"),
        ("base64", "Q_==", "base64"),
        ("hex", "ABC", "hexadecimal"),
        ("hex", "0xxx", "hexadecimal"),
    ] {
        let document = format!("<r>\n<e enc='{enc}'>{text}</e></r>");
        let failure = failure(&contract, &document);
        assert_eq!(failure.category.name(), "bad_value", "{text}");
        assert_eq!(failure.reason, format!("`{text}` is not {what}"));
        assert_eq!((failure.path.as_deref(), failure.value.as_deref()), (Some("/r/e"), Some(text)));
    }
}

#[test]
fn case_06_an_element_that_is_nil_is_null() {
    let text = "[contract]\nname = \"nil\"\n[document]\nroot = \"rs\"\n[[tables]]\nname = \"row\"\neach = \"/rs/row\"\n\
        app_column = \"app_id\"\n[tables.columns]\napp_id = { type = \"int\", value = \"APP_ID()\" }\n\
        id = { type = \"int\", value = \"@id\" }\n\
        amt = { type = \"int\", value = \"CASE WHEN amt IS NULL THEN NULL WHEN amt IS EMPTY THEN 0 ELSE amt END\" }\n\
        note = { type = \"nvarchar(20)\", value = \"note\", blank = \"keep\" }\n\
        whole = { type = \"nvarchar(20)\", value = \"STRING(note)\", blank = \"keep\" }\n\
        first = { type = \"nvarchar(20)\", value = \"FIRST(note)\", blank = \"keep\" }\n\
        there = { type = \"int\", value = \"COUNT(note) * 10 + COUNT(note, .)\" }\n";
    let document = "<rs xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:q='urn:q'>\n\
        <row id='1'><amt>7</amt><note>hi</note></row><row id='2'><amt xsi:nil='true'/><note a='>' xsi:nil = \" 1 \" b=''></note></row>\
        <row id='3'><amt/><note/></row><row id='4'/><row id='5'><amt q:nil='true'/><note xsi:nil='false'/></row></rs>";
    assert_eq!(
        rows(&contract(text), document, "row"),
        ["1|7|hi|hi|hi|11", "2|-|-|-|-|10", "3|0||||11", "4|-|-|-|-|0", "5|0||||11"]
    );
    let required = text.replace("value = \"note\"", "value = \"note\", required = true");
    let nil = document.replace("<row id='4'/>", "");
    let missing = failure(&contract(&required), &nil);
    assert_eq!(
        (missing.category.name(), missing.column.as_deref()),
        ("missing_required", Some("note"))
    );
    assert_eq!(missing.path.as_deref(), Some("/rs/row[2]"));
    let whole = text.replace("root = \"rs\"", "root = \"rs\"\nrequire = [\"/rs/head\"]");
    let head = |head: &str| document.replace(">\n", &format!(">{head}\n"));
    assert_eq!(rows(&contract(&whole), &head("<head/>"), "row").len(), 5);
    let missing = failure(&contract(&whole), &head("<head xsi:nil='true'/>"));
    assert_eq!(
        (missing.category.name(), missing.path.as_deref()),
        ("missing_required", Some("/rs/head"))
    );
}

#[test]
fn case_11_one_moment_at_several_offsets() {
    let contract = contract(&table(
        "id = { type = \"int\", value = \"@id\" }\n\
         kept = { type = \"datetimeoffset(0)\", value = \"@t\" }\n\
         utc = { type = \"datetime2(0)\", value = \"SWITCHOFFSET(@t, '+00:00')\" }\n\
         there = { type = \"datetimeoffset(0)\", value = \"SWITCHOFFSET(@t, @o)\" }\n\
         minutes = { type = \"datetimeoffset(0)\", value = \"SWITCHOFFSET(CAST(@t AS datetimeoffset(0)), -90)\" }\n",
    ));
    let document = "<r><e id='1' t='2023-08-08T12:51:28+02:00' o='Z'/><e id='2' t='2023-08-08T10:51:28Z' o='-05:00'/>\
                    <e id='3' t='2023-08-08T05:51:28-0500' o='+01:00'/><e id='4' t='2023-08-08T10:51:28' o='+02:00'/>\
                    <e id='5' o='+02:00'/></r>";
    let minutes = "2023-08-08T09:21:28-01:30";
    assert_eq!(
        rows(&contract, document, "t"),
        [
            format!("1|2023-08-08T12:51:28+02:00|2023-08-08T10:51:28|2023-08-08T10:51:28+00:00|{minutes}"),
            format!("2|2023-08-08T10:51:28+00:00|2023-08-08T10:51:28|2023-08-08T05:51:28-05:00|{minutes}"),
            format!("3|2023-08-08T05:51:28-05:00|2023-08-08T10:51:28|2023-08-08T11:51:28+01:00|{minutes}"),
            format!("4|2023-08-08T10:51:28+00:00|2023-08-08T10:51:28|2023-08-08T12:51:28+02:00|{minutes}"),
            "5|-|-|-|-".to_owned(),
        ]
    );
    let failure = failure(&contract, "<r><e t='2023-08-08' o='15:00'/></r>");
    assert_eq!(failure.reason, "an offset from UTC is +02:00, or minutes, within 14 hours");
    assert_eq!(failure.path.as_deref(), Some("/r/e/@o"));
    let found =
        mistakes(&table("t = { type = \"datetime2(0)\", value = \"SWITCHOFFSET(@t, 'CET')\" }\n"));
    assert!(found.contains("error: `CET` is not an offset from UTC\n"), "{found}");
    assert!(found.contains("hint: write it as `'+02:00'`, at most 14 hours"), "{found}");
}

#[test]
fn numbers_moments_and_identifiers_as_others_write_them() {
    let contract = contract(&table(
        "n = { type = \"decimal(38,10)\", value = \"NUMBER(@n)\", on_error = \"null\" }\n\
         f = { type = \"float\", value = \"@n\", on_error = \"null\" }\n\
         d = { type = \"datetime2(0)\", value = \"@d\", on_error = \"null\" }\n\
         g = { type = \"uniqueidentifier\", value = \"@g\", on_error = \"null\" }\n",
    ));
    let row =
        |attributes: &str| rows(&contract, &format!("<r><e {attributes}/></r>"), "t").remove(0);
    for (text, number) in [
        ("1.5E3", "1500.0000000000"),
        ("-12e-4", "-0.0012000000"),
        ("+.5e+1", "5.0000000000"),
        ("1e0", "1.0000000000"),
        ("1e-50", "0.0000000000"),
        ("1e40", "-"),
        ("1e999999999999", "-"),
        ("e5", "-"),
        ("1e", "-"),
        ("$1e3", "-"),
    ] {
        assert_eq!(row(&format!("n='{text}'")).split('|').next(), Some(number), "{text}");
    }
    assert_eq!(row("n='1.5E3'").split('|').nth(1), Some("1500"));
    for (text, moment) in [
        ("2026-12-31T24:00:00", "2027-01-01T00:00:00"),
        ("2026-12-31 24:00", "2027-01-01T00:00:00"),
        ("2026-02-28T24:00:00.000Z", "2026-03-01T00:00:00"),
        ("2026-02-28T24:00:01", "-"),
        ("9999-12-31T24:00:00", "-"),
        ("Tue, 24 Nov 2026 10:00:00 +0100", "2026-11-24T10:00:00"),
        ("Mon, 24 Nov 2026 10:00:00 +0100", "-"),
        ("tuesday, november 24, 2026", "2026-11-24T00:00:00"),
        ("Tue, November 24, 2026", "-"),
    ] {
        assert_eq!(row(&format!("d='{text}'")).split('|').nth(2), Some(moment), "{text}");
    }
    let guid = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
    for text in [
        "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "{6F9619FF-8B86-D011-B42D-00C04FC964FF}",
        "6f9619ff8b86d011b42d00c04fc964ff",
        "{6f9619ff8b86d011b42d00c04fc964ff}",
        "urn:uuid:6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "URN:UUID:6f9619ff-8b86-d011-b42d-00c04fc964ff",
    ] {
        assert_eq!(row(&format!("g='{text}'")).split('|').nth(3), Some(guid), "{text}");
    }
    for text in
        ["{6f9619ff-8b86-d011-b42d-00c04fc964ff", "6f9619ff-8b86d011-b42d-00c04fc964ff", "urn:x"]
    {
        assert_eq!(row(&format!("g='{text}'")).split('|').nth(3), Some("-"), "{text}");
    }
}

/// A column refuses an exponent, which may be a mistake; a conversion that is written reads it.
#[test]
fn decimals_with_exponents_are_read_by_cast() {
    let text = "a = { type = \"decimal(9,2)\", value = \"CAST(@v AS decimal(9,3))\" }\n\
                b = { type = \"float\", value = \"@v\" }\n\
                c = { type = \"money\", value = \"TRY_CAST(@v AS money)\" }\n";
    let contract = super::contract(&table(text));
    let document = "<r><e v='1.5E3'/><e v=' -2e-2 '/><e v='12.5'/><e v='+1E+0'/></r>";
    assert_eq!(
        rows(&contract, document, "t"),
        ["1500.00|1500|1500.0000", "-0.02|-0.02|-0.0200", "12.50|12.5|12.5000", "1.00|1|1.0000"]
    );
    for text in ["1e-2147483648", "1.5E", "E3", "1.5E3.0", "0x1E3", "1E12"] {
        let failure = failure(&contract, &format!("<r><e v='{text}'/></r>"));
        assert_eq!(failure.category.name(), "bad_value", "{text}");
    }
    let column = super::contract(&table("a = { type = \"decimal(9,2)\", value = \"@v\" }\n"));
    assert_eq!(failure(&column, document).category.name(), "bad_value");
}

#[test]
fn case_11_samples_warn_of_offsets_that_are_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |columns: &str, document: &str| {
        std::fs::write(folder.path().join("contract.toml"), table(columns)).expect("write");
        std::fs::write(folder.path().join("1.xml"), document).expect("write");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_xmlshred"))
            .args(["contract", "check", "contract.toml", "--sample", "1.xml"])
            .current_dir(folder.path())
            .output()
            .expect("start");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let zoned = "<r><e t='2023-08-08T12:51:28+02:00'/><e t='2023-08-08T10:51:28Z'/></r>";
    let utc = "<r><e t='2023-08-08T10:51:28Z'/><e t='2023-08-08T10:51:28'/></r>";
    let column = |sql_type: &str, value: &str| {
        format!("c = {{ type = \"{sql_type}\", value = \"{value}\" }}\n")
    };
    for sql_type in ["datetime2(0)", "datetime", "smalldatetime", "date", "time(0)"] {
        let found = said(&column(sql_type, "@t"), zoned);
        let message = format!(
            "warning: t.c is {sql_type}, which drops the offsets from UTC that samples have (in 1.xml)\n"
        );
        assert!(found.contains(&message), "{found}");
        assert!(found.contains("SWITCHOFFSET(…, '+00:00')"), "{found}");
    }
    for (columns, document) in [
        (column("datetime2(0)", "@t"), utc),
        (column("datetimeoffset(0)", "@t"), zoned),
        (column("datetime2(0)", "SWITCHOFFSET(@t, '+00:00')"), zoned),
        (column("nvarchar(50)", "@t"), zoned),
    ] {
        assert!(!said(&columns, document).contains("drops the offsets"), "{columns}");
    }
    let found = said(&column("datetime2(0)", "CAST(@t AS datetimeoffset(0))"), zoned);
    assert!(found.contains("drops the offsets"), "{found}");
}
