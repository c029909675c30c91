//! A server that cannot be reached, as the command line meets it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use xmlshred::store::sqlserver::LOGS_IN_ACCOUNTS;

use super::workbench::{Said, Workbench};

/// A SQL login, and the account of the process where that can log in.
const USERS: &[&str] = if LOGS_IN_ACCOUNTS { &[" --user u", ""] } else { &[" --user u"] };

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

#[test]
fn the_name_of_a_service_has_a_host() {
    let bench = Workbench::new();
    for name in ["MSSQLSvc", "/db1", "MSSQLSvc/"] {
        let flags = format!("status --server db1 --database d --user u --server-spn {name}");
        let said = Said::of(bench.command(&flags).env("XMLSHRED_PASSWORD", "p"));
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.stderr.contains("SERVICE/HOST, such as MSSQLSvc/db1"), "{said:?}");
    }
}

#[test]
fn the_name_of_a_service_is_refused_where_no_account_logs_in() {
    let bench = Workbench::new();
    bench.write("token", "abc");
    let named = "--server-spn MSSQLSvc/db1:1433 has no effect with";
    for (login, said_login) in [
        ("--server db1 --database d --user u", "--user"),
        ("--server db1 --database d --access-token-file token", "--access-token-file"),
        ("", "the login of the connection string"),
    ] {
        let flags = format!("status {login} --server-spn MSSQLSvc/db1:1433");
        let mut command = bench.command(&flags);
        let said = Said::of(match login {
            "" => command.env("XMLSHRED_CONNECTION_STRING", "Server=db1;User Id=u;Password=p"),
            _ => command.env("XMLSHRED_PASSWORD", "p"),
        });
        assert_eq!(said.status, 2, "{said:?}");
        let told = said.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("{named} {said_login}: ")), "{said:?}");
    }
}

/// A server that does this with each connection. It ends with the test process.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

/// Reads the first packet of a login.
fn hear(client: &mut TcpStream) {
    let mut packet = [0; 4096];
    // However much of it arrives.
    let _read = client.read(&mut packet);
}

/// The reply to the first packet of a login, with this answer to the wish for encryption.
fn prelogin(encryption: u8) -> Vec<u8> {
    let body = [0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 4, 0, 0, 0, encryption];
    let length = 8 + body.len() as u8;
    [&[4, 1, 0, length, 0, 0, 1, 0], body.as_slice()].concat()
}

#[test]
fn what_is_not_a_sql_server_that_can_be_used_is_a_store_that_cannot_be_reached() {
    let closes = server(drop);
    let closes_later = server(|mut client| hear(&mut client));
    let web = server(|mut client| {
        hear(&mut client);
        client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").ok();
    });
    let mail = server(|mut client| {
        client.write_all(b"220 mail.example.org ESMTP ready\r\n").ok();
        hear(&mut client);
    });
    let zeros = server(|mut client| {
        hear(&mut client);
        client.write_all(&[0; 4096]).ok();
    });
    let plain = server(|mut client| {
        hear(&mut client);
        client.write_all(&prelogin(2)).ok();
        hear(&mut client);
    });
    let no_tls = server(|mut client| {
        hear(&mut client);
        client.write_all(&prelogin(1)).ok();
        hear(&mut client);
        client.write_all(&[b'x'; 64]).ok();
    });
    let closes_in_tls = server(|mut client| {
        hear(&mut client);
        client.write_all(&prelogin(1)).ok();
        hear(&mut client);
    });
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let another = "check the port of --server: another service may listen there";
    for (port, said, hint) in [
        (closes, "the server closed the connection during the login", another),
        (closes_later, "the server closed the connection during the login", another),
        (web, "its reply is not one of SQL Server", another),
        (mail, "its reply is not one of SQL Server", another),
        (zeros, "", ""),
        (plain, "it does not encrypt connections", "turn on encryption on the server"),
        (no_tls, "", ""),
        (closes_in_tls, "the server closed the connection during the login", another),
        (nobody, "", "check --store or --server"),
    ] {
        for command in ["status", "run --contract contract.toml", "reap", "doctor"] {
            let bench = Workbench::new();
            bench.write("contract.toml", super::notes::CONTRACT);
            for user in USERS {
                let mut command = bench.command(&format!(
                    "{command} --server 127.0.0.1,{port} --database d{user} --connect-timeout 30s"
                ));
                let password = if user.is_empty() { "" } else { "p" };
                let answer = Said::of(command.env("XMLSHRED_PASSWORD", password));
                let text = format!("{}{}", answer.stdout, answer.stderr);
                let is_doctor = text.contains("problem");
                assert!(is_doctor || answer.status == 4, "{answer:?}");
                assert!(!text.contains("panicked"), "{text}");
                assert!(text.contains(said) && text.contains(hint), "{said}, {hint}: {text}");
            }
        }
    }
}
