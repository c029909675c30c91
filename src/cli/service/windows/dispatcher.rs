//! The side of a service that talks to the service manager while it runs.

use std::ffi::OsString;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{bounded, Receiver, Sender};
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{
    self, ServiceControlHandlerResult, ServiceStatusHandle,
};
use windows_service::{define_windows_service, service_dispatcher};

use super::event_log;
use super::manager::{failure, number};
use crate::cli::command_error::{CommandError, Result};
use crate::cli::service::definition::{exit_code, is_event};
use crate::cli::{logging, signals};
use crate::command::command;
use crate::runner::Shutdown;

/// What the manager's threads and the one that works share. There is one service in a process, and the
/// functions that the manager calls have no other way to it.
static SERVICE: OnceLock<Service> = OnceLock::new();

struct Service {
    name: String,
    shutdown: Shutdown,
    handle: OnceLock<ServiceStatusHandle>,
    /// Which state was reported last: nothing may be reported after the end.
    state: Mutex<State>,
    /// That the manager has called, or why it will not.
    connected: Sender<windows_service::Result<()>>,
    ended: Receiver<u32>,
}

#[derive(Debug, Default)]
struct State {
    is_stopping: bool,
    has_ended: bool,
    checkpoint: u32,
}

/// How long the manager waits at most between two reports of a service that starts or stops. A drain takes
/// less than five seconds.
const WAIT_HINT: Duration = Duration::from_secs(10);

/// The time between two reports of a drain.
const REPORT_EVERY: Duration = Duration::from_secs(1);

define_windows_service!(service_main, serve);

/// Does `work` as the service of this name. The controls to stop and to shut down request the shutdown, and
/// the manager learns of the drain.
///
/// # Errors
/// Those of `work`, or the manager has not started this process.
pub fn run(name: &str, work: impl FnOnce(&Shutdown) -> Result) -> Result {
    let connection = Connection::open(name)?;
    let service = connection.service;
    service.report(ServiceState::Running, ServiceExitCode::NO_ERROR);
    let result = work(&service.shutdown);
    connection.end(&result);
    result
}

/// Reports an error that came before any work could begin, if the manager has started this process.
pub fn fail(name: &str, error: &CommandError) {
    if let Ok(connection) = Connection::open(name) {
        connection.end(&Err(error.clone()));
    }
}

struct Connection {
    service: &'static Service,
    dispatcher: thread::JoinHandle<()>,
    end: Sender<u32>,
}

impl Connection {
    fn open(name: &str) -> Result<Self> {
        let shutdown = signals::shutdown()?;
        let (connected, connection) = bounded(2);
        let (end, ended) = bounded(1);
        let failed = connected.clone();
        let service = SERVICE.get_or_init(|| Service {
            name: name.to_owned(),
            shutdown,
            handle: OnceLock::new(),
            state: Mutex::default(),
            connected,
            ended,
        });
        // The call returns when the service has ended.
        let dispatch = move || {
            if let Err(error) = service_dispatcher::start(&service.name, service_main) {
                failed.send(Err(error)).ok();
            }
        };
        let thread = thread::Builder::new().name("xmlshred-service".into()).spawn(dispatch);
        let dispatcher = thread.map_err(|error| {
            CommandError::usage(format!("cannot start a thread: {error}"), "end other programs")
        })?;
        match connection.recv() {
            Ok(Ok(())) => Ok(Self { service, dispatcher, end }),
            Ok(Err(error)) => Err(not_connected(&error)),
            Err(_) => unreachable!("the service keeps a sender"),
        }
    }

    /// Reports the end. What was logged before is on the disk then.
    fn end(self, result: &Result) {
        let was_asked = self.service.shutdown.is_requested();
        let status = result.as_ref().map_or_else(|error| error.status, |status| *status);
        let code = exit_code(status, was_asked);
        if is_event(status, was_asked) {
            let text = match result {
                Ok(_) => format!("The worker ended: {}. Its log file says more.", status.meaning()),
                Err(error) => error.to_string(),
            };
            event_log::report(&self.service.name, &text);
        }
        logging::incomplete();
        self.end.send(code).ok();
        self.dispatcher.join().ok();
    }
}

/// The error for a process that the manager does not know, or cannot reach.
fn not_connected(error: &windows_service::Error) -> CommandError {
    /// ERROR_FAILED_SERVICE_CONTROLLER_CONNECT
    const STARTED_BY_HAND: i32 = 1063;
    match number(error) {
        Some(STARTED_BY_HAND) => CommandError::usage(
            "`service run` is what the service manager of Windows starts, not a command to type",
            format!(
                "run {} in a console, or create the service with {}",
                command("run --follow"),
                command("service install")
            ),
        ),
        _ => failure("connect to the service manager", error),
    }
}

impl Service {
    /// Reports a state, unless the end has been reported.
    fn report(&self, current_state: ServiceState, exit_code: ServiceExitCode) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(handle) = self.handle.get().filter(|_| !state.has_ended) else { return };
        // A service that is stopping may not be reported as running.
        if current_state == ServiceState::Running && state.is_stopping {
            return;
        }
        state.has_ended = current_state == ServiceState::Stopped;
        state.is_stopping |= current_state == ServiceState::StopPending;
        let is_pending =
            matches!(current_state, ServiceState::StartPending | ServiceState::StopPending);
        state.checkpoint = if is_pending { state.checkpoint + 1 } else { 0 };
        let controls_accepted = match current_state {
            ServiceState::Running => {
                ServiceControlAccept::STOP
                    | ServiceControlAccept::SHUTDOWN
                    | ServiceControlAccept::PRESHUTDOWN
            }
            _ => ServiceControlAccept::empty(),
        };
        let status = ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state,
            controls_accepted,
            exit_code,
            checkpoint: state.checkpoint,
            wait_hint: if is_pending { WAIT_HINT } else { Duration::ZERO },
            process_id: None,
        };
        if let Err(error) = handle.set_service_status(status) {
            tracing::warn!(%error, "the service manager did not take a report");
        }
    }
}

/// The main function of the service, on a thread of the system.
fn serve(_: Vec<OsString>) {
    let Some(service) = SERVICE.get() else { return };
    // It captures nothing: the library frees what a handler captured with the first control to stop.
    match service_control_handler::register(&service.name, |control| on_control(&control)) {
        Ok(handle) => {
            service.handle.set(handle).ok();
            service.report(ServiceState::StartPending, ServiceExitCode::NO_ERROR);
            service.connected.send(Ok(())).ok();
        }
        Err(error) => {
            service.connected.send(Err(error)).ok();
            return;
        }
    }
    let exit_code = match service.ended.recv() {
        Ok(0) => ServiceExitCode::NO_ERROR,
        Ok(code) => ServiceExitCode::ServiceSpecific(code),
        Err(_) => ServiceExitCode::ServiceSpecific(5),
    };
    service.report(ServiceState::Stopped, exit_code);
}

fn on_control(control: &ServiceControl) -> ServiceControlHandlerResult {
    let Some(service) = SERVICE.get() else { return ServiceControlHandlerResult::NotImplemented };
    match control {
        ServiceControl::Stop | ServiceControl::Shutdown | ServiceControl::Preshutdown => {
            service.report(ServiceState::StopPending, ServiceExitCode::NO_ERROR);
            if service.shutdown.request() {
                // Not joined: it ends with the process.
                thread::spawn(|| loop {
                    thread::sleep(REPORT_EVERY);
                    service.report(ServiceState::StopPending, ServiceExitCode::NO_ERROR);
                });
            }
            ServiceControlHandlerResult::NoError
        }
        ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
        _ => ServiceControlHandlerResult::NotImplemented,
    }
}
