//! What each role sees, against what the owner sees.

use super::{not_sql_server, Evening, Verdict};
use crate::bench::Bench;
use crate::database::Sql;

type Rows = Vec<Vec<Option<String>>>;

/// Every view that is granted, and the procedures that only look, called as a member of each role.
/// A role may see NULL where the owner sees a value, and a remark on what it cannot look at
/// (priority 3). It must not see another value, nor a finding that is none.
pub(super) fn each_role_sees_the_truth(evening: &Evening) -> Verdict {
    let bench = Bench::ready(50);
    bench.succeed(&evening.worker());
    if evening.is_babelfish() {
        // EXECUTE AS USER is not there, and the catalog shows everybody everything.
        return not_sql_server();
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for role in ["shred_worker", "shred_operator", "shred_monitor"] {
        let user = format!("evening_{role}");
        bench.execute(&format!(
            "CREATE USER [{user}] WITHOUT LOGIN; ALTER ROLE [{role}] ADD MEMBER [{user}];"
        ));
        for call in calls(&bench, role) {
            compared += 1;
            let owner = ask(&bench, "", &call).expect("what the owner sees");
            match ask(&bench, &format!("EXECUTE AS USER = N'{user}';"), &call) {
                Err(error) => wrong.push(format!("{role}: {call} {error}")),
                Ok(seen) if agrees(&call, &owner, &seen) => {}
                Ok(seen) => {
                    let differs = |row: &&Vec<Option<String>>| !owner.contains(row);
                    let first = seen.iter().find(differs).or(seen.first());
                    wrong.push(format!(
                        "{role}: {call} {} rows, owner {}: {first:?}",
                        seen.len(),
                        owner.len()
                    ));
                }
            }
        }
    }
    evening.write("roles.txt", &wrong.join("\n"));
    match wrong.is_empty() {
        true => Verdict::Passed(format!("{compared} views and procedures compared")),
        false => Verdict::Failed(format!(
            "{} of {compared} differ; roles.txt: {}",
            wrong.len(),
            wrong[0]
        )),
    }
}

/// The statements for what the role is granted.
fn calls(bench: &Bench, role: &str) -> Vec<String> {
    let granted = bench.database.query_exactly(&format!(
        "SELECT OBJECT_SCHEMA_NAME(p.major_id) + N'.' + o.name, o.[type]
         FROM sys.database_permissions AS p
         INNER JOIN sys.objects AS o ON p.major_id = o.object_id
         WHERE p.class = 1 AND p.grantee_principal_id = DATABASE_PRINCIPAL_ID(N'{role}')
             AND p.[type] IN ('EX', 'SL')
         ORDER BY o.name"
    ));
    let arguments = [
        ("usp_HealthCheck", ""),
        ("usp_GetStatus", ""),
        ("usp_Reconcile", ""),
        ("usp_ListFailures", ""),
        ("usp_ExplainApp", " @app_id = 1"),
    ];
    let call = |row: Vec<Option<String>>| {
        let name = row[0].clone()?;
        if row[1].as_deref().map(str::trim) == Some("V") {
            return Some(format!("SELECT * FROM {name};"));
        }
        let known =
            arguments.iter().find(|(procedure, _)| name.ends_with(&format!(".{procedure}")));
        known.map(|(_, arguments)| format!("EXEC {name}{arguments};"))
    };
    granted.into_iter().filter_map(call).collect()
}

/// A connection of its own, because an error leaves it as another user.
fn ask(bench: &Bench, before: &str, call: &str) -> Result<Rows, String> {
    let mut sql = Sql::connect(&bench.database.name);
    if !before.is_empty() {
        sql.execute(before);
    }
    sql.try_query_exactly(call).map_err(|error| error.to_string())
}

fn agrees(call: &str, owner: &Rows, seen: &Rows) -> bool {
    let is_like = |seen: &Vec<Option<String>>, owner: &Vec<Option<String>>| {
        seen.len() == owner.len() && seen.iter().zip(owner).all(|(s, o)| s.is_none() || s == o)
    };
    if call.contains("usp_HealthCheck") {
        let is_remark = |row: &Vec<Option<String>>| row[0].as_deref() == Some("3");
        return seen.iter().all(|row| is_remark(row) || owner.iter().any(|o| is_like(row, o)));
    }
    seen.len() == owner.len() && seen.iter().all(|row| owner.iter().any(|o| is_like(row, o)))
}
