//! Calls by hand that make no sense: refused with everything that is wrong, and nothing changed.

use crate::harness::SqlServerHarness;
use crate::store::harness::{Harness, Worker};

crate::trials! {
    a_senseless_call_is_refused_with_all_that_is_wrong,
    a_call_within_a_transaction_is_refused,
}

const GUID: &str = "'00000000-0000-0000-0000-00000000000a'";

/// A call, the number of its refusal, and parts of what is said.
const SENSELESS: &[(&str, u32, &[&str])] = &[
    (
        "usp_StartSession @session_id = NULL, @worker_name = N'', @host_name = NULL,
         @process_id = -1, @program_version = NULL, @contract_hash = 0x00",
        50001,
        &[
            "@session_id",
            "@worker_name",
            "@host_name",
            "@process_id",
            "@program_version",
            "32 bytes",
        ],
    ),
    ("usp_EndSession @session_id = NULL, @exit_status = 256", 50001, &["@session_id", "0 to 255"]),
    ("usp_EndSession @session_id = GUID, @exit_status = 0", 50003, &["usp_StartSession"]),
    (
        "usp_EnqueueApps @mode = 'all', @overlap = -1, @chunk_size = 4001",
        50001,
        &["new, full or range", "@overlap", "@chunk_size"],
    ),
    ("usp_EnqueueApps @mode = 'range', @app_id_start = 2, @app_id_end = 1", 50001, &["above"]),
    ("usp_EnqueueApps @mode = NULL", 50001, &["@mode"]),
    (
        "usp_ClaimBatch @claim_token = NULL, @session_id = NULL, @contract_hash = NULL,
         @batch_size = 4001, @max_bytes = 0, @lease_ms = -1, @instance_count = 0,
         @app_id_start = 2, @app_id_end = 1",
        50001,
        &[
            "@claim_token",
            "@session_id",
            "@contract_hash",
            "@batch_size",
            "@max_bytes",
            "@lease_ms",
            "@instance_count",
            "@app_id_start",
        ],
    ),
    (
        "usp_ClaimBatch @claim_token = GUID, @session_id = GUID, @contract_hash = HASH,
         @instance_id = 3, @instance_count = 3",
        50001,
        &["@instance_id must be 0 to @instance_count - 1"],
    ),
    (
        "usp_ClaimBatch @claim_token = GUID, @session_id = GUID, @contract_hash = HASH",
        50003,
        &["does not exist"],
    ),
    ("usp_RenewLease @claim_token = NULL, @lease_ms = 0", 50001, &["@claim_token", "@lease_ms"]),
    (
        "usp_CompleteBatch @claim_token = NULL, @contract_hash = 0x00, @max_reaps = 0",
        50001,
        &["@claim_token", "32 bytes", "@max_reaps", "#outcome"],
    ),
    (
        "usp_CompleteApp @claim_token = NULL, @contract_hash = NULL, @app_id = 7",
        50001,
        &["@claim_token", "32 bytes", "#outcome", "@app_id 7 has no row"],
    ),
    (
        "usp_CompleteApp @claim_token = GUID, @contract_hash = HASH, @app_id = NULL",
        50001,
        &["@app_id is missing"],
    ),
    ("usp_ReleaseClaim @claim_token = NULL", 50001, &["@claim_token"]),
    ("usp_ReapExpired @max_claims = 0, @max_reaps = NULL", 50001, &["@max_claims", "@max_reaps"]),
    ("usp_GetClaimOutcome @claim_token = NULL", 50001, &["@claim_token"]),
    (
        "usp_RetryFailed @app_ids = N'1, x', @all = 'Y', @canary = -1, @Execute = 'X'",
        50001,
        &["exactly one", "x", "@canary", "@Execute"],
    ),
    ("usp_RetryFailed", 50001, &["exactly one"]),
    (
        "usp_RequeueApps @app_id_start = 1, @not_by_contract = 0x00, @canary = -1",
        50001,
        &["exactly one", "A range needs", "@not_by_contract", "@canary"],
    ),
    (
        "usp_PurgeLog @older_than_seconds = -1, @chunk_size = 0, @Execute = NULL",
        50001,
        &["@older_than_seconds", "@chunk_size", "@Execute"],
    ),
    (
        "usp_DeleteStaleRows @app_ids = N'1, x', @canary = -1, @Execute = NULL",
        50001,
        &["an id: x", "@canary", "@Execute"],
    ),
    (
        "usp_InstallContract @contract_hash = 0x00, @contract_name = N''",
        50001,
        &["32 bytes", "@contract_name", "#contract_table"],
    ),
    ("usp_Pause", 50001, &["@reason"]),
    ("usp_ReadDocument @app_id = NULL", 50001, &["@app_id"]),
    ("usp_ListFailures @page_size = 10001", 50001, &["@page_size"]),
    ("usp_GetReport @slices = 0", 50001, &["@slices"]),
    ("usp_ExplainApp @app_id = NULL", 50001, &["@app_id"]),
    (
        "usp_HealthCheck @backlog_hours = 0, @failure_percent = 101, @stale_seconds = -1, \
         @retention_days = NULL, @clock_skew_ms = 0, @lease_count = 1",
        50001,
        &[
            "@backlog_hours",
            "@failure_percent",
            "@stale_seconds",
            "@retention_days",
            "@clock_skew_ms",
            "@lease_count",
        ],
    ),
    ("usp_Reconcile @examples = 1001", 50001, &["@examples"]),
];

/// What a token that no claim has comes to: an answer that says so, or a refusal, and no change.
const UNKNOWN: &[(&str, &str)] = &[
    ("usp_RenewLease @claim_token = GUID", "lost"),
    ("usp_ReleaseClaim @claim_token = GUID", "0"),
];

/// What a call could have changed.
fn state(harness: &SqlServerHarness) -> Vec<Vec<Option<String>>> {
    let counts = ["queue", "claim", "log", "event", "session", "watermark", "pause", "contract"]
        .map(|table| format!("(SELECT COUNT(*) FROM {{processing_{table}}})"));
    harness.query(&format!("SELECT {}", counts.join(", ")))
}

/// The number and the words of a refused statement.
fn refusal(harness: &SqlServerHarness, sql: &str) -> (u32, String) {
    let sql = harness.database().own(sql);
    match harness.database().with(|connection| connection.try_query(&sql)) {
        Err(tiberius::error::Error::Server(error)) => (error.code(), error.message().to_owned()),
        other => panic!("{sql}: {other:?}"),
    }
}

fn a_senseless_call_is_refused_with_all_that_is_wrong() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(3);
    let mut worker = Worker::start(&harness, &contract);
    worker.claim(1);
    let before = state(&harness);
    for (call, number, parts) in SENSELESS {
        let call = call.replace("GUID", GUID).replace("HASH", &format!("0x{}", contract.hash));
        let (said_number, said) = refusal(&harness, &format!("EXEC pipeline.{call};"));
        assert_eq!(said_number, *number, "{call}: {said}");
        for part in *parts {
            assert!(said.contains(part), "{part:?} is not in what {call} said: {said}");
        }
    }
    for (call, answer) in UNKNOWN {
        let sql = harness.own(&format!("EXEC pipeline.{};", call.replace("GUID", GUID)));
        assert_eq!(harness.database().query(&sql)[0][0].as_deref(), Some(*answer), "{call}");
    }
    assert_eq!(state(&harness), before);
    harness.assert_invariants();
    drop(worker);
    harness.leave();
}

fn a_call_within_a_transaction_is_refused() {
    let harness = SqlServerHarness::fresh();
    let contract = harness.prepare(3);
    for call in [
        "usp_StartSession @session_id = GUID, @worker_name = N'a', @host_name = N'a',
         @process_id = 1, @program_version = N'1', @contract_hash = HASH",
        "usp_EndSession @session_id = GUID, @exit_status = 0",
        "usp_EnqueueApps",
        "usp_ClaimBatch @claim_token = GUID, @session_id = GUID, @contract_hash = HASH",
        "usp_RenewLease @claim_token = GUID",
        "usp_CompleteBatch @claim_token = GUID, @contract_hash = HASH",
        "usp_CompleteApp @claim_token = GUID, @contract_hash = HASH, @app_id = 1",
        "usp_GetClaimOutcome @claim_token = GUID",
        "usp_ReleaseClaim @claim_token = GUID",
        "usp_ReapExpired",
        "usp_RetryFailed @all = 'Y'",
        "usp_RequeueApps @app_ids = N'1'",
        "usp_PurgeLog",
        "usp_DeleteStaleRows",
        "usp_Pause @reason = N'a'",
        "usp_Resume",
    ] {
        let call = call.replace("GUID", GUID).replace("HASH", &format!("0x{}", contract.hash));
        let sql = format!("BEGIN TRANSACTION; EXEC pipeline.{call};");
        let (number, said) = refusal(&harness, &sql);
        harness.database().execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;");
        assert_eq!(number, 50002, "{call}: {said}");
    }
    harness.leave();
}
