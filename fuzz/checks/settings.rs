//! Any text as a settings file, and any text as a connection string.

use std::fmt::Write;

use xmlshred::settings::{resolve, Environment, SettingsFile, StoreLocation};

/// No text makes the reader of settings panic; what it refuses it explains, and nothing of that
/// commands a terminal.
pub fn file(text: &str) {
    // These files would be read, devices too.
    if text.contains("_file") {
        return;
    }
    let file = SettingsFile::parse("fuzz.toml".as_ref(), text);
    if let Err(error) = resolve(&[], &Environment::default(), &file) {
        assert!(!error.problems.is_empty(), "refused without a reason");
        assert!(error.problems.iter().all(|problem| !problem.is_empty()));
    }
}

/// No text makes the reader of connection strings panic, and no problem that it names quotes the
/// text behind the first `Password=`.
pub fn connection_string(text: &str) {
    let problems = problems(text);
    let lower = text.to_ascii_lowercase();
    let Some(at) = lower.find("password=") else { return };
    let secret = &text[at + "password=".len()..];
    // Shorter ones are in every sentence.
    if secret.len() >= 12 {
        let shown = problems.concat();
        assert!(!shown.contains(secret), "{text:?} is shown: {shown:?}");
    }
}

/// What is wrong with a connection string.
fn problems(text: &str) -> Vec<String> {
    let environment = Environment(
        [("XMLSHRED_CONNECTION_STRING".to_owned(), text.to_owned())].into_iter().collect(),
    );
    match resolve(&[], &environment, &SettingsFile::default()) {
        Ok(settings) => {
            assert!(text.is_empty() || matches!(settings.store, Some(StoreLocation::SqlServer(_))));
            Vec::new()
        }
        Err(error) => error.problems,
    }
}

/// Keys as people write them, and whether they are the same setting.
const KEYS: [(&str, usize); 14] = [
    ("Server", 0),
    ("data source", 0),
    ("Database", 1),
    ("Initial Catalog", 1),
    ("User Id", 2),
    ("UID", 2),
    ("Password", 3),
    ("pwd", 3),
    ("Application Name", 4),
    ("Workstation ID", 5),
    ("ApplicationIntent", 6),
    ("Connection Timeout", 7),
    ("Persist Security Info", 8),
    ("Pasword", 9),
];

/// A string made of settings is accepted if there is a server, none twice, and each key is one,
/// however the values are quoted; the input chooses them.
pub fn written_connection_string(data: &[u8]) {
    let mut text = String::new();
    let mut found = Vec::new();
    let mut rest = data;
    while let [key, quote, length, more @ ..] = rest {
        let (key, setting) = KEYS[usize::from(*key) % KEYS.len()];
        let (value, more) = more.split_at(usize::from(*length % 8).min(more.len()));
        let value: String = match setting {
            0 => "db.example.org,1433".to_owned(),
            // The driver reads ASCII alone, and an equals sign may follow the name of a password.
            3 => value.iter().map(|byte| char::from(byte % 95 + b' ')).collect(),
            _ => {
                value.iter().map(|byte| char::from(byte % 95 + b' ')).map(no_equals_sign).collect()
            }
        };
        let blank = if quote & 8 == 0 { "" } else { " " };
        let _ = match quote % 3 {
            0 => write!(text, "{key}{blank}={blank}'{}'{blank};", value.replace('\'', "''")),
            1 => write!(text, "{blank}{key}=\"{}\";{blank};", value.replace('"', "\"\"")),
            _ => write!(text, "{blank}{key}={blank}{{{}}};", value.replace('}', "")),
        };
        found.push(setting);
        rest = more;
    }
    let mut once = found.clone();
    once.sort_unstable();
    once.dedup();
    let sound = found.contains(&0) && once.len() == found.len() && !found.contains(&9);
    if text.is_empty() {
        return;
    }
    let problems = problems(&text);
    assert_eq!(problems.is_empty(), sound, "{text:?}: {problems:?}");
}

fn no_equals_sign(character: char) -> char {
    if character == '=' {
        '-'
    } else {
        character
    }
}

/// Each of the three, by the first byte.
pub fn check(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    match (choice % 3, std::str::from_utf8(rest)) {
        (0, _) => written_connection_string(rest),
        (1, Ok(text)) => connection_string(text),
        (_, Ok(text)) => file(text),
        (_, Err(_)) => {}
    }
}
