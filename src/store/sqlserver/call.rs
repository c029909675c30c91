//! One call of a stored procedure: its name and its typed parameters.

use std::borrow::Cow;

use tiberius::{ColumnData, Command, IntoSql};
use uuid::Uuid;

/// A call that can be made as often as it has to be.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// `usp_…`, without schema.
    pub(super) procedure: &'static str,
    parameters: Vec<(&'static str, ColumnData<'static>)>,
}

impl Call {
    pub(super) fn new(procedure: &'static str) -> Self {
        Self { procedure, parameters: Vec::new() }
    }

    /// Adds a parameter; `name` begins with `@`.
    pub(super) fn with(mut self, name: &'static str, value: impl Parameter) -> Self {
        self.parameters.extend(value.into_column().map(|column| (name, column)));
        self
    }

    /// As the driver wants it: the procedure's qualified name and owned parameters.
    pub(super) fn command(&self, schema: &str) -> Command<'static> {
        let mut command = Command::new(format!("[{schema}].[{}]", self.procedure));
        for (name, value) in &self.parameters {
            command.bind_param(*name, Typed(value.clone()));
        }
        command
    }
}

/// The driver's own conversions know no `ColumnData`.
pub(super) struct Typed<'v>(pub(super) ColumnData<'v>);

impl<'v> IntoSql<'v> for Typed<'v> {
    fn into_sql(self) -> ColumnData<'v> {
        self.0
    }
}

/// What can be a parameter. `None` is left out: the driver would send a null without a type, and
/// every parameter that may be null has null for its default.
pub(super) trait Parameter {
    fn into_column(self) -> Option<ColumnData<'static>>;
}

impl<T: Parameter> Parameter for Option<T> {
    fn into_column(self) -> Option<ColumnData<'static>> {
        self.and_then(Parameter::into_column)
    }
}

impl Parameter for bool {
    fn into_column(self) -> Option<ColumnData<'static>> {
        Some(ColumnData::Bit(Some(self)))
    }
}

impl Parameter for i32 {
    fn into_column(self) -> Option<ColumnData<'static>> {
        Some(ColumnData::I32(Some(self)))
    }
}

impl Parameter for i64 {
    fn into_column(self) -> Option<ColumnData<'static>> {
        Some(ColumnData::I64(Some(self)))
    }
}

impl Parameter for Uuid {
    fn into_column(self) -> Option<ColumnData<'static>> {
        Some(ColumnData::Guid(Some(self)))
    }
}

impl Parameter for [u8; 32] {
    fn into_column(self) -> Option<ColumnData<'static>> {
        Some(ColumnData::Binary(Some(Cow::Owned(self.to_vec()))))
    }
}

impl Parameter for String {
    fn into_column(self) -> Option<ColumnData<'static>> {
        Some(ColumnData::String(Some(Cow::Owned(self))))
    }
}

impl Parameter for &str {
    fn into_column(self) -> Option<ColumnData<'static>> {
        self.to_owned().into_column()
    }
}
