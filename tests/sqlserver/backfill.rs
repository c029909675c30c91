//! `backfill` against a server, with target tables of others.

use serde_json::{json, Value};

use crate::bench::{Bench, Said};
use crate::program::{
    create_login, drop_login, grant_what_one_owner_grants, is_babelfish, PASSWORD,
};

crate::trials! {
    what_a_contract_learned_is_added_and_reconciled,
    a_backfill_of_a_server_is_killed_and_repeated,
    an_adopted_application_is_backfilled_and_stays_adopted,
    two_backfills_and_a_worker_add_nothing_twice,
    a_backfill_that_finds_the_sums_locked_says_so,
    each_role_backfills_or_is_refused,
}

const SMALL: &str = include_str!("../backfill/small.toml");
const LEARNED: &str = include_str!("../backfill/learned.toml");

/// Documents 1 to `n` were finished with the small contract, and the other is installed now. Two of
/// its tables are of others: one with an identity column, one that no foreign key ties to it.
fn learned(n: i64) -> Bench {
    let bench = Bench::with_apps(0);
    add(&bench, 1, n);
    bench.write("contract.toml", SMALL);
    bench.succeed("install --contract contract.toml");
    bench.succeed("enqueue");
    bench.succeed("run --contract contract.toml --log-level warn");
    bench.database.execute(
        "CREATE TABLE dbo.contact
         (
             con_id int IDENTITY(1, 1) NOT NULL PRIMARY KEY,
             app_id int NOT NULL,
             label nvarchar(20) NULL,
             entered datetime2(3) NOT NULL DEFAULT ('2026-01-01')
         );",
    );
    bench.database.execute(
        "CREATE TABLE dbo.phone
         (
             con_id int NOT NULL,
             kind varchar(10) NOT NULL,
             number varchar(40) NULL,
             PRIMARY KEY (con_id, kind)
         );",
    );
    bench.write("contract.toml", LEARNED);
    bench.succeed("install --contract contract.toml");
    bench
}

/// Documents with an amount, two contacts with a phone each, and a remark.
fn add(bench: &Bench, from: i64, to: i64) {
    for id in from..=to {
        let contact = |n: i64| {
            format!(
                "<contact id='{}' label='home'><phone kind='work' number='555'/></contact>",
                id * 10 + n
            )
        };
        let document = format!(
            "<a name='n{id}' amount='1.50'>{}{}<remark>seen</remark></a>",
            contact(1),
            contact(2)
        );
        let hex: String = document.bytes().map(|byte| format!("{byte:02X}")).collect();
        bench
            .database
            .execute(&format!("INSERT INTO dbo.app_xml (app_id, xml) VALUES ({id}, 0x{hex});"));
    }
}

const ALL: &str = "backfill --table person,contact,phone,remark --all --contract contract.toml \
                   --format json --log-level off";

fn counts(bench: &Bench) -> [i64; 4] {
    ["person", "contact", "phone", "remark"]
        .map(|table| bench.number(&format!("SELECT COUNT(*) FROM dbo.{table}")))
}

fn json_of(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// Nothing differs between documents, log and tables.
fn assert_agreed(bench: &Bench) {
    let said = bench.run("verify --all --contract contract.toml --log-level off");
    assert_eq!(said.status, 0, "{said:?}");
    for row in
        bench.database.query(&bench.database.own("EXEC pipeline.usp_Reconcile @examples = 0;"))
    {
        assert_eq!((row[3].as_deref(), row[4].as_deref()), (Some("0"), Some("0")), "{row:?}");
    }
}

fn what_a_contract_learned_is_added_and_reconciled() {
    let bench = learned(3);
    bench.execute("UPDATE dbo.person SET name = N'edited', amount = 7 WHERE app_id = 1;");
    let said = bench.run(&format!("{ALL} --dry-run"));
    assert_eq!((said.status, counts(&bench)), (0, [3, 0, 0, 0]), "{said:?}");
    let missing = json!([
        {"table": "contact", "column": null, "count": 6},
        {"table": "person", "column": "amount", "count": 2},
        {"table": "person", "column": "seen", "count": 3},
        {"table": "phone", "column": null, "count": 6},
        {"table": "remark", "column": null, "count": 3},
    ]);
    assert_eq!(json_of(&said)["missing"], missing);
    let said = bench.run(ALL);
    assert_eq!((said.status, counts(&bench)), (0, [3, 6, 6, 3]), "{said:?}");
    assert_eq!(json_of(&said)["missing"], missing);
    let edited =
        "SELECT COUNT(*) FROM dbo.person WHERE app_id = 1 AND name = N'edited' AND amount = 7";
    assert_eq!(bench.number(edited), 1);
    bench.execute("UPDATE dbo.person SET name = N'n1', amount = 1.5 WHERE app_id = 1;");
    assert_agreed(&bench);

    // A row without a parent would belong to nobody, and no foreign key of the table says so.
    bench.execute("DELETE FROM dbo.phone; DELETE FROM dbo.contact WHERE con_id = 11;");
    let said = bench.run(&ALL.replace("person,contact,phone,remark", "phone"));
    let found = json_of(&said);
    assert_eq!((said.status, &found["left_out"]["refused"]), (1, &json!(1)), "{said:?}");
    let reason = found["examples"][0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("its parent row is missing"), "{said:?}");
    assert_eq!(counts(&bench), [3, 5, 4, 3]);
    bench.succeed(ALL);
    assert_agreed(&bench);
}

fn a_backfill_of_a_server_is_killed_and_repeated() {
    let bench = learned(60);
    let said = Said::of(bench.command(ALL).env("XMLSHRED_FAILPOINT", "amid_backfill"));
    assert_ne!(said.status, 0, "{said:?}");
    assert_eq!(counts(&bench), [60, 100, 100, 50], "the first 50 are done");
    let said = bench.run(ALL);
    assert_eq!((said.status, counts(&bench)), (0, [60, 120, 120, 60]), "{said:?}");
    assert_eq!(json_of(&said)["applications_backfilled"], json!(10));
    assert_agreed(&bench);
}

fn an_adopted_application_is_backfilled_and_stays_adopted() {
    let bench = learned(2);
    bench.execute(
        "UPDATE pipeline.processing_log
         SET session_id = '00000000-0000-0000-0000-000000000000', has_rows = 0, source_hash = NULL,
             claim_token = '00000000-0000-0000-0000-000000000000',
             contract_hash = CONVERT(binary(32), 0x00)
         WHERE app_id = 1;
         DELETE FROM pipeline.processing_log_table WHERE app_id = 1;",
    );
    let log = "SELECT COUNT(*) FROM pipeline.processing_log WHERE app_id = 1 AND attempt = 1 AND has_rows = 0";
    bench.succeed(ALL);
    assert_eq!(counts(&bench), [2, 4, 4, 2]);
    let events = "SELECT COUNT(*) FROM pipeline.processing_event WHERE event_type = 'backfilled'";
    assert_eq!((bench.number(log), bench.number(events)), (1, 2));
    assert_eq!(bench.number("SELECT COUNT(*) FROM pipeline.processing_log"), 3);
    bench.succeed(ALL);
    assert_eq!((counts(&bench), bench.number(events)), ([2, 4, 4, 2], 2));
    let reconciled =
        bench.database.query(&bench.database.own("EXEC pipeline.usp_Reconcile @examples = 0;"));
    for row in reconciled {
        assert_eq!((row[3].as_deref(), row[4].as_deref()), (Some("0"), Some("0")), "{row:?}");
    }
}

fn two_backfills_and_a_worker_add_nothing_twice() {
    let bench = learned(20);
    add(&bench, 21, 40);
    bench.succeed("enqueue");
    bench.succeed("requeue --app-id-start 1 --app-id-end 10 --contract contract.toml");
    let worker = "run --contract contract.toml --log-level warn --batch-size 3";
    let commands = [ALL, ALL, worker].map(|command| bench.command(command));
    std::thread::scope(|scope| {
        for mut command in commands {
            scope.spawn(move || {
                let said = Said::of(&mut command);
                assert!(said.status <= 1, "{said:?}");
            });
        }
    });
    let said = bench.run(ALL);
    assert_eq!((said.status, counts(&bench)), (0, [40, 80, 80, 40]), "{said:?}");
    assert_agreed(&bench);
}

fn each_role_backfills_or_is_refused() {
    let bench = learned(1);
    let login = create_login(&bench);
    let mut found = Vec::new();
    for (role, allowed) in
        [("shred_operator", false), ("shred_monitor", false), ("shred_worker", true)]
    {
        bench.execute(&format!("ALTER ROLE {role} ADD MEMBER [{login}];"));
        if is_babelfish() {
            grant_what_one_owner_grants(&bench, role);
        }
        let as_login = bench.connection_string_as(&login, PASSWORD);
        let command = "backfill --table person --all --contract contract.toml --log-level off";
        let said = Said::of(bench.command(command).env("XMLSHRED_CONNECTION_STRING", as_login));
        bench.execute(&format!("ALTER ROLE {role} DROP MEMBER [{login}];"));
        found.push((role, allowed, said));
    }
    drop_login(&bench, &login);
    for (role, allowed, said) in found {
        // There a caller needs a permission on the table variable of a function, which nobody can give.
        let is_there = is_babelfish() && said.stderr.contains("permission denied for table @");
        match allowed {
            true => assert!(said.status == 0 || is_there, "{role}: {said:?}"),
            false => assert!(said.status >= 4 && said.stdout.is_empty(), "{role}: {said:?}"),
        }
    }
}

fn a_backfill_that_finds_the_sums_locked_says_so() {
    let bench = learned(2);
    crate::sums::lock_sums(&bench.database);
    let (_, said) = bench.fail(ALL);
    assert!(said.contains("(50033)"), "{said}");
    assert_eq!(counts(&bench)[1..], [0, 0, 0]);
}
