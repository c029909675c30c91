//! What an ADO.NET connection string says, read as the driver reads it, which keeps to itself what it has read.

use super::channel::{Account, Encryption, Trust};

/// What a login with the account of the process needs of the string; `None` if another login is meant.
///
/// # Errors
/// A sentence without a value: it may be a password.
pub(super) fn account(text: &str, host: &str) -> Result<Option<Account>, String> {
    let pairs = pairs(text)?;
    let value = |names: &[&str]| {
        let is = |key: &str| names.iter().any(|name| name.eq_ignore_ascii_case(key));
        pairs.iter().find(|(key, _)| is(key)).map(|(_, value)| value.trim())
    };
    if !value(INTEGRATED).is_some_and(means_account) {
        return Ok(None);
    }
    let trust = match value(&["TrustServerCertificateCA"]) {
        Some(file) => Trust::Authority(file.into()),
        None if value(&["TrustServerCertificate"]).is_some_and(is_yes) => Trust::Anything,
        None => Trust::System,
    };
    let encryption = match value(&["Encrypt"]) {
        Some(word) if word.eq_ignore_ascii_case("strict") => Encryption::Strict,
        Some(word) if word.eq_ignore_ascii_case("DANGER_PLAINTEXT") => Encryption::IfRequired,
        // `false` encrypts the login alone, which costs the same handshake.
        _ => Encryption::Always,
    };
    let certificate_host = value(&["HostNameInCertificate", "hostname in certificate"]);
    let certificate_host = certificate_host.map(str::to_owned);
    let service = value(&["ServerSPN", "server spn"]).map(str::to_owned);
    Ok(Some(Account { service, certificate_host, encryption, ..Account::of(host, trust) }))
}

/// The names of the setting that means the account of the process.
pub const INTEGRATED: &[&str] = &["Integrated Security", "integratedsecurity"];

/// Whether this value of [`INTEGRATED`] means it.
pub fn means_account(value: &str) -> bool {
    is_yes(value) || value.eq_ignore_ascii_case("sspi")
}

fn is_yes(value: &str) -> bool {
    ["true", "yes"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// The keys and values.
///
/// # Errors
/// A sentence that says what is wrong, and shows no value.
pub fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut rest = text;
    let mut pairs = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c == ';' || c.is_ascii_whitespace());
        if rest.is_empty() {
            return Ok(pairs);
        }
        let (key, after) = key(rest)?;
        let (value, after) = value(after.trim_ascii_start())?;
        pairs.push((key, value));
        rest = after;
    }
}

/// A key and what follows its `=`; `==` is an equals sign of the key.
fn key(text: &str) -> Result<(String, &str), String> {
    let mut key = String::new();
    let mut rest = text;
    loop {
        let Some(at) = rest.find(['=', ';']).filter(|at| rest.as_bytes()[*at] == b'=') else {
            return Err("the connection string has a part without `=`; write `key=value`, and \
                        put a value with `;` in quotes"
                .to_owned());
        };
        key.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('=') {
            Some(after) => {
                key.push('=');
                rest = after;
            }
            None => return Ok((key.trim_ascii().to_owned(), rest)),
        }
    }
}

/// A value and what follows it.
fn value(text: &str) -> Result<(String, &str), String> {
    let (value, rest) = match text.chars().next() {
        Some(quote @ ('\'' | '"')) => {
            let (mut value, mut rest) = (String::new(), &text[1..]);
            loop {
                let end = rest.find(quote).ok_or_else(unclosed)?;
                value.push_str(&rest[..end]);
                rest = &rest[end + 1..];
                match rest.strip_prefix(quote) {
                    Some(after) => {
                        value.push(quote);
                        rest = after;
                    }
                    None => break (value, rest),
                }
            }
        }
        Some('{') => {
            let end = text.find('}').ok_or_else(unclosed)?;
            (text[1..end].to_owned(), &text[end + 1..])
        }
        _ => {
            let end = text.find(';').unwrap_or(text.len());
            return Ok((text[..end].trim_ascii_end().to_owned(), &text[end..]));
        }
    };
    let rest = rest.trim_ascii_start();
    match rest.is_empty() || rest.starts_with(';') {
        true => Ok((value, rest)),
        false => Err("the connection string has text after a value in quotes; double a quotation \
                      mark that belongs to the value"
            .to_owned()),
    }
}

fn unclosed() -> String {
    "the connection string has a value whose quotation mark or brace is not closed; close it"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Account {
        account(text, "db1").expect("a string").expect("an account")
    }

    #[test]
    fn what_an_account_needs_is_read_as_the_driver_reads_the_rest() {
        let plain = of("Server=db1;Integrated Security=SSPI");
        assert_eq!((plain.host.as_str(), plain.encryption), ("db1", Encryption::Always));
        assert_eq!((plain.certificate_host, plain.trust), (None, Trust::System));
        assert_eq!(plain.service, None);
        let named = of("Integrated Security=true;Server SPN=MSSQLSvc/sql:1433");
        assert_eq!(named.service.as_deref(), Some("MSSQLSvc/sql:1433"));
        let strict =
            of("Server=db1;IntegratedSecurity=Yes;encrypt=STRICT;HostNameInCertificate='a;b'");
        assert_eq!(strict.encryption, Encryption::Strict);
        assert_eq!(strict.certificate_host.as_deref(), Some("a;b"));
        let trusting = of("Server=db1;integrated security = true ;TrustServerCertificate=yes");
        assert_eq!(trusting.trust, Trust::Anything);
        let authority = of("TrustServerCertificateCA=a.pem;Integrated Security=true;Encrypt=false");
        assert_eq!(authority.trust, Trust::Authority("a.pem".into()));
        assert_eq!(authority.encryption, Encryption::Always);
        let plain = of("Integrated Security=true;Encrypt=DANGER_PLAINTEXT");
        assert_eq!(plain.encryption, Encryption::IfRequired);
        for other in ["User Id=u;Password=p", "Integrated Security=false;User Id=u"] {
            assert!(account(other, "db1").expect("a string").is_none(), "{other}");
        }
    }
}
