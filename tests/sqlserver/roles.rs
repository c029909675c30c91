//! A member of each role for people runs every procedure and view that it is granted.

use xmlshred::store::sqlserver::install::FILES;

use crate::bench::Bench;
use crate::database::Sql;
use crate::program::{
    create_login, drop_login, grant_what_one_owner_grants, is_babelfish, PASSWORD,
};

crate::trials! {
    an_operator_runs_everything_it_is_granted,
    a_monitor_runs_everything_it_is_granted,
}

/// The arguments of the procedures that cannot be called without.
const ARGUMENTS: &[(&str, &str)] = &[
    ("usp_DeleteStaleRows", "@Execute = 'N'"),
    ("usp_EraseApps", "@app_ids = N'1', @Execute = 'N'"),
    ("usp_ExplainApp", "@app_id = 1"),
    ("usp_GetClaimOutcome", "@claim_token = '6F9619FF-8B86-D011-B42D-00C04FC964FF'"),
    ("usp_ListAppsOfFile", "@file_name = N'a.xml'"),
    ("usp_Pause", "@reason = N'a test'"),
    ("usp_PurgeLog", "@older_than_seconds = 86400, @Execute = 'N'"),
    ("usp_ReadDocument", "@app_id = 1"),
    ("usp_ReleaseClaim", "@claim_token = '6F9619FF-8B86-D011-B42D-00C04FC964FF'"),
    ("usp_RequeueApps", "@app_ids = N'1', @Execute = 'N'"),
    ("usp_RetryFailed", "@all = 'Y', @Execute = 'N'"),
];

/// What grants.sql lets a role run, as statements.
fn statements(role: &str) -> Vec<String> {
    let grants = FILES.iter().find(|file| file.name == "security/grants.sql").expect("grants");
    let granted = grants.text.lines().filter_map(|line| {
        let (what, to) = line.trim().strip_prefix("GRANT ")?.rsplit_once(" TO ")?;
        let (permission, object) = what.split_once(" ON OBJECT::[$(Schema)].[")?;
        let object = object.strip_suffix(']')?;
        (to == format!("[{role}];")).then_some((permission, object))
    });
    let statement = |(permission, object): (&str, &str)| match permission {
        "EXECUTE" if object.starts_with("ufn_") => format!("SELECT pipeline.{object}() AS value;"),
        "EXECUTE" => {
            let arguments = ARGUMENTS.iter().find(|(name, _)| *name == object);
            format!("EXEC pipeline.{object} {};", arguments.map_or("", |(_, arguments)| arguments))
        }
        _ => format!("SELECT * FROM pipeline.{object};"),
    };
    granted.map(statement).collect()
}

fn runs_everything(role: &str) {
    let bench = Bench::with_apps(4);
    // Finished applications are requeued only where their rows are replaced.
    let contract = std::fs::read_to_string(bench.path("contract.toml")).expect("the contract");
    bench.write("contract.toml", &contract.replace("each =", "on_existing = \"replace\"\neach ="));
    bench.succeed("install --contract contract.toml");
    bench.succeed("enqueue");
    bench.succeed("run --contract contract.toml --fail-on never --limit 2");
    let login = create_login(&bench);
    bench.execute(&format!("ALTER ROLE {role} ADD MEMBER [{login}];"));
    if is_babelfish() {
        grant_what_one_owner_grants(&bench, role);
    }
    let mut member = Sql::connect_as(&bench.connection_string_as(&login, PASSWORD));
    let statements = statements(role);
    assert!(statements.len() > 10, "{statements:?}");
    let mut refused = Vec::new();
    for statement in &statements {
        if let Err(error) = member.try_query(&bench.database.own(statement)) {
            let said = format!("{statement}: {error}");
            // There a caller needs a permission on the table variable of a function.
            if !(is_babelfish() && said.contains("permission denied for table @")) {
                refused.push(said);
            }
        }
    }
    // What it sees is the truth: nothing is missing.
    let check = member.try_query(&bench.database.own("EXEC pipeline.usp_HealthCheck;"));
    let status = member.try_query(&bench.database.own("EXEC pipeline.usp_GetStatus;"));
    let written = member.try_query(&bench.database.own("DELETE FROM pipeline.processing_claim;"));
    drop(member);
    drop_login(&bench, &login);
    assert_eq!(refused, Vec::<String>::new());
    let found: Vec<_> = check.expect("the check").iter().map(|row| row[1].clone()).collect();
    // There no login has VIEW DEFINITION, so that the check says that it cannot look.
    let unless_babelfish = if is_babelfish() { "index missing" } else { "cannot look" };
    let wrong = ["index missing", "object missing", "target table missing", unless_babelfish];
    assert!(!found.iter().flatten().any(|finding| wrong.contains(&finding.as_str())), "{found:?}");
    let status = status.expect("the status");
    assert!(status[0][0].is_some(), "the source is seen: {status:?}");
    assert!(is_babelfish() || written.is_err(), "a role writes to a table");
}

fn an_operator_runs_everything_it_is_granted() {
    runs_everything("shred_operator");
}

fn a_monitor_runs_everything_it_is_granted() {
    runs_everything("shred_monitor");
}
