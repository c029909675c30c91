//! Services that the service manager really starts and stops: needs an administrator, or Wine.

use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use windows_service::service::{
    Service, ServiceAccess, ServiceErrorControl, ServiceExitCode, ServiceInfo, ServiceStartType,
    ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};
use windows_sys::Win32::Foundation::{CloseHandle, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    OpenProcess, TerminateProcess, WaitForSingleObject, INFINITE, PROCESS_SYNCHRONIZE,
    PROCESS_TERMINATE,
};

use crate::cli::notes;
use crate::cli::workbench::{Said, Workbench};
use crate::crash::worker::wait_until;

/// A folder with five queued applications, and the name of a service for them, which is removed in the end.
struct Bench {
    bench: Workbench,
    name: String,
}

impl Bench {
    fn new(settings: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let bench = notes::queued();
        let store = "store = 'sqlite:work.db'\ncontract = 'contract.toml'\npoll = '100ms'\n";
        bench.write("xmlshred.toml", format!("{store}{settings}"));
        Self { bench, name: format!("xmlshred-test-{process}-{number}") }
    }

    fn installed(settings: &str) -> Self {
        let bench = Self::new(settings);
        let said = bench.install("");
        assert_eq!(said.status, 0, "{said:?}");
        assert!(said.stdout.starts_with(&format!("service {} created\n", bench.name)), "{said:?}");
        assert!(said.stdout.contains(&format!("`sc.exe start {}`", bench.name)), "{said:?}");
        bench
    }

    fn install(&self, flags: &str) -> Said {
        let name = &self.name;
        self.bench.run(&format!("service install --name {name} --log-dir logs {flags}"))
    }

    fn remove(&self) -> Said {
        self.bench.run(&format!("service remove --name {}", self.name))
    }

    fn service(&self) -> Option<Service> {
        manager(ServiceManagerAccess::CONNECT)
            .open_service(&self.name, ServiceAccess::ALL_ACCESS)
            .ok()
    }

    fn status(&self) -> ServiceStatus {
        self.service().expect("the service").query_status().unwrap()
    }

    fn start(&self) {
        self.service().expect("the service").start::<&OsStr>(&[]).unwrap();
    }

    fn stop(&self) {
        self.service().expect("the service").stop().unwrap();
    }

    fn wait_for(&self, state: ServiceState) -> ServiceStatus {
        wait_until("the service is in the state", || self.status().current_state == state);
        self.status()
    }

    fn number(&self, sql: &str) -> i64 {
        let store = Connection::open(self.bench.path().join("work.db")).unwrap();
        store.busy_timeout(Duration::from_secs(60)).unwrap();
        store.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn logged(&self) -> i64 {
        self.number("SELECT count(*) FROM processing_log")
    }

    /// Adds and queues as many applications.
    fn add(&self, apps: u32) {
        for id in 100..100 + apps {
            let line = "<line>text</line>".repeat(50);
            self.bench
                .write(&format!("more/{id}.xml"), format!("<note title='n{id}'>{line}</note>"));
        }
        assert_eq!(self.bench.run("load more").status, 0);
        assert_eq!(self.bench.run("enqueue").status, 0);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // Wine does not notice that a process was killed, and has nothing to stop then.
        if self.remove().status != 0 {
            drop(self.service().map(|service| service.delete()));
        }
    }
}

fn manager(access: ServiceManagerAccess) -> ServiceManager {
    ServiceManager::local_computer(None::<&OsStr>, access).unwrap()
}

#[test]
fn a_plan_changes_nothing_and_a_second_installation_finds_nothing_to_do() {
    let bench = Bench::new("");
    let plan = bench.install("--plan");
    assert_eq!(plan.status, 1, "{plan:?}");
    assert!(plan.stdout.starts_with(&format!("would create service {}\n", bench.name)));
    assert!(bench.service().is_none());
    assert!(!bench.bench.path().join("logs").exists());

    let said = bench.install("");
    assert_eq!(said.status, 0, "{said:?}");
    let plan = bench.install("--plan");
    assert_eq!(plan.status, 0, "{plan:?}");
    let up_to_date = format!("service {} is up to date\n", bench.name);
    assert!(plan.stdout.starts_with(&up_to_date), "{plan:?}");
    let again = bench.install("");
    assert_eq!(again.status, 0, "{again:?}");
    assert!(again.stdout.starts_with(&up_to_date), "{again:?}");

    let changed = bench.install("--log-days 7");
    assert_eq!(changed.status, 0, "{changed:?}");
    assert!(changed.stdout.starts_with(&format!("service {} changed\n  command: ", bench.name)));
    assert!(
        changed.stdout.contains("--log-days 90 -> ") && changed.stdout.contains("--log-days 7\n")
    );
    assert!(bench.install("--log-days 7").stdout.starts_with(&up_to_date));
}

#[test]
fn the_system_has_the_service_that_was_planned() {
    let bench = Bench::installed("");
    let config = bench.service().expect("the service").query_config().unwrap();
    assert_eq!(config.start_type, ServiceStartType::AutoStart);
    let account = config.account_name.expect("an account");
    assert_eq!(account, OsString::from(format!(r"NT SERVICE\{}", bench.name)));
    let line = config.executable_path.to_str().expect("text").to_owned();
    assert!(line.contains(&format!(" service run --name {} --config ", bench.name)), "{line}");
    let file = bench.bench.path().join("xmlshred.toml");
    assert!(line.contains(file.to_str().expect("text")), "absolute: {line}");
    assert!(bench.install("--plan").stdout.contains(&line), "the plan names it as it is");
}

#[test]
fn a_service_works_drains_when_it_is_stopped_and_goes_on_when_it_is_started() {
    let bench = Bench::installed("batch_size = 5\nworkers = 1\nlease = '10m'\n");
    bench.start();
    wait_until("the service has done all", || bench.logged() == 5);
    assert_eq!(bench.wait_for(ServiceState::Running).exit_code, ServiceExitCode::NO_ERROR);

    bench.add(1000);
    wait_until("it does what came later", || bench.logged() > 20);
    bench.stop();
    let stopped = bench.wait_for(ServiceState::Stopped);
    assert_eq!(stopped.exit_code, ServiceExitCode::NO_ERROR);
    assert!(bench.logged() < 1005, "it was faster than the request to stop");
    assert_eq!(bench.number("SELECT count(*) FROM processing_claim"), 0);
    assert_eq!(bench.number("SELECT max(exit_status) FROM processing_session"), 130);

    bench.start();
    wait_until("it goes on", || bench.logged() > 500);
    let removed = bench.remove();
    assert_eq!(removed.status, 0, "{removed:?}");
    assert_eq!(removed.stdout, format!("service {} removed\n", bench.name));
    assert!(bench.service().is_none());
    assert_eq!(bench.number("SELECT count(*) FROM processing_claim"), 0, "it waited for the drain");
    assert_eq!(bench.bench.run("run --fail-on never").status, 0);
    assert_eq!(bench.number("SELECT count(*) FROM vw_concluded"), 1005);
    crate::store::assert_invariants(&bench.bench.path().join("work.db"));

    let logs = std::fs::read_dir(bench.bench.path().join("logs")).unwrap();
    let said: String =
        logs.map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap()).collect();
    assert_eq!(said.matches("run starts").count(), 2, "{said}");
    assert_eq!(said.matches("stopping: finishing what is being shredded").count(), 2, "{said}");
}

#[test]
fn the_claims_of_a_service_that_was_killed_are_reaped_by_another_worker() {
    let bench = Bench::installed("batch_size = 5\nworkers = 1\nlease = '1s'\nfail_on = 'never'\n");
    bench.add(1000);
    bench.start();
    wait_until("it holds claims", || bench.number("SELECT count(*) FROM processing_claim") > 0);
    kill(bench.status().process_id.expect("a process"));
    assert!(bench.logged() < 1005, "it was faster than the kill");
    wait_until("the lease has expired and the rest is done", || {
        assert_eq!(bench.bench.run("run").status, 0);
        bench.number("SELECT count(*) FROM vw_concluded") == 1005
    });
    crate::store::assert_invariants(&bench.bench.path().join("work.db"));
}

/// Returns when the process has ended.
fn kill(process: u32) {
    // SAFETY: the handle is checked, and closed once.
    unsafe {
        let handle = OpenProcess(PROCESS_TERMINATE | PROCESS_SYNCHRONIZE, 0, process);
        assert!(!handle.is_null(), "{}", std::io::Error::last_os_error());
        assert_ne!(TerminateProcess(handle, 1), 0);
        assert_eq!(WaitForSingleObject(handle, INFINITE), WAIT_OBJECT_0);
        CloseHandle(handle);
    }
}

#[test]
fn a_service_that_cannot_work_ends_with_the_exit_status_as_its_code() {
    let bench = Bench::installed("");
    bench.bench.write("xmlshred.toml", "store = 'sqlite:work.db'\nbatch_sise = 5\n");
    bench.start();
    let stopped = bench.wait_for(ServiceState::Stopped);
    assert_eq!(stopped.exit_code, ServiceExitCode::ServiceSpecific(2));

    bench.bench.write("xmlshred.toml", "store = 'sqlite:no.db'\ncontract = 'contract.toml'\n");
    bench.start();
    let stopped = bench.wait_for(ServiceState::Stopped);
    assert_eq!(stopped.exit_code, ServiceExitCode::ServiceSpecific(4));
}

#[test]
fn settings_that_the_service_could_not_use_are_refused_before() {
    let bench = Bench::new("");
    for (settings, flags, message) in [
        ("store = 'sqlite:work.db'\n", "", "contract"),
        ("contract = 'contract.toml'\n", "", "no store is named"),
        ("store = 'sqlite:work.db'\ncontract = 'no.toml'\n", "", "no.toml"),
        (
            "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n",
            "--store sqlite:work.db",
            "--store is not for this command",
        ),
        (
            "store = 'sqlite:work.db'\ncontract = 'contract.toml'\n",
            r"--account CONTOSO\anna",
            "needs a password",
        ),
    ] {
        bench.bench.write("xmlshred.toml", settings);
        let said = bench.install(flags);
        assert_ne!(said.status, 0, "{settings}: {said:?}");
        assert!(said.stderr.contains(message) && said.stderr.contains("hint: "), "{said:?}");
    }
    std::fs::remove_file(bench.bench.path().join("xmlshred.toml")).unwrap();
    let said = bench.install("");
    assert_eq!(said.status, 2);
    assert!(said.stderr.contains("reads its settings from a file"), "{said:?}");
    assert!(bench.service().is_none());
}

#[test]
fn a_service_of_another_program_is_left_alone() {
    let bench = Bench::new("");
    let info = ServiceInfo {
        name: OsString::from(&bench.name),
        display_name: OsString::from(&bench.name),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::OnDemand,
        error_control: ServiceErrorControl::Normal,
        executable_path: r"C:\windows\system32\other.exe".into(),
        launch_arguments: Vec::new(),
        dependencies: Vec::new(),
        account_name: None,
        account_password: None,
    };
    let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
    let other = manager(access).create_service(&info, ServiceAccess::ALL_ACCESS).unwrap();
    for said in [bench.install(""), bench.install("--plan"), bench.remove()] {
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains("belongs to another program"), "{said:?}");
    }
    other.delete().unwrap();
    drop(other);
    let said = bench.remove();
    assert_eq!(
        said.stdout,
        format!("service {} does not exist; nothing was changed\n", bench.name)
    );
    assert_eq!(said.status, 0);
}

#[test]
fn typed_into_a_console_it_says_what_it_is_for() {
    let bench = notes::queued();
    let said = bench.run("service run --name xmlshred-by-hand");
    assert_eq!(said.status, 2, "{said:?}");
    assert!(said.stderr.contains("is what the service manager of Windows starts"), "{said:?}");
    assert!(said.stderr.contains("run --follow"), "{said:?}");
}
