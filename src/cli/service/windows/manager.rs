//! The service manager, for those who administer services.

use std::ffi::{OsStr, OsString};
use std::thread;
use std::time::{Duration, Instant};

use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl,
    ServiceFailureActions, ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState,
    ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use crate::cli::command_error::{CommandError, Result};
use crate::cli::service::definition::{Definition, Existing, FORGIVEN_AFTER, RESTARTS};
use crate::runner::ExitStatus;

/// ERROR_INVALID_LEVEL: this system, or Wine, lacks a feature.
const UNKNOWN: i32 = 124;
/// ERROR_SERVICE_DOES_NOT_EXIST
const MISSING: i32 = 1060;
/// ERROR_SERVICE_CANNOT_ACCEPT_CTRL: it is starting or stopping.
const BUSY: i32 = 1061;
/// ERROR_SERVICE_NOT_ACTIVE
const NOT_ACTIVE: i32 = 1062;

/// How long a service may take to stop. A drain takes less than five seconds.
const STOPS_WITHIN: Duration = Duration::from_secs(30);

/// The number of an error of the system.
pub(super) fn number(error: &windows_service::Error) -> Option<i32> {
    match error {
        windows_service::Error::Winapi(error) => error.raw_os_error(),
        _ => None,
    }
}

/// The error for a person: `doing` completes "cannot …".
pub(super) fn failure(doing: &str, error: &windows_service::Error) -> CommandError {
    let reason = match error {
        windows_service::Error::Winapi(error) => error.to_string(),
        other => other.to_string(),
    };
    let hint = match number(error) {
        Some(5) => "run it in a console that was started as administrator",
        Some(1057) => "correct --account",
        Some(1072) => "close services.msc and other windows that show services, and run it again",
        _ => "remove the cause and run it again",
    };
    CommandError::new(ExitStatus::Usage, format!("cannot {doing}: {reason}"), hint)
}

fn manager(access: ServiceManagerAccess) -> Result<ServiceManager> {
    ServiceManager::local_computer(None::<&OsStr>, access)
        .map_err(|error| failure("open the service manager", &error))
}

fn open(name: &str, access: ServiceAccess) -> Result<Option<Service>> {
    match manager(ServiceManagerAccess::CONNECT)?.open_service(name, access) {
        Ok(service) => Ok(Some(service)),
        Err(error) if number(&error) == Some(MISSING) => Ok(None),
        Err(error) => Err(failure(&format!("open the service {name}"), &error)),
    }
}

/// The service of this name.
///
/// # Errors
/// It cannot be read.
pub fn find(name: &str) -> Result<Option<Existing>> {
    let access = ServiceAccess::QUERY_CONFIG | ServiceAccess::QUERY_STATUS;
    let Some(service) = open(name, access)? else { return Ok(None) };
    let read = service.query_config().and_then(|config| Ok((config, service.query_status()?)));
    let (config, status) =
        read.map_err(|error| failure(&format!("read the service {name}"), &error))?;
    Ok(Some(Existing {
        command: config.executable_path.to_string_lossy().into_owned(),
        account: config.account_name.unwrap_or_default().to_string_lossy().into_owned(),
        display_name: config.display_name.to_string_lossy().into_owned(),
        is_automatic: config.start_type == ServiceStartType::AutoStart,
        is_running: status.current_state != ServiceState::Stopped,
    }))
}

/// Creates the service. Returns what this system does not know.
///
/// # Errors
/// It cannot be created; nothing is left of it.
pub fn create(definition: &Definition) -> Result<Vec<&'static str>> {
    let doing = format!("create the service {}", definition.name);
    let account = Some(definition.new_account());
    let created = manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE)?
        .create_service(&info(definition, account), ServiceAccess::ALL_ACCESS)
        .map_err(|error| failure(&doing, &error))?;
    configure(&created, definition).map_err(|error| {
        // Half a service would be started with Windows.
        created.delete().ok();
        failure(&doing, &error)
    })
}

/// Makes an existing service what it should be. Returns what this system does not know.
///
/// # Errors
/// It cannot be changed.
pub fn update(definition: &Definition) -> Result<Vec<&'static str>> {
    let doing = format!("change the service {}", definition.name);
    // A restart is an action that only those may set who may start it.
    let access = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START;
    let missing = || CommandError::usage(format!("cannot {doing}: it was removed"), "run it again");
    let service = open(&definition.name, access)?.ok_or_else(missing)?;
    let changed = service.change_config(&info(definition, definition.account.clone()));
    changed.and_then(|()| configure(&service, definition)).map_err(|error| failure(&doing, &error))
}

/// `account` is none where it stays.
fn info(definition: &Definition, account: Option<String>) -> ServiceInfo {
    ServiceInfo {
        name: OsString::from(&definition.name),
        display_name: definition.display_name().into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: definition.executable.clone().into(),
        launch_arguments: definition.arguments().into_iter().map(OsString::from).collect(),
        // Not even on SQL Server: a restart of it would have to stop this first, and a service whose
        // dependency has failed is not started later. Restarts wait for the server as well.
        dependencies: Vec::new(),
        account_name: account.map(OsString::from),
        account_password: None,
    }
}

fn configure(
    service: &Service,
    definition: &Definition,
) -> windows_service::Result<Vec<&'static str>> {
    let restarts = RESTARTS
        .map(|delay| ServiceAction { action_type: ServiceActionType::Restart, delay })
        .into();
    let on_failure = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGIVEN_AFTER),
        reboot_msg: None,
        command: None,
        actions: Some(restarts),
    };
    let steps = [
        ("descriptions", service.set_description(definition.description())),
        ("a delayed start", service.set_delayed_auto_start(true)),
        ("restarts after a failure", service.update_failure_actions(on_failure)),
        (
            "restarts after an end with an error",
            service.set_failure_actions_on_non_crash_failures(true),
        ),
    ];
    let mut unknown = Vec::new();
    for (what, result) in steps {
        match result {
            Err(error) if number(&error) == Some(UNKNOWN) => unknown.push(what),
            result => result?,
        }
    }
    Ok(unknown)
}

/// Stops the service, waits for its end, and removes it.
///
/// # Errors
/// It does not stop, or cannot be removed; then it still exists.
pub fn remove(name: &str) -> Result<()> {
    let access = ServiceAccess::QUERY_STATUS | ServiceAccess::STOP | ServiceAccess::DELETE;
    let Some(service) = open(name, access)? else { return Ok(()) };
    let failed = |doing: &str, error: &windows_service::Error| {
        failure(&format!("{doing} the service {name}"), error)
    };
    let began = Instant::now();
    loop {
        let status = service.query_status().map_err(|error| failed("read", &error))?;
        match status.current_state {
            ServiceState::Stopped => break,
            ServiceState::StopPending => {}
            _ => match service.stop() {
                Err(error) if ![Some(BUSY), Some(NOT_ACTIVE)].contains(&number(&error)) => {
                    return Err(failed("stop", &error));
                }
                _ => {}
            },
        }
        if began.elapsed() > STOPS_WITHIN {
            return Err(CommandError::new(
                ExitStatus::Aborted,
                format!("the service {name} has not stopped; it was not removed"),
                "end its process and run it again; its claims return when their lease expires",
            ));
        }
        thread::sleep(Duration::from_millis(100));
    }
    service.delete().map_err(|error| failed("remove", &error))
}
