//! A server that cannot be reached, as the command line meets it.

use std::net::TcpListener;

use super::workbench::{Said, Workbench};

#[test]
fn a_server_that_says_nothing_is_given_up() {
    // It takes the connection, and never a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let bench = Workbench::new();
    let mut command = bench.command(&format!(
        "status --server 127.0.0.1,{port} --database d --user u --connect-timeout 50ms"
    ));
    let said = Said::of(command.env("XMLSHRED_PASSWORD", "p"));
    assert_eq!(said.status, 4, "{said:?}");
    assert!(said.stderr.contains("the login was not answered within 50ms"), "{said:?}");
    assert!(said.stderr.contains("hint: check --store or --server"), "{said:?}");
}
