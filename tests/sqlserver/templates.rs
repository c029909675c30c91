//! `ufn_MessageTemplate`, which does in T-SQL what the program does in Rust.

use xmlshred::outcome::message_template;

use crate::database::{Database, Sql};
use crate::harness::{files, SqlServerHarness};
use crate::program::is_babelfish;

crate::trials! {
    a_message_has_the_template_that_the_program_gives_it,
}

/// In any collation of the database: one that takes a pair of UTF-16 for one character, one that does not tell an
/// accent or a width, and a binary one. Babelfish has its own only.
fn a_message_has_the_template_that_the_program_gives_it() {
    let harness = SqlServerHarness::fresh();
    templates(harness.database());
    harness.leave();
    if is_babelfish() {
        return;
    }
    for collation in
        ["Latin1_General_100_CI_AI_SC", "Latin1_General_CI_AI", "Latin1_General_100_BIN2"]
    {
        let database = Database::create();
        let name = &database.name;
        Sql::connect("master").execute(&format!("ALTER DATABASE [{name}] COLLATE {collation};"));
        database.reconnect();
        database.execute(&format!("CREATE SCHEMA {} AUTHORIZATION dbo;", database.schema));
        let function = files().iter().find(|file| file.object() == "ufn_MessageTemplate");
        let text = function.expect("the function").text.replace("$(Schema)", &database.schema);
        text.split("\nGO\n").for_each(|batch| database.execute(batch));
        templates(&database);
    }
}

fn templates(database: &Database) {
    for message in [
        "order 7 of 'Smith' is not open",
        "can't take \"a 'b'\" for t_1",
        "12.50 > 7, see `x` ",
        "no 6F9619FF-8B86-D011-B42D-00C04FC964FF here",
        "it is 'open \u{ff07} or \u{2019}",
        "order \u{ff17} and \u{b2}",
        "\u{1f600} of '\u{1f600}\u{1f4be}' has 3\u{1f600}4 of 5",
        "e\u{301}1 and \u{e9}1 and 1",
        "",
    ] {
        let query = format!(
            "SELECT {}.ufn_MessageTemplate(N'{}')",
            database.schema,
            message.replace('\'', "''")
        );
        let template = database.query_exactly(&query)[0][0].clone();
        assert_eq!(template, Some(message_template(message)), "{message}");
    }
}
