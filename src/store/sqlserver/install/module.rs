//! Sending the definition of a module to engines with and without `CREATE OR ALTER`.

use crate::store::sqlserver::connection::Connection;
use crate::store::sqlserver::fault::Fault;

const CREATE_OR_ALTER: &str = "CREATE OR ALTER ";

/// Sends a batch. Babelfish, on which the tests run where no SQL Server is at hand, knows no
/// `CREATE OR ALTER`, so the module is dropped and created, and no VIEW DEFINITION, because its
/// catalog shows everybody everything.
pub(super) fn send(connection: &mut Connection, sql: &str) -> Result<(), Fault> {
    if !connection.is_babelfish() {
        return connection.batch_at_length(sql).map(drop);
    }
    if let Some(drop_statement) = drop_of_module(sql) {
        connection.batch_at_length(&drop_statement)?;
    }
    connection.batch_at_length(&for_babelfish(sql)).map(drop)
}

/// A question about definitions, as the server takes it.
pub(super) fn query(connection: &Connection, sql: String) -> String {
    match connection.is_babelfish() {
        true => for_babelfish(&sql),
        false => sql,
    }
}

fn for_babelfish(sql: &str) -> String {
    let known = |line: &&str| !line.trim_start().starts_with("GRANT VIEW DEFINITION ");
    let lines: Vec<&str> = sql.lines().filter(known).collect();
    let sql = lines.join("\n").replacen(CREATE_OR_ALTER, "CREATE ", 1);
    // HASHBYTES takes no more than 8,000 bytes there.
    sql.replace("', m.definition)", "', SUBSTRING(m.definition, 1, 4000))")
}

/// `DROP PROCEDURE IF EXISTS …` for a batch that creates or alters one.
fn drop_of_module(sql: &str) -> Option<String> {
    let (_, definition) = sql.split_once(CREATE_OR_ALTER)?;
    let (kind, rest) = definition.split_once(' ')?;
    let end = rest.find("].[").and_then(|dot| Some(dot + 3 + rest[dot + 3..].find(']')?))?;
    Some(format!("DROP {kind} IF EXISTS {};", &rest[..=end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_that_a_batch_makes_is_dropped_first() {
        let sql = "/* a */\nCREATE OR ALTER FUNCTION [s].[ufn_X] (@a int)\nRETURNS int";
        assert_eq!(drop_of_module(sql).unwrap(), "DROP FUNCTION IF EXISTS [s].[ufn_X];");
        let sql = "CREATE OR ALTER PROCEDURE [s].[usp_X]\n    @a int\nAS";
        assert_eq!(drop_of_module(sql).unwrap(), "DROP PROCEDURE IF EXISTS [s].[usp_X];");
        assert_eq!(drop_of_module("SELECT 1;"), None);
    }
}
