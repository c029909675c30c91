//! One call of a stored procedure: its name and its typed parameters.

use std::borrow::Cow;
use std::time::Duration;

use tiberius::{ColumnData, Command, IntoSql};

use crate::id::{AppId, ClaimToken, ContractHash, SessionId};

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// `--command-timeout`
    Command,
    /// `--answer-timeout`
    Answer,
}

/// A call that can be repeated.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// `usp_…`, without schema.
    pub(super) procedure: &'static str,
    /// How long its answer is waited for.
    pub(super) wait: Wait,
    parameters: Vec<(&'static str, ColumnData<'static>)>,
}

impl Call {
    pub(super) fn new(procedure: &'static str) -> Self {
        Self { procedure, wait: Wait::Command, parameters: Vec::new() }
    }

    /// A call with the longer timeout: it reads or writes much before it says something.
    pub(super) fn slow(procedure: &'static str) -> Self {
        Self { wait: Wait::Answer, ..Self::new(procedure) }
    }

    /// Adds a parameter; `name` begins with `@`.
    pub(super) fn with(mut self, name: &'static str, value: impl Parameter) -> Self {
        self.parameters.extend(value.into_column().map(|column| (name, column)));
        self
    }

    /// The driver's command: the procedure's qualified name and owned parameters.
    pub(super) fn command(&self, schema: &str) -> Command<'static> {
        let mut command = Command::new(format!("[{schema}].[{}]", self.procedure));
        for (name, value) in &self.parameters {
            command.bind_param(*name, Typed(value.clone()));
        }
        command
    }

    /// The call as a statement of a batch whose first parameters, `@P1` and so on, are its own.
    pub(super) fn statement(&self, schema: &str) -> (String, Vec<ColumnData<'static>>) {
        let names = (1..).zip(&self.parameters);
        let names = names.map(|(at, (name, _))| format!("{name} = @P{at}"));
        let names = names.collect::<Vec<_>>().join(", ");
        let values = self.parameters.iter().map(|(_, value)| value.clone());
        (format!("EXEC [{schema}].[{}] {names};\n", self.procedure), values.collect())
    }
}

/// The driver does not convert `ColumnData` itself.
pub(super) struct Typed<'v>(pub(super) ColumnData<'v>);

impl<'v> IntoSql<'v> for Typed<'v> {
    fn into_sql(self) -> ColumnData<'v> {
        self.0
    }
}

/// A value of a parameter. `None` is omitted: the driver would send a null without a type, and
/// every nullable parameter has the default null.
pub(super) trait Parameter {
    fn into_column(self) -> Option<ColumnData<'static>>;
}

impl<T: Parameter> Parameter for Option<T> {
    fn into_column(self) -> Option<ColumnData<'static>> {
        self.and_then(Parameter::into_column)
    }
}

macro_rules! parameters {
    ($($type:ty, $value:ident => $column:expr;)+) => {$(
        impl Parameter for $type {
            fn into_column(self) -> Option<ColumnData<'static>> {
                let $value = self;
                Some($column)
            }
        }
    )+};
}

// Numbers saturate: the procedures refuse or clip what is out of their range.
parameters! {
    bool, value => ColumnData::Bit(Some(value));
    i32, value => ColumnData::I32(Some(value));
    i64, value => ColumnData::I64(Some(value));
    u32, value => ColumnData::I32(Some(value.try_into().unwrap_or(i32::MAX)));
    u64, value => ColumnData::I64(Some(value.try_into().unwrap_or(i64::MAX)));
    AppId, value => ColumnData::I64(Some(value.0));
    ClaimToken, value => ColumnData::Guid(Some(value.0));
    SessionId, value => ColumnData::Guid(Some(value.0));
    ContractHash, value => ColumnData::Binary(Some(Cow::Owned(value.0.to_vec())));
    String, value => ColumnData::String(Some(Cow::Owned(value)));
    &str, value => ColumnData::String(Some(Cow::Owned(value.to_owned())));
}

/// A text that fits `nvarchar(units)` with any characters.
pub(super) fn clipped(text: &str, units: usize) -> String {
    text.chars().take(units / 2).collect()
}

/// Characters of a path and of a name that `processing_file` has room for; of longer ones the end.
pub(super) const FILE_PATH: usize = 1000;
pub(super) const FILE_NAME: usize = 400;

/// The end of a text that fits `nvarchar(units)`.
pub(super) fn end_of(text: &str, units: usize) -> String {
    let mut left = units;
    let fits = |c: &char| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let end: Vec<char> = text.chars().rev().take_while(fits).collect();
    end.into_iter().rev().collect()
}

/// `@Execute`
pub(super) fn yes_or_no(execute: bool) -> &'static str {
    if execute {
        "Y"
    } else {
        "N"
    }
}

/// A time before now as the procedures take it, which is at most 68 years.
pub(super) fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

/// Ids as `ufn_AppIdList` reads them.
pub(super) fn list(ids: &[AppId]) -> String {
    ids.iter().map(AppId::to_string).collect::<Vec<_>>().join(",")
}
