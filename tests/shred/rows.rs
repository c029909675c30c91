//! Which rows there are, in which order, and what is in them.

use super::{contract, failure, rows_of, shred, with_root};
use xmlshred::outcome::FailureCategory;

const ID: &str = "app_id = { type = \"int\", value = \"APP_ID()\" }\n";

fn table(options: &str, columns: &str) -> String {
    format!(
        "[[tables]]\nname = \"t\"\neach = '/r/a'\napp_column = \"app_id\"\n{options}\n\
         [tables.columns]\n{ID}{columns}\n"
    )
}

#[test]
fn where_is_decided_before_values_and_keep_when_after_them() {
    let contract = with_root(&table(
        "where = \"@use = 'y'\"\nkeep_when = \"n IS NOT NULL\"",
        "n = { type = \"int\", value = '@n' }",
    ));
    let document = "<r><a use='y' n='1'/><a use='n' n='bad'/><a use='y'/><a use='y' n='4'/></r>";
    assert_eq!(rows_of(&contract, &shred(&contract, document), "t"), ["7|1", "7|4"]);
}

#[test]
fn of_rows_with_one_key_the_preferred_takes_the_place_of_the_first() {
    let contract = with_root(&table(
        "distinct = { by = [\"@k\"], keep = \"last\", prefer = \"CASE @role WHEN 'PR' THEN 0 ELSE 1 END\" }",
        "k = { type = \"nvarchar(10)\", value = '@k' }\nx = { type = \"int\", value = '@x' }",
    ));
    let document = "<r><a k='1' role='S' x='1'/><a k='2' role='S' x='2'/><a k='1' role='PR' x='3'/>\
                    <a k='2' role='S' x='4'/><a k='1' role='PR' x='5'/><a k='1' role='S' x='6'/></r>";
    assert_eq!(rows_of(&contract, &shred(&contract, document), "t"), ["7|1|5", "7|2|4"]);
}

#[test]
fn ordinals_count_the_rows_that_are_left_and_defaults_come_last() {
    let contract = with_root(&table(
        "keep_when = \"n IS NOT NULL\"",
        "n = { type = \"int\", value = '@n' }\no = { type = \"int\", value = 'ORDINAL() * 10' }\n\
         d = { type = \"varchar(5)\", value = '@d', default = \"none\" }",
    ));
    let document = "<r><a n='1'/><a/><a n='3' d='x'/></r>";
    assert_eq!(rows_of(&contract, &shred(&contract, document), "t"), ["7|1|10|none", "7|3|20|x"]);
}

#[test]
fn rows_below_a_dropped_row_are_dropped() {
    let contract = with_root(&format!(
        "[[tables]]\nname = \"p\"\neach = '/r/p'\nprimary_key = [\"k\"]\napp_column = \"app_id\"\n\
         where = \"@k <> 'no'\"\ndistinct = {{ by = [\"@k\"], keep = \"last\" }}\n[tables.columns]\n\
         k = {{ type = \"nvarchar(9)\", value = '@k', required = true }}\n{ID}\
         [[tables]]\nname = \"c\"\neach = '/r/p/c'\napp_column = \"app_id\"\n\
         foreign_key = {{ columns = [\"k\"], references = \"p\" }}\n[tables.columns]\n\
         k = {{ type = \"nvarchar(9)\", value = '../@k' }}\n{ID}x = {{ type = \"int\", value = '@x' }}\n"
    ));
    let document = "<r><p k='a'><c x='1'/></p><p k='no'><c x='2'/></p><p k='a'><c x='3'/></p></r>";
    let outcome = shred(&contract, document);
    assert_eq!(rows_of(&contract, &outcome, "p"), ["a|7"]);
    assert_eq!(rows_of(&contract, &outcome, "c"), ["a|7|3"]);
}

/// The example of `shred::rows`.
#[test]
fn orphans_are_dropped_before_duplicates() {
    let contract = with_root(&format!(
        "[[tables]]\nname = \"p\"\neach = '/r/p'\nprimary_key = [\"k\"]\napp_column = \"app_id\"\n\
         where = \"@k <> 'no'\"\ndistinct = {{ by = [\"@k\"], keep = \"last\" }}\n[tables.columns]\n\
         k = {{ type = \"nvarchar(9)\", value = '@k', required = true }}\n{ID}\
         n = {{ type = \"int\", value = '@n' }}\n\
         [[tables]]\nname = \"c\"\neach = '/r/p/c'\napp_column = \"app_id\"\n\
         foreign_key = {{ columns = [\"k\"], references = \"p\" }}\ndistinct = {{ by = [\"@x\"] }}\n\
         [tables.columns]\nk = {{ type = \"nvarchar(9)\", value = '../@k' }}\n{ID}\
         y = {{ type = \"int\", value = '@y' }}\n"
    ));
    let document = "<r><p k='a' n='1'><c x='5' y='1'/></p><p k='no' n='2'><c x='5' y='2'/></p>\
                    <p k='a' n='3'><c x='5' y='3'/><c x='6' y='4'/></p></r>";
    let outcome = shred(&contract, document);
    assert_eq!(rows_of(&contract, &outcome, "p"), ["a|7|3"]);
    assert_eq!(rows_of(&contract, &outcome, "c"), ["a|7|3", "a|7|4"]);
}

/// Two rules fill the parent table; the child's row of a dropped parent would be its first.
const TWO_PARENTS: &str = "[[tables]]
name = 'p'
each = '/r/p'
primary_key = ['k']
app_column = 'app_id'
where = \"@use = 'a'\"
[tables.columns]
app_id = { type = 'int', value = 'APP_ID()' }
k = { type = 'nvarchar(9)', value = '@k', required = true }
[[tables]]
name = 'p'
each = '/r/p'
app_column = 'app_id'
where = \"@use = 'b'\"
[tables.columns]
app_id = { type = 'int', value = 'APP_ID()' }
k = { type = 'nvarchar(9)', value = '@k', required = true }
[[tables]]
name = 'c'
each = '/r/p/c'
app_column = 'app_id'
foreign_key = { columns = ['k'], references = 'p' }
distinct = { by = ['@x'] }
[tables.columns]
app_id = { type = 'int', value = 'APP_ID()' }
k = { type = 'nvarchar(9)', value = '../@k' }
x = { type = 'int', value = '@x' }
";

#[test]
fn a_row_below_a_dropped_row_never_wins() {
    let document = "<r><p use='no' k='1'><c x='5'/></p><p use='a' k='2'><c x='5'/></p></r>";
    let contract = with_root(TWO_PARENTS);
    assert_eq!(rows_of(&contract, &shred(&contract, document), "c"), ["7|2|5"]);
}

#[test]
fn a_row_below_an_element_of_which_one_rule_made_a_parent_stays() {
    let document = "<r><p use='a' k='1'><c x='5'/></p><p use='b' k='2'><c x='6'/></p></r>";
    let contract = with_root(TWO_PARENTS);
    let outcome = shred(&contract, document);
    assert_eq!(rows_of(&contract, &outcome, "p"), ["7|1", "7|2"]);
    assert_eq!(rows_of(&contract, &outcome, "c"), ["7|1|5", "7|2|6"]);
}

/// The winner takes the place of the first row, and keeps its own template's expressions.
#[test]
fn a_winner_of_another_template_is_numbered_by_its_own_expression() {
    let contract = with_root(&format!(
        "[[tables]]\nname = \"t\"\neach = '/r/a'\napp_column = \"app_id\"\n\
         distinct = {{ by = [\"@k\"], keep = \"last\" }}\n[tables.columns]\n{ID}\
         k = {{ type = \"int\", value = '@k' }}\no = {{ type = \"int\" }}\n\
         [[tables.rows]]\no = \"ORDINAL()\"\n[[tables.rows]]\no = \"ORDINAL() * 10\"\n"
    ));
    let rows = rows_of(&contract, &shred(&contract, "<r><a k='5'/></r>"), "t");
    assert_eq!(rows, ["7|5|10"]);
}

#[test]
fn templates_make_several_rows_of_one_element() {
    let contract = with_root(&format!(
        "[[tables]]\nname = \"t\"\neach = '/r/a'\napp_column = \"app_id\"\n\
         keep_when = \"score IS NOT NULL\"\n[tables.columns]\n{ID}\
         name = {{ type = \"nvarchar(9)\" }}\nscore = {{ type = \"int\" }}\n\
         [[tables.rows]]\nname = \"'one'\"\nscore = \"@one\"\n\
         [[tables.rows]]\nwhen = \"@v LIKE 'V4[_]%'\"\nname = \"'two'\"\nscore = \"@two\"\n"
    ));
    let document =
        "<r><a one='1' two='2' v='V4_x'/><a one='3' two='4' v='V4x'/><a two='6' v='V4_'/></r>";
    let rows = rows_of(&contract, &shred(&contract, document), "t");
    assert_eq!(rows, ["7|one|1", "7|two|2", "7|one|3", "7|two|6"]);
}

#[test]
fn several_rules_fill_one_table_in_document_order() {
    let rule = |each: &str, value: &str| {
        format!(
            "[[tables]]\nname = \"t\"\neach = '{each}'\napp_column = \"app_id\"\n[tables.columns]\n\
             {ID}x = {{ type = \"nvarchar(9)\", value = \"{value}\" }}\n"
        )
    };
    let contract =
        with_root(&format!("{}{}", rule("/r/b", "'b' || @x"), rule("/r/a", "'a' || @x")));
    let document = "<r><a x='1'/><b x='2'/><a x='3'/></r>";
    assert_eq!(rows_of(&contract, &shred(&contract, document), "t"), ["7|a1", "7|b2", "7|a3"]);
}

#[test]
fn nested_row_elements_come_in_document_order() {
    let contract = with_root(&format!(
        "[[tables]]\nname = \"t\"\neach = '//a'\napp_column = \"app_id\"\n[tables.columns]\n\
         {ID}x = {{ type = \"int\", value = \"@x\" }}\n"
    ));
    let document = "<r><a x='1'><a x='2'><a x='3'/></a></a><a x='4'/></r>";
    assert_eq!(rows_of(&contract, &shred(&contract, document), "t"), ["7|1", "7|2", "7|3", "7|4"]);
}

#[test]
fn a_lookup_matches_exactly_then_ignoring_case_then_fails() {
    let contract = contract(&format!(
        "[contract]\nname = \"t\"\ntarget_schema = \"dbo\"\n[document]\nroot = \"r\"\n\
         [lookups.d]\nmatch = \"exact-then-ignore-case\"\non_blank = \"null\"\non_unmapped = \"error\"\n\
         [lookups.d.values]\nYes = 1\nyes = 2\nNo = 3\n{}",
        table("", "v = { type = \"int\", value = \"LOOKUP('d', @v)\" }")
    ));
    let document = "<r><a v='yes'/><a v='Yes'/><a v=' YES '/><a v='no'/><a v=''/><a/></r>";
    let rows = rows_of(&contract, &shred(&contract, document), "t");
    assert_eq!(rows, ["7|2", "7|1", "7|1", "7|3", "7|-", "7|-"]);
    let failed = failure(&contract, "<r><a v='maybe'/></r>");
    assert_eq!(failed.category, FailureCategory::UnmappedLookup);
    assert_eq!(failed.value.as_deref(), Some("maybe"));
}

#[test]
fn a_shredder_returns_the_same_rows_again() {
    let contract = with_root(&table("", "x = { type = \"int\", value = \"@x\" }"));
    let mut shredder = xmlshred::shred::Shredder::new(contract.clone(), Default::default());
    let mut rows = |document: &str| {
        let now = chrono::DateTime::UNIX_EPOCH;
        shredder.shred(xmlshred::id::AppId(7), now, Some(&super::text(document)))
    };
    let first = rows("<r><a x='1'/><a x='2'/></r>");
    assert!(rows("<r><a x='1'/><a x='bad'/></r>").is_err());
    assert!(rows("<r><a x='1'/><a").is_err());
    assert_eq!(rows("<r><a x='1'/><a x='2'/></r>"), first);
}
