use proptest::prelude::*;
use xmlshred::value::SqlType;

fn shown(text: &str) -> String {
    match SqlType::parse(text) {
        Ok(sql_type) => sql_type.to_string(),
        Err(error) => format!("{error}: {}", error.hint()),
    }
}

#[test]
fn a_type_is_read_in_any_case_with_blanks_anywhere() {
    for (text, expected) in [
        ("bit", "bit"),
        ("INT", "int"),
        ("Integer", "int"),
        (" TinyInt ", "tinyint"),
        ("smallint", "smallint"),
        ("BIGINT", "bigint"),
        ("decimal ( 12 , 2 )", "decimal(12,2)"),
        ("numeric(5)", "decimal(5,0)"),
        ("dec(38,38)", "decimal(38,38)"),
        ("money", "money"),
        ("float(24)", "real"),
        ("float(25)", "float"),
        ("float(53)", "float"),
        ("real", "real"),
        ("date", "date"),
        ("time(0)", "time(0)"),
        ("datetime", "datetime"),
        ("smalldatetime", "smalldatetime"),
        ("datetime2(3)", "datetime2(3)"),
        ("DateTimeOffset(7)", "datetimeoffset(7)"),
        ("char(5)", "char(5)"),
        ("varchar(8000)", "varchar(8000)"),
        ("varchar( MAX )", "varchar(max)"),
        ("nchar(4000)", "nchar(4000)"),
        ("nvarchar(max)", "nvarchar(max)"),
        ("uniqueidentifier", "uniqueidentifier"),
        ("varbinary(16)", "varbinary(16)"),
        ("varbinary(max)", "varbinary(max)"),
        ("xml", "xml"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn what_is_left_out_is_as_in_sql_servers_ddl() {
    for (text, expected) in [
        ("decimal", "decimal(18,0)"),
        ("numeric", "decimal(18,0)"),
        ("float", "float"),
        ("time", "time(7)"),
        ("datetime2", "datetime2(7)"),
        ("datetimeoffset", "datetimeoffset(7)"),
        ("char", "char(1)"),
        ("varchar", "varchar(1)"),
        ("nchar", "nchar(1)"),
        ("nvarchar", "nvarchar(1)"),
        ("varbinary", "varbinary(1)"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn a_wrong_parameter_is_named_with_its_range() {
    for (text, expected) in [
        ("decimal(39,2)", "`decimal(39,2)` has a precision of 39: it must be 1 to 38"),
        ("decimal(5,6)", "`decimal(5,6)` has a scale of 6: it must be 0 to 5, the precision"),
        ("datetime2(8)", "`datetime2(8)` has a fraction of 8: it must be 0 to 7 digits"),
        ("varchar(8001)", "`varchar(8001)` has a length of 8001: it must be 1 to 8000, or max"),
        ("nvarchar(0)", "`nvarchar(0)` has a length of 0: it must be 1 to 4000, or max"),
        ("nchar(max)", "`nchar(max)` has a length of max: it must be 1 to 4000"),
        ("float(54)", "`float(54)` has a mantissa of 54: it must be 1 to 53 bits"),
        ("int(4)", "`int(4)` is not a valid type: write int"),
        (
            "datetime(3)",
            "`datetime(3)` is not a valid type: write datetime, or datetime2(n) with digits",
        ),
        ("decimal(1,2,3)", "`decimal(1,2,3)` is not a valid type: write decimal(p,s)"),
        (
            "decimal(1,2",
            "`decimal(1,2` is not a valid type: write the closing parenthesis at the end",
        ),
    ] {
        assert_eq!(shown(text), expected);
    }
}

#[test]
fn an_unknown_type_gets_the_nearest_name_or_the_whole_list() {
    for (text, suggestion) in [
        ("nvarchr(50)", "nvarchar"),
        ("datetim2", "datetime2"),
        ("itn", "int"),
        ("intger", "integer"),
        ("string", "nvarchar(n)"),
        ("BOOLEAN", "bit"),
        ("text", "varchar(max)"),
        ("uuid", "uniqueidentifier"),
    ] {
        let name = text.split('(').next().unwrap();
        let expected = format!("unknown type `{name}`: did you mean `{suggestion}`?");
        assert_eq!(shown(text), expected);
    }
    let list = "the types are bit, tinyint, smallint";
    assert!(shown("geography").starts_with(&format!("unknown type `geography`: {list}")));
    assert!(shown("").starts_with(&format!("unknown type ``: {list}")));
}

#[test]
fn predicates_sort_the_types() {
    let sql_type = |text: &str| SqlType::parse(text).unwrap();
    for text in ["char(3)", "varchar(3)", "nchar(3)", "nvarchar(3)"] {
        assert!(sql_type(text).is_character());
        assert_eq!(sql_type(text).max_chars(), Some(3));
    }
    for text in ["tinyint", "smallint", "int", "bigint", "decimal", "money", "float", "real"] {
        assert!(!sql_type(text).is_character() && !sql_type(text).is_temporal());
    }
    for text in ["date", "time", "datetime", "smalldatetime", "datetime2", "datetimeoffset"] {
        assert!(sql_type(text).is_temporal() && !sql_type(text).is_character());
    }
    assert_eq!(sql_type("nvarchar(max)").max_chars(), None);
    assert!(!sql_type("xml").is_character());
    assert_eq!(sql_type("tinyint").integer_range(), Some((0, 255)));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,12}|[a-z]{3,9}\\([0-9,max ]{0,6}\\)?") {
        if let Ok(sql_type) = SqlType::parse(&text) {
            prop_assert_eq!(SqlType::parse(&sql_type.to_string()), Ok(sql_type));
        }
    }
}

#[test]
fn text_in_a_cast_has_length_30_where_none_is_given() {
    for (text, parsed) in [
        ("varchar", "varchar(30)"),
        ("nvarchar", "nvarchar(30)"),
        ("char", "char(30)"),
        ("varbinary", "varbinary(30)"),
        ("varchar(5)", "varchar(5)"),
        ("nvarchar(max)", "nvarchar(max)"),
        ("decimal", "decimal(18,0)"),
    ] {
        assert_eq!(SqlType::parse_in_cast(text).unwrap().to_string(), parsed, "{text}");
    }
}
