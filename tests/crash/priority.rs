//! Which threads of a worker go first.

use super::stage::{wait_until, Stage, Worker};

/// The names of the process's threads that shred, and of those that call the store, each with its nice value.
fn threads(pid: libc::pid_t) -> Vec<(String, i32)> {
    let folder = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the threads");
    let stats =
        folder.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
    let read = |stat: String| {
        let (head, fields) = stat.rsplit_once(')').expect("a name in brackets");
        let name = head.split_once('(').expect("a name in brackets").1.to_owned();
        // The nineteenth field; the first here is the third.
        (
            name,
            fields.split_whitespace().nth(16).and_then(|n| n.parse().ok()).expect("a nice value"),
        )
    };
    stats.map(read).filter(|(name, _)| name.starts_with("xmlshred-")).collect()
}

/// They claim, complete and renew briefly, and all who shred would wait for them.
#[test]
fn threads_that_call_the_store_go_before_those_that_shred() {
    let stage = Stage::with_apps(1);
    let mut worker = Worker::start(&mut stage.run("--workers 2 --follow"));
    let count = |all: &[(String, i32)], names: &[&str], nice: i32| {
        all.iter().filter(|(name, n)| names.contains(&name.as_str()) && *n == nice).count()
    };
    // SAFETY: the call takes plain integers.
    let usual = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    let later = (usual + 5).min(19);
    wait_until("its threads have taken up their duties", || {
        let all = threads(worker.pid());
        count(&all, &["xmlshred-claim", "xmlshred-comple", "xmlshred-renew"], usual) == 3
            && count(&all, &["xmlshred-shred-"], later) == 2
    });
    worker.kill();
}
