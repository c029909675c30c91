//! The settings of a connection to SQL Server.

mod features;

use std::net::TcpListener;
use std::path::Path;

use xmlshred::settings::{resolve, Environment, SettingsFile, StoreLocation};
use xmlshred::store::sqlserver::{
    checked_identifier, Login, Secret, ServerName, ServerSettings, SqlServerStore, Trust,
    LOGS_IN_ACCOUNTS, NO_ACCOUNTS,
};

fn tcp(host: &str, instance: Option<&str>, port: Option<u16>) -> ServerName {
    ServerName::Tcp { host: host.into(), instance: instance.map(str::to_owned), port }
}

#[test]
fn a_server_is_named_as_sql_servers_tools_name_it() {
    assert_eq!(ServerName::parse("db1"), Ok(tcp("db1", None, None)));
    assert_eq!(ServerName::parse("tcp:db1,1444"), Ok(tcp("db1", None, Some(1444))));
    assert_eq!(
        ServerName::parse(r"localhost\SQLEXPRESS"),
        Ok(tcp("localhost", Some("SQLEXPRESS"), None))
    );
    assert_eq!(ServerName::parse(r"(local)\X"), Ok(tcp("localhost", Some("X"), None)));
    assert_eq!(ServerName::parse("."), Ok(tcp("localhost", None, None)));
    assert_eq!(
        ServerName::parse(r"np:.\sqlexpress"),
        Ok(ServerName::Pipe(r"\\.\pipe\MSSQL$SQLEXPRESS\sql\query".into()))
    );
    assert_eq!(
        ServerName::parse(r"np:\\db1\pipe\sql\query"),
        Ok(ServerName::Pipe(r"\\db1\pipe\sql\query".into()))
    );
    for wrong in ["", r"\X", "db1,", "db1,0", "db1,x", r"db1\", r"a\b\c", "a b", "np:"] {
        let said = ServerName::parse(wrong).unwrap_err();
        assert!(said.contains("HOST,PORT"), "{wrong}: {said}");
    }
}

#[test]
fn no_secret_is_shown() {
    let login = Login::Password { user: "worker".into(), password: Secret::new("hunter2") };
    assert!(!format!("{login:?}").contains("hunter2"));
    let name = ServerName::parse("db1").unwrap();
    let settings = ServerSettings::new(name, "credit", login, Trust::System).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    let ado = "Server=db1;User Id=worker;Password=hunter2";
    let settings = ServerSettings::from_ado_string(ado).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(!settings.location().contains("hunter2"));
}

/// A server on a port of this machine, and a token of Microsoft Entra.
fn with_token(port: u16, file: &Path) -> Result<ServerSettings, String> {
    let name = ServerName::parse(&format!("127.0.0.1,{port}")).expect("a server");
    ServerSettings::new(name, "credit", Login::AccessToken(file.to_owned()), Trust::System)
}

#[test]
fn a_file_with_more_than_an_access_token_is_refused_and_not_shown() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let said = |text: &str| {
        std::fs::write(file.path(), text).expect("write");
        with_token(1433, file.path()).map(|settings| format!("{settings:?}"))
    };
    for token in ["eyJ0eXAi.eyJhdWQi.hunter2-_", "eyJ0eXAi.eyJhdWQi.hunter2\r\n"] {
        assert!(!said(token).expect(token).contains("hunter2"), "{token}");
    }
    for wrong in [
        "{\"accessToken\": \"hunter2\"}",
        "Bearer hunter2",
        "\"hunter2\"",
        "hunter2 \n",
        "hunter2\nhunter2",
    ] {
        let said = said(wrong).expect_err(wrong);
        assert!(said.contains("more than an access token"), "{wrong}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

/// A worker runs longer than a token lives.
#[test]
fn an_access_token_is_read_again_for_each_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "hunter2").expect("write");
    let settings = with_token(port, file.path()).expect("settings");
    // From here on nobody listens.
    drop(listener);
    let said = || match SqlServerStore::connect(settings.clone(), "worker") {
        Ok(_) => panic!("a session with nobody"),
        Err(error) => error.to_string(),
    };
    let first = said();
    assert!(!first.contains("access token") && !first.contains("hunter2"), "{first}");
    std::fs::write(file.path(), "half a token").expect("write");
    assert!(said().contains("more than an access token"), "{}", said());
    std::fs::write(file.path(), "").expect("write");
    assert!(said().contains("is empty"), "{}", said());
}

#[test]
fn a_schema_that_would_need_quoting_is_refused() {
    assert_eq!(checked_identifier("schema", "sand_box 2"), Ok("sand_box 2".into()));
    for wrong in ["", "a]b", "a'b", "1a", "a;b", "a$(b)", "a\n"] {
        assert!(checked_identifier("schema", wrong).is_err(), "{wrong:?}");
    }
}

/// What is wrong with a connection string in a settings file.
fn problems(string: &str) -> Vec<String> {
    let text = format!("connection_string = \"\"\"{string}\"\"\"");
    let file = SettingsFile::parse("xmlshred.toml".as_ref(), &text);
    assert_eq!(file.problems, Vec::<String>::new(), "{text}");
    let resolved = resolve(&[], &Environment::default(), &file);
    resolved.map_or_else(|error| error.problems, |_| Vec::new())
}

#[test]
fn what_others_print_as_a_connection_string_is_read() {
    for string in [
        "Server=tcp:db.example.org,1433;Initial Catalog=d;Persist Security Info=False;User ID=u;\
         Password={p;w};MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;\
         Connection Timeout=30;",
        "Data Source=db;Database=d;Uid=u;Pwd='p;''w';Application Name=x",
        " server = db ; user id = u ; password = p=w== ",
    ] {
        assert_eq!(problems(string), Vec::<String>::new(), "{string}");
    }
}

/// The driver ignores what it does not know, as if it were not there.
#[test]
fn a_connection_string_that_says_something_else_than_it_does_is_refused() {
    let wrong = |string: &str, expected: &str| {
        let problems = problems(string);
        assert!(problems.iter().any(|said| said.contains(expected)), "{string}: {problems:?}");
        assert!(!problems.concat().contains("hunter2"), "{string}: {problems:?}");
    };
    wrong("Server=db;User Id=u;Pasword=hunter2", "`Pasword`; did you mean `Password`?");
    wrong("Sever=db;User Id=u;Password=hunter2", "`Sever`; did you mean `Server`?");
    wrong("Server=db;Trust Server Certificate=true", "did you mean `TrustServerCertificate`?");
    wrong("Server=db;UserId=u;Password=hunter2", "`UserId`; did you mean `User Id`?");
    wrong("Address=db;Database=d", "`Address`; did you mean `Server`?");
    wrong("Server=db;Authentication=Active Directory Default", "--access-token-file");
    wrong("Server=db;Password=a;hunter2=b", "an unknown key after `Password`");
    wrong("hunter2=b;Server=db", "begins with an unknown key");
    wrong("User Id=u;Password=hunter2", "names no server");
    wrong("Server=;Password=hunter2", "names no server");
    // Server and database are shown, in every message and log.
    for text in ["Server=db Password=hunter2", "Server=db;Database=app PWD = hunter2;User Id=u"] {
        wrong(text, "holds a password; put `;` before it");
    }
    wrong("", "names no server");
    wrong("Server=db;Data Source=other", "has `Server` twice");
    wrong("Server=db;Password=a;Pwd=b", "has `Password` twice");
    wrong("Server=np:db;Database=d", "means TCP");
    wrong("Server=a b;Database=d", "is not a server");
    wrong("Server=db;hunter2", "a part without `=`");
    wrong("Server=db;Password='hunter2", "not closed");
    wrong("Server=db;Password='a'hunter2", "after a value in quotes");
    if !LOGS_IN_ACCOUNTS {
        wrong("Server=db;Integrated Security=SSPI", NO_ACCOUNTS);
    }
}

/// Whether a settings file lets the driver try all addresses of the server at once.
fn tries_all_addresses(text: &str) -> bool {
    let file = SettingsFile::parse("xmlshred.toml".as_ref(), text);
    assert_eq!(file.problems, Vec::<String>::new(), "{text}");
    let settings = resolve(&[], &Environment::default(), &file).expect(text);
    match settings.store {
        Some(StoreLocation::SqlServer(server)) => server.settings.tries_all_addresses(),
        other => panic!("{other:?}"),
    }
}

/// As long as the server may be a listener and nothing says otherwise.
#[test]
fn a_listener_in_several_subnets_is_tried_at_all_its_addresses() {
    let password = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(password.path(), "p").expect("a password");
    let named = |server: &str, more: &str| {
        tries_all_addresses(&format!(
            "server = '{server}'\ndatabase = 'd'\nuser = 'u'\npassword_file = '{}'\n{more}",
            password.path().display()
        ))
    };
    let string = |string: &str, more: &str| {
        tries_all_addresses(&format!("connection_string = '{string}'\n{more}"))
    };
    for listener in ["ag-listener", "ag-listener,1444", r"db1\INSTANCE,1444"] {
        assert!(named(listener, ""), "{listener}");
        assert!(!named(listener, "multi_subnet_failover = false"), "{listener}");
        assert!(string(&format!("Server=tcp:{listener};User Id=u;Password=p"), ""), "{listener}");
    }
    assert!(!named(r"db1\INSTANCE", ""));
    assert!(!string(r"Server=db1\INSTANCE;User Id=u;Password=p", ""));
    let says = |value| format!("Server=ag;User Id=u;Password=p;MultiSubnetFailover={value}");
    assert!(!string(&says("False"), ""));
    assert!(string(&says("True"), "multi_subnet_failover = false"));
    assert!(!string("Server=ag;User Id=u;Password=p", "multi_subnet_failover = false"));
}
