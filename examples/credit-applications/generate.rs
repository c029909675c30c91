//! Writes generated credit applications to a folder, one file each:
//! `cargo run --release --example generate -- FOLDER [COUNT] [SEED]`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use xmlshred::demo::generate::{application, expected, Profile};

const USAGE: &str = "usage: generate FOLDER [COUNT, 100 without it] [SEED, 1 without it]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or(USAGE)?);
    let count: i64 = arguments.next().map_or(Ok(100), |text| text.parse()).map_err(|_| USAGE)?;
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse()).map_err(|_| USAGE)?;

    fs::create_dir_all(&folder).map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
    let (mut bytes, mut failing) = (0, 0);
    for app_id in 1..=count {
        let document = application(seed, app_id, &Profile::DEMO);
        let file = folder.join(format!("application_{app_id:07}.xml"));
        fs::write(&file, &document).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        bytes += document.len();
        failing += i64::from(expected(seed, app_id, &Profile::DEMO).failure().is_some());
    }
    println!("{count} applications, {bytes} bytes, in {}; {failing} must fail", folder.display());
    Ok(())
}
