//! PowerShell cannot run here: what its script and its page say is compared with the executable and
//! with the statements that other tests run. `tools/powershell-check` reads their grammar.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::tables::page;

const SCRIPT: &str = "agent-jobs/Install-Xmlshred.ps1";

/// The ```powershell blocks of a page.
fn blocks(page: &str) -> Vec<&str> {
    let blocks = page.split("```powershell").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

/// What is between double quotation marks behind `-Q` and `-Query`.
fn statement(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("-Q \"").or_else(|| line.split_once("-Query \""))?;
    rest.split('"').next()
}

#[test]
fn what_is_side_by_side_is_the_same() {
    let text = page("docs/powershell.md");
    let mut others = String::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap() {
        let path = entry.unwrap().path();
        let is_page = path.extension().is_some_and(|extension| extension == "md");
        if is_page && !path.ends_with("powershell.md") {
            others.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    let mut count = 0;
    for block in blocks(&text) {
        let lines: Vec<_> = block.lines().filter(|line| statement(line).is_some()).collect();
        let Some(first) = lines.first().and_then(|line| statement(line)) else { continue };
        let has = |word: &str| lines.iter().filter(|line| line.contains(word)).count() == 1;
        let programs = ["sqlcmd -S db1", "Invoke-Sqlcmd @db ", "Invoke-DbaQuery @dba "];
        assert!(lines.len() == 3 && programs.into_iter().all(has), "{block}");
        assert!(lines.iter().all(|line| statement(line) == Some(first)), "{block}");
        // A test runs it where it comes from.
        assert!(others.contains(first), "no other page has {first}");
        assert!(!first.contains('$'), "PowerShell replaces it: {first}");
        count += 1;
    }
    assert!(count > 5, "{count} statements");
}

#[test]
fn scripts_are_run_with_the_same_switches_and_variables() {
    let text = page("docs/powershell.md");
    let install = page("docs/install.md");
    let (_, variables) = install.split_once("-i install.sql -v ").expect("the line of sqlcmd");
    let variables = variables.lines().next().unwrap();
    let quoted: Vec<_> = variables.split(' ').map(|word| format!("'{word}'")).collect();
    assert!(text.contains(&format!("-i install.sql -v {variables}\n")), "{variables}");
    assert!(text.contains(&format!("$names = {}\n", quoted.join(", "))), "{quoted:?}");
    assert!(page("docs/operate.md").contains("\nsqlcmd -S db1 -b -I -x -i jobs.sql\n"));
    for block in blocks(&text).iter().filter(|block| block.contains(".sql")) {
        let leaves_alone = block.contains(" -x ");
        assert_eq!(block.contains("-DisableVariables"), leaves_alone, "{block}");
        assert!(block.contains(" -b -I "), "{block}");
        assert!(block.contains("-AbortOnError") || block.contains("@db "), "{block}");
    }
}

/// The texts between single or double quotation marks of a line of code.
fn quoted(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(['\'', '"']) {
        let mark = &rest[start..=start];
        let Some((text, after)) = rest[start + 1..].split_once(mark) else { break };
        found.push(text);
        rest = after;
    }
    found
}

/// The script without its help and its comments.
fn code() -> Vec<String> {
    let text = page(SCRIPT);
    let (_, code) = text.split_once("#>").expect("help");
    let lines = code.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_script_for_windows_calls_what_the_executable_has() {
    let code = code();
    let flags_of = |name: &str| -> BTreeSet<String> {
        let lines = code.iter().filter(|line| {
            line.contains(&format!("${name} = ")) || line.contains(&format!("${name} += "))
        });
        let flags = lines.flat_map(|line| quoted(line)).filter(|text| text.starts_with("--"));
        flags.map(|text| text.split('=').next().unwrap_or_default().to_owned()).collect()
    };
    let mut commands = BTreeSet::new();
    let is_call = |line: &&String| {
        line.contains("Invoke-Program -Path $program")
            || line.contains("Invoke-Program -Path $installed")
    };
    for line in code.iter().filter(is_call) {
        let words = quoted(line);
        let names: Vec<_> =
            words.iter().take_while(|word| !word.starts_with('-')).copied().collect();
        let own = words.iter().filter(|word| word.starts_with("--"));
        let mut flags: BTreeSet<_> =
            own.map(|word| word.split('=').next().unwrap_or_default().to_owned()).collect();
        for array in ["connection", "source", "jobs"] {
            if line.contains(&format!("+ ${array}")) {
                flags.extend(flags_of(array));
            }
        }
        let mut call = std::process::Command::new(assert_cmd::cargo::cargo_bin("xmlshred"));
        let said = call.args(&names).arg("--help").env("COLUMNS", "200").output().unwrap();
        let help = String::from_utf8(said.stdout).unwrap();
        assert!(said.status.success(), "xmlshred {}", names.join(" "));
        for flag in &flags {
            let has = help
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                .any(|word| word == flag);
            assert!(has, "xmlshred {} has no {flag}: {line}", names.join(" "));
        }
        commands.insert(names.join(" "));
    }
    let expected = ["agent-jobs", "contract check", "doctor", "install"].map(str::to_owned);
    assert_eq!(commands, BTreeSet::from(expected));
    assert!(
        flags_of("jobs").len() > 5
            && flags_of("connection").len() > 3
            && flags_of("source").len() > 1
    );
}

/// As the script writes them on Windows.
#[test]
fn the_settings_of_the_script_for_windows_are_read() {
    let code = code();
    let start = code.iter().position(|line| line == "$settings = @(").expect("the settings");
    let lines = code[start + 1..].iter().take_while(|line| *line != ")");
    let mut file: Vec<_> = lines.map(|line| line.trim().trim_matches('"').to_owned()).collect();
    let more = code.iter().find(|line| line.contains("$settings += ")).expect("a setting more");
    file.extend(quoted(more).into_iter().map(str::to_owned));
    let values = [("$Server", r"DB1\new"), ("$Database", "credit"), ("$Schema", "shredding")];
    let filled = values
        .iter()
        .fold(file.join("\r\n") + "\r\n", |text, (name, value)| text.replace(name, value));
    assert!(!filled.contains('$'), "{filled}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("xmlshred.toml"), filled).unwrap();
    let mut call = std::process::Command::new(assert_cmd::cargo::cargo_bin("xmlshred"));
    // Elsewhere than on Windows, a server needs a login.
    call.env("XMLSHRED_USER", "shred").env("XMLSHRED_PASSWORD", "secret");
    let said = call.arg("settings").current_dir(folder.path()).output().unwrap();
    let shown = String::from_utf8(said.stdout.clone()).unwrap();
    assert!(said.status.success(), "{said:?}");
    for value in [r"DB1\new", "credit", "shredding", "contract.toml", "true"] {
        let line =
            shown.lines().find(|line| line.contains(value) && line.contains("xmlshred.toml"));
        assert!(line.is_some(), "{value}: {shown}");
    }
}

#[test]
fn the_release_needs_no_redistributable_and_the_page_says_so() {
    let install = page("docs/install.md");
    assert!(page("tools/package/flags.sh").contains("target-feature=+crt-static"));
    assert!(install.contains("`-C target-feature=+crt-static`"));
    for named in [&install, &page("docs/quick-start.md")] {
        assert!(named.contains("Windows 10") && named.contains("Server 2016"));
    }
}
