#!/usr/bin/env bash
# Breaks the T-SQL in one place at a time and demands that the live suite, or the check of the syntax
# tree, turns red.
#
#   XMLSHRED_TEST_SQLSERVER=… bash tests/sqlserver/planted-bugs.sh [NAME…]
#
# Each bug is a substitution in a copy of sql/, which must match, and the part of the suite, or the
# rule of tools/tsql-check, that is to notice. The suite must be green without it. no-outer-state shows
# on an engine that ignores lock hints, such as Babelfish; where the hints hold, it may stay green.
#
# Of the suite, only tests that install through SqlServerHarness see the copy. What is generated, the
# jobs of Agent, and what only the executable installs are broken in tests of their own: see
# tests/roles/planted.rs and tools/tsql-check/broken/.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${XMLSHRED_TEST_SQLSERVER:?names the server, as an ADO.NET connection string}"

broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
only=("$@")
caught=0
missed=()
declare -A is_green=()

# Copies of the suite's program and of the T-SQL without a bug, so that a build or an edit does
# not change them during the run.
suite=$broken/suite
cp "$(cargo test --test sqlserver --no-run --message-format=json 2>/dev/null \
    | grep -o '"executable":"[^"]*sqlserver-[^"]*"' | tail -n 1 | cut -d '"' -f 4)" "$suite"
cp -r sql "$broken/whole"
# Compiled by tools/tsql-check/run.sh.
checker=${TSQL_CHECK_CACHE:-target/tsql-check}/TsqlCheck.exe

# plant NAME FILE PERL: PERL is a substitution over the whole file. Fails for a bug that is not wanted.
plant() {
    local name=$1 file=$2 substitution=$3
    if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $name "* ]]; then
        return 1
    fi
    rm -rf "$broken/sql"
    cp -r "$broken/whole" "$broken/sql"
    perl -0777 -i -pe "\$n = $substitution; END { exit(\$n == 1 ? 0 : 1) }" "$broken/sql/$file" \
        || { echo "$name: the substitution does not match in $file" >&2; exit 2; }
}

# verdict NAME 0|1 HOW: whether it was caught.
verdict() {
    local name=$1 is_caught=$2 how=$3
    if [ "$is_caught" = 1 ]; then
        caught=$((caught + 1))
        printf 'caught  %-32s %s\n' "$name" "$how"
    else
        missed+=("$name")
        printf 'MISSED  %-32s %s stayed green\n' "$name" "$how"
    fi
}

# run_with COPY TESTS: these tests of the suite, against this copy of the T-SQL.
run_with() {
    XMLSHRED_TEST_SQL="$broken/$1" RUST_BACKTRACE=0 timeout 600 "$suite" "$2" >"$broken/said" 2>&1
}

# bug NAME FILE TESTS PERL: these tests of the suite are to notice it.
bug() {
    local name=$1 file=$2 tests=$3
    plant "$name" "$file" "$4" || return 0
    if [ -z "${is_green[$tests]:-}" ]; then
        if ! run_with whole "$tests" || grep -q ' 0 passed' "$broken/said"; then
            echo "$name: $tests is not green without it:" >&2
            tail -n 5 "$broken/said" >&2
            exit 2
        fi
        is_green[$tests]=1
    fi
    if run_with sql "$tests"; then
        verdict "$name" 0 "$tests"
    elif grep -q '^install: ' "$broken/said" || ! grep -q '^test .*FAILED' "$broken/said"; then
        echo "$name: no test has failed, but something before it:" >&2
        tail -n 5 "$broken/said" >&2
        exit 2
    else
        verdict "$name" 1 "$(grep -E '^test .*FAILED' "$broken/said" | sed 's/^test sqlserver:://; s/ .*//' | head -n 1)"
    fi
}

# tree NAME FILE RULE PERL: this rule of the syntax tree, and no other, is to notice it.
tree() {
    local name=$1 file=$2 rule=$3 rules
    plant "$name" "$file" "$4" || return 0
    rules=$(mono "$checker" check "$broken/sql" | grep -oE ':-?[0-9]+: [a-z-]+: ' | cut -d ' ' -f 2 | sort -u || true)
    if [ "$rules" = "$rule:" ]; then verdict "$name" 1 "tree: $rule"; else verdict "$name" 0 "tree: $rule"; fi
}

bug no-fence procs/usp_ApplyOutcomes.sql completing::an_outcome_the_token_does_not_hold \
    's/IF \@taken_count <> \@todo_count OR \@lease_count = 0/IF 1 = 0/'
bug no-attempt-in-the-fence procs/usp_ApplyOutcomes.sql completing::an_attempt_the_token_does_not_hold \
    's/ AND o\.attempt = q\.attempts//'
bug reaping-without-expiry procs/usp_ReapExpired.sql reaping::a_lease_that_has_not_expired \
    's/WHERE c\.lease_expires_at_utc < SYSUTCDATETIME\(\)/WHERE 1 = 1/; $m = s/\n\s*AND lease_expires_at_utc < SYSUTCDATETIME\(\)//; $n = $m'
bug no-second-look-at-the-expiry procs/usp_ReapExpired.sql races::a_claim_that_is_renewed \
    's/\n\s*AND lease_expires_at_utc < SYSUTCDATETIME\(\)//'
bug no-second-look-after-enqueueing procs/usp_EnqueueApps.sql races::an_application_that_was_finished \
    's/INNER JOIN \[\$\(Schema\)\]\.\[processing_log\] AS l ON i\.app_id = l\.app_id/INNER JOIN [\$(Schema)].[processing_log] AS l ON i.app_id = -l.app_id/'
bug no-second-look-after-retrying procs/usp_Redrive.sql races::an_application_that_went_round \
    's/AND l\.is_latest = 1\s+AND l\.status = c\.was//'
bug no-outer-state procs/usp_ClaimBatch.sql claiming::claimers_side_by_side \
    's/WHERE state = 0\s+AND claim_token IS NULL\s+AND app_id IN/WHERE app_id IN/'
bug finished-is-enqueued-again procs/usp_EnqueueApps.sql enqueueing::logged_applications \
    's/INNER JOIN \[\$\(Schema\)\]\.\[processing_log\] AS l ON i\.app_id = l\.app_id/INNER JOIN [\$(Schema)].[processing_log] AS l ON i.app_id = -l.app_id/; $m = s/AND NOT EXISTS\s+\(\s+SELECT 1\s+FROM \[\$\(Schema\)\]\.\[processing_log\] AS l\s+WHERE l\.app_id = s\.\[\$\(SourceIdColumn\)\]\s+\)//; $n = $m'
bug no-rollback procs/usp_ApplyOutcomes.sql completing::a_duplicate_key_fails \
    's/\n            ROLLBACK TRANSACTION;\n\n(            -- Seldom[^\n]*\n)            SET \@kind/\n            COMMIT TRANSACTION;\n\n$1            SET \@kind/'
bug attempt-not-counted procs/usp_ClaimBatch.sql claiming::each_claim_is_an_attempt \
    's/attempts = attempts \+ 1/attempts = attempts + 0/'
bug session-not-checked procs/usp_ClaimBatch.sql claiming::a_token_of_another_session \
    's/IF \@owner_id <> \@session_id/IF 1 = 0/'
bug range-without-end procs/usp_ClaimBatch.sql claiming::ranges_are_inclusive \
    's/DECLARE \@high bigint = COALESCE\(\@app_id_end, /DECLARE \@high bigint = COALESCE(NULL, /'
bug partition-of-everybody procs/usp_ClaimBatch.sql claiming::partitions_are_disjoint \
    's/(AND q\.app_id BETWEEN \@from AND \@to\s+AND )\(q\.app_id % \@instance_count \+ \@instance_count\) % \@instance_count = \@instance_id(\s+ORDER BY q\.app_id;)/${1}1 = 1$2/'
bug bytes-without-bound procs/usp_ClaimBatch.sql claiming::a_batch_is_bounded_by_bytes \
    's/WHERE r\.running_bytes > \@max_bytes/WHERE 1 = 0/'
bug batch-not-halved procs/usp_ClaimBatch.sql reaping::a_batch_that_lost_its_worker \
    's/\@batch_size \/ POWER\(2, CASE .*?END\)/\@batch_size/'
bug never-quarantined procs/usp_ReturnApps.sql reaping::the_document_that_kills \
    's/WHEN lone_reaps \+ 1 >= \@max_reaps/WHEN 1 = 0/'
bug lost-answer-is-lost-work procs/usp_ApplyOutcomes.sql completing::completing_again_answers \
    's/IF \@taken_count < \@todo_count/IF 1 = 0/'
bug contract-not-checked procs/usp_CheckContract.sql completing::a_completion_with_another_contract \
    's/WHERE c\.contract_hash = \@contract_hash\s+AND /WHERE /'
bug failure-takes-the-rows procs/usp_ApplyOutcomes.sql redriving::a_failure_after_a_success \
    's/THEN l\.has_rows ELSE 0 END/THEN 0 ELSE 0 END/'
bug two-attempts-with-rows procs/usp_ApplyOutcomes.sql stale::a_failure_after_a_success_is_stale \
    's/\(l\.is_latest = 1 OR l\.has_rows = 1\)/l.is_latest = 1/'
bug own-rows-collide procs/usp_ApplyOutcomes.sql earlier_rows::a_success_replaces_its_own_rows \
    's/AND l\.has_rows = 1\n(\s+)AND c\.contract_hash/AND 1 = 0\n$1AND c.contract_hash/'
bug rows-that-exist-are-purged procs/usp_PurgeLog.sql stale::purging_keeps_the_row \
    's/l\.is_latest = 0 AND l\.has_rows = 0 AND/l.is_latest = 0 AND/'
bug adopted-outcomes-are-purged procs/usp_PurgeLog.sql earlier_rows::purging_keeps \
    's/ AND l\.session_id <> \x2700000000-0000-0000-0000-000000000000\x27\)/)/'
bug killed-sessions-stay procs/usp_PurgeLog.sql reporting::purging_ends_with_sessions \
    's/\n\s*OR \(s\.ended_at_utc IS NULL AND [^\n]*\)\)/)/'
bug missed-is-not-counted procs/usp_EnqueueApps.sql source::what_a_new_run_has_missed \
    's/CASE WHEN i\.app_id < \@new_from THEN 1 ELSE 0 END/0/'
bug queued-rows-are-deleted functions/ufn_FailedApps.sql stale::a_queued_application_has_no_stale_rows \
    's/WHERE q\.app_id = l\.app_id/WHERE q.app_id = -1/'
bug no-second-look-before-deleting procs/usp_DeleteStaleRows.sql races::an_application_that_is_retried_while \
    's/IF NOT EXISTS\s+\(\s+SELECT 1\s+FROM \[\$\(Schema\)\]\.\[processing_queue\] AS q WITH \(UPDLOCK, HOLDLOCK\)\s+WHERE q\.app_id = \@app_id\s+\)/IF 1 = 1/; $n = s/SET \@is_stale = \(.*?\);/SET \@is_stale = 1;/s'
bug foreign-rows-are-deleted procs/usp_DeleteStaleRows.sql stale::rows_skipped_by_a_success \
    's/INNER JOIN \[\$\(Schema\)\]\.\[processing_log_table\] AS n ON .*?INNER JOIN (\[\$\(Schema\)\]\.\[processing_contract_table\] AS c)\s+ON o\.schema_name = c\.schema_name AND o\.table_name = c\.table_name/CROSS JOIN $1 CROSS JOIN (SELECT CONVERT(bigint, 1) AS row_count) AS n/s'
bug success-is-retried procs/usp_Redrive.sql redriving::a_success_is_never_retried \
    's/AND \(l\.status = \x27failed\x27 OR \@is_retry = 0\)//'
bug last-log-row-is-purged procs/usp_PurgeLog.sql reporting::purging_keeps_the_last \
    's/WHEN l\.is_latest = 0\n\s+AND l\.has_rows = 0\n[^\n]*THEN 1/WHEN 1 = 1 THEN 1/'
bug rows-of-an-archived-document-are-forgotten procs/usp_PurgeLog.sql stale::purging_keeps_what_the_rows_of_an_archived \
    's/\@orphans = \x27Y\x27\n\s+AND NOT EXISTS/NOT EXISTS/'
bug orphans-are-kept procs/usp_PurgeLog.sql reporting::purging_orphans_leaves_nothing \
    's/\@orphans = \x27Y\x27\n\s+AND NOT EXISTS/1 = 0 AND NOT EXISTS/'
bug replaced-rows-stay-counted procs/usp_ApplyOutcomes.sql redriving::a_requeued_application_keeps \
    's/FROM \@replaced AS r/FROM \@replaced AS r WHERE 1 = 0/'
bug failures-are-counted-as-successes procs/usp_ApplyOutcomes.sql sums::what_is_in_the_queue_again \
    's/COALESCE\(o\.failure_category, N\x27success\x27\)\)/N\x27success\x27)/g; $n = $n > 0'
bug retried-stays-counted procs/usp_Redrive.sql sums::what_is_in_the_queue_again \
    's/WHERE c\.moved = 1\n\s+AND c\.was <> \x27quarantined\x27\n\s+GROUP BY/WHERE 1 = 0 GROUP BY/'
bug erased-stays-counted procs/usp_EraseApps.sql erasing::everything_of_an_application \
    's/AND l\.is_latest = 1\n\s+AND \@state IS NULL/AND 1 = 0/'
bug purged-orphans-stay-counted procs/usp_PurgeLog.sql reporting::purging_orphans_leaves_nothing \
    's/WHERE l\.is_latest = 1\n\s+GROUP BY COALESCE/WHERE 1 = 0 GROUP BY COALESCE/'
bug deleted-stale-rows-stay-counted procs/usp_DeleteStaleRows.sql stale::stale_rows_are_deleted_on_request \
    's/-w\.row_count/0 * w.row_count/'
bug backfilled-rows-are-not-counted procs/usp_BackfillApps.sql backfilling:: \
    's/\n\s+w\.row_count\n/\n 0 * w.row_count\n/'
bug the-ended-session-s-sums-are-lost procs/usp_EndSession.sql sums::the_sums_of_sessions_that_ended \
    's/EXEC \[\$\(Schema\)\]\.\[usp_AddSums\];//'
bug lock-timeout-is-unknown functions/ufn_RefusalKind.sql unforeseen::each_number_of_the_page \
    's/1205, 1222,/1205,/'
bug lease-not-renewed procs/usp_RenewLease.sql leasing::a_renewed_lease \
    's/lease_expires_at_utc = DATEADD\(MILLISECOND, \@lease_ms, \@now\)/lease_expires_at_utc = lease_expires_at_utc/'
bug released-attempt-is-spent procs/usp_ReleaseClaim.sql completing::a_released_claim \
    's/attempts = attempts - 1\n/attempts = attempts\n/'

bug refused-is-never-quarantined procs/usp_ReturnApps.sql refusing::one_refused_for_an_unknown_reason \
    's/WHEN lone_reaps \+ 1 >= \@max_reaps/WHEN 1 = 0/'
bug every-refusal-counts-as-alone procs/usp_CompleteBatch.sql refusing::a_batch_of_which_nothing_passes \
    's/\@to_refuse = 1\n/1 = 1\n/'
bug refusal-is-forgotten functions/ufn_ClaimOutcome.sql refusing::a_repeated_completion_returns \
    "s/AND e\\.event_type = 'refused'/AND 1 = 0/"
bug unknown-is-the-server-s functions/ufn_RefusalKind.sql refusing::documents_that_the_database_refuses \
    "s/ELSE 'unknown'/ELSE 'server'/"
bug data-is-unknown functions/ufn_RefusalKind.sql completing::a_batch_that_is_refused_as_a_whole \
    's/\n                515,//'
bug bisection-forgets-a-half procs/usp_CompleteBatch.sql unforeseen::a_large_batch_is_halved \
    's/GROUP BY h\.half;/GROUP BY h.half HAVING h.half = 1;/'
bug server-counts-at-once procs/usp_CompleteBatch.sql refusing::a_reason_of_the_server_without \
    "s/WHEN 'server' THEN 0 ELSE 1 END/WHEN 'server' THEN 1 ELSE 1 END/"
bug server-never-counts procs/usp_CompleteBatch.sql refusing::a_reason_of_the_server_counts \
    's/AND t\.success > 0/AND 1 = 0/'

# Pauses, and what a person reads.
bug pause-of-another procs/usp_Pause.sql races::a_pause_that_others_end_while \
    's/WHERE p\.pause_id = COALESCE.*?;/WHERE p.resumed_at_utc IS NULL;/s'
bug pause-that-is-not-found procs/usp_Pause.sql races::a_pause_that_others_end_at_once \
    's/WHERE p\.pause_id = COALESCE.*?;/WHERE p.resumed_at_utc IS NULL;/s'
bug resuming-ends-nothing procs/usp_Resume.sql inspecting::while_claiming_is_paused \
    's/WHERE resumed_at_utc IS NULL;/WHERE resumed_at_utc IS NULL AND 1 = 0;/'
bug halving-overflows procs/usp_ClaimBatch.sql reaping::one_reaped_very_often \
    's/POWER\(2, CASE .*?END\)/POWER(2, \@reaps)/'
bug states-without-applications-are-left-out views/vw_QueueStatus.sql monitoring::every_state_is_counted \
    's/\) AS q\nUNION ALL/) AS q\nWHERE q.applications > 0\nUNION ALL/'
bug hidden-is-called-missing procs/usp_HealthCheck.sql findings::what_the_caller_may_not_see \
    's/WHERE \@sees_schema = 1\s+AND NOT EXISTS/WHERE NOT EXISTS/'
bug hidden-target-is-called-missing procs/usp_HealthCheck.sql findings::a_hidden_target_table \
    's/CASE s\.is_seen WHEN 1 THEN 1 ELSE 3 END/1/'
bug agent-stops-the-check procs/usp_HealthCheck.sql findings::agent_s_jobs_that_cannot_be_read \
    's/(BEGIN CATCH\s+)(INSERT INTO #finding \(priority, finding, detail, why, fix\)\s+SELECT\s+3,\s+N.cannot look.)/$1THROW;\n        $2/'
bug claim-index-by-its-columns procs/usp_HealthCheck.sql findings::a_claim_index_of_another_name \
    's/\(i\.name = w\.index_name OR w\.index_name <> N.IX_processing_queue_claim.\)/1 = 1/'
bug page-locks-of-the-queue-only procs/usp_HealthCheck.sql findings::page_locks_and_escalation \
    's/IN \(N.processing_queue., N.processing_claim.\)(\s+AND i\.allow_page_locks)/IN (N\x27processing_queue\x27)$1/'
bug generated-is-fixed-without-the-contract procs/usp_HealthCheck.sql findings::what_a_contract_generates \
    's/N.contract\/%/N\x27contract\/usp%/'
bug vanished-workers-stay procs/usp_HealthCheck.sql monitoring::a_vanished_worker_is_found \
    's/BETWEEN DATEADD\(DAY, -7, \@now\) AND \@hour_ago/<= \@hour_ago/'
bug missed-is-not-found procs/usp_HealthCheck.sql findings::applications_that_new_missed \
    's/w\.full_apps_missed > 0/1 = 0/'
bug hanging-enqueue-is-not-named procs/usp_HealthCheck.sql findings::an_enqueue_that_hangs \
    's/WHEN 0 THEN N.; another one runs or hangs./WHEN 2 THEN N\x27; another one runs or hangs\x27/'
bug mail-that-says-nothing procs/usp_HealthCheck.sql findings::findings_are_sent_by_mail \
    's/ AND EXISTS \(SELECT 1 FROM #finding\)//'
bug findings-are-kept-once procs/usp_HealthCheck.sql findings::findings_are_kept \
    's/IS NULL(\s+SELECT \@now AS checked_at_utc)/IS NOT NULL RETURN; ELSE$1/'

# What a single server does not show, and the syntax tree does.
tree versions-are-enqueued procs/usp_EnqueueApps.sql source-read 's/ WITH \(READCOMMITTEDLOCK\)//'
tree enqueueing-keeps-its-lock procs/usp_EnqueueApps.sql session-lock \
    's/\@LockOwner = .Transaction./\@LockOwner = \x27Session\x27/'
tree plan-is-pinned procs/usp_Redrive.sql pinned-plan 's/OPTION \(RECOMPILE\)/OPTION (KEEPFIXED PLAN)/'
tree key-among-log-tables tables/processing_log_table.sql own-foreign-key \
    's/(CONSTRAINT PK_processing_log_table)/CONSTRAINT FK_processing_log_table_log FOREIGN KEY (app_id, attempt) REFERENCES [\$(Schema)].[processing_log] (app_id, attempt),\n        $1/'
tree log-cannot-be-reorganized tables/processing_log.sql page-locks \
    's/(CONSTRAINT PK_processing_log PRIMARY KEY CLUSTERED \(app_id, attempt\))/$1 WITH (ALLOW_PAGE_LOCKS = OFF)/'
tree claims-wait-for-pages tables/processing_claim.sql page-locks 's/\s+WITH \(ALLOW_PAGE_LOCKS = OFF\)//'
tree queue-is-sampled tables/processing_queue.sql volatile-statistics \
    's/, STATISTICS_NORECOMPUTE = ON//g; $n = $n ? 1 : 0'
tree view-waits-for-completions views/vw_Sessions.sql monitoring-waits 's/ AS k WITH \(NOLOCK\)/ AS k/'
tree check-waits-for-completions procs/usp_HealthCheck.sql monitoring-waits \
    's/ AS c WITH \(NOLOCK\)(\s+WHERE c\.lease_expires_at_utc <)/ AS c$1/'
tree versions-are-skipped procs/usp_ReapExpired.sql readpast 's/\(READPAST, READCOMMITTEDLOCK\)/(READPAST)/'
tree caller-s-transaction-is-taken procs/usp_ReapExpired.sql callers-transaction 's/IF \@\@TRANCOUNT > 0\s+THROW/IF 1 = 0\n        THROW/'

echo "$caught caught, ${#missed[@]} missed"
[ ${#missed[@]} -eq 0 ]
