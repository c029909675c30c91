//! A procedure that is called by hand does what the executable would do.

use std::fs;
use std::path::Path;

use regex::Regex;
use xmlshred::settings::keys::{self, Default, Key};
use xmlshred::store::sqlserver::install::FILES;

/// The default of the setting that belongs to a parameter, in the parameter's unit.
fn expected(parameter: &str) -> Option<u128> {
    Some(match parameter {
        "lease_ms" => default(&keys::LEASE),
        "batch_size" => default(&keys::BATCH_SIZE),
        "max_reaps" => default(&keys::MAX_REAPS),
        // A claim may have half of the bytes in flight: its rows need as much again.
        "max_bytes" => default(&keys::MAX_BYTES_IN_FLIGHT) / 2,
        _ => return None,
    })
}

/// A number, bytes, or milliseconds.
fn default(key: &Key) -> u128 {
    match key.default {
        Default::Number(number) => number.into(),
        Default::Size(bytes) => bytes.into(),
        Default::Time(time) => time.as_millis(),
        _ => panic!("the default of {} is not a number", key.name),
    }
}

#[test]
fn parameters_have_the_defaults_of_the_settings() {
    let parameter = Regex::new(r"(?m)^    @(\w+) \w+(?:\([^)]*\))? = (\w+),?$").expect("a pattern");
    let mut compared = Vec::new();
    for file in FILES {
        for found in parameter.captures_iter(file.text) {
            let Some(setting) = expected(&found[1]) else { continue };
            assert_eq!(setting.to_string(), &found[2], "@{} of {}", &found[1], file.name);
            compared.push(format!("{} @{}", file.object(), &found[1]));
        }
    }
    let all = [
        "usp_ClaimBatch @batch_size",
        "usp_ClaimBatch @max_bytes",
        "usp_ClaimBatch @lease_ms",
        "usp_RenewLease @lease_ms",
        "usp_CompleteBatch @max_reaps",
        "usp_CompleteApp @max_reaps",
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

/// A list of what is not queued says what the next enqueue finds.
#[test]
fn the_overlap_of_enqueueing_is_one_number() {
    let text = |name: &str| FILES.iter().find(|file| file.object() == name).expect(name).text;
    let default = Regex::new(r"(?m)^    @overlap bigint = (\d+),$").expect("a pattern");
    let overlap = &default.captures(text("usp_EnqueueApps")).expect("a default")[1];
    assert!(text("usp_ListUnprocessed").contains(&format!("@watermark - {overlap}\n")));
}
