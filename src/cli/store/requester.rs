//! Who asked for a change, for the store's events.

/// The account and host of this process.
pub fn requested_by() -> String {
    let user =
        ["USER", "USERNAME", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    format!("{}@{}", user.as_deref().unwrap_or("unknown"), crate::runner::host_name())
}
