//! Mistakes that the model has to find.

use super::modules::Module;
use super::Installed;

/// The faults after `change` where there were none.
fn faults_after(change: impl FnOnce(&mut Installed)) -> Vec<String> {
    let mut installed = Installed::this_version();
    change(&mut installed);
    installed.all_faults()
}

/// The file of a module with another text in the place of `old`.
fn edited(installed: &mut Installed, name: &str, old: &str, new: &str) {
    let file = xmlshred::store::sqlserver::install::FILES.iter().find(|file| file.object() == name);
    let text = file.expect("a file").text.replace("\r\n", "\n");
    assert!(text.contains(old), "{name} has no {old}");
    installed.modules.insert(name.to_owned(), Module::parse(&text.replace(old, new)));
}

fn revoke(installed: &mut Installed, grant: &str) {
    assert!(installed.grants.contains(grant), "{grant}");
    installed.grants = installed.grants.replace(grant, "");
}

/// One fault at least, and each of them says `expected`.
fn assert_found(faults: &[String], expected: &str) {
    assert!(!faults.is_empty(), "nothing says {expected}");
    assert!(faults.iter().all(|fault| fault.contains(expected)), "{expected}: {faults:#?}");
}

#[test]
fn a_check_that_looks_at_hidden_indexes_is_found() {
    let faults = faults_after(|installed| {
        revoke(installed, "GRANT VIEW DEFINITION ON SCHEMA::[$(Schema)] TO [shred_monitor];");
    });
    assert_found(
        &faults,
        "shred_monitor runs usp_HealthCheck: usp_HealthCheck asks the catalog about Schema",
    );
}

#[test]
fn a_view_that_counts_hidden_tables_is_found() {
    let faults = faults_after(|installed| {
        let lines: Vec<_> = installed.grants.lines().map(str::to_owned).collect();
        let hides = |line: &&String| {
            !(line.contains("VIEW DEFINITION ON OBJECT::[dbo].") && line.contains("shred_monitor"))
        };
        installed.grants = lines.iter().filter(hides).map(|line| format!("{line}\n")).collect();
    });
    assert_found(&faults, "asks the catalog about Targets");
    assert!(faults.iter().any(|fault| fault.contains("vw_Reconciliation")), "{faults:#?}");
}

#[test]
fn a_source_that_its_reader_cannot_see_is_found() {
    let faults = faults_after(|installed| {
        let source = "OBJECT::[$(SourceSchema)].[$(SourceTable)] TO [shred_worker];";
        revoke(installed, &format!("GRANT VIEW DEFINITION ON {source}"));
    });
    assert_found(&faults, "asks the catalog about Source");
    let through = "usp_ClaimBatch: ufn_SourceDocumentType";
    assert!(faults.iter().any(|fault| fault.contains(through)), "through a function: {faults:#?}");
}

#[test]
fn a_built_statement_without_its_owner_is_found() {
    let faults = faults_after(|installed| {
        let built = "    EXEC (N'SELECT 1;');\n\n    CREATE TABLE #written";
        edited(installed, "usp_Reconcile", "    CREATE TABLE #written", built);
    });
    assert_found(&faults, "usp_Reconcile runs a statement that it builds");
}

#[test]
fn an_owner_that_leaves_the_database_is_found() {
    let faults = faults_after(|installed| {
        edited(
            installed,
            "usp_HealthCheck",
            "\nAS\nBEGIN\n",
            "\nWITH EXECUTE AS OWNER\nAS\nBEGIN\n",
        );
    });
    assert_found(&faults, "usp_HealthCheck names another database, which its owner does not reach");
}

#[test]
fn a_statement_that_chaining_does_not_cover_is_found() {
    let faults = faults_after(|installed| {
        let truncate = "SET NOCOUNT ON;\n    TRUNCATE TABLE [$(Schema)].[processing_pause];";
        edited(installed, "usp_Pause", "SET NOCOUNT ON;", truncate);
    });
    assert_found(&faults, "usp_Pause needs a permission for TRUNCATE TABLE");
}

#[test]
fn a_look_at_the_server_is_found() {
    let faults = faults_after(|installed| {
        edited(
            installed,
            "vw_ActiveClaims",
            "INNER JOIN [$(Schema)].[processing_session]",
            "INNER JOIN sys.dm_exec_sessions AS d ON d.session_id = 1\nINNER JOIN [$(Schema)].[processing_session]",
        );
    });
    assert_found(&faults, "vw_ActiveClaims reads sys.dm_exec_sessions");
}
