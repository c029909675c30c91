//! Embeds the T-SQL of `sql/` into the program, in the order of `sql/build-order.txt`.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let sql = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("sql");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", sql.display());
    let order = fs::read_to_string(sql.join("build-order.txt")).expect("sql/build-order.txt");
    let files: String = order
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim())
        .filter(|name| !name.is_empty())
        .map(|name| entry(&sql, name))
        .collect();
    let list = format!(
        "/// Every file of `sql/`, in build order.\npub const FILES: &[SqlFile] = &[\n{files}];\n"
    );
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("sql_files.rs"), list).expect("OUT_DIR can be written");
}

fn entry(sql: &Path, name: &str) -> String {
    let path = sql.join(name);
    assert!(path.is_file(), "sql/build-order.txt names {name}, which is not there");
    format!(
        "    SqlFile {{ name: {name:?}, text: include_str!({:?}) }},\n",
        path.display().to_string()
    )
}
