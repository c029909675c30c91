//! An error ends with a hint, which says what to do next and does not repeat the error.

use super::notes::finished;

/// Calls that fail, in a folder with a store whose work is finished.
const FAILING: &[&str] = &[
    "agent-jobs",
    "contract check",
    "contract check absent.toml",
    "contract check docs/note-1.xml",
    "contract import absent.json",
    "contract import contract.toml",
    "demo --contract contract.toml",
    "enqeue",
    "explain",
    "explain one",
    "export-failed contract.toml/folder",
    "load",
    "load absent.xml other.xml",
    "load docs --app-id-from digits --again",
    "load docs --max-document-bytes 1",
    "load docs --replace",
    "map absent.xml",
    "map docs --format none --out rows",
    "pause --reason",
    "purge --older-than soon",
    "requeue --app-id 1",
    "requeue --app-id-start 2 --app-id-end 1",
    "retry",
    "run --agent-job 4711 --agent-step 1",
    "run --batch-size 0",
    "run --contract absent.toml",
    "run --contract docs",
    "run --lease 0s --poll 0s",
    "run --log-dir contract.toml",
    "settings --lease 0s",
    "status --config absent.toml",
    "status --server h",
    "status --store sqlite:absent.db",
    "status --store sqlite:contract.toml",
    "status --store sqlite:docs",
    "uninstall --all",
    "verify",
    "verify --all --sample 5",
    "verify --sample 0",
];

#[test]
fn an_error_ends_with_a_hint_that_does_not_repeat_it() {
    for call in FAILING {
        let bench = finished();
        if call.starts_with("contract check") || call.starts_with("agent-jobs") {
            bench.write("xmlshred.toml", "store = 'sqlite:work.db'\n");
        }
        let said = bench.run(call);
        assert_ne!(said.status, 0, "{call}: {said:?}");
        let (message, hint) = said.stderr.rsplit_once("hint: ").unwrap_or_else(|| {
            panic!("{call} ends without a hint: {said:?}");
        });
        assert_eq!(hint.trim_end().lines().count(), 1, "{call}: {said:?}");
        assert!(message.contains("error: "), "{call}: {said:?}");
        assert!(!message.contains(hint.trim_end()), "{call}: {said:?}");
        assert!(!hint.ends_with(".\n"), "{call}: {said:?}");
    }
}
