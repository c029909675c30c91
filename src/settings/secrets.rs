//! Passwords in texts that are not for them.

/// Whether the text has a password in it, as a connection string or a URL has.
pub fn holds_secret(text: &str) -> bool {
    secret_start(text).is_some()
}

/// The text up to the start of a password. The rest is masked too, because a quoted password may
/// contain anything.
pub fn mask_secrets(text: &str) -> String {
    match secret_start(text) {
        Some(start) => format!("{}***", &text[..start]),
        None => text.to_owned(),
    }
}

fn secret_start(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let after_name = ["password", "pwd"].into_iter().filter_map(|name| {
        lower.match_indices(name).find_map(|(at, _)| {
            let rest = &text[at + name.len()..];
            let value = rest.trim_start().strip_prefix('=')?;
            Some(text.len() - value.len())
        })
    });
    after_name.chain(after_user_of_url(text)).min()
}

/// Where the password starts in `scheme://user:password@host`.
fn after_user_of_url(text: &str) -> Option<usize> {
    let start = text.find("://")? + 3;
    let user_and_password = &text[start..start + text[start..].rfind('@')?];
    Some(start + user_and_password.find(':')? + 1)
}
