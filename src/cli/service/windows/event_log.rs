//! The event log, for what stopped a service: it has no console.

use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, RegisterEventSourceW, ReportEventW, EVENTLOG_ERROR_TYPE,
};

/// Writes an error into the log *Application*, with the service as its source. What cannot be written is lost:
/// the exit code and the log file have it too.
pub(super) fn report(service: &str, text: &str) {
    let wide = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<u16>>();
    let (source, text) = (wide(service), wide(text));
    // SAFETY: both texts end in a null and live until the calls return, and the handle is used only if
    // it is valid.
    unsafe {
        let log = RegisterEventSourceW(std::ptr::null(), source.as_ptr());
        if log.is_null() {
            return;
        }
        let texts = [text.as_ptr()];
        ReportEventW(
            log,
            EVENTLOG_ERROR_TYPE,
            0,
            1,
            std::ptr::null_mut(),
            1,
            0,
            texts.as_ptr(),
            std::ptr::null(),
        );
        DeregisterEventSource(log);
    }
}
