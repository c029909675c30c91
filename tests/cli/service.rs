//! A worker as a service of Windows.

#[cfg(not(windows))]
#[test]
fn elsewhere_systemd_does_it() {
    let bench = super::workbench::Workbench::new();
    for call in ["service install --plan", "service remove --name x", "service run --name x"] {
        let said = bench.run(call);
        assert_eq!((said.status, &*said.stdout), (2, ""), "{call}");
        assert!(said.stderr.contains("exist on Windows only"), "{said:?}");
        assert!(
            said.stderr.contains("hint: let systemd or a container run the worker"),
            "{said:?}"
        );
    }
}

#[cfg(all(windows, feature = "embedded"))]
#[path = "service_on_windows.rs"]
mod on_windows;
