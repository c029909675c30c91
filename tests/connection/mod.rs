//! The settings of a connection to SQL Server.

use xmlshred::store::sqlserver::{
    checked_identifier, Login, Secret, ServerName, ServerSettings, Trust,
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

#[test]
fn a_schema_that_would_need_quoting_is_refused() {
    assert_eq!(checked_identifier("schema", "sand_box 2"), Ok("sand_box 2".into()));
    for wrong in ["", "a]b", "a'b", "1a", "a;b", "a$(b)", "a\n"] {
        assert!(checked_identifier("schema", wrong).is_err(), "{wrong:?}");
    }
}
