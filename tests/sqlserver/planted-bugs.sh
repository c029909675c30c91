#!/usr/bin/env bash
# Breaks the T-SQL in one place at a time and demands that the live suite turns red.
#
#   XMLSHRED_TEST_SQLSERVER=… bash tests/sqlserver/planted-bugs.sh [NAME…]
#
# Each bug is a substitution in a copy of sql/, which must match, and the part of the suite that is
# to notice. no-outer-state shows on an engine that ignores lock hints, such as Babelfish; where the
# hints hold, it may stay green.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${XMLSHRED_TEST_SQLSERVER:?names the server, as an ADO.NET connection string}"

broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
only=("$@")
caught=0
missed=()

# Copies of the suite's program and of the T-SQL without a bug, so that a build or an edit does
# not change them during the run.
suite=$broken/suite
cp "$(cargo test --test sqlserver --no-run --message-format=json 2>/dev/null \
    | grep -o '"executable":"[^"]*sqlserver-[^"]*"' | tail -n 1 | cut -d '"' -f 4)" "$suite"
cp -r sql "$broken/whole"

# bug NAME FILE TESTS PERL: PERL is a substitution over the whole file.
bug() {
    local name=$1 file=$2 tests=$3 substitution=$4
    if [ ${#only[@]} -gt 0 ] && [[ " ${only[*]} " != *" $name "* ]]; then
        return
    fi
    rm -rf "$broken/sql"
    cp -r "$broken/whole" "$broken/sql"
    perl -0777 -i -pe "\$n = $substitution; END { exit(\$n == 1 ? 0 : 1) }" "$broken/sql/$file" \
        || { echo "$name: the substitution does not match in $file" >&2; exit 2; }
    if XMLSHRED_TEST_SQL="$broken/sql" RUST_BACKTRACE=0 timeout 600 "$suite" "$tests" >"$broken/said" 2>&1; then
        missed+=("$name")
        printf 'MISSED  %-32s %s\n' "$name" "$tests stayed green"
    elif grep -q '^install: ' "$broken/said" || ! grep -q '^test .*FAILED' "$broken/said"; then
        echo "$name: no test has failed, but something before it:" >&2
        tail -n 5 "$broken/said" >&2
        exit 2
    else
        caught=$((caught + 1))
        printf 'caught  %-32s %s\n' "$name" "$(grep -E '^test .*FAILED' "$broken/said" | sed 's/^test sqlserver:://; s/ .*//' | head -n 1)"
    fi
}

bug no-fence procs/usp_ApplyOutcomes.sql reaping::a_reaped_worker_writes_nothing \
    's/IF \@taken_count <> \@todo_count OR NOT EXISTS \(SELECT 1 FROM \@lease\)/IF 1 = 0/'
bug no-attempt-in-the-fence procs/usp_ApplyOutcomes.sql completing::an_attempt_the_token_does_not_hold \
    's/ AND t\.attempt = q\.attempts//'
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
    's/INNER JOIN \[\$\(Schema\)\]\.\[processing_log\] AS l ON i\.app_id = l\.app_id/INNER JOIN [\$(Schema)].[processing_log] AS l ON i.app_id = -l.app_id/; $m = s/AND NOT EXISTS\s+\(\s+SELECT 1\s+FROM \[\$\(Schema\)\]\.\[processing_log\] AS l\s+WHERE l\.app_id = s\.app_id\s+\)//; $n = $m'
bug no-rollback procs/usp_ApplyOutcomes.sql completing::a_duplicate_key_fails \
    's/\n            ROLLBACK TRANSACTION;\n\n            SET \@kind/\n            COMMIT TRANSACTION;\n\n            SET \@kind/'
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
    's/WHERE d\.app_id = o\.app_id\n/WHERE 1 = 0\n/'
bug contract-not-checked procs/usp_CheckContract.sql completing::a_completion_with_another_contract \
    's/WHERE c\.contract_hash = \@contract_hash\s+AND /WHERE /'
bug failure-takes-the-rows procs/usp_ApplyOutcomes.sql redriving::a_failure_after_a_success \
    's/ELSE l\.has_rows END/ELSE 0 END/'
bug two-attempts-with-rows procs/usp_ApplyOutcomes.sql stale::a_failure_after_a_success_is_stale \
    's/\(l\.is_latest = 1 OR l\.has_rows = 1\)/l.is_latest = 1/'
bug own-rows-collide procs/usp_ApplyOutcomes.sql earlier_rows::a_success_replaces_its_own_rows \
    's/AND l\.has_rows = 1\n                    AND c\.contract_hash/AND 1 = 0\n                    AND c.contract_hash/'
bug rows-that-exist-are-purged procs/usp_PurgeLog.sql stale::purging_keeps_the_row \
    's/\(l\.is_latest = 0 AND l\.has_rows = 0\)/l.is_latest = 0/'
bug killed-sessions-stay procs/usp_PurgeLog.sql reporting::purging_ends_with_sessions \
    's/\n\s*OR \(s\.ended_at_utc IS NULL AND [^\n]*\)\)/)/'
bug missed-is-not-counted procs/usp_EnqueueApps.sql source::what_a_new_run_has_missed \
    's/CASE WHEN i\.app_id < \@new_from THEN 1 ELSE 0 END/0/'
bug queued-rows-are-deleted functions/ufn_StaleApps.sql stale::a_queued_application_has_no_stale_rows \
    's/WHERE q\.app_id = l\.app_id/WHERE q.app_id = -1/'
bug no-second-look-before-deleting procs/usp_DeleteStaleRows.sql races::an_application_that_is_retried_while \
    's/IF NOT EXISTS\s+\(\s+SELECT 1\s+FROM \[\$\(Schema\)\]\.\[processing_queue\] AS q WITH \(UPDLOCK, HOLDLOCK\)\s+WHERE q\.app_id = \@app_id\s+\)/IF 1 = 1/; $n = s/SET \@is_stale = \(.*?\);/SET \@is_stale = 1;/s'
bug foreign-rows-are-deleted procs/usp_DeleteStaleRows.sql stale::rows_skipped_by_a_success \
    's/INNER JOIN \[\$\(Schema\)\]\.\[processing_log_table\] AS n ON .*?INNER JOIN (\[\$\(Schema\)\]\.\[processing_contract_table\] AS c)\s+ON o\.schema_name = c\.schema_name AND o\.table_name = c\.table_name/CROSS JOIN $1 CROSS JOIN (SELECT CONVERT(bigint, 1) AS row_count) AS n/s'
bug success-is-retried procs/usp_Redrive.sql redriving::a_success_is_never_retried \
    's/AND \(l\.status = \x27failed\x27 OR \@is_retry = 0\)//'
bug last-log-row-is-purged procs/usp_PurgeLog.sql reporting::purging_keeps_the_last \
    's/AND \(l\.is_latest = 0 OR \@orphans = \x27Y\x27\)//; $n = s/\(l\.is_latest = 0 AND l\.has_rows = 0\)/1 = 1/'
bug orphans-are-kept procs/usp_PurgeLog.sql reporting::purging_orphans_leaves_nothing \
    's/AND \(l\.is_latest = 0 OR \@orphans = \x27Y\x27\)/AND l.is_latest = 0/'
bug lock-timeout-is-unknown functions/ufn_RefusalKind.sql unforeseen::a_lock_timeout_keeps_its_number \
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

echo "$caught caught, ${#missed[@]} missed"
[ ${#missed[@]} -eq 0 ]
