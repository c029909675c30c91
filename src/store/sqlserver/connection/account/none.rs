//! No tokens: this program is built without Kerberos, and its settings refuse the login.

use super::service::Service;
use super::tls::TlsUnique;
use super::Source;
use crate::store::sqlserver::connection::settings::NO_ACCOUNTS;
use crate::store::sqlserver::fault::{Result, ServerFault, OTHER_LOGIN};

pub(super) enum Tokens {}

impl Tokens {
    pub(super) fn new(_: &Service, _: Option<&TlsUnique>) -> Result<Self> {
        Err(ServerFault::Account { reason: NO_ACCOUNTS.to_owned(), hint: OTHER_LOGIN })
    }
}

impl Source for Tokens {
    fn next(&mut self, _: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        match *self {}
    }
}
