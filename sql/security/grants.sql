SET ANSI_NULLS ON;
SET QUOTED_IDENTIFIER ON;
GO
/*
The permissions of each role of roles.sql. Granting again changes nothing.

VIEW DEFINITION, because catalog views and OBJECT_ID show a caller only what it may see, also inside a
procedure. It is granted on the target tables where they are created, with usp_LoadApps.
*/
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetContract] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_StartSession] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_EndSession] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_EnqueueApps] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ClaimBatch] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_RenewLease] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_CompleteBatch] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_CompleteApp] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReleaseClaim] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReapExpired] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetClaimOutcome] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetStatus] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReadDocument] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListFinished] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_BackfillApps] TO [shred_worker];
GRANT EXECUTE ON OBJECT::[$(Schema)].[ufn_SourceProblem] TO [shred_worker];
GRANT VIEW DEFINITION ON OBJECT::[$(SourceSchema)].[$(SourceTable)] TO [shred_worker];

GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetContract] TO [shred_loader];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_CheckLoad] TO [shred_loader];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_FindFile] TO [shred_loader];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_FindDocuments] TO [shred_loader];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_LoadDocuments] TO [shred_loader];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_UnloadDocuments] TO [shred_loader];

GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetContract] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_EnqueueApps] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReleaseClaim] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReapExpired] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_RetryFailed] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_RequeueApps] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_PurgeLog] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_DeleteStaleRows] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_EraseApps] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetClaimOutcome] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetStatus] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ReadDocument] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_Pause] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_Resume] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ExplainApp] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListAppsOfFile] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListFailures] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListCauses] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetReport] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListUnprocessed] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListWritten] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_HealthCheck] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_Reconcile] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_RecountSums] TO [shred_operator];
GRANT EXECUTE ON OBJECT::[$(Schema)].[ufn_SourceProblem] TO [shred_operator];
GRANT VIEW DEFINITION ON SCHEMA::[$(Schema)] TO [shred_operator];
GRANT VIEW DEFINITION ON OBJECT::[$(SourceSchema)].[$(SourceTable)] TO [shred_operator];

GRANT VIEW DEFINITION ON SCHEMA::[$(Schema)] TO [shred_monitor];
GRANT VIEW DEFINITION ON OBJECT::[$(SourceSchema)].[$(SourceTable)] TO [shred_monitor];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_HealthCheck] TO [shred_monitor];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ExplainApp] TO [shred_monitor];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListAppsOfFile] TO [shred_monitor];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetStatus] TO [shred_monitor];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_ListCauses] TO [shred_monitor];
GRANT EXECUTE ON OBJECT::[$(Schema)].[usp_GetReport] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_QueueStatus] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_ActiveClaims] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_RecentFailures] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_FailureFingerprints] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Quarantine] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Sessions] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Throughput] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_PartitionProgress] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_LeaseTimeline] TO [shred_monitor];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Reconciliation] TO [shred_monitor];

GRANT SELECT ON OBJECT::[$(Schema)].[vw_QueueStatus] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_ActiveClaims] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_RecentFailures] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_FailureFingerprints] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Quarantine] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Sessions] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Throughput] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_PartitionProgress] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_LeaseTimeline] TO [shred_operator];
GRANT SELECT ON OBJECT::[$(Schema)].[vw_Reconciliation] TO [shred_operator];
GO
