//! How a contract writes the names of a document.

use super::model::DocumentRules;

/// How a contract writes names.
#[derive(Debug, Clone)]
pub(crate) struct WrittenNames {
    namespaces: Vec<(String, Vec<String>)>,
    ignore_namespaces: bool,
}

/// A name as a contract writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenName {
    pub name: String,
    /// A prefix that must be declared first, and its URI.
    pub undeclared: Option<(String, String)>,
}

impl WrittenNames {
    pub(crate) fn of(document: &DocumentRules) -> Self {
        Self {
            namespaces: document.namespaces.clone(),
            ignore_namespaces: document.ignore_namespaces,
        }
    }

    /// The name of an element, or with `@` that of an attribute, whose prefix stands for `uri`.
    pub(crate) fn written(
        &self,
        prefix: Option<&str>,
        local: &str,
        uri: Option<&str>,
    ) -> WrittenName {
        let (at, local) = match local.strip_prefix('@') {
            Some(local) => ("@", local),
            None => ("", local),
        };
        let known = |name: String| WrittenName { name, undeclared: None };
        if prefix == Some("xml") {
            return known(format!("{at}xml:{local}"));
        }
        let unprefixed_everywhere = self.namespaces.is_empty() && prefix.is_none();
        if self.ignore_namespaces || unprefixed_everywhere {
            return known(format!("{at}{local}"));
        }
        let in_uri =
            |(_, uris): &&(String, Vec<String>)| uris.iter().any(|u| Some(u.as_str()) == uri);
        let usable = |(prefix, _): &&(String, Vec<String>)| at.is_empty() || !prefix.is_empty();
        match (self.namespaces.iter().filter(usable).find(in_uri), uri) {
            (Some((prefix, _)), _) if prefix.is_empty() => known(local.to_owned()),
            (Some((prefix, _)), _) => known(format!("{at}{prefix}:{local}")),
            (None, None) if prefix.is_none() => known(format!("{at}{local}")),
            (None, uri) => {
                let prefix = prefix.unwrap_or("p").to_owned();
                let name = format!("{at}{prefix}:{local}");
                WrittenName { name, undeclared: uri.map(|uri| (prefix, uri.to_owned())) }
            }
        }
    }
}
