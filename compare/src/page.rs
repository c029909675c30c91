//! docs/performance.md, with the machine that it was measured on.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;

use crate::{bounded, flat, floor, rivals, scale, Result};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The page that is written
    #[arg(long, default_value = "docs/performance.md")]
    out: PathBuf,

    #[command(flatten)]
    rivals: rivals::Arguments,
}

/// Measures floor, scale, flatness, bounds, rivals and the shred stage, and writes the page.
pub fn write(arguments: &Arguments) -> Result<()> {
    let floor = floor::measure(&arguments.rivals.floor())?;
    let scale = scale::measure(&arguments.rivals.scale())?;
    let flat = flat::measure(&flat::Arguments::usual())?;
    let bounded = bounded::measure(&arguments.rivals.bounded())?;
    let rivals = rivals_alone(arguments)?;
    let bench = Command::new("cargo").args(["bench", "--quiet", "--bench", "shred"]).output()?;
    let bench = String::from_utf8(bench.stdout)?;
    let page = format!(
        "{}{}\n## The embedded store beside its floor\n\n{}{floor}## More threads, more processes\n\n{}{scale}\n## With much in queue and log\n\n{}{flat}\n## Bounded however much there is\n\n{}{bounded}\n## Beside others\n\n{}{rivals}\n\
         ## Shredding alone\n\n{}```text\n{}\n```\n",
        include_str!("../page/beginning.md"),
        machine(),
        include_str!("../page/floor.md"),
        include_str!("../page/scale.md"),
        include_str!("../page/flat.md"),
        include_str!("../page/bounded.md"),
        include_str!("../page/rivals.md"),
        include_str!("../page/shred.md"),
        bench.trim(),
    );
    std::fs::write(&arguments.out, page)
        .map_err(|e| format!("cannot write {}: {e}", arguments.out.display()))?;
    Ok(())
}

/// The rivals, measured by a process that has not measured anything else: Linux counts the memory of the process
/// that starts another as the other's, until that one has begun.
fn rivals_alone(arguments: &Arguments) -> Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .arg("rivals")
        .args(arguments.rivals.as_flags())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the rivals ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Processor, memory and system, as far as they can be known.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split(':').nth(1)).map(|value| value.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into());
    let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_else(|| "unknown".into());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "Machine: {processor}, {cores} processors, {memory} of memory, {} {}.\n",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}
