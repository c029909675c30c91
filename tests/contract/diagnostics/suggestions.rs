//! The nearest known name to a misspelt one.

use crate::contract::said;

/// The hint for a key that is not one of the table's columns.
fn hint(name: &str, columns: &[&str]) -> String {
    let column = |name: &&str| format!("{name} = {{ type = \"int\", value = \"@{name}\" }}\n");
    let columns: String = columns.iter().map(column).collect();
    let found = said(&format!(
        "[contract]\nname = \"t\"\n[document]\nroot = \"r\"\n[[tables]]\nname = \"t\"\n\
         each = \"/r\"\napp_column = \"app_id\"\nprimary_key = [\"{name}\"]\n\
         [tables.columns]\napp_id = {{ type = \"int\", value = \"APP_ID()\" }}\n{columns}"
    ));
    let hint = found.lines().find_map(|line| line.strip_prefix("hint: "));
    hint.unwrap_or_else(|| panic!("{found}")).to_owned()
}

#[test]
fn one_slip_in_a_short_name_is_recognised() {
    let columns = ["con_id", "decision", "nam", "name"];
    for (name, nearest) in
        [("ap_id", "app_id"), ("DECISON", "decision"), ("decisino", "decision"), ("namee", "name")]
    {
        assert_eq!(hint(name, &columns), format!("did you mean `{nearest}`?"));
    }
}

#[test]
fn a_different_word_is_not_offered() {
    assert_eq!(hint("salary", &["con_id"]), "one of `app_id`, `con_id`");
    assert_eq!(hint("", &["con_id"]), "one of `app_id`, `con_id`");
}
