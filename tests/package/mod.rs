//! What the packages hold: `tools/package/contents.txt`, which `tools/package/run.sh` packs by.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// A folder as `run.sh` makes it. The program and what comes from other tools is empty.
fn staged() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let empty = "xmlshred LICENSE-APACHE LICENSE-MIT THIRD-PARTY-LICENCES.txt sbom.cdx.json sql/install.sql \
                 README.html docs/quick-start.html examples/cldr/README.html completions/xmlshred.bash \
                 completions/_xmlshred completions/xmlshred.fish completions/xmlshred.ps1";
    for name in empty.split_whitespace() {
        write(folder.path(), name);
    }
    for copied in ["agent-jobs", "docs/monitoring"] {
        for entry in fs::read_dir(Path::new(ROOT).join(copied)).unwrap() {
            write(&folder.path().join(copied), entry.unwrap().file_name().to_str().unwrap());
        }
    }
    let pages = folder.path().join("man");
    let made =
        Command::new(cargo_bin("xmlshred")).args(["man", "--out"]).arg(pages).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    folder
}

fn write(folder: &Path, name: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

fn archives(kind: &str, folder: &Path) -> Output {
    let program = Path::new(ROOT).join("tools/package/archives.py");
    Command::new(PYTHON).arg(program).args(["list", kind]).arg(folder).output().unwrap()
}

fn list(kind: &str, folder: &Path) -> Vec<String> {
    let said = archives(kind, folder);
    assert!(said.status.success(), "{said:?}");
    String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn refused(folder: &Path) -> String {
    let said = archives("zip", folder);
    assert!(!said.status.success(), "{said:?}");
    String::from_utf8(said.stderr).unwrap()
}

#[test]
fn windows_gets_what_linux_gets() {
    let folder = staged();
    let mut zip = list("zip", folder.path());
    let program = zip.iter_mut().find(|name| *name == "xmlshred.exe").expect("the program");
    *program = "xmlshred".to_owned();
    assert_eq!(zip, list("tar.gz", folder.path()));
    for name in [
        "LICENSE-MIT",
        "README.html",
        "THIRD-PARTY-LICENCES.txt",
        "agent-jobs/Install-Xmlshred.ps1",
        "agent-jobs/create_jobs.sql",
        "completions/xmlshred.ps1",
        "docs/quick-start.html",
        "sbom.cdx.json",
        "sql/install.sql",
    ] {
        assert!(zip.iter().any(|found| found == name), "{name} is missing: {zip:#?}");
    }
}

#[test]
fn debian_has_each_file_where_it_looks_for_it() {
    let folder = staged();
    let deb = list("deb", folder.path());
    for name in [
        "usr/bin/xmlshred",
        "usr/share/bash-completion/completions/xmlshred",
        "usr/share/doc/xmlshred/agent-jobs/create_jobs.sql",
        "usr/share/doc/xmlshred/copyright",
        "usr/share/doc/xmlshred/docs/quick-start.html",
        "usr/share/doc/xmlshred/sql/install.sql",
        "usr/share/man/man1/xmlshred-run.1.gz",
        "usr/share/zsh/vendor-completions/_xmlshred",
    ] {
        assert!(deb.iter().any(|found| found == name), "{name} is missing: {deb:#?}");
    }
    let others: Vec<_> = deb.iter().filter(|name| !name.starts_with("usr/")).collect();
    assert!(others.is_empty(), "{others:?}");
    // PowerShell's completions have no place of their own on Debian.
    assert_eq!(deb.len(), list("tar.gz", folder.path()).len() - 1);
}

#[test]
fn every_command_has_a_page_of_the_manual() {
    let folder = staged();
    let said = Command::new(cargo_bin("xmlshred")).arg("--help").output().unwrap();
    let help = String::from_utf8(said.stdout).unwrap();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| line.starts_with("  "));
    let names = commands.filter_map(|line| {
        line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?.split_whitespace().next()
    });
    let mut count = 0;
    for name in names.filter(|name| *name != "help") {
        let page = fs::read_to_string(folder.path().join(format!("man/xmlshred-{name}.1")));
        assert!(page.expect(name).contains(".TH"), "{name}");
        count += 1;
    }
    assert!(count > 20, "{help}");
    assert!(folder.path().join("man/xmlshred-contract-init.1").is_file());
}

#[test]
fn a_file_too_many_and_a_file_too_few_are_named() {
    let folder = staged();
    write(folder.path(), "notes.txt");
    assert!(refused(folder.path()).contains("notes.txt"));
    fs::remove_file(folder.path().join("notes.txt")).unwrap();
    fs::remove_file(folder.path().join("sql/install.sql")).unwrap();
    assert!(refused(folder.path()).contains("sql/*"));
}

#[test]
fn the_manifests_name_the_archive_and_its_checksum() {
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("xmlshred-1.2.3-x86_64-pc-windows-msvc.zip");
    fs::write(&zip, "abc").unwrap();
    let to = folder.path().join("manifests");
    let program = Path::new(ROOT).join("tools/package/manifests.py");
    let project = "https://example.org/xmlshred";
    let mut call = Command::new(PYTHON);
    call.arg(program).arg(zip).args(["1.2.3", project]).arg(&to);
    assert!(call.status().unwrap().success());
    let read = |name| fs::read_to_string(to.join(name)).unwrap();
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let scoop: serde_json::Value = serde_json::from_str(&read("xmlshred.json")).unwrap();
    assert_eq!(scoop["version"], "1.2.3");
    assert_eq!(scoop["architecture"]["64bit"]["hash"], abc);
    let address = "https://example.org/xmlshred/releases/download/v1.2.3/xmlshred-1.2.3-x86_64-pc-windows-msvc.zip";
    assert_eq!(scoop["architecture"]["64bit"]["url"], address);
    let winget = read("xmlshred.installer.yaml");
    assert!(
        winget.contains(&format!("InstallerUrl: {address}\n  InstallerSha256: {abc}\n")),
        "{winget}"
    );
    for entry in fs::read_dir(&to).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains('@'), "{text}");
    }
}

#[test]
fn the_crate_has_what_it_is_compiled_from_and_nothing_else() {
    let mut call = Command::new(env!("CARGO"));
    call.args(["package", "--list", "--allow-dirty", "--offline"]).current_dir(ROOT);
    let said = call.output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let list = String::from_utf8(said.stdout).unwrap().replace('\\', "/");
    let names: Vec<_> = list.lines().collect();
    for name in ["src/main.rs", "build.rs", "sql/build-order.txt", "LICENSE-MIT", "README.md"] {
        assert!(names.contains(&name), "{name} is missing: {names:#?}");
    }
    let folders = ["agent-jobs/", "examples/credit-applications/", "sql/", "src/"];
    let others = names.iter().filter(|name| !folders.iter().any(|folder| name.starts_with(folder)));
    let others: Vec<_> = others.filter(|name| name.contains('/')).collect();
    assert!(others.is_empty(), "{others:?}");
}
