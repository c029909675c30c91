//! A procedure that is called by hand does what the executable would do.

use std::fs;
use std::path::Path;

use regex::Regex;
use xmlshred::settings::keys::{self, Default, Key};
use xmlshred::store::sqlserver::install::FILES;

/// Parameters of procedures that have a setting, and its value as the parameter has it.
fn expected(parameter: &str) -> Option<String> {
    let milliseconds = |key: &Key| {
        humantime::parse_duration(default(key)).expect("a duration").as_millis().to_string()
    };
    match parameter {
        "lease_ms" => Some(milliseconds(&keys::LEASE)),
        "batch_size" => Some(default(&keys::BATCH_SIZE).to_owned()),
        "max_reaps" => Some(default(&keys::MAX_REAPS).to_owned()),
        // A claim may take half of the bytes in flight: its rows need as much again.
        "max_bytes" => {
            let size = default(&keys::MAX_BYTES_IN_FLIGHT).strip_suffix("MiB").expect("MiB");
            Some((size.parse::<u64>().expect("a number") * 1024 * 1024 / 2).to_string())
        }
        _ => None,
    }
}

fn default(key: &Key) -> &'static str {
    match key.default {
        Default::Is(text) => text,
        _ => panic!("{} has no fixed default", key.name),
    }
}

#[test]
fn parameters_have_the_defaults_of_the_settings() {
    let parameter = Regex::new(r"(?m)^    @(\w+) \w+(?:\([^)]*\))? = (\w+),?$").expect("a pattern");
    let mut compared = Vec::new();
    for file in FILES {
        for found in parameter.captures_iter(file.text) {
            let Some(setting) = expected(&found[1]) else { continue };
            assert_eq!(setting, &found[2], "@{} of {}", &found[1], file.name);
            compared.push(format!("{} @{}", file.object(), &found[1]));
        }
    }
    let all = [
        "usp_ClaimBatch @batch_size",
        "usp_ClaimBatch @max_bytes",
        "usp_ClaimBatch @lease_ms",
        "usp_RenewLease @lease_ms",
        "usp_ReapExpired @max_reaps",
    ];
    assert_eq!(compared, all);
}

/// The header of a procedure names the default that its parameter has.
#[test]
fn headers_name_the_defaults_of_the_parameters() {
    let parameter = Regex::new(r"(?m)^    (@\w+) \w+(?:\([^)]*\))? = (\d+),?$").expect("a pattern");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/procs");
    for entry in fs::read_dir(folder).expect("sql/procs") {
        let path = entry.expect("a file").path();
        let text = fs::read_to_string(&path).expect("UTF-8");
        let (header, body) = text.split_once("\n*/\n").expect("a header");
        let header = header.replace("Parameters:", "           ");
        for found in parameter.captures_iter(body) {
            let described = header.split_once(&format!("\n            {} ", &found[1]));
            let (_, described) = described.unwrap_or_else(|| panic!("{path:?}: {}", &found[1]));
            let described = described.split("\n            @").next().unwrap_or(described);
            let words = described.split_whitespace().collect::<Vec<_>>().join(" ");
            let named = Regex::new(&format!(r"(?i)\bdefault {}\b", &found[2])).expect("a pattern");
            assert!(named.is_match(&words), "{path:?}: {} = {}: {words}", &found[1], &found[2]);
        }
    }
}
